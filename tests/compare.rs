//! `pairbench compare` and its gate, on runs of the binary itself.

#[path = "common/binary.rs"]
mod binary;
mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use serde_json::Value;

fn root(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(part)
}

fn pairbench(arguments: &[&str]) -> Output {
    binary::pairbench().args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A run that must succeed.
fn run(out: &Path, arguments: &[&str]) {
    let output = pairbench(&[&["run", "--out", out.to_str().unwrap()], arguments].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// stdout, stderr and exit code of a comparison.
fn compare(arguments: &[&str]) -> (String, String, i32) {
    let output = pairbench(&[&["compare"], arguments].concat());
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(!stderr.contains("panicked"), "{stderr}");
    (stdout, stderr, output.status.code().unwrap())
}

fn json(arguments: &[&str]) -> Value {
    let (stdout, stderr, code) = compare(&[arguments, &["--format", "json"]].concat());
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

/// The quickstart, both models: made once for all tests.
fn quickstart() -> &'static str {
    static RUN: OnceLock<(tempfile::TempDir, String)> = OnceLock::new();
    &RUN.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        run(dir.path(), &[]);
        let path = dir.path().display().to_string();
        (dir, path)
    })
    .1
}

fn of(model: &str) -> String {
    format!("{}:{model}", quickstart())
}

const GATE: [&str; 11] = [
    "drop:average:0.01",
    "drop:total:0.01",
    "drop:section:*:0.1",
    "drop:subset:*:0.2",
    "significant-drop:average:0.05",
    "significant-drop:subset:*:0.05",
    "significant-drop:section:Safety:0.05",
    "min:average:0.65",
    "max-ties:1000",
    "max-invalid:0",
    "max-position-bias:1",
];

#[test]
fn a_run_against_itself_passes_every_gate_without_a_difference() {
    let dir = tempfile::tempdir().unwrap();
    let gate = dir.path().join("gate.toml");
    std::fs::write(&gate, format!("rules = {GATE:?}")).unwrap();
    for model in ["pairrm", "better-pairrm"].map(of) {
        assert_unchanged(&json(&[
            &model,
            &model,
            "--strict-gate",
            "--gate",
            gate.to_str().unwrap(),
            "--flips",
        ]));
    }
}

/// Every rule is met, and no line says anything but that.
fn assert_unchanged(found: &Value) {
    let gate = found["gate"].as_array().unwrap();
    assert_eq!(
        gate.iter()
            .map(|outcome| outcome["rule"].as_str().unwrap())
            .collect::<Vec<_>>(),
        GATE
    );
    assert!(
        gate.iter().all(|outcome| outcome["status"] == "pass"),
        "{gate:?}"
    );
    assert_eq!(
        (
            found["matching"]["pairs"].as_u64(),
            found["changed"].as_u64(),
            &found["flips"]
        ),
        (Some(636), Some(0), &Value::Array(Vec::new()))
    );
    let mut lines = 0;
    for block in ["subsets", "sections", "totals"] {
        for line in found[block].as_object().unwrap().values() {
            assert_eq!(
                (
                    line["difference"]["value"].as_f64(),
                    line["p"].as_f64(),
                    line["gained"].as_u64(),
                    line["lost"].as_u64()
                ),
                (Some(0.0), Some(1.0), Some(0), Some(0))
            );
            lines += 1;
        }
    }
    assert_eq!(lines, 11 + 4 + 2);
}

/// The counts, again from `verdicts.parquet`; p-values as in scipy 1.17.1.
#[test]
fn figures_are_those_of_the_verdicts() {
    use polars::prelude::*;
    let found = json(&[&of("pairrm"), &of("better-pairrm"), "--flips", "1000"]);
    let frame = ParquetReader::new(
        std::fs::File::open(Path::new(quickstart()).join("verdicts.parquet")).unwrap(),
    )
    .finish()
    .unwrap();
    let column = |name: &str| frame.column(name).unwrap().str().unwrap().clone();
    let (models, subsets, verdicts) = (column("model"), column("subset"), column("verdict"));
    // All models scored the same 636 rows in the same order.
    let rows = frame.height() / 3;
    let at = |model: &str, row: usize| {
        (0..3)
            .map(|m| m * rows + row)
            .find(|i| models.get(*i) == Some(model))
            .unwrap()
    };
    let (mut gained, mut lost, mut changed) = (0, 0, 0);
    for row in 0..rows {
        let [before, after] =
            ["pairrm", "better-pairrm"].map(|model| verdicts.get(at(model, row)).unwrap());
        assert_eq!(
            subsets.get(at("pairrm", row)),
            subsets.get(at("better-pairrm", row))
        );
        gained += u64::from(before != "correct" && after == "correct");
        lost += u64::from(before == "correct" && after != "correct");
        changed += u64::from(before != after);
    }
    let total = &found["totals"]["all pairs"];
    assert_eq!(
        (
            total["gained"].as_u64(),
            total["lost"].as_u64(),
            found["changed"].as_u64()
        ),
        (Some(gained), Some(lost), Some(changed))
    );
    assert!(gained > 0 && lost > 0);
    let flips = found["flips"].as_array().unwrap();
    let sizes: Vec<f64> = flips
        .iter()
        .map(|flip| flip["change"].as_f64().unwrap().abs())
        .collect();
    assert!(
        sizes.len() as u64 == changed && sizes.is_sorted_by(|a, b| a >= b),
        "{sizes:?}"
    );
    // The texts are those of the pairs.
    for flip in flips {
        let line = std::fs::read_to_string(root("benchmarks/quickstart/pairs.jsonl"))
            .unwrap()
            .lines()
            .nth(usize::try_from(flip["row"].as_u64().unwrap()).unwrap())
            .unwrap()
            .to_owned();
        let pair: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&pair["id"], &pair["subset"]),
            (&flip["id"], &flip["subset"])
        );
        for part in ["prompt", "chosen", "rejected"] {
            assert_eq!(flip[part], pair[part], "{part}");
        }
    }
}

#[test]
fn a_broken_layer_fails_the_gate_and_the_subsets_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let (model, out) = (dir.path().join("broken"), dir.path().join("run"));
    std::fs::create_dir(&model).unwrap();
    common::broken("better-pairrm", &model);
    run(
        &out,
        &[
            "--model",
            model.to_str().unwrap(),
            "--benchmark",
            "quickstart",
        ],
    );
    let sides = [of("better-pairrm"), out.display().to_string()];
    let (stdout, stderr, code) = compare(&[
        &sides[0],
        &sides[1],
        "--gate",
        "significant-drop:subset:*:0.05",
        "--gate",
        "drop:average:0.01",
        "--format",
        "json",
    ]);
    assert_eq!(code, 3, "{stderr}");
    let found: Value = serde_json::from_str(&stdout).unwrap();
    let error: Value = serde_json::from_str(&stderr).unwrap();
    assert_eq!(error["exit_code"], 3);
    let dropped: BTreeSet<&str> = found["subsets"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, line)| {
            line["holm"].as_f64().unwrap() < 0.05
                && line["difference"]["value"].as_f64().unwrap() < 0.0
        })
        .map(|(name, _)| name.as_str())
        .collect();
    let outcome = &found["gate"][0];
    let named: BTreeSet<&str> = outcome["reason"]
        .as_str()
        .unwrap()
        .split("; ")
        .map(|part| part.split(' ').next().unwrap())
        .collect();
    assert!(!dropped.is_empty());
    assert_eq!(named, dropped);
    assert_eq!(
        (
            outcome["status"].as_str(),
            found["gate"][1]["status"].as_str()
        ),
        (Some("fail"), Some("fail"))
    );
    assert!(
        outcome["look_at"][0]
            .as_str()
            .unwrap()
            .contains("correct +"),
        "{outcome}"
    );
    // The other way round nothing dropped.
    let (_, stderr, code) = compare(&[
        &sides[1],
        &sides[0],
        "--strict-gate",
        "--gate",
        "significant-drop:subset:*:0.05",
        "--gate",
        "drop:average:0.01",
    ]);
    assert_eq!(code, 0, "{stderr}");
}

#[test]
fn an_open_question_is_exit_8_only_where_it_is_asked_for() {
    // Better-pairrm's average differs by less than its interval is wide.
    let difference =
        json(&[&of("pairrm"), &of("better-pairrm")])["totals"]["average"]["difference"].clone();
    let limit = -f64::midpoint(
        difference["low"].as_f64().unwrap(),
        difference["high"].as_f64().unwrap(),
    );
    let [before, after] = if limit < 0.0 {
        ["better-pairrm", "pairrm"]
    } else {
        ["pairrm", "better-pairrm"]
    }
    .map(of);
    let gate = format!("drop:average:{:.4}", limit.abs());
    let (stdout, _, code) = compare(&[&before, &after, "--gate", &gate]);
    assert_eq!(code, 0, "{stdout}");
    assert!(
        stdout.contains(&format!("~ inconclusive  {}", gate.trim_end_matches('0'))),
        "{stdout}"
    );
    let (_, stderr, code) = compare(&[&before, &after, "--gate", &gate, "--strict-gate"]);
    assert!(
        code == 8 && stderr.contains("inconclusive"),
        "{code} {stderr}"
    );
    // A rule that failed is the graver message.
    assert_eq!(
        compare(&[
            &before,
            &after,
            "--gate",
            &gate,
            "--gate",
            "min:average:1",
            "--strict-gate"
        ])
        .2,
        3
    );
}

#[test]
fn models_are_chosen_by_name_or_by_being_alone() {
    let (_, stderr, code) = compare(&[quickstart(), quickstart()]);
    assert!(
        code == 2 && stderr.contains("has pairrm, better-pairrm"),
        "{stderr}"
    );
    assert_eq!(compare(&[&of("pairrm"), quickstart()]).2, 0);
    let (_, stderr, code) = compare(&[&of("other"), quickstart()]);
    assert!(
        code == 2
            && stderr.contains("none called other")
            && stderr.contains("its models: pairrm, better-pairrm"),
        "{stderr}"
    );
}

const ROW: &str =
    r#"{"prompt":"hello!","chosen":"hi!","rejected":"go away!","subset":"greetings","id":1}"#;

/// A run of the quickstart's pairrm on these lines.
fn run_on(dir: &Path, name: &str, lines: &[String]) -> String {
    let data = dir.join(format!("{name}.jsonl"));
    std::fs::write(&data, lines.join("\n")).unwrap();
    let out = dir.join(name);
    run(
        &out,
        &[
            "--model",
            "quickstart/pairrm",
            "--data",
            data.to_str().unwrap(),
        ],
    );
    out.display().to_string()
}

#[test]
fn rows_that_one_side_lacks_are_stated() {
    let dir = tempfile::tempdir().unwrap();
    let row = |id: usize| ROW.replace(":1}", &format!(":{id}}}"));
    let baseline = run_on(dir.path(), "a", &[row(1), row(2), row(3)]);
    let candidate = run_on(
        dir.path(),
        "b",
        &[row(3), row(1), ROW.replace("greetings", "others")],
    );
    assert_eq!(compare(&[&baseline, &candidate]).2, 4);
    let (stdout, stderr, code) = compare(&[&baseline, &candidate, "--allow-partial"]);
    assert_eq!(code, 0, "{stderr}");
    for expected in [
        "PARTIAL: not compared: 1 pair (greetings 1)",
        "2 pairs in both, matched by subset and id; verdicts changed: 0",
        "1 pair only in the baseline, left out: greetings 1",
        "1 pair only in the candidate, left out: others 1",
        "the runs are not known to have read the same files",
    ] {
        assert!(stdout.contains(expected), "{expected}: {stdout}");
    }
    // Without ids rows of different files cannot be matched; those of the same file can.
    let bare = |text: &str| ROW.replace(",\"id\":1", "").replace("hello!", text);
    let [first, second] = ["c", "d"].map(|name| run_on(dir.path(), name, &[bare(name), bare("x")]));
    let (stdout, stderr, code) = compare(&[&first, &second]);
    assert!(
        code == 4 && stdout.is_empty() && stderr.contains("not every row has an id"),
        "{stderr}"
    );
    assert!(
        compare(&[&first, &first])
            .0
            .contains("2 pairs in both, matched by row")
    );
}

/// The rows of one file are other pairs where other columns of it are read.
#[test]
fn other_columns_are_other_pairs() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("pairs.jsonl");
    let row = "{\"prompt\":\"hello!\",\"chosen\":\"hi!\",\"rejected\":\"go!\",\"other\":\"no!\"}";
    std::fs::write(&data, row).unwrap();
    let [plain, mapped] = ["rejected=rejected", "rejected=other"].map(|map| {
        let out = dir.path().join(map);
        let data = data.to_str().unwrap();
        let model = "quickstart/pairrm";
        run(&out, &["--model", model, "--data", data, "--map", map]);
        out.display().to_string()
    });
    assert_eq!(compare(&[&plain, &plain]).2, 0);
    let (_, stderr, code) = compare(&[&plain, &mapped]);
    assert!(
        code == 4 && stderr.contains("not every row has an id"),
        "{stderr}"
    );
}

#[test]
fn different_benchmarks_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let other = run_on(dir.path(), "a", &[ROW.to_owned()]);
    let (_, stderr, code) = compare(&[&of("pairrm"), &other]);
    assert!(
        code == 4
            && stderr.contains("no pair in common")
            && stderr.contains("greetings")
            && stderr.contains("chat-length"),
        "{code} {stderr}"
    );
    let definition = dir.path().join("mine.toml");
    std::fs::write(
        &definition,
        "name = 'mine'\nsource = { files = ['a.jsonl'] }\n[subsets]\ngreetings = 1\n",
    )
    .unwrap();
    let out = dir.path().join("mine");
    run(
        &out,
        &[
            "--model",
            "quickstart/pairrm",
            "--benchmark",
            definition.to_str().unwrap(),
        ],
    );
    let (_, stderr, code) = compare(&[&of("pairrm"), out.to_str().unwrap()]);
    assert!(
        code == 2
            && stderr.contains("the benchmarks differ: quickstart and")
            && stderr.contains("mine.toml"),
        "{code} {stderr}"
    );
    assert_eq!(compare(&[&other, out.to_str().unwrap()]).2, 0);
    // The same name, and another definition: what it was is in run.json.
    let again = dir.path().join("again");
    std::fs::write(
        &definition,
        "name = 'mine'\nsource = { files = ['a.jsonl'] }\n[subsets]\ngreetings = 1\n\
             [[sections]]\nname = 'All'\nsubsets = ['greetings']\n",
    )
    .unwrap();
    run(
        &again,
        &[
            "--model",
            "quickstart/pairrm",
            "--benchmark",
            definition.to_str().unwrap(),
        ],
    );
    let sides = [out.to_str().unwrap(), again.to_str().unwrap()];
    for command in ["compare", "report"] {
        let stderr = text(&pairbench(&[command, sides[0], sides[1]]).stderr);
        assert!(
            stderr.contains("the benchmarks differ: ")
                && stderr.matches("definition mine (SHA-256 ").count() == 1,
            "{command}: {stderr}"
        );
    }
    // The run is shown under its own definition, though the file is another one by now.
    let (stdout, stderr, code) = compare(&[sides[0], sides[0]]);
    assert!(
        code == 0 && !stdout.contains("has changed") && !stdout.contains("All"),
        "{stderr}{stdout}"
    );
    assert!(compare(&[sides[1], sides[1]]).0.contains("All"));
    // Runs of versions that did not record it are still read.
    let record = out.join("run.json");
    let mut old: Value = serde_json::from_str(&std::fs::read_to_string(&record).unwrap()).unwrap();
    old["plan"]
        .as_object_mut()
        .unwrap()
        .shift_remove("definition")
        .unwrap();
    std::fs::write(&record, old.to_string()).unwrap();
    assert_eq!(compare(&sides).2, 0);
    let (_, stderr, code) = compare(&["model-card:PairRM-hf", &of("pairrm")]);
    assert!(
        code == 2 && stderr.contains("reward-bench and quickstart"),
        "{code} {stderr}"
    );
}

#[test]
fn texts_of_changed_files_are_left_out_and_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("pairs.jsonl");
    // Not all of them: the whole file would be found again in the binary.
    let pairs = std::fs::read_to_string(root("benchmarks/quickstart/pairs.jsonl")).unwrap();
    std::fs::write(
        &data,
        pairs.lines().take(100).collect::<Vec<_>>().join("\n"),
    )
    .unwrap();
    let out = dir.path().join("run");
    run(
        &out,
        &[
            "--model",
            "quickstart/better-pairrm",
            "--data",
            data.to_str().unwrap(),
            "--subset",
            "chat-*",
        ],
    );
    let sides = [of("pairrm"), out.display().to_string()];
    let found = json(&["--allow-partial", &sides[0], &sides[1], "--flips", "2"]);
    assert!(
        found["flips"][0]["prompt"].is_string() && found["flips"].as_array().unwrap().len() == 2,
        "{found}"
    );
    assert!(
        json(&["--allow-partial", &sides[0], &sides[1]])
            .get("flips")
            .is_none()
    );
    std::fs::write(&data, ROW).unwrap();
    let (stdout, stderr, code) =
        compare(&["--allow-partial", &sides[0], &sides[1], "--flips", "2"]);
    assert!(
        code == 0
            && stdout.contains("without the texts of the pairs")
            && stdout.contains("has changed since the run"),
        "{stdout}{stderr}"
    );
    std::fs::remove_file(&data).unwrap();
    let (stdout, _, code) = compare(&[
        "--allow-partial",
        &sides[0],
        &sides[1],
        "--flips",
        "2",
        "--format",
        "csv",
    ]);
    assert!(
        code == 0
            && stdout.lines().count() == 3
            && stdout
                .lines()
                .skip(1)
                .all(|line| line.contains(",,,,,\"PARTIAL: not compared: ")),
        "{stdout}"
    );
    let (markdown, _, code) = compare(&[
        "--allow-partial",
        &sides[0],
        &sides[1],
        "--flips",
        "2",
        "--format",
        "markdown",
    ]);
    assert!(
        code == 0 && markdown.contains("is not there any more"),
        "{markdown}"
    );
}

#[test]
fn a_published_table_is_compared_without_pairs() {
    let dir = tempfile::tempdir().unwrap();
    // 164 pairs of one subset: as many as the table counts.
    let rows: Vec<String> = (0..164)
        .map(|id| {
            ROW.replace(":1}", &format!(":{id}}}"))
                .replace("greetings", "hep-go")
                .replace("hello", &format!("hello {id}"))
        })
        .collect();
    let run = run_on(dir.path(), "a", &rows);
    let found = json(&[
        "model-card:PairRM-hf",
        &run,
        "--allow-partial",
        "--gate",
        "significant-drop:average:0.05",
    ]);
    assert_eq!(found["matching"]["paired"], false);
    // Printed as 0.689: 113 of 164. The interval from scipy 1.17.1,
    // binomtest(113, 164).proportion_ci(method="exact").
    let line = &found["subsets"]["hep-go"];
    assert!((line["baseline"]["accuracy"].as_f64().unwrap() - 113.0 / 164.0).abs() < 1e-12);
    assert!(
        (line["baseline"]["low"].as_f64().unwrap() - 0.612_168_467).abs() < 1e-6,
        "{line}"
    );
    assert_eq!(
        (
            &line["p"],
            &line["lost"],
            found["subsets"].as_object().unwrap().len()
        ),
        (&Value::Null, &Value::Null, 1)
    );
    assert_eq!(found["gate"][0]["status"], "inconclusive");
    let (stdout, _, code) = compare(&[&run, "model-card:PairRM-hf"]);
    assert!(
        code == 0
            && stdout.contains("unpaired: a published table has no verdicts")
            && stdout.contains("only in the candidate, left out: alpacaeval-easy"),
        "{stdout}"
    );
    // The table has two models; neither is called as the run's is.
    assert_eq!(compare(&["model-card", &run]).2, 2);
}

#[test]
fn bad_rules_and_bad_runs_have_their_exit_codes() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gate.toml");
    std::fs::write(&file, "rules = ['drop:average']").unwrap();
    let none = dir.path().join("none.toml");
    for (gate, expected, says) in [
        (
            "drop:averag:0.01",
            2,
            "failed to parse rule: drop:averag:0.01: unknown scope `averag`",
        ),
        ("drop:section:Chatt:0.01", 2, "Chat Hard"),
        (file.to_str().unwrap(), 2, "expected SCOPE:NUMBER"),
        (none.to_str().unwrap(), 5, "none.toml"),
    ] {
        let (stdout, stderr, code) = compare(&[&of("pairrm"), &of("pairrm"), "--gate", gate]);
        assert!(
            code == expected && stdout.is_empty() && stderr.contains(says),
            "{gate}: {code} {stderr}"
        );
    }
    let (_, stderr, code) = compare(&["/no/such/run", &of("pairrm")]);
    assert!(code == 5 && stderr.contains("model-card"), "{stderr}");
    let (_, stderr, code) = compare(&[dir.path().to_str().unwrap(), &of("pairrm")]);
    assert!(code == 5 && stderr.contains("run.json"), "{stderr}");

    let damage = |name: &str, bytes: &[u8]| {
        let copy = tempfile::tempdir().unwrap();
        for part in ["run.json", "verdicts.parquet"] {
            std::fs::copy(Path::new(quickstart()).join(part), copy.path().join(part)).unwrap();
        }
        std::fs::write(copy.path().join(name), bytes).unwrap();
        let (stdout, stderr, code) = compare(&[
            copy.path().to_str().unwrap(),
            &of("pairrm"),
            "--format",
            "json",
        ]);
        let error: Value = serde_json::from_str(&stderr).unwrap_or_else(|_| panic!("{stderr}"));
        assert!(
            code == 4 && stdout.is_empty() && error["error"].as_str().unwrap().contains(name),
            "{code} {stderr}"
        );
    };
    let whole = std::fs::read(Path::new(quickstart()).join("verdicts.parquet")).unwrap();
    damage("verdicts.parquet", b"PAR1 and nothing PAR1");
    damage("verdicts.parquet", &whole[..whole.len() / 2]);
    damage(
        "verdicts.parquet",
        &std::fs::read(root("tests/compare.rs")).unwrap(),
    );
    damage("run.json", b"{}");
    damage(
        "run.json",
        b"{\"schema\": 2, \"plan\": {\"benchmark\": null}, \"data\": []}",
    );
    damage("run.json", b"{");
}
