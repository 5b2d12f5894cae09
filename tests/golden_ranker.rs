//! LLM-Blender's own layout against the Python reference: ids and logits, and the same weights in
//! transformers' layout.

mod common;

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use common::{LOGIT, conversation, float, ids, load, logits};
use pairbench::checkpoint::{Checkpoint, ModelSpec, Precision};
use pairbench::data::Message;
use pairbench::model::heads::HeadConfig;
use pairbench::support::hub::Hub;
use pairbench::text::contract::InputContract;
use serde_json::{Value, json};

fn scalar(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/scalar")
        .join(part)
}

fn read(file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(scalar(file)).unwrap()).unwrap()
}

fn checkpoint(name: &str) -> Checkpoint {
    let [ranker, backbone] = [name, "tiny-deberta-backbone"].map(|name| {
        let path = scalar("models").join(name);
        path.to_str().unwrap().to_owned()
    });
    let spec: ModelSpec = format!("{ranker},template=pairranker,backbone={backbone}")
        .parse()
        .unwrap();
    let files = spec.resolve(&Hub::new(true), None).unwrap();
    Checkpoint::open(&spec, files, None).unwrap()
}

/// Prompt and answer of a case.
fn case(id: &str) -> (String, String) {
    let text = std::fs::read_to_string(scalar("cases.jsonl")).unwrap();
    let mut cases = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let case = cases.find(|case| case["id"] == id).unwrap();
    let content = |at: usize| case["messages"][at]["content"].as_str().unwrap().to_owned();
    (content(0), content(1))
}

fn turns(prompt: &str, answer: &str) -> Vec<Message> {
    conversation(&json!([
        { "role": "user", "content": prompt },
        { "role": "assistant", "content": answer },
    ]))
}

/// The rows of both orders.
fn rows(checkpoint: &Checkpoint, prompt: &str, a: &str, b: &str) -> [Vec<u32>; 2] {
    let InputContract::Pairwise(contract) = checkpoint.template else {
        panic!("{}", checkpoint.template);
    };
    [(a, b), (b, a)].map(|(first, second)| {
        let [first, second] = [first, second].map(|answer| turns(prompt, answer));
        contract.check(&first, &second).unwrap();
        contract
            .row(&checkpoint.tokenizer, &first, &second)
            .unwrap()
            .ids
    })
}

/// One task and three, both lengths, both spellings of their keys.
#[test]
fn ids_and_logits_of_all_rows() {
    for (name, least) in [
        ("tiny-pairrm-original", 34),
        ("tiny-pair-ranker", 25),
        ("tiny-pair-ranker-3", 25),
    ] {
        let (checkpoint, record) = (checkpoint(name), read(&format!("{name}.json")));
        let HeadConfig::Pairwise(head) = &checkpoint.config.head else {
            panic!("{name}");
        };
        assert_eq!(
            record["marker_ids"]["source_prefix_id"],
            head.source_prefix_id
        );
        assert_eq!(
            record["marker_ids"]["cand2_prefix_id"],
            head.cand2_prefix_id
        );
        let model = checkpoint
            .load_model(&Device::flex(), Precision::F32)
            .unwrap();
        let recorded = record["rows"].as_array().unwrap();
        assert_eq!(recorded.len(), least);
        for row in recorded {
            let id = row["id"].as_str().unwrap();
            let (prompt, a) = case(id);
            let [ab, ba] = rows(&checkpoint, &prompt, &a, row["b"].as_str().unwrap());
            assert_eq!(ab, ids(&row["ids_ab"]), "{name} {id}");
            for (found, order) in [(ab, "[A,B]"), (ba, "[B,A]")] {
                let logit = logits(&model, &[found])[0];
                let expected = float(&row["f32"][order]);
                assert!(
                    (logit - expected).abs() < LOGIT,
                    "{name} {id} {order}: {logit} {expected}"
                );
            }
        }
    }
}

/// Upstream's budget of the candidates falls with the longest source of the batch; ours is that of
/// the pair alone.
#[test]
fn the_budget_of_candidates_is_the_pairs_own() {
    for (name, [source_max, candidate_max]) in [
        ("tiny-pairrm-original", [1224, 412]),
        ("tiny-pair-ranker", [128, 128]),
    ] {
        let checkpoint = checkpoint(name);
        let long = "word ".repeat(1500);
        let [row, _] = rows(&checkpoint, "Tell a story.", &long, &long);
        let source = source_of(&row);
        let budget = candidate_max + (source_max - source) / 2;
        assert_eq!(row.len(), source + 2 * budget, "{name}");
    }
}

/// Ids up to the first separator.
fn source_of(row: &[u32]) -> usize {
    row.iter().position(|id| *id == 2).unwrap() + 1
}

/// The conversion to transformers' layout leaves tensors as they are; the configuration says what
/// the ranker's and the backbone's say together.
#[test]
fn the_layout_of_transformers_has_the_same_logits() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = read("models/tiny-deberta-backbone/config.json");
    let record = read("tiny-pairrm-original.json");
    for (key, id) in record["marker_ids"].as_object().unwrap() {
        config[key] = id.clone();
    }
    config["vocab_size"] = json!(1405);
    config["architectures"] = json!(["DebertaV2PairRM"]);
    std::fs::write(dir.path().join("config.json"), config.to_string()).unwrap();
    let weights = scalar("models/tiny-pairrm-original/model.safetensors");
    std::fs::copy(weights, dir.path().join("model.safetensors")).unwrap();
    let converted = load(dir.path(), &Device::flex(), Precision::F32);
    let original = checkpoint("tiny-pairrm-original")
        .load_model(&Device::flex(), Precision::F32)
        .unwrap();
    let rows: Vec<Vec<u32>> = record["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| ids(&row["ids_ab"]))
        .collect();
    assert_eq!(logits(&converted, &rows), logits(&original, &rows));
}
