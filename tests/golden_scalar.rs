//! Scalar models against the Python reference: texts, ids, hidden states, scores.

mod common;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use common::{LOGIT, conversation, float, ids, is_recorded, json_of, lines_of, load, numbers};
use pairbench::checkpoint::Precision;
use pairbench::data::Message;
use pairbench::model::{RewardModel, TokenRow, TokenRows};
use pairbench::text::Tokenizer;
use pairbench::text::contract::{AnswerContract, AnswerRow};
use serde_json::Value;

fn scalar(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/scalar")
        .join(part)
}

fn lines(file: &str) -> Vec<Value> {
    lines_of(&scalar(file))
}

fn json(file: &str) -> Value {
    json_of(&scalar(file))
}

fn model(name: &str) -> RewardModel {
    load(
        &scalar("models").join(name),
        &Device::flex(),
        Precision::F32,
    )
}

fn tokenizer(name: &str) -> Tokenizer {
    let dir = scalar("models").join(name);
    Tokenizer::load(&dir.as_path().into()).unwrap().0
}

fn cases() -> HashMap<String, Vec<Message>> {
    lines("cases.jsonl")
        .into_iter()
        .map(|case| {
            let id = case["id"].as_str().unwrap().to_owned();
            (id, conversation(&case["messages"]))
        })
        .collect()
}

fn view(row: &AnswerRow) -> TokenRow<'_> {
    TokenRow {
        ids: &row.ids,
        second_segment: row.second_segment,
        is_first_masked: row.is_first_masked,
    }
}

const CONTRACTS: [(&str, AnswerContract); 4] = [
    ("raw", AnswerContract::Raw),
    ("tulu", AnswerContract::Tulu),
    ("pair", AnswerContract::Pair),
    ("blender", AnswerContract::Blender),
];

/// Rows longer than 2,048 tokens have neither ids nor scores in the records.
#[test]
fn texts_ids_and_scores_of_all_cases_under_all_contracts() {
    let (model, tokenizer, cases) = (
        model("tiny-deberta-rm"),
        tokenizer("tiny-deberta-rm"),
        cases(),
    );
    let (mut scored, mut masked) = (0, 0);
    for record in lines("tiny-deberta-rm.jsonl") {
        let id = record["id"].as_str().unwrap();
        for (name, contract) in CONTRACTS {
            let expected = &record[name];
            let case = &cases[id];
            contract.check(&tokenizer, case).unwrap();
            if let Some(text) = contract.text(&tokenizer, case) {
                assert!(is_recorded(&text, &expected["rendered"]), "{id} {name}");
            }
            let row = contract.row(&tokenizer, case).unwrap();
            assert_eq!(expected["n"], row.ids.len(), "{id} {name}");
            if expected["ids"].is_null() {
                continue;
            }
            assert_eq!(row.ids, ids(&expected["ids"]), "{id} {name}");
            if name == "raw" || name == "tulu" {
                assert_eq!(expected["masked_first"], row.is_first_masked, "{id} {name}");
            }
            if name == "pair" {
                let second = row.second_segment.unwrap_or(row.ids.len());
                assert_eq!(expected["second_segment_from"], second, "{id}");
            }
            let score = numbers(&model, &[view(&row)])[0];
            assert!(
                (score - float(&expected["f32"])).abs() < LOGIT,
                "{id} {name}: {score} {}",
                expected["f32"]
            );
            scored += 1;
            masked += usize::from(row.is_first_masked);
        }
    }
    assert_eq!((scored, masked), (146, 2));
}

/// Every row alone, in batches and in another order: the same score to the bit.
#[test]
fn batches_change_no_bit() {
    let (model, tokenizer, cases) = (
        model("tiny-deberta-rm"),
        tokenizer("tiny-deberta-rm"),
        cases(),
    );
    let rows: Vec<AnswerRow> = lines("tiny-deberta-rm.jsonl")
        .iter()
        .flat_map(|record| CONTRACTS.map(|(_, contract)| (record["id"].clone(), contract)))
        .map(|(id, contract)| {
            contract
                .row(&tokenizer, &cases[id.as_str().unwrap()])
                .unwrap()
        })
        .filter(|row| row.ids.len() < 600)
        .collect();
    let alone: Vec<u32> = rows
        .iter()
        .map(|row| numbers(&model, &[view(row)])[0].to_bits())
        .collect();
    // 37 is coprime to the number of rows: every row once, neighbours apart.
    let shuffled: Vec<usize> = (0..rows.len()).map(|at| at * 37 % rows.len()).collect();
    assert!(rows.len() > 100 && !rows.len().is_multiple_of(37));
    for size in [2, 7, 64] {
        for members in shuffled.chunks(size) {
            let batch: Vec<TokenRow> = members.iter().map(|at| view(&rows[*at])).collect();
            let found = numbers(&model, &batch);
            for (at, score) in members.iter().zip(found) {
                assert_eq!(score.to_bits(), alone[*at], "row {at} in {size}");
            }
        }
    }
}

/// The reference's own batch, padded right: padding changes nothing there but the last digits.
#[test]
fn scores_of_the_references_batch() {
    let (model, tokenizer, cases) = (
        model("tiny-deberta-rm"),
        tokenizer("tiny-deberta-rm"),
        cases(),
    );
    let batch = json("tiny-deberta-rm.batched.json");
    let rows: Vec<AnswerRow> = batch["ids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| {
            let case = &cases[id.as_str().unwrap()];
            AnswerContract::Raw.row(&tokenizer, case).unwrap()
        })
        .collect();
    let views: Vec<TokenRow> = rows.iter().map(view).collect();
    let expected = batch["right"]["f32"].as_array().unwrap();
    assert_eq!(expected.len(), 8);
    for (found, expected) in numbers(&model, &views).iter().zip(expected) {
        assert!(
            (found - float(expected)).abs() < LOGIT,
            "{found} {expected}"
        );
    }
}

/// A choice of `DebertaV2ForMultipleChoice` is scored by itself, whatever stands beside it.
#[test]
fn ids_and_scores_of_a_multiple_choice_model() {
    let (model, tokenizer, cases) = (
        model("tiny-deberta-mc-rm"),
        tokenizer("tiny-deberta-mc-rm"),
        cases(),
    );
    let records = lines("tiny-deberta-mc-rm.jsonl");
    assert!(records.len() > 25);
    for record in records {
        let id = record["id"].as_str().unwrap();
        let row = AnswerContract::Pair.row(&tokenizer, &cases[id]).unwrap();
        assert_eq!(row.ids, ids(&record["ids"]), "{id}");
        let score = numbers(&model, &[view(&row)])[0];
        assert!(
            (score - float(&record["f32"])).abs() < LOGIT,
            "{id}: {score}"
        );
        // In a batch an empty answer keeps its separator: other ids, another score.
        if record["ids"] == record["ids_in_a_batch"] {
            let of_two = float(&record["two_choices_f64"][0]);
            assert!((score - of_two).abs() < LOGIT, "{id}: {score} {of_two}");
        }
    }
}

#[test]
fn hidden_states_of_every_layer() {
    for contract in ["raw", "pair"] {
        let model = model("tiny-deberta-rm");
        let path = scalar(&format!(
            "hidden/tiny-deberta-rm.multi-2.{contract}.safetensors"
        ));
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
        let mut states: Vec<Vec<f32>> = Vec::new();
        let rows = TokenRows::new([input.as_slice()]);
        model.transformer.forward_each(&rows, |x| {
            states.push(x.clone().into_data().try_to_vec().unwrap());
        });
        assert_eq!(states.len(), 3);
        for (at, state) in states.iter().enumerate() {
            let expected = words(&format!("layer{at:02}"))
                .into_iter()
                .map(f32::from_le_bytes);
            assert_eq!(expected.len(), state.len());
            let worst = expected
                .zip(state)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            assert!(worst < LOGIT, "{contract} layer {at}: {worst}");
        }
    }
}

/// Converted from the reference's pickle, with its old tensor names.
#[test]
fn legacy_tensor_names_load() {
    let record = json("loading.json");
    let reference = ids(&record["reference"]["input_ids"]);
    let model = model("tiny-deberta-legacy");
    let score = numbers(&model, &[reference.as_slice().into()])[0];
    let expected = float(&record["tiny-deberta-legacy"]["logits"][0]);
    assert!((score - expected).abs() < LOGIT, "{score} {expected}");
}
