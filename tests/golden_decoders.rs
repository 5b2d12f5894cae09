//! Decoders against the Python reference: texts, ids, angles, hidden states, scores, windows.

mod common;
#[path = "common/golden_decoders.rs"]
mod golden;

use burn::tensor::Device;
use common::{conversation, float, ids, is_recorded, json_of, lines_of, load, numbers};
use golden::{MODELS, checkpoint, decoders};
use pairbench::checkpoint::{Precision, Weights};
use pairbench::kernels::cpu::int8::Outliers;
use pairbench::model::{DecoderConfig, ModelConfig, RewardModel, TransformerConfig};
use pairbench::model::{TokenRow, TokenRows};
use pairbench::text::Tokenizer;
use pairbench::text::contract::AnswerContract;
use serde_json::Value;

/// Scores in f32 against the reference's, whose own error is up to 1.1e-4 on long rows; the angles
/// are the same.
const SCORE: f32 = 5e-5;

fn lines(file: &str) -> Vec<Value> {
    lines_of(&decoders(file))
}

fn json(file: &str) -> Value {
    json_of(&decoders(file))
}

fn model(name: &str) -> RewardModel {
    let dir = checkpoint(name);
    load(&dir, &Device::flex(), Precision::F32)
}

/// The model with another configuration than its own.
fn changed(name: &str, changes: &Value) -> RewardModel {
    let dir = checkpoint(name);
    let path = dir.join("config.json");
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    for (key, value) in changes.as_object().unwrap() {
        config[key] = value.clone();
    }
    let config = ModelConfig::parse(&config.to_string(), &path).unwrap();
    let mut weights = Weights::open(&dir.as_path().into(), &Device::flex()).unwrap();
    RewardModel::load(&mut weights, &config).unwrap()
}

fn config_of(model: &RewardModel) -> &DecoderConfig {
    match &model.config().transformer {
        TransformerConfig::Decoder(config) => config,
        TransformerConfig::Deberta(_) => panic!("a DeBERTa"),
    }
}

fn score(model: &RewardModel, ids: &[u32], is_first_masked: bool) -> f32 {
    let row = TokenRow {
        is_first_masked,
        ..TokenRow::from(ids)
    };
    numbers(model, &[row])[0]
}

#[track_caller]
fn close(found: f32, expected: &Value, what: &str) {
    let expected = float(expected);
    assert!(
        (found - expected).abs() < SCORE,
        "{what}: {found} {expected}"
    );
}

/// What the chat templates make of all conversations, under both contracts; what they refuse.
#[test]
fn texts_and_ids_of_all_cases() {
    let cases = std::fs::read_to_string(decoders("../scalar/cases.jsonl")).unwrap();
    let cases: std::collections::HashMap<String, Value> = cases
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|case| {
            (
                case["id"].as_str().unwrap().to_owned(),
                case["messages"].clone(),
            )
        })
        .collect();
    let (mut compared, mut masked, mut refused) = (0, 0, 0);
    for name in MODELS {
        let dir = checkpoint(name);
        let tokenizer = Tokenizer::load_of_decoder(&dir.as_path().into()).unwrap().0;
        for record in lines(&format!("{name}.jsonl")) {
            let id = record["id"].as_str().unwrap();
            let case = conversation(&cases[id]);
            if let Some(error) = record["error"]["text"].as_str() {
                let reason = AnswerContract::Chat.check(&tokenizer, &case).unwrap_err();
                assert!(reason.to_string().contains(error), "{name} {id}: {reason}");
                refused += 1;
                continue;
            }
            AnswerContract::Chat.check(&tokenizer, &case).unwrap();
            let text = AnswerContract::Chat.text(&tokenizer, &case).unwrap();
            assert!(
                is_recorded(&text, &record["rendered"]),
                "{name} {id}: {text}"
            );
            for (contract, expected) in [
                (AnswerContract::Chat, &record),
                (AnswerContract::Card, &record["card"]),
            ] {
                let row = contract.row(&tokenizer, &case).unwrap();
                assert_eq!(expected["n"], row.ids.len(), "{name} {id} {contract:?}");
                if expected["ids"].is_array() {
                    assert_eq!(row.ids, ids(&expected["ids"]), "{name} {id} {contract:?}");
                }
                let is_masked = expected["masked_first"] == true;
                assert_eq!(row.is_first_masked, is_masked, "{name} {id} {contract:?}");
                compared += 1;
                masked += usize::from(is_masked);
            }
        }
    }
    assert!(
        compared > 500 && masked > 100 && refused == 3,
        "{compared} {masked} {refused}"
    );
}

/// Where the reference padded, or cut to 40 tokens, its ids are all that is needed.
#[test]
fn scores_of_recorded_ids_and_positions() {
    let mut scored = 0;
    for name in MODELS {
        let model = model(name);
        for record in lines(&format!("{name}.jsonl")) {
            let truncated = record["truncated"].as_array();
            for row in [&record, &record["card"]]
                .into_iter()
                .chain(truncated.into_iter().flatten())
                .filter(|row| row["ids"].is_array())
            {
                let found = ids(&row["ids"]);
                let masked = row["masked_first"] == true;
                close(
                    score(&model, &found, masked),
                    &row["f32"],
                    &format!("{name} {}", record["id"]),
                );
                if let Some(pooled) = row["pooled"].as_u64() {
                    let positions = model.config().head.positions(&found).unwrap();
                    assert_eq!(positions, [usize::try_from(pooled).unwrap()]);
                }
                scored += 1;
            }
        }
    }
    assert!(scored > 400, "{scored}");
}

/// The reference's own batches, padded on either side, against packed rows.
#[test]
fn scores_of_the_references_batches() {
    for name in MODELS {
        let model = model(name);
        let batch = json(&format!("{name}.batched.json"));
        let records = lines(&format!("{name}.jsonl"));
        let of_batch = batch["ids"].as_array().unwrap().iter();
        let rows: Vec<(Vec<u32>, bool)> = of_batch
            .map(|id| records.iter().find(|record| record["id"] == *id).unwrap())
            .map(|record| (ids(&record["ids"]), record["masked_first"] == true))
            .collect();
        let views: Vec<TokenRow> = rows
            .iter()
            .map(|(ids, is_first_masked)| TokenRow {
                is_first_masked: *is_first_masked,
                ..TokenRow::from(ids.as_slice())
            })
            .collect();
        let found = numbers(&model, &views);
        assert_eq!(found.len(), 8);
        for side in ["right", "left"] {
            let expected = batch[side]["f32"].as_array().unwrap();
            for (found, expected) in found.iter().zip(expected) {
                close(*found, expected, &format!("{name} {side}"));
            }
        }
    }
}

#[test]
fn angles_of_every_scaling() {
    for (name, record) in json("rope.json").as_object().unwrap() {
        let frequencies = if name == "llama-3.1-8b-shape" {
            continue;
        } else {
            let model = model(name);
            let config = config_of(&model);
            config.rotary.frequencies(config.head_size)
        };
        let expected = record["inv_freq_f32"].as_array().unwrap();
        assert_eq!(frequencies.len(), expected.len());
        for (found, expected) in frequencies.iter().zip(expected) {
            // The last digit is the power's, of which there are several implementations.
            let off = (found / float(expected) - 1.0).abs();
            assert!(off < 2e-7, "{name}: {found} {expected}");
        }
    }
}

/// Positions where padding is: in the text, at its end, everywhere; and where it ends texts, too.
#[test]
fn the_token_that_is_read() {
    for record in lines("pooling.jsonl") {
        let Some(expected) = record["f32"].as_array() else {
            continue;
        };
        let pad = &record["config_pad_token_id"];
        let model = changed("tiny-qwen3-rm", &serde_json::json!({ "pad_token_id": pad }));
        for (at, expected) in expected.iter().enumerate() {
            let mask = record["attention_mask"][at].as_array().unwrap();
            let all = ids(&record["input_ids"][at]);
            // Without the reference's padding, where that is what the mask leaves out.
            let unpadded: Vec<u32> = all
                .iter()
                .zip(mask)
                .filter(|(_, mask)| **mask == 1)
                .map(|(id, _)| *id)
                .collect();
            if record["id"] == "padded-with-another-id" {
                continue;
            }
            close(
                score(&model, &unpadded, false),
                expected,
                &record["id"].to_string(),
            );
        }
    }
}

/// What flash attention does: no layer has a window unless the configuration turns them on.
#[test]
fn sliding_windows() {
    for (name, record) in json("windows.json").as_object().unwrap() {
        let row = ids(&record["ids"]);
        for setting in record["settings"].as_array().unwrap() {
            let mut changes = serde_json::Map::new();
            for key in ["use_sliding_window", "sliding_window", "max_window_layers"] {
                if let Some(value) = setting.get(key) {
                    changes.insert(key.to_owned(), value.clone());
                }
            }
            let model = changed(name, &changes.into());
            let found = score(&model, &row, false);
            close(
                found,
                &setting["f64_flash_rule"],
                &format!("{name} {setting}"),
            );
        }
    }
}

#[test]
fn hidden_states_of_every_layer() {
    for name in MODELS {
        let model = model(name);
        let path = decoders(&format!("hidden/{name}.sum.safetensors"));
        let bytes = std::fs::read(path).unwrap();
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let words = |key: &str| {
            tensors
                .tensor(key)
                .unwrap()
                .data()
                .as_chunks::<4>()
                .0
                .to_vec()
        };
        let input: Vec<u32> = words("input_ids")
            .into_iter()
            .map(u32::from_le_bytes)
            .collect();
        let record = lines(&format!("{name}.jsonl"));
        let record = record.iter().find(|record| record["id"] == "sum").unwrap();
        let is_first_masked = record["masked_first"] == true;
        let rows = TokenRows::new([TokenRow {
            is_first_masked,
            ..TokenRow::from(input.as_slice())
        }]);
        let mut states: Vec<Vec<f32>> = Vec::new();
        model.transformer.forward_each(&rows, |x| {
            states.push(x.clone().into_data().try_to_vec().unwrap());
        });
        assert_eq!(states.len(), config_of(&model).windows.len() + 1);
        for (at, state) in states.iter().enumerate() {
            let expected: Vec<f32> = words(&format!("layer{at:02}"))
                .into_iter()
                .map(f32::from_le_bytes)
                .collect();
            assert_eq!(expected.len(), state.len());
            // What a masked token becomes is nobody's: no other token sees it.
            let skipped = if is_first_masked {
                state.len() / input.len()
            } else {
                0
            };
            let differences = expected.iter().zip(state).skip(skipped);
            let worst = differences
                .map(|(a, b)| (a - b).abs() / a.abs().max(1.0))
                .fold(0.0, f32::max);
            assert!(worst < SCORE, "{name} layer {at}: {worst}");
        }
    }
}

/// Each score alone, and beside others in any order: the same to the bit.
#[test]
fn batches_change_no_bit() {
    for name in MODELS {
        for precision in [
            Precision::F32,
            Precision::Bf16Factors,
            Precision::Int8(Outliers::ByRow),
            Precision::Int8Affine,
        ] {
            let dir = checkpoint(name);
            let model = load(&dir, &Device::flex(), precision);
            let rows: Vec<(Vec<u32>, bool)> = lines(&format!("{name}.jsonl"))
                .iter()
                .filter(|record| record["n"].as_u64().is_some_and(|n| n < 300))
                .map(|record| (ids(&record["ids"]), record["masked_first"] == true))
                .collect();
            let alone: Vec<u32> = rows
                .iter()
                .map(|(ids, masked)| score(&model, ids, *masked).to_bits())
                .collect();
            let shuffled: Vec<usize> = (0..rows.len()).map(|at| at * 43 % rows.len()).collect();
            assert!(rows.len() > 30 && !rows.len().is_multiple_of(43));
            for size in [2, 7, 64] {
                for members in shuffled.chunks(size) {
                    let members_rows = members.iter().map(|at| &rows[*at]);
                    let batch: Vec<TokenRow> = members_rows
                        .map(|(ids, is_first_masked)| TokenRow {
                            is_first_masked: *is_first_masked,
                            ..TokenRow::from(ids.as_slice())
                        })
                        .collect();
                    for (at, found) in members.iter().zip(numbers(&model, &batch)) {
                        assert_eq!(found.to_bits(), alone[*at], "{name} row {at} in {size}");
                    }
                }
            }
        }
    }
}
