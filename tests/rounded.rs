//! Runs in fewer bits, beside their runs in f32.

#[path = "common/binary.rs"]
mod binary;
mod common;
#[path = "common/tiny.rs"]
mod tiny;

use std::path::Path;

use tiny::{ROW, file, run, tiny, verdicts};

#[test]
fn int8_says_what_it_puts_in_doubt_and_its_batch_needs_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(
        dir.path(),
        "a.jsonl",
        &format!(
            "{ROW}\n{}",
            ROW.replace(":1,", ":2,")
                .replace("hi!", "hello to you, too")
        ),
    );
    let (stdout, stderr, code) = run(&path, &["--dtype", "int8"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.contains("T: int8 puts ")
            && stdout.contains(" of 2 verdicts in doubt")
            && stderr.contains("int8"),
        "{stdout}{stderr}"
    );
    assert_eq!(run(&path, &["--dtype", "int8", "--int8-batch", "64"]).2, 0);
    let exact = dir.path().join("exact");
    let exact = exact.to_str().unwrap();
    assert_eq!(run(&path, &["--out", exact]).2, 0);
    let rounded = dir.path().join("rounded");
    let (stdout, stderr, code) = run(
        &path,
        &[
            "--dtype",
            "int8",
            "--f32-run",
            exact,
            "--out",
            rounded.to_str().unwrap(),
        ],
    );
    // Whether the pair with the small margin is turned depends on the processor's kernel.
    let found = [Path::new(exact), &rounded].map(|run| verdicts(&run.join("verdicts.parquet")));
    let is_right = |(ab, ba, ..): &(f32, f32, i64, i64)| ab > ba;
    let turned = found[0]
        .iter()
        .filter(|(row, before)| is_right(before) != is_right(&found[1][row]))
        .count();
    assert!(
        code == 0
            && found[1].len() == 2
            && stdout.contains(&format!(
                "T: int8 turns {turned} of 2 verdicts of the f32 run"
            )),
        "{stdout}{stderr}"
    );
    let (_, stderr, code) = run(&path, &["--int8-batch", "64"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("--dtype int8"), "{stderr}");
}

/// What is called the f32 run must be one, of the same model on the same texts.
#[test]
fn a_run_that_is_no_f32_run_of_these_pairs_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let row = |id: usize, rejected: &str| {
        ROW.replace(":1,", &format!(":{id},"))
            .replace("hi!", &format!("{rejected} {id}"))
    };
    let rows = |rejected: &str| {
        (0..6)
            .map(|id| row(id, rejected))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let path = file(dir.path(), "a.jsonl", &rows("hello"));
    let changed = file(dir.path(), "changed.jsonl", &rows("good day"));
    let tiny = tiny();
    let scored = |name: &str, model: &str, data: &Path, more: &[&str]| {
        let out = dir.path().join(name).display().to_string();
        let mut command = binary::pairbench();
        command.args(["run", "--model", model, "--out", &out, "--data"]);
        let output = command.arg(data).args(more).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        out
    };
    let (int8, half) = (["--dtype", "int8"], ["--limit", "2"]);
    for (name, model, data, more, says) in [
        (
            "int8",
            tiny.as_str(),
            &path,
            &int8[..],
            "model T: it was computed in int8",
        ),
        ("changed", &tiny, &changed, &[], "it was of other files"),
        (
            "named",
            "X=quickstart/pairrm",
            &path,
            &[],
            "it has no model T",
        ),
        (
            "weights",
            "T=quickstart/better-pairrm",
            &path,
            &[],
            "model T: its checkpoint (SHA-256) was",
        ),
    ] {
        let found = scored(name, model, data, more);
        let (stdout, stderr, code) = run(&path, &["--dtype", "int8", "--f32-run", &found]);
        assert!(
            code == 2 && stdout.is_empty() && stderr.contains(says) && stderr.contains(&found),
            "{name}: {code} {stdout}{stderr}"
        );
        assert!(!stderr.contains("scored in"), "{stderr}");
    }
    let part = scored("part", &tiny, &path, &half);
    for precision in ["int8", "bf16", "int8-affine"] {
        let (stdout, stderr, code) = run(&path, &["--dtype", precision, "--f32-run", &part]);
        let says = " of 2 verdicts of the f32 run; PARTIAL: it has 2 of these 6 pairs";
        assert!(code == 0 && stdout.contains(says), "{stdout}{stderr}");
    }
    let whole = scored("whole", &tiny, &path, &[]);
    let more = ["--dtype", "int8", "--f32-run", &whole];
    let (stdout, _, code) = run(&path, &[&more[..], &half].concat());
    assert!(
        code == 0 && stdout.contains(" of 2 verdicts of the f32 run\n"),
        "{stdout}"
    );
}
