//! Checks 25 to 28 and 30: no code from files, no path out of the directories that were given,
//! nothing on a terminal but text, no socket when offline.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::skipped::skipped;
use crate::tools::{Bench, ROW, binary, measured, pairbench, root, write};

/// Crates that read pickles, run scripts or load libraries, by what they are known for, among all
/// that the program is made of.
#[test]
fn nothing_that_runs_code_of_a_file_is_compiled() {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--package",
            "pairbench",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .current_dir(root("."))
        .output()
        .unwrap();
    let text = String::from_utf8(tree.stdout).unwrap();
    let names: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(
        names.contains("pairbench") && names.len() > 100,
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let readers = [
        "serde-pickle",
        "repugnant-pickle",
        "candle-core",
        "tch",
        "torch-sys",
        "burn-tch",
        "zip",
        "tar",
    ];
    let languages = [
        "pyo3",
        "rustpython-vm",
        "mlua",
        "rhai",
        "deno_core",
        "v8",
        "boa_engine",
        "wasmtime",
        "wasmer",
        "wasmi",
        "tera",
        "handlebars",
        "liquid",
    ];
    for forbidden in readers.into_iter().chain(languages) {
        assert!(!names.contains(forbidden), "{forbidden} is compiled");
    }
}

/// Everything below a directory.
fn tree(dir: &Path) -> BTreeSet<String> {
    pairbench::support::files::files_below(dir)
        .unwrap()
        .into_iter()
        .collect()
}

#[test]
fn names_from_files_and_flags_make_no_path() {
    let bench = Bench::new();
    let names = [
        "../../x",
        "/etc/x",
        "a\\b",
        "CON",
        "..",
        ".",
        "a\nb",
        "\u{1b}[31m",
        "x".repeat(300).as_str(),
    ]
    .map(ToOwned::to_owned);
    let rows = names.iter().enumerate().map(|(id, name)| {
        serde_json::json!({
            "prompt": "p",
            "chosen": "a",
            "rejected": "b",
            "subset": name,
            "id": format!("{name}{id}"),
        })
        .to_string()
    });
    let data = write(
        &bench.path("names.jsonl"),
        rows.collect::<Vec<_>>().join("\n"),
    );
    let before = tree(bench.dir.path());
    for name in &names {
        let model = format!("{name}={}", bench.path("model").display());
        let out = bench.path("out");
        let done = measured(
            binary()
                .args([
                    "run",
                    "--template",
                    "pairrm",
                    "--model",
                    &model,
                    "--data",
                    data.to_str().unwrap(),
                    "--out",
                    out.to_str().unwrap(),
                ])
                .current_dir(bench.dir.path()),
        );
        assert_eq!(done.code, 0, "{name:?}: {}", done.err);
        let written: BTreeSet<String> = tree(bench.dir.path())
            .difference(&before)
            .cloned()
            .collect();
        assert_eq!(
            written,
            [
                "report.html",
                "report.md",
                "run.json",
                "summary.json",
                "verdicts.parquet"
            ]
            .map(|file| format!("out/{file}"))
            .into(),
            "{name:?}"
        );
        fs::remove_dir_all(&out).unwrap();
    }
    // Names of repositories: refused, or looked for in the cache and not found.
    let long = "x".repeat(300);
    for spec in [
        "../../x",
        "a/../b",
        "a/b@../../x",
        "a\\b/c",
        "a/b@/etc/passwd",
        "CON/x@a:b",
        &format!("{long}/{long}"),
        "a/b\n",
        "\u{1b}[31m/b",
    ] {
        for command in ["inspect", "fetch"] {
            let done = measured(
                binary()
                    .args([command, spec, "--offline"])
                    .env("HF_HOME", bench.path("hub"))
                    .current_dir(bench.dir.path()),
            );
            assert!(
                [2, 5].contains(&done.code) && done.out.is_empty(),
                "{spec:?}: {}",
                done.err
            );
        }
    }
    let done = measured(
        binary()
            .args(["inspect", "a/b", "--offline", "--revision", "../../../x"])
            .env("HF_HOME", bench.path("hub")),
    );
    assert_eq!(done.code, 5, "{}", done.err);
    assert_eq!(tree(bench.dir.path()), before);
}

#[cfg(unix)]
#[test]
fn a_link_at_an_outputs_name_is_replaced_and_not_followed() {
    let bench = Bench::new();
    let (out, man, victim) = (
        bench.path("out"),
        bench.path("man"),
        write(&bench.path("victim"), "precious"),
    );
    for dir in [&out, &man] {
        fs::create_dir(dir).unwrap();
    }
    for name in ["run.json", "verdicts.parquet", "summary.json", "report.md"] {
        std::os::unix::fs::symlink(&victim, out.join(name)).unwrap();
    }
    std::os::unix::fs::symlink(&victim, man.join("pairbench.1")).unwrap();
    bench
        .run(&["--overwrite", "--out", out.to_str().unwrap()])
        .succeeded("run");
    pairbench(["generate", "man", man.to_str().unwrap()]).succeeded("man");
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    for path in [
        out.join("run.json"),
        out.join("report.md"),
        man.join("pairbench.1"),
    ] {
        assert!(
            path.symlink_metadata().unwrap().is_file(),
            "{}",
            path.display()
        );
    }
}

/// Colour, a link (OSC 8), the clipboard (OSC 52), a title, the other direction, a line of its own,
/// a C1 control.
const HOSTILE: &str = concat!(
    "\u{1b}[31m\u{1b}]8;;http://x\u{7}\u{1b}]52;c;eA==\u{7}\u{1b}]0;t\u{7}\u{202e}\n",
    "::error::x\u{2028}\u{9b}2J\r"
);

/// [`crate::tools::measured`] refuses any control character in what it reads.
#[cfg(unix)]
#[test]
fn names_that_write_to_a_terminal_are_shown_as_text() {
    let bench = Bench::new();
    let data = write(
        &bench.path(&format!("{}.jsonl", HOSTILE.replace('/', "|"))),
        ROW.replace(",\"subset\":\"greet\"", ""),
    );
    let subset = write(
        &bench.path("subset.jsonl"),
        serde_json::json!({
            "prompt": HOSTILE,
            "chosen": HOSTILE,
            "rejected": "b",
            "subset": HOSTILE,
            "id": HOSTILE,
        })
        .to_string(),
    );
    let home = bench.path(&HOSTILE.replace('/', "|"));
    fs::rename(bench.path("model"), &home).unwrap();
    let home = home.to_str().unwrap();
    let out = bench.path(&format!("out{}", HOSTILE.replace('/', "|")));
    let out = out.to_str().unwrap();
    for data in [&data, &subset] {
        let data = data.to_str().unwrap();
        let _ = fs::remove_dir_all(out);
        for format in ["table", "markdown", "csv", "latex", "junit", "github"] {
            let done = pairbench([
                "run",
                "--template",
                "pairrm",
                "--model",
                home,
                "--data",
                data,
                "--out",
                out,
                "--format",
                format,
            ])
            .succeeded(format);
            assert!(
                !done
                    .out
                    .lines()
                    .chain(done.err.lines())
                    .any(|line| line.trim_start().starts_with("::error")),
                "{format}: {}",
                done.out
            );
            pairbench(["report", out, "--format", format]).succeeded(format);
        }
        pairbench(["inspect", data, "--model", home, "--template", "pairrm"]).succeeded("inspect");
    }
    pairbench(["inspect", home, "--template", "pairrm"]).succeeded("inspect");
    pairbench(["fetch", home]).succeeded("fetch");
    pairbench(["compare", out, out, "--flips"]).succeeded("compare");
    pairbench([
        "bench",
        "--model",
        home,
        "--length",
        "8",
        "--tokens",
        "16",
        "--repeats",
        "1",
    ])
    .succeeded("bench");
    // Errors, of all kinds of names.
    let broken = write(
        &bench.path(&format!("b{}.jsonl", HOSTILE.replace('/', "|"))),
        "{",
    );
    for format in ["table", "json"] {
        let error = |data: &str, code: i32| {
            let done = pairbench([
                "run",
                "--template",
                "pairrm",
                "--model",
                home,
                "--data",
                data,
                "--format",
                format,
            ]);
            assert!(
                done.code == code && done.err.lines().count() <= 3,
                "{}",
                done.err
            );
        };
        error(broken.to_str().unwrap(), 4);
        error(&format!("{out}/none.jsonl"), 5);
        error(&format!("{HOSTILE}.toml"), 5);
    }
    let twice = write(
        &bench.path("twice.jsonl"),
        [
            fs::read_to_string(&subset).unwrap(),
            fs::read_to_string(&subset).unwrap(),
        ]
        .join("\n"),
    );
    pairbench(["inspect", twice.to_str().unwrap()]).refused("id", 4, "occurs twice");
    let cell = write(
        &bench.path("cell.jsonl"),
        serde_json::json!({ "prompt": { HOSTILE: 1 }, "chosen": "a", "rejected": "b" }).to_string(),
    );
    pairbench(["inspect", cell.to_str().unwrap()]).refused("cell", 4, "row 0, column `prompt`");
    let column = write(
        &bench.path("column.jsonl"),
        serde_json::json!({ HOSTILE: "p" }).to_string(),
    );
    pairbench(["inspect", column.to_str().unwrap()]).refused("column", 4, "no column `prompt`");
    pairbench(["compare", out, HOSTILE]).refused("run", 5, "failed to find run");
}

/// With strace where there is one: a run that is offline opens no socket of any kind.
#[cfg(target_os = "linux")]
#[test]
fn an_offline_run_opens_no_socket() {
    let dir = tempfile::tempdir().unwrap();
    let works = Command::new("strace")
        .args(["-f", "-e", "trace=network", "-o"])
        .arg(dir.path().join("none"))
        .arg("true")
        .status();
    if !works.is_ok_and(|status| status.success()) {
        let test = "hostile::borders::an_offline_run_opens_no_socket";
        return skipped(test, "no strace that may trace");
    }
    // A cache as the Python client leaves it, of a commit that `main` points to.
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let home = dir.path().join("hub/models--llm-blender--PairRM-hf");
    let snapshot = home.join("snapshots").join(commit);
    fs::create_dir_all(&snapshot).unwrap();
    fs::create_dir_all(home.join("refs")).unwrap();
    fs::write(home.join("refs/main"), commit).unwrap();
    for entry in fs::read_dir(root("tests/data/golden/models/tiny-pairrm")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, snapshot.join(path.file_name().unwrap())).unwrap();
    }
    let data = write(&dir.path().join("pairs.jsonl"), ROW);
    let traced = |args: &[&str], code: i32| {
        let log = dir.path().join("trace");
        let mut command = Command::new("strace");
        command
            .args(["-f", "-qq", "-e", "trace=network", "-o"])
            .arg(&log)
            .arg(env!("CARGO_BIN_EXE_pairbench"))
            .args(args);
        command
            .env("PAIRBENCH_CACHE", "")
            .env("HF_HOME", dir.path())
            .env_remove("HF_HUB_OFFLINE")
            .env_remove("HF_HUB_CACHE");
        let done = measured(&mut command);
        assert_eq!(done.code, code, "{}", done.err);
        let calls = fs::read_to_string(log).unwrap();
        assert!(
            !calls.contains("socket(") && !calls.contains("connect("),
            "{calls}"
        );
        done
    };
    let run = [
        "run",
        "--model",
        "llm-blender/PairRM-hf",
        "--data",
        data.to_str().unwrap(),
        "--offline",
    ];
    traced(&run, 0);
    traced(&["run", "--limit", "20", "--allow-partial"], 0);
    let lost = traced(&["inspect", "llm-blender/Other", "--offline"], 5);
    assert!(
        lost.err.contains("models--llm-blender--Other") && lost.cpu.as_secs() < 1,
        "{}",
        lost.err
    );
}
