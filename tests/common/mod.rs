//! The golden files: what the Python reference computed (SHA-256 of each in
//! `tests/data/golden/meta.json`).
#![allow(dead_code, reason = "each test binary uses its part")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use pairbench::checkpoint::{Precision, Weights};
use pairbench::data::Message;
use pairbench::model::{InputRow, ModelConfig, RewardModel, TokenRow, TokenRows};
use pairbench::scoring::{BothOrders, Outcome, ScoredItem};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Logits and hidden states in f32 against the reference's: its own f32 error is 3.4e-6, and sums
/// over 64 to 128 terms in another order move the last digits.
pub const LOGIT: f32 = 2e-5;
/// The same row alone and in a batch.
pub const BATCH: f32 = 1e-5;
/// Two CPU implementations against each other.
pub const PARITY: f32 = 1e-4;

pub const MODELS: [&str; 5] = [
    "tiny-pairrm",
    "tiny-better-pairrm",
    "tiny-pairrm-multitask",
    "tiny-pairrm-v2",
    "tiny-pairrm-v1-style",
];

pub fn golden(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/golden")
        .join(part)
}

pub fn lines(file: &str) -> Vec<Value> {
    lines_of(&golden(file))
}

pub fn json(file: &str) -> Value {
    json_of(&golden(file))
}

/// The JSON value on each line of a file.
pub fn lines_of(path: &Path) -> Vec<Value> {
    std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The JSON value that a file is.
pub fn json_of(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub fn model(name: &str, device: &Device) -> RewardModel {
    load(&golden("models").join(name), device, Precision::F32)
}

/// The model of a checkpoint's directory.
pub fn load(dir: &Path, device: &Device, precision: Precision) -> RewardModel {
    let path = dir.join("config.json");
    let config = ModelConfig::parse(&std::fs::read_to_string(&path).unwrap(), &path).unwrap();
    let mut weights = Weights::open(&dir.into(), device)
        .unwrap()
        .with_precision(precision);
    let model = RewardModel::load(&mut weights, &config).unwrap();
    weights.finish().unwrap();
    model
}

pub fn ids(value: &Value) -> Vec<u32> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|id| u32::try_from(id.as_u64().unwrap()).unwrap())
        .collect()
}

pub fn conversation(value: &Value) -> Vec<Message> {
    serde_json::from_value(value.clone()).unwrap()
}

/// Logits of token rows computed together.
pub fn logits(model: &RewardModel, rows: &[Vec<u32>]) -> Vec<f32> {
    let rows: Vec<TokenRow> = rows.iter().map(|ids| ids.as_slice().into()).collect();
    numbers(model, &rows)
}

/// The numbers of token rows computed together.
pub fn numbers(model: &RewardModel, rows: &[TokenRow]) -> Vec<f32> {
    let positions: Vec<Vec<usize>> = rows
        .iter()
        .map(|row| model.config().head.positions(row.ids).unwrap())
        .collect();
    model
        .logits(&TokenRows::new(rows.iter().copied()), &positions)
        .into_data()
        .try_to_vec()
        .unwrap()
}

/// The rows as a model's workers take them.
pub fn input_rows<'a>(model: &RewardModel, rows: &'a [Vec<u32>]) -> Vec<InputRow<'a>> {
    rows.iter()
        .map(|row| model.config().input_row(row.as_slice().into()).unwrap())
        .collect()
}

pub fn float(value: &Value) -> f32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the golden files hold f32 values"
    )]
    let value = value.as_f64().unwrap() as f32;
    value
}

/// A recorded text, of which long ones are given by their hash.
pub fn is_recorded(text: &str, recorded: &Value) -> bool {
    match recorded.as_str() {
        Some(whole) => whole == text,
        None => {
            recorded["chars"] == text.chars().count()
                && recorded["sha256"] == hexadecimal(&Sha256::digest(text))
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A verdict that is correct or wrong by the same margin.
pub fn verdict(row: usize, subset: &str, correct: bool) -> ScoredItem {
    let margin = if correct { 0.5 } else { -0.5 };
    let both = BothOrders {
        logit_ab: margin,
        tokens_ab: 1,
        tokens_ba: 1,
        ..BothOrders::default()
    };
    let outcome = Outcome::Pairwise(both);
    ScoredItem {
        row,
        subset: subset.to_owned(),
        id: None,
        outcome,
        is_tie: false,
        precision: None,
    }
}

/// Copies a checkpoint; all weights of its second encoder layer become zero.
pub fn broken(model: &str, to: &Path) {
    for entry in std::fs::read_dir(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("quickstart")
            .join(model),
    )
    .unwrap()
    {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
    let path = to.join("model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    let header = 8 + usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let tensors: serde_json::Map<String, Value> =
        serde_json::from_slice(&bytes[8..header]).unwrap();
    let mut zeroed = 0;
    for (_, tensor) in tensors
        .iter()
        .filter(|(name, _)| name.contains("encoder.layer.1."))
    {
        let [start, end] = [0, 1].map(|i| {
            header + usize::try_from(tensor["data_offsets"][i].as_u64().unwrap()).unwrap()
        });
        bytes[start..end].fill(0);
        zeroed += 1;
    }
    assert!(zeroed > 10, "{zeroed}");
    std::fs::write(path, bytes).unwrap();
}
