//! Rows of a file: taken, refused, invalid, missing.

#[path = "common/binary.rs"]
mod binary;
mod common;
#[path = "common/tiny.rs"]
mod tiny;

use tiny::{ROW, file, run};

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
