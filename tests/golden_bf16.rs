//! bf16 factors on the CPU against f32, on the golden pairs. Without instructions for them the same
//! sums are computed one product at a time, so that this runs on every processor.

mod common;

use burn::tensor::Device;
use common::{MODELS, golden, ids, lines, load, logits};
use pairbench::checkpoint::Precision;

/// Margins of a model's first recorded pairs, so many at a time.
fn margins(name: &str, precision: Precision, first: usize, pairs: usize) -> Vec<f32> {
    let model = load(&golden("models").join(name), &Device::flex(), precision);
    let mut records = lines(&format!("{name}.jsonl"));
    // Those that the reference scores: one pair, one margin.
    records.retain(|record| record["f32"]["delta"].is_number());
    records.truncate(first);
    let margins = |batch: &[serde_json::Value]| {
        let order = |key: &str| {
            let rows: Vec<_> = batch.iter().map(|record| ids(&record[key])).collect();
            logits(&model, &rows)
        };
        let (ab, ba) = (order("ids_ab"), order("ids_ba"));
        ab.into_iter()
            .zip(ba)
            .map(|(ab, ba)| ab - ba)
            .collect::<Vec<f32>>()
    };
    records.chunks(pairs).flat_map(margins).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a few values")]
fn rms(values: impl ExactSizeIterator<Item = f32>) -> f32 {
    let n = values.len() as f32;
    (values.map(|value| value * value).sum::<f32>() / n).sqrt()
}

/// A factor in bf16 is off by at most 1/512 of itself, and some twenty roundings stand between a
/// token and its logit.
#[test]
fn bf16_is_near_f32_and_turns_only_verdicts_near_zero() {
    for name in MODELS {
        let exact = margins(name, Precision::F32, 16, 8);
        let rounded = margins(name, Precision::Bf16Factors, 16, 8);
        assert!(exact.len() >= 12, "{name}: {}", exact.len());
        let difference = rms(exact.iter().zip(&rounded).map(|(a, b)| a - b));
        let spread = rms(exact.iter().copied());
        assert!(difference > 0.0, "{name}: nothing was rounded");
        assert!(
            difference < spread / 20.0,
            "{name}: {difference} of {spread}"
        );
        for (exact, rounded) in exact.iter().zip(&rounded) {
            let is_same = (*exact > 0.0) == (*rounded > 0.0);
            let is_near = exact.abs() < 4.0 * difference;
            assert!(is_same || is_near, "{name}: {exact} became {rounded}");
        }
    }
}

#[test]
fn bf16_does_not_depend_on_the_batch() {
    let name = MODELS[0];
    let alone = margins(name, Precision::Bf16Factors, 10, 1);
    for pairs in [3, 10] {
        let together = margins(name, Precision::Bf16Factors, 10, pairs);
        let bits = |margins: &[f32]| margins.iter().map(|m| m.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&alone), bits(&together));
    }
}
