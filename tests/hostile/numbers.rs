//! Checks 16 to 21: margins that are no numbers, ties, batches, threads, the order of the answers.

use std::fs;

use pairbench::scoring::Verdict;
use serde_json::Value;

use crate::tools::{Bench, distance, logits, quickstart_pairs, write};

/// Finite weights of the last layer that are so large that a logit is infinite, or the difference
/// of two.
#[test]
fn a_margin_that_is_no_number_is_invalid_and_never_a_loss() {
    let bench = Bench::new();
    bench.weights(|weights| {
        let last = weights
            .iter_mut()
            .find(|w| w.name == "head_layer.4.weight")
            .unwrap();
        last.cast(safetensors::Dtype::F32);
        for (at, bytes) in last.bytes.chunks_exact_mut(4).enumerate() {
            bytes.copy_from_slice(&(if at % 2 == 0 { 3e38_f32 } else { -3e38 }).to_le_bytes());
        }
    });
    let data = quickstart_pairs(&bench.path("q.jsonl"), 20);
    let out = bench.path("out");
    let done = bench.run_on(&data, &["--out", out.to_str().unwrap()]);
    assert!(
        done.code == 6
            && done
                .err
                .contains("failed to score every pair: invalid verdicts: ")
            && done.out.contains("the margin is not finite"),
        "{}{}",
        done.out,
        done.err
    );
    let run = pairbench::scoring::run_dir::RunDir::open(&out).unwrap();
    let verdicts = &run.models[0].1;
    let invalid = verdicts
        .iter()
        .filter(|v| v.verdict() == Verdict::Invalid)
        .count();
    assert!(invalid > 0 && verdicts.len() == 20, "{invalid}");
    for verdict in verdicts {
        assert_eq!(
            verdict.verdict() == Verdict::Invalid,
            !verdict.margin().is_finite(),
            "{verdict:?}"
        );
    }
    let summary: Value =
        serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
    let subsets = summary["models"]["M"]["subsets"].as_object().unwrap();
    let sum = |key: &str| {
        subsets
            .values()
            .map(|s| s[key].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!(
        (sum("n"), sum("invalid")),
        (20, invalid as u64),
        "the denominator keeps them"
    );
}

#[test]
fn the_number_of_threads_and_the_batch_change_no_byte() {
    let bench = Bench::of("tests/data/golden/models/tiny-pairrm");
    let data = quickstart_pairs(&bench.path("q.jsonl"), 20);
    let out = |more: &[&str]| {
        bench
            .run_on(&data, &[&["--format", "json"], more].concat())
            .succeeded(&format!("{more:?}"))
            .out
    };
    let verdicts = |more: &[&str]| logits(&bench.verdicts(&data, more));
    let (whole, all) = (out(&["--threads", "1"]), verdicts(&["--threads", "1"]));
    assert_eq!(all.len(), 20);
    for more in [
        ["--threads", "8"],
        ["--threads", "3"],
        ["--batch-tokens", "1"],
        ["--batch-tokens", "300"],
        ["--batch-tokens", "100000"],
    ] {
        assert_eq!(out(&more), whole, "{more:?}");
        assert_eq!(verdicts(&more), all, "{more:?}");
    }
    for dtype in ["f16", "int8"] {
        let alone = verdicts(&["--dtype", dtype, "--threads", "1", "--batch-tokens", "1"]);
        assert_eq!(
            verdicts(&["--dtype", dtype, "--threads", "8"]),
            alone,
            "{dtype}"
        );
    }
}

#[test]
fn the_order_of_the_rows_changes_no_verdict() {
    let bench = Bench::new();
    let data = quickstart_pairs(&bench.path("q.jsonl"), 60);
    let text = fs::read_to_string(&data).unwrap();
    let all = logits(&bench.verdicts(&data, &[]));
    // 37 is coprime to 60: every row once, neighbours apart.
    let lines: Vec<&str> = text.lines().collect();
    let order: Vec<usize> = (0..60).map(|i| i * 37 % 60).collect();
    let shuffled = write(
        &bench.path("s.jsonl"),
        order
            .iter()
            .map(|i| lines[*i])
            .collect::<Vec<_>>()
            .join("\n"),
    );
    let found = logits(&bench.verdicts(&shuffled, &[]));
    assert!(
        order
            .iter()
            .zip(found)
            .all(|(i, found)| found.map(f32::to_bits) == all[*i].map(f32::to_bits))
    );
}

/// With the answers exchanged both orders change places: every margin has the other sign, to the
/// last bit.
#[test]
fn exchanged_answers_have_the_opposite_margin() {
    for (checkpoint, template) in [
        ("quickstart/pairrm", "pairrm"),
        ("quickstart/better-pairrm", "better-pairrm"),
        ("tests/data/golden/models/tiny-pairrm", "pairrm"),
    ] {
        let bench = Bench::of(checkpoint);
        let data = quickstart_pairs(&bench.path("q.jsonl"), 45);
        let text = fs::read_to_string(&data).unwrap()
            + "\n"
            + &serde_json::json!({
                "prompt": "p",
                "chosen": "same",
                "rejected": "same",
                "subset": "ties",
                "id": "t",
            })
            .to_string();
        let exchange = |line: &str| {
            let mut row: Value = serde_json::from_str(line).unwrap();
            let chosen = row["chosen"].take();
            row["chosen"] = row["rejected"].take();
            row["rejected"] = chosen;
            row.to_string()
        };
        let data = write(&data, &text);
        let exchanged = write(
            &bench.path("x.jsonl"),
            text.lines().map(exchange).collect::<Vec<_>>().join("\n"),
        );
        let run = |data: &std::path::Path| {
            let out = tempfile::tempdir().unwrap();
            let model = format!("M={},template={template}", bench.path("model").display());
            crate::tools::pairbench([
                "run",
                "--model",
                &model,
                "--data",
                data.to_str().unwrap(),
                "--out",
                out.path().to_str().unwrap(),
            ])
            .succeeded("run");
            pairbench::scoring::run_dir::RunDir::open(out.path())
                .unwrap()
                .models
                .remove(0)
                .1
        };
        let (forth, back) = (run(&data), run(&exchanged));
        assert_eq!(forth.len(), 46, "{checkpoint}");
        for (a, b) in forth.iter().zip(&back) {
            assert!(a.margin() + b.margin() == 0.0, "{a:?} {b:?}");
        }
        let count = |verdicts: &[pairbench::scoring::ScoredItem], decision| {
            verdicts.iter().filter(|v| v.verdict() == decision).count()
        };
        assert_eq!(
            count(&back, Verdict::Correct),
            46 - count(&forth, Verdict::Correct) - count(&forth, Verdict::Tie)
        );
        assert!(
            count(&forth, Verdict::Tie) >= 1 && distance(&logits(&forth), &logits(&back)) > 0.0
        );
    }
}
