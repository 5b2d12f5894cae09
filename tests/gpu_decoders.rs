//! Decoders on every GPU of this build and machine, a software device included, against the Python
//! reference. A kind named by `PAIRBENCH_TEST_DEVICE` must be there; others are skipped where they
//! are not.
#![cfg(feature = "_gpu")]

#[path = "common/binary.rs"]
mod binary;
mod common;
#[path = "common/golden_decoders.rs"]
mod golden;
#[path = "common/gpus.rs"]
mod gpus;
#[path = "common/skipped.rs"]
mod skipped;

use binary::{pairbench, question};
use burn::tensor::DType;
use common::{PARITY, float, ids, lines_of, load};
use golden::{MODELS, checkpoint, decoders};
use pairbench::checkpoint::{HalfType, Precision};
use pairbench::device::{Devices, Limits};
use pairbench::model::{InputRow, TokenRow};
use pairbench::scoring::run_dir::RunDir;
use pairbench::scoring::{Outcome, ScoredItem, Scorer, logits};
use skipped::skipped;

/// Against the reference's scores in f32, which lie between −6 and 6. In f16, which has 11 bits, the
/// rounding of the weights alone moves one by up to 0.018 (on the CPU, arithmetic in f32), that of
/// the factors, too, by up to 0.042 (lavapipe); bf16 has 3 bits less.
const HALVES: [(HalfType, DType, f32); 2] = [
    (HalfType::F16, DType::F16, 0.06),
    (HalfType::Bf16, DType::BF16, 0.5),
];

/// A row whose ids the reference recorded, with its score in f32.
struct Recorded {
    ids: Vec<u32>,
    is_first_masked: bool,
    score: f32,
}

impl Recorded {
    fn row(&self) -> TokenRow<'_> {
        TokenRow {
            is_first_masked: self.is_first_masked,
            ..TokenRow::from(self.ids.as_slice())
        }
    }
}

/// Those of up to 700 tokens: a software device is slow.
fn recorded(name: &str) -> Vec<Recorded> {
    let records = lines_of(&decoders(&format!("{name}.jsonl")));
    let of_contracts = records
        .iter()
        .flat_map(|record| [record, &record["card"]])
        .filter(|row| row["ids"].is_array() && row["n"].as_u64() < Some(700));
    of_contracts
        .map(|row| Recorded {
            ids: ids(&row["ids"]),
            is_first_masked: row["masked_first"] == true,
            score: float(&row["f32"]),
        })
        .collect()
}

/// Scores in batches of at most so many tokens.
fn scores(
    name: &str,
    rows: &[Recorded],
    devices: &Devices,
    precision: Precision,
    batch_tokens: usize,
) -> Vec<f32> {
    let model = load(&checkpoint(name), &devices.burn()[0], precision);
    let inputs: Vec<InputRow> = rows
        .iter()
        .map(|row| model.config().input_row(row.row()).unwrap())
        .collect();
    let limits = Limits {
        batch_tokens,
        ..Limits::default()
    };
    let lengths: Vec<usize> = inputs.iter().map(InputRow::len).collect();
    let scorer = Scorer {
        models: vec![model.clone()],
        exact: None,
        queues: true,
    };
    logits(&inputs, &limits.batches(&lengths), &scorer, limits).unwrap()
}

#[track_caller]
fn assert_close(found: &[f32], rows: &[Recorded], within: f32, what: &str) {
    assert_eq!(found.len(), rows.len());
    for (at, (found, row)) in found.iter().zip(rows).enumerate() {
        let expected = row.score;
        assert!(
            (found - expected).abs() < within,
            "{what} row {at}: {found} {expected}"
        );
    }
}

/// Many rows at once, and some of them each by itself.
#[test]
fn f32_finds_the_scores_of_the_reference() {
    for (api, devices) in gpus::there("gpu_decoders") {
        for name in MODELS {
            let rows = recorded(name);
            assert!(rows.len() >= 36, "{name}: {}", rows.len());
            let found = scores(name, &rows, &devices, Precision::F32, 1024);
            assert_close(&found, &rows, PARITY, &format!("{} {name}", api.name()));
            let some: Vec<Recorded> = rows.into_iter().step_by(4).collect();
            let alone = scores(name, &some, &devices, Precision::F32, 1);
            let what = format!("{} {name}, alone", api.name());
            assert_close(&alone, &some, PARITY, &what);
        }
    }
}

#[test]
fn half_precision_is_near() {
    for (api, devices) in gpus::there("gpu_decoders") {
        for (half, dtype, within) in HALVES {
            if let Err(why) = devices.works_in(dtype) {
                let what = format!("gpu_decoders in {}, {}", dtype.name(), api.name());
                skipped(&what, &why);
                continue;
            }
            for name in MODELS {
                let rows = recorded(name);
                let found = scores(name, &rows, &devices, Precision::Half(half), 1024);
                let what = format!("{} {name} in {}", api.name(), dtype.name());
                assert_close(&found, &rows, within, &what);
            }
        }
    }
}

/// Runs a decoder through the program, and gives its scores, those of a pair together.
fn run(device: &str, dtype: &str) -> Vec<f32> {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("pairs.jsonl");
    let pairs: Vec<String> = (0..12).map(|id| question("one", id)).collect();
    std::fs::write(&data, pairs.join("\n")).unwrap();
    let out = dir.path().join("run");
    let model = format!("m={},template=chat", checkpoint("tiny-qwen3-rm").display());
    let run = pairbench()
        .args(["run", "--model", &model, "--device", device])
        .args(["--dtype", dtype, "--data"])
        .arg(&data)
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{device} {dtype}: {said}");
    let run = RunDir::open(&out).unwrap();
    let items = run.verdicts_of("m").unwrap();
    let scores = |item: &ScoredItem| match &item.outcome {
        Outcome::Scalar(pair) => [pair.score_chosen, pair.score_rejected],
        other => panic!("{other:?}"),
    };
    items.iter().flat_map(scores).collect()
}

#[test]
fn a_run_has_the_scores_of_the_cpu() {
    let expected = run("cpu", "f32");
    assert_eq!(expected.len(), 24);
    for (api, devices) in gpus::there("gpu_decoders") {
        let mut dtypes = vec![("f32", PARITY), ("auto", 0.02)];
        if devices.works_in(DType::F16).is_ok() {
            dtypes.push(("verified", 0.02));
        }
        for (dtype, within) in dtypes {
            let found = run(api.name(), dtype);
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                let off = (found - expected).abs();
                assert!(off < within, "{} {dtype}: {found} {expected}", api.name());
            }
        }
    }
}

/// With the number, and the precision that would fit where the device has one.
#[test]
fn a_model_that_does_not_fit_is_refused_before_it_is_loaded() {
    let model = checkpoint("tiny-qwen3-rm");
    for (api, devices) in gpus::there("gpu_decoders") {
        let with = |bytes: u64| {
            let output = pairbench()
                .args([
                    "bench",
                    "--length",
                    "16",
                    "--tokens",
                    "16",
                    "--repeats",
                    "1",
                ])
                .args(["--device", api.name(), "--dtype", "f32", "--model"])
                .arg(&model)
                .env("PAIRBENCH_TEST_AVAILABLE", bytes.to_string())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            (said, output.status.code().unwrap())
        };
        let beside = 200 << 20;
        assert_eq!(with(beside + 800_000).1, 0);
        // 183,000 weights: 0.73 MB in f32, half of that in f16.
        let (said, code) = with(beside + 500_000);
        assert!(code == 7 && said.contains("in f32"), "{said}");
        assert!(said.contains("of memory are on the GPU"), "{said}");
        let has_f16 = devices.burn()[0].supports_dtype(DType::F16);
        let way_out = if has_f16 {
            "--dtype f16"
        } else {
            "fits in no precision"
        };
        assert!(said.contains(way_out), "{said}");
        let (said, code) = with(beside);
        assert!(code == 7 && said.contains("fits in no precision"), "{said}");
    }
}
