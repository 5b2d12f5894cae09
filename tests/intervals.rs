//! Intervals and p-values through the binary, where subsets are small or few pairs differ.

#[path = "common/binary.rs"]
mod binary;

use std::path::Path;

use serde_json::Value;

/// A pair's subset, and whether the candidate's file has its answers exchanged: a verdict that
/// changes.
type Pairs = Vec<(String, bool)>;

/// Pairs of one subset, the first `changed` of which change.
fn subset(name: &str, n: usize, changed: usize) -> Pairs {
    (0..n).map(|at| (name.to_owned(), at < changed)).collect()
}

/// A baseline that is right everywhere, and a candidate that is wrong where a pair changes.
struct Sides {
    dir: tempfile::TempDir,
    runs: [String; 2],
}

impl Sides {
    fn new(pairs: &Pairs, more: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runs = [false, true].map(|is_candidate| {
            let line = |(at, (subset, changes)): (usize, &(String, bool))| {
                // The demonstration model, which knows no greetings, prefers this one.
                let (mut chosen, mut rejected) = ("go away!", "Hi! How can I help you?");
                if is_candidate && *changes {
                    (chosen, rejected) = (rejected, chosen);
                }
                serde_json::json!({
                    "prompt": "hello!", "chosen": chosen, "rejected": rejected,
                    "subset": subset, "id": at,
                })
                .to_string()
            };
            let lines: Vec<String> = pairs.iter().enumerate().map(line).collect();
            let name = if is_candidate {
                "candidate"
            } else {
                "baseline"
            };
            run(dir.path(), name, &lines.join("\n"), more)
        });
        Self { dir, runs }
    }

    /// stdout, stderr and exit code of a comparison.
    fn compare(&self, more: &[&str]) -> (String, String, i32) {
        let output = binary::pairbench()
            .args(["compare", &self.runs[0], &self.runs[1]])
            .args(more)
            .output()
            .unwrap();
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (stdout, stderr, output.status.code().unwrap())
    }

    fn json(&self, gate: &str, code: i32) -> Value {
        let (stdout, stderr, found) = self.compare(&["--gate", gate, "--format", "json"]);
        assert_eq!(found, code, "{stderr}");
        serde_json::from_str(&stdout).unwrap()
    }
}

fn run(dir: &Path, name: &str, lines: &str, more: &[&str]) -> String {
    let data = dir.join(format!("{name}.jsonl"));
    std::fs::write(&data, lines).unwrap();
    let out = dir.join(name).display().to_string();
    let output = binary::pairbench()
        .args(["run", "--model", "quickstart/pairrm", "--out", &out])
        .args(["--data", data.to_str().unwrap()])
        .args(more)
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    out
}

fn bounds(line: &Value) -> [f64; 3] {
    ["value", "low", "high"].map(|key| line["difference"][key].as_f64().unwrap())
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-5, "{found} {expected}");
}

/// 33 of 300 pairs are lost. The upper bound of their share is Clopper and Pearson's, by scipy
/// 1.17.1: binomtest(33, 300).proportion_ci(method="exact").
#[test]
fn three_hundred_subsets_of_one_pair_are_three_hundred_pairs() {
    let pairs = |changed: usize| {
        (0..300)
            .map(|at| (format!("subset {at}"), at < changed))
            .collect()
    };
    let sides = Sides::new(&pairs(33), &[]);
    let found = sides.json("drop:average:0.11", 0);
    for line in ["average", "all pairs"] {
        let [value, low, high] = bounds(&found["totals"][line]);
        near(value, -0.11);
        near(low, LOW_OF_33);
        assert!(-0.11 < high && high < -0.06, "{high}");
    }
    assert_eq!(found["gate"][0]["status"], "inconclusive");
    // And a single run has an interval, too.
    let output = binary::pairbench()
        .args(["report", &sides.runs[1], "--format", "json"])
        .output()
        .unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let models = found["models"].as_object().unwrap();
    let average = &models.values().next().unwrap()["average"];
    near(average["low"].as_f64().unwrap(), 1.0 + LOW_OF_33);
    assert!(average["high"].as_f64().unwrap() > 0.91, "{average}");
}

const LOW_OF_33: f64 = -0.151_003;

/// 2 · 2⁻⁴ for 4 lost and none gained; with 6 it is 0.031.
#[test]
fn a_drop_of_a_few_pairs_fails_only_where_the_exact_test_rejects() {
    for (lost, p, high_is_below, status, code) in [
        (4, 0.125, false, "inconclusive", 0),
        (6, 0.031_25, true, "fail", 3),
    ] {
        let sides = Sides::new(&subset("a", 100, lost), &[]);
        let found = sides.json("drop:average:0", code);
        let average = &found["totals"]["average"];
        near(average["p"].as_f64().unwrap(), p);
        assert_eq!(bounds(average)[2] < 0.0, high_is_below, "{average}");
        assert_eq!(found["gate"][0]["status"], status);
    }
}

/// 1 − 0.025^(1/100) = 0.0362: none of 100 differs, and so large a drop would be seen.
#[test]
fn equal_verdicts_pass_what_so_many_pairs_can_show() {
    let sides = Sides::new(&subset("a", 100, 0), &[]);
    let [value, low, high] = bounds(&sides.json("drop:average:0.04", 0)["totals"]["average"]);
    near(value, 0.0);
    near(low, -0.036_217);
    near(high, 0.036_217);
    for (limit, status, code) in [("0.04", "✓ pass", 0), ("0.03", "~ inconclusive", 8)] {
        let rule = format!("drop:average:{limit}");
        let (stdout, stderr, found) = sides.compare(&["--strict-gate", "--gate", &rule]);
        assert!(
            found == code && stdout.contains(&format!("{status}  {rule}: ")),
            "{found} {stdout}{stderr}"
        );
    }
}

/// Two subsets of a section, in which a pair of the second weighs ten times as much.
#[test]
fn where_every_pair_is_lost_no_level_is_too_small() {
    let dir = tempfile::tempdir().unwrap();
    let definition = dir.path().join("mine.toml");
    std::fs::write(
        &definition,
        "name = \"mine\"\n[source]\nfiles = [\"x.jsonl\"]\n[subsets]\na = 60\nb = 20\n\
         [[sections]]\nname = \"S\"\nsubsets = [\"a\", \"b\"]\n[weights]\nb = 200\n",
    )
    .unwrap();
    let pairs = [subset("a", 60, 60), subset("b", 20, 20)].concat();
    let sides = Sides::new(&pairs, &["--benchmark", definition.to_str().unwrap()]);
    for rule in [
        "significant-drop:section:*:0.0003",
        "significant-drop:section:*:0.0000001",
        "significant-drop:average:1e-12",
    ] {
        let found = sides.json(rule, 3);
        assert_eq!(found["gate"][0]["status"], "fail", "{found}");
        assert!(found["sections"]["S"]["p"].as_f64().unwrap() > 0.0);
    }
    drop(sides.dir);
}

#[test]
fn levels_that_cannot_be_reached_are_refused() {
    let sides = Sides::new(&subset("a", 5, 5), &[]);
    // 2 · 2⁻⁵.
    let (_, stderr, code) = sides.compare(&["--gate", "significant-drop:total:0.05"]);
    assert!(
        code == 2
            && stderr.contains("significant-drop:total:0.05: so few pairs cannot")
            && stderr.contains("6.25e-2"),
        "{code} {stderr}"
    );
    assert_eq!(
        sides.compare(&["--gate", "significant-drop:total:0.07"]).2,
        3
    );
    for zero in ["0", "0.0", "-0", "1e-400"] {
        let rule = format!("significant-drop:total:{zero}");
        let (_, stderr, code) = sides.compare(&["--gate", &rule]);
        assert!(code == 2 && stderr.contains("above 0"), "{code} {stderr}");
    }
    // And before anything is scored.
    let output = binary::pairbench()
        .args([
            "run",
            "--model",
            "quickstart/pairrm",
            "--against",
            &sides.runs[0],
        ])
        .args([
            "--data",
            sides.dir.path().join("baseline.jsonl").to_str().unwrap(),
        ])
        .args(["--gate", "significant-drop:total:0.05"])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(2) && stderr.contains("so few pairs cannot"),
        "{stderr}"
    );
}
