//! A stdout or stderr that cannot be written: results must arrive, talk need not.
#![cfg(target_os = "linux")]

#[path = "common/binary.rs"]
mod binary;

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Command, Stdio};

use assert_cmd::cargo::cargo_bin;

/// Every command with its exit code; two runs are in `dir`.
fn commands(dir: &Path) -> Vec<(Vec<String>, i32)> {
    let run = dir.join("run").display().to_string();
    let [one, two] = ["1", "2"].map(|part| dir.join(part).display().to_string());
    let model = "quickstart/pairrm";
    let run_few = ["run", "--limit", "2", "--model", model];
    assert_eq!(binary::run(&[&run_few[..], &["--out", &run]].concat()).2, 0);
    for (shard, out) in [("1/2", &one), ("2/2", &two)] {
        let shard = ["--shard", shard, "--out", out];
        assert_eq!(binary::run(&[&run_few[..], &shard].concat()).2, 0);
    }
    let lines = dir.join("lines.jsonl");
    let line = "{\"prompt\": \"q\", \"candidates\": [\"a\", \"b\"]}\n";
    std::fs::write(&lines, line.repeat(3)).unwrap();
    let lines = lines.display().to_string();
    let merged = dir.join("merged").display().to_string();
    let again = dir.join("again").display().to_string();
    let cases: &[(&[&str], i32)] = &[
        (&["run", "--limit", "2"], 0),
        (&[&run_few[..], &["--out", &again]].concat(), 0),
        (&[&run_few[..], &["--out", &run, "--resume"]].concat(), 0),
        (&["run", "--model", "/no/such/model"], 5),
        (&["run", "--data", "/dev/null", "--model", model], 4),
        (&["run", "--model", model, "--limit", "0"], 2),
        (&["run", "--no-such-flag"], 2),
        (&["report", &run], 0),
        (&["report", "/no/such/run", "--format", "json"], 5),
        (&["compare", &run, &run, "--gate", "min:average:1"], 3),
        (&["merge", &one, &two, "--out", &merged], 0),
        (&["inspect", model], 0),
        (&["fetch", model], 0),
        (
            &[
                "bench",
                "--model",
                model,
                "--length",
                "8",
                "--tokens",
                "8",
                "--repeats",
                "1",
            ],
            0,
        ),
        (&["rank", &lines], 0),
        (&["score", &lines, "--header"], 0),
        (&["score", "/no/such/lines"], 5),
        (&["published", "model-card"], 0),
        (&["cache"], 0),
        (&["doctor"], 0),
        (&["generate", "completions", "bash"], 0),
        (&["generate", "schema", "run"], 0),
        (&["--help"], 0),
        (&["help", "run"], 0),
        (&["--version"], 0),
        (&[], 2),
    ];
    let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    cases
        .iter()
        .map(|(words, code)| (own(words), *code))
        .collect()
}

fn command(words: &[String]) -> Command {
    let mut command = Command::new(cargo_bin("pairbench"));
    command
        .args(words)
        .env("PAIRBENCH_CACHE", "")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn full() -> Stdio {
    OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap()
        .into()
}

/// On a full disk, and with nobody who reads.
#[test]
fn a_stderr_that_cannot_be_written_changes_no_exit_code_and_no_result() {
    let dir = tempfile::tempdir().unwrap();
    for (words, code) in commands(dir.path()) {
        let usual = command(&words).output().unwrap();
        assert_eq!(usual.status.code(), Some(code), "{words:?}");
        let on_full = command(&words).stderr(full()).output().unwrap();
        let mut child = command(&words).spawn().unwrap();
        drop(child.stderr.take());
        let unread = child.wait_with_output().unwrap();
        for (case, done) in [("/dev/full", on_full), ("a closed pipe", unread)] {
            assert_eq!(
                done.status.code(),
                Some(code),
                "{words:?}, stderr is {case}"
            );
            // Times differ from one to the next.
            let is_measured = words.first().is_some_and(|word| word == "bench");
            assert!(
                is_measured || done.stdout == usual.stdout,
                "{words:?} {case}"
            );
        }
    }
}

#[test]
fn a_stdout_that_cannot_be_written_is_exit_7() {
    let dir = tempfile::tempdir().unwrap();
    for (words, _) in commands(dir.path()) {
        let usual = command(&words).output().unwrap();
        let expected = if usual.stdout.is_empty() {
            usual.status.code()
        } else {
            Some(7)
        };
        let done = command(&words).stdout(full()).output().unwrap();
        let stderr = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), expected, "{words:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{words:?}: {stderr}");
        // Whoever reads no more has seen enough.
        let mut child = command(&words).spawn().unwrap();
        drop(child.stdout.take());
        let done = child.wait_with_output().unwrap();
        assert_eq!(done.status.code(), usual.status.code(), "{words:?}");
    }
}
