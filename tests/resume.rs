//! Runs that are killed, stopped, refused or out of room, and go on.
#![cfg(unix)]

#[path = "common/binary.rs"]
mod binary;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;
use binary::{assert_finished, assert_same_run, record, run};

/// Small batches on one thread: many moments at which a run can die.
const SLOW: [&str; 6] = ["--batch-tokens", "128", "--threads", "1", "--limit", "60"];

fn slow_run(out: &Path, more: &[&str]) -> (String, String, i32) {
    run(&[&["run", "--out", out.to_str().unwrap()], &SLOW[..], more].concat())
}

/// The same in the background; signals that whoever tests ignores are not ignored.
fn start(out: &Path, more: &[&str]) -> Child {
    let mut command = if cfg!(target_os = "linux") {
        Command::new("env")
    } else {
        Command::new(cargo_bin("pairbench"))
    };
    if cfg!(target_os = "linux") {
        command.arg("--default-signal").arg(cargo_bin("pairbench"));
    }
    command
        .args(["run", "--out"])
        .arg(out)
        .args(SLOW)
        .args(more)
        .env("PAIRBENCH_CACHE", "")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// An uninterrupted run and how long it takes.
fn whole() -> &'static (PathBuf, Duration) {
    static WHOLE: std::sync::OnceLock<(tempfile::TempDir, (PathBuf, Duration))> =
        std::sync::OnceLock::new();
    let (_, whole) = WHOLE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("whole");
        let begun = Instant::now();
        let (_, stderr, code) = slow_run(&out, &[]);
        assert_eq!(code, 0, "{stderr}");
        (dir, (out, begun.elapsed()))
    });
    whole
}

/// Lines of the journal, torn last one included.
fn journal(out: &Path) -> Vec<String> {
    let text = std::fs::read(out.join("journal.jsonl")).unwrap_or_default();
    String::from_utf8_lossy(&text)
        .split_inclusive('\n')
        .map(str::to_owned)
        .collect()
}

fn verdicts(lines: &[String]) -> usize {
    lines
        .iter()
        .filter(|line| line.starts_with("{\"model\"") && line.ends_with('\n'))
        .count()
}

/// A run that died with this many verdicts in its journal.
fn unfinished(out: &Path, keep: usize, more: &[&str]) -> Vec<String> {
    let new = ["run", "--overwrite", "--out", out.to_str().unwrap()];
    let arguments = [&new, &SLOW[..], more].concat();
    let status = binary::pairbench()
        .args(arguments)
        .env("PAIRBENCH_TEST_ABORT", "verdicts.parquet")
        .output()
        .unwrap()
        .status;
    assert_eq!(status.code(), None);
    let lines = journal(out);
    assert_eq!(lines.len(), 2 + verdicts(&lines));
    std::fs::write(out.join("journal.jsonl"), lines[..2 + keep].concat()).unwrap();
    lines
}

#[test]
fn killed_at_any_moment_a_run_goes_on_to_the_same_bytes() {
    let (whole, time) = whole();
    let mut time = *time;
    let dir = tempfile::tempdir().unwrap();
    let mut rng = fastrand::Rng::with_seed(20);
    let mut died = 0;
    for moment in 0..20 {
        let out = dir.path().join(moment.to_string());
        let mut child = start(&out, &[]);
        let killed_after = time.mul_f64(rng.f64());
        std::thread::sleep(killed_after);
        if child.try_wait().unwrap().is_some() {
            // The machine has become faster.
            time = killed_after;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let lines = journal(&out);
        died += usize::from(!lines.is_empty());
        let (_, stderr, code) = slow_run(&out, &["--resume"]);
        assert_eq!(code, 0, "{stderr}");
        assert_same_run(&out, whole);
        if !lines.is_empty() {
            let resumed: u64 = record(&out)["models"]
                .as_array()
                .unwrap()
                .iter()
                .map(|model| model["resumed"].as_u64().unwrap())
                .sum();
            assert_eq!(resumed, verdicts(&lines) as u64, "each whole line is used");
        }
    }
    assert!(
        died >= 5,
        "{died} of 20 runs died between their first and their last verdict"
    );
}

/// Over a finished run: whatever is there at any time is one run's, or says that it is not
/// finished.
#[test]
#[cfg_attr(not(feature = "_test-hooks"), ignore = "needs --features _test-hooks")]
fn killed_between_two_files_a_run_goes_on_to_the_same_bytes() {
    let (whole, _) = whole();
    for step in ["verdicts.parquet", "summary.json", "report.md", "run.json"] {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        assert_eq!(
            run(&["run", "--limit", "3", "--out", out.to_str().unwrap()]).2,
            0
        );
        unfinished(&out, 120, &[]);
        let arguments = [
            &["run", "--resume", "--out", out.to_str().unwrap()],
            &SLOW[..],
        ]
        .concat();
        assert_eq!(
            binary::pairbench()
                .args(arguments)
                .env("PAIRBENCH_TEST_ABORT", step)
                .output()
                .unwrap()
                .status
                .code(),
            None
        );
        assert_eq!(out.join("run.json").exists(), step == "run.json");
        let (_, stderr, code) = run(&["report", out.to_str().unwrap()]);
        assert_eq!(code, if step == "run.json" { 0 } else { 5 }, "{stderr}");
        assert!(code == 0 || stderr.contains("--resume"), "{stderr}");
        let (_, stderr, code) = slow_run(&out, &["--resume"]);
        assert_eq!(code, 0, "{stderr}");
        assert_same_run(&out, whole);
    }
}

#[test]
#[cfg_attr(not(feature = "_test-hooks"), ignore = "needs --features _test-hooks")]
fn batch_size_and_threads_may_change_and_are_recorded() {
    let dir = tempfile::tempdir().unwrap();
    unfinished(dir.path(), 100, &[]);
    let (_, stderr, code) = run_in(
        dir.path(),
        &[
            "--resume",
            "--batch-tokens",
            "1000",
            "--threads",
            "2",
            "--limit",
            "60",
        ],
    );
    assert_eq!(code, 0, "{stderr}");
    assert_same_run(dir.path(), &whole().0);
    let sessions = record(dir.path())["sessions"].take();
    let part = |at: usize| {
        ["batch_tokens", "threads", "verdicts"].map(|key| sessions[at][key].as_u64().unwrap())
    };
    assert_eq!([part(0), part(1)], [[128, 1, 100], [1000, 2, 80]]);
    assert!(sessions[1]["device"].as_str().unwrap().starts_with("cpu ("));
}

fn run_in(out: &Path, arguments: &[&str]) -> (String, String, i32) {
    run(&[&["run", "--out", out.to_str().unwrap()], arguments].concat())
}

#[test]
#[cfg_attr(not(feature = "_test-hooks"), ignore = "needs --features _test-hooks")]
fn another_plan_is_refused_and_says_where_it_differs() {
    let dir = tempfile::tempdir().unwrap();
    unfinished(dir.path(), 10, &[]);
    let before = journal(dir.path());
    let model = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("quickstart/pairrm")
        .display()
        .to_string();
    for (more, expected) in [
        (
            &["--limit", "60", "--dtype", "f16"][..],
            "models[0].precision, models[1].precision",
        ),
        (&["--limit", "59"], "plan differs: pairs, rows"),
        (
            &[
                "--limit",
                "60",
                "--model",
                "quickstart/better-pairrm",
                "--model",
                &format!("x={model}"),
                "--model",
                "quickstart/deberta-rm",
            ],
            "models[0].checkpoint",
        ),
        (
            &["--limit", "60", "--model", "quickstart/pairrm"],
            "plan differs: models\n",
        ),
        (
            &[
                "--limit",
                "60",
                "--model",
                "quickstart/pairrm",
                "--model",
                "quickstart/better-pairrm,template=pairrm",
                "--model",
                "quickstart/deberta-rm",
            ],
            "models[1].template, models[1].truncation",
        ),
    ] {
        let (_, stderr, code) = run_in(dir.path(), &[&["--resume"], more].concat());
        assert_eq!(code, 2, "{stderr}");
        assert!(
            stderr.contains("failed to resume") && stderr.contains(expected),
            "{expected}: {stderr}"
        );
    }
    // A changed file of pairs under its old name.
    let pairs = dir.path().join("pairs.jsonl");
    let data = |answer: &str| {
        std::fs::write(
            &pairs,
            format!(r#"{{"prompt":"a","chosen":"b","rejected":"{answer}"}}"#),
        )
        .unwrap();
    };
    let arguments = ["--data", pairs.to_str().unwrap()];
    data("c");
    assert_eq!(run_in(&dir.path().join("data"), &arguments).2, 0);
    data("d");
    let (_, stderr, code) = run_in(
        &dir.path().join("data"),
        &[&arguments[..], &["--resume"]].concat(),
    );
    assert!(
        code == 2 && stderr.contains("plan differs: data[0]"),
        "{stderr}"
    );
    // Nothing of this touched the run: the same model from a directory is the same model.
    assert_eq!(journal(dir.path()), before);
    let out = dir.path().join("moved");
    std::fs::create_dir(&out).unwrap();
    std::fs::rename(dir.path().join("journal.jsonl"), out.join("journal.jsonl")).unwrap();
    let other = model.replace("pairrm", "better-pairrm");
    let (_, stderr, code) = slow_run(
        &out,
        &[
            "--resume",
            "--model",
            &format!("a={model}"),
            "--model",
            &format!("b={other}"),
            "--model",
            "quickstart/deberta-rm",
        ],
    );
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(record(&out)["models"][0]["resumed"], 10);
}

#[test]
#[cfg_attr(not(feature = "_test-hooks"), ignore = "needs --features _test-hooks")]
fn a_torn_line_is_dropped_and_a_corrupt_one_is_exit_4() {
    let dir = tempfile::tempdir().unwrap();
    let lines = unfinished(dir.path(), 50, &[]);
    let path = dir.path().join("journal.jsonl");
    let whole_lines = lines[..52].concat();
    std::fs::write(
        &path,
        whole_lines.replacen("\"row\":7,", "\"row\":seven,", 1),
    )
    .unwrap();
    let (_, stderr, code) = slow_run(dir.path(), &["--resume"]);
    assert_eq!(code, 4, "{stderr}");
    let of_row = |line: &String| line.contains("\"row\":7,");
    let at = lines.iter().position(of_row).unwrap() + 1;
    let place = format!("journal.jsonl:{at}\n");
    assert!(stderr.contains(&place), "{stderr}");
    // Counts that nobody counted, which could not be added.
    let row = &lines[at - 1];
    let (start, count) = row.split_once("\"tokens_ab\":").unwrap();
    let end = count.find(',').unwrap();
    let changed = format!("{start}\"tokens_ab\":{}{}", u64::MAX, &count[end..]);
    std::fs::write(&path, whole_lines.replacen(row, &changed, 1)).unwrap();
    let (_, stderr, code) = slow_run(dir.path(), &["--resume"]);
    assert!(code == 4 && stderr.contains(&place), "{stderr}");
    std::fs::write(&path, format!("{whole_lines}{}", &lines[52][..20])).unwrap();
    let (_, stderr, code) = slow_run(dir.path(), &["--resume"]);
    assert!(
        code == 0 && stderr.contains("dropped the last line, which was torn"),
        "{stderr}"
    );
    assert_same_run(dir.path(), &whole().0);
}

#[test]
#[cfg_attr(not(feature = "_test-hooks"), ignore = "needs --features _test-hooks")]
fn without_resume_an_unfinished_run_is_not_lost() {
    let dir = tempfile::tempdir().unwrap();
    unfinished(dir.path(), 3, &[]);
    let (_, stderr, code) = slow_run(dir.path(), &[]);
    assert!(
        code == 2
            && stderr.contains("an unfinished run with 3 verdicts")
            && stderr.contains("--resume")
            && stderr.contains("--overwrite"),
        "{stderr}"
    );
    assert_eq!(verdicts(&journal(dir.path())), 3);
    // Given up, although the new plan is another one and the journal is damaged.
    std::fs::write(dir.path().join("journal.jsonl"), "{}\n{}\n").unwrap();
    let (_, stderr, code) = run_in(dir.path(), &["--overwrite", "--limit", "2"]);
    assert_eq!(code, 0, "{stderr}");
    assert_finished(dir.path());
    assert_eq!(slow_run(dir.path(), &["--overwrite"]).2, 0);
    // A journal without a verdict holds nothing to lose.
    unfinished(dir.path(), 0, &[]);
    assert_eq!(slow_run(dir.path(), &[]).2, 0);
    assert_same_run(dir.path(), &whole().0);
}

#[test]
fn a_finished_run_is_read_back_with_what_could_not_be_scored() {
    let dir = tempfile::tempdir().unwrap();
    let pairs = dir.path().join("pairs.jsonl");
    let rows = [
        r#"{"prompt":"a","chosen":"b","rejected":"c"}"#,
        r#"{"prompt":"a <|source|>","chosen":"b","rejected":"c"}"#,
    ];
    std::fs::write(&pairs, rows.join("\n")).unwrap();
    let out = dir.path().join("out");
    let arguments = [
        "--data",
        pairs.to_str().unwrap(),
        "--model",
        "quickstart/pairrm",
    ];
    let (first, stderr, code) = run_in(&out, &arguments);
    assert!(
        code == 6 && first.contains("the text contains the source marker"),
        "{first}{stderr}"
    );
    let before = ["run.json", "summary.json", "report.md"]
        .map(|name| std::fs::read_to_string(out.join(name)).unwrap());
    std::fs::remove_file(out.join("report.md")).unwrap();
    let (again, stderr, code) = run_in(&out, &[&arguments[..], &["--resume"]].concat());
    assert_eq!((code, again), (6, first), "{stderr}");
    assert!(
        stderr.contains("the run is finished") && !stderr.contains("loaded in"),
        "{stderr}"
    );
    assert_eq!(
        before,
        ["run.json", "summary.json", "report.md"]
            .map(|name| std::fs::read_to_string(out.join(name)).unwrap())
    );
    assert_finished(&out);
    assert_eq!(
        run_in(
            &out,
            &[&arguments[..], &["--resume", "--limit", "1"]].concat()
        )
        .2,
        2
    );
}

/// Outlier columns are found over four pairs: a group that is cut in two is computed anew.
#[test]
#[cfg_attr(not(feature = "_test-hooks"), ignore = "needs --features _test-hooks")]
fn groups_of_the_int8_batch_stay_together() {
    let dir = tempfile::tempdir().unwrap();
    let [whole, cut] = ["whole", "cut"].map(|name| dir.path().join(name));
    let int8 = [
        "--dtype",
        "int8",
        "--int8-batch",
        "4",
        "--limit",
        "50",
        "--model",
        "quickstart/pairrm",
    ];
    assert_eq!(run_in(&whole, &int8).2, 0);
    let status = binary::pairbench()
        .args(["run", "--out"])
        .arg(&cut)
        .args(int8)
        .env("PAIRBENCH_TEST_ABORT", "verdicts.parquet")
        .output()
        .unwrap()
        .status;
    assert_eq!(status.code(), None);
    let lines = journal(&cut);
    std::fs::write(cut.join("journal.jsonl"), lines[..2 + 21].concat()).unwrap();
    let (_, stderr, code) = run_in(&cut, &[&int8[..], &["--resume"]].concat());
    assert_eq!(code, 0, "{stderr}");
    assert_same_run(&cut, &whole);
    assert_eq!(record(&cut)["models"][0]["resumed"], 20);
    // Once more: the group stands twice in the journal now.
    std::fs::write(
        cut.join("journal.jsonl"),
        [&lines[..2 + 21], &lines[2 + 20..2 + 24]].concat().concat(),
    )
    .unwrap();
    let (_, stderr, code) = run_in(&cut, &[&int8[..], &["--resume"]].concat());
    assert_eq!(code, 0, "{stderr}");
    assert_same_run(&cut, &whole);
}

#[test]
fn a_second_run_in_the_directory_is_exit_75_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let lock = pairbench::support::lock::Lock::take(dir.path()).unwrap();
    let (stdout, stderr, code) = slow_run(dir.path(), &["--format", "json"]);
    assert_eq!((code, stdout.as_str()), (75, ""), "{stderr}");
    let error: serde_json::Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
    let who = error["caused_by"][0].as_str().unwrap();
    assert!(
        who.contains(&format!("pid {}, since 20", std::process::id())),
        "{who}"
    );
    drop(lock);
    // What a dead process leaves: the file, and no lock on it.
    std::fs::write(
        dir.path().join(".lock"),
        r#"{"pid":1,"started":"long ago"}"#,
    )
    .unwrap();
    assert_eq!(run_in(dir.path(), &["--limit", "1"]).2, 0);
    assert_finished(dir.path());
}

#[test]
fn signals_end_a_run_in_order_and_say_how_to_go_on() {
    for (signals, code) in [
        (&["-INT"][..], 130),
        (&["-TERM"], 143),
        (&["-HUP"], 129),
        (&["-INT", "-INT"], 130),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut child = start(dir.path(), &[]);
        while verdicts(&journal(dir.path())) == 0 {
            assert!(child.try_wait().unwrap().is_none(), "it was too fast");
            std::thread::sleep(Duration::from_millis(2));
        }
        for signal in signals {
            assert!(
                Command::new("kill")
                    .args([signal, child.id().to_string().as_str()])
                    .status()
                    .unwrap()
                    .success()
            );
        }
        let asked = Instant::now();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(asked.elapsed() < Duration::from_secs(5));
        if signals.len() == 1 {
            assert!(
                stderr.contains("stopped by signal")
                    && stderr.contains(&format!("run --out {} ", dir.path().display()))
                    && stderr.contains(" --resume"),
                "{stderr}"
            );
        }
        let (_, stderr, code) = slow_run(dir.path(), &["--resume"]);
        assert_eq!(code, 0, "{stderr}");
        assert_same_run(dir.path(), &whole().0);
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child = Command::new(cargo_bin("pairbench"))
        .args(["run", "--limit", "3"])
        .env("PAIRBENCH_CACHE", "")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && !stderr.contains("error") && !stderr.contains("ipe"),
        "{stderr}"
    );
}

/// No file may grow beyond 4 KiB: what a full disk is to the journal. `tests/full-disk.sh` fills
/// one, for the report as well.
#[test]
fn no_room_is_exit_7_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run_in(dir.path(), &["--limit", "3"]).2, 0);
    let files = || {
        ["run.json", "summary.json", "report.md", "verdicts.parquet"]
            .map(|name| std::fs::read(dir.path().join(name)).unwrap())
    };
    let before = files();
    let command = format!(
        "ulimit -f 4; trap '' XFSZ; exec '{}' run --overwrite --out '{}' {}",
        cargo_bin("pairbench").display(),
        dir.path().display(),
        SLOW.join(" ")
    );
    let output = Command::new("bash")
        .args(["-c", &command])
        .env("PAIRBENCH_CACHE", "")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(7), "{stderr}");
    assert!(
        stderr.contains("failed to write journal")
            && stderr.contains("--resume")
            && stderr.contains("bytes"),
        "{stderr}"
    );
    assert!(verdicts(&journal(dir.path())) > 5 && files() == before);
    let (_, stderr, code) = slow_run(dir.path(), &["--resume"]);
    assert_eq!(code, 0, "{stderr}");
    assert_same_run(dir.path(), &whole().0);
}

/// Injected: batches of more tokens than this find no memory. The longest of these rows has 121,
/// and is not among the first.
#[test]
#[cfg_attr(not(feature = "_test-hooks"), ignore = "needs --features _test-hooks")]
fn batches_are_halved_for_want_of_memory_and_no_pair_is_skipped() {
    let dir = tempfile::tempdir().unwrap();
    let limited = |tokens: &str, more: &[&str]| {
        let arguments = [
            &[
                "run",
                "--limit",
                "60",
                "--out",
                dir.path().to_str().unwrap(),
            ],
            more,
        ]
        .concat();
        let output = binary::pairbench()
            .args(arguments)
            .env("PAIRBENCH_TEST_MEMORY", tokens)
            .output()
            .unwrap();
        (
            String::from_utf8(output.stderr).unwrap(),
            output.status.code(),
        )
    };
    let (stderr, code) = limited("400", &[]);
    assert!(
        code == Some(0) && stderr.contains("halved for lack of memory: "),
        "{stderr}"
    );
    assert!(record(dir.path())["models"][0]["halved"].as_u64().unwrap() > 1);
    assert_same_run(dir.path(), &whole().0);
    let (stderr, code) = limited("120", &[]);
    assert!(
        code == Some(7)
            && stderr.contains("no memory for 121 tokens")
            && stderr.contains("--resume"),
        "{stderr}"
    );
    assert!(verdicts(&journal(dir.path())) > 16);
    let (stderr, code) = limited("400", &["--resume"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert_same_run(dir.path(), &whole().0);
    // Half a batch would find other outlier columns.
    let int8 = ["--overwrite", "--dtype", "int8", "--int8-batch", "16"];
    let (stderr, code) = limited("400", &int8);
    assert!(code == Some(7) && !stderr.contains("halved"), "{stderr}");
}

#[test]
fn a_directory_that_cannot_be_written_is_found_before_the_model_is_loaded() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (_, stderr, code) = slow_run(&file.join("out"), &[]);
    assert!(
        code == 5
            && stderr.contains("failed to prepare output directory")
            && !stderr.contains("loaded in"),
        "{stderr}"
    );
}
