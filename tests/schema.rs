//! What the binary writes as JSON, against the committed schemas, by a validator that this project
//! did not write.
#![allow(clippy::too_many_lines, reason = "one table of cases a test")]

#[path = "common/binary.rs"]
mod binary;

use std::path::{Path, PathBuf};

use binary::{json_file, question, run as pairbench};
use boon::{Compiler, Schemas};
use polars::prelude::{AnyValue, ParquetReader, PlSmallStr, SerReader};
use serde_json::{Map, Value, json};

/// Documents with their versions.
const NAMES: [(&str, u8); 9] = [
    ("summary", 2),
    ("comparison", 1),
    ("run", 1),
    ("error", 1),
    ("progress", 1),
    ("pairs", 1),
    ("list", 1),
    ("verdicts", 2),
    ("rank", 1),
];

/// As the binary prints it.
fn schema(name: &str) -> Value {
    let (stdout, stderr, code) = pairbench(&["generate", "schema", name]);
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

/// Schemas inside a schema, all but conditions.
fn inner(schema: &mut Value) -> Vec<&mut Value> {
    let Value::Object(map) = schema else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (key, value) in map.iter_mut() {
        match (key.as_str(), value) {
            ("properties" | "$defs", Value::Object(map)) => found.extend(map.values_mut()),
            ("anyOf" | "oneOf", Value::Array(list)) => found.extend(list),
            ("items" | "additionalProperties", value) => found.push(value),
            _ => {}
        }
    }
    found
}

/// The schemas let consumers meet keys of later versions; ours may have none that is not described.
fn strict(mut schema: Value) -> Value {
    fn close(schema: &mut Value) {
        inner(schema).into_iter().for_each(close);
        if schema.get("properties").is_some() {
            schema["additionalProperties"] = json!(false);
        }
    }
    close(&mut schema);
    schema
}

fn validate(schema: &Value, document: &Value) -> Result<(), String> {
    let id = schema["$id"].as_str().unwrap();
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource(id, schema.clone()).unwrap();
    // Checked against the draft's own schema meanwhile.
    let index = compiler
        .compile(id, &mut schemas)
        .unwrap_or_else(|error| panic!("{error:#}"));
    schemas
        .validate(document, index)
        .map_err(|error| format!("{error:#}"))
}

/// Valid, without a key that the schema does not describe.
fn assert_valid(name: &str, document: &Value) {
    if let Err(error) = validate(&strict(schema(name)), document) {
        panic!("{error}\n{document:#}");
    }
}

/// stdout of a command that may have something to complain of.
fn document(arguments: &[&str], expected: i32) -> Value {
    let (stdout, stderr, code) = pairbench(&[arguments, &["--format", "json"]].concat());
    assert_eq!(code, expected, "{stderr}");
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"))
}

/// A row for each of some subsets; with the last pair the reference could do nothing.
fn rows(file: &Path, subsets: &[(&str, usize)]) {
    let rows = subsets
        .iter()
        .flat_map(|(subset, n)| (0..*n).map(|id| question(subset, id)));
    let invalid = json!({
        "subset": "marked",
        "id": "x",
        "prompt": "a <|source|> b",
        "chosen": "a",
        "rejected": "b",
    })
    .to_string();
    std::fs::write(file, rows.chain([invalid]).collect::<Vec<_>>().join("\n")).unwrap();
}

#[test]
fn the_binary_prints_the_committed_schemas_in_which_every_key_is_described() {
    fn described(schema: &mut Value, at: &str) {
        for (key, value) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            assert!(
                value["description"].is_string() || value["$ref"].is_string(),
                "{at}.{key} has no description"
            );
        }
        for key in schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            assert!(
                schema["properties"].get(key).is_some(),
                "{at}.{key} is required and not described"
            );
        }
        for part in inner(schema) {
            described(part, at);
        }
    }
    let directory = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schema"));
    for (name, version) in NAMES {
        let mut schema = schema(name);
        let file = format!("{name}.v{version}.json");
        assert_eq!(schema, json_file(&directory.join(file)));
        let id = format!("urn:pairbench:schema:{name}:{version}");
        assert_eq!(schema["$id"], id);
        assert_eq!(
            schema["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        assert!(
            schema["$defs"]
                .as_object()
                .unwrap_or(&Map::new())
                .values()
                .all(|part| part["description"].is_string())
        );
        described(&mut schema, name);
    }
    assert_eq!(std::fs::read_dir(directory).unwrap().count(), NAMES.len());
}

#[test]
fn lists_are_valid() {
    for catalogue in ["benchmarks", "models", "templates", "published"] {
        assert_valid("list", &document(&["list", catalogue], 0));
    }
}

#[test]
fn runs_and_comparisons_are_valid() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let out = path("quickstart");
    let summary = document(&["run", "--out", &out], 0);
    assert_valid("summary", &summary);
    assert_eq!(
        summary,
        json_file(&dir.path().join("quickstart/summary.json"))
    );
    let record = json_file(&dir.path().join("quickstart/run.json"));
    assert_valid("run", &record);
    assert_eq!(record["plan"]["definition"]["name"], "quickstart");

    assert_valid("pairs", &document(&["show", &out, "--sure"], 0));

    let [before, after] = ["pairrm", "better-pairrm"].map(|model| format!("{out}:{model}"));
    let compared = document(
        &[
            "compare",
            &before,
            &after,
            "--flips",
            "3",
            "--gate",
            "min:average:0.99",
            "--gate",
            "drop:average:0.1",
        ],
        3,
    );
    assert_valid("comparison", &compared);
    assert!(
        compared["matching"]["paired"] == true
            && compared["flips"][0]["prompt"].is_string()
            && compared["gate"][0]["status"] == "fail"
    );

    // 164 pairs as the published tables count them, less of another subset, and an invalid pair.
    rows(
        &dir.path().join("a.jsonl"),
        &[("hep-go", 164), ("donotanswer", 2)],
    );
    let bare = path("bare");
    let arguments = [
        "run",
        "--model",
        "PairRM-hf=quickstart/pairrm",
        "--model",
        "other=quickstart/pairrm",
        "--data",
        &path("a.jsonl"),
        "--out",
        &bare,
    ];
    let summary = document(
        &[&arguments[..], &["--published", "model-card:PairRM-hf"]].concat(),
        6,
    );
    assert_valid("summary", &summary);
    let published = &summary["models"]["PairRM-hf"]["published"];
    assert!(
        published["subsets"]["hep-go"]["standing"].is_string()
            && published["subsets"]["donotanswer"]["pairs"].is_null(),
        "{published}"
    );
    assert!(
        summary["models"]["PairRM-hf"]["not_scored"][0].is_string()
            && summary["models"]["other"].get("published").is_none()
            && summary["models"]["other"]["not_published"].is_string()
    );
    let shown = document(&["show", &bare, "--id", "x"], 0);
    assert_valid("pairs", &shown);
    assert!(shown["pairs"][0]["models"][0]["margin"].is_null());
    let record = json_file(&dir.path().join("bare/run.json"));
    assert_valid("run", &record);
    assert!(record["plan"]["definition"].is_null() && record["plan"]["limit"].is_null());
    let unpaired = document(
        &[
            "compare",
            "model-card:PairRM-hf",
            &format!("{bare}:PairRM-hf"),
            "--allow-partial",
            "--gate",
            "drop:average:0",
        ],
        0,
    );
    assert_valid("comparison", &unpaired);
    assert_eq!(
        unpaired["provenance"]["baseline"]["published"],
        "model-card"
    );
    assert!(
        unpaired["matching"] == json!({ "paired": false })
            && unpaired["subsets"]["hep-go"]["p"].is_null()
    );
    let with_itself = document(
        &[
            "compare",
            &format!("{bare}:other"),
            &format!("{bare}:other"),
        ],
        0,
    );
    assert_valid("comparison", &with_itself);

    // A pair of every subset: all sections, the RewardBench score, and why it is not the benchmark.
    let every = pairbench::benchmark::Benchmark::reward_bench().subsets;
    rows(
        &dir.path().join("b.jsonl"),
        &every
            .keys()
            .map(|subset| (subset.as_str(), 1))
            .collect::<Vec<_>>(),
    );
    let part = path("part");
    let arguments = [
        "run",
        "--model",
        "quickstart/pairrm",
        "--data",
        &path("b.jsonl"),
        "--benchmark",
        "reward-bench",
        "--allow-partial",
        "--out",
        &part,
    ];
    let summary = document(
        &[
            &arguments[..],
            &[
                "--dtype",
                "int8",
                "--int8-batch",
                "8",
                "--subset",
                "*",
                "--limit",
                "22",
            ],
        ]
        .concat(),
        0,
    );
    assert_valid("summary", &summary);
    assert!(
        summary["partial"].is_string() && summary["models"]["pairrm"]["rewardbench"].is_object(),
        "{summary}"
    );
    assert_valid("run", &json_file(&dir.path().join("part/run.json")));
    assert_valid(
        "summary",
        &document(&["report", &part, "--published", "rewardbench-paper"], 0),
    );
}

#[test]
fn errors_are_valid() {
    for (arguments, code) in [
        (vec!["run", "--model", "/no/such/model"], 5),
        (vec!["run", "--benchmark", "none.toml"], 5),
        (vec!["report", "/no/such/run"], 5),
        (vec!["compare", "model-card", "model-card"], 2),
        (
            vec![
                "compare",
                "model-card:PairRM-hf",
                "model-card:PairRM-hf",
                "--gate",
                "x",
            ],
            2,
        ),
    ] {
        let (stdout, stderr, found) = pairbench(&[&arguments[..], &["--format", "json"]].concat());
        let error: Value = serde_json::from_str(stderr.lines().last().unwrap_or_default())
            .unwrap_or_else(|_| panic!("{stderr}"));
        assert_valid("error", &error);
        assert_eq!(
            (error["exit_code"].as_i64(), found, stdout.as_str()),
            (Some(code.into()), code, ""),
            "{arguments:?}"
        );
    }
}

/// Every key that is required is missed, every kind of value is told from another, at every depth.
#[test]
fn broken_documents_are_not_valid() {
    fn break_at(
        document: &Value,
        path: &mut Vec<String>,
        broken: &mut Vec<(String, Value)>,
        whole: &Value,
    ) {
        let put = |path: &[String], edit: &dyn Fn(&mut Map<String, Value>)| {
            let mut copy = whole.clone();
            edit(
                copy.pointer_mut(&[&[String::new()], path].concat().join("/"))
                    .unwrap()
                    .as_object_mut()
                    .unwrap(),
            );
            copy
        };
        let Value::Object(map) = document else { return };
        for (key, value) in map {
            let name = format!("{path:?} {key}");
            broken.push((
                name,
                put(path, &|map| drop(map.insert(key.clone(), json!([[]])))),
            ));
            path.push(key.clone());
            break_at(value, path, broken, whole);
            path.pop();
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run").display().to_string();
    let data = dir.path().join("a.jsonl");
    rows(&data, &[("a", 2)]);
    let summary = document(
        &[
            "run",
            "--model",
            "a=quickstart/pairrm",
            "--model",
            "b=quickstart/better-pairrm",
            "--data",
            data.to_str().unwrap(),
            "--out",
            &out,
        ],
        6,
    );
    let compared = document(&["compare", &format!("{out}:a"), &format!("{out}:b")], 0);
    let (_, error, _) = pairbench(&["report", "/no/such/run", "--format", "json"]);
    for (name, whole) in [
        ("summary", summary),
        ("comparison", compared),
        ("run", json_file(&dir.path().join("run/run.json"))),
        ("error", serde_json::from_str(&error).unwrap()),
    ] {
        let (open, closed) = (schema(name), strict(schema(name)));
        assert_valid(name, &whole);
        let mut broken = Vec::new();
        break_at(&whole, &mut Vec::new(), &mut broken, &whole);
        assert!(broken.len() >= 5, "{name}");
        for (at, document) in broken {
            assert!(validate(&open, &document).is_err(), "{name}: {at}");
        }
        for key in whole.as_object().unwrap().keys() {
            let mut without = whole.clone();
            without.as_object_mut().unwrap().shift_remove(key);
            assert!(validate(&open, &without).is_err(), "{name} without {key}");
        }
        let mut more = whole.clone();
        more["of_a_later_version"] = json!(1);
        assert!(
            validate(&open, &more).is_ok() && validate(&closed, &more).is_err(),
            "{name}"
        );
    }
}

/// By polars, a reader that this project did not write.
#[test]
fn the_columns_of_verdicts_are_described() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("a.jsonl");
    rows(&data, &[("a", 2)]);
    let [data, out] = [data, dir.path().join("run")].map(|path| path.display().to_string());
    let model = "quickstart/pairrm";
    let (_, stderr, code) = pairbench(&["run", "--model", model, "--data", &data, "--out", &out]);
    assert_eq!(code, 6, "{stderr}");
    let file = std::fs::File::open(Path::new(&out).join("verdicts.parquet")).unwrap();
    let frame = ParquetReader::new(file).finish().unwrap();
    let described = schema("verdicts");
    let named: Vec<&String> = described["properties"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    let columns: Vec<&str> = frame
        .get_column_names()
        .into_iter()
        .map(PlSmallStr::as_str)
        .collect();
    assert_eq!(columns, named);
    for at in 0..frame.height() {
        let cell = |name: &str| match frame.column(name).unwrap().get(at).unwrap() {
            AnyValue::String(text) => json!(text),
            AnyValue::Int64(number) => json!(number),
            AnyValue::Float32(number) => json!(number),
            AnyValue::Null => Value::Null,
            other => panic!("{name}: {other:?}"),
        };
        let row: Map<String, Value> = columns
            .iter()
            .map(|name| ((*name).to_owned(), cell(name)))
            .collect();
        assert_valid("verdicts", &Value::Object(row));
    }
}

/// Each kind of line that `rank` and `score` write.
#[test]
fn lines_of_rank_and_score_are_what_the_schema_describes() {
    let dir = tempfile::tempdir().unwrap();
    let [many, two, one] = [
        r#"{"id": "x", "prompt": "q", "candidates": ["a", "b c", "d"]}"#,
        r#"{"prompt": "q", "candidates": ["a", "b c"]}"#,
        r#"{"id": 1, "prompt": "q", "candidates": ["a"]}"#,
    ];
    let scalar = "tests/data/scalar/models/tiny-deberta-rm,template=pair";
    let cases: [(&[&str], &str, i32); 12] = [
        (&["rank", "--header"], many, 0),
        (&["rank", "--reason", "margins"], many, 0),
        (&["rank", "--top", "2", "--reason", "margins"], many, 0),
        (&["rank", "--model", scalar], many, 0),
        (&["rank", "--method", "rank-with-ref"], many, 0),
        (&["rank", "--method", "compare"], two, 0),
        (&["rank", "--method", "best-of-n"], many, 0),
        (
            &["rank", "--method", "best-of-n", "--cmp-type", "full"],
            many,
            0,
        ),
        (&["score"], two, 0),
        (&["score", "--model", scalar], two, 0),
        (&["score", "--model", scalar], one, 0),
        (&["score"], one, 4),
    ];
    for (arguments, line, expected) in cases {
        let file = dir.path().join("lines.jsonl");
        std::fs::write(&file, line).unwrap();
        let (stdout, stderr, code) = pairbench(&[arguments, &[file.to_str().unwrap()]].concat());
        assert_eq!(code, expected, "{stderr}");
        let has_header = arguments.contains(&"--header");
        assert_eq!(stdout.lines().count(), 1 + usize::from(has_header));
        for line in stdout.lines() {
            assert_valid("rank", &serde_json::from_str(line).unwrap());
        }
    }
}
