//! `pairbench bench`.

#[path = "common/binary.rs"]
mod binary;
mod common;
#[path = "common/tiny.rs"]
mod tiny;

use common::golden;
use tiny::{file, tiny};

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
    let tiny = tiny();
    let bench = |more: &[&str]| {
        let few = ["bench", "--repeats", "1", "--model", &tiny];
        binary::succeeded(&[&few[..], more].concat())
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
        let output = binary::pairbench()
            .args(["bench", "--model", &tiny, "--ids"])
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
        binary::pairbench()
            .args(["bench", "--length", "0", "--model", &tiny])
            .output()
            .unwrap()
            .status
            .code(),
        Some(2)
    );
}
