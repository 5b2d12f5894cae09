//! Flags, exit codes, pipes and paths.
#![allow(clippy::too_many_lines, reason = "one table of cases a test")]

#[path = "common/binary.rs"]
mod binary;
mod common;
#[path = "common/tiny.rs"]
mod tiny;

use common::golden;
use tiny::{ROW, file, run, tiny};

#[test]
fn what_is_not_there_is_exit_5_and_wrong_flags_are_exit_2() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "a.jsonl", ROW);
    assert_eq!(run(&dir.path().join("none.jsonl"), &[]).2, 5);
    assert_eq!(run(&path, &["--subset", "nothing-*"]).2, 2);
    assert_eq!(run(&path, &["--device", "abacus"]).2, 2);
    assert_eq!(run(&path, &["--benchmark", "none.toml"]).2, 5);
    let (_, stderr, code) = run(&path, &["--model", "/no/such/model"]);
    assert_eq!(code, 5, "{stderr}");
    let no_template = binary::pairbench()
        .args([
            "run",
            "--model",
            golden("models/tiny-pairrm").to_str().unwrap(),
            "--data",
        ])
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(no_template.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&no_template.stderr).contains("pairrm, better-pairrm"));
    let (_, stderr, code) = binary::run(&["run", "--model", "quickstart/nosuch"]);
    assert!(
        code == 5 && stderr.contains("there are quickstart/pairrm"),
        "{stderr}"
    );
    let (_, stderr, code) = binary::run(&["fetch", "rm-bench", "--offline"]);
    assert!(code == 2 && stderr.contains("with --data"), "{stderr}");
    let (_, stderr, code) = run(&dir.path().join("none.jsonl"), &["--format", "json"]);
    assert_eq!(code, 5);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&stderr).unwrap()["exit_code"],
        5
    );
}

#[test]
fn a_pipe_gets_neither_colour_nor_progress() {
    let dir = tempfile::tempdir().unwrap();
    let (stdout, stderr, _) = run(&file(dir.path(), "a.jsonl", ROW), &[]);
    assert!(
        !stdout.contains('\u{1b}') && !stderr.contains('\u{1b}') && !stderr.contains('\r'),
        "{stdout}{stderr}"
    );
}

/// The order of `,template=`, `pairbench.toml` and `--template`, by what run.json says of it.
#[test]
fn a_checkpoints_own_contract_wins_and_a_flag_that_contradicts_it_is_exit_2() {
    let dir = tempfile::tempdir().unwrap();
    let (pairrm, better) = ("quickstart/pairrm", "quickstart/better-pairrm");
    let run = |name: &str, more: &[&str]| {
        let out = dir.path().join(name);
        let few = ["run", "--limit", "2", "--out", out.to_str().unwrap()];
        let (_, stderr, code) = binary::run(&[&few[..], more].concat());
        let found = (code == 0).then(|| {
            let models = binary::record(&out)["models"].take();
            let models = models.as_array().unwrap().iter();
            let of = |model: &serde_json::Value| {
                ["template", "template_from"]
                    .map(|key| model["facts"][key].as_str().unwrap().to_owned())
            };
            models.map(of).collect::<Vec<_>>()
        });
        (found, stderr, code)
    };
    let bare = golden("models/tiny-pairrm").display().to_string();
    for (name, more, expected) in [
        (
            "sidecar",
            &["--model", better][..],
            &[["better-pairrm", "pairbench.toml"]][..],
        ),
        (
            "own",
            &["--model", &format!("{pairrm},template=better-pairrm")],
            &[["better-pairrm", "model"]],
        ),
        (
            "own beside a flag",
            &[
                "--model",
                &format!("{better},template=pairrm"),
                "--template",
                "pairrm",
            ],
            &[["pairrm", "model"]],
        ),
        (
            "a flag that agrees",
            &[
                "--model",
                better,
                "--model",
                &format!("T={bare}"),
                "--template",
                "better-pairrm",
            ],
            &[
                ["better-pairrm", "pairbench.toml"],
                ["better-pairrm", "flag"],
            ],
        ),
    ] {
        let (found, stderr, _) = run(name, more);
        assert_eq!(
            found.as_deref(),
            Some(
                &expected
                    .iter()
                    .map(|both| both.map(str::to_owned))
                    .collect::<Vec<_>>()[..]
            ),
            "{name}: {stderr}"
        );
    }
    let (_, stderr, code) = run(
        "clash",
        &["--model", pairrm, "--model", better, "--template", "pairrm"],
    );
    assert!(
        code == 2
            && stderr.contains(
                "--template says pairrm, quickstart/better-pairrm/pairbench.toml says better-pairrm"
            )
            && stderr.contains("`,template=pairrm`"),
        "{stderr}"
    );
    // Where any contract will do, none is in the way.
    for words in [
        &[
            "bench",
            "--model",
            better,
            "--length",
            "8",
            "--tokens",
            "8",
            "--repeats",
            "1",
        ][..],
        &[
            "inspect",
            "benchmarks/quickstart/pairs.jsonl",
            "--model",
            better,
        ],
    ] {
        let (_, stderr, code) = binary::run(words);
        assert_eq!(code, 0, "{stderr}");
    }
    // What is said of a template is of the one that a run would take.
    let pairs = "benchmarks/quickstart/pairs.jsonl";
    let bare = golden("models/tiny-pairrm").display().to_string();
    for words in [
        &["inspect", pairs, "--model", better][..],
        &["inspect", pairs, "--model", &tiny()],
        &["inspect", pairs, "--model", &bare, "--template", "pairrm"],
        &["inspect", &bare, "--template", "pairrm", "--data", pairs],
    ] {
        let (text, stderr, code) = binary::run(words);
        assert_eq!(code, 0, "{stderr}");
        let lines = text
            .lines()
            .filter(|line| line.starts_with("template ") || line.starts_with("tokens of a row"));
        assert_eq!(lines.count(), 1, "{words:?}: {text}");
    }
    assert!(
        binary::run(&["inspect", pairs, "--model", &bare])
            .0
            .contains("template pairranker")
    );
    assert_eq!(
        binary::run(&["inspect", better, "--template", "pairrm"]).2,
        2
    );
}

#[test]
#[cfg_attr(not(feature = "_test-hooks"), ignore = "needs --features _test-hooks")]
fn a_bug_is_exit_1() {
    for format in ["table", "json"] {
        let output = binary::pairbench()
            .args(["run", "--limit", "1", "--format", format])
            .env("PAIRBENCH_TEST_PANIC", "1")
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(
            output.stdout.is_empty()
                && stderr.contains("panicked at")
                && stderr.contains("this is a bug of pairbench"),
            "{stderr}"
        );
        let last = stderr.lines().last().unwrap();
        let error: Option<serde_json::Value> = serde_json::from_str(last).ok();
        let code = error.map(|error| error["exit_code"].clone());
        assert_eq!(code, (format == "json").then(|| 1.into()), "{stderr}");
    }
}

#[test]
fn counts_that_cannot_be_are_usage_errors() {
    let path = "benchmarks/quickstart/pairs.jsonl";
    let model = "quickstart/pairrm";
    for words in [
        &["run", "--limit", "0"][..],
        &["run", "--limit", "-1"],
        &[
            "run",
            "--data",
            path,
            "--model",
            model,
            "--limit",
            "0",
            "--allow-partial",
        ],
        &["run", "--threads", "1025"],
        &["run", "--threads", "18446744073709551615"],
        &["run", "--batch-tokens", "0"],
        &["bench", "--model", model, "--threads", "100000"],
        &["bench", "--model", model, "--tokens", "0"],
        &[
            "bench",
            "--model",
            model,
            "--tokens",
            "18446744073709551615",
        ],
    ] {
        let (stdout, stderr, code) = binary::run(words);
        assert_eq!((code, stdout.as_str()), (2, ""), "{words:?}: {stderr}");
    }
    let most = u64::MAX.to_string();
    for [id, first, last, n] in [["5", "9", "2", &most], [&most, "0", &most, "4"]] {
        let overflowing = binary::pairbench()
            .args(["run", "--shard", "--out", "never-written"])
            .env("SLURM_ARRAY_TASK_ID", id)
            .env("SLURM_ARRAY_TASK_MIN", first)
            .env("SLURM_ARRAY_TASK_MAX", last)
            .env("SLURM_ARRAY_TASK_COUNT", n)
            .output()
            .unwrap();
        assert_eq!(overflowing.status.code(), Some(2), "{id}");
    }
    let many = binary::pairbench()
        .args(["run", "--limit", "1"])
        .env("RAYON_NUM_THREADS", "100000")
        .output()
        .unwrap();
    assert_eq!(many.status.code(), Some(2));
    let (_, stderr, code) = binary::run(&["run", "--limit", "1", "--threads", "1024"]);
    assert_eq!(code, 0, "{stderr}");
}

/// Names that are no UTF-8, as Linux has them.
#[cfg(target_os = "linux")]
#[test]
fn paths_that_are_no_utf_8_are_paths() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join(OsStr::from_bytes(b"h\xf6me"));
    std::fs::create_dir(&home).unwrap();
    let data = home.join(OsStr::from_bytes(b"p\xe4irs.jsonl"));
    std::fs::write(&data, ROW).unwrap();
    let out = home.join(OsStr::from_bytes(b"r\xfcn"));
    let run = |words: &[&OsStr]| {
        let done = binary::pairbench().args(words).output().unwrap();
        let stderr = String::from_utf8(done.stderr).unwrap();
        assert!(!stderr.contains("panicked"), "{stderr}");
        (
            String::from_utf8(done.stdout).unwrap(),
            stderr,
            done.status.code().unwrap(),
        )
    };
    let word = OsStr::new;
    let model = tiny();
    let of_run = [
        word("run"),
        word("--model"),
        word(&model),
        word("--data"),
        data.as_os_str(),
    ];
    let with_out = [&of_run[..], &[word("--out"), out.as_os_str()]].concat();
    let (_, stderr, code) = run(&with_out);
    assert!(
        code == 0 && stderr.contains("p\u{fffd}irs.jsonl is not UTF-8: run.json names it"),
        "{stderr}"
    );
    assert!(
        binary::record(&out)["data"][0]["path"]
            .as_str()
            .unwrap()
            .ends_with("h\u{fffd}me/p\u{fffd}irs.jsonl")
    );
    for more in ["--resume", "--overwrite"] {
        let (_, stderr, code) = run(&[&with_out[..], &[word(more)]].concat());
        assert_eq!(code, 0, "{stderr}");
    }
    for format in [
        "table", "markdown", "html", "json", "csv", "latex", "junit", "github",
    ] {
        let (_, stderr, code) = run(&[
            word("report"),
            out.as_os_str(),
            word("--format"),
            word(format),
        ]);
        assert_eq!(code, 0, "{format}: {stderr}");
    }
    let f32_run = [
        &of_run[..],
        &[
            word("--dtype"),
            word("f16"),
            word("--f32-run"),
            out.as_os_str(),
        ],
    ];
    assert_eq!(run(&f32_run.concat()).2, 0);
    // Words that may be names as well as paths are text: refused, and that is said.
    let checkpoint = home.join("model");
    let gate = home.join("gate.toml");
    for words in [
        &[word("run"), word("--model"), checkpoint.as_os_str()][..],
        &[word("run"), word("--benchmark"), gate.as_os_str()],
        &[word("compare"), out.as_os_str(), out.as_os_str()],
        &[word("inspect"), data.as_os_str()],
        &[word("fetch"), data.as_os_str()],
        &[
            &of_run[..],
            &[
                word("--against"),
                out.as_os_str(),
                word("--gate"),
                word("max-ties:1"),
            ],
        ]
        .concat(),
    ] {
        let (_, stderr, code) = run(words);
        assert!(code == 2 && stderr.contains("UTF-8"), "{words:?}: {stderr}");
    }
    let parts = ["1/2", "2/2"].map(|part| {
        home.join(OsStr::from_bytes(
            &[b"part\xff", &part.as_bytes()[..1]].concat(),
        ))
    });
    let pairs = [ROW, &ROW.replace("\"id\":1", "\"id\":2")].join("\n");
    std::fs::write(&data, pairs).unwrap();
    for (shard, out) in ["1/2", "2/2"].iter().zip(&parts) {
        let shard = [word("--shard"), word(shard), word("--out"), out.as_os_str()];
        assert_eq!(run(&[&of_run[..], &shard].concat()).2, 0);
    }
    let merged = home.join(OsStr::from_bytes(b"\xff"));
    let merge = [
        word("merge"),
        parts[0].as_os_str(),
        parts[1].as_os_str(),
        word("--out"),
        merged.as_os_str(),
    ];
    let (_, stderr, code) = run(&merge);
    assert_eq!(code, 0, "{stderr}");
}
