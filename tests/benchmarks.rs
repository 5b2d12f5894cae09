//! Benchmarks with other metrics than pair accuracy, and rows in the layouts of their publishers,
//! through the program. Every figure is computed once more here, from the numbers in
//! `verdicts.parquet`.

#[path = "common/binary.rs"]
mod binary;

use std::collections::BTreeMap;
use std::path::Path;

use binary::{assert_same_run, json_file, record, run};
use polars::prelude::*;
use serde_json::{Value, json};

const SCALAR: &str = concat!(
    "rm=",
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/scalar/models/tiny-deberta-rm,template=raw"
);
const PAIRWISE: &str = "pair=quickstart/pairrm";

/// stdout of a command that ends well.
fn done(arguments: &[&str]) -> String {
    let (stdout, stderr, code) = run(arguments);
    assert_eq!(code, 0, "{arguments:?}: {stderr}");
    stdout
}

fn document(arguments: &[&str]) -> Value {
    serde_json::from_str(&done(arguments)).unwrap()
}

const BOTH_MODELS: [&str; 7] = [
    "run", "--model", SCALAR, "--model", PAIRWISE, "--format", "json",
];

/// The figures of a model of each head on a benchmark.
fn both_models(benchmark: &str, more: &[&str]) -> Value {
    document(&[&BOTH_MODELS[..], &["--benchmark", benchmark], more].concat())
}

/// The error of a command that ends with this code.
fn refused(code: i32, arguments: &[&str]) -> String {
    let (_, stderr, found) = run(arguments);
    assert_eq!(found, code, "{arguments:?}: {stderr}");
    stderr
}

fn write(dir: &Path, name: &str, rows: &[Value]) -> String {
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    let path = dir.join(name);
    std::fs::write(&path, lines.join("\n")).unwrap();
    path.to_str().unwrap().to_owned()
}

fn out(dir: &Path, name: &str) -> String {
    dir.join(name).to_str().unwrap().to_owned()
}

/// What stands in `verdicts.parquet` of an item.
#[derive(Debug)]
struct Row {
    subset: String,
    id: String,
    chosen: usize,
    scores: Option<Vec<f64>>,
    logits: Option<Vec<Option<f64>>>,
    compared: Option<String>,
    verdict: String,
}

fn list(frame: &DataFrame, name: &str, at: usize) -> Option<Vec<Option<f64>>> {
    let column = frame.column(name).unwrap().list().unwrap().clone();
    let values = column.get_as_series(at)?;
    Some(
        values
            .f32()
            .unwrap()
            .iter()
            .map(|own| own.map(f64::from))
            .collect(),
    )
}

/// Of one model.
fn rows(run: &str, model: &str) -> Vec<Row> {
    let file = std::fs::File::open(Path::new(run).join("verdicts.parquet")).unwrap();
    let frame = ParquetReader::new(file).finish().unwrap();
    let text = |name: &str, at: usize| match frame.column(name).unwrap().get(at).unwrap() {
        AnyValue::Null => None,
        AnyValue::String(text) => Some(text.to_owned()),
        other => Some(other.to_string()),
    };
    (0..frame.height())
        .filter(|at| text("model", *at).unwrap() == model)
        .map(|at| Row {
            subset: text("subset", at).unwrap(),
            id: text("id", at).unwrap_or_default(),
            chosen: text("answers_chosen", at).map_or(1, |own| own.parse().unwrap()),
            scores: list(&frame, "scores", at)
                .map(|all| all.into_iter().map(Option::unwrap).collect()),
            logits: list(&frame, "logits", at),
            compared: text("compared", at),
            verdict: text("verdict", at).unwrap(),
        })
        .collect()
}

fn mean(values: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few")]
    let n = values.len() as f64;
    values.iter().sum::<f64>() / n
}

fn near(found: &Value, expected: f64) {
    let found = found
        .as_f64()
        .unwrap_or_else(|| panic!("{found} is no number"));
    assert!((found - expected).abs() < 1e-12, "{found} {expected}");
}

/// RewardBench 2's rule, once more.
fn best_of_n(scores: &[f64]) -> f64 {
    let best = scores.iter().copied().fold(f64::MIN, f64::max);
    let equal = scores.iter().filter(|own| **own >= best).count();
    #[expect(clippy::cast_precision_loss, reason = "a few")]
    let share = 1.0 / equal as f64;
    if scores[0] >= best { share } else { 0.0 }
}

/// RewardBench 2's score of Ties, once more: every number has both rows.
fn ties(rows: &[&Row]) -> f64 {
    let of = |id: &str| {
        let row = rows.iter().find(|row| row.id == id).unwrap();
        let (good, bad) = row.scores.as_ref().unwrap().split_at(row.chosen);
        let low = |all: &[f64]| all.iter().copied().fold(f64::MAX, f64::min);
        let high = |all: &[f64]| all.iter().copied().fold(f64::MIN, f64::max);
        (low(good) - high(bad), high(good) - low(good))
    };
    let numbers = rows.len() / 2;
    let values: Vec<f64> = (0..numbers)
        .map(|n| {
            let (single, _) = of(&format!("ref:{n}"));
            let (tied, spread) = of(&format!("tied:{n}"));
            let smaller = single.min(tied);
            let one = |is: bool| f64::from(u8::from(is));
            let width = (smaller / spread - 1.0).tanh();
            0.3 * (one(tied > 0.0) + one(single > 0.0))
                + 0.2 * (one(tied > spread) + one(smaller > spread))
                + 0.01 * if width.is_nan() { 0.0 } else { width }
        })
        .collect();
    mean(&values)
}

/// Rows in RewardBench 2's layout: in every subset one row in which all answers are equal.
fn reward_bench_2() -> Vec<Value> {
    let mut rows = Vec::new();
    for subset in ["Factuality", "Precise IF", "Math", "Safety", "Focus"] {
        for at in 0..5 {
            let wrong: Vec<String> = (1..4)
                .map(|k| {
                    if at == 4 {
                        "7".to_owned()
                    } else {
                        format!("{} is {k}", at * k)
                    }
                })
                .collect();
            let right = if at == 4 {
                "7".to_owned()
            } else {
                format!("It is {at}, surely.")
            };
            rows.push(json!({
                "id": format!("{subset}-{at}"), "prompt": format!("What is {at} in {subset}?"),
                "chosen": [right], "rejected": wrong, "num_correct": 1, "subset": subset,
                "additional_metadata": { "category": null },
            }));
        }
    }
    for n in 0..3 {
        let colours = ["red", "green", "blue"].map(|colour| format!("{colour} {n}"));
        let wrong = ["seven", "a table"];
        rows.push(
            json!({ "id": format!("ref:{n}"), "prompt": format!("Capital of {n}?"),
            "chosen": ["Lima"], "rejected": ["Cusco", "Quito", "La Paz"], "subset": "Ties" }),
        );
        rows.push(
            json!({ "id": format!("tied:{n}"), "prompt": format!("A colour of {n}?"),
            "chosen": colours, "rejected": wrong, "subset": "Ties" }),
        );
    }
    rows
}

/// The same rows as a Parquet file of polars.
fn as_parquet(rows: &[Value], path: &Path) {
    let texts = |name: &str| -> Vec<String> {
        rows.iter()
            .map(|row| row[name].as_str().unwrap().to_owned())
            .collect()
    };
    let lists = |name: &str| {
        let of = |row: &Value| {
            let all = row[name].as_array().unwrap().iter();
            Series::new(
                "".into(),
                all.map(|own| own.as_str().unwrap()).collect::<Vec<_>>(),
            )
        };
        Column::new(name.into(), rows.iter().map(of).collect::<Vec<Series>>())
    };
    let column = |name: &str| Column::new(name.into(), texts(name));
    let columns = vec![
        column("id"),
        column("prompt"),
        lists("chosen"),
        lists("rejected"),
        column("subset"),
    ];
    let mut frame = DataFrame::new(rows.len(), columns).unwrap();
    ParquetWriter::new(std::fs::File::create(path).unwrap())
        .finish(&mut frame)
        .unwrap();
}

const REWARD_BENCH_2: [&str; 4] = [
    "--benchmark",
    "reward-bench-2",
    "--allow-partial",
    "--no-cache",
];

/// From JSON Lines and from Parquet, under both heads, whole, resumed, in shards.
#[test]
fn reward_bench_2_scores_every_subset_by_its_metric() {
    let dir = tempfile::tempdir().unwrap();
    let data = write(dir.path(), "test.jsonl", &reward_bench_2());
    let whole = out(dir.path(), "whole");
    let base = [&BOTH_MODELS[..], &REWARD_BENCH_2].concat();
    let document = document(&[&base[..], &["--data", &data, "--out", &whole]].concat());
    assert_eq!(document["metric"], "mixed");
    for model in ["rm", "pair"] {
        let rows = rows(&whole, model);
        let column = &document["models"][model];
        let mut figures = Vec::new();
        for subset in [
            "Factuality",
            "Precise IF",
            "Math",
            "Safety",
            "Focus",
            "Ties",
        ] {
            let own: Vec<&Row> = rows.iter().filter(|row| row.subset == subset).collect();
            let scores = own.iter().map(|row| row.scores.as_ref().unwrap());
            let expected = if subset == "Ties" {
                ties(&own)
            } else {
                mean(&scores.map(|scores| best_of_n(scores)).collect::<Vec<_>>())
            };
            let found = &column["subsets"][subset];
            near(&found["accuracy"], expected);
            let [low, high] = ["low", "high"].map(|key| found[key].as_f64().unwrap());
            assert!(
                low < expected && expected < high,
                "{model} {subset}: {found}"
            );
            figures.push(expected);
        }
        near(&column["rewardbench2"]["accuracy"], mean(&figures));
        near(&column["average"]["accuracy"], mean(&figures));
        assert!(column["total"]["accuracy"].is_null());
        // Equal answers tie exactly, and share the point.
        let equal = rows.iter().filter(|row| row.id.ends_with("-4"));
        for row in equal {
            near(&json!(best_of_n(row.scores.as_ref().unwrap())), 0.25);
            assert_eq!(row.verdict, "tie");
        }
        assert_eq!(
            rows[0].compared.as_deref(),
            (model == "pair").then_some("full")
        );
    }
    let notes = document["notes"].to_string();
    assert!(
        notes.contains("an extension, as RewardBench 2's own code refuses"),
        "{notes}"
    );

    let parquet = dir.path().join("test.parquet");
    as_parquet(&reward_bench_2(), &parquet);
    let again = out(dir.path(), "parquet");
    let parquet = parquet.to_str().unwrap();
    done(&[&base[..], &["--data", parquet, "--out", &again]].concat());
    let numbers = |run: &str| {
        rows(run, "pair")
            .into_iter()
            .map(|r| r.logits)
            .collect::<Vec<_>>()
    };
    assert!(numbers(&whole) == numbers(&again) && numbers(&whole).iter().all(Option::is_some));

    let resumed = [&base[..], &["--data", &data, "--out", &whole, "--resume"]].concat();
    let (_, stderr, code) = run(&resumed);
    assert!(
        code == 0 && stderr.contains("its report is made again"),
        "{stderr}"
    );
    let parts = ["1/2", "2/2"].map(|shard| {
        let part = out(dir.path(), &shard.replace('/', "-"));
        done(
            &[
                &base[..],
                &["--data", &data, "--out", &part, "--shard", shard],
            ]
            .concat(),
        );
        part
    });
    let merged = out(dir.path(), "merged");
    done(&["merge", &parts[0], &parts[1], "--out", &merged]);
    assert_same_run(Path::new(&whole), Path::new(&merged));
}

/// Which answers are compared is part of the plan; a star has two rows for each but the first.
#[test]
fn a_star_compares_with_the_first_answer() {
    let dir = tempfile::tempdir().unwrap();
    let data = write(dir.path(), "test.jsonl", &reward_bench_2());
    let star = out(dir.path(), "star");
    let base = ["run", "--model", PAIRWISE, "--data", &data, "--out", &star];
    let base = [&base[..], &REWARD_BENCH_2].concat();
    done(&[&base[..], &["--pairs", "star"]].concat());
    for row in rows(&star, "pair") {
        let scores = row.scores.unwrap();
        let read = row.logits.unwrap().iter().flatten().count();
        assert_eq!((scores[0], read), (0.0, 2 * (scores.len() - 1)));
        assert_eq!(row.compared.as_deref(), Some("star"));
    }
    assert_eq!(
        record(Path::new(&star))["plan"]["content"]["pairs_of"],
        "star"
    );
    let error = refused(2, &[&base[..], &["--resume"]].concat());
    assert!(error.contains("plan differs: pairs_of"), "{error}");
}

/// Rows in RM-Bench's layout, of all five domains.
fn rm_bench() -> Vec<Value> {
    let mut rows = Vec::new();
    for (domain, n) in [
        ("chat", 3),
        ("code", 2),
        ("math", 4),
        ("safety-refuse", 3),
        ("safety-response", 1),
    ] {
        for at in 0..n {
            let styles = |what: &str| {
                [
                    format!("{what}."),
                    format!("{what}, as {at} says."),
                    format!("**{what}**: `{at}`"),
                ]
            };
            rows.push(
                json!({ "id": at, "prompt": format!("Is {at} odd in {domain}?"),
                "chosen": styles("Yes"), "rejected": styles("No"), "domain": domain }),
            );
        }
    }
    rows
}

#[test]
fn rm_bench_has_easy_normal_and_hard() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("total_dataset.json");
    std::fs::write(&data, Value::Array(rm_bench()).to_string()).unwrap();
    let (data, run) = (data.to_str().unwrap(), out(dir.path(), "run"));
    let document = both_models(
        "rm-bench",
        &[
            "--allow-partial",
            "--no-cache",
            "--data",
            data,
            "--out",
            &run,
        ],
    );
    for model in ["rm", "pair"] {
        let wins = |row: &Row, i: usize, j: usize| match (&row.scores, &row.logits) {
            (Some(scores), None) => scores[i] > scores[3 + j],
            (None, Some(logits)) => {
                let logit = |left: usize, right: usize| logits[left * 6 + right].unwrap();
                logit(i, 3 + j) > logit(3 + j, i)
            }
            _ => panic!("{row:?}"),
        };
        let mut cells: BTreeMap<(String, &str), Vec<f64>> = BTreeMap::new();
        for row in rows(&run, model) {
            let domain = row.subset.split('-').next().unwrap().to_owned();
            for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
                let kind = match i.cmp(&j) {
                    std::cmp::Ordering::Less => "hard",
                    std::cmp::Ordering::Equal => "normal",
                    std::cmp::Ordering::Greater => "easy",
                };
                let won = f64::from(u8::from(wins(&row, i, j)));
                cells.entry((domain.clone(), kind)).or_default().push(won);
            }
        }
        let column = &document["models"][model];
        let mut kinds = Vec::new();
        for kind in ["easy", "normal", "hard"] {
            let domains = cells.iter().filter(|((_, own), _)| *own == kind);
            let expected = mean(&domains.map(|(_, won)| mean(won)).collect::<Vec<_>>());
            near(&column[kind]["accuracy"], expected);
            kinds.push(expected);
        }
        near(&column["rmbench"]["accuracy"], mean(&kinds));
        // Both parts of safety are pooled by row.
        let safety: Vec<f64> = ["easy", "normal", "hard"]
            .map(|kind| mean(&cells[&("safety".to_owned(), kind)]))
            .to_vec();
        near(&column["sections"]["Safety"]["accuracy"], mean(&safety));
    }
    // A gate on one of the difficulties, after the fact and while scoring.
    let baseline = format!("{run}:rm");
    let candidate = format!("{run}:pair");
    let gates = ["--gate", "drop:hard:1", "--gate", "min:headline:0"];
    let compared = [
        &["compare", &baseline, &candidate, "--allow-partial"],
        &gates[..],
    ]
    .concat();
    let text = run_anyway(&compared);
    assert!(text.contains("hard"), "{text}");
    let against = [
        "run",
        "--model",
        PAIRWISE,
        "--benchmark",
        "rm-bench",
        "--allow-partial",
        "--no-cache",
        "--data",
        data,
        "--against",
        &baseline,
        "--gate",
        "drop:hard:1",
    ];
    assert!(run_anyway(&against).contains("hard"));
}

/// stdout, whatever the gate says; a PARTIAL run passes none.
fn run_anyway(arguments: &[&str]) -> String {
    let (stdout, stderr, code) = run(arguments);
    assert!([0, 7, 8].contains(&code), "{code}: {stderr}");
    stdout
}

/// Differences of both models, by the figures of each run; what no gate can watch is refused.
#[test]
fn models_are_compared_under_every_metric() {
    let dir = tempfile::tempdir().unwrap();
    let data = write(dir.path(), "test.jsonl", &reward_bench_2());
    let whole = out(dir.path(), "run");
    let base = [&["run", "--data", &data][..], &REWARD_BENCH_2].concat();
    done(
        &[
            &base[..],
            &["--model", SCALAR, "--model", PAIRWISE, "--out", &whole],
        ]
        .concat(),
    );
    let [before, after] = ["rm", "pair"].map(|model| format!("{whole}:{model}"));
    let compared = document(&[
        "compare",
        &before,
        &after,
        "--allow-partial",
        "--format",
        "json",
    ]);
    let summary = json_file(&Path::new(&whole).join("summary.json"));
    let units = [("Factuality", 5), ("Focus", 5), ("Ties", 3)];
    for (subset, n) in units {
        let line = &compared["subsets"][subset];
        let figure = |model: &str| summary["models"][model]["subsets"][subset]["accuracy"].clone();
        let difference = figure("pair").as_f64().unwrap() - figure("rm").as_f64().unwrap();
        near(&line["difference"]["value"], difference);
        assert_eq!(line["n"], n, "{subset}");
        let p = line["p"].as_f64().unwrap();
        let [low, high] = ["low", "high"].map(|key| line["difference"][key].as_f64().unwrap());
        assert!(
            low < difference && difference < high && p > 0.0 && p <= 1.0,
            "{line}"
        );
    }
    assert!(compared["totals"]["RewardBench 2 score"]["p"].is_number());
    assert!(compared["totals"].get("all pairs").is_none());
    let same = document(&[
        "compare",
        &before,
        &before,
        "--allow-partial",
        "--format",
        "json",
    ]);
    assert_eq!(same["subsets"]["Ties"]["p"], 1.0);

    // Without its tied row a prompt number is no unit.
    let mut rows = reward_bench_2();
    rows.pop();
    let incomplete = write(dir.path(), "incomplete.jsonl", &rows);
    let gate = ["--against", &before, "--gate", "drop:average:0.5"];
    let model = ["--model", PAIRWISE];
    let against = |data| [&["run", "--data", data][..], &REWARD_BENCH_2, &model, &gate].concat();
    assert!(run_anyway(&against(&data)).contains("Ties"));
    let some = [&against(&data)[..], &["--subset", "F*"]].concat();
    assert!(run_anyway(&some).contains("Factuality"));
    let error = refused(2, &against(&incomplete));
    assert!(error.contains("of Ties the row ref:2"), "{error}");
    assert!(error.contains("pairbench compare"), "{error}");

    for format in [
        "table", "markdown", "html", "json", "csv", "latex", "junit", "github", "svg",
    ] {
        let printed = done(&["report", &whole, "--format", format]);
        assert!(printed.contains("Precise IF"), "{format}");
    }
    let shown = done(&["show", &whole, "--id", "tied:1"]);
    assert!(
        shown.contains("green 1") && shown.contains("of chosen,"),
        "{shown}"
    );
    let pages = document(&["show", &whole, "--id", "tied:1", "--format", "json"]);
    let answer = &pages["pairs"][0]["models"][1];
    assert_eq!(answer["scores"].as_array().unwrap().len(), 5);
    assert_eq!(answer["logits"][4].as_array().unwrap().len(), 5);
}

/// `CONTRIBUTING.md`'s definition, word for word.
#[test]
fn a_best_of_4_of_ones_own_takes_fifteen_lines() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/CONTRIBUTING.md"));
    let text = text.unwrap();
    let mut blocks = text
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap());
    let definition = blocks.find(|block| block.contains("best-of-n")).unwrap();
    assert!(definition.lines().count() <= 15, "{definition}");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mine.toml");
    std::fs::write(&path, definition).unwrap();
    let row = |subset: &str, at: usize| {
        json!({ "topic": subset, "key": at, "question": format!("{subset} {at}?"),
            "good": format!("yes {at}"), "bad": ["no", "perhaps", format!("{at}")] })
    };
    let all: Vec<Value> = (0..4)
        .map(|at| row("jokes", at))
        .chain((0..6).map(|at| row("facts", at)))
        .collect();
    write(dir.path(), "rows.jsonl", &all);
    let run = out(dir.path(), "run");
    let document = both_models(path.to_str().unwrap(), &["--out", &run]);
    for model in ["rm", "pair"] {
        let scores: Vec<f64> = rows(&run, model)
            .iter()
            .filter(|row| row.subset == "facts")
            .map(|row| best_of_n(row.scores.as_ref().unwrap()))
            .collect();
        assert_eq!(scores.len(), 6);
        let column = &document["models"][model];
        near(&column["subsets"]["facts"]["accuracy"], mean(&scores));
        assert!(column["mine"]["accuracy"].is_number());
    }
}

/// A benchmark with made-up rows in its own layout, and the answers that must be the chosen and the
/// rejected ones.
fn layouts() -> Vec<(&'static str, Vec<Value>, Vec<Value>)> {
    let judged = |id: usize, source: &str, label: &str| {
        json!({ "pair_id": format!("p{id}"), "original_id": null, "source": source,
            "question": format!("{id}?"), "response_A": format!("a{id}"),
            "response_B": format!("b{id}"), "label": label })
    };
    let hhh = |labels: [u8; 2]| {
        json!({ "config": "honest", "input": format!("{labels:?}?"),
            "targets": { "choices": ["x", "y"], "labels": labels } })
    };
    let human = |id: usize, winner: &str| {
        json!({ "question_id": format!("q{id}"), "winner": winner, "prompt": format!("{id}?"),
            "response_1": "one", "response_2": "two", "language": "English" })
    };
    let asked = json!([{ "content": "Tell me.", "language": "English", "role": "user" }]);
    let said = |text: &str| json!({ "llm_name": "m", "answer": text });
    let rmb = vec![
        json!({ "pair_uid": "1", "conversation_input": asked, "chosen": said("c"),
            "reject": said("r"), "category_path": "Pairwise_set/Helpfulness/Chat/Casual" }),
        json!({ "bon_uid": "1", "conversation_input": asked, "bon_best": said("best"),
            "loser_list": [said("l1"), said("l2")], "category_path": "BoN_set/Harmlessness/S1" }),
    ];
    let translated = json!({ "id": 3, "prompt": "Wie?", "chosen": "Lima.", "rejected": "Quito.",
        "language": "deu_Latn", "source": "mt-bench-easy" });
    let prior = json!({ "prompt": [{ "role": "user", "content": "Hi" }], "chosen": "Hello",
        "rejected": "No", "subset": "anthropic_hhh" });
    let auto_j = |label: usize| {
        json!({ "scenario": "chitchat", "label": label, "prompt": format!("{label}?"),
            "response 1": "one", "response 2": "two" })
    };
    let panda = json!({ "prompt": "p", "chosen": "", "rejected": "r", "id": 1 });
    vec![
        (
            "judgebench",
            vec![
                judged(1, "mmlu-pro-law", "A>B"),
                judged(2, "livecodebench", "B>A"),
            ],
            vec![
                json!(["mmlu-pro", ["a1"], ["b1"]]),
                json!(["livecodebench", ["b2"], ["a2"]]),
            ],
        ),
        (
            "hhh-alignment",
            vec![hhh([1, 0]), hhh([0, 1])],
            vec![
                json!(["honest", ["x"], ["y"]]),
                json!(["honest", ["y"], ["x"]]),
            ],
        ),
        (
            "auto-j",
            vec![auto_j(0), auto_j(1), auto_j(2)],
            vec![
                json!(["chitchat", ["one"], ["two"]]),
                json!(["chitchat", ["two"], ["one"]]),
                json!(["chitchat", ["one"], ["two"]]),
            ],
        ),
        (
            "ppe-human-preference",
            vec![human(1, "model_a"), human(2, "tie"), human(3, "model_b")],
            vec![
                json!(["human-preference", ["one"], ["two"]]),
                json!(["human-preference", ["two"], ["one"]]),
            ],
        ),
        (
            "rmb",
            rmb,
            vec![
                json!(["Pairwise_set/Helpfulness", ["c"], ["r"]]),
                json!(["BoN_set/Harmlessness", ["best"], ["l1", "l2"]]),
            ],
        ),
        (
            "m-reward-bench",
            vec![translated],
            vec![json!(["mt-bench-easy", ["Lima."], ["Quito."]])],
        ),
        (
            "prior-sets",
            vec![prior],
            vec![json!(["anthropic_hhh", ["Hello"], ["No"]])],
        ),
        (
            "pandalm",
            vec![panda],
            vec![json!(["pandalm", [""], ["r"]])],
        ),
    ]
}

#[test]
fn rows_are_read_as_their_publishers_have_them() {
    for (benchmark, rows, expected) in layouts() {
        let dir = tempfile::tempdir().unwrap();
        let data = write(dir.path(), "rows.jsonl", &rows);
        let run = out(dir.path(), "run");
        let summary = document(&[
            "run",
            "--model",
            PAIRWISE,
            "--benchmark",
            benchmark,
            "--data",
            &data,
            "--out",
            &run,
            "--allow-partial",
            "--format",
            "json",
        ]);
        let shown = document(&["show", &run, "--format", "json"]);
        let found: Vec<Value> = shown["pairs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| json!([item["subset"], item["chosen"], item["rejected"]]))
            .collect();
        assert_eq!(found, expected, "{benchmark}");
        let has_ties = rows.len() > expected.len();
        let notes = summary["notes"].to_string();
        assert_eq!(
            notes.contains("left out: 1 row on which neither"),
            has_ties,
            "{notes}"
        );
    }
}

/// Equal answers tie exactly: found where the label says so, and not correct where it does not.
#[test]
fn a_label_that_is_a_tie_is_met_by_a_margin_of_0_alone() {
    let dir = tempfile::tempdir().unwrap();
    let row = |id: usize, label: usize, answers: [&str; 2]| {
        json!({ "id": id, "scenario": "chitchat", "label": label, "prompt": "p",
            "response 1": answers[0], "response 2": answers[1] })
    };
    let same = ["the same", "the same"];
    let rows = [
        row(0, 2, same),
        row(1, 2, ["one", "three"]),
        row(2, 0, same),
    ];
    let data = write(dir.path(), "rows.jsonl", &rows);
    let path = out(dir.path(), "run");
    let more = ["--data", &data, "--out", &path, "--allow-partial"];
    let summary = both_models("auto-j", &more);
    for model in summary["models"].as_object().unwrap().values() {
        let subset = &model["subsets"]["chitchat"];
        near(&subset["accuracy"], 1.0 / 3.0);
        let counts = ["correct", "wrong", "tie"].map(|key| subset[key].as_u64());
        assert_eq!(counts, [Some(1); 3], "{subset}");
    }
    for baseline in summary["baselines"].as_object().unwrap().values() {
        near(&baseline["subsets"]["chitchat"]["accuracy"], 1.0 / 3.0);
    }
    for model in ["rm", "pair"] {
        let verdicts: Vec<String> = self::rows(&path, model)
            .into_iter()
            .map(|row| row.verdict)
            .collect();
        assert_eq!(verdicts, ["correct", "wrong", "tie"]);
    }
    let shown = document(&["show", &path, "--format", "json"]);
    let labels = [0, 1, 2].map(|at| shown["pairs"][at]["label"].clone());
    assert_eq!(labels, [json!("tie"), json!("tie"), Value::Null]);
    assert_eq!(shown["pairs"][1]["models"][0]["verdict"], "wrong");
    // What is read again is what was scored.
    let again = document(&["report", &path, "--format", "json"]);
    assert_eq!(again["models"], summary["models"]);
    done(&["compare", &format!("{path}:rm"), &format!("{path}:pair")]);
    let page = done(&["report", &path, "--format", "html"]);
    assert!(page.contains("where the model is wrong: 0 of 1 margin."));
    // Labelled anew, it is another question.
    let relabelled = [
        row(0, 2, same),
        row(1, 0, ["one", "three"]),
        row(2, 0, same),
    ];
    let relabelled = write(dir.path(), "relabelled.jsonl", &relabelled);
    let other = out(dir.path(), "other");
    let more = ["--data", &relabelled, "--out", &other, "--allow-partial"];
    both_models("auto-j", &more);
    let error = refused(
        4,
        &["compare", &format!("{path}:rm"), &format!("{other}:rm")],
    );
    assert!(error.contains("is a tie in the baseline only"), "{error}");
    let map = "chosen=response 1,rejected=response 2,label=label:0/1/2";
    let base = ["run", "--model", PAIRWISE, "--data", &data, "--map"];
    for (ties, says) in [
        ("", "ties=drop in --map"),
        (",ties=keep", "metric = \"agreement\""),
    ] {
        let error = refused(4, &[&base[..], &[&format!("{map}{ties}")]].concat());
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn what_cannot_be_scored_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let four = json!({
        "prompt": "p", "chosen": ["a"], "rejected": ["b", "c", "d"], "subset": "Math", "id": "1",
    });
    let several = write(dir.path(), "several.jsonl", std::slice::from_ref(&four));
    let error = refused(4, &["run", "--model", PAIRWISE, "--data", &several]);
    assert!(
        error.contains("row 0 (Math) by pair-accuracy: found 1 chosen and 3"),
        "{error}"
    );
    assert!(error.contains("--benchmark FILE.toml"), "{error}");
    let mut two = four.clone();
    two["chosen"] = json!(["a", "b"]);
    let rows = [
        (two, "found 2 chosen"),
        (
            json!({ "prompt": "p", "chosen": [], "rejected": ["b"], "subset": "Math" }),
            "expected a string, found []",
        ),
    ];
    for (row, says) in rows {
        let data = write(dir.path(), "rows.jsonl", &[row]);
        let base = ["run", "--model", PAIRWISE, "--data", &data];
        let error = refused(4, &[&base[..], &REWARD_BENCH_2].concat());
        assert!(error.contains(says), "{error}");
    }
    let orders = dir.path().join("orders.toml");
    std::fs::write(
        &orders,
        "name = 'o'\nmetric = 'both-orders'\n[subsets]\na = 1",
    )
    .unwrap();
    let pair = json!({ "prompt": "p", "chosen": "a", "rejected": "b", "subset": "a" });
    let pair = write(dir.path(), "pair.jsonl", &[pair]);
    let base = ["run", "--model", PAIRWISE, "--data", &pair, "--benchmark"];
    let verified = ["--dtype", "verified"];
    let error = refused(
        2,
        &[&base[..], &[orders.to_str().unwrap()], &verified].concat(),
    );
    assert!(error.contains("counts each order"), "{error}");
    let base = [
        "run",
        "--model",
        PAIRWISE,
        "--data",
        &several,
        "--dtype",
        "int8",
        "--int8-batch",
        "2",
    ];
    let error = refused(2, &[&base[..], &REWARD_BENCH_2].concat());
    assert!(
        error.contains("--int8-batch: it is defined for pairs"),
        "{error}"
    );
    let shown = done(&["inspect", "reward-bench-2", "--offline"]);
    assert!(
        shown.contains("ODC-BY") && shown.contains("best-of-n, ties"),
        "{shown}"
    );
}

/// A definition with 0 says no number: nobody knows whether these are all.
#[test]
fn a_number_that_is_not_known_is_not_all() {
    let dir = tempfile::tempdir().unwrap();
    let human = json!({ "question_id": 1, "prompt": "p", "response_1": "one", "response_2": "two",
        "winner": "model_a" });
    let data = write(dir.path(), "rows.jsonl", &[human]);
    let path = out(dir.path(), "run");
    let base = ["run", "--model", PAIRWISE, "--data", &data, "--out", &path];
    let table = done(&[&base[..], &["--benchmark", "ppe-human-preference"]].concat());
    assert!(
        table.contains("1; how many the benchmark has is not known")
            && !table.contains("all of the benchmark"),
        "{table}"
    );
    let report = document(&["report", &path, "--format", "json"]);
    let provenance = &report["models"]["pair"]["provenance"];
    assert_eq!(
        (&provenance["benchmark"]["uncounted"], &report["partial"]),
        (&json!(true), &Value::Null)
    );
    let error = refused(2, &["report", &path, "--format", "model-card"]);
    assert!(
        error.contains("whether the run is whole is not known"),
        "{error}"
    );
    // One row of one of 23 subsets.
    let row = json!({ "prompt": "p", "chosen": "Lima.", "rejected": "Quito.",
        "source": "mt-bench-easy" });
    let data = write(dir.path(), "translated.jsonl", &[row]);
    let base = ["run", "--model", PAIRWISE, "--data", &data];
    let table = done(&[&base[..], &["--benchmark", "m-reward-bench"]].concat());
    assert!(
        table.contains("1; how many the benchmark has is not known"),
        "{table}"
    );
}

/// A definition that would give a wrong figure, or has a key that changes nothing, is refused with
/// what to do; a finished run of one keeps its figures.
#[test]
fn a_definition_that_misleads_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let row =
        |subset: &str| json!({ "subset": subset, "prompt": "p", "chosen": "a", "rejected": "b" });
    write(dir.path(), "rows.jsonl", &[row("a"), row("b")]);
    let definition = |lines: &str| {
        let path = dir.path().join("mine.toml");
        let text = format!(
            "name = 'mine'\n{lines}\n[source]\nfiles = ['rows.jsonl']\n[subsets]\na = 1\nb = 1\n"
        );
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let two = "sections = [{name='S',subsets=['a']},{name='T',subsets=['b']}]\n";
    for (lines, says) in [
        (two.replace('T', "S"), "two figures are called `S`"),
        (
            format!("{two}headline = {{key='subsets',label='L'}}"),
            "summary.json has another value under this key",
        ),
        (
            "headline = {key='k',label='L'}".to_owned(),
            "`headline` is a mean of sections, of which there are none: add [[sections]]",
        ),
        ("published = ['zzz']".to_owned(), "there is no table `zzz`"),
    ] {
        let error = refused(
            4,
            &[
                "run",
                "--model",
                PAIRWISE,
                "--benchmark",
                &definition(&lines),
            ],
        );
        assert!(
            error.contains("mine.toml") && error.contains(says),
            "{lines}: {error}"
        );
    }
    // As an older version took it.
    let path = out(dir.path(), "run");
    let whole = definition(two);
    done(&[
        "run",
        "--model",
        PAIRWISE,
        "--benchmark",
        &whole,
        "--out",
        &path,
    ]);
    let file = Path::new(&path).join("run.json");
    let mut old = record(Path::new(&path));
    let text = std::fs::read_to_string(&whole).unwrap();
    old["plan"]["definition"]["toml"] = json!(format!("published = ['zzz']\n{text}"));
    std::fs::write(&file, old.to_string()).unwrap();
    let again = done(&["report", &path]);
    assert!(again.contains("\nS ") && again.contains("\nT "), "{again}");
}
