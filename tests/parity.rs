//! flex, with the fused attention, against ndarray, with the plain one: no shared kernels.
#![cfg(feature = "ndarray")]
#![allow(
    deprecated,
    reason = "burn deprecates ndarray in favour of flex; as an oracle it is what we want"
)]

mod common;

use burn::tensor::Device;
use common::{MODELS, PARITY, ids, lines, logits, model};
use pairbench::scoring::Verdict;

#[test]
fn logits_agree_and_no_verdict_flips() {
    for name in MODELS {
        let (flex, oracle) = (
            model(name, &Device::flex()),
            model(name, &Device::ndarray()),
        );
        // Rows of up to 700 tokens: the plain attention of ndarray is slow.
        let records: Vec<_> = lines(&format!("{name}.jsonl"))
            .into_iter()
            .filter(|r| r["f32"]["delta"].is_number() && r["length_ab"].as_u64() < Some(700))
            .collect();
        assert!(records.len() >= 15);
        for record in records {
            let rows = [ids(&record["ids_ab"]), ids(&record["ids_ba"])];
            let (a, b) = (logits(&flex, &rows), logits(&oracle, &rows));
            assert!(
                (a[0] - b[0]).abs() < PARITY && (a[1] - b[1]).abs() < PARITY,
                "{name} {}: {a:?} {b:?}",
                record["id"]
            );
            if rows[0] != rows[1] {
                assert_eq!(
                    Verdict::of_margin(a[0] - a[1]),
                    Verdict::of_margin(b[0] - b[1]),
                    "{name} {}",
                    record["id"]
                );
            }
        }
    }
}
