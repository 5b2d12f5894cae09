//! `--dtype verified`: f32's verdicts from a faster precision.

#[path = "common/binary.rs"]
mod binary;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use binary::{assert_same_run, pairbench, record, run};
use polars::prelude::*;

/// Model, row → verdict, margin and precision.
type Verdicts = BTreeMap<(String, i64), (String, f32, Option<String>)>;

fn verdicts(dir: &Path) -> Verdicts {
    let file = File::open(dir.join("verdicts.parquet")).unwrap();
    let frame = ParquetReader::new(file).finish().unwrap();
    let texts = |name: &str| frame.column(name).unwrap().str().unwrap().clone();
    let (models, verdicts) = (texts("model"), texts("verdict"));
    let rows = frame.column("row").unwrap().i64().unwrap();
    let margins = frame.column("margin").unwrap().f32().unwrap();
    let precisions = frame.column("precision").unwrap();
    let of = |at: usize| {
        let precision = precisions.str().ok().and_then(|column| column.get(at));
        let key = (models.get(at).unwrap().to_owned(), rows.get(at).unwrap());
        let verdict = verdicts.get(at).unwrap().to_owned();
        (
            key,
            (
                verdict,
                margins.get(at).unwrap(),
                precision.map(str::to_owned),
            ),
        )
    };
    (0..frame.height()).map(of).collect()
}

fn score(out: &Path, more: &[&str]) -> (String, String) {
    let device = ["run", "--device", "cpu", "--out", out.to_str().unwrap()];
    let (stdout, stderr, code) = run(&[&device[..], more].concat());
    assert_eq!(code, 0, "{stderr}");
    (stdout, stderr)
}

/// The trained models of the quickstart on their 636 pairs.
#[test]
fn verdicts_are_those_of_f32_and_the_report_says_what_was_shown() {
    let dir = tempfile::tempdir().unwrap();
    let [exact, verified] = ["exact", "verified"].map(|name| dir.path().join(name));
    score(&exact, &["--dtype", "f32"]);
    let (printed, _) = score(&verified, &["--dtype", "verified"]);
    let (exact, found) = (verdicts(&exact), verdicts(&verified));
    assert_eq!(exact.len(), 3 * 636);
    assert_eq!(found.len(), exact.len());
    let mut in_f32 = 0;
    for (key, (verdict, margin, precision)) in &found {
        let (expected, exact_margin, none) = &exact[key];
        assert_eq!(verdict, expected, "{key:?}");
        assert_eq!(*none, None);
        match precision.as_deref() {
            Some("f32") => {
                in_f32 += 1;
                assert_eq!(margin.to_bits(), exact_margin.to_bits(), "{key:?}");
            }
            Some("bf16" | "int8-affine") => {
                assert!((margin - exact_margin).abs() <= margin.abs(), "{key:?}");
            }
            other => panic!("{key:?}: {other:?}"),
        }
    }
    let record = record(&verified);
    assert_eq!(record["plan"]["dtype"], "verified");
    let mut twice = 0;
    for model in record["models"].as_array().unwrap() {
        let shown = &model["verification"];
        assert_eq!(shown["pairs"], 636);
        assert_eq!(shown["sampled"], 64);
        assert!(shown["expected_turned"].as_f64().unwrap() <= 0.05);
        let scored_twice = shown["scored_twice"].as_u64().unwrap();
        assert!((64..636).contains(&scored_twice), "{shown}");
        twice += scored_twice;
    }
    assert_eq!(in_f32, twice);
    assert_eq!(printed.matches(": verified: ").count(), 3, "{printed}");
    assert!(
        printed.contains("verdicts expected to differ from f32's"),
        "{printed}"
    );
}

const SMALL: [&str; 6] = [
    "--limit",
    "200",
    "--model",
    "quickstart/pairrm",
    "--dtype",
    "verified",
];

/// Whatever the journal holds when a run dies, it goes on to the same bytes.
#[test]
#[cfg_attr(not(feature = "_test-hooks"), ignore = "needs --features _test-hooks")]
fn a_run_that_died_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    score(&whole, &SMALL);
    let out = dir.path().join("out");
    let out_name = out.to_str().unwrap();
    let died = pairbench()
        .args(["run", "--device", "cpu", "--out", out_name])
        .args(SMALL)
        .env("PAIRBENCH_TEST_ABORT", "verdicts.parquet")
        .output()
        .unwrap();
    assert_eq!(died.status.code(), None);
    let journal = std::fs::read_to_string(out.join("journal.jsonl")).unwrap();
    let lines: Vec<&str> = journal.split_inclusive('\n').collect();
    assert!(lines.len() > 250, "200 in one precision and some in f32");
    for keep in [lines.len(), 230, 150, 3] {
        std::fs::write(out.join("journal.jsonl"), lines[..keep].concat()).unwrap();
        score(&out, &[&SMALL[..], &["--resume"]].concat());
        assert_same_run(&whole, &out);
        // Finished, it is read back.
        let (printed, _) = score(&out, &[&SMALL[..], &["--resume"]].concat());
        assert!(printed.contains(": verified: "), "{printed}");
        std::fs::remove_file(out.join("run.json")).unwrap();
    }
}

#[test]
fn shards_share_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    score(&whole, &["--dtype", "f32", "--model", "quickstart/pairrm"]);
    let parts = ["1/2", "2/2"].map(|part| {
        let out = dir.path().join(part.replace('/', "-"));
        let model = ["--dtype", "verified", "--model", "quickstart/pairrm"];
        score(&out, &[&model[..], &["--shard", part]].concat());
        out
    });
    let merged = dir.path().join("merged");
    let [one, other] = parts.each_ref().map(|part| part.to_str().unwrap());
    let (stdout, stderr, code) = run(&["merge", "--out", merged.to_str().unwrap(), one, other]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.contains("of 636 verdicts expected to differ"),
        "{stdout}"
    );
    let shown = &record(&merged)["models"][0]["verification"];
    assert!(
        shown["expected_turned"].as_f64().unwrap() <= 0.05,
        "{shown}"
    );
    let (exact, merged) = (verdicts(&whole), verdicts(&merged));
    for (key, (verdict, ..)) in &merged {
        assert_eq!(*verdict, exact[key].0);
    }
}

/// Each pass shares the cache with runs in its precision.
#[test]
fn the_cache_is_that_of_both_precisions() {
    let cache = tempfile::tempdir().unwrap();
    let says = |dtype: &str| {
        let output = pairbench()
            .args(["run", "--device", "cpu", "--limit", "100"])
            .args(["--model", "quickstart/pairrm", "--dtype", dtype])
            .env("PAIRBENCH_CACHE", cache.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stderr).unwrap()
    };
    says("f32");
    let said = says("verified");
    assert!(said.contains("in f32: "), "{said}");
    assert!(said.contains("from the cache"), "{said}");
    assert!(!said.contains("pairrm in f32: scored"), "{said}");
    let again = says("verified");
    assert!(!again.contains("scored in"), "{again}");
}

#[test]
fn bench_measures_one_precision() {
    let (_, stderr, code) = run(&[
        "bench",
        "--model",
        "quickstart/pairrm",
        "--dtype",
        "verified",
    ]);
    assert_eq!(code, 2, "{stderr}");
    assert!(
        stderr.contains("hint: measure its two precisions"),
        "{stderr}"
    );
}

/// A gate is asked about verdicts that are final.
#[test]
fn a_gate_ends_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let [baseline, out] = ["baseline", "out"].map(|name| dir.path().join(name));
    let model = ["--model", "quickstart/pairrm", "--benchmark", "quickstart"];
    score(&baseline, &[&model[..], &["--dtype", "f32"]].concat());
    let against = [
        "--dtype",
        "verified",
        "--against",
        baseline.to_str().unwrap(),
        "--gate",
        "drop:average:0.1",
    ];
    let (printed, _) = score(&out, &[&model[..], &against[..]].concat());
    assert!(printed.contains("settled after"), "{printed}");
    let (exact, found) = (verdicts(&baseline), verdicts(&out));
    assert!(found.len() < exact.len(), "{}", found.len());
    for (key, (verdict, ..)) in &found {
        assert_eq!(*verdict, exact[key].0);
    }
}
