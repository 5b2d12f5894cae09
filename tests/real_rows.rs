//! RewardBench rows, where they are, against the reference.

#[path = "common/binary.rs"]
mod binary;
mod common;
#[path = "common/skipped.rs"]
mod skipped;
#[path = "common/tiny.rs"]
mod tiny;

use std::path::Path;

use common::golden;
use skipped::skipped;
use tiny::verdicts;

#[test]
fn real_rows_agree_with_the_reference() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let data = shared.join("data/rewardbench-dev.parquet");
    if !data.exists() {
        let why = format!(
            "no RewardBench rows beside the checkout: {}",
            data.display()
        );
        return skipped("real_rows::real_rows_agree_with_the_reference", &why);
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
        let status = binary::pairbench()
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
