//! What a run directory says of itself, and what is believed of it when it is read back.

#[path = "common/binary.rs"]
mod binary;

use std::fs::File;
use std::path::{Path, PathBuf};

use binary::{record, run};
use polars::prelude::*;
use serde_json::Value;

const MODEL: &str = "quickstart/pairrm";

fn read(path: &Path) -> DataFrame {
    ParquetReader::new(File::open(path).unwrap())
        .finish()
        .unwrap()
}

fn write(path: &Path, mut frame: DataFrame) {
    ParquetWriter::new(File::create(path).unwrap())
        .finish(&mut frame)
        .unwrap();
}

fn summary(dir: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(dir.join("summary.json")).unwrap()).unwrap()
}

/// A run of these arguments into a directory below `dir`.
fn finished(dir: &Path, more: &[&str]) -> PathBuf {
    let out = dir.join("run");
    let arguments = ["run", "--model", MODEL, "--out", out.to_str().unwrap()];
    let (_, stderr, code) = run(&[&arguments, more].concat());
    assert_eq!(code, 0, "{stderr}");
    out
}

fn pairs(dir: &Path, name: &str) -> String {
    let path = dir.join(name);
    let row = |at: usize| format!(r#"{{"prompt":"p {at}","chosen":"yes","rejected":"no {at}"}}"#);
    std::fs::write(&path, (0..6).map(row).collect::<Vec<_>>().join("\n")).unwrap();
    path.display().to_string()
}

/// Whoever reads the run: the one who compares, the one who reports, the one who goes on with it.
#[test]
fn verdicts_that_contradict_their_logits_are_refused_with_their_row() {
    let dir = tempfile::tempdir().unwrap();
    let data = pairs(dir.path(), "mine.jsonl");
    let out = finished(dir.path(), &["--data", &data]);
    let path = out.join("verdicts.parquet");
    let whole = read(&path);
    let verdicts: Vec<&str> = whole
        .column("verdict")
        .unwrap()
        .str()
        .unwrap()
        .iter()
        .flatten()
        .collect();
    let turned: Vec<&str> = verdicts
        .iter()
        .map(|verdict| {
            if *verdict == "wrong" {
                "correct"
            } else {
                "wrong"
            }
        })
        .collect();
    let margins = whole.column("margin").unwrap().f32().unwrap();
    let larger: Vec<f32> = margins
        .iter()
        .flatten()
        .map(|margin| margin + 1.0)
        .collect();
    let changes = [
        ("verdict", Column::new("verdict".into(), turned)),
        ("margin", Column::new("margin".into(), larger)),
    ];
    let out = out.to_str().unwrap();
    for (column, values) in changes {
        let mut changed = whole.clone();
        changed.replace(column, values).unwrap();
        write(&path, changed);
        let resumed = [
            "run", "--model", MODEL, "--data", &data, "--out", out, "--resume",
        ];
        for arguments in [&["compare", out, out][..], &["report", out], &resumed] {
            let (_, stderr, code) = run(arguments);
            assert_eq!(code, 4, "{arguments:?}: {stderr}");
            let said = format!("row 0, column `{column}`");
            assert!(
                stderr.contains(&said) && stderr.contains("verdicts.parquet"),
                "{stderr}"
            );
        }
    }
    write(&path, whole);
    assert_eq!(run(&["report", out]).2, 0);
}

/// Not even where a file is called like a subset of RewardBench, which would weigh 984 there.
#[test]
fn own_files_have_neither_sections_nor_a_benchmark() {
    let dir = tempfile::tempdir().unwrap();
    let data = pairs(dir.path(), "math-prm.jsonl");
    let out = finished(dir.path(), &["--data", &data]);
    let found = summary(&out);
    assert_eq!(found["benchmark"], Value::Null);
    let model = &found["models"]["pairrm"];
    assert_eq!(
        (&model["sections"], &model["rewardbench"]),
        (&serde_json::json!({}), &Value::Null)
    );
    assert_eq!(model["subsets"]["math-prm"]["n"], 6);
    let (table, _, _) = run(&["report", out.to_str().unwrap()]);
    assert!(
        !table.contains("Reasoning") && !table.contains("984"),
        "{table}"
    );
    assert_eq!(record(&out)["plan"]["definition"], Value::Null);
}

/// A run is shown under the definition that it was scored with, though the file is gone.
#[test]
fn a_run_carries_its_benchmark() {
    let dir = tempfile::tempdir().unwrap();
    pairs(dir.path(), "jokes.jsonl");
    let definition = dir.path().join("mine.toml");
    let text = "name = \"mine\"\nheadline = { key = \"mirth\", label = \"Mirth\" }\n\
                [source]\nfiles = [\"jokes.jsonl\"]\n[subsets]\njokes = 6\n\
                [[sections]]\nname = \"Fun\"\nsubsets = [\"jokes\"]\n";
    std::fs::write(&definition, text).unwrap();
    let out = finished(dir.path(), &["--benchmark", definition.to_str().unwrap()]);
    std::fs::remove_file(&definition).unwrap();
    assert_eq!(record(&out)["plan"]["definition"]["toml"], text);
    let out = out.to_str().unwrap();
    let (table, stderr, code) = run(&["report", out]);
    assert_eq!(code, 0, "{stderr}");
    assert!(table.contains("Fun") && table.contains("Mirth"), "{table}");
    let model = &summary(Path::new(out))["models"]["pairrm"];
    assert_eq!(model["mirth"], model["sections"]["Fun"]);
    // The figure is a scope of rules by its key's place, not by a name in the code.
    let (_, stderr, code) = run(&["compare", out, out, "--gate", "min:headline:0"]);
    assert_eq!(code, 0, "{stderr}");
    let (_, stderr, code) = run(&["compare", out, out, "--gate", "min:rewardbench:0"]);
    assert!(
        code == 2 && stderr.contains("compared were: average, headline, total"),
        "{stderr}"
    );
}

/// Content of everything in a directory, by name.
fn contents(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| {
        let bytes = std::fs::read(dir.join(&name)).unwrap();
        (name, bytes)
    };
    binary::names(dir).into_iter().map(read).collect()
}

#[test]
fn a_finished_run_of_another_plan_is_replaced_on_request_only() {
    let dir = tempfile::tempdir().unwrap();
    let data = pairs(dir.path(), "mine.jsonl");
    let out = finished(dir.path(), &["--data", &data]);
    let before = contents(&out);
    let again = |more: &[&str]| {
        let arguments = ["run", "--data", &data, "--out", out.to_str().unwrap()];
        run(&[&arguments, more].concat())
    };
    for (more, differs) in [
        (&["--model", MODEL, "--limit", "5"][..], "pairs, rows"),
        (&["--model", MODEL, "--dtype", "f16"], "models[0].precision"),
        (
            &["--model", "quickstart/better-pairrm"],
            "models[0].checkpoint",
        ),
        (&["--model", MODEL, "--shard", "1/2"], "shard"),
    ] {
        let (stdout, stderr, code) = again(more);
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        for part in [
            "failed to replace the finished run",
            differs,
            "--overwrite",
            "--out",
        ] {
            assert!(stderr.contains(part), "{part}: {stderr}");
        }
        assert!(
            !stderr.contains("loaded in") && contents(&out) == before,
            "{stderr}"
        );
    }
    // The same plan finds the same verdicts.
    let (_, stderr, code) = again(&["--model", MODEL]);
    assert_eq!(code, 0, "{stderr}");
    for (name, bytes) in &before {
        assert!(
            name == "run.json" || std::fs::read(out.join(name)).unwrap() == *bytes,
            "{name}"
        );
    }
    let (_, stderr, code) = again(&["--model", MODEL, "--limit", "5", "--overwrite"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(record(&out)["models"][0]["pairs"], 5);
    let (_, stderr, code) = again(&["--model", MODEL, "--overwrite", "--resume"]);
    assert!(
        code == 2 && stderr.contains("cannot be used with"),
        "{stderr}"
    );
    assert_eq!(run(&["run", "--overwrite"]).2, 2);
    // A record that no run of this version wrote.
    for text in ["{}", "precious", r#"{"tool":{"name":"another"}}"#] {
        std::fs::write(out.join("run.json"), text).unwrap();
        let (_, stderr, code) = again(&["--model", MODEL]);
        assert!(code != 0 && stderr.contains("--overwrite"), "{stderr}");
        assert_eq!(std::fs::read_to_string(out.join("run.json")).unwrap(), text);
    }
}

#[test]
fn files_that_pairbench_did_not_write_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let data = pairs(dir.path(), "mine.jsonl");
    let out = dir.path().join("out");
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("report.md"), "mine").unwrap();
    let arguments = [
        "--model",
        MODEL,
        "--data",
        &data,
        "--out",
        out.to_str().unwrap(),
    ];
    let again = |command: &[&str], more: &[&str]| run(&[command, more].concat());
    let score = |more: &[&str]| again(&[&["run"], &arguments[..]].concat(), more);
    // A name that pairbench uses, then one that it does not.
    for name in ["report.md", "notes.txt"] {
        let before = contents(&out);
        for more in [&[][..], &["--resume"]] {
            let (_, stderr, code) = score(more);
            assert!(
                code == 2
                    && stderr.contains("files that no run of pairbench wrote")
                    && stderr.contains(name),
                "{stderr}"
            );
            assert!(contents(&out) == before && !stderr.contains("loaded in"));
        }
        std::fs::rename(out.join("report.md"), out.join("notes.txt")).ok();
    }
    assert_eq!(score(&["--overwrite"]).2, 0);
    assert_eq!(
        std::fs::read_to_string(out.join("notes.txt")).unwrap(),
        "mine"
    );
    // What is there is pairbench's now: it goes on, or is reported again.
    assert_eq!(score(&["--resume"]).2, 0);
    assert_eq!(score(&[]).2, 2);
    // The same for what was put together.
    let parts = ["1/2", "2/2"].map(|part| {
        let out = dir.path().join(&part[..1]).display().to_string();
        let shard = [
            "run", "--model", MODEL, "--data", &data, "--shard", part, "--out", &out,
        ];
        assert_eq!(run(&shard).2, 0);
        out
    });
    let merge = [
        "merge",
        &parts[0],
        &parts[1],
        "--out",
        out.to_str().unwrap(),
    ];
    let (_, stderr, code) = again(&merge, &[]);
    assert!(code == 2 && stderr.contains("notes.txt"), "{stderr}");
    std::fs::remove_file(out.join("notes.txt")).unwrap();
    // The whole run is there: put together it is the same.
    assert_eq!(again(&merge, &[]).2, 0);
    let (_, stderr, code) = score(&["--overwrite", "--limit", "3"]);
    assert_eq!(code, 0, "{stderr}");
    let before = contents(&out);
    let (_, stderr, code) = again(&merge, &[]);
    assert!(
        code == 2 && stderr.contains("plan differs: pairs, rows"),
        "{stderr}"
    );
    assert!(contents(&out) == before);
    std::fs::write(out.join("journal.jsonl"), "{}\n").unwrap();
    assert_eq!(again(&merge, &[]).2, 2);
    assert_eq!(again(&merge, &["--overwrite"]).2, 0);
    binary::assert_finished(&out);
}

/// The same rows, another model's verdicts: its figures must not stand under the other's name.
#[test]
fn verdicts_of_another_model_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = pairs(dir.path(), "mine.jsonl");
    let scored = |name: &str, model: &str| {
        let out = dir.path().join(name);
        let model = format!("m={model}");
        let arguments = ["run", "--model", &model, "--data", &data, "--out"];
        let (_, stderr, code) = run(&[&arguments[..], &[out.to_str().unwrap()]].concat());
        assert_eq!(code, 0, "{stderr}");
        out
    };
    let [one, other] = [("one", MODEL), ("other", "quickstart/better-pairrm")]
        .map(|(name, model)| scored(name, model));
    let verdicts = one.join("verdicts.parquet");
    let own = read(&verdicts);
    std::fs::copy(other.join("verdicts.parquet"), &verdicts).unwrap();
    let [path, other] = [&one, &other].map(|path| path.to_str().unwrap());
    for arguments in [
        &["report", path][..],
        &["compare", other, path],
        &["show", path],
    ] {
        let (stdout, stderr, code) = run(arguments);
        assert!(
            code == 4 && stdout.is_empty() && stderr.contains("model m: margins in"),
            "{arguments:?}: {code} {stderr}"
        );
    }
    // In another encoding they are the same verdicts, and older records have no hash of them.
    write(&verdicts, own);
    assert_eq!(run(&["report", path]).2, 0);
    let mut old = record(&one);
    old["models"][0].as_object_mut().unwrap().remove("margins");
    std::fs::write(one.join("run.json"), old.to_string()).unwrap();
    assert_eq!(run(&["report", path]).2, 0);
}

/// Columns of a table for programs are found by their names.
#[test]
fn a_model_called_as_a_column_gets_another_heading() {
    let dir = tempfile::tempdir().unwrap();
    let data = pairs(dir.path(), "mine.jsonl");
    let model = format!("n={MODEL}");
    let (stdout, stderr, code) =
        run(&["run", "--model", &model, "--data", &data, "--format", "csv"]);
    assert_eq!(code, 0, "{stderr}");
    let header = stdout.lines().next().unwrap();
    assert!(
        header.starts_with("kind,name,n,model n,model n low,model n high,longer,")
            && header.contains(",model n contract,"),
        "{header}"
    );
}
