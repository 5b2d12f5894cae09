//! `pairbench generate`, by the programs that use what it writes; `pairbench list` and `--version`.

#[path = "common/binary.rs"]
mod binary;
#[path = "common/skipped.rs"]
mod skipped;

use std::path::Path;
use std::process::{Command, Stdio};

use binary::succeeded as pairbench;
use serde_json::Value;
use skipped::skipped;

fn is_there(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !found {
        skipped("generated", &format!("{program} is not installed"));
    }
    found
}

/// A line of words that is typed, and what must and must not be suggested for the last of them.
const TYPED: [(&[&str], &[&str], &[&str]); 13] = [
    (
        &["run", "--benchmark", ""],
        &["reward-bench", "quickstart"],
        &["@files"],
    ),
    (&["run", "--device", "c"], &["cpu", "cuda"], &["vulkan"]),
    (
        &["run", "--template", ""],
        &["pairrm", "better-pairrm"],
        &[],
    ),
    (&["run", "--dtype", "i"], &["int8"], &["f32"]),
    (&["run", "--format", ""], &["markdown", "junit"], &[]),
    (
        &["run", "--published", ""],
        &["model-card", "rewardbench-paper"],
        &[],
    ),
    (
        &["run", "--subset", "hep-"],
        &["hep-go", "hep-rust"],
        &["math-prm"],
    ),
    (
        &["run", "--model", "llm"],
        &["llm-blender/PairRM-hf"],
        &["quickstart/pairrm"],
    ),
    (
        &["compare", "--gate", "drop"],
        &["drop:average:", "drop:section:"],
        &["min:average:"],
    ),
    (
        &["rank", "--method", ""],
        &["rank", "rank-with-ref", "compare", "best-of-n"],
        &[],
    ),
    (&["show", "--format", ""], &["text", "json"], &["html"]),
    (
        &["list", ""],
        &["benchmarks", "models", "templates", "published"],
        &[],
    ),
    (&["generate", "schema", ""], &["summary", "pairs"], &[]),
];

fn check(lines: &[(&[&str], &[&str], &[&str])], suggest: impl Fn(&[&str]) -> String) {
    for (typed, due, not_due) in lines {
        let found = suggest(typed);
        let words: Vec<&str> = found.lines().map(str::trim_end).collect();
        assert!(
            due.iter().all(|word| words.contains(word))
                && not_due.iter().all(|word| !words.contains(word)),
            "{typed:?}: {found}"
        );
    }
}

fn stdout(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn bash_completes_values() {
    if !is_there("bash") {
        return;
    }
    let script = pairbench(&["generate", "completions", "bash"]);
    check(&TYPED, |typed| {
        // What bash does when the tabulator is pressed: the command, the word, the one before it.
        let call = "eval \"$1\"; shift; COMP_WORDS=(pairbench \"$@\"); COMP_CWORD=$#; \
            _pairbench pairbench \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\" \
            2> /dev/null; printf '%s\\n' \"${COMPREPLY[@]}\"";
        stdout(
            Command::new("bash")
                .args(["-c", call, "bash", &script])
                .args(typed),
        )
    });
}

#[test]
fn fish_completes_values_and_files_where_a_file_will_do() {
    if !is_there("fish") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("mine.toml"), "").unwrap();
    let script = pairbench(&["generate", "completions", "fish"]);
    let suggest = |typed: &[&str]| {
        let line = format!("pairbench {}", typed.join(" "));
        // `string` fails where no suggestion has a description.
        let call = "echo $argv[1] | source; complete -C $argv[2] | string split -f1 \\t; true";
        stdout(
            Command::new("fish")
                .args(["--no-config", "-c", call, &script, &line])
                .current_dir(dir.path()),
        )
    };
    // clap_complete 4.6 writes no values of arguments without a flag for fish: the last line.
    check(&TYPED[..TYPED.len() - 1], suggest);
    assert!(suggest(&["run", "--benchmark", "mi"]).contains("mine.toml"));
    assert!(!suggest(&["run", "--dtype", ""]).contains("mine.toml"));
}

#[test]
fn zsh_reads_its_script_and_no_script_has_a_mark_left() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = pairbench(&["generate", "completions", shell]);
        assert!(!script.contains("@files"), "{shell}");
    }
    let script = pairbench(&["generate", "completions", "zsh"]);
    let benchmarks = script
        .split_once("(reward-bench reward-bench-2 ")
        .unwrap()
        .1;
    let (_, after) = benchmarks.split_once("quickstart)\" ").unwrap();
    assert!(after.starts_with("\"files\\:file\\:_files\"}"), "{after}");
    if is_there("zsh") {
        stdout(Command::new("zsh").args(["-n", "-c", &script]));
    }
}

#[test]
fn every_page_has_examples_and_says_what_the_environment_and_exit_codes_are() {
    let dir = tempfile::tempdir().unwrap();
    pairbench(&["generate", "man", dir.path().to_str().unwrap()]);
    let names = binary::names(dir.path());
    for name in [
        "pairbench.1",
        "pairbench-run.1",
        "pairbench-show.1",
        "pairbench-list.1",
    ] {
        assert!(names.iter().any(|known| known == name), "{names:?}");
    }
    for name in &names {
        let page = std::fs::read_to_string(dir.path().join(name)).unwrap();
        for heading in [".SH ENVIRONMENT", ".SH \"EXIT STATUS\""] {
            assert_eq!(page.matches(heading).count(), 1, "{name}: {page}");
        }
        assert!(
            page.contains("HF_TOKEN") && page.contains("out of resources"),
            "{name}"
        );
    }
    for command in [
        "run", "compare", "report", "show", "merge", "fetch", "inspect", "bench", "rank", "score",
    ] {
        let page = dir.path().join(format!("pairbench-{command}.1"));
        let page = std::fs::read_to_string(page).unwrap();
        let (_, examples) = page.split_once(".SH EXAMPLES").expect(command);
        assert!(
            examples.contains(&format!("pairbench {command} ")),
            "{command}"
        );
    }
    if is_there("groff") {
        let page = dir.path().join("pairbench-run.1");
        let text = stdout(
            Command::new("groff")
                .args(["-man", "-Tutf8", "-ww", "-z"])
                .arg(page),
        );
        assert_eq!(text, "");
    }
}

#[test]
fn lists_have_what_the_flags_take() {
    let names = |catalogue: &str| -> Vec<String> {
        let text = pairbench(&["list", catalogue, "--format", "json"]);
        let list: Value = serde_json::from_str(&text).unwrap();
        let entries = list[catalogue].as_array().unwrap().iter();
        entries
            .map(|entry| entry["name"].as_str().unwrap().to_owned())
            .collect()
    };
    for catalogue in ["benchmarks", "models", "templates", "published"] {
        let text = pairbench(&["list", catalogue]);
        assert!(
            names(catalogue).iter().all(|name| text.contains(name)),
            "{text}"
        );
    }
    for benchmark in names("benchmarks") {
        let text = pairbench(&["inspect", &benchmark, "--offline"]);
        assert!(text.starts_with(&format!("{benchmark}: ")), "{text}");
    }
    for table in names("published") {
        // In parentheses stands what is of other pairs than the measured ones: here are none.
        let text = pairbench(&["published", &table]);
        assert!(text.contains(" 0.") && !text.contains("(0."), "{text}");
    }
    let models = pairbench(&["list", "models"]);
    let line = models
        .lines()
        .find(|line| line.starts_with("quickstart/deberta-rm "));
    let words: Vec<&str> = line.unwrap().split_whitespace().collect();
    assert_eq!(words[1..3], ["pair", "DebertaV2ForSequenceClassification"]);
    let benchmarks = pairbench(&["list", "benchmarks"]);
    assert!(
        benchmarks.contains("reward-bench: 2985 pairs in 23 subsets\n")
            && benchmarks.contains("  source     dataset allenai/reward-bench of the hub"),
        "{benchmarks}"
    );
}

#[test]
fn the_version_says_of_which_commit_and_with_which_features() {
    let version = pairbench(&["--version"]);
    let start = concat!("pairbench ", env!("CARGO_PKG_VERSION"), " (");
    assert!(
        version.starts_with(start) && version.lines().count() == 1,
        "{version}"
    );
    if cfg!(feature = "hub") {
        assert!(version.contains("features: hub"), "{version}");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if root.join(".git").exists() && is_there("git") {
        let head = Command::new("git")
            .args(["rev-parse", "HEAD"])
            .current_dir(root)
            .output();
        let head = String::from_utf8(head.unwrap().stdout).unwrap();
        assert!(version.contains(&head[..12]), "{version} {head}");
    }
}
