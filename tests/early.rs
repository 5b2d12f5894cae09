//! `pairbench run --against`: scoring ends where the gate is settled.
#![allow(clippy::too_many_lines, reason = "one table of cases a test")]

#[path = "common/binary.rs"]
mod binary;
mod common;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use binary::run as pairbench;
use polars::prelude::*;
use serde_json::Value;

/// The last good run, and a checkpoint that lost a layer: made once for all tests.
fn good() -> &'static str {
    &world().0
}

fn broken() -> &'static str {
    &world().1
}

fn world() -> &'static (String, String, tempfile::TempDir) {
    static WORLD: OnceLock<(String, String, tempfile::TempDir)> = OnceLock::new();
    WORLD.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let [good, broken] = ["good", "broken"].map(|name| dir.path().join(name));
        let (_, stderr, code) = pairbench(&["run", "--out", good.to_str().unwrap()]);
        assert_eq!(code, 0, "{stderr}");
        std::fs::create_dir(&broken).unwrap();
        common::broken("pairrm", &broken);
        (
            good.display().to_string(),
            broken.display().to_string(),
            dir,
        )
    })
}

/// The quickstart's pairs, scored against the good run of pairrm.
fn against(model: &str, more: &[&str]) -> (String, String, i32) {
    let baseline = format!("{}:pairrm", good());
    pairbench(
        &[
            &[
                "run",
                "--benchmark",
                "quickstart",
                "--model",
                model,
                "--against",
                &baseline,
            ],
            more,
        ]
        .concat(),
    )
}

/// The pairs that it took, of all 636.
fn taken(text: &str) -> usize {
    let (_, rest) = text
        .split_once("settled after ")
        .unwrap_or_else(|| panic!("{text}"));
    let (taken, rest) = rest
        .split_once(" of 636 pairs (")
        .unwrap_or_else(|| panic!("{text}"));
    assert!(rest.starts_with("error rate 5 % or less"), "{rest}");
    taken.parse().unwrap()
}

fn column(dir: &Path, name: &str) -> Column {
    let frame = ParquetReader::new(std::fs::File::open(dir.join("verdicts.parquet")).unwrap())
        .finish()
        .unwrap();
    frame.column(name).unwrap().clone()
}

fn rows(dir: &Path) -> Vec<i64> {
    column(dir, "row").i64().unwrap().iter().flatten().collect()
}

fn json(path: PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_model_against_itself_passes_after_the_pairs_that_it_takes() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let (stdout, stderr, code) = against(
        "quickstart/pairrm",
        &[
            "--gate",
            "drop:average:0.05",
            "--format",
            "json",
            "--out",
            out.to_str().unwrap(),
        ],
    );
    assert_eq!(code, 0, "{stderr}");
    let found: Value = serde_json::from_str(&stdout).unwrap();
    let taken = taken(
        found["notes"]
            .as_array()
            .unwrap()
            .iter()
            .find_map(|note| note.as_str().filter(|note| note.starts_with("settled")))
            .unwrap(),
    );
    // Ten rounds of 48, the smallest subset: ln(160) / (0.98 · 11 · 0.05) = 9.4. They have 10 of 48
    // and 12 of 60 pairs: 2 · 10 + 9 · 12.
    assert_eq!(taken, 128);
    assert_eq!(
        (
            found["gate"][0]["status"].as_str(),
            found["matching"]["pairs"].as_u64(),
            found["changed"].as_u64()
        ),
        (Some("pass"), Some(taken as u64), Some(0))
    );
    assert_eq!(found["subsets"].as_object().unwrap().len(), 11);
    assert_eq!(
        (&found["baseline"], &found["candidate"]),
        (
            &format!("pairrm ({})", good()).into(),
            &format!("pairrm ({})", out.display()).into()
        )
    );
    assert!(
        stderr.contains(&format!("pairrm: settled after {taken} of 636 pairs")),
        "{stderr}"
    );

    // What was scored is kept: in the order of the data, under its own row numbers, and with its
    // own verdicts.
    let scored = rows(&out);
    assert!(
        scored.len() == taken && scored.is_sorted_by(|a, b| a < b) && scored[taken - 1] > 600,
        "{scored:?}"
    );
    let (all, of_all) = (
        column(Path::new(good()), "logit_ab"),
        column(Path::new(good()), "model"),
    );
    let (all, of_all) = (all.f32().unwrap(), of_all.str().unwrap());
    let first = of_all
        .iter()
        .position(|name| name == Some("pairrm"))
        .unwrap();
    for (row, logit) in scored
        .iter()
        .zip(column(&out, "logit_ab").f32().unwrap().iter())
    {
        assert_eq!(
            all.get(first + usize::try_from(*row).unwrap()),
            logit,
            "row {row}"
        );
    }
    let (summary, record) = (json(out.join("summary.json")), json(out.join("run.json")));
    assert_eq!(
        summary["partial"],
        format!(
            "{taken} of 636 pairs, in random order: the gate was settled (--against); 95 % \
             intervals of accuracies do not allow for that"
        )
    );
    let n: u64 = summary["models"]["pairrm"]["subsets"]
        .as_object()
        .unwrap()
        .values()
        .map(|subset| subset["n"].as_u64().unwrap())
        .sum();
    assert_eq!(
        (n, record["models"][0]["pairs"].as_u64()),
        (taken as u64, Some(taken as u64))
    );
    assert_eq!(
        (&record["plan"]["gate"][0], &record["plan"]["seed"]),
        (&Value::from("drop:average:0.05"), &Value::from(240_313_787))
    );
    assert!(
        std::fs::read_to_string(out.join("report.md"))
            .unwrap()
            .contains("PARTIAL: ")
    );

    // It is finished: the gate's answer is made again, and no other question is answered.
    let before = std::fs::read(out.join("run.json")).unwrap();
    let resume = |gate: &[&str], format: &str| {
        let resume = [
            "--resume",
            "--out",
            out.to_str().unwrap(),
            "--format",
            format,
        ];
        against("quickstart/pairrm", &[&resume[..], gate].concat())
    };
    let (again, stderr, code) = resume(&["--gate", "drop:average:0.05"], "json");
    assert_eq!((code, again), (0, stdout), "{stderr}");
    assert!(!stderr.contains("loaded in"), "{stderr}");
    for (gate, differs) in [
        (&["--gate", "drop:average:0.06"][..], "gate.rules[0]"),
        (&["--gate", "drop:average:0.05", "--seed", "5"], "gate.seed"),
    ] {
        let (_, stderr, code) = resume(gate, "table");
        assert!(
            code == 2 && stderr.contains(&format!("plan differs: {differs}\n")),
            "{code} {stderr}"
        );
    }
    let (_, stderr, code) = pairbench(&[
        "run",
        "--benchmark",
        "quickstart",
        "--model",
        "quickstart/pairrm",
        "--out",
        out.to_str().unwrap(),
        "--resume",
    ]);
    assert!(
        code == 2 && stderr.contains("plan differs: gate\n"),
        "{code} {stderr}"
    );
    assert_eq!(std::fs::read(out.join("run.json")).unwrap(), before);

    // As a baseline it lacks pairs.
    let (_, stderr, code) = pairbench(&[
        "run",
        "--benchmark",
        "quickstart",
        "--model",
        "quickstart/pairrm",
        "--against",
        out.to_str().unwrap(),
        "--gate",
        "drop:average:0.05",
    ]);
    assert!(
        code == 4 && stderr.contains(&format!("it lacks {} of 636 pairs", 636 - taken)),
        "{code} {stderr}"
    );
}

/// A gate that is easier to settle would need fewer verdicts than the journal has.
#[test]
#[cfg_attr(not(feature = "_test-hooks"), ignore = "needs --features _test-hooks")]
fn a_killed_run_goes_on_to_the_answer_of_its_own_gate() {
    let dir = tempfile::tempdir().unwrap();
    let [whole, out] = ["whole", "out"].map(|name| dir.path().join(name));
    let gate = |limit: &str, out: &Path, more: &[&str]| {
        let limit = format!("drop:average:{limit}");
        let gate = ["--gate", &limit, "--out", out.to_str().unwrap()];
        against("quickstart/pairrm", &[&gate[..], more].concat())
    };
    let (answer, stderr, code) = gate("0.05", &whole, &["--format", "json"]);
    assert_eq!(code, 0, "{stderr}");
    let baseline = format!("{}:pairrm", good());
    let killed = binary::pairbench()
        .args([
            "run",
            "--benchmark",
            "quickstart",
            "--model",
            "quickstart/pairrm",
            "--against",
        ])
        .args([&baseline, "--gate", "drop:average:0.05", "--out"])
        .arg(&out)
        .env("PAIRBENCH_TEST_ABORT", "verdicts.parquet")
        .output()
        .unwrap();
    assert_eq!(killed.status.code(), None);
    let (_, stderr, code) = gate("0.5", &out, &["--resume"]);
    assert!(
        code == 2
            && stderr.contains("plan differs: gate.rules[0]")
            && stderr.contains(r#"was "drop:average:0.05", is "drop:average:0.5""#),
        "{code} {stderr}"
    );
    let (resumed, stderr, code) = gate("0.05", &out, &["--resume", "--format", "json"]);
    assert_eq!(code, 0, "{stderr}");
    let place = |text: &str, dir: &Path| text.replace(dir.to_str().unwrap(), "DIR");
    assert_eq!(place(&resumed, &out), place(&answer, &whole));
    binary::assert_same_run(&whole, &out);
    let record = binary::record(&out);
    let model = &record["models"][0];
    assert_eq!(
        (&model["pairs"], &model["resumed"]),
        (&128.into(), &128.into())
    );
    let verdicts = |at: usize| record["sessions"][at]["verdicts"].as_u64().unwrap();
    assert!(
        verdicts(0) >= 128 && verdicts(1) == 0,
        "{}",
        record["sessions"]
    );
}

/// The interval and the p-value of a line.
fn line(found: &Value, block: &str, name: &str) -> (f64, f64, f64) {
    let line = &found[block][name];
    let [low, high] = ["low", "high"].map(|end| line["difference"][end].as_f64().unwrap());
    (low, high, line["p"].as_f64().unwrap())
}

#[test]
fn a_run_that_was_stopped_early_is_compared_by_its_sequence() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let gate = "drop:average:0.05";
    let more = [
        "--gate",
        gate,
        "--format",
        "json",
        "--out",
        out.to_str().unwrap(),
    ];
    let (stdout, stderr, code) = against("quickstart/pairrm", &more);
    assert_eq!(code, 0, "{stderr}");
    let then: Value = serde_json::from_str(&stdout).unwrap();
    let record = json(out.join("run.json"));
    let order = record["stopped_early"]["order"].as_array().unwrap();
    let mut sorted: Vec<i64> = order.iter().map(|row| row.as_i64().unwrap()).collect();
    assert!(!sorted.is_sorted(), "{order:?}");
    sorted.sort_unstable();
    assert_eq!(sorted, rows(&out));
    let planned = record["stopped_early"]["planned"].as_object().unwrap();
    assert_eq!(
        planned.values().map(|n| n.as_u64().unwrap()).sum::<u64>(),
        636
    );

    let good = format!("{}:pairrm", good());
    let sides = ["compare", &good, out.to_str().unwrap()];
    let (_, stderr, code) = pairbench(&sides);
    assert!(
        code == 4
            && stderr.contains("the candidate lacks 508 pairs of the baseline")
            && stderr.contains("fixed-sample intervals do not hold for it"),
        "{code} {stderr}"
    );
    let (stdout, stderr, code) = pairbench(&[&sides[..], &["--allow-partial"]].concat());
    assert!(
        code == 0
            && stdout.contains("candidate: PARTIAL: 128 of 636 pairs")
            && stdout.contains("stopped early by a gate, after 128 of 636 pairs: fixed-sample")
            && !stdout.contains("Newcombe"),
        "{stdout}{stderr}"
    );
    // The same intervals as when it was stopped, and the same answer to the same rule.
    let sides = [&sides[..], &["--allow-partial", "--format", "json"]].concat();
    let gate = ["--strict-gate", "--gate", gate];
    let (stdout, stderr, code) = pairbench(&[&sides[..], &gate].concat());
    assert_eq!(code, 0, "{stderr}");
    let now: Value = serde_json::from_str(&stdout).unwrap();
    for (block, name) in [
        ("totals", "average"),
        ("subsets", "chat-length"),
        ("sections", "Chat"),
    ] {
        assert_eq!(line(&now, block, name), line(&then, block, name), "{name}");
    }
    assert_eq!(now["gate"][0]["measured"], then["gate"][0]["measured"]);
    assert_eq!(
        now["stopped_early"],
        serde_json::json!({ "scored": 128, "planned": 636 })
    );
    assert_eq!(now["missing"], serde_json::json!({}));
    // ln(80) / (0.98 · 10 · 11) for one line at 95 %: ten rounds of eleven subsets, nothing lost.
    let (low, _, p) = line(&now, "totals", "average");
    assert!(
        (low + 80.0_f64.ln() / (0.98 * 110.0)).abs() < 1e-9 && (p - 1.0).abs() < 1e-12,
        "{low} {p}"
    );

    // Other rules by the same sequence, or by what the pairs that are left cannot change.
    for (rule, expected) in [
        ("drop:average:0.2", 0),
        ("drop:average:0.01", 8),
        ("max-invalid:0", 8),
        ("max-invalid:508", 0),
        ("min:average:0.99", 3),
        ("min:average:0.6", 8),
        ("significant-drop:total:0.05", 8),
    ] {
        let gate = ["--strict-gate", "--gate", rule];
        let (stdout, stderr, code) = pairbench(&[&sides[..], &gate].concat());
        assert_eq!(code, expected, "{rule}: {stdout}{stderr}");
    }
    // As a baseline, too.
    let (stdout, stderr, code) = pairbench(&["compare", out.to_str().unwrap(), &good]);
    assert!(
        code == 0
            && stdout.contains("baseline: PARTIAL: 128 of 636 pairs")
            && stdout.contains("fixed-sample intervals do not hold"),
        "{stdout}{stderr}"
    );

    // An order that is not that of the verdicts is no order.
    let path = out.join("run.json");
    let whole = std::fs::read_to_string(&path).unwrap();
    let first = order[0].as_i64().unwrap();
    for (key, value) in [
        ("order", serde_json::json!([first])),
        ("order", serde_json::json!(vec![first; 128])),
        ("planned", serde_json::json!({ "chat-length": 636 })),
        ("planned", serde_json::json!({})),
    ] {
        let mut changed: Value = serde_json::from_str(&whole).unwrap();
        changed["stopped_early"][key] = value;
        std::fs::write(&path, changed.to_string()).unwrap();
        let (_, stderr, code) = pairbench(&sides);
        assert!(
            code == 4 && stderr.contains("stopped_early"),
            "{key}: {code} {stderr}"
        );
    }
}

#[test]
fn a_broken_layer_is_found_after_few_pairs() {
    let (stdout, stderr, code) = against(
        broken(),
        &["--gate", "drop:average:0.05", "--gate", "max-invalid:0"],
    );
    assert!(
        code == 3 && stderr.contains("failed to pass the gate: 1 of 2 rules"),
        "{code} {stderr}"
    );
    assert!(taken(&stdout) < 200, "{stdout}");
    for expected in [
        "✗ fail  drop:average:0.05: average -0.",
        "97.5 % confidence sequence [",
        "    look at ",
        "~ inconclusive  max-invalid:0: not settled yet: 0 invalid verdicts so far",
        "stopped early by a gate, after ",
        "gate: 2 rules: 0 passed, 1 failed, 1 inconclusive; exit code 3: a rule failed",
    ] {
        assert!(stdout.contains(expected), "{expected}: {stdout}");
    }
    let (stdout, _, code) = against(broken(), &["--gate", "significant-drop:subset:*:0.05"]);
    assert!(
        code == 3 && taken(&stdout) < 400 && stdout.contains("sequential p"),
        "{stdout}"
    );
}

#[test]
fn neither_threads_nor_batches_change_the_answer() {
    let run = |more: &[&str]| {
        let (stdout, _, code) = against(
            broken(),
            &[
                &[
                    "--gate",
                    "drop:average:0.05",
                    "--gate",
                    "drop:section:*:0.1",
                ],
                more,
            ]
            .concat(),
        );
        assert_eq!(code, 3);
        stdout
    };
    let one = run(&["--threads", "1", "--batch-tokens", "300"]);
    assert_eq!(one, run(&["--threads", "2", "--batch-tokens", "4096"]));
    // Another seed, other pairs, the same answer.
    let other = run(&["--seed", "5"]);
    assert!(other != one && taken(&other) < 200, "{other}");
}

#[test]
fn what_is_not_settled_scores_every_pair() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let gate = [
        "--gate",
        "drop:average:0",
        "--gate",
        "max-invalid:0",
        "--gate",
        "min:section:Safety:0.9",
        "--strict-gate",
    ];
    let (stdout, stderr, code) = against(
        "quickstart/pairrm",
        &[&gate[..], &["--out", out.to_str().unwrap()]].concat(),
    );
    assert_eq!(code, 8, "{stderr}");
    assert!(
        stdout.contains("not settled early: every pair was scored (636)")
            && stdout.contains("~ inconclusive  drop:average:0: average +0.0000, 97.5 % interval"),
        "{stdout}"
    );
    assert!(
        stdout.contains("✓ pass  min:section:Safety:0.9: Safety 1.0000, limit 0.9; settled after "),
        "{stdout}"
    );
    assert_eq!(
        (rows(&out), &json(out.join("summary.json"))["partial"]),
        ((0..636).collect(), &Value::Null)
    );
    // Better-pairrm is worse by about 0.05: more than 636 pairs would tell on which side.
    let (stdout, stderr, code) = against(
        "quickstart/better-pairrm",
        &["--gate", "drop:average:0.05", "--strict-gate"],
    );
    assert!(
        code == 8 && stdout.contains("~ inconclusive  drop:average:0.05: average -0.0"),
        "{code} {stdout}{stderr}"
    );
}

#[test]
fn every_format_of_a_comparison_shows_it() {
    for format in ["markdown", "csv", "junit", "github"] {
        let (stdout, _, code) = against(
            broken(),
            &[
                "--gate",
                "drop:average:0.05",
                "--limit",
                "300",
                "--allow-partial",
                "--format",
                format,
            ],
        );
        let expected = match format {
            "csv" => "total,average,",
            "junit" => "<failure message=\"its scope lacks 336 pairs",
            _ => "settled after ",
        };
        assert!(
            code == 3 && stdout.contains(expected),
            "{format} {code} {stdout}"
        );
    }
}

#[test]
fn what_does_not_go_together_is_refused_before_anything_is_scored() {
    let gate = ["--gate", "drop:average:0.05"];
    let refused = |arguments: &[&str], code: i32, says: &str| {
        let (stdout, stderr, found) = pairbench(&[&["run"], arguments].concat());
        assert!(
            found == code
                && stdout.is_empty()
                && stderr.contains(says)
                && !stderr.contains("loaded in"),
            "{arguments:?}: {found} {stderr}"
        );
    };
    let model = ["--model", "quickstart/pairrm"];
    refused(&gate, 2, "--against");
    refused(&["--seed", "1"], 2, "--against");
    refused(&[&model[..], &["--against", good()]].concat(), 2, "--gate");
    let base = |more: &[&'static str]| [&["--against", good()][..], &gate, more].concat();
    refused(&base(&[]), 2, "it judges one model, and 0 are named");
    refused(
        &base(&[
            "--model",
            "quickstart/pairrm",
            "--model",
            "quickstart/better-pairrm",
        ]),
        2,
        "2 are named",
    );
    refused(
        &base(&["--model", "quickstart/pairrm", "--published", "model-card"]),
        2,
        "--published",
    );
    refused(
        &base(&[
            "--model",
            "quickstart/pairrm",
            "--dtype",
            "int8",
            "--int8-batch",
            "64",
        ]),
        2,
        "--int8-batch",
    );
    refused(
        &base(&["--model", "quickstart/pairrm", "--format", "latex"]),
        2,
        "--format",
    );
    refused(
        &base(&["--model", "quickstart/pairrm", "--gate", "drop:nothing:0"]),
        2,
        "unknown scope `nothing`",
    );
    refused(
        &base(&[
            "--model",
            "quickstart/pairrm",
            "--gate",
            "drop:section:Chatt:0",
        ]),
        2,
        "nothing that it names was compared",
    );
    refused(
        &base(&["--model", "x=quickstart/pairrm"]),
        2,
        "has pairrm, better-pairrm",
    );
    refused(
        &[&model[..], &gate, &["--against", "/no/such/run"]].concat(),
        5,
        "failed to find run",
    );
    refused(
        &[&model[..], &gate, &["--against", "model-card"]].concat(),
        2,
        "a published table has no verdicts",
    );
    refused(
        &base(&[
            "--model",
            "pairrm=quickstart/pairrm",
            "--data",
            "tests/data/golden/none.jsonl",
        ]),
        5,
        "none.jsonl",
    );
}
