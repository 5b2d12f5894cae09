//! A gate judges what is there and says what it judged: runs that lack pairs, through the binary.
#![allow(clippy::too_many_lines, reason = "one table of cases a test")]

#[path = "common/binary.rs"]
mod binary;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use binary::run as pairbench;
use polars::prelude::*;
use serde_json::Value;

const MODEL: &str = "quickstart/pairrm";

/// Every rule that a run passes against itself.
const GATE: [&str; 8] = [
    "drop:average:0.5",
    "drop:subset:*:0.5",
    "drop:section:*:0.5",
    "min:average:0",
    "significant-drop:total:0.05",
    "max-invalid:0",
    "max-ties:1000",
    "max-position-bias:1",
];

fn rules<'a>(rules: &[&'a str]) -> Vec<&'a str> {
    rules.iter().flat_map(|rule| ["--gate", rule]).collect()
}

/// The whole quickstart, and parts of it: made once for all tests.
struct Runs {
    whole: String,
    /// The first pair only.
    limited: String,
    /// One subset, whole.
    subset: String,
    /// Without one row, from a file and without a benchmark.
    less: String,
    _dir: tempfile::TempDir,
}

fn scored(out: &Path, more: &[&str]) -> String {
    let out = out.to_str().unwrap();
    let arguments = ["run", "--model", MODEL, "--out", out];
    let (_, stderr, code) = pairbench(&[&arguments, more].concat());
    assert_eq!(code, 0, "{stderr}");
    out.to_owned()
}

fn runs() -> &'static Runs {
    static RUNS: OnceLock<Runs> = OnceLock::new();
    RUNS.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let benchmark = ["--benchmark", "quickstart"];
        let part = |name: &str, more: &[&str]| {
            scored(&dir.path().join(name), &[&benchmark, more].concat())
        };
        let pairs = std::fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("benchmarks/quickstart/pairs.jsonl"),
        )
        .unwrap();
        let lines: Vec<&str> = pairs.lines().skip(1).collect();
        let data = dir.path().join("less.jsonl");
        std::fs::write(&data, lines.join("\n")).unwrap();
        Runs {
            whole: part("whole", &[]),
            limited: part("limited", &["--limit", "1", "--allow-partial"]),
            subset: part("subset", &["--subset", "chat-length"]),
            less: scored(
                &dir.path().join("less"),
                &["--data", data.to_str().unwrap()],
            ),
            _dir: dir,
        }
    })
}

fn subset_of_first_pair() -> String {
    let path = Path::new(&runs().limited).join("verdicts.parquet");
    let frame = ParquetReader::new(File::open(path).unwrap())
        .finish()
        .unwrap();
    let subset = frame.column("subset").unwrap().str().unwrap().get(0);
    subset.unwrap().to_owned()
}

#[test]
fn a_candidate_that_lacks_pairs_is_refused_with_what_it_lacks() {
    let Runs {
        whole,
        limited,
        subset,
        less,
        ..
    } = runs();
    let first = subset_of_first_pair();
    for (candidate, lacks, named) in [
        (limited, "lacks 635 pairs", "chat-"),
        (subset, "lacks 576 pairs", "chat-"),
        (less, "lacks 1 pair of the baseline", first.as_str()),
    ] {
        for gate in [&["--strict-gate", "--gate", "max-invalid:0"][..], &[]] {
            let (stdout, stderr, code) =
                pairbench(&[&["compare", whole, candidate], gate].concat());
            assert!(
                code == 4
                    && stdout.is_empty()
                    && stderr.contains(lacks)
                    && stderr.contains(named)
                    && stderr.contains("--allow-partial"),
                "{code} {stderr}"
            );
        }
    }
}

#[test]
fn no_rule_that_lacks_pairs_passes() {
    let Runs {
        whole,
        limited,
        subset,
        less,
        ..
    } = runs();
    for candidate in [limited, subset, less] {
        let sides = [
            "compare",
            whole,
            candidate,
            "--allow-partial",
            "--strict-gate",
        ];
        for rule in GATE {
            let (stdout, stderr, code) = pairbench(&[&sides[..], &["--gate", rule]].concat());
            assert!(
                code == 8 && stdout.contains("PARTIAL") && stdout.contains("~ inconclusive"),
                "{candidate} {rule}: {code} {stdout}{stderr}"
            );
            let last = stderr.lines().last().unwrap();
            assert!(
                last.starts_with("gate: 1 rule: 0 passed, 0 failed, 1 inconclusive; exit code 8: ")
                    && last.contains("must be scored to settle it"),
                "{stderr}"
            );
        }
        // Without --strict-gate it ends with 0 and says so.
        let sides = ["compare", whole, candidate, "--allow-partial"];
        let (_, stderr, code) = pairbench(&[&sides[..], &rules(&GATE)].concat());
        assert!(
            code == 0
                && stderr
                    .contains("0 passed, 0 failed, 8 inconclusive; exit code 0: no rule failed"),
            "{stderr}"
        );
    }
    // What is complete can pass.
    let gate = ["--strict-gate", "--gate", "drop:subset:chat-l*:0.5"];
    let sides = ["compare", whole, subset, "--allow-partial"];
    let (stdout, stderr, code) = pairbench(&[&sides[..], &gate].concat());
    assert_eq!(code, 0, "{stdout}{stderr}");
    // And what is there can fail.
    let gate = ["--gate", "min:average:1.0", "--gate", "max-position-bias:0"];
    let (_, stderr, code) = pairbench(&[&sides[..], &gate].concat());
    assert!(
        code == 3 && stderr.contains("its scope lacks 576 pairs"),
        "{stderr}"
    );
}

#[test]
fn new_pairs_are_not_judged_and_a_partial_baseline_makes_nothing_whole() {
    let Runs {
        whole,
        limited,
        subset,
        ..
    } = runs();
    for baseline in [limited, subset] {
        let sides = ["compare", baseline, whole, "--strict-gate"];
        let (stdout, _, code) = pairbench(&[&sides[..], &rules(&["drop:average:0.5"])].concat());
        assert!(
            code == 8
                && stdout.contains("baseline: PARTIAL: ")
                && stdout.contains("PARTIAL: not compared: ")
                && stdout.contains("only in the candidate, left out: "),
            "{code} {stdout}"
        );
    }
    // Both have the same part: its own figures are whole, the benchmark's are not.
    let sides = ["compare", subset, subset, "--strict-gate"];
    for (rule, expected) in [
        ("drop:subset:*:0.5", 8),
        ("drop:subset:chat-length:0.5", 0),
        ("min:average:0.1", 8),
    ] {
        let (stdout, _, code) = pairbench(&[&sides[..], &rules(&[rule])].concat());
        assert_eq!(code, expected, "{rule}: {stdout}");
    }
}

/// Where nothing else says how many pairs there should be, a table's counts do.
#[test]
fn a_published_baseline_counts_pairs() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("a.jsonl");
    let row = |id: usize| {
        format!(
            r#"{{"prompt":"p {id}","chosen":"yes","rejected":"no","subset":"hep-go","id":{id}}}"#
        )
    };
    std::fs::write(&data, (0..164).map(row).collect::<Vec<_>>().join("\n")).unwrap();
    let out = scored(&dir.path().join("run"), &["--data", data.to_str().unwrap()]);
    let sides = ["compare", "model-card:PairRM-hf", &out];
    let (_, stderr, code) = pairbench(&sides);
    assert!(
        code == 4 && stderr.contains("lacks 2821 pairs of the baseline"),
        "{code} {stderr}"
    );
    let judge = |rule: &str, more: &[&str]| {
        pairbench(&[&sides[..], &["--allow-partial", "--gate", rule], more].concat())
    };
    assert_eq!(judge("min:average:0", &["--strict-gate"]).2, 8);
    assert_eq!(judge("min:subset:hep-go:0", &["--strict-gate"]).2, 0);
    // No number of pairs gives a table verdicts.
    let (stdout, _, _) = judge("significant-drop:subset:hep-go:0.05", &[]);
    assert!(
        stdout.contains("no number of pairs would settle it"),
        "{stdout}"
    );
}

#[test]
fn while_scoring_the_same_holds() {
    let Runs { whole, subset, .. } = runs();
    let run = |baseline: &str, more: &[&str]| {
        let arguments = [
            "run",
            "--model",
            MODEL,
            "--benchmark",
            "quickstart",
            "--against",
        ];
        pairbench(&[&arguments, &[baseline][..], more].concat())
    };
    for part in [&["--limit", "100"][..], &["--subset", "chat-*"]] {
        let gate = ["--strict-gate", "--gate", "drop:average:0.9"];
        let (stdout, stderr, code) = run(whole, &[part, &gate].concat());
        assert!(
            code == 4
                && stdout.is_empty()
                && stderr.contains("failed to compare: the candidate lacks ")
                && !stderr.contains("loaded in"),
            "{part:?}: {code} {stderr}"
        );
        let (stdout, stderr, code) = run(whole, &[part, &gate, &["--allow-partial"]].concat());
        assert!(
            code == 8
                && stdout.contains("its scope lacks ")
                && stdout.contains("PARTIAL: not compared: ")
                && stderr
                    .lines()
                    .last()
                    .unwrap()
                    .starts_with("gate: 1 rule: 0 passed"),
            "{part:?}: {code} {stdout}{stderr}"
        );
    }
    // A baseline that is itself a part, and the same part: only its own figures can pass.
    for (rule, expected) in [("drop:subset:chat-length:0.9", 0), ("drop:average:0.9", 8)] {
        let part = ["--subset", "chat-length", "--strict-gate", "--gate", rule];
        let (stdout, stderr, code) = run(subset, &part);
        assert_eq!(code, expected, "{rule}: {stdout}{stderr}");
    }
}

#[test]
fn every_format_says_what_was_judged() {
    let Runs { whole, subset, .. } = runs();
    let gate = [
        "--gate",
        "drop:average:0.01",
        "--gate",
        "min:subset:chat-length:0.1",
    ];
    for format in [
        "table", "markdown", "html", "json", "csv", "junit", "github",
    ] {
        let sides = [
            "compare",
            whole,
            subset,
            "--allow-partial",
            "--format",
            format,
        ];
        let (stdout, stderr, code) = pairbench(&[&sides[..], &gate].concat());
        assert_eq!(code, 0, "{format}: {stderr}");
        if format == "json" {
            let found: Value = serde_json::from_str(&stdout).unwrap();
            assert_eq!(
                (
                    &found["conclusion"]["passed"],
                    &found["conclusion"]["exit_code"]
                ),
                (&1.into(), &0.into())
            );
            assert_eq!(
                (
                    &found["gate"][0]["missing"],
                    &found["gate"][0]["measured"]["limit"]
                ),
                (&576.into(), &(-0.01).into())
            );
            assert!(
                found["partial"]["candidate"]
                    .as_str()
                    .unwrap()
                    .contains("1 of 11 subsets")
            );
            assert!(
                found["gate"][0]["settled_by"]
                    .as_str()
                    .unwrap()
                    .contains("576 missing")
            );
            let missing = found["missing"].as_object().unwrap().values();
            assert_eq!(missing.map(|n| n.as_u64().unwrap()).sum::<u64>(), 576);
            let last: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
            assert!(
                last["gate"].as_str().unwrap().starts_with("gate: 2 rules"),
                "{stderr}"
            );
            continue;
        }
        // Markdown escapes brackets and hyphens at the start only.
        for expected in [
            "2 rules: 1 passed, 0 failed, 1 inconclusive; exit code 0",
            "PARTIAL",
            "1 of 11 subsets",
            "its scope lacks 576 pairs",
            "limit -0.01",
            "limit 0.1",
        ] {
            assert!(stdout.contains(expected), "{format}: {expected}: {stdout}");
        }
    }
    // A run's own formats.
    for format in [
        "table", "markdown", "html", "json", "csv", "latex", "junit", "github",
    ] {
        let (stdout, stderr, code) = pairbench(&["report", subset, "--format", format]);
        let expected = if format == "json" {
            "\"partial\": \"1 of 11"
        } else {
            "PARTIAL"
        };
        assert!(
            code == 0 && stdout.contains(expected),
            "{format}: {stdout}{stderr}"
        );
    }
    let (csv, _, _) = pairbench(&["report", subset, "--format", "csv"]);
    assert!(
        csv.contains("\ncount,ties,60,") && csv.contains("\ncount,invalid,60,0,"),
        "{csv}"
    );
    let (csv, _, _) = pairbench(&["compare", whole, whole, "--format", "csv"]);
    assert!(
        csv.contains("\ncount,ties,636,") && csv.contains("\ncount,invalid,636,0,"),
        "{csv}"
    );
}

#[test]
fn a_gate_without_a_rule_is_a_usage_error() {
    let whole = runs().whole.as_str();
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().join("gate.toml");
    std::fs::write(&empty, "rules = []").unwrap();
    let empty = empty.to_str().unwrap();
    for more in [
        &["--strict-gate"][..],
        &["--gate", empty],
        &["--gate", empty, "--strict-gate"],
    ] {
        let (stdout, stderr, code) = pairbench(&[&["compare", whole, whole], more].concat());
        assert!(
            code == 2 && stdout.is_empty() && stderr.contains("gate"),
            "{more:?}: {stderr}"
        );
    }
    let against = ["run", "--model", MODEL, "--against", whole];
    for more in [&["--strict-gate"][..], &["--gate", empty]] {
        let (_, stderr, code) = pairbench(&[&against[..], more].concat());
        assert!(code == 2 && stderr.contains("gate"), "{more:?}: {stderr}");
    }
}

#[test]
fn globs_that_match_nothing_are_errors_that_list_what_there_is() {
    let whole = runs().whole.as_str();
    let compare = |rule: &str| pairbench(&["compare", whole, whole, "--gate", rule]);
    let (stdout, stderr, code) = compare("min:subset:chat*:0.1");
    assert!(code == 0 && stdout.contains("✓ pass"), "{stderr}");
    for (rule, lists) in [
        ("drop:subset:chatt*:0.02", "chat-length"),
        ("drop:section:*Z*:0.02", "Safety"),
        ("min:subset:{a,b}:0.02", "chat-length"),
    ] {
        let (_, stderr, code) = compare(rule);
        assert!(
            code == 2 && stderr.contains(lists) && stderr.contains(rule),
            "{stderr}"
        );
    }
    let (_, stderr, code) = compare("drop:subset:chat[:0.02");
    assert!(code == 2 && stderr.contains("chat["), "{stderr}");
    let select = ["run", "--subset", "chat-*", "--subset", "chatt*"];
    let (_, stderr, code) = pairbench(&select);
    assert!(
        code == 2
            && stderr.contains("--subset chatt* matches no subset")
            && stderr.contains("chat-length"),
        "{stderr}"
    );
}

/// A copy of the whole run, whose verdicts are changed.
fn damaged(dir: &Path, change: impl Fn(DataFrame) -> DataFrame) -> PathBuf {
    let whole = Path::new(&runs().whole);
    let copy = dir.join("copy");
    std::fs::create_dir_all(&copy).unwrap();
    for name in binary::names(whole) {
        std::fs::copy(whole.join(&name), copy.join(&name)).unwrap();
    }
    let path = copy.join("verdicts.parquet");
    let frame = ParquetReader::new(File::open(&path).unwrap())
        .finish()
        .unwrap();
    let mut changed = change(frame);
    ParquetWriter::new(File::create(&path).unwrap())
        .finish(&mut changed)
        .unwrap();
    copy
}

#[test]
fn rows_are_counted_wherever_a_run_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let renamed = |frame: DataFrame| {
        let subsets = frame.column("subset").unwrap().str().unwrap().clone();
        let other =
            subsets.iter().enumerate().map(
                |(at, subset)| {
                    if at == 0 { Some("elsewhere") } else { subset }
                },
            );
        let mut frame = frame.clone();
        let other: Vec<Option<&str>> = other.collect();
        frame
            .replace("subset", Column::new("subset".into(), other))
            .unwrap();
        frame
    };
    let cases: [(&str, &dyn Fn(DataFrame) -> DataFrame); 4] = [
        (
            "verdicts.parquet has 635 rows, run.json counts 636",
            &|frame| frame.slice(1, 635),
        ),
        (
            "verdicts.parquet has 1 row, run.json counts 636",
            &|frame| frame.slice(5, 1),
        ),
        ("verdicts.parquet has row 0 twice", &|frame| {
            frame.slice(0, 635).vstack(&frame.slice(0, 1)).unwrap()
        }),
        ("are not those of the plan in run.json", &renamed),
    ];
    for (says, change) in cases {
        let copy = damaged(dir.path(), change);
        let copy = copy.to_str().unwrap();
        let whole = runs().whole.as_str();
        let f32_run = [
            "run",
            "--model",
            MODEL,
            "--dtype",
            "int8",
            "--f32-run",
            copy,
        ];
        let against = [
            "run",
            "--model",
            MODEL,
            "--against",
            copy,
            "--gate",
            "max-ties:9",
        ];
        for arguments in [
            &["compare", whole, copy][..],
            &["compare", copy, whole],
            &["compare", whole, copy, "--allow-partial"],
            &["report", copy],
            &f32_run,
            &against,
        ] {
            let (stdout, stderr, code) = pairbench(arguments);
            assert!(
                code == 4 && stdout.is_empty() && stderr.contains(says) && stderr.contains(copy),
                "{arguments:?}: {code} {stderr}"
            );
        }
    }
    // PARTIAL stands in summary.json: a run without it cannot be taken for whole.
    let copy = damaged(dir.path(), |frame| frame);
    std::fs::remove_file(copy.join("summary.json")).unwrap();
    let (_, stderr, code) = pairbench(&["compare", &runs().whole, copy.to_str().unwrap()]);
    assert!(
        code == 5 && stderr.contains("summary.json"),
        "{code} {stderr}"
    );
}
