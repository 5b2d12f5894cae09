//! Devices: what is refused, and that every GPU of this build and machine, a software device
//! included, finds the reference's verdicts. A kind named by `PAIRBENCH_TEST_DEVICE` must be there;
//! others are skipped where they are not.

#[path = "common/binary.rs"]
mod binary;
#[cfg(feature = "_gpu")]
mod common;
#[cfg(feature = "_gpu")]
#[path = "common/gpus.rs"]
mod gpus_there;
#[path = "common/skipped.rs"]
mod skipped;

use std::ops::ControlFlow;

use binary::pairbench;
use burn::tensor::Device;
use pairbench::benchmark::Benchmark;
use pairbench::benchmark::quickstart;
use pairbench::checkpoint::Precision;
use pairbench::checkpoint::{Checkpoint, ModelSpec};
use pairbench::data;
use pairbench::device::Limits;
use pairbench::kernels::cpu::dot::Engine;
use pairbench::scoring;
use pairbench::scoring::{Scorer, Step};
use pairbench::support::hub::Hub;
use skipped::skipped;

#[test]
fn a_device_that_cannot_be_had_is_an_error_with_its_remedy() {
    for (device, code, says) in [
        ("cuda:99", 5, "--device cpu always works|docs/gpu.md"),
        (
            "gpu",
            2,
            "is none of auto, cpu, cuda, rocm, metal, vulkan, webgpu",
        ),
        ("cuda:0,vulkan:0", 2, "of one kind"),
    ] {
        let output = pairbench()
            .args(["run", "--limit", "2", "--device", device])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{device}: {said}");
        assert!(
            says.split('|').any(|part| said.contains(part)),
            "{device}: {said}"
        );
        assert!(output.stdout.is_empty(), "{device}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

/// bf16 where the processor multiplies it; elsewhere the reason and what to take instead.
#[test]
fn bf16_on_a_cpu_is_computed_or_refused_by_name() {
    let output = pairbench()
        .args(["run", "--limit", "2", "--device", "cpu", "--dtype", "bf16"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if Engine::all_for_bf16().is_empty() {
        assert_eq!(output.status.code(), Some(5), "{said}");
        assert!(said.contains("neither AVX512-BF16 nor AMX"), "{said}");
        assert!(said.contains("hint: take --dtype f32"), "{said}");
        skipped("a run in bf16", "this processor lacks its instructions");
    } else {
        assert_eq!(output.status.code(), Some(0), "{said}");
    }
}

#[test]
fn doctor_has_a_line_for_every_kind_of_device() {
    let output = pairbench().arg("doctor").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for kind in ["cuda", "rocm", "metal", "vulkan", "webgpu"] {
        assert!(
            text.lines()
                .any(|line| line.starts_with(&format!("device {kind}"))),
            "{kind}: {text}"
        );
    }
}

/// As on two GPUs: each worker takes the next piece of the pairs, and every pair is scored once, as
/// by one.
#[test]
fn two_devices_find_the_verdicts_of_one() {
    let hub = Hub::new(true);
    let spec: ModelSpec = quickstart::checkpoints().next().unwrap().parse().unwrap();
    let checkpoint = Checkpoint::open(&spec, spec.resolve(&hub, None).unwrap(), None).unwrap();
    let pairs = data::load(
        &Benchmark::quickstart().unwrap().files(&hub).unwrap().files,
        &data::ColumnMap::default(),
    )
    .unwrap();
    let pairs = &pairs[..150];
    let verdicts = |devices: usize, stop: usize| {
        let models = (0..devices)
            .map(|_| {
                checkpoint
                    .load_model(&Device::flex(), Precision::F32)
                    .unwrap()
            })
            .collect();
        let scorer = Scorer {
            models,
            exact: None,
            queues: false,
        };
        let mut seen = 0;
        let each = |step: &Step| {
            seen += step.scored.len();
            Ok(if seen >= stop {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        };
        let (mut verdicts, _) = scoring::score(
            pairs,
            checkpoint.template,
            &checkpoint.tokenizer,
            &scorer,
            Limits::default(),
            each,
        )
        .unwrap();
        verdicts.sort_by_key(|verdict| verdict.row);
        (verdicts, seen)
    };
    let (one, two) = (verdicts(1, usize::MAX), verdicts(2, usize::MAX));
    assert_eq!(one.1, 150);
    assert_eq!(one, two);
    // Both end when one is told to.
    let (some, seen) = verdicts(2, 20);
    assert!((20..150).contains(&seen) && some.len() == seen, "{seen}");
}

#[cfg(feature = "_gpu")]
mod gpus {
    use std::path::Path;

    use burn::tensor::DType;

    use super::binary::pairbench;
    use super::common::{MODELS, PARITY, float, golden, ids, input_rows, lines, load};
    use super::gpus_there::there;
    use super::skipped::skipped;
    use pairbench::checkpoint::{HalfType, Precision};
    use pairbench::device::{Devices, Limits};
    use pairbench::model::InputRow;
    use pairbench::scoring::{Scorer, Verdict, logits};

    /// Margins of the golden pairs whose rows are shorter than 700 tokens (a software device is
    /// slow), with their records.
    fn margins(
        name: &str,
        devices: &Devices,
        precision: Precision,
    ) -> Vec<(serde_json::Value, f32)> {
        let scorer = Scorer {
            models: vec![load(
                &golden("models").join(name),
                &devices.burn()[0],
                precision,
            )],
            exact: None,
            queues: true,
        };
        let records: Vec<serde_json::Value> = lines(&format!("{name}.jsonl"))
            .into_iter()
            .filter(|r| r["f32"]["delta"].is_number() && r["length_ab"].as_u64() < Some(700))
            .collect();
        let rows: Vec<Vec<u32>> = records
            .iter()
            .flat_map(|r| [ids(&r["ids_ab"]), ids(&r["ids_ba"])])
            .collect();
        let rows = input_rows(&scorer.models[0], &rows);
        let limits = Limits {
            batch_tokens: 1024,
            ..Limits::default()
        };
        let found = logits(
            &rows,
            &limits.batches(&rows.iter().map(InputRow::len).collect::<Vec<_>>()),
            &scorer,
            limits,
        )
        .unwrap();
        if precision == Precision::F32 {
            for (record, found) in records.iter().zip(found.as_chunks::<2>().0) {
                let expected = [
                    float(&record["f32"]["logit_ab"]),
                    float(&record["f32"]["logit_ba"]),
                ];
                assert!(
                    expected
                        .iter()
                        .zip(found)
                        .all(|(a, b)| (a - b).abs() < PARITY),
                    "{name} {}: {found:?} {expected:?}",
                    record["id"]
                );
            }
        }
        records
            .into_iter()
            .zip(found.as_chunks::<2>().0.iter().map(|[ab, ba]| ab - ba))
            .collect()
    }

    fn no_verdict_turns(name: &str, devices: &Devices, precision: Precision) {
        let margins = margins(name, devices, precision);
        assert!(margins.len() >= 15);
        for (record, margin) in margins {
            if record["ids_equal"] == false && record["near_tie"] == false {
                let expected = record["f32"]["decision"].as_bool().unwrap();
                assert_eq!(
                    Verdict::of_margin(margin) == Verdict::Correct,
                    expected,
                    "{} {precision:?} {name} {}: {margin}",
                    devices.name(),
                    record["id"]
                );
            }
        }
    }

    #[test]
    fn f32_finds_the_logits_and_verdicts_of_the_reference() {
        for (_, devices) in there("devices::gpus") {
            for name in MODELS {
                no_verdict_turns(name, &devices, Precision::F32);
            }
        }
    }

    /// What `--dtype auto` rests upon.
    #[test]
    fn f16_turns_no_golden_verdict() {
        for (api, devices) in there("devices::gpus") {
            if let Err(why) = devices.works_in(DType::F16) {
                skipped(&format!("devices::gpus in f16, {}", api.name()), &why);
                continue;
            }
            for name in MODELS {
                no_verdict_turns(name, &devices, Precision::Half(HalfType::F16));
            }
        }
    }

    /// The same run on the CPU and on each device, through the binary.
    #[test]
    fn a_run_has_the_verdicts_of_the_cpu() {
        let verdicts = |device: &str| {
            let dir = tempfile::tempdir().unwrap();
            let out = dir.path().join("run");
            let run = pairbench()
                .args([
                    "run", "--limit", "12", "--device", device, "--dtype", "f32", "--out",
                ])
                .arg(&out)
                .output()
                .unwrap();
            assert!(
                run.status.success(),
                "{}",
                String::from_utf8_lossy(&run.stderr)
            );
            let run = pairbench::scoring::run_dir::RunDir::open(&out).unwrap();
            ["pairrm", "better-pairrm"].map(|name| {
                run.verdicts_of(name)
                    .unwrap()
                    .iter()
                    .map(pairbench::scoring::ScoredItem::verdict)
                    .collect::<Vec<_>>()
            })
        };
        let expected = verdicts("cpu");
        assert_eq!(expected[0].len(), 12);
        for (api, _) in there("devices::gpus") {
            assert_eq!(verdicts(api.name()), expected, "{}", api.name());
        }
    }

    /// A model whose logits no f16 can hold: all of its rows are computed again in f32.
    #[test]
    fn logits_that_half_precision_cannot_hold_are_computed_in_f32() {
        // f16 holds the weights, of which the largest is 0.967, and not the largest logits.
        const FACTOR: f32 = 6.7e4;
        const MOST: f32 = 65_504.0;
        let name = MODELS[0];
        let dir = tempfile::tempdir().unwrap();
        scaled(
            &golden("models").join(name),
            dir.path(),
            "head_layer.4.weight",
            FACTOR,
        );
        for (api, devices) in there("devices::gpus")
            .into_iter()
            .filter(|(_, devices)| devices.works_in(DType::F16).is_ok())
        {
            let load = |precision| load(dir.path(), &devices.burn()[0], precision);
            let records: Vec<serde_json::Value> = lines(&format!("{name}.jsonl"))
                .into_iter()
                .filter(|r| r["f32"]["delta"].is_number())
                .filter(|r| {
                    let logits = ["logit_ab", "logit_ba"].map(|key| float(&r["f32"][key]));
                    logits.iter().all(|logit| FACTOR * logit.abs() > MOST)
                })
                .take(2)
                .collect();
            assert_eq!(records.len(), 2);
            let rows: Vec<Vec<u32>> = records
                .iter()
                .flat_map(|r| [ids(&r["ids_ab"]), ids(&r["ids_ba"])])
                .collect();
            let exact = load(Precision::F32);
            let rows = input_rows(&exact, &rows);
            let found = |model, exact| {
                let scorer = Scorer {
                    models: vec![model],
                    exact,
                    queues: true,
                };
                logits(&rows, &[vec![0, 1, 2, 3]], &scorer, Limits::default()).unwrap()
            };
            let expected = found(exact, None);
            assert!(
                expected.iter().all(|logit| logit.abs() > MOST),
                "{expected:?}"
            );
            assert!(
                found(load(Precision::Half(HalfType::F16)), None)
                    .iter()
                    .all(|logit| !logit.is_finite()),
                "{}",
                api.name()
            );
            let again = |_: usize| Ok(load(Precision::F32));
            assert_eq!(
                found(load(Precision::Half(HalfType::F16)), Some(&again)),
                expected,
                "{}",
                api.name()
            );
        }
    }

    /// Copies a checkpoint, one f32 tensor multiplied.
    fn scaled(from: &Path, to: &Path, tensor: &str, factor: f32) {
        std::fs::copy(from.join("config.json"), to.join("config.json")).unwrap();
        let mut bytes = std::fs::read(from.join("model.safetensors")).unwrap();
        let (header, metadata) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        let (start, end) = metadata.info(tensor).unwrap().data_offsets;
        for value in bytes[8 + header + start..8 + header + end]
            .as_chunks_mut::<4>()
            .0
        {
            *value = (f32::from_le_bytes(*value) * factor).to_le_bytes();
        }
        std::fs::write(to.join("model.safetensors"), bytes).unwrap();
    }
}
