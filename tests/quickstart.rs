//! The embedded demonstration: its pairs, its checkpoints, its report.

#[path = "common/binary.rs"]
mod binary;
#[path = "../examples/train_quickstart/corpus.rs"]
mod corpus;
#[path = "common/neutral.rs"]
mod neutral;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use corpus::Split;
use neutral::neutral;
use pairbench::benchmark::quickstart;
use serde_json::Value;
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

fn root(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(part)
}

fn committed_pairs() -> Vec<Value> {
    std::fs::read_to_string(root("benchmarks/quickstart/pairs.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// stdout of `pairbench run` in an empty directory.
fn run(arguments: &[&str]) -> String {
    let elsewhere = tempfile::tempdir().unwrap();
    let output = binary::pairbench()
        .arg("run")
        .args(arguments)
        .current_dir(elsewhere.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    let notice: Vec<&str> = stderr
        .lines()
        .filter(|line| line.contains("demonstration models"))
        .collect();
    assert!(
        notice.len() == 1 && notice[0].contains("llm-blender/PairRM-hf"),
        "{stderr}"
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn committed_pairs_are_what_the_templates_write() {
    let written = corpus::examples(Split::Test, 60, 1);
    let committed = committed_pairs();
    assert_eq!(written.len(), committed.len());
    for (example, pair) in written.iter().zip(&committed) {
        assert_eq!(
            [
                example.subset,
                &example.prompt,
                &example.chosen,
                &example.rejected
            ],
            ["subset", "prompt", "chosen", "rejected"].map(|key| pair[key].as_str().unwrap())
        );
    }
}

#[test]
fn at_least_600_pairs_in_at_least_8_subsets() {
    let pairs = committed_pairs();
    let subsets: HashSet<&str> = pairs
        .iter()
        .map(|pair| pair["subset"].as_str().unwrap())
        .collect();
    assert!(
        pairs.len() >= 600 && subsets.len() >= 8,
        "{} pairs, {} subsets",
        pairs.len(),
        subsets.len()
    );
    assert!(pairs.iter().all(|pair| pair["chosen"] != pair["rejected"]));
}

/// More pairs than both trainings together draw.
#[test]
fn no_test_pair_shares_its_prompt_with_a_training_pair() {
    let mut rng = fastrand::Rng::with_seed(7);
    let trained: HashSet<String> = (0..200_000)
        .map(|_| corpus::training_example(&mut rng).prompt)
        .collect();
    let subsets: HashSet<&str> = corpus::examples(Split::Train, 60, 1)
        .iter()
        .map(|e| e.subset)
        .collect();
    assert_eq!(subsets.len(), 11);
    for pair in committed_pairs() {
        assert!(
            !trained.contains(pair["prompt"].as_str().unwrap()),
            "{pair}"
        );
    }
}

#[test]
fn the_checkpoints_are_small_and_trained_but_not_perfect() {
    let size: u64 = quickstart::checkpoints()
        .flat_map(|path| std::fs::read_dir(root(path)).unwrap())
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(size < 8_000_000, "{size} bytes");

    let summary: Value = serde_json::from_str(&run(&["--format", "json"])).unwrap();
    let models: BTreeMap<String, Value> =
        serde_json::from_value(summary["models"].clone()).unwrap();
    let averages: Vec<f64> = models
        .values()
        .map(|model| model["average"]["accuracy"].as_f64().unwrap())
        .collect();
    assert_eq!(
        models.keys().collect::<Vec<_>>(),
        ["better-pairrm", "deberta-rm", "pairrm"]
    );
    assert!(
        averages
            .iter()
            .all(|accuracy| (0.8..1.0).contains(accuracy)),
        "{averages:?}"
    );
    let [a, b, c] = averages[..] else {
        panic!("{averages:?}")
    };
    let differ = |one: f64, other: f64| (one - other).abs() > 1e-9;
    assert!(differ(a, b) && differ(b, c) && differ(c, a), "{averages:?}");
}

#[test]
fn the_committed_reports_are_what_is_measured() {
    let out = tempfile::tempdir().unwrap();
    let arguments = [
        "--format",
        "markdown",
        "--out",
        out.path().to_str().unwrap(),
    ];
    let printed = run(&arguments);
    let record = binary::record(out.path());
    let page = std::fs::read_to_string(out.path().join("report.html")).unwrap();
    assert!(page.len() < 300_000, "{} bytes", page.len());
    for (file, text) in [("report.md", printed), ("report.html", page)] {
        let committed = Data::read_from(
            &root("reports/quickstart").join(file),
            Some(DataFormat::Text),
        );
        Assert::new()
            .action_env(snapbox::assert::DEFAULT_ACTION_ENV)
            .eq(neutral(&text, &record), committed.raw());
    }
}

#[test]
fn the_embedded_files_are_those_of_the_repository() {
    let embedded = quickstart::checkpoints().map(|path| quickstart::checkpoint(path).unwrap());
    for directory in embedded.chain([quickstart::benchmark()]) {
        let mut files = 0;
        for entry in std::fs::read_dir(root(directory.path)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(
                directory
                    .file(name)
                    .is_some_and(|bytes| bytes == std::fs::read(&path).unwrap()),
                "{}",
                path.display()
            );
            files += 1;
        }
        assert_eq!(files, directory.files.len());
    }
}
