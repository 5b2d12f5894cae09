//! The rest of check 7: benchmark definitions, gates, run directories.

use std::fs;
use std::path::Path;

use polars::prelude::*;
use serde_json::{Value, json};

use crate::tools::{Bench, Done, MEGABYTE, ROW, pairbench, write};

#[test]
fn a_definition_that_is_broken_is_refused() {
    let bench = Bench::new();
    let baseline = bench.run(&[]).succeeded("nothing is wrong");
    let run = |text: &[u8], more: &[&str]| {
        let path = write(&bench.path("mine.toml"), text);
        let model = format!("M={}", bench.path("model").display());
        pairbench(
            [
                [
                    "run",
                    "--template",
                    "pairrm",
                    "--model",
                    &model,
                    "--benchmark",
                    path.to_str().unwrap(),
                ]
                .as_slice(),
                more,
            ]
            .concat(),
        )
    };
    let data = bench.path("pairs.jsonl");
    let whole = "name = 'mine'\nsource = { files = ['pairs.jsonl'] }\n[subsets]\ngreet = 1\n";
    run(whole.as_bytes(), &[]).succeeded("whole");
    for (case, text) in [
        ("empty", ""),
        ("cut", "name = 'mine"),
        ("no subsets", "name = 'mine'"),
        (
            "unknown key",
            "name = 'mine'\ncolour = 1\n[subsets]\ngreet = 1",
        ),
        (
            "one key twice",
            "name = 'mine'\nname = 'yours'\n[subsets]\ngreet = 1",
        ),
        ("negative count", "name = 'mine'\n[subsets]\ngreet = -1"),
        (
            "count of 2^64",
            "name = 'mine'\n[subsets]\ngreet = 18446744073709551616",
        ),
        (
            "count that is a text",
            "name = 'mine'\n[subsets]\ngreet = '1'",
        ),
        (
            "count that is a share",
            "name = 'mine'\n[subsets]\ngreet = 1.5",
        ),
        (
            "section of nothing",
            "name = 'mine'\nsections = [{ name = 's', subsets = ['x'] }]\n[subsets]\ngreet = 1",
        ),
        ("nested lists", &format!("a = {}", "[".repeat(100_000))),
        ("nested tables", &format!("a{} = 1", ".a".repeat(100_000))),
        ("nested inline tables", &"a = { ".repeat(50_000)),
        ("a page", "<!DOCTYPE html>"),
        (
            "file above",
            "name = 'mine'\nsource = { files = ['../pairs.jsonl'] }\n[subsets]\ngreet = 1",
        ),
        (
            "file elsewhere",
            "name = 'mine'\nsource = { files = ['/etc/passwd'] }\n[subsets]\ngreet = 1",
        ),
        (
            "repository elsewhere",
            "name = 'mine'\nsource = { dataset = '../../x' }\n[subsets]\ngreet = 1",
        ),
        (
            "count beyond any",
            "name = 'mine'\n[subsets]\ngreet = 9223372036854775807",
        ),
        (
            "pattern that is none",
            "name = 'mine'\nsource = { dataset = 'a/b', files = ['['] }\n[subsets]\ngreet = 1",
        ),
    ] {
        let done = run(text.as_bytes(), &["--offline"]);
        done.refused(case, 4, "benchmark: ");
        done.within(case, &baseline, 64 * MEGABYTE);
    }
    run(b"name = '\xff'", &[]).refused("not UTF-8", 4, "mine.toml:1");
    run(
        b"name = 'mine'\nsource = { files = ['none.jsonl'] }\n[subsets]\ngreet = 1",
        &[],
    )
    .refused("file that is not there", 5, "none.jsonl");
    // The largest count that is taken: nothing overflows, nothing is reserved.
    let large = "name = 'mine'\n[[sections]]\nname = 's'\nsubsets = ['greet', 'other']\n\
        [subsets]\ngreet = 281474976710656\nother = 281474976710656\n";
    let done = run(large.as_bytes(), &["--data", data.to_str().unwrap()]);
    done.refused("large counts", 4, "greet 1 of 281474976710656");
    let done = run(
        large.as_bytes(),
        &["--data", data.to_str().unwrap(), "--allow-partial"],
    )
    .succeeded("large counts");
    done.within("large counts", &baseline, 64 * MEGABYTE);
    assert!(done.out.contains("PARTIAL"), "{}", done.out);
}

/// A run of the quickstart's first pairs, and a copy of it for each damage.
struct Run {
    bench: Bench,
    whole: String,
}

impl Run {
    fn new() -> Self {
        let bench = Bench::new();
        let whole = bench.path("whole").display().to_string();
        let data = crate::tools::quickstart_pairs(&bench.path("data.jsonl"), 12);
        bench.run_on(&data, &["--out", &whole]).succeeded("run");
        Self { bench, whole }
    }

    /// The run with a file that `change` wrote anew, compared with the whole one and reported.
    fn damaged(&self, file: &str, change: impl FnOnce(&Path)) -> [Done; 2] {
        let copy = self.bench.path("copy");
        let _ = fs::remove_dir_all(&copy);
        fs::create_dir(&copy).unwrap();
        for entry in fs::read_dir(&self.whole).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
        }
        change(&copy.join(file));
        let copy = copy.to_str().unwrap();
        [
            pairbench(["compare", &self.whole, copy, "--flips"]),
            pairbench(["report", copy]),
        ]
    }

    fn refused(&self, case: &str, file: &str, change: impl FnOnce(&Path), code: i32, says: &str) {
        for done in self.damaged(file, change) {
            done.refused(case, code, says);
        }
    }
}

#[test]
fn a_gate_that_is_broken_is_refused() {
    let run = Run::new();
    let gate = |text: &[u8]| {
        let path = write(&run.bench.path("gate.toml"), text);
        pairbench([
            "compare",
            &run.whole,
            &run.whole,
            "--gate",
            path.to_str().unwrap(),
        ])
    };
    gate(b"rules = ['drop:average:0.01']").succeeded("whole");
    for (case, text) in [
        ("empty", ""),
        ("cut", "rules = ['drop"),
        ("unknown key", "rules = []\nstrict = true"),
        ("rule that is a number", "rules = [1]"),
        ("rule that is none", "rules = ['drop:average']"),
        ("share above 1", "rules = ['drop:average:1.5']"),
        ("share that is no number", "rules = ['min:average:NaN']"),
        ("negative count", "rules = ['max-ties:-1']"),
        ("count of 2^64", "rules = ['max-ties:18446744073709551616']"),
        ("colons", &format!("rules = ['{}']", ":".repeat(100_000))),
        ("nested", &format!("rules = {}", "[".repeat(100_000))),
    ] {
        gate(text.as_bytes()).refused(case, 2, "failed to parse gate");
    }
    gate(b"rules = ['\xff']").refused("not UTF-8", 4, "gate.toml:1");
}

#[test]
fn a_run_record_that_is_broken_is_refused() {
    let run = Run::new();
    for (case, text) in [
        ("empty", ""),
        ("cut", "{"),
        ("list", "[]"),
        ("schema", "{\"schema\": 99, \"plan\": {}, \"data\": []}"),
        ("nested", &"[".repeat(100_000)),
        ("page", "<html>"),
        ("not UTF-8", "\u{80}"),
    ] {
        run.refused(
            case,
            "run.json",
            |path| fs::write(path, text).unwrap(),
            4,
            "run.json",
        );
    }
    run.refused(
        "gone",
        "run.json",
        |path| fs::remove_file(path).unwrap(),
        5,
        "run.json",
    );
    run.refused(
        "no verdicts",
        "verdicts.parquet",
        |path| fs::remove_file(path).unwrap(),
        5,
        "verdicts.parquet",
    );
    // What a record names is read only if it is what was run.
    let elsewhere = write(
        &run.bench.path("secret.jsonl"),
        ROW.replace("hi!", "SECRET"),
    );
    let [compared, _] = run.damaged("run.json", |path| {
        let mut record: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        record["data"][0]["path"] = json!(elsewhere);
        fs::write(path, record.to_string()).unwrap();
    });
    assert!(!compared.succeeded("another file").out.contains("SECRET"));
}

#[test]
fn a_summary_whose_counts_cannot_be_is_refused() {
    let run = Run::new();
    let summary = |edit: fn(&mut Value)| {
        run.damaged("summary.json", |path| {
            let mut value: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            edit(&mut value);
            fs::write(path, value.to_string()).unwrap();
        })
    };
    // `compare` does not read it.
    for (case, edit) in [
        (
            "2^60 pairs",
            (|s| s["baselines"]["longer"]["subsets"]["chat-length"]["correct"] = json!(1_u64 << 60))
                as fn(&mut Value),
        ),
        ("2^64 pairs", |s| {
            s["baselines"]["longer"]["subsets"]["chat-length"] =
                json!({ "correct": u64::MAX, "wrong": u64::MAX, "tie": 2, "invalid": 0 });
        }),
        ("negative", |s| {
            s["baselines"]["longer"]["subsets"]["chat-length"]["tie"] = json!(-1);
        }),
        ("schema", |s| s["schema"] = json!("1")),
    ] {
        let [_, reported] = summary(edit);
        reported.refused(case, 4, "summary.json");
    }
}

#[test]
fn verdicts_that_are_broken_are_refused() {
    let run = Run::new();
    let whole = fs::read(Path::new(&run.whole).join("verdicts.parquet")).unwrap();
    for (case, bytes) in [
        ("empty", &[][..]),
        ("cut", &whole[..whole.len() / 2]),
        ("zeros", &[0; 4096]),
        ("noise", &[0xa5; 4096]),
    ] {
        run.refused(
            case,
            "verdicts.parquet",
            |path| fs::write(path, bytes).unwrap(),
            4,
            "verdicts.parquet",
        );
    }
    let edited = |edit: &dyn Fn(&mut DataFrame)| {
        let mut frame = ParquetReader::new(std::io::Cursor::new(whole.clone()))
            .finish()
            .unwrap();
        edit(&mut frame);
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes).finish(&mut frame).unwrap();
        bytes
    };
    let with = |column: Column| edited(&|frame| _ = frame.with_column(column.clone()).unwrap());
    let cases: [(&str, Vec<u8>, &str); 7] = [
        (
            "no rows",
            edited(&|frame| *frame = frame.head(Some(0))),
            "the file has no rows",
        ),
        (
            "no column",
            edited(&|frame| *frame = frame.drop("margin").unwrap()),
            "margin",
        ),
        (
            "other type",
            with(Column::new("margin".into(), ["x"; 12])),
            "verdicts.parquet",
        ),
        (
            "negative row",
            with(Column::new("row".into(), [-1_i64; 12])),
            "row 0, column `row`: expected a count",
        ),
        (
            "verdict of its own",
            with(Column::new("verdict".into(), ["best"; 12])),
            "expected correct, wrong, tie or invalid",
        ),
        (
            "null",
            with(Column::new("model".into(), [None::<&str>; 12])),
            "row 0, column `model`",
        ),
        (
            "one row twelve times",
            with(Column::new("row".into(), [1_i64; 12])),
            "",
        ),
    ];
    for (case, bytes, says) in cases {
        let [compared, reported] =
            run.damaged("verdicts.parquet", |path| fs::write(path, &bytes).unwrap());
        if says.is_empty() {
            assert!(
                [0, 4].contains(&compared.code) && [0, 4].contains(&reported.code),
                "{case}: {}",
                compared.err
            );
        } else {
            compared.refused(case, 4, says);
            reported.refused(case, 4, says);
        }
    }
    // Numbers that are none: shown, not believed, and no reason to fall over.
    for bytes in [
        with(Column::new("margin".into(), [f32::NAN; 12])),
        with(Column::new("logit_ab".into(), [f32::INFINITY; 12])),
    ] {
        for done in run.damaged("verdicts.parquet", |path| fs::write(path, &bytes).unwrap()) {
            assert!([0, 4].contains(&done.code), "{}", done.err);
        }
    }
    for at in (4..whole.len()).step_by(whole.len() / 40) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        for done in run.damaged("verdicts.parquet", |path| fs::write(path, &bytes).unwrap()) {
            assert!(
                [0, 4].contains(&done.code),
                "byte {at}: {}: {}",
                done.code,
                done.err
            );
        }
    }
}
