//! Result files of other programs as run directories.
#![allow(clippy::too_many_lines, reason = "one table of cases a test")]

#[path = "common/binary.rs"]
mod binary;

use std::fs;
use std::path::{Path, PathBuf};

use binary::{json_file, record, run};
use serde_json::{Value, json};

fn results(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/results")
        .join(name)
}

/// `pairbench import`; stdout, stderr and exit code.
fn import(files: &[&str], out: &Path, more: &[&str]) -> (String, String, i32) {
    run(&[&["import", "--out", out.to_str().unwrap()], files, more].concat())
}

fn imported(file: &Path, out: &Path, more: &[&str]) {
    let (_, stderr, code) = import(&[file.to_str().unwrap()], out, more);
    assert_eq!(code, 0, "{stderr}");
}

/// A run's report in JSON.
fn report(run_dir: &Path) -> Value {
    let (stdout, stderr, code) = run(&["report", run_dir.to_str().unwrap(), "--format", "json"]);
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

/// Accuracies by subset.
fn accuracies(run_dir: &Path) -> Value {
    let report = report(run_dir);
    let (_, model) = report["models"].as_object().unwrap().iter().next().unwrap();
    let subsets = model["subsets"].as_object().unwrap().iter();
    subsets
        .map(|(name, own)| (name.clone(), own["accuracy"].clone()))
        .collect()
}

const PARTIAL: [&str; 3] = ["--benchmark", "reward-bench", "--allow-partial"];
const PARTIAL_2: [&str; 3] = ["--benchmark", "reward-bench-2", "--allow-partial"];

/// What reward-bench itself counts of the same scores.
#[test]
fn the_figures_are_those_of_the_program_that_wrote_the_file() {
    let dir = tempfile::tempdir().unwrap();
    for (scores, figures, more) in [
        ("scores.json", "accuracies.json", PARTIAL),
        ("scores-2.json", "accuracies-2.json", PARTIAL_2),
    ] {
        let out = dir.path().join(scores);
        imported(&results(scores), &out, &more);
        let mut theirs = json_file(&results(figures));
        for key in ["model", "model_type", "chat_template"] {
            theirs.as_object_mut().unwrap().remove(key);
        }
        let ours = accuracies(&out);
        for (subset, value) in theirs.as_object().unwrap() {
            let difference = ours[subset].as_f64().unwrap() - value.as_f64().unwrap();
            assert!(difference.abs() < 1e-12, "{subset}: {ours}");
        }
        assert_eq!(
            ours.as_object().unwrap().len(),
            theirs.as_object().unwrap().len()
        );
    }
}

#[test]
fn a_report_says_that_the_results_were_not_measured() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    let scores = results("scores.json");
    let (stdout, stderr, code) = import(&[scores.to_str().unwrap()], &out, &PARTIAL);
    assert_eq!(code, 0, "{stderr}");
    for expected in [
        "reward-bench: imported, 3 pairs, PARTIAL",
        "imported, not measured by pairbench: reward-bench scores scores.json",
        "contract   not recorded; chat template raw",
        "precision  not recorded, weights not recorded",
        "truncation not recorded",
    ] {
        assert!(stdout.contains(expected), "{expected}: {stdout}");
    }
    assert!(!stdout.contains("nothing truncated"), "{stdout}");
    let record = record(&out);
    let model = &record["models"][0];
    assert_eq!(model["imported"]["model_type"], "Seq. Classifier");
    assert_eq!(
        model["imported"]["files"][0]["layout"],
        "reward-bench scores"
    );
    assert!(model.get("facts").is_none(), "{model}");
    let provenance = &report(&out)["models"]["example-org/tiny-rm"];
    assert_eq!(provenance["truncated"], Value::Null);
    let out_path = out.to_str().unwrap();
    let (_, stderr, code) = run(&["run", "--resume", "--out", out_path]);
    assert!(code == 2 && stderr.contains("was imported"), "{stderr}");
    // No number of pairs gives a scalar model a position bias.
    let gate = ["--gate", "max-position-bias:0.5", "--allow-partial"];
    let (stdout, _, code) = run(&[&["compare", out_path, out_path], &gate[..]].concat());
    assert!(
        code == 0 && stdout.contains("no number of pairs would settle it"),
        "{stdout}"
    );
    assert!(!stdout.contains("must be scored to settle it"), "{stdout}");
    // The folder says whose machine it was.
    let file = &provenance["provenance"]["imported"]["files"][0];
    assert_eq!(file["path"], "scores.json");
}

/// The same scores in three layouts are the same run.
#[test]
fn every_layout_gives_the_same_verdicts() {
    let dir = tempfile::tempdir().unwrap();
    let [scores, outputs] = ["scores", "outputs"].map(|name| dir.path().join(name));
    imported(&results("scores.json"), &scores, &[]);
    imported(&results("tiny-rm_outputs.jsonl"), &outputs, &[]);
    assert_eq!(accuracies(&scores), accuracies(&outputs));
    assert_eq!(record(&outputs)["models"][0]["name"], "tiny-rm");
    let (stdout, stderr, code) = run(&[
        "compare",
        scores.to_str().unwrap(),
        outputs.to_str().unwrap(),
        "--gate",
        "min:average:0.7",
    ]);
    assert_eq!(code, 0, "{stderr}");
    let said = "3 pairs in both, matched by subset and id; verdicts changed: 0";
    assert!(stdout.contains(said), "{stdout}");
    // lm-eval's number of a document is not the data's id.
    let samples = results("example-org__tiny-rm/samples_hep-rust_2026-01-15T10-30-00.000000.jsonl");
    let lm_eval = dir.path().join("lm-eval");
    imported(&samples, &lm_eval, &[]);
    assert_eq!(record(&lm_eval)["models"][0]["name"], "example-org/tiny-rm");
    assert_eq!(accuracies(&lm_eval), json!({ "hep-rust": 0.5 }));
    let compared = [
        "compare",
        scores.to_str().unwrap(),
        lm_eval.to_str().unwrap(),
    ];
    let (_, stderr, code) = run(&compared);
    assert!(
        code == 4 && stderr.contains("no pair in common"),
        "{stderr}"
    );
}

#[test]
fn several_models_are_columns_of_one_run() {
    let dir = tempfile::tempdir().unwrap();
    let mut other = json_file(&results("scores.json"));
    // In another order, as older files are, and with other scores.
    for key in [
        "id",
        "subset",
        "results",
        "scores_chosen",
        "scores_rejected",
        "text_chosen",
        "text_rejected",
    ] {
        other[key].as_array_mut().unwrap().reverse();
    }
    other["scores_chosen"] = json!([-1.0, 2.0, 3.0]);
    other["results"] = json!([0, 1, 1]);
    other["model"] = json!("example-org/other");
    let file = dir.path().join("other.json");
    fs::write(&file, other.to_string()).unwrap();
    let scores = results("scores.json");
    let out = dir.path().join("both");
    let files = [scores.to_str().unwrap(), file.to_str().unwrap()];
    let (stdout, stderr, code) = import(&files, &out, &[]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.contains("2 models side by side are 2 tests of subsets"),
        "{stdout}"
    );
    let (stdout, stderr, code) = run(&["report", out.to_str().unwrap(), "--format", "json"]);
    assert_eq!(code, 0, "{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    let of = |model: &str| report["models"][model]["subsets"]["hep-rust"]["accuracy"].clone();
    assert_eq!(
        (of("example-org/tiny-rm"), of("example-org/other")),
        (json!(0.5), json!(0.5))
    );
    assert_eq!(report["several_tests"]["subsets"]["tests"], 2);
    // Of these two rows each model is right on another one, whatever the files' orders.
    let (stdout, ..) = run(&[
        "compare",
        &format!("{}:example-org/tiny-rm", out.display()),
        &format!("{}:example-org/other", out.display()),
    ]);
    assert!(stdout.contains("verdicts changed: 2"), "{stdout}");
    // The same name twice, and other items.
    let (_, stderr, code) = import(&[files[0], files[0]], &dir.path().join("x"), &[]);
    assert!(
        code == 4 && stderr.contains("id 3 of subset refusals-offensive occurs twice"),
        "{stderr}"
    );
    let second = results("scores-2.json");
    let files = [files[0], second.to_str().unwrap()];
    let named = [files[0].to_owned(), format!("b={}", files[1])];
    let named = named.each_ref().map(String::as_str);
    let (_, stderr, code) = import(&named, &dir.path().join("y"), &PARTIAL_2);
    assert!(
        code == 4 && stderr.contains("reward-bench-2 has no subset"),
        "{stderr}"
    );
}

#[test]
fn with_the_data_pairs_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let (bare, whole) = (dir.path().join("bare"), dir.path().join("whole"));
    imported(&results("scores.json"), &bare, &[]);
    let (_, stderr, code) = run(&["show", bare.to_str().unwrap()]);
    assert!(
        code == 5 && stderr.contains("imported without their data"),
        "{stderr}"
    );
    let data = results("filtered.jsonl");
    let data = ["--data", data.to_str().unwrap()];
    imported(&results("scores.json"), &whole, &data);
    let shown = ["show", whole.to_str().unwrap(), "--id", "3"];
    let (stdout, ..) = run(&[&shown[..], &["--format", "json"]].concat());
    let shown_pair: Value = serde_json::from_str(&stdout).unwrap();
    let said = &shown_pair["pairs"][0]["models"][0];
    assert_eq!(
        (&said["tokens_chosen"], &said["cut"]),
        (&Value::Null, &Value::Null)
    );
    let (stdout, stderr, code) = run(&shown);
    assert!(
        code == 0 && stdout.contains("Your neighbour is a turnip."),
        "{stderr}"
    );
    // Data of another benchmark.
    let other = results("test-2.jsonl");
    let other = [
        "--data",
        other.to_str().unwrap(),
        "--benchmark",
        "reward-bench-2",
        "--allow-partial",
    ];
    let scores = results("scores.json");
    let (_, stderr, code) = import(&[scores.to_str().unwrap()], &dir.path().join("x"), &other);
    assert!(
        code == 4
            && stderr.contains("row 0 (id 3 of subset refusals-offensive) is not in the data"),
        "{stderr}"
    );
}

/// Damage to a good file, the exit code, and what the error says.
#[test]
fn what_is_wrong_in_a_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.json");
    let scores = fs::read_to_string(results("scores.json")).unwrap();
    let scores: Value = serde_json::from_str(&scores).unwrap();
    let with = |key: &str, value: Value| {
        let mut damaged = scores.clone();
        damaged[key] = value;
        damaged.to_string()
    };
    let without = |key: &str| {
        let mut damaged = scores.clone();
        damaged.as_object_mut().unwrap().remove(key);
        damaged.to_string()
    };
    let outputs = fs::read_to_string(results("tiny-rm_outputs.jsonl")).unwrap();
    let samples = results("example-org__tiny-rm/samples_hep-rust_2026-01-15T10-30-00.000000.jsonl");
    let samples = fs::read_to_string(samples).unwrap();
    for (text, says) in [
        (String::new(), "the file is empty"),
        ("[1, 2]".to_owned(), "line 1: not a JSON object"),
        ("{\"a\": 1}".to_owned(), "found the keys: a"),
        (
            scores.to_string().replace("]}", "]"),
            "the JSON ends too early",
        ),
        (without("results"), "no key `results`"),
        (
            fs::read_to_string(results("accuracies.json")).unwrap(),
            "in eval-set-scores or",
        ),
        (
            r#"{"accuracy": 1, "num_prompts": 1}"#.to_owned(),
            "give MODEL_outputs.jsonl",
        ),
        (
            r#"{"results": {}, "configs": {}}"#.to_owned(),
            "--log_samples",
        ),
        (
            r#"{"chosen": 1, "rejected": 0}"#.to_owned(),
            "which pair a score is of",
        ),
        (
            with("scores_chosen", json!([1.25, 0.125])),
            "`results` has 3, `scores_chosen` has 2",
        ),
        (
            with("subset", json!(["a"])),
            "`results` has 3, `subset` has 1",
        ),
        (
            with("subset", json!([1, 2, 3])),
            "row 0, key `subset`: expected a text",
        ),
        (with("subset", json!("a")), "key `subset`: expected a list"),
        (
            with("id", json!([3, 0.5, 1])),
            "row 1, key `id`: expected a whole number or a text",
        ),
        (
            with("scores_rejected", json!([null, 0.125, 0.5])),
            "a verdict without a number",
        ),
        (
            with("scores_rejected", json!([-0.5, "0.125", 0.5])),
            "row 1, key `scores_rejected`",
        ),
        (
            with("scores_rejected", json!([-0.5, [1, 2], 0.5])),
            "expected one score, found 2",
        ),
        (
            with("scores_rejected", json!([-0.5, 1e39, 0.5])),
            "row 1, key `scores_chosen`: 1000000",
        ),
        (
            with("results", json!([1, 1, 1])),
            "row 1, key `results`: the result is 1",
        ),
        (
            with("results", json!([1, 0, 2])),
            "row 2, key `results`: expected a number from 0 to 1",
        ),
        (with("results", json!([])), "`results` has 0"),
        (
            with("id", json!([0, 1, 1])),
            "id 1 of subset hep-rust occurs twice, first in row 1",
        ),
        (without("scores_chosen"), "a verdict without a number"),
        (without("subset"), "no key `subset`"),
        (
            scores.to_string().replace("-0.5", "NaN"),
            "row 0, key `scores_rejected`: NaN",
        ),
        (
            scores.to_string().replacen('{', "{\"id\":[],", 1),
            "key `id`: the key occurs twice",
        ),
        (
            outputs.replacen("\"results\": 0", "\"results\": 1", 1),
            "row 1, key `results`",
        ),
        (
            outputs.replacen("\"results\": 1, ", "", 1),
            "row 0, key `results`: the row has no such key",
        ),
        (outputs.clone() + "x", "line 4: not one JSON object"),
        (
            samples.replacen("\"acc\": 1.0", "\"acc\": 0.0", 1),
            "row 1, key `acc`: the result is 0",
        ),
        (
            samples.replacen("\"target\": \"0\"", "\"target\": \"2\"", 1),
            "row 0, key `target`: choice 2 of 2",
        ),
        (
            samples.replace("[[\"0.75\", \"False\"]", "[\"text\""),
            "only multiple-choice tasks",
        ),
    ] {
        fs::write(&file, &text).unwrap();
        let out = dir.path().join("out");
        let name = format!("m={}", file.display());
        let (stdout, stderr, code) = import(&[&name], &out, &[]);
        assert!(code == 4 && stdout.is_empty(), "{says}: {code} {stderr}");
        assert!(stderr.contains(says), "{says}: {stderr}");
        assert!(
            stderr.contains("x.json") && stderr.lines().count() <= 3,
            "{stderr}"
        );
        assert!(!out.join("run.json").exists(), "{says}");
    }
    // More than a file can have is refused before it is read; the file has no blocks.
    fs::File::create(&file)
        .unwrap()
        .set_len((1 << 30) + 1)
        .unwrap();
    let name = file.to_str().unwrap();
    let (_, stderr, code) = import(&[name], &dir.path().join("out"), &[]);
    assert!(
        code == 4 && stderr.contains("accepted: up to 1073741824"),
        "{stderr}"
    );
    let (_, stderr, code) = import(&["none.json"], &dir.path().join("out"), &[]);
    assert_eq!(code, 5, "{stderr}");
}

#[test]
fn what_does_not_fit_the_benchmark_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let [one, two] = ["scores.json", "scores-2.json"].map(results);
    let [one, two] = [&one, &two].map(|path| path.to_str().unwrap());
    for (file, more, code, says) in [
        (
            one,
            &["--benchmark", "reward-bench"][..],
            4,
            "score what is there with --allow-partial",
        ),
        (
            one,
            &["--benchmark", "nowhere"],
            5,
            "failed to find benchmark",
        ),
        (
            one,
            &PARTIAL_2,
            4,
            "reward-bench-2 has no subset refusals-offensive",
        ),
        (two, &[], 4, "without a benchmark every row is a pair"),
    ] {
        let (_, stderr, found) = import(&[file], &out, more);
        assert!(found == code && stderr.contains(says), "{says}: {stderr}");
    }
    imported(&results("scores.json"), &out, &[]);
    let (_, stderr, code) = import(&[one], &out, &[]);
    assert!(code == 2 && stderr.contains("there is a run"), "{stderr}");
    let (_, stderr, code) = import(&[one], &out, &["--overwrite"]);
    assert_eq!(code, 0, "{stderr}");
    let (_, stderr, code) = run(&[
        "merge",
        out.to_str().unwrap(),
        "--out",
        dir.path().join("merged").to_str().unwrap(),
    ]);
    assert!(code == 2 && stderr.contains("not a shard"), "{stderr}");
}

/// Numbers that nobody counted are null, and a file that lacks only some of them is refused.
#[test]
fn verdicts_have_no_tokens() {
    use polars::prelude::{ParquetReader, SerReader};
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    imported(&results("scores.json"), &out, &[]);
    let file = fs::File::open(out.join("verdicts.parquet")).unwrap();
    let frame = ParquetReader::new(file).finish().unwrap();
    for column in [
        "tokens_chosen",
        "tokens_rejected",
        "source_cut",
        "chosen_cut",
        "rejected_cut",
    ] {
        assert_eq!(frame.column(column).unwrap().null_count(), 3, "{column}");
    }
    let chosen = frame.column("score_chosen").unwrap().f32().unwrap();
    assert_eq!(
        chosen.iter().flatten().collect::<Vec<_>>(),
        [1.25, 0.125, 0.75]
    );
}
