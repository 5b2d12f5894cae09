//! Verdicts that are kept from one run to the next.

#[path = "common/binary.rs"]
mod binary;

use std::path::Path;

use binary::{figures, record};
use serde_json::Value;

/// stdout and stderr of a command that succeeds, with this cache.
fn pairbench(cache: &Path, arguments: &[&str]) -> (String, String) {
    let output = binary::pairbench()
        .args(arguments)
        .env("PAIRBENCH_CACHE", cache)
        .output()
        .unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{stderr}");
    (stdout, stderr)
}

/// Of each model: pairs from the cache, and tokens that were computed.
fn counts(out: &Path) -> Vec<[u64; 2]> {
    record(out)["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| ["cached", "tokens"].map(|key| model[key].as_u64().unwrap()))
        .collect()
}

#[test]
fn a_pair_is_scored_once_whatever_it_and_the_model_are_called() {
    let dir = tempfile::tempdir().unwrap();
    let (cache, first, again) = (
        dir.path().join("cache"),
        dir.path().join("first"),
        dir.path().join("again"),
    );
    let run = |out: &Path, more: &[&str]| {
        pairbench(
            &cache,
            &[
                &["run", "--overwrite", "--out", out.to_str().unwrap()],
                more,
            ]
            .concat(),
        )
    };
    run(&first, &["--limit", "100"]);
    assert!(
        counts(&first)
            .iter()
            .all(|[cached, tokens]| *cached == 0 && *tokens > 0)
    );
    // More pairs: only they are scored.
    let (_, stderr) = run(&again, &["--limit", "101"]);
    assert!(
        stderr.contains("pairrm: 100 of 101 verdicts from the cache")
            && stderr.contains("pairrm: 1 pair,"),
        "{stderr}"
    );
    assert!(
        counts(&again)
            .iter()
            .all(|[cached, tokens]| *cached == 100 && (1..1000).contains(tokens))
    );
    // The same, and nothing is loaded; the reports say whence it comes, and nothing else changes.
    let (_, stderr) = run(&again, &["--limit", "100"]);
    assert!(
        stderr.contains("100 of 100") && !stderr.contains("loaded") && !stderr.contains("tokens/s"),
        "{stderr}"
    );
    for file in ["verdicts.parquet", "summary.json", "report.md"] {
        let read = |dir: &Path| std::fs::read(dir.join(file)).unwrap();
        let [before, mut after] = [read(&first), read(&again)];
        if file != "verdicts.parquet" {
            let text = String::from_utf8(after).unwrap();
            let [share, cached] = ["cache: 100 of 100", "\"cached\": 100"];
            assert!(text.contains(share) || text.contains(cached), "{text}");
            let text = text.replace(share, "cache: 0 of 100");
            after = text.replace(cached, "\"cached\": 0").into_bytes();
        }
        assert!(before == after, "{file}");
    }
    // The same texts as rows of another file, one of them twice, scored by the same files under
    // another name.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("benchmarks/quickstart/pairs.jsonl")).unwrap();
    let pair: Value = serde_json::from_str(text.lines().nth(50).unwrap()).unwrap();
    let row = |subset: &str, chosen: &str| {
        serde_json::json!({
            "subset": subset,
            "prompt": pair["prompt"],
            "chosen": chosen,
            "rejected": pair["rejected"],
        })
        .to_string()
    };
    let known = pair["chosen"].as_str().unwrap();
    let pairs = dir.path().join("pairs.jsonl");
    std::fs::write(
        &pairs,
        [
            row("a", known),
            row("b", known),
            row("c", "new"),
            row("d", "new"),
        ]
        .join("\n"),
    )
    .unwrap();
    let model = format!("other={}", root.join("quickstart/pairrm").display());
    let mine = ["--model", model.as_str(), "--data", pairs.to_str().unwrap()];
    let (_, stderr) = run(&again, &mine);
    assert!(
        stderr.contains("other: 2 of 4 verdicts from the cache")
            && stderr.contains("other: 1 pair,"),
        "{stderr}"
    );
    assert_eq!(counts(&again)[0][0], 3);
    let other = dir.path().join("other");
    let better = format!("{model},template=better-pairrm");
    let better = ["--model", better.as_str(), "--data", mine[3]];
    for (mine, more, cached) in [
        (mine, &["--dtype", "f16"][..], 2),
        (better, &[], 2),
        (mine, &["--dtype", "int8", "--int8-batch", "2"], 0),
        (mine, &["--no-cache"], 0),
    ] {
        // Of the two pairs of equal texts one each is looked up, none where a verdict depends on
        // its neighbours.
        run(&other, &[&mine[..], more].concat());
        assert_eq!(counts(&other)[0][0], cached, "{more:?}");
    }
}

#[test]
fn the_cache_is_shown_and_cleared_and_never_needed() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache");
    let run = |cache: &Path| {
        pairbench(
            cache,
            &["run", "--limit", "7", "--model", "quickstart/pairrm"],
        )
    };
    let (table, _) = run(&cache);
    let (shown, _) = pairbench(&cache, &["cache"]);
    assert!(
        shown.starts_with(&format!("{}: 7 verdicts of 1 models, ", cache.display())),
        "{shown}"
    );
    let doctor = binary::pairbench()
        .arg("doctor")
        .env("PAIRBENCH_CACHE", &cache)
        .env("HF_HOME", dir.path())
        .env("HF_TOKEN", "hf_secret")
        .env("HF_ENDPOINT", "http://me:hf_secret@127.0.0.1")
        .output()
        .unwrap();
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    assert!(
        doctor.contains(shown.trim())
            && doctor.contains(env!("CARGO_PKG_VERSION"))
            && !doctor.contains("hf_secret"),
        "{doctor}"
    );
    // Garbage in it costs time and nothing else.
    let file = std::fs::read_dir(cache.join("verdicts"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let lines = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("\0\u{fffd}{}{{}}\n[]\n", &lines[5..])).unwrap();
    let (again, stderr) = run(&cache);
    assert!(
        figures(&again) == figures(&table) && stderr.contains("6 of 7"),
        "{stderr}"
    );
    assert!(pairbench(&cache, &["cache", "clear"]).0.contains("removed"));
    assert!(pairbench(&cache, &["cache"]).0.contains(": 0 verdicts"));
    // A file in its place, and no cache at all.
    let blocked = dir.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    let (again, stderr) = run(&blocked);
    assert!(
        figures(&again) == figures(&table) && stderr.matches("going on without").count() == 1,
        "{stderr}"
    );
    // Equal texts are scored once there, too, and each has its verdict.
    let pairs = dir.path().join("pairs.jsonl");
    std::fs::write(
        &pairs,
        [r#"{"prompt":"a","chosen":"b","rejected":"c"}"#; 3].join("\n"),
    )
    .unwrap();
    let out = dir.path().join("out");
    pairbench(
        &blocked,
        &[
            "run",
            "--model",
            "quickstart/pairrm",
            "--data",
            pairs.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ],
    );
    let model = &record(&out)["models"][0];
    assert_eq!([&model["pairs"], &model["cached"]], [3, 2]);
    let (again, stderr) = run(Path::new(""));
    assert!(
        figures(&again) == figures(&table) && !stderr.contains("cache"),
        "{stderr}"
    );
}

#[test]
fn two_runs_at_once_share_one_cache() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache");
    let arguments = ["run", "--limit", "60", "--batch-tokens", "128"];
    let tables: Vec<String> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| pairbench(&cache, &arguments).0))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(figures(&tables[0]), figures(&tables[1]));
    let (again, stderr) = pairbench(&cache, &arguments);
    assert!(
        figures(&again) == figures(&tables[0])
            && stderr.matches("60 of 60 verdicts from the cache").count() == 3,
        "{stderr}"
    );
}

/// What stands where a file of the cache should be: the run is as good without.
#[cfg(unix)]
#[test]
fn a_cache_that_is_no_file_or_too_large_is_done_without() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache");
    let run = || {
        let begun = std::time::Instant::now();
        let few = ["run", "--limit", "7", "--model", "quickstart/pairrm"];
        let (table, stderr) = pairbench(&cache, &few);
        (table, stderr, begun.elapsed())
    };
    let (table, _, _) = run();
    let entries = std::fs::read_dir(cache.join("verdicts")).unwrap();
    let file = entries.map(|entry| entry.unwrap().path()).next().unwrap();
    let kept = std::fs::read_to_string(&file).unwrap();
    let make = |what: &str| match what {
        "pipe" => {
            let made = std::process::Command::new("mkfifo").arg(&file).status();
            assert!(made.unwrap().success());
        }
        "folder" => std::fs::create_dir(&file).unwrap(),
        "device" => std::os::unix::fs::symlink("/dev/zero", &file).unwrap(),
        "loop" => std::os::unix::fs::symlink(&file, &file).unwrap(),
        _ => std::fs::File::create(&file)
            .unwrap()
            .set_len(3 << 30)
            .unwrap(),
    };
    for what in ["pipe", "device", "loop", "3 GB", "folder"] {
        std::fs::remove_file(&file).unwrap();
        make(what);
        let (again, stderr, time) = run();
        assert!(
            figures(&again) == figures(&table) && stderr.matches("going on without").count() == 1,
            "{what}: {stderr}"
        );
        assert!(time < std::time::Duration::from_mins(1), "{what}: {time:?}");
        let (shown, _) = pairbench(&cache, &["cache"]);
        let said = what == "folder" || shown.contains("1 file not used");
        assert!(
            shown.contains(": 0 verdicts of 0 models") && said,
            "{what}: {shown}"
        );
    }
    assert!(pairbench(&cache, &["cache", "clear"]).0.contains("removed"));
    std::fs::remove_dir(&file).unwrap();
    // A digit of a number, and a line of an older version: computed again, and that is said.
    let lines: Vec<&str> = kept.lines().collect();
    let (logit, sum) = ("\"logit_ab\":", ",\"check\":\"");
    let at = lines[0].find(logit).unwrap() + logit.len();
    let flipped = format!(
        "{}9{}",
        &lines[0][..at],
        lines[0][at..].trim_start_matches('-')
    );
    let old = format!("{}}}", lines[1].split_once(sum).unwrap().0);
    let rest = lines[2..].join("\n");
    std::fs::write(&file, format!("{flipped}\n{old}\n{rest}\n")).unwrap();
    let (again, stderr, _) = run();
    assert!(
        figures(&again) == figures(&table)
            && stderr.contains("5 of 7 verdicts from the cache")
            && stderr.contains("passed over 2 damaged lines"),
        "{stderr}"
    );
}
