//! What a gate takes from which side: means that a table prints, pairs that only the candidate has,
//! runs that say that they are a part, lines that so few pairs cannot show.

#[path = "common/binary.rs"]
mod binary;

use std::path::Path;

use binary::{json_file, question, run as pairbench};
use serde_json::Value;

/// A run of the quickstart's model on these pairs; returns its directory.
fn scored(dir: &Path, name: &str, pairs: &[(&str, usize)], more: &[&str]) -> String {
    let data = dir.join("pairs.jsonl");
    let rows: Vec<String> = pairs
        .iter()
        .flat_map(|(subset, n)| (0..*n).map(|id| question(subset, id)))
        .collect();
    std::fs::write(&data, rows.join("\n")).unwrap();
    let [data, out] = [data, dir.join(name)].map(|path| path.display().to_string());
    let model = "m=quickstart/pairrm";
    let arguments = ["run", "--model", model, "--data", &data, "--out", &out];
    let (_, stderr, code) = pairbench(&[&arguments[..], more].concat());
    assert_eq!(code, 0, "{stderr}");
    out
}

fn judged(sides: [&str; 2], rules: &[&str]) -> (Value, i32) {
    let gates = rules.iter().flat_map(|rule| ["--gate", rule]);
    let arguments: Vec<&str> = ["compare", sides[0], sides[1], "--strict-gate"]
        .into_iter()
        .chain(["--format", "json", "--allow-partial"])
        .chain(gates)
        .collect();
    let (stdout, stderr, code) = pairbench(&arguments);
    let document = serde_json::from_str(&stdout);
    (document.unwrap_or_else(|e| panic!("{e}: {stderr}")), code)
}

fn statuses(document: &Value) -> Vec<&str> {
    let gate = document["gate"].as_array().unwrap().iter();
    gate.map(|rule| rule["status"].as_str().unwrap()).collect()
}

/// Of PairRM the card prints an average and no section, and here are the
/// pairs of one subset only.
#[test]
fn a_published_side_has_the_means_that_are_printed_for_the_same_pairs() {
    let dir = tempfile::tempdir().unwrap();
    let benchmark = ["--benchmark", "reward-bench", "--allow-partial"];
    let run = scored(dir.path(), "run", &[("hep-go", 164)], &benchmark);
    let card = "model-card:PairRM-hf";
    for sides in [[card, run.as_str()], [run.as_str(), card]] {
        let (found, code) = judged(sides, &["drop:average:1", "min:average:0"]);
        assert_eq!((statuses(&found), code), (vec!["inconclusive"; 2], 8));
        for block in ["sections", "totals"] {
            assert_eq!(found[block], serde_json::json!({}), "{found:#}");
        }
        let subsets = found["subsets"].as_object().unwrap();
        assert_eq!(subsets.keys().collect::<Vec<_>>(), ["hep-go"]);
        // No verdicts, no ties.
        let side = usize::from(sides[0] != card);
        assert_eq!(found["ties"][side], Value::Null);
        let notes = found["notes"].to_string();
        assert!(notes.contains("not compared ("), "{notes}");
    }
}

#[test]
fn rules_about_the_candidate_judge_all_its_pairs() {
    let dir = tempfile::tempdir().unwrap();
    let pairs = [("a", 30), ("b", 20)];
    let part = scored(dir.path(), "part", &pairs, &["--limit", "30"]);
    let whole = scored(dir.path(), "whole", &pairs, &[]);
    let rules = ["min:total:0", "max-invalid:50", "min:subset:b:0"];
    let (found, code) = judged([&part, &whole], &rules);
    assert_eq!((statuses(&found), code), (vec!["pass"; 3], 0), "{found:#}");
    let measured = |rule: usize| found["gate"][rule]["measured"]["pairs"].as_u64();
    assert_eq!([0, 1, 2].map(measured), [Some(50), Some(50), Some(20)]);
    // Not those about both: how many pairs the baseline lacks nobody has counted.
    let (found, code) = judged([&part, &whole], &["drop:total:0.9"]);
    assert_eq!((statuses(&found), code), (vec!["inconclusive"], 8));
}

#[test]
fn two_parts_of_data_without_a_benchmark_pass_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let pairs = [("a", 30), ("b", 20)];
    let [one, other] =
        ["one", "other"].map(|name| scored(dir.path(), name, &pairs, &["--limit", "31"]));
    let rules = ["drop:total:0.9", "min:total:0", "max-invalid:0"];
    let (found, code) = judged([&one, &other], &rules);
    assert_eq!((statuses(&found), code), (vec!["inconclusive"; 3], 8));
    let reason = found["gate"][0]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("the candidate is PARTIAL: the first 31 of 50 pairs (--limit)"),
        "{reason}"
    );
}

/// With one pair the least p-value is 1, with five 0.0625 (the sign test).
#[test]
fn lines_that_cannot_show_a_drop_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let run = scored(dir.path(), "run", &[("five", 5), ("many", 40)], &[]);
    let (found, code) = judged([&run, &run], &["significant-drop:subset:*:0.05"]);
    assert_eq!((statuses(&found), code), (vec!["inconclusive"], 8));
    let reason = found["gate"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("5 pairs cannot show a drop") && !reason.contains("40 pairs cannot"),
        "{reason}"
    );
    let (found, code) = judged([&run, &run], &["significant-drop:subset:many:0.05"]);
    assert_eq!((statuses(&found), code), (vec!["pass"], 0));
    let notes = found["notes"].to_string();
    assert!(notes.contains("both sides are the same model"), "{notes}");
}

/// A record that counts as many rows as there are left of its plan.
#[test]
fn fewer_rows_than_planned_are_refused_whatever_the_record_counts() {
    let dir = tempfile::tempdir().unwrap();
    let run = scored(dir.path(), "run", &[("a", 9)], &[]);
    let path = Path::new(&run).join("run.json");
    let mut record = json_file(&path);
    record["plan"]["content"]["pairs"] = 10.into();
    std::fs::write(&path, record.to_string()).unwrap();
    let (_, stderr, code) = pairbench(&["report", &run]);
    assert!(
        code == 4 && stderr.contains("verdicts.parquet has 9 rows, the plan in run.json 10"),
        "{stderr}"
    );
}

/// Pairs that the benchmark does not count are left out with a word.
#[test]
fn what_a_benchmark_does_not_count_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("pairs.jsonl");
    let rows = [question("hep-go", 1), question("jokes", 2)];
    std::fs::write(&data, rows.join("\n")).unwrap();
    let (stdout, stderr, code) = pairbench(&[
        "run",
        "--model",
        "m=quickstart/pairrm",
        "--data",
        data.to_str().unwrap(),
        "--benchmark",
        "reward-bench",
        "--allow-partial",
    ]);
    let says = "1 pair of the data left out, of subsets that reward-bench does not have: jokes 1";
    assert!(
        code == 0 && stdout.contains(says) && stderr.contains(says),
        "{stdout}{stderr}"
    );
}
