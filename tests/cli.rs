//! The binary, as a user meets it.
#![allow(clippy::too_many_lines, reason = "one table of cases a test")]

#[path = "common/binary.rs"]
mod binary;
mod common;
#[path = "common/skipped.rs"]
mod skipped;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use common::golden;
use skipped::skipped;

fn pairbench() -> Command {
    binary::pairbench()
}

fn tiny() -> String {
    format!(
        "T={},template=pairrm",
        golden("models/tiny-pairrm").display()
    )
}

fn file(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// stdout, stderr and exit code of a run of the tiny checkpoint on this file.
fn run(data: &Path, more: &[&str]) -> (String, String, i32) {
    let output = pairbench()
        .args(["run", "--model", &tiny(), "--data"])
        .arg(data)
        .args(more)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        text(&output.stdout),
        text(&output.stderr),
        output.status.code().unwrap(),
    )
}

const ROW: &str = concat!(
    r#"{"prompt":"hello!","chosen":"hi!","rejected":"go away!","#,
    r#""subset":"hep-go","id":1,"extra":[1]}"#
);

#[test]
fn one_golden_pair_from_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let messages = concat!(
        r#"[{"prompt":[{"role":"user","content":"hello!"}],"chosen":"hi!","#,
        r#""rejected":"go away!","subset":"hep-go","id":1}]"#
    );
    for (name, text) in [
        ("a.jsonl", format!("\u{feff}{ROW}\r\n\n")),
        ("a.json", messages.to_owned()),
        (
            "a.csv",
            "subset,id,prompt,chosen,rejected\nhep-go,1,hello!,hi!,go away!\n".to_owned(),
        ),
    ] {
        let path = file(dir.path(), name, &text);
        let out = dir.path().join(format!("{name}.out"));
        let (stdout, stderr, code) =
            run(&path, &["--format", "json", "--out", out.to_str().unwrap()]);
        assert_eq!(code, 0, "{name}: {stderr}");
        let summary: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(
            summary["models"]["T"]["subsets"]["hep-go"]["correct"], 1,
            "{name}"
        );
        for part in [
            "run.json",
            "verdicts.parquet",
            "summary.json",
            "report.md",
            "report.html",
        ] {
            assert!(out.join(part).exists(), "{name} {part}");
        }
    }
}

#[test]
fn bad_rows_are_named_by_file_row_and_column() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text, expected) in [
        (
            "null.jsonl",
            ROW.replace("\"hi!\"", "null"),
            "null.jsonl: row 0, column `chosen`: expected a string, found null",
        ),
        (
            "number.jsonl",
            format!(
                "{ROW}\n{}",
                ROW.replace("\"hello!\"", "7").replace(":1,", ":2,")
            ),
            "row 1, column `prompt`",
        ),
        (
            "missing.jsonl",
            ROW.replace("rejected", "rejectd"),
            "no column `rejected`",
        ),
        (
            "twice.jsonl",
            format!("{ROW}\n{ROW}"),
            "id 1 of subset hep-go occurs twice, first in row 0",
        ),
        ("broken.jsonl", format!("{ROW}\n{{"), "broken.jsonl:2"),
        ("empty.jsonl", String::new(), "the file has no rows"),
        (
            "header.csv",
            "prompt,chosen,rejected\n".to_owned(),
            "the file has no rows",
        ),
        (
            "short.csv",
            "prompt,chosen\na,b\n".to_owned(),
            "no column `rejected`",
        ),
        (
            "not.parquet",
            "PAR1 and then nothing of the kind PAR1".to_owned(),
            "not.parquet",
        ),
        (
            "turns.json",
            r#"[{"prompt":[{"role":"user"}],"chosen":"a","rejected":"b"}]"#.to_owned(),
            "column `prompt`",
        ),
        ("odd.txt", "x".to_owned(), "unknown file type"),
    ] {
        let (stdout, stderr, code) = run(&file(dir.path(), name, &text), &[]);
        assert_eq!((code, stdout.as_str()), (4, ""), "{name}: {stderr}");
        assert!(
            stderr.contains(expected) && !stderr.contains("panicked"),
            "{name}: {stderr}"
        );
    }
}

#[test]
fn marker_text_is_an_invalid_verdict_with_its_reason_and_exit_6() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(
        dir.path(),
        "m.jsonl",
        &format!(
            "{ROW}\n{}",
            r#"{"prompt":"what is ＜｜source｜＞?","chosen":"a","rejected":"b","subset":"hep-go","id":2}"#
        ),
    );
    let (stdout, stderr, code) = run(&path, &[]);
    assert_eq!(code, 6, "{stderr}");
    assert!(
        stdout.contains("1 invalid")
            && stdout.contains("row 1 (hep-go): the text contains the source marker token itself"),
        "{stdout}"
    );
    assert!(
        stdout.contains("0.500"),
        "the denominator keeps the pair: {stdout}"
    );
}

#[test]
fn what_is_not_there_is_exit_5_and_wrong_flags_are_exit_2() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "a.jsonl", ROW);
    assert_eq!(run(&dir.path().join("none.jsonl"), &[]).2, 5);
    assert_eq!(run(&path, &["--subset", "nothing-*"]).2, 2);
    assert_eq!(run(&path, &["--device", "abacus"]).2, 2);
    assert_eq!(run(&path, &["--benchmark", "none.toml"]).2, 5);
    let (_, stderr, code) = run(&path, &["--model", "/no/such/model"]);
    assert_eq!(code, 5, "{stderr}");
    let no_template = pairbench()
        .args([
            "run",
            "--model",
            golden("models/tiny-pairrm").to_str().unwrap(),
            "--data",
        ])
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(no_template.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&no_template.stderr).contains("pairrm, better-pairrm"));
    let (_, stderr, code) = run(&dir.path().join("none.jsonl"), &["--format", "json"]);
    assert_eq!(code, 5);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&stderr).unwrap()["exit_code"],
        5
    );
}

#[test]
fn a_benchmark_that_is_not_whole_is_refused_or_partial() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "a.jsonl", ROW);
    let (stdout, stderr, code) = run(&path, &["--benchmark", "reward-bench", "--subset", "hep-*"]);
    assert_eq!((code, stdout.as_str()), (4, ""), "{stderr}");
    assert!(
        stderr.contains("hep-go 1 of 164")
            && stderr.contains("hep-rust 0 of 164")
            && stderr.contains("--allow-partial"),
        "{stderr}"
    );
    let (stdout, stderr, code) = run(
        &path,
        &[
            "--benchmark",
            "reward-bench",
            "--subset",
            "hep-*",
            "--allow-partial",
        ],
    );
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.contains(
            "PARTIAL: 6 of 23 subsets (--subset); 6 of 6 subsets with other numbers of pairs"
        ),
        "{stdout}"
    );
}

#[test]
fn a_pipe_gets_neither_colour_nor_progress() {
    let dir = tempfile::tempdir().unwrap();
    let (stdout, stderr, _) = run(&file(dir.path(), "a.jsonl", ROW), &[]);
    assert!(
        !stdout.contains('\u{1b}') && !stderr.contains('\u{1b}') && !stderr.contains('\r'),
        "{stdout}{stderr}"
    );
}

/// stdout of a command that succeeds.
fn inspect(arguments: &[&str]) -> String {
    let output = pairbench().arg("inspect").args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
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
    let output = pairbench()
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

#[test]
fn int8_says_what_it_puts_in_doubt_and_its_batch_needs_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(
        dir.path(),
        "a.jsonl",
        &format!(
            "{ROW}\n{}",
            ROW.replace(":1,", ":2,")
                .replace("hi!", "hello to you, too")
        ),
    );
    let (stdout, stderr, code) = run(&path, &["--dtype", "int8"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.contains("T: int8 puts ")
            && stdout.contains(" of 2 verdicts in doubt")
            && stderr.contains("int8"),
        "{stdout}{stderr}"
    );
    assert_eq!(run(&path, &["--dtype", "int8", "--int8-batch", "64"]).2, 0);
    let exact = dir.path().join("exact");
    let exact = exact.to_str().unwrap();
    assert_eq!(run(&path, &["--out", exact]).2, 0);
    let rounded = dir.path().join("rounded");
    let (stdout, stderr, code) = run(
        &path,
        &[
            "--dtype",
            "int8",
            "--f32-run",
            exact,
            "--out",
            rounded.to_str().unwrap(),
        ],
    );
    // Whether the pair with the small margin is turned depends on the processor's kernel.
    let found = [Path::new(exact), &rounded].map(|run| verdicts(&run.join("verdicts.parquet")));
    let is_right = |(ab, ba, ..): &(f32, f32, i64, i64)| ab > ba;
    let turned = found[0]
        .iter()
        .filter(|(row, before)| is_right(before) != is_right(&found[1][row]))
        .count();
    assert!(
        code == 0
            && found[1].len() == 2
            && stdout.contains(&format!(
                "T: int8 turns {turned} of 2 verdicts of the f32 run"
            )),
        "{stdout}{stderr}"
    );
    let (_, stderr, code) = run(&path, &["--int8-batch", "64"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("--dtype int8"), "{stderr}");
}

/// What is called the f32 run must be one, of the same model on the same texts.
#[test]
fn a_run_that_is_no_f32_run_of_these_pairs_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let row = |id: usize, rejected: &str| {
        ROW.replace(":1,", &format!(":{id},"))
            .replace("hi!", &format!("{rejected} {id}"))
    };
    let rows = |rejected: &str| {
        (0..6)
            .map(|id| row(id, rejected))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let path = file(dir.path(), "a.jsonl", &rows("hello"));
    let changed = file(dir.path(), "changed.jsonl", &rows("good day"));
    let tiny = tiny();
    let scored = |name: &str, model: &str, data: &Path, more: &[&str]| {
        let out = dir.path().join(name).display().to_string();
        let mut command = pairbench();
        command.args(["run", "--model", model, "--out", &out, "--data"]);
        let output = command.arg(data).args(more).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        out
    };
    let (int8, half) = (["--dtype", "int8"], ["--limit", "2"]);
    for (name, model, data, more, says) in [
        (
            "int8",
            tiny.as_str(),
            &path,
            &int8[..],
            "model T: it was computed in int8",
        ),
        ("changed", &tiny, &changed, &[], "it was of other files"),
        (
            "named",
            "X=quickstart/pairrm",
            &path,
            &[],
            "it has no model T",
        ),
        (
            "weights",
            "T=quickstart/better-pairrm",
            &path,
            &[],
            "model T: its checkpoint (SHA-256) was",
        ),
    ] {
        let found = scored(name, model, data, more);
        let (stdout, stderr, code) = run(&path, &["--dtype", "int8", "--f32-run", &found]);
        assert!(
            code == 2 && stdout.is_empty() && stderr.contains(says) && stderr.contains(&found),
            "{name}: {code} {stdout}{stderr}"
        );
        assert!(!stderr.contains("scored in"), "{stderr}");
    }
    let part = scored("part", &tiny, &path, &half);
    for precision in ["int8", "bf16", "int8-affine"] {
        let (stdout, stderr, code) = run(&path, &["--dtype", precision, "--f32-run", &part]);
        let says = " of 2 verdicts of the f32 run; PARTIAL: it has 2 of these 6 pairs";
        assert!(code == 0 && stdout.contains(says), "{stdout}{stderr}");
    }
    let whole = scored("whole", &tiny, &path, &[]);
    let more = ["--dtype", "int8", "--f32-run", &whole];
    let (stdout, _, code) = run(&path, &[&more[..], &half].concat());
    assert!(
        code == 0 && stdout.contains(" of 2 verdicts of the f32 run\n"),
        "{stdout}"
    );
}

/// The golden rows by their ids, against the reference's logits.
#[test]
fn bench_scores_the_rows_that_it_times() {
    let dir = tempfile::tempdir().unwrap();
    let records: Vec<_> = common::lines("tiny-pairrm.jsonl")
        .into_iter()
        .filter(|r| r["f32"]["logit_ab"].is_number())
        .take(9)
        .collect();
    let rows: Vec<String> = records.iter().map(|r| r["ids_ab"].to_string()).collect();
    let ids = file(dir.path(), "ids.jsonl", &rows.join("\n"));
    let bench = |more: &[&str]| {
        let output = pairbench()
            .args(["bench", "--repeats", "1", "--model", &tiny()])
            .args(more)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    let found: serde_json::Value = serde_json::from_str(&bench(&[
        "--format",
        "json",
        "--ids",
        ids.to_str().unwrap(),
    ]))
    .unwrap();
    let logits = found["runs"][0]["logits"].as_array().unwrap();
    assert_eq!(logits.len(), records.len());
    let path = golden("models/tiny-pairrm").display().to_string();
    assert_eq!(found["spec"], path);
    // The table says what was measured, too.
    let hash = found["checkpoint"].as_str().unwrap();
    let table = bench(&["--length", "8", "--tokens", "8"]);
    assert!(
        table.contains(&path) && table.contains(&hash[..12]) && table.contains("code "),
        "{table}"
    );
    for (logit, record) in logits.iter().zip(&records) {
        assert!(
            (common::float(logit) - common::float(&record["f32"]["logit_ab"])).abs()
                < common::LOGIT,
            "{record}"
        );
    }
    let table = bench(&["--length", "16,32", "--tokens", "64"]);
    assert!(
        table.contains("GFLOP/s")
            && table
                .lines()
                .any(|l| l.split_whitespace().take(3).eq(["16", "4", "64"])),
        "{table}"
    );
    for (ids, expected) in [
        ("[1,2,3]", "marker is left"),
        ("[4097,9000000,1]", "id 9000000, the vocabulary ends at"),
    ] {
        let bad = file(dir.path(), "bad.jsonl", ids);
        let output = pairbench()
            .args(["bench", "--model", &tiny(), "--ids"])
            .arg(&bad)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code() == Some(4) && stderr.contains(expected),
            "{stderr}"
        );
    }
    assert_eq!(
        pairbench()
            .args(["bench", "--length", "0", "--model", &tiny()])
            .output()
            .unwrap()
            .status
            .code(),
        Some(2)
    );
}

/// Copies the tiny checkpoint and lets `change` damage it.
fn damaged(change: impl FnOnce(&Path)) -> (String, i32) {
    let dir = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(golden("models/tiny-pairrm")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
    }
    change(dir.path());
    let data = file(dir.path(), "a.jsonl", ROW);
    let output = pairbench()
        .args(["run", "--template", "pairrm", "--model"])
        .arg(dir.path())
        .arg("--data")
        .arg(&data)
        .output()
        .unwrap();
    (
        String::from_utf8(output.stderr).unwrap(),
        output.status.code().unwrap(),
    )
}

/// Rewrites the safetensors header through its JSON, keeping the data.
fn edit_header(dir: &Path, edit: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>)) {
    let path = dir.join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    let n = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let mut header = serde_json::from_slice(&bytes[8..8 + n]).unwrap();
    edit(&mut header);
    let header = serde_json::to_vec(&header).unwrap();
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend(header);
    out.extend(&bytes[8 + n..]);
    std::fs::write(path, out).unwrap();
}

type Change<'a> = Box<dyn FnOnce(&Path) + 'a>;

#[test]
fn damaged_checkpoints_are_exit_4_with_the_key() {
    let rewrite = |dir: &Path, name: &str, from: &str, to: &str| {
        let path = dir.join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    };
    let weight = "head_layer.4.weight";
    let cases: Vec<(&str, Change)> = vec![
        (
            "header",
            Box::new(|d| std::fs::write(d.join("model.safetensors"), b"abc").unwrap()),
        ),
        (
            "header",
            Box::new(|d| std::fs::write(d.join("model.safetensors"), [0xff; 64]).unwrap()),
        ),
        (
            "header",
            Box::new(|d| {
                let path = d.join("model.safetensors");
                let bytes = std::fs::read(&path).unwrap();
                std::fs::write(path, &bytes[..bytes.len() - 9]).unwrap();
            }),
        ),
        (
            "no tensor `head_layer.4.weight`",
            Box::new(|d| {
                edit_header(d, |h| {
                    let moved = h.remove(weight).unwrap();
                    h.insert("head_layer.9.weight".into(), moved);
                });
            }),
        ),
        (
            "dtype I32",
            Box::new(|d| edit_header(d, |h| h[weight]["dtype"] = "I32".into())),
        ),
        (
            "found shape [64, 1]",
            Box::new(|d| edit_header(d, |h| h[weight]["shape"] = serde_json::json!([64, 1]))),
        ),
        (
            "no place for",
            Box::new(|d| {
                rewrite(
                    d,
                    "config.json",
                    "\"num_hidden_layers\": 3",
                    "\"num_hidden_layers\": 2",
                );
            }),
        ),
        (
            "`hidden_act`",
            Box::new(|d| rewrite(d, "config.json", "\"gelu\"", "\"geluu\"")),
        ),
        (
            "`source_prefix_id`",
            Box::new(|d| {
                rewrite(
                    d,
                    "config.json",
                    "\"source_prefix_id\": 4097",
                    "\"source_prefix_id\": 4096",
                );
            }),
        ),
        (
            "failed to parse config",
            Box::new(|d| std::fs::write(d.join("config.json"), "{").unwrap()),
        ),
        (
            "failed to load tokenizer",
            Box::new(|d| std::fs::write(d.join("tokenizer.json"), "{}").unwrap()),
        ),
        (
            "failed to load tokenizer",
            Box::new(|d| {
                let path = d.join("tokenizer.json");
                let mut json: serde_json::Value =
                    serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
                json["normalizer"]["normalizers"][1]["precompiled_charsmap"] = "AAAA".into();
                std::fs::write(path, json.to_string()).unwrap();
            }),
        ),
        (
            "pickle",
            Box::new(|d| {
                std::fs::rename(d.join("model.safetensors"), d.join("pytorch_model.bin")).unwrap();
            }),
        ),
    ];
    for (expected, change) in cases {
        let (stderr, code) = damaged(change);
        assert_eq!(code, 4, "{expected}: {stderr}");
        assert!(
            stderr.contains(expected) && !stderr.contains("panicked"),
            "{expected}: {stderr}"
        );
    }
}

#[test]
fn nan_weights_are_refused_by_name() {
    let (stderr, code) = damaged(|dir| {
        let path = dir.join("model.safetensors");
        let mut bytes = std::fs::read(&path).unwrap();
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        std::fs::write(path, bytes).unwrap();
    });
    assert_eq!(code, 4, "{stderr}");
    assert!(
        stderr.contains("tensor `") && stderr.contains("is not finite"),
        "{stderr}"
    );
}

#[test]
fn real_rows_agree_with_the_reference() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let data = shared.join("data/rewardbench-dev.parquet");
    if !data.exists() {
        let why = format!(
            "no RewardBench rows beside the checkout: {}",
            data.display()
        );
        return skipped("cli::real_rows_agree_with_the_reference", &why);
    }
    // The LLMBar subsets: short rows, so that the test takes seconds.
    for (name, template) in [
        ("tiny-pairrm", "pairrm"),
        ("tiny-better-pairrm", "better-pairrm"),
    ] {
        let out = tempfile::tempdir().unwrap();
        let spec = format!(
            "T={},template={template}",
            golden("models").join(name).display()
        );
        let status = pairbench()
            .args(["run", "--subset", "llmbar-*", "--model", &spec, "--data"])
            .arg(&data)
            .arg("--out")
            .arg(out.path())
            .output()
            .unwrap()
            .status;
        assert_eq!(status.code(), Some(0));
        let frame = verdicts(&out.path().join("verdicts.parquet"));
        let mut compared = 0;
        for line in
            std::fs::read_to_string(shared.join(format!("reference/rewardbench-dev.{name}.jsonl")))
                .unwrap()
                .lines()
        {
            let expected: serde_json::Value = serde_json::from_str(line).unwrap();
            let Some(found) = frame.get(&expected["row"].as_i64().unwrap()) else {
                continue;
            };
            let (ab, ba, tokens_ab, tokens_ba) = *found;
            assert!(
                (ab - common::float(&expected["logit_ab"])).abs() < 1e-4
                    && (ba - common::float(&expected["logit_ba"])).abs() < 1e-4,
                "{line}"
            );
            assert_eq!(
                (tokens_ab, tokens_ba),
                (
                    expected["tokens_ab"].as_i64().unwrap(),
                    expected["tokens_ba"].as_i64().unwrap()
                ),
                "{line}"
            );
            let delta = common::float(&expected["delta"]);
            assert_eq!(
                (ab - ba).partial_cmp(&0.0),
                delta.partial_cmp(&0.0),
                "{line}"
            );
            compared += 1;
        }
        assert!(compared > 30, "{compared}");
    }
}

/// By row: both logits and both token counts.
fn verdicts(path: &Path) -> std::collections::HashMap<i64, (f32, f32, i64, i64)> {
    use polars::prelude::*;
    let frame = ParquetReader::new(std::fs::File::open(path).unwrap())
        .finish()
        .unwrap();
    let ints = |name: &str| frame.column(name).unwrap().i64().unwrap().clone();
    let floats = |name: &str| frame.column(name).unwrap().f32().unwrap().clone();
    let (rows, ab, ba, tokens_ab, tokens_ba) = (
        ints("row"),
        floats("logit_ab"),
        floats("logit_ba"),
        ints("tokens_ab"),
        ints("tokens_ba"),
    );
    (0..frame.height())
        .map(|i| {
            (
                rows.get(i).unwrap(),
                (
                    ab.get(i).unwrap(),
                    ba.get(i).unwrap(),
                    tokens_ab.get(i).unwrap(),
                    tokens_ba.get(i).unwrap(),
                ),
            )
        })
        .collect()
}

/// The order of `,template=`, `pairbench.toml` and `--template`, by what run.json says of it.
#[test]
fn a_checkpoints_own_contract_wins_and_a_flag_that_contradicts_it_is_exit_2() {
    let dir = tempfile::tempdir().unwrap();
    let (pairrm, better) = ("quickstart/pairrm", "quickstart/better-pairrm");
    let run = |name: &str, more: &[&str]| {
        let out = dir.path().join(name);
        let few = ["run", "--limit", "2", "--out", out.to_str().unwrap()];
        let (_, stderr, code) = binary::run(&[&few[..], more].concat());
        let found = (code == 0).then(|| {
            let models = binary::record(&out)["models"].take();
            let models = models.as_array().unwrap().iter();
            let of = |model: &serde_json::Value| {
                ["template", "template_from"]
                    .map(|key| model["facts"][key].as_str().unwrap().to_owned())
            };
            models.map(of).collect::<Vec<_>>()
        });
        (found, stderr, code)
    };
    let bare = golden("models/tiny-pairrm").display().to_string();
    for (name, more, expected) in [
        (
            "sidecar",
            &["--model", better][..],
            &[["better-pairrm", "pairbench.toml"]][..],
        ),
        (
            "own",
            &["--model", &format!("{pairrm},template=better-pairrm")],
            &[["better-pairrm", "model"]],
        ),
        (
            "own beside a flag",
            &[
                "--model",
                &format!("{better},template=pairrm"),
                "--template",
                "pairrm",
            ],
            &[["pairrm", "model"]],
        ),
        (
            "a flag that agrees",
            &[
                "--model",
                better,
                "--model",
                &format!("T={bare}"),
                "--template",
                "better-pairrm",
            ],
            &[
                ["better-pairrm", "pairbench.toml"],
                ["better-pairrm", "flag"],
            ],
        ),
    ] {
        let (found, stderr, _) = run(name, more);
        assert_eq!(
            found.as_deref(),
            Some(
                &expected
                    .iter()
                    .map(|both| both.map(str::to_owned))
                    .collect::<Vec<_>>()[..]
            ),
            "{name}: {stderr}"
        );
    }
    let (_, stderr, code) = run(
        "clash",
        &["--model", pairrm, "--model", better, "--template", "pairrm"],
    );
    assert!(
        code == 2
            && stderr.contains(
                "--template says pairrm, quickstart/better-pairrm/pairbench.toml says better-pairrm"
            )
            && stderr.contains("`,template=pairrm`"),
        "{stderr}"
    );
    // Where any contract will do, none is in the way.
    for words in [
        &[
            "bench",
            "--model",
            better,
            "--length",
            "8",
            "--tokens",
            "8",
            "--repeats",
            "1",
        ][..],
        &[
            "inspect",
            "benchmarks/quickstart/pairs.jsonl",
            "--model",
            better,
        ],
    ] {
        let (_, stderr, code) = binary::run(words);
        assert_eq!(code, 0, "{stderr}");
    }
    // What is said of a template is of the one that a run would take.
    let pairs = "benchmarks/quickstart/pairs.jsonl";
    let bare = golden("models/tiny-pairrm").display().to_string();
    for words in [
        &["inspect", pairs, "--model", better][..],
        &["inspect", pairs, "--model", &tiny()],
        &["inspect", pairs, "--model", &bare, "--template", "pairrm"],
        &["inspect", &bare, "--template", "pairrm", "--data", pairs],
    ] {
        let (text, stderr, code) = binary::run(words);
        assert_eq!(code, 0, "{stderr}");
        let lines = text
            .lines()
            .filter(|line| line.starts_with("template ") || line.starts_with("tokens of a row"));
        assert_eq!(lines.count(), 1, "{words:?}: {text}");
    }
    assert!(inspect(&[pairs, "--model", &bare]).contains("template pairranker"));
    assert_eq!(
        binary::run(&["inspect", better, "--template", "pairrm"]).2,
        2
    );
}

#[test]
fn counts_that_cannot_be_are_usage_errors() {
    let path = "benchmarks/quickstart/pairs.jsonl";
    let model = "quickstart/pairrm";
    for words in [
        &["run", "--limit", "0"][..],
        &["run", "--limit", "-1"],
        &[
            "run",
            "--data",
            path,
            "--model",
            model,
            "--limit",
            "0",
            "--allow-partial",
        ],
        &["run", "--threads", "1025"],
        &["run", "--threads", "18446744073709551615"],
        &["run", "--batch-tokens", "0"],
        &["bench", "--model", model, "--threads", "100000"],
        &["bench", "--model", model, "--tokens", "0"],
    ] {
        let (stdout, stderr, code) = binary::run(words);
        assert_eq!((code, stdout.as_str()), (2, ""), "{words:?}: {stderr}");
    }
    let many = pairbench()
        .args(["run", "--limit", "1"])
        .env("RAYON_NUM_THREADS", "100000")
        .output()
        .unwrap();
    assert_eq!(many.status.code(), Some(2));
    let (_, stderr, code) = binary::run(&["run", "--limit", "1", "--threads", "1024"]);
    assert_eq!(code, 0, "{stderr}");
}

/// Names that are no UTF-8, as Linux has them.
#[cfg(target_os = "linux")]
#[test]
fn paths_that_are_no_utf_8_are_paths() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join(OsStr::from_bytes(b"h\xf6me"));
    std::fs::create_dir(&home).unwrap();
    let data = home.join(OsStr::from_bytes(b"p\xe4irs.jsonl"));
    std::fs::write(&data, ROW).unwrap();
    let out = home.join(OsStr::from_bytes(b"r\xfcn"));
    let run = |words: &[&OsStr]| {
        let done = pairbench().args(words).output().unwrap();
        let stderr = String::from_utf8(done.stderr).unwrap();
        assert!(!stderr.contains("panicked"), "{stderr}");
        (
            String::from_utf8(done.stdout).unwrap(),
            stderr,
            done.status.code().unwrap(),
        )
    };
    let word = OsStr::new;
    let model = tiny();
    let of_run = [
        word("run"),
        word("--model"),
        word(&model),
        word("--data"),
        data.as_os_str(),
    ];
    let with_out = [&of_run[..], &[word("--out"), out.as_os_str()]].concat();
    let (_, stderr, code) = run(&with_out);
    assert!(
        code == 0 && stderr.contains("p\u{fffd}irs.jsonl is not UTF-8: run.json names it"),
        "{stderr}"
    );
    assert!(
        binary::record(&out)["data"][0]["path"]
            .as_str()
            .unwrap()
            .ends_with("h\u{fffd}me/p\u{fffd}irs.jsonl")
    );
    for more in ["--resume", "--overwrite"] {
        let (_, stderr, code) = run(&[&with_out[..], &[word(more)]].concat());
        assert_eq!(code, 0, "{stderr}");
    }
    for format in [
        "table", "markdown", "html", "json", "csv", "latex", "junit", "github",
    ] {
        let (_, stderr, code) = run(&[
            word("report"),
            out.as_os_str(),
            word("--format"),
            word(format),
        ]);
        assert_eq!(code, 0, "{format}: {stderr}");
    }
    let f32_run = [
        &of_run[..],
        &[
            word("--dtype"),
            word("f16"),
            word("--f32-run"),
            out.as_os_str(),
        ],
    ];
    assert_eq!(run(&f32_run.concat()).2, 0);
    // Words that may be names as well as paths are text: refused, and that is said.
    let checkpoint = home.join("model");
    let gate = home.join("gate.toml");
    for words in [
        &[word("run"), word("--model"), checkpoint.as_os_str()][..],
        &[word("run"), word("--benchmark"), gate.as_os_str()],
        &[word("compare"), out.as_os_str(), out.as_os_str()],
        &[word("inspect"), data.as_os_str()],
        &[word("fetch"), data.as_os_str()],
        &[
            &of_run[..],
            &[
                word("--against"),
                out.as_os_str(),
                word("--gate"),
                word("max-ties:1"),
            ],
        ]
        .concat(),
    ] {
        let (_, stderr, code) = run(words);
        assert!(code == 2 && stderr.contains("UTF-8"), "{words:?}: {stderr}");
    }
    let parts = ["1/2", "2/2"].map(|part| {
        home.join(OsStr::from_bytes(
            &[b"part\xff", &part.as_bytes()[..1]].concat(),
        ))
    });
    let pairs = [ROW, &ROW.replace("\"id\":1", "\"id\":2")].join("\n");
    std::fs::write(&data, pairs).unwrap();
    for (shard, out) in ["1/2", "2/2"].iter().zip(&parts) {
        let shard = [word("--shard"), word(shard), word("--out"), out.as_os_str()];
        assert_eq!(run(&[&of_run[..], &shard].concat()).2, 0);
    }
    let merged = home.join(OsStr::from_bytes(b"\xff"));
    let merge = [
        word("merge"),
        parts[0].as_os_str(),
        parts[1].as_os_str(),
        word("--out"),
        merged.as_os_str(),
    ];
    let (_, stderr, code) = run(&merge);
    assert_eq!(code, 0, "{stderr}");
}
