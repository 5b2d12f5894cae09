//! `pairbench inspect`.

#[path = "common/binary.rs"]
mod binary;
mod common;
#[path = "common/tiny.rs"]
mod tiny;

use common::golden;
use tiny::{ROW, file, tiny};

fn inspect(arguments: &[&str]) -> String {
    binary::succeeded(&[&["inspect"], arguments].concat())
}

/// Against what the reference recorded: hashes, vocabulary, marker ids.
#[test]
fn inspect_says_what_a_checkpoint_is() {
    let text = inspect(&[&tiny()]);
    let meta = common::json("meta.json");
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        let hash = meta["sha256"][format!("models/tiny-pairrm/{file}")]
            .as_str()
            .unwrap();
        assert!(
            text.lines()
                .any(|line| line.contains(file) && line.ends_with(hash)),
            "{file}: {text}"
        );
    }
    let config = common::json("models/tiny-pairrm/config.json");
    assert!(
        text.contains(&format!(
            "<|source|> {}, <|candidate1|> {}",
            config["source_prefix_id"], config["cand1_prefix_id"]
        )),
        "{text}"
    );
    assert!(
        text.contains("template    pairrm (from:") && text.contains("3 layers, hidden size 64"),
        "{text}"
    );
}

/// What does not depend on the template is shown without one.
#[test]
fn inspect_needs_neither_a_template_nor_a_network() {
    let bare = golden("models/tiny-pairrm");
    let text = inspect(&[bare.to_str().unwrap()]);
    assert!(
        text.contains("template    not known; with this head: pairrm, better-pairrm")
            && text.contains("parameters")
            && text.contains("model.safetensors"),
        "{text}"
    );
    let empty = tempfile::tempdir().unwrap();
    let output = binary::pairbench()
        .args(["inspect", "reward-bench"])
        .env("HF_HUB_CACHE", empty.path())
        .env("HF_ENDPOINT", "http://127.0.0.1:1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success()
            && text.contains("hep-rust")
            && text.contains("not on this machine: pairbench fetch reward-bench"),
        "{text}"
    );
    let text = inspect(&["quickstart"]);
    assert!(
        text.contains("code-rust") && text.contains("prompt p50"),
        "{text}"
    );
}

#[test]
fn inspect_counts_the_pairs_of_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(
        dir.path(),
        "a.jsonl",
        &format!(
            "{ROW}\n{}",
            ROW.replace(":1,", ":2,")
                .replace("hi!", &"long ".repeat(2000))
        ),
    );
    let text = inspect(&[
        path.to_str().unwrap(),
        "--benchmark",
        "reward-bench",
        "--model",
        &tiny(),
    ]);
    let row = |start: &str| {
        text.lines()
            .filter(|l| l.starts_with(start))
            .map(|l| l.split_whitespace().collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    // Pairs and expected, then p50, p90 and max of the characters of prompt, chosen and rejected.
    assert_eq!(
        row("hep-go")[0],
        [
            "hep-go", "2", "164", "6", "6", "6", "3", "10000", "10000", "8", "8", "8"
        ],
        "{text}"
    );
    assert_eq!(row("hep-rust")[0][..3], ["hep-rust", "0", "164"], "{text}");
    // One of the two chosen answers is cut by PairRM's template.
    assert_eq!(row("hep-go")[1][5..], ["–", "1", "–", "–"], "{text}");
}
