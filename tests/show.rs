//! `pairbench show`: the pairs of a run in full, against its data and its verdicts.parquet.

#[path = "common/binary.rs"]
mod binary;

use std::path::Path;
use std::sync::OnceLock;

use polars::prelude::*;
use serde_json::{Value, json};

/// stdout of a command that must succeed.
fn pairbench(arguments: &[&str]) -> String {
    let (stdout, stderr, code) = binary::run(arguments);
    assert_eq!(code, 0, "{stderr}");
    stdout
}

fn show(arguments: &[&str]) -> Value {
    let text = pairbench(&[&["show"], arguments, &["--format", "json"]].concat());
    serde_json::from_str(&text).unwrap()
}

/// What a command that must fail says.
fn refused(arguments: &[&str], code: i32) -> String {
    let (stdout, stderr, found) = binary::run(&[&["show"], arguments].concat());
    assert!(found == code && stdout.is_empty(), "{found}: {stderr}");
    stderr
}

/// A conversation, a long prompt, a long answer, texts that want to be something else, and a pair
/// that no model scores.
fn pairs() -> Vec<Value> {
    let turn = |role: &str, content: &str| json!({ "role": role, "content": content });
    let long = |word: &str| format!("{word} ").repeat(3000);
    vec![
        json!({ "subset": "talk", "id": 7, "prompt": [
            turn("user", "Hello!\n\n  indented"), turn("assistant", "Yes?"), turn("user", "Why?")
        ], "chosen": "Because.\r\nSo.", "rejected": "No." }),
        json!({ "subset": "long", "id": 8, "prompt": long("water"), "chosen": "It is wet.",
            "rejected": long("stone") }),
        json!({ "subset": "long", "id": 7, "prompt": "::error::x\u{1b}[31m\u{202e}",
            "chosen": "chosen", "rejected": "✓ pairrm" }),
        json!({ "subset": "marked", "id": 9, "prompt": "a <|source|> b", "chosen": "a",
            "rejected": "b" }),
    ]
}

fn write(path: &Path, pairs: &[Value]) {
    let lines: Vec<String> = pairs.iter().map(Value::to_string).collect();
    std::fs::write(path, lines.join("\n")).unwrap();
}

/// Both demonstration models on these pairs.
fn run(dir: &Path, pairs: &[Value]) -> String {
    let data = dir.join("pairs.jsonl");
    write(&data, pairs);
    let out = dir.join("run").display().to_string();
    let arguments = [
        "run",
        "--model",
        "quickstart/pairrm",
        "--model",
        "quickstart/better-pairrm",
        "--data",
        data.to_str().unwrap(),
        "--out",
        &out,
    ];
    let (_, stderr, code) = binary::run(&arguments);
    assert!(code == 0 || code == 6, "{stderr}");
    out
}

/// The quickstart's run.
fn quickstart() -> &'static str {
    static RUN: OnceLock<(tempfile::TempDir, String)> = OnceLock::new();
    let (_, run) = RUN.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("run").display().to_string();
        pairbench(&["run", "--out", &out]);
        (dir, out)
    });
    run
}

/// Model, row and margin of every wrong verdict, by another reader of the file.
fn wrong(run: &str) -> Vec<(String, usize, f32)> {
    let file = std::fs::File::open(Path::new(run).join("verdicts.parquet")).unwrap();
    let frame = ParquetReader::new(file).finish().unwrap();
    let column = |name: &str| frame.column(name).unwrap();
    let (models, rows) = (column("model").str().unwrap(), column("row").i64().unwrap());
    let (verdicts, margins) = (
        column("verdict").str().unwrap(),
        column("margin").f32().unwrap(),
    );
    (0..frame.height())
        .filter(|at| verdicts.get(*at) == Some("wrong"))
        .map(|at| {
            let row = usize::try_from(rows.get(at).unwrap()).unwrap();
            (
                models.get(at).unwrap().to_owned(),
                row,
                margins.get(at).unwrap(),
            )
        })
        .collect()
}

fn rows(page: &Value) -> Vec<usize> {
    let pairs = page["pairs"].as_array().unwrap().iter();
    pairs
        .map(|pair| usize::try_from(pair["row"].as_u64().unwrap()).unwrap())
        .collect()
}

#[test]
fn json_has_the_texts_of_the_data_and_what_every_model_said() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(dir.path(), &pairs());
    let page = show(&[&run]);
    assert_eq!(page["of"], 4);
    for (shown, pair) in page["pairs"].as_array().unwrap().iter().zip(pairs()) {
        assert_eq!(
            (&shown["id"], &shown["subset"]),
            (&pair["id"], &pair["subset"])
        );
        let prompt = match &pair["prompt"] {
            Value::String(text) => json!([{ "role": "user", "content": text }]),
            turns => turns.clone(),
        };
        assert_eq!(shown["prompt"], prompt);
        assert_eq!(shown["chosen"], json!([pair["chosen"]]));
        assert_eq!(shown["rejected"], json!([pair["rejected"]]));
        let models: Vec<&Value> = shown["models"].as_array().unwrap().iter().collect();
        assert_eq!(
            [&models[0]["model"], &models[1]["model"]],
            ["pairrm", "better-pairrm"]
        );
        let difference = |model: &Value| {
            let [ab, ba] = ["logit_ab", "logit_ba"].map(|key| model[key].as_f64());
            Some(ab? - ba?)
        };
        for model in models {
            let (margin, by_logits) = (model["margin"].as_f64(), difference(model));
            assert_eq!(margin.is_some(), by_logits.is_some());
            let off = margin.unwrap_or(0.0) - by_logits.unwrap_or(0.0);
            assert!(off.abs() < 1e-5, "{model}");
        }
    }
    // The one family keeps the beginning of a long prompt, the other its end.
    let cuts = |at: usize, part: &str| {
        [0, 1].map(|model| page["pairs"][at]["models"][model]["cut"][part]["from"].clone())
    };
    assert_eq!(cuts(1, "prompt"), ["end", "start"]);
    assert_eq!(cuts(1, "rejected"), ["end", "end"]);
    assert_eq!(cuts(1, "chosen"), [Value::Null, Value::Null]);
    assert_eq!(cuts(0, "prompt"), [Value::Null, Value::Null]);
    let invalid = &page["pairs"][3]["models"][0];
    assert!(
        invalid["verdict"] == "invalid" && invalid["reason"].is_string(),
        "{invalid}"
    );
}

#[test]
fn text_is_whole_and_cannot_be_taken_for_ours() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(dir.path(), &pairs());
    let text = pairbench(&["show", &run]);
    assert!(text.starts_with(&format!(
        "{run}: 4 of 4 pairs\n\ntalk id 7, row 0\nprompt, user\n"
    )));
    for line in [
        "│ Hello!\n│\n│   indented\nprompt, assistant\n│ Yes?\nprompt, user\n│ Why?\n",
        "chosen\n│ Because.\n│ So.\nrejected\n│ No.\n",
        "rejected\n│ ✓ pairrm\n",
        "│ ::error::x [31m\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(text.matches("water").count(), 3000);
    assert!(
        text.chars().all(|c| c == '\n' || !c.is_control()) && !text.contains('\u{202e}'),
        "{text}"
    );
    // A cut is marked where it was made.
    let prompt = format!("│ {}\n", "water ".repeat(3000).trim_end());
    let (before, after) = text.split_once(&prompt).unwrap();
    let last = before.lines().rev().nth(1).unwrap();
    assert!(
        last.starts_with("✂ better-pairrm: ") && last.ends_with(" tokens cut from the start"),
        "{last}"
    );
    let next = after.lines().next().unwrap();
    assert!(
        next.starts_with("✂ pairrm: ") && next.ends_with(" tokens cut from the end"),
        "{next}"
    );
}

#[test]
fn wrong_pairs_are_those_of_the_verdicts() {
    let run = quickstart();
    let wrong = wrong(run);
    let mut any: Vec<usize> = wrong.iter().map(|(_, row, _)| *row).collect();
    any.sort_unstable();
    any.dedup();
    let page = show(&[run, "--wrong", "--limit", "1000"]);
    assert_eq!(rows(&page), any);

    let mut sure: Vec<&(String, usize, f32)> = wrong
        .iter()
        .filter(|(model, ..)| model == "pairrm")
        .collect();
    sure.sort_by(|a, b| a.2.total_cmp(&b.2));
    let sure: Vec<usize> = sure.iter().map(|(_, row, _)| *row).collect();
    for arguments in [
        vec![&*format!("{run}:pairrm"), "--sure"],
        vec![run, "--model", "pairrm", "--sure"],
    ] {
        let page = show(&arguments);
        assert_eq!(rows(&page), sure[..10]);
        assert_eq!(page["of"], sure.len());
        assert_eq!(page["pairs"][0]["models"].as_array().unwrap().len(), 1);
    }
    let page = show(&[run, "--subset", "code-*", "--wrong", "--limit", "1000"]);
    assert!(
        !rows(&page).is_empty()
            && page["pairs"]
                .as_array()
                .unwrap()
                .iter()
                .all(|pair| pair["subset"].as_str().unwrap().starts_with("code-"))
    );
    let first = pairbench(&["show", run, "--wrong", "--limit", "1"]);
    assert!(
        first.starts_with(&format!(
            "{run}: 1 of {} pairs with a wrong verdict; --limit N",
            any.len()
        )),
        "{first}"
    );
}

#[test]
fn a_pair_is_found_by_id_and_by_row() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(dir.path(), &pairs());
    assert_eq!(rows(&show(&[&run, "--row", "3"])), [3]);
    assert_eq!(rows(&show(&[&run, "--id", "7"])), [0, 2]);
    assert_eq!(rows(&show(&[&run, "--id", "7", "--subset", "talk"])), [0]);
    assert!(refused(&[&run, "--id", "10"], 2).contains("id 10"));
    assert!(refused(&[&run, "--row", "4"], 2).contains("rows from 0 to 3"));
    assert!(refused(&[&run, "--subset", "nothing"], 2).contains("long, marked, talk"));
    assert!(refused(&[&run, "--model", "other"], 2).contains("pairrm, better-pairrm"));
    assert!(refused(&[&format!("{run}:other")], 2).contains("pairrm, better-pairrm"));
    refused(&[&run, "--wrong", "--sure"], 2);
    refused(&[&format!("{run}-none")], 5);
}

#[test]
fn texts_that_are_not_there_are_refused_until_they_are_given() {
    let dir = tempfile::tempdir().unwrap();
    let run = run(dir.path(), &pairs());
    let [data, moved] = ["pairs.jsonl", "moved.jsonl"].map(|name| dir.path().join(name));
    let (data, moved) = (data.to_str().unwrap(), moved.to_str().unwrap());
    let whole = show(&[&run]);
    std::fs::rename(data, moved).unwrap();
    let gone = refused(&[&run], 5);
    assert!(
        gone.contains(data) && gone.contains("not there any more") && gone.contains("--data FILE"),
        "{gone}"
    );
    assert_eq!(show(&[&run, "--data", moved]), whole);
    write(Path::new(data), &pairs()[1..]);
    let changed = refused(&[&run], 5);
    assert!(
        changed.contains(data) && changed.contains("has changed") && changed.contains("--data"),
        "{changed}"
    );
    let other = refused(&[&run, "--data", data], 5);
    assert!(other.contains("none of the files given is"), "{other}");
}
