//! What every report says of how it came about, and what stands beside a published figure: through
//! the binary, in every format.
#![allow(clippy::too_many_lines, reason = "one table of cases a test")]

#[path = "common/binary.rs"]
mod binary;
#[path = "common/table_cells.rs"]
mod table_cells;

use std::path::Path;

use binary::{json_file, question, run as pairbench};
use saphyr::{LoadableYamlNode, Yaml};
use serde_json::{Value, json};
use table_cells::cells;

const FACTS: [&str; 9] = [
    "model",
    "contract",
    "precision",
    "device",
    "engine",
    "cache",
    "benchmark",
    "data",
    "pairs",
];

/// stdout of a command that must succeed.
fn stdout(arguments: &[&str]) -> String {
    let (stdout, stderr, code) = pairbench(arguments);
    assert_eq!(code, 0, "{arguments:?}: {stderr}");
    stdout
}

fn document(arguments: &[&str]) -> Value {
    let text = stdout(&[arguments, &["--format", "json"]].concat());
    serde_json::from_str(&text).unwrap()
}

/// 12 pairs of RewardBench's subsets, of one of them as many as the published tables count.
fn rows(file: &Path, subsets: &[(&str, usize)]) {
    let all = subsets
        .iter()
        .flat_map(|(subset, n)| (0..*n).map(|id| question(subset, id)));
    std::fs::write(file, all.collect::<Vec<_>>().join("\n")).unwrap();
}

/// A record as the reader of tables has it: by the names of its columns.
fn record(csv: &str, line: usize) -> Vec<(String, String)> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let record = reader.records().nth(line).unwrap().unwrap();
    let fields = header.iter().zip(record.iter());
    fields
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn column<'a>(record: &'a [(String, String)], name: &str) -> &'a str {
    let found = record.iter().find(|(known, _)| known == name);
    &found.unwrap_or_else(|| panic!("{name}: {record:?}")).1
}

#[test]
fn every_report_says_what_was_measured_with_what() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run").display().to_string();
    let model = ["--model", "a=quickstart/pairrm,template=pairrm"];
    stdout(
        &[
            &[
                "run",
                "--benchmark",
                "quickstart",
                "--dtype",
                "int8",
                "--out",
                &out,
            ],
            &model[..],
        ]
        .concat(),
    );
    let run = json_file(&dir.path().join("run/run.json"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let short = |value: &Value| text(value)[..12].to_owned();
    let content = &run["plan"]["content"];
    // From what was typed and from the record, not from the reports.
    let expected = [
        (
            "model",
            format!(
                "quickstart/pairrm, weights {}",
                short(&content["models"][0]["checkpoint"])
            ),
        ),
        ("contract", "pairrm, from ,template=".to_owned()),
        (
            "precision",
            "int8, weights int8, arithmetic int8".to_owned(),
        ),
        ("device", text(&run["sessions"][0]["device"])),
        (
            "engine",
            format!(
                "pairbench {}, code {}",
                env!("CARGO_PKG_VERSION"),
                short(&content["engine"])
            ),
        ),
        ("cache", "0 of 636 verdicts".to_owned()),
        (
            "benchmark",
            format!("quickstart, definition {}", short(&content["benchmark"])),
        ),
        (
            "data",
            format!("pairs.jsonl {}", short(&content["data"][0])),
        ),
        ("pairs", "636, all of the benchmark".to_owned()),
    ];
    assert_eq!(expected.each_ref().map(|(key, _)| *key), FACTS);
    let report = |format: &str| stdout(&["report", &out, "--format", format]);
    let compare = |format: &str| stdout(&["compare", &out, &out, "--format", format]);

    let [table, compared] = [report("table"), compare("table")];
    for (key, fact) in &expected {
        let line = format!("\n{key:<11}{fact}\n");
        assert!(
            table.contains(&line) && compared.contains(&line),
            "{line}{table}"
        );
    }
    for format in ["markdown", "github", "html", "latex"] {
        // Renderers escape characters: words are compared.
        let words = |text: &str| -> Vec<String> {
            let text = text.replace("{-}", "-");
            let words = text.split(|c: char| !c.is_ascii_alphanumeric());
            words
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        };
        for text in
            std::iter::once(report(format)).chain((format != "latex").then(|| compare(format)))
        {
            let lines: Vec<Vec<String>> = text.lines().map(words).collect();
            for (key, fact) in &expected {
                let (key, fact) = (words(key), words(fact));
                let has = |line: &Vec<String>| {
                    line.windows(fact.len()).any(|part| part == fact) && line.contains(&key[0])
                };
                assert!(lines.iter().any(has), "{format} {key:?} {fact:?}: {text}");
            }
        }
    }
    let xml = report("junit");
    let xml = roxmltree::Document::parse(&xml).unwrap();
    let [csv, differences] = [report("csv"), compare("csv")];
    for (key, fact) in &expected {
        let mut properties = xml
            .descendants()
            .filter(|node| node.has_tag_name("property"));
        let property = properties.find(|node| node.attribute("name") == Some(key));
        assert_eq!(property.unwrap().attribute("value"), Some(fact.as_str()));
        for line in [0, 11] {
            assert_eq!(column(&record(&csv, line), &format!("a {key}")), fact);
            for side in ["baseline", "candidate"] {
                let name = format!("{side}_{key}");
                assert_eq!(column(&record(&differences, line), &name), fact);
            }
        }
    }
    let own = &document(&["report", &out])["models"]["a"]["provenance"];
    assert_eq!(own["checkpoint"], content["models"][0]["checkpoint"]);
    assert_eq!(
        own["data"],
        json!([{ "name": "pairs.jsonl", "sha256": content["data"][0] }])
    );
    assert_eq!(
        document(&["compare", &out, &out])["provenance"]["candidate"],
        *own
    );
}

#[test]
fn runs_of_other_precisions_and_contracts_are_labelled() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let [one, other, third] = ["one", "other", "third"].map(path);
    let run = |out: &str, more: &[&str]| {
        let arguments = ["run", "--benchmark", "quickstart", "--out", out];
        stdout(&[&arguments[..], more].concat());
    };
    let model = |name: &str| format!("m={name}");
    run(&one, &["--model", &model("quickstart/pairrm")]);
    run(
        &other,
        &["--model", &model("quickstart/pairrm"), "--dtype", "int8"],
    );
    run(&third, &["--model", &model("quickstart/better-pairrm")]);
    let precisions = "different precisions side by side: ";
    let contracts = "different input contracts side by side: ";
    for [a, b, says, not] in [
        [&one, &other, precisions, contracts],
        [&one, &third, contracts, precisions],
    ] {
        for command in ["report", "compare"] {
            for format in ["table", "markdown", "github", "html"] {
                let text = stdout(&[command, a, b, "--format", format]);
                assert!(
                    text.contains(says) && !text.contains(not),
                    "{command} {format}: {text}"
                );
            }
        }
        let latex = stdout(&["report", a, b, "--format", "latex"]);
        assert!(latex.contains(says) && !latex.contains(not), "{latex}");
    }
    let said = stdout(&["report", &one, &other]);
    let note =
        "m (one): f32, weights f16, arithmetic f32; m (other): int8, weights int8, arithmetic";
    assert!(said.contains(note), "{said}");
    assert!(!stdout(&["report", &one]).contains("side by side"));
}

#[test]
fn a_record_of_an_older_version_is_not_completed() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    let path = out.display().to_string();
    stdout(&[
        "run",
        "--model",
        "a=quickstart/pairrm",
        "--benchmark",
        "quickstart",
        "--out",
        &path,
    ]);
    let mut run = json_file(&out.join("run.json"));
    run["models"][0]
        .as_object_mut()
        .unwrap()
        .shift_remove("precision");
    run["plan"].as_object_mut().unwrap().shift_remove("content");
    std::fs::write(out.join("run.json"), run.to_string()).unwrap();
    let mut summary = json_file(&out.join("summary.json"));
    summary["schema"] = json!(1);
    std::fs::write(out.join("summary.json"), summary.to_string()).unwrap();
    let text = stdout(&["report", &path]);
    for line in [
        "model      quickstart/pairrm, weights not recorded\n",
        "precision  f32, weights not recorded, arithmetic not recorded\n",
        ", code not recorded\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

/// Known from names and repositories alone: nothing is scored first.
#[test]
fn a_published_model_that_may_be_either_is_refused_before_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("pairs.jsonl").display().to_string();
    rows(Path::new(&data), &[("hep-go", 3)]);
    let out = dir.path().join("run").display().to_string();
    let (_, stderr, code) = pairbench(&[
        "run",
        "--model",
        "p=quickstart/pairrm",
        "--model",
        "q=quickstart/better-pairrm",
        "--data",
        &data,
        "--benchmark",
        "reward-bench",
        "--allow-partial",
        "--published",
        "model-card:PairRM-hf",
        "--out",
        &out,
    ]);
    assert!(
        code == 2 && stderr.contains("failed to choose the model that llm-blender/PairRM-hf"),
        "{stderr}"
    );
    assert_eq!(binary::names(Path::new(&out)), Vec::<String>::new());
}

#[test]
fn a_published_column_is_what_was_printed_and_beside_what_was_named() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("pairs.jsonl").display().to_string();
    rows(Path::new(&data), &[("hep-go", 164), ("hep-rust", 10)]);
    let run = [
        "run",
        "--model",
        "Better-PairRM=quickstart/better-pairrm",
        "--data",
        &data,
        "--benchmark",
        "reward-bench",
        "--allow-partial",
    ];
    // The name of a demonstration model is no reason.
    let text = stdout(&[&run[..], &["--published", "model-card"]].concat());
    assert!(
        text.contains("Better-PairRM: nothing published beside it: its files are not from the hub")
            && text.contains("--published model-card:MODEL"),
        "{text}"
    );
    let summary = document(&[&run[..], &["--published", "model-card"]].concat());
    assert!(
        summary["models"]["Better-PairRM"]
            .get("published")
            .is_none()
    );

    let named = [&run[..], &["--published", "model-card:Better-PairRM"]].concat();
    let text = stdout(&named);
    let line = |label: &str| {
        let found = text.lines().find(|line| line.starts_with(label)).unwrap();
        cells(found)
            .into_iter()
            .skip(label.split_whitespace().count())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    // The card: hep-go 0.713, hep-rust 0.726, average 0.690, no section.
    assert_eq!(line("hep-go")[2], "0.713");
    // Ten of its pairs: it is not compared.
    assert_eq!(line("hep-rust")[2..3], ["(0.726)"]);
    assert!(
        !line("hep-rust").iter().any(|cell| cell.contains('✗')),
        "{text}"
    );
    assert_eq!(line("average ")[2..3], ["(0.690)"]);
    assert_eq!(line("Reasoning")[1..2], ["–"]);
    for part in [
        "Better-PairRM beside maywell/Better-PairRM of model-card: of 23 subsets ",
        "hep-rust (10 of 164 pairs)",
        "(not published)",
        "average (22 of its subsets have other pairs)",
        "if the pairs, which are from files, are those of the published run",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let summary = document(&named);
    let published = &summary["models"]["Better-PairRM"]["published"];
    assert_eq!(published["average"]["accuracy"], 0.69);
    assert_eq!(published["sections"]["Reasoning"]["accuracy"], Value::Null);
    assert_eq!(
        published["subsets"]["hep-rust"]["not_compared"],
        "10 of 164 pairs"
    );
    assert_eq!(published["reproduction"]["pairs"], 164);
    let csv = stdout(&[&named[..], &["--format", "csv"]].concat());
    let average = record(&csv, 3);
    assert_eq!(column(&average, "name"), "average");
    assert_eq!(column(&average, "Better-PairRM published"), "0.690000");
    assert!(column(&average, "Better-PairRM standing").starts_with("not compared: "));

    // A table of another benchmark, a model that it lacks, and one of several.
    let text = stdout(&["run", "--published", "model-card"]);
    assert!(
        text.contains("model-card is of reward-bench, these pairs are of quickstart"),
        "{text}"
    );
    let several = [
        "run",
        "--model",
        "a=quickstart/pairrm",
        "--model",
        "b=quickstart/pairrm",
        "--data",
        &data,
    ];
    for (arguments, published, says) in [
        (
            &run[..],
            "model-card:pairrm",
            "model-card has: llm-blender/PairRM-hf",
        ),
        (
            &several[..],
            "model-card:PairRM-hf",
            "--model PairRM-hf=SPEC",
        ),
    ] {
        let (_, stderr, code) = pairbench(&[arguments, &["--published", published]].concat());
        assert!(code == 2 && stderr.contains(says), "{code} {stderr}");
    }
}

#[test]
fn a_card_is_of_one_model_on_all_pairs() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let [whole, part] = ["whole", "part"].map(path);
    stdout(&["run", "--out", &whole]);
    stdout(&["run", "--limit", "20", "--out", &part]);
    for model in ["pairrm", "better-pairrm"] {
        let text = stdout(&[
            "report",
            &format!("{whole}:{model}"),
            "--format",
            "model-card",
        ]);
        let (front, body) = text
            .strip_prefix("---\n")
            .unwrap()
            .split_once("---\n\n")
            .unwrap();
        let yaml = Yaml::load_from_str(front).unwrap();
        let entries = yaml[0]["model-index"].as_vec().unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0]["name"].as_str(), Some(model));
        let results = entries[0]["results"].as_vec().unwrap();
        let metrics = results[0]["metrics"].as_vec().unwrap();
        let average = metrics[0]["value"].as_floating_point().unwrap();
        let summary = document(&["report", &whole]);
        let expected = summary["models"][model]["average"]["accuracy"]
            .as_f64()
            .unwrap();
        assert!((average - expected).abs() < 5e-5, "{average} {expected}");
        let other = if model == "pairrm" {
            "better-pairrm"
        } else {
            " pairrm |"
        };
        assert!(
            body.starts_with("# quickstart, 636 pairs\n") && !body.contains(other),
            "{body}"
        );
    }
    let report = std::fs::read_to_string(dir.path().join("whole/report.md")).unwrap();
    assert!(report.starts_with("# quickstart") && !report.contains("model-index"));
    let part = format!("{part}:pairrm");
    for (run, says) in [(&whole, "report RUN:MODEL"), (&part, "PARTIAL")] {
        let arguments = ["report", run, "--format", "model-card"];
        let (printed, stderr, code) = pairbench(&arguments);
        assert!(
            code == 2 && printed.is_empty() && stderr.contains(says),
            "{code} {stderr}"
        );
    }
}
