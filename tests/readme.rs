//! Every command of README.md, run in its order, and every output that it shows.
#![cfg(unix)]

#[path = "common/binary.rs"]
mod binary;
#[path = "common/neutral.rs"]
mod neutral;
#[path = "common/skipped.rs"]
mod skipped;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use polars::prelude::*;
use skipped::skipped;

/// A shown command and what it prints.
struct Step {
    command: String,
    output: String,
}

/// The steps of all `console` blocks: a line after `$ ` with its continuations and its
/// here-document, then what it prints.
fn steps(readme: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let (true, Some(first)) = (inside, line.strip_prefix("$ ")) {
            let mut command = first.to_owned();
            let end = first
                .split_once("<<'")
                .and_then(|(_, rest)| rest.split_once('\''))
                .map(|(word, _)| word);
            while command.ends_with('\\')
                || end.is_some_and(|word| command.lines().last() != Some(word))
            {
                let _ = write!(command, "\n{}", lines.next().expect("the command ends"));
            }
            steps.push(Step {
                command,
                output: String::new(),
            });
        } else if inside {
            let _ = writeln!(
                steps.last_mut().expect("a command stands first").output,
                "{line}"
            );
        }
    }
    steps
}

fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A directory like a checkout: `pairbench` is the binary under test, `cargo run -- …` as well.
/// Other cargo commands are what runs this test; the training has a test of its own.
fn checkout(dir: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let binary = cargo_bin("pairbench");
    std::fs::create_dir(dir.join("bin")).unwrap();
    script(
        &dir.join("bin/pairbench"),
        &format!("#!/bin/sh\nexec '{}' \"$@\"\n", binary.display()),
    );
    script(
        &dir.join("bin/cargo"),
        &format!(
            "#!/bin/sh\ncase \"$*\" in 'run --release -- '*) shift 3; exec '{}' \"$@\";; esac\n",
            binary.display()
        ),
    );
    for shared in ["tests", "quickstart", "benchmarks"] {
        std::os::unix::fs::symlink(root.join(shared), dir.join(shared)).unwrap();
    }
    hub_cache(
        dir,
        "models--llm-blender--PairRM-hf",
        &root.join("quickstart/pairrm"),
    );
    hub_cache(
        dir,
        "models--maywell--Better-PairRM",
        &root.join("quickstart/better-pairrm"),
    );
    hub_cache(
        dir,
        "models--OpenAssistant--reward-model-deberta-v3-large-v2",
        &root.join("tests/data/scalar/models/tiny-deberta-rm"),
    );
    let dataset = dir.join("dataset");
    std::fs::create_dir_all(dataset.join("data")).unwrap();
    let file = dataset.join("data/filtered-00000-of-00001.parquet");
    reward_bench(&file);
    hub_cache(dir, "datasets--allenai--reward-bench", &dataset);
    std::os::unix::fs::symlink(file, dir.join("pairs.parquet")).unwrap();
}

/// As many rows as RewardBench has, each in a few words.
fn reward_bench(file: &Path) {
    let counts = pairbench::benchmark::Benchmark::reward_bench().subsets;
    let subsets: Vec<String> = counts
        .into_iter()
        .flat_map(|(name, n)| vec![name; n])
        .collect();
    let column = |word: &str| {
        (0..subsets.len())
            .map(|i| format!("{word} {i}"))
            .collect::<Vec<_>>()
    };
    let mut frame = df! {
        "prompt" => column("q"),
        "chosen" => column("a"),
        "rejected" => column("b"),
        "subset" => &subsets,
    }
    .unwrap();
    ParquetWriter::new(std::fs::File::create(file).unwrap())
        .finish(&mut frame)
        .unwrap();
}

/// A directory under a repository's name, in the layout of the hub's cache: the commands that need
/// the real weights run on the demonstration's.
fn hub_cache(dir: &Path, repository: &str, checkpoint: &Path) {
    let repository = dir.join("huggingface/hub").join(repository);
    let commit = "0123456789abcdef0123456789abcdef01234567";
    std::fs::create_dir_all(repository.join("refs/refs/pr")).unwrap();
    std::fs::create_dir_all(repository.join("snapshots")).unwrap();
    for revision in ["main", "refs/pr/3"] {
        std::fs::write(repository.join("refs").join(revision), commit).unwrap();
    }
    std::os::unix::fs::symlink(checkpoint, repository.join("snapshots").join(commit)).unwrap();
}

#[test]
fn every_command_works_and_prints_what_is_shown() {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let steps = steps(&readme);
    // What somebody sees first is what is installed; the rest of the tests is CI's.
    assert_eq!(steps[0].command, "pairbench run");
    assert!(
        steps
            .iter()
            .any(|step| step.command == "cargo test --release")
    );
    // The packaged crate has no CI.
    let ci = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/run");
    match std::fs::read_to_string(ci) {
        Ok(ci) => assert!(
            ci.lines()
                .any(|line| line.trim() == "step cargo test --release --locked")
        ),
        Err(_) => skipped(
            "readme",
            "that CI runs its test command: there is no .ci/run",
        ),
    }

    let dir = tempfile::tempdir().unwrap();
    checkout(dir.path());
    let path = format!(
        "{}:{}",
        dir.path().join("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let out = dir.path().join("this-machine");
    let arguments = ["run", "--limit", "1", "--out", out.to_str().unwrap()];
    assert_eq!(binary::run(&arguments).2, 0);
    let record = binary::record(&out);
    for step in steps {
        let output = Command::new("bash")
            .args(["-e", "-c", &step.command])
            .current_dir(dir.path())
            .env("PATH", &path)
            .env("HF_HOME", dir.path().join("huggingface"))
            .env("HF_HUB_OFFLINE", "1")
            .env("PAIRBENCH_CACHE", dir.path().join("cache"))
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}\n{stderr}", step.command);
        if !step.output.trim().is_empty() {
            let printed = String::from_utf8(output.stdout).unwrap();
            let printed = neutral::neutral(&printed, &record);
            snapbox::assert_data_eq!(printed.trim_end(), step.output.trim_end().to_owned());
        }
    }
}
