//! A run in parts, and the parts put together.

#[path = "common/binary.rs"]
mod binary;

use std::path::{Path, PathBuf};

use binary::{assert_same_run, record, run};
use serde_json::Value;

fn shard(dir: &Path, shard: &str, more: &[&str]) -> PathBuf {
    let out = dir.join(shard.replace('/', "-of-"));
    let (stdout, stderr, code) = run(&[
        &["run", "--shard", shard, "--out", out.to_str().unwrap()],
        more,
    ]
    .concat());
    assert!(code == 0 || code == 6, "{stderr}");
    assert!(
        stdout.contains(&format!("PARTIAL: shard {shard}: "))
            || stdout.contains(&format!("shard {shard}: ")),
        "{stdout}"
    );
    out
}

fn merge(runs: &[&Path], out: &Path) -> (String, String, i32) {
    let runs: Vec<&str> = runs.iter().map(|run| run.to_str().unwrap()).collect();
    run(&[&["merge", "--out", out.to_str().unwrap()], &runs[..]].concat())
}

/// Three parts, given in any order, of runs that differ in what a report can hold.
#[test]
fn merged_shards_are_the_run() {
    let data = tempfile::tempdir().unwrap();
    let pairs = data.path().join("mine.jsonl");
    let row = |at: usize| {
        let marker = if at.is_multiple_of(3) {
            " <|source|>"
        } else {
            ""
        };
        format!(
            r#"{{"id":"n{at}","prompt":"{}{marker}","chosen":"yes","rejected":"no {at}"}}"#,
            "word ".repeat(at % 17)
        )
    };
    std::fs::write(&pairs, (0..40).map(row).collect::<Vec<_>>().join("\n")).unwrap();
    for more in [
        &["--subset", "chat-*", "--threads", "1"][..],
        &[
            "--limit",
            "100",
            "--dtype",
            "int8",
            "--int8-batch",
            "8",
            "--model",
            "quickstart/pairrm",
        ],
        &[
            "--data",
            pairs.to_str().unwrap(),
            "--dtype",
            "int8",
            "--model",
            "mine=quickstart/better-pairrm",
        ],
    ] {
        let dir = tempfile::tempdir().unwrap();
        let whole = dir.path().join("whole");
        let (printed, stderr, code) =
            run(&[&["run", "--out", whole.to_str().unwrap()], more].concat());
        assert!(code == 0 || code == 6, "{stderr}");
        let shards = ["3/3", "1/3", "2/3"].map(|part| shard(dir.path(), part, more));
        let out = dir.path().join("merged");
        let (merged, stderr, merged_code) = merge(&shards.each_ref().map(PathBuf::as_path), &out);
        assert_eq!((merged_code, merged), (code, printed), "{stderr}");
        assert_same_run(&whole, &out);
        // A run that was put together is as good as any.
        assert_eq!(
            run(&["report", out.to_str().unwrap()]).0,
            run(&["report", whole.to_str().unwrap()]).0
        );
        let resumed = run(&[&["run", "--resume", "--out", out.to_str().unwrap()], more].concat());
        assert_eq!(resumed.2, code, "{}", resumed.1);
        assert_same_run(&whole, &out);
        // Even to what one pair, or one group, more or less makes.
        let tokens = |out: &Path| {
            record(out)["models"]
                .as_array()
                .unwrap()
                .iter()
                .map(|model| model["tokens"].as_u64().unwrap())
                .sum::<u64>()
        };
        let shares: Vec<u64> = shards.iter().map(|out| tokens(out)).collect();
        assert_eq!(shares.iter().sum::<u64>(), tokens(&whole));
        assert!(
            shares.iter().max().unwrap() * 4 < shares.iter().min().unwrap() * 5
                || more.contains(&"8"),
            "{shares:?}"
        );
        assert_eq!(
            record(&out)["shards"]
                .as_array()
                .unwrap()
                .iter()
                .map(|part| &part["shard"])
                .collect::<Vec<_>>(),
            ["1/3", "2/3", "3/3"]
        );
    }
}

#[test]
fn overlaps_gaps_and_other_plans_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let few = ["--limit", "12", "--model", "quickstart/pairrm"];
    let [one, two] = ["1/2", "2/2"].map(|part| shard(dir.path(), part, &few));
    let third = shard(dir.path(), "1/3", &few);
    let f16 = shard(
        &dir.path().join("f16"),
        "2/2",
        &[&few[..], &["--dtype", "f16"]].concat(),
    );
    let other = shard(
        &dir.path().join("other"),
        "2/2",
        &["--limit", "13", "--model", "quickstart/pairrm"],
    );
    let renamed = shard(
        &dir.path().join("renamed"),
        "2/2",
        &["--limit", "12", "--model", "x=quickstart/pairrm"],
    );
    let whole = dir.path().join("whole");
    assert_eq!(
        run(&[&["run", "--out", whole.to_str().unwrap()], &few[..]].concat()).2,
        0
    );
    let out = dir.path().join("out");
    for (runs, expected) in [
        (&[&one][..], "shards are missing\n  caused by: 2/2"),
        (&[&one, &one], "overlap\n  caused by: both are shard 1/2"),
        (&[&one, &two, &third], "different divisions"),
        (&[&one, &f16], "plan differs: models[0].precision"),
        (&[&one, &other], "plan differs: pairs, rows"),
        (
            &[&one, &renamed],
            "call their models differently\n  caused by: pairrm and x",
        ),
        (&[&one, &whole], "its run had no --shard"),
    ] {
        let (stdout, stderr, code) = merge(
            &runs.iter().map(|run| run.as_path()).collect::<Vec<_>>(),
            &out,
        );
        assert_eq!((code, stdout.as_str()), (2, ""), "{expected}: {stderr}");
        assert!(
            stderr.contains("failed to merge") && stderr.contains(expected),
            "{expected}: {stderr}"
        );
    }
    let (_, stderr, code) = merge(&[&one, &two], &one);
    assert!(
        code == 2 && stderr.contains("is one of the shards"),
        "{stderr}"
    );
    std::fs::write(two.join("journal.jsonl"), "{").unwrap();
    let (_, stderr, code) = merge(&[&one, &two], &out);
    assert!(code == 2 && stderr.contains("not finished"), "{stderr}");
    std::fs::remove_file(two.join("journal.jsonl")).unwrap();
    // Verdicts of another run under this one's name.
    std::fs::copy(other.join("verdicts.parquet"), two.join("verdicts.parquet")).unwrap();
    assert_eq!(merge(&[&one, &two], &out).2, 4);
    assert!(!out.join("run.json").exists());
}

#[test]
fn a_task_of_an_array_finds_its_part_only_where_it_is_asked_to() {
    let dir = tempfile::tempdir().unwrap();
    let task = |more: &[&str], variables: &[(&str, &str)]| {
        let out = dir.path().join("out");
        let arguments = [
            &[
                "run",
                "--overwrite",
                "--limit",
                "9",
                "--model",
                "quickstart/pairrm",
                "--out",
                out.to_str().unwrap(),
            ],
            more,
        ]
        .concat();
        let output = binary::pairbench()
            .args(arguments)
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let shard = output
            .status
            .success()
            .then(|| record(&out)["plan"]["content"]["shard"].take());
        (shard, String::from_utf8(output.stderr).unwrap())
    };
    let slurm = [
        ("SLURM_ARRAY_TASK_ID", "2"),
        ("SLURM_ARRAY_TASK_COUNT", "3"),
        ("SLURM_ARRAY_TASK_MIN", "0"),
        ("SLURM_ARRAY_TASK_MAX", "2"),
    ];
    assert_eq!(task(&["--shard"], &slurm).0.unwrap(), "3/3");
    assert_eq!(
        task(
            &["--shard", "auto"],
            &[("JOB_COMPLETION_INDEX", "0"), ("JOB_COMPLETIONS", "2")]
        )
        .0
        .unwrap(),
        "1/2"
    );
    assert_eq!(task(&[], &slurm).0.unwrap(), Value::Null);
    for (more, expected) in [
        (&["--shard"][..], "give I/N"),
        (&["--shard", "4/3"], "not I/N"),
        (&["--shard", "1/10"], "10 shards, but 9 pairs"),
    ] {
        let (shard, stderr) = task(more, &[]);
        assert!(shard.is_none() && stderr.contains(expected), "{stderr}");
    }
}
