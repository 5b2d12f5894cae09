//! Runs as files of other programs, read by what their owners publish.
#![allow(clippy::too_many_lines, reason = "a table of cases a test")]

#[path = "common/binary.rs"]
mod binary;
#[path = "common/skipped.rs"]
mod skipped;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use binary::{json_file, run};
use boon::{Compiler, Schemas};
use saphyr::{LoadableYamlNode, Yaml};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use skipped::skipped;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// Paths that `report` printed, of files below `out`.
fn exported(run_dir: &Path, format: &str, out: &Path) -> Vec<PathBuf> {
    let [run_dir, out] = [run_dir, out].map(|path| path.to_str().unwrap());
    let (stdout, stderr, code) = run(&["report", run_dir, "--format", format, "--out", out]);
    assert_eq!(code, 0, "{stderr}");
    stdout.lines().map(PathBuf::from).collect()
}

fn imported(file: &str, out: &Path, more: &[&str]) {
    let file = data("results").join(file);
    let arguments = [
        "import",
        file.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    let (_, stderr, code) = run(&[&arguments[..], more].concat());
    assert_eq!(code, 0, "{stderr}");
}

const PARTIAL: [&str; 3] = ["--benchmark", "reward-bench", "--allow-partial"];
const PARTIAL_2: [&str; 3] = ["--benchmark", "reward-bench-2", "--allow-partial"];

/// A definition of one's own.
fn definition(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The files that reward-bench's layouts were described with come back byte for byte.
#[test]
fn what_was_imported_is_written_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    for (scores, accuracies, more) in [
        ("scores.json", "accuracies.json", PARTIAL),
        ("scores-2.json", "accuracies-2.json", PARTIAL_2),
    ] {
        let [own, out] = ["run", "out"].map(|name| dir.path().join(format!("{name}-{scores}")));
        imported(scores, &own, &more);
        let files = exported(&own, "reward-bench", &out);
        for (folder, original) in [("eval-set", accuracies), ("eval-set-scores", scores)] {
            let written = out.join(folder).join("example-org/tiny-rm.json");
            assert!(files.contains(&written), "{files:?}");
            let [written, original] = [written, data("results").join(original)]
                .map(|path| fs::read_to_string(path).unwrap());
            assert_eq!(written, original);
        }
        // Written again they are the same files; another one is not replaced.
        exported(&own, "reward-bench", &out);
        fs::write(out.join("eval-set/example-org/tiny-rm.json"), "{}").unwrap();
        let [own, out] = [&own, &out].map(|path| path.to_str().unwrap());
        let (_, stderr, code) = run(&["report", own, "--format", "reward-bench", "--out", out]);
        assert!(
            code == 2 && stderr.contains("there is another file"),
            "{stderr}"
        );
    }
}

/// Two answers that share the highest score count 1/2 in version 2's layout, as 1/k of any number;
/// a pair in version 1's counts 0.
#[test]
fn two_equal_answers_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let model = data("scalar/models/tiny-deberta-rm");
    let model = format!("tiny={},template=raw", model.display());
    let rows = [("Focus", "1"), ("Ties", "ref:1"), ("Ties", "tied:1")].map(|(subset, id)| {
        let chosen = if id.starts_with("tied") {
            vec!["same", "other"]
        } else {
            vec!["same"]
        };
        json!({"subset": subset, "id": id, "prompt": "p", "chosen": chosen, "rejected": ["same"]})
    });
    let pairs = dir.path().join("rows.jsonl");
    fs::write(&pairs, rows.map(|row| row.to_string()).join("\n")).unwrap();
    let pair = json!({"subset": "s", "id": 1, "prompt": "p", "chosen": "same", "rejected": "same"});
    let bare = dir.path().join("bare.jsonl");
    fs::write(&bare, pair.to_string()).unwrap();
    let two = definition(
        dir.path(),
        "two.toml",
        "name = 'two'\nmetric = 'best-of-n'\nmetrics = { Ties = 'ties' }\n[subsets]\nFocus = 1\n\
         Ties = 2\n",
    );
    for (name, file, more, counted) in [
        ("two", &pairs, &["--benchmark", two.as_str()][..], 0.5),
        ("one", &bare, &[], 0.0),
    ] {
        let [own, out, again] = ["run", "out", "again"].map(|part| {
            dir.path()
                .join(format!("{part}-{name}"))
                .display()
                .to_string()
        });
        let file = file.to_str().unwrap();
        let arguments = ["run", "--model", &model, "--data", file, "--out", &own];
        let (_, stderr, code) = run(&[&arguments[..], more].concat());
        assert_eq!(code, 0, "{stderr}");
        let files = exported(Path::new(&own), "reward-bench", Path::new(&out));
        let written = json_file(&files[1]);
        assert_eq!(written["results"][0].as_f64(), Some(counted), "{written}");
        let arguments = ["import", files[1].to_str().unwrap(), "--out", &again];
        let (_, stderr, code) = run(&[&arguments[..], more].concat());
        assert_eq!(code, 0, "{stderr}");
        let (stdout, stderr, code) = run(&["compare", &own, &again]);
        assert!(
            code == 0 && stdout.contains("verdicts changed: 0"),
            "{stdout}{stderr}"
        );
    }
}

/// What a definition does not count may be a part: of files nobody can say.
#[test]
fn a_result_that_may_be_a_part_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let benchmark = definition(
        dir.path(),
        "mine.toml",
        "name = 'mine'\n[source]\ndataset = 'a/b'\n[subsets]\nhep-rust = 2\n\
         refusals-offensive = 0\n",
    );
    let own = dir.path().join("run");
    imported("scores.json", &own, &["--benchmark", &benchmark]);
    let own = own.to_str().unwrap();
    let out = dir.path().join("out").display().to_string();
    for more in [
        &["--format", "hub-eval-results", "--out", &out][..],
        &["--format", "model-card"],
    ] {
        let (_, stderr, code) = run(&[&["report", own], more].concat());
        assert!(
            code == 2 && stderr.contains("whether the run is whole is not known"),
            "{more:?}: {stderr}"
        );
    }
    let files = exported(Path::new(own), "every-eval-ever", Path::new(&out));
    let record = json_file(&files[0]);
    let source = &record["evaluation_results"][0]["source_data"]["additional_details"];
    assert_eq!(source["items of the benchmark"], "not known", "{record}");
}

/// A measured run: its scores, imported again, give its verdicts.
#[test]
fn what_was_measured_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let [own, out, again] = ["run", "out", "again"].map(|name| dir.path().join(name));
    let model = data("scalar/models/tiny-deberta-rm");
    let model = format!("tiny={},template=raw", model.display());
    let pairs = data("results/filtered.jsonl");
    let arguments = ["run", "--model", &model, "--data", pairs.to_str().unwrap()];
    let (_, stderr, code) = run(&[&arguments[..], &["--out", own.to_str().unwrap()]].concat());
    assert_eq!(code, 0, "{stderr}");
    let files = exported(&own, "reward-bench", &out);
    assert_eq!(
        files,
        [
            out.join("eval-set/tiny.json"),
            out.join("eval-set-scores/tiny.json")
        ]
    );
    let written = json_file(&files[0]);
    assert_eq!(
        (&written["chat_template"], &written["model_type"]),
        (&json!("raw"), &json!("Seq. Classifier"))
    );
    let arguments = [
        "import",
        files[1].to_str().unwrap(),
        "--out",
        again.to_str().unwrap(),
    ];
    let (_, stderr, code) = run(&arguments);
    assert_eq!(code, 0, "{stderr}");
    let arguments = ["compare", own.to_str().unwrap(), again.to_str().unwrap()];
    let (stdout, stderr, code) = run(&arguments);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("verdicts changed: 0"), "{stdout}");
    assert!(
        stdout.contains("candidate: imported, not measured"),
        "{stdout}"
    );
}

/// Each file against the schemas of the package `every-eval-ever` 0.3.0 (MIT).
#[test]
fn every_eval_ever_accepts_its_records() {
    let dir = tempfile::tempdir().unwrap();
    let mut compiler = Compiler::new();
    let mut schemas = Schemas::new();
    let mut compiled = |name: &str| {
        let schema = json_file(&data("every_eval_ever").join(name));
        compiler.add_resource(name, schema).unwrap();
        compiler.compile(name, &mut schemas).unwrap()
    };
    let aggregate = compiled("eval.schema.json");
    let instance = compiled("instance_level_eval.schema.json");
    for (scores, rows, more) in [
        ("scores.json", "filtered.jsonl", PARTIAL),
        ("scores-2.json", "test-2.jsonl", PARTIAL_2),
    ] {
        let [own, out] = ["run", "out"].map(|name| dir.path().join(format!("{name}-{scores}")));
        let rows = data("results").join(rows);
        imported(
            scores,
            &own,
            &[&more[..], &["--data", rows.to_str().unwrap()]].concat(),
        );
        let files = exported(&own, "every-eval-ever", &out);
        let [record, samples] = files.as_slice() else {
            panic!("{files:?}");
        };
        let record = json_file(record);
        if let Err(error) = schemas.validate(&record, aggregate) {
            panic!("{error:#}");
        }
        let text = fs::read_to_string(samples).unwrap();
        for line in text.lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            if let Err(error) = schemas.validate(&row, instance) {
                panic!("{error:#}: {line}");
            }
            assert_eq!(row["evaluation_id"], record["evaluation_id"]);
            let results = record["evaluation_results"].as_array().unwrap();
            let of = |own: &&Value| own["evaluation_result_id"] == row["evaluation_result_id"];
            assert_eq!(results.iter().filter(of).count(), 1, "{line}");
        }
        let details = &record["detailed_evaluation_results"];
        assert!(
            samples.ends_with(details["file_path"].as_str().unwrap()),
            "{details}"
        );
        let hash = pairbench::support::files::hex(&Sha256::digest(&text));
        assert_eq!(details["checksum"], hash);
        assert_eq!(details["total_rows"], text.lines().count());
    }
    // A conversation has its turns, and the numbers as the last one.
    let talk = json!({"subset": "s", "id": 1, "prompt": [
        {"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "Bye."}], "chosen": "Bye!", "rejected": "Hi!"});
    let pairs = dir.path().join("talk.jsonl");
    fs::write(&pairs, talk.to_string()).unwrap();
    let line =
        json!({"results": 1, "scores_chosen": 2.0, "scores_rejected": 1.0, "subset": "s", "id": 1});
    let outputs = dir.path().join("owner_outputs.jsonl");
    fs::write(&outputs, line.to_string()).unwrap();
    let definition = dir.path().join("talk.toml");
    fs::write(&definition, "name = \"talk\"\n[subsets]\ns = 1\n").unwrap();
    let own = dir.path().join("talk");
    let [file, pairs, definition, run_dir] =
        [&outputs, &pairs, &definition, &own].map(|path| path.to_str().unwrap());
    let arguments = [
        "import",
        file,
        "--data",
        pairs,
        "--benchmark",
        definition,
        "--out",
        run_dir,
    ];
    let (_, stderr, code) = run(&arguments);
    assert_eq!(code, 0, "{stderr}");
    let files = exported(&own, "every-eval-ever", &dir.path().join("talk-out"));
    let row = json_file(&files[1]);
    if let Err(error) = schemas.validate(&row, instance) {
        panic!("{error:#}: {row}");
    }
    assert_eq!(
        (row["messages"].as_array().unwrap().len(), row.get("output")),
        (4, None)
    );
    assert_eq!(row["answer_attribution"][0]["turn_idx"], 3);
    let first = exported(
        &dir.path().join("run-scores.json"),
        "every-eval-ever",
        &dir.path().join("x"),
    );
    let record = json_file(&first[0]);
    let safety = record["evaluation_results"].as_array().unwrap();
    let safety = safety
        .iter()
        .find(|own| own["evaluation_name"] == "Safety")
        .unwrap();
    let interval = &safety["score_details"]["uncertainty"]["confidence_interval"];
    // One pair of one: Clopper and Pearson's lower bound is 0.025.
    assert!(
        (interval["lower"].as_f64().unwrap() - 0.025).abs() < 1e-6,
        "{interval}"
    );
    assert_eq!(
        (&interval["upper"], &interval["confidence_level"]),
        (&json!(1.0), &json!(0.95))
    );
    assert_eq!(record["eval_library"]["name"], "reward-bench");
    // The hashes of the example that the layout was described with.
    let text = fs::read_to_string(&first[1]).unwrap();
    assert!(
        text.contains("137c7fdcf5225415a7bbb9e8ac757af1d1a6de8488e1501cae31ce93e8f4195b"),
        "{text}"
    );
}

#[test]
fn the_hub_gets_the_headline_figure() {
    let dir = tempfile::tempdir().unwrap();
    let definition = "name = \"mine\"\n\
        headline = { key = \"mine\", label = \"My \\\"score\\\"\", mean = \"items\" }\n\
        [source]\ndataset = \"example-org/example-benchmark\"\nrevision = \"0123456789abcdef\"\n\
        [subsets]\nhep-rust = 2\nrefusals-offensive = 1\n";
    let benchmark = dir.path().join("mine.toml");
    fs::write(&benchmark, definition).unwrap();
    let [own, out] = ["run", "out"].map(|name| dir.path().join(name));
    imported(
        "scores.json",
        &own,
        &["--benchmark", benchmark.to_str().unwrap()],
    );
    let files = exported(&own, "hub-eval-results", &out);
    assert_eq!(
        files,
        [out.join("example-org/tiny-rm/.eval_results/mine.yaml")]
    );
    let text = fs::read_to_string(&files[0]).unwrap();
    let yaml = Yaml::load_from_str(&text).unwrap();
    let entry = &yaml[0][0];
    assert_eq!(
        entry["dataset"]["id"].as_str(),
        Some("example-org/example-benchmark")
    );
    assert_eq!(entry["dataset"]["task_id"].as_str(), Some("default"));
    assert_eq!(entry["value"].as_floating_point(), Some(66.67));
    assert!(
        entry["notes"]
            .as_str()
            .unwrap()
            .starts_with("My \"score\" in percent, 95 % interval")
    );
    // A part has no place there, nor has a run whose pairs are of no dataset.
    let part = dir.path().join("part");
    imported("scores.json", &part, &PARTIAL);
    let bare = dir.path().join("bare");
    imported("scores.json", &bare, &[]);
    for (run_dir, says) in [
        (part, "the run is PARTIAL"),
        (bare, "the run has no benchmark"),
    ] {
        let [run_dir, out] = [&run_dir, &out].map(|path| path.to_str().unwrap());
        let (_, stderr, code) = run(&[
            "report",
            run_dir,
            "--format",
            "hub-eval-results",
            "--out",
            out,
        ]);
        assert!(code == 2 && stderr.contains(says), "{stderr}");
    }
}

/// What a script in Python prints of a file.
fn read_by_python(interpreter: &str, mode: &str, file: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hub-python/results.py");
    let output = Command::new(interpreter)
        .arg(script)
        .arg(mode)
        .arg(file)
        .output()
        .unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{err}");
    out
}

/// The hub's own client reads the one, and Python writes the other as it is, odd numbers and
/// letters included.
#[test]
fn python_agrees_with_what_was_written() {
    let found = std::env::var("PAIRBENCH_TEST_PYTHON").ok();
    let Some(interpreter) = found.filter(|python| !python.is_empty()) else {
        let why = "PAIRBENCH_TEST_PYTHON names no Python with huggingface_hub";
        return skipped("exchange::python_agrees_with_what_was_written", why);
    };
    let dir = tempfile::tempdir().unwrap();
    let mut scores = json_file(&data("results/scores.json"));
    scores["scores_chosen"] = json!([1e-7_f32, f32::MAX, 0.954_933_17_f32]);
    scores["scores_rejected"] = json!([-1e-30_f32, 3e38_f32, 0.099_999_f32]);
    scores["results"] = json!([1, 1, 1]);
    scores["text_chosen"][0] = json!("\u{e9}\u{1f600}\u{7f}\n\"\\ \u{2028}");
    let file = dir.path().join("odd.json");
    fs::write(&file, scores.to_string()).unwrap();
    let definition = "name = \"mine\"\n[source]\ndataset = \"a/b\"\n[subsets]\nhep-rust = 2\n\
        refusals-offensive = 1\n";
    let benchmark = dir.path().join("mine.toml");
    fs::write(&benchmark, definition).unwrap();
    let [own, out] = ["run", "out"].map(|name| dir.path().join(name));
    let [file, benchmark, run_dir] = [&file, &benchmark, &own].map(|path| path.to_str().unwrap());
    let arguments = ["import", file, "--benchmark", benchmark, "--out", run_dir];
    let (_, stderr, code) = run(&arguments);
    assert_eq!(code, 0, "{stderr}");
    for file in exported(&own, "reward-bench", &out) {
        assert_eq!(
            read_by_python(&interpreter, "same-json", &file),
            "the same\n"
        );
    }
    let yaml = &exported(&own, "hub-eval-results", &out)[0];
    let entry: Value =
        serde_json::from_str(&read_by_python(&interpreter, "eval-results", yaml)).unwrap();
    assert_eq!(
        (&entry["dataset_id"], &entry["task_id"]),
        (&json!("a/b"), &json!("default"))
    );
    assert_eq!(entry["value"], 100.0);
}

/// A name from a file makes no path, and writes nothing to a terminal.
#[test]
fn files_stay_below_their_directory() {
    let dir = tempfile::tempdir().unwrap();
    let mut scores = json_file(&data("results/scores.json"));
    scores["model"] = json!("\u{1b}]0;x\u{7}../../../etc/x");
    let file = dir.path().join("odd.json");
    fs::write(&file, scores.to_string()).unwrap();
    let [own, out] = ["run", "out"].map(|name| dir.path().join(name));
    let arguments = [
        "import",
        file.to_str().unwrap(),
        "--out",
        own.to_str().unwrap(),
    ];
    let (stdout, stderr, code) = run(&[&arguments[..], &PARTIAL].concat());
    let is_text = |text: &str| text.chars().all(|c| c == '\n' || !c.is_control());
    assert!(
        code == 0 && is_text(&stdout) && is_text(&stderr),
        "{stdout}{stderr}"
    );
    for format in ["reward-bench", "every-eval-ever"] {
        for file in exported(&own, format, &out) {
            let file = fs::canonicalize(&file).unwrap();
            assert!(
                file.starts_with(fs::canonicalize(&out).unwrap()),
                "{}",
                file.display()
            );
            assert!(is_text(&file.display().to_string()), "{}", file.display());
        }
    }
}

#[test]
fn files_need_a_directory_and_texts_none() {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("run");
    imported("scores.json", &own, &[]);
    let own = own.to_str().unwrap();
    let (_, stderr, code) = run(&["report", own, "--format", "reward-bench"]);
    assert!(code == 2 && stderr.contains("--out DIR"), "{stderr}");
    let (_, stderr, code) = run(&["report", own, "--format", "html", "--out", "x"]);
    assert!(code == 2 && stderr.contains("redirect stdout"), "{stderr}");
    let files = ["report", own, "--format", "reward-bench", "--out", "x"];
    let (_, stderr, code) = run(&[&files[..], &["--published", "model-card"]].concat());
    assert!(
        code == 2 && stderr.contains("leave --published away"),
        "{stderr}"
    );
}
