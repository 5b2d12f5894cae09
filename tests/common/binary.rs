//! The binary under test, untouched by what the user who tests has in caches.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::Path;

/// With no verdict cache.
pub fn pairbench() -> assert_cmd::Command {
    let mut command = assert_cmd::Command::cargo_bin("pairbench").unwrap();
    command.env("PAIRBENCH_CACHE", "");
    command
}

/// stdout, stderr and exit code.
pub fn run(arguments: &[&str]) -> (String, String, i32) {
    let output = pairbench().args(arguments).output().unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(!stderr.contains("panicked"), "{stderr}");
    (stdout, stderr, output.status.code().unwrap())
}

/// stdout of a command that must succeed.
pub fn succeeded(arguments: &[&str]) -> String {
    let (stdout, stderr, code) = run(arguments);
    assert_eq!(code, 0, "{stderr}");
    stdout
}

/// How many logits `bench` gives for four rows of a model.
pub fn benched(model: &str) -> usize {
    let rows = ["--length", "16", "--tokens", "64", "--repeats", "1"];
    let arguments = [&["bench", "--model", model, "--format", "json"][..], &rows].concat();
    let (printed, stderr, code) = run(&arguments);
    assert_eq!(code, 0, "{stderr}");
    let document: serde_json::Value = serde_json::from_str(&printed).unwrap();
    document["runs"][0]["logits"].as_array().unwrap().len()
}

/// A printed table and its notes, without the block below that says what it was measured with: the
/// share from the cache, for one, is another the second time.
pub fn figures(printed: &str) -> &str {
    printed
        .split_once("measured with (hashes")
        .expect("every table says what it was measured with")
        .0
}

/// Names of the files in a directory, hidden ones too.
pub fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Both directories hold one finished run each, of which only times differ.
pub fn assert_same_run(one: &Path, other: &Path) {
    assert_finished(one);
    assert_eq!(names(one), names(other));
    for name in names(one).iter().filter(|name| *name != "run.json") {
        assert!(
            std::fs::read(one.join(name)).unwrap() == std::fs::read(other.join(name)).unwrap(),
            "{name} differs"
        );
    }
    assert_eq!(lasting(one), lasting(other));
}

/// Nothing is left of how the run came about.
pub fn assert_finished(dir: &Path) {
    let names = names(dir);
    assert!(
        names.contains(&"run.json".to_owned())
            && names
                .iter()
                .all(|name| !name.starts_with('.') && name != "journal.jsonl"),
        "{names:?}"
    );
}

pub fn record(dir: &Path) -> serde_json::Value {
    json_file(&dir.join("run.json"))
}

pub fn json_file(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A line of JSON Lines: a short question of this subset.
pub fn question(subset: &str, id: usize) -> String {
    serde_json::json!({
        "subset": subset,
        "id": id,
        "prompt": format!("What is {id}?"),
        "chosen": "a number",
        "rejected": "no",
    })
    .to_string()
}

/// `run.json` without times, and without what may change from one session to the next.
fn lasting(dir: &Path) -> serde_json::Value {
    let mut record = record(dir);
    for key in ["started", "ended", "sessions", "shards", "host"] {
        record.as_object_mut().unwrap().remove(key);
    }
    record["plan"]["batch_tokens"].take();
    for model in record["models"].as_array_mut().unwrap() {
        for key in ["tokens", "seconds", "halved", "resumed", "cached"] {
            model[key].take();
        }
    }
    record
}
