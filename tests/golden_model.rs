//! Hidden states, logits, margins and verdicts against the Python reference.

mod common;

use burn::tensor::Device;
use common::{BATCH, LOGIT, MODELS, float, golden, ids, lines, logits, model};
use pairbench::model::TokenRows;
use pairbench::scoring::Verdict;

/// A case that the reference scores: one pair, one margin.
fn scored(record: &serde_json::Value) -> bool {
    record["f32"]["delta"].is_number()
}

#[test]
fn hidden_states_of_every_layer() {
    let mut files = 0;
    for entry in std::fs::read_dir(golden("hidden")).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .split('.')
            .next()
            .unwrap()
            .to_owned();
        let model = model(&name, &Device::flex());
        let bytes = std::fs::read(&path).unwrap();
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let read = |key: &str| -> Vec<f32> {
            tensors
                .tensor(key)
                .unwrap()
                .data()
                .as_chunks::<4>()
                .0
                .iter()
                .map(|b| f32::from_le_bytes(*b))
                .collect()
        };
        let input: Vec<u32> = tensors
            .tensor("input_ids")
            .unwrap()
            .data()
            .as_chunks::<8>()
            .0
            .iter()
            .map(|b| u32::try_from(i64::from_le_bytes(*b)).unwrap())
            .collect();
        let mut states: Vec<Vec<f32>> = Vec::new();
        model
            .transformer
            .forward_each(&TokenRows::new([input.as_slice()]), |x| {
                states.push(x.clone().into_data().try_to_vec().unwrap());
            });
        let mut keys: Vec<String> = tensors
            .names()
            .iter()
            .map(ToString::to_string)
            .filter(|k| k != "input_ids")
            .collect();
        keys.sort();
        assert_eq!(keys.len(), states.len(), "{keys:?}");
        for (key, state) in keys.iter().zip(&states) {
            let expected = read(key);
            assert_eq!(expected.len(), state.len(), "{path:?} {key}");
            let worst = expected
                .iter()
                .zip(state)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            assert!(worst < LOGIT, "{path:?} {key}: {worst}");
        }
        files += 1;
    }
    assert!(files >= 7);
}

#[test]
fn logits_margins_and_verdicts_of_all_cases() {
    for name in MODELS {
        let model = model(name, &Device::flex());
        let mut cases = 0;
        for record in lines(&format!("{name}.jsonl")).iter().filter(|r| scored(r)) {
            let id = record["id"].as_str().unwrap();
            let ab = logits(&model, &[ids(&record["ids_ab"])])[0];
            let ba = logits(&model, &[ids(&record["ids_ba"])])[0];
            assert!(
                (ab - float(&record["f32"]["logit_ab"])).abs() < LOGIT,
                "{name} {id} AB: {ab}"
            );
            assert!(
                (ba - float(&record["f32"]["logit_ba"])).abs() < LOGIT,
                "{name} {id} BA: {ba}"
            );
            let decision = Verdict::of_margin(ab - ba);
            if record["ids_equal"] == true {
                assert_eq!(decision, Verdict::Tie, "{name} {id}");
            } else if record["near_tie"] == false {
                assert_eq!(
                    decision == Verdict::Correct,
                    record["f32"]["decision"].as_bool().unwrap(),
                    "{name} {id}"
                );
            }
            cases += 1;
        }
        assert!(cases >= 18, "{name}: {cases}");
    }
}

/// The reference's own batches of eight pairs, which it pads to the longest row: our packed rows of
/// the same pairs, computed together, have its margins. A tie of equal rows is one in any batch.
#[test]
fn margins_of_batches_are_those_of_the_reference() {
    for name in MODELS {
        let model = model(name, &Device::flex());
        // The files of the small models hold some of the cases only. Their pipeline and tokenizer
        // are those of tiny-pairrm, and so are their rows.
        let rows = if name == "tiny-better-pairrm" {
            lines("tiny-better-pairrm.jsonl")
        } else {
            lines("tiny-pairrm.jsonl")
        };
        let mut pairs = 0;
        for batch in lines(&format!("{name}.batched.json")) {
            let members: Vec<&serde_json::Value> = batch["ids"]
                .as_array()
                .unwrap()
                .iter()
                .map(|id| rows.iter().find(|row| row["id"] == *id).unwrap())
                .collect();
            let together: Vec<Vec<u32>> = members
                .iter()
                .flat_map(|row| [ids(&row["ids_ab"]), ids(&row["ids_ba"])])
                .collect();
            let found = logits(&model, &together);
            let expected = batch["delta_f32"].as_array().unwrap();
            assert_eq!(members.len(), expected.len());
            for ((row, [ab, ba]), expected) in
                members.iter().zip(found.as_chunks::<2>().0).zip(expected)
            {
                let (margin, expected) = (ab - ba, float(expected));
                assert!(
                    (margin - expected).abs() < LOGIT,
                    "{name} {}: {margin} {expected}",
                    row["id"]
                );
                assert_eq!(margin == 0.0, expected == 0.0, "{name} {}", row["id"]);
                pairs += 1;
            }
        }
        assert_eq!(pairs, 32, "{name}");
    }
}

/// The same rows in batches of 1, 7 and 64, in order and shuffled.
#[test]
fn batches_change_nothing() {
    for name in ["tiny-pairrm", "tiny-better-pairrm"] {
        let model = model(name, &Device::flex());
        let rows: Vec<Vec<u32>> = lines(&format!("{name}.jsonl"))
            .iter()
            .filter(|r| scored(r))
            .flat_map(|r| [ids(&r["ids_ab"]), ids(&r["ids_ba"])])
            .collect();
        let alone: Vec<f32> = rows
            .iter()
            .flat_map(|row| logits(&model, std::slice::from_ref(row)))
            .collect();
        // 37 is coprime to the number of rows: every row once, neighbours apart.
        let shuffled: Vec<usize> = (0..rows.len()).map(|i| i * 37 % rows.len()).collect();
        for order in [(0..rows.len()).collect::<Vec<_>>(), shuffled] {
            for size in [7, 64] {
                let mut together = vec![f32::NAN; rows.len()];
                for members in order.chunks(size) {
                    let batch: Vec<Vec<u32>> = members.iter().map(|i| rows[*i].clone()).collect();
                    for (i, logit) in members.iter().zip(logits(&model, &batch)) {
                        together[*i] = logit;
                    }
                }
                for (pair, (a, b)) in alone
                    .as_chunks::<2>()
                    .0
                    .iter()
                    .zip(together.as_chunks::<2>().0)
                    .enumerate()
                {
                    let (alone, together) = (a[0] - a[1], b[0] - b[1]);
                    assert!(
                        (alone - together).abs() < BATCH,
                        "{name} pair {pair} in {size}: {alone} {together}"
                    );
                    assert!(
                        alone.abs() < BATCH
                            || Verdict::of_margin(alone) == Verdict::of_margin(together),
                        "{name} pair {pair} in {size}"
                    );
                }
            }
        }
    }
}
