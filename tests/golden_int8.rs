//! LLM.int8() against what bitsandbytes' CPU operators gave for a whole model.

mod common;

use burn::tensor::Device;
use common::{float, golden, ids, json, lines, load, logits};
use pairbench::checkpoint::Precision;
use pairbench::kernels::cpu::int8::Outliers;

/// Margins of the recorded cases, so many pairs at a time, one order after the other as upstream.
fn margins(precision: Precision, pairs: usize) -> Vec<f32> {
    let model = load(&golden("models/tiny-pairrm"), &Device::flex(), precision);
    let records = lines("tiny-pairrm.jsonl");
    let cases = json("tiny-pairrm.lowprec.json")["ids"].clone();
    let cases: Vec<_> = cases
        .as_array()
        .unwrap()
        .iter()
        .map(|id| records.iter().find(|record| record["id"] == *id).unwrap())
        .collect();
    let order = |batch: &[&serde_json::Value], key: &str| {
        logits(
            &model,
            &batch
                .iter()
                .map(|record| ids(&record[key]))
                .collect::<Vec<_>>(),
        )
    };
    let batch = |batch: &[&serde_json::Value]| {
        order(batch, "ids_ab")
            .into_iter()
            .zip(order(batch, "ids_ba"))
            .map(|(ab, ba)| ab - ba)
            .collect::<Vec<f32>>()
    };
    cases.chunks(pairs).flat_map(batch).collect()
}

#[expect(clippy::cast_precision_loss, reason = "32 values")]
fn rms(a: &[f32], b: &[f32]) -> f32 {
    (a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>() / a.len() as f32).sqrt()
}

/// Upstream computes everything between the linear layers in half precision, too. On a model of
/// width 64 that moves single margins by as much as the 8 bits do, so the errors are compared, not
/// their digits.
#[test]
fn int8_is_as_far_from_f32_as_upstreams() {
    let exact = margins(Precision::F32, 1);
    for (name, outliers, pairs) in [
        ("int8_delta_batch1", Outliers::ByRow, 1),
        ("int8_delta_batch8", Outliers::ByBatch, 8),
    ] {
        let recorded: Vec<f32> = json("tiny-pairrm.lowprec.json")[name]
            .as_array()
            .unwrap()
            .iter()
            .map(float)
            .collect();
        let ours = margins(Precision::Int8(outliers), pairs);
        let (theirs, own, apart) = (
            rms(&recorded, &exact),
            rms(&ours, &exact),
            rms(&ours, &recorded),
        );
        assert!(
            own < 1.25 * theirs && own > 0.75 * theirs,
            "{name}: {own} against {theirs}"
        );
        // Independent errors of this size would be further apart.
        assert!(
            apart < theirs.hypot(own),
            "{name}: {apart} apart, {own} and {theirs} from f32"
        );
    }
}

#[test]
fn int8_by_row_does_not_depend_on_the_batch() {
    let alone = margins(Precision::Int8(Outliers::ByRow), 1);
    for pairs in [7, 32] {
        let together = margins(Precision::Int8(Outliers::ByRow), pairs);
        assert_eq!(
            alone.iter().map(|m| m.to_bits()).collect::<Vec<_>>(),
            together.iter().map(|m| m.to_bits()).collect::<Vec<_>>()
        );
    }
}

/// The same weights, rounded to half precision in memory: f32 arithmetic, half-precision weights.
#[test]
fn half_storage_is_as_far_from_f32_as_upstreams_half_precision() {
    let recorded: Vec<f32> = json("tiny-pairrm.lowprec.json")["fp16_delta_batch1"]
        .as_array()
        .unwrap()
        .iter()
        .map(float)
        .collect();
    let (exact, ours) = (
        margins(Precision::F32, 1),
        margins(Precision::F16Storage, 1),
    );
    assert!(
        rms(&ours, &exact) <= rms(&recorded, &exact),
        "{} against {}",
        rms(&ours, &exact),
        rms(&recorded, &exact)
    );
    for (ours, exact) in ours.iter().zip(&exact) {
        assert!(
            (ours - exact).abs() < 0.008 && (ours > &0.0) == (exact > &0.0),
            "{ours} {exact}"
        );
    }
}
