//! One cache for pairbench and the real Python client, huggingface_hub: what one fills the other
//! uses without the network, and both read the environment in the same way.
//!
//! `PAIRBENCH_TEST_PYTHON` names a Python that has it; `tests/hub-python/python` makes one.
#![cfg(feature = "hub")]

mod common;
#[path = "common/hub.rs"]
mod loopback;
#[path = "common/machine.rs"]
mod machine;
#[path = "common/skipped.rs"]
mod skipped;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::golden;
use loopback::{COMMIT, LoopbackHub};
use machine::{MODEL, Machine};
use skipped::skipped;

/// Runs the Python client as the machine's user; the lines that it prints.
fn python(
    interpreter: &str,
    machine: &Machine,
    variables: &[(&str, Option<&str>)],
    args: &[&str],
) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hub-python/client.py");
    let mut command = Command::new(interpreter);
    command.arg(script).args(args);
    // The environment that pairbench gets.
    for (key, value) in machine.command(&[]).get_envs() {
        match value {
            Some(value) => command.env(key, value),
            None => command.env_remove(key),
        };
    }
    command
        .env("HF_HUB_DISABLE_TELEMETRY", "1")
        .env("HF_HUB_DISABLE_PROGRESS_BARS", "1");
    for (key, value) in variables {
        match value {
            Some(value) => command.env(key, value),
            None => command.env_remove(key),
        };
    }
    let output = command.output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {err}");
    let out = String::from_utf8(output.stdout).unwrap();
    out.lines().map(str::to_owned).collect()
}

fn interpreter(test: &str) -> Option<String> {
    let found = std::env::var("PAIRBENCH_TEST_PYTHON").ok();
    let found = found.filter(|python| !python.is_empty());
    if found.is_none() {
        skipped(
            &format!("hub_python::{test}"),
            "PAIRBENCH_TEST_PYTHON names no Python with huggingface_hub",
        );
    }
    found
}

/// The golden checkpoint with a file that pairbench has no use for, and a dataset.
fn hub(model: &Path, dataset: &Path) -> LoopbackHub {
    for entry in fs::read_dir(golden("models/tiny-pairrm")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, model.join(path.file_name().unwrap())).unwrap();
    }
    fs::write(model.join("README.md"), "# PairRM\n").unwrap();
    fs::create_dir(dataset.join("data")).unwrap();
    let row = "{\"prompt\":\"p\",\"chosen\":\"a\",\"rejected\":\"b\",\"subset\":\"s\"}\n";
    fs::write(dataset.join("data/test.jsonl"), row).unwrap();
    LoopbackHub::start(
        &[
            ("models/llm-blender/PairRM-hf", model),
            ("datasets/a/pairs", dataset),
        ],
        |_| None,
    )
}

const BENCHMARK: &str = "name = \"mine\"\n[source]\ndataset = \"a/pairs\"\nfiles = \
                         [\"data/test.jsonl\"]\n[subsets]\ns = 1\n[[sections]]\nname = \"All\"\n\
                         subsets = [\"s\"]\n";

#[test]
fn a_cache_that_one_fills_the_other_uses_offline() {
    let Some(interpreter) = interpreter("a_cache_that_one_fills_the_other_uses_offline") else {
        return;
    };
    let (model, dataset) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let hub = hub(model.path(), dataset.path());
    let benchmark = model.path().with_extension("toml");
    fs::write(&benchmark, BENCHMARK).unwrap();
    let benchmark = benchmark.to_str().unwrap();
    let run = [
        "run",
        "--model",
        MODEL,
        "--benchmark",
        benchmark,
        "--format",
        "csv",
    ];
    let offline = [&run[..], &["--offline"]].concat();

    // Python first.
    let machine = Machine::new(&hub);
    let filled = python(&interpreter, &machine, &[], &["fill", "model", MODEL]);
    assert_eq!(Path::new(&filled[0]), machine.snapshot());
    python(&interpreter, &machine, &[], &["fill", "dataset", "a/pairs"]);
    hub.seen();
    let scored = machine.run(&offline);
    assert_eq!(scored.code, 0, "{}", scored.err);
    for args in [
        vec!["fetch", MODEL, benchmark, "--offline"],
        vec!["inspect", &format!("{MODEL}@{COMMIT}")],
    ] {
        let verified = machine.run(&args);
        assert_eq!(verified.code, 0, "{args:?}: {}", verified.err);
    }
    assert_eq!(hub.seen(), []);
    // What Python fetched needs no download.
    assert_eq!(machine.run(&run).out, scored.out);
    assert!(!hub.seen().iter().any(|s| s.path.contains("/resolve")));

    // pairbench first.
    let machine = Machine::new(&hub);
    let fetched = machine.run(&["fetch", MODEL, benchmark]);
    assert_eq!(fetched.code, 0, "{}", fetched.err);
    hub.seen();
    let files = ["config.json", "tokenizer.json", "model.safetensors"];
    let read = [&["read", "model", MODEL], &files[..]].concat();
    let found = python(&interpreter, &machine, &[], &read);
    assert_eq!(Path::new(&found[0]), machine.snapshot());
    for (name, path) in files.iter().zip(&found[1..]) {
        assert!(
            fs::read(path).unwrap() == fs::read(model.path().join(name)).unwrap(),
            "{name}"
        );
    }
    let read = ["read", "dataset", "a/pairs", "data/test.jsonl"];
    assert_eq!(python(&interpreter, &machine, &[], &read).len(), 2);
    assert_eq!(hub.seen(), []);
    // Online, Python fetches what pairbench had no use for, and nothing else.
    python(&interpreter, &machine, &[], &["fill", "model", MODEL]);
    assert!(machine.snapshot().join("README.md").exists());
    assert!(!hub.seen().iter().any(|s| s.storage));
    assert_eq!(machine.run(&offline).out, scored.out);
}

/// The Python client says what each environment means.
#[test]
fn the_environment_means_what_it_means_to_python() {
    let Some(interpreter) = interpreter("the_environment_means_what_it_means_to_python") else {
        return;
    };
    let (model, dataset) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let hub = hub(model.path(), dataset.path());
    let machine = Machine::new(&hub);
    let home = machine.home.path().to_str().unwrap().to_owned();
    for (name, token) in [("token", "hf_default"), ("other", " hf_other\n")] {
        fs::write(machine.home.path().join(name), token).unwrap();
    }
    let set = |key, value| (key, Some(value));
    let cases: Vec<Vec<(&str, Option<&str>)>> = vec![
        vec![],
        vec![set("HF_HOME", "~/x")],
        vec![set("HF_HOME", "$D/x")],
        vec![set("HF_HOME", "$NONE/x")],
        vec![("HF_HOME", None), set("XDG_CACHE_HOME", "$D/cache")],
        vec![("HF_HOME", None), ("XDG_CACHE_HOME", None)],
        vec![
            set("HF_HUB_CACHE", "~/${E}/c"),
            set("HUGGINGFACE_HUB_CACHE", "/no"),
        ],
        vec![set("HUGGINGFACE_HUB_CACHE", "~/old")],
        vec![set("HF_TOKEN", "  hf_spaces\n")],
        vec![set("HF_TOKEN", "")],
        vec![set("HF_TOKEN", ""), set("HUGGING_FACE_HUB_TOKEN", "hf_old")],
        vec![("HF_TOKEN", None), set("HF_TOKEN_PATH", "~/other")],
        vec![("HF_TOKEN", None), set("HF_TOKEN_PATH", "${D}/other")],
        vec![("HF_TOKEN", None), set("HF_TOKEN_PATH", "/nowhere")],
        vec![
            ("HF_TOKEN", None),
            set("HF_HUB_DISABLE_IMPLICIT_TOKEN", "YES"),
        ],
        vec![set("HF_HUB_DISABLE_IMPLICIT_TOKEN", "0")],
        vec![set("HF_HUB_DISABLE_IMPLICIT_TOKEN", "false")],
        vec![set("HF_HUB_OFFLINE", "on")],
        vec![set("HF_HUB_OFFLINE", "0"), set("TRANSFORMERS_OFFLINE", "1")],
        vec![set("TRANSFORMERS_OFFLINE", "Yes")],
    ];
    for case in cases {
        let fixed = [set("HOME", &home), set("D", &home), set("E", "e")];
        let variables = [&fixed[..], &case].concat();
        let lines = python(&interpreter, &machine, &variables, &["settings"]);
        let [cache, authorization, network] = &lines[..] else {
            panic!("{lines:?}");
        };
        hub.seen();
        let doctor = machine.run_with(&variables, &["doctor"]).out;
        let ours = doctor.lines().find(|line| line.starts_with("hub cache"));
        assert!(
            ours.is_some_and(|line| line.contains(&format!(" {cache}: "))),
            "{case:?}: {ours:?}, Python: {cache}"
        );
        machine.run_with(&variables, &["inspect", "a/b"]);
        let seen = hub.seen();
        assert_eq!(seen.is_empty(), network == "offline", "{case:?}");
        if let Some(request) = seen.first() {
            let sent = request.authorization.as_deref().unwrap_or("none");
            assert_eq!(sent, authorization, "{case:?}");
        }
    }
}
