//! Repositories of the hub: from an empty cache to a table, and everything that can go wrong
//! between.
#![cfg(feature = "hub")]
#![allow(
    clippy::too_many_lines,
    reason = "one story from an empty cache to the end"
)]

mod common;
#[path = "common/hub.rs"]
mod loopback;
#[path = "common/machine.rs"]
mod machine;
#[path = "common/skipped.rs"]
mod skipped;

use std::path::{Path, PathBuf};
use std::time::Instant;

use common::golden;
use loopback::{COMMIT, Fault, LoopbackHub, Seen, is_listing, weights_get};
use machine::{MODEL, MODEL_FOLDER, Machine, Outcome, SECRET, hub};
use polars::prelude::*;
use skipped::skipped;

/// A dataset repository with `n` rows in each of RewardBench's subsets, in the columns of the real
/// one.
fn dataset(dir: &Path, n: usize) {
    let definition: toml::Table = include_str!("../benchmarks/reward-bench.toml")
        .parse()
        .unwrap();
    let subsets: Vec<String> = definition["subsets"]
        .as_table()
        .unwrap()
        .keys()
        .flat_map(|name| vec![name.clone(); n])
        .collect();
    let text = |what: &str| {
        (0..subsets.len())
            .map(|i| format!("{what} {i}"))
            .collect::<Vec<_>>()
    };
    let mut frame = df! {
        "prompt" => text("question"),
        "chosen" => text("good"),
        "rejected" => text("bad"),
        "subset" => &subsets,
        "id" => (0..i64::try_from(subsets.len()).unwrap()).collect::<Vec<_>>(),
    }
    .unwrap();
    std::fs::create_dir_all(dir.join("data")).unwrap();
    for split in ["filtered", "raw"] {
        let file = std::fs::File::create(dir.join(format!("data/{split}-00000-of-00001.parquet")))
            .unwrap();
        ParquetWriter::new(file).finish(&mut frame).unwrap();
    }
}

/// A table without what it was measured with: the second time verdicts come from the cache.
fn figures(printed: &str) -> &str {
    printed.split_once("\nmeasured with").unwrap().0
}

#[test]
fn from_an_empty_cache_to_the_table_and_then_without_the_network() {
    let data = tempfile::tempdir().unwrap();
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/rewardbench-dev.parquet");
    dataset(data.path(), 2);
    if real.exists() {
        std::fs::copy(
            &real,
            data.path().join("data/filtered-00000-of-00001.parquet"),
        )
        .unwrap();
    } else {
        skipped(
            "hub::from_an_empty_cache_to_the_table_and_then_without_the_network, in part",
            &format!(
                "no {}; generated rows stand in for the real ones",
                real.display()
            ),
        );
    }
    let hub = LoopbackHub::start(
        &[
            (
                "models/llm-blender/PairRM-hf",
                &golden("models/tiny-pairrm"),
            ),
            (
                "models/maywell/Better-PairRM",
                &golden("models/tiny-better-pairrm"),
            ),
            ("datasets/allenai/reward-bench", data.path()),
        ],
        |_| None,
    );
    let machine = Machine::new(&hub);
    let out = machine.home.path().join("out");
    let models = [
        "run",
        "--model",
        MODEL,
        "--model",
        "maywell/Better-PairRM",
        "--benchmark",
        "reward-bench",
        "--published",
        "model-card",
    ];
    let rest = [
        "--allow-partial",
        "--subset",
        "llmbar-natural",
        "--subset",
        "hep-rust",
        "--limit",
        "40",
        "--out",
        out.to_str().unwrap(),
    ];
    let args: Vec<&str> = models.into_iter().chain(rest).collect();

    let first = machine.run(&args);
    assert_eq!(first.code, 0, "{}", first.err);
    for part in [
        "PairRM-hf",
        "Better-PairRM",
        "published",
        "llmbar-natural",
        "PARTIAL",
        "average",
    ] {
        assert!(first.out.contains(part), "{part}: {}", first.out);
    }
    let seen = hub.seen();
    let bearer = format!("Bearer {SECRET}");
    assert!(
        seen.iter()
            .all(|s| s.authorization.as_deref() == Some(&*bearer).filter(|_| !s.storage))
    );
    assert!(
        !seen.iter().any(|s| s.path.contains("raw-")),
        "only the split is fetched"
    );
    assert_eq!(seen.iter().filter(|s| weights_get(s)).count(), 2);
    let record: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(out.join("run.json")).unwrap()).unwrap();
    assert_eq!(record["models"][0]["facts"]["commit"], COMMIT);
    assert_eq!(record["dataset"], format!("allenai/reward-bench@{COMMIT}"));
    assert!(
        !std::fs::read_to_string(out.join("run.json"))
            .unwrap()
            .contains(SECRET)
    );

    let second = machine.run(&args);
    assert_eq!(
        (second.code, figures(&second.out)),
        (0, figures(&first.out))
    );
    let seen = hub.seen();
    assert!(seen.iter().all(is_listing), "{seen:?}");
    assert_eq!(seen.len(), 3);

    let offline: Vec<&str> = args.iter().copied().chain(["--offline"]).collect();
    let third = machine.run(&offline);
    assert_eq!(
        (third.code, figures(&third.out)),
        (0, figures(&first.out)),
        "{}",
        third.err
    );
    let by_variable = Outcome::from(
        machine
            .command(&args)
            .env("HF_HUB_OFFLINE", "ON")
            .output()
            .unwrap(),
    );
    assert_eq!(
        (by_variable.code, figures(&by_variable.out)),
        (0, figures(&first.out))
    );
    assert_eq!(hub.seen(), []);
}

#[test]
fn the_cache_has_the_layout_of_the_python_client() {
    let hub = hub(|_| None);
    let machine = Machine::new(&hub);
    let fetched = machine.run(&["fetch", MODEL]);
    assert_eq!(fetched.code, 0, "{}", fetched.err);
    assert!(
        fetched.out.starts_with(&format!("{MODEL}@{COMMIT}\n"))
            && fetched.out.contains("model.safetensors"),
        "{}",
        fetched.out
    );
    let home = machine.home.path().join("hub").join(MODEL_FOLDER);
    assert_eq!(
        std::fs::read_to_string(home.join("refs/main")).unwrap(),
        COMMIT
    );
    let link = home
        .join("snapshots")
        .join(COMMIT)
        .join("model.safetensors");
    let blob = std::fs::read_link(&link).unwrap();
    let name = blob.file_name().unwrap().to_str().unwrap();
    assert_eq!(blob, PathBuf::from("../../blobs").join(name));
    assert!(
        fetched.out.contains(name),
        "a large file's blob is called by its SHA-256: {}",
        fetched.out
    );

    // What the Python client left is used as it is: files instead of links, other files beside
    // them.
    let other = tempfile::tempdir().unwrap();
    let snapshot = other
        .path()
        .join("hub")
        .join(MODEL_FOLDER)
        .join("snapshots")
        .join(COMMIT);
    std::fs::create_dir_all(&snapshot).unwrap();
    std::fs::create_dir_all(snapshot.join("../../refs")).unwrap();
    std::fs::write(snapshot.join("../../refs/main"), COMMIT).unwrap();
    for entry in std::fs::read_dir(golden("models/tiny-pairrm")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, snapshot.join(path.file_name().unwrap())).unwrap();
    }
    hub.seen();
    let machine = Machine {
        home: other,
        endpoint: machine.endpoint,
    };
    assert_eq!(machine.run(&["inspect", MODEL]).code, 0);
    assert_eq!(hub.seen().len(), 1, "the revision check alone");
    assert_eq!(
        machine
            .run(&["inspect", &format!("{MODEL}@{COMMIT}"), "--offline"])
            .code,
        0
    );
}

#[test]
fn a_revision_is_resolved_and_an_unknown_one_is_exit_5() {
    let hub = hub(|_| None);
    let machine = Machine::new(&hub);
    let found = machine.run(&["inspect", MODEL, "--revision", COMMIT]);
    assert!(
        found.code == 0 && found.out.contains(COMMIT),
        "{}",
        found.err
    );
    for (args, expected) in [
        (
            vec!["inspect", MODEL, "--revision", "nothing"],
            "llm-blender/PairRM-hf has no branch, tag or commit `nothing`",
        ),
        (
            vec!["inspect", "llm-blender/Unknown"],
            "check the spelling of llm-blender/Unknown",
        ),
    ] {
        let lost = machine.run(&args);
        assert_eq!(lost.code, 5, "{}", lost.err);
        assert!(lost.err.contains(expected), "{}", lost.err);
    }
    let wrong = machine.run(&["inspect", "../up/x", "--offline"]);
    assert_eq!(wrong.code, 5, "{}", wrong.err);
}

#[test]
fn offline_with_an_empty_cache_says_where_it_looked() {
    let hub = hub(|_| None);
    let machine = Machine::new(&hub);
    let begun = Instant::now();
    let lost = machine.run(&["inspect", MODEL, "--offline"]);
    assert_eq!(lost.code, 5);
    assert!(
        lost.err.contains(MODEL_FOLDER)
            && lost.err.contains("--offline")
            && lost.err.contains("pairbench fetch"),
        "{}",
        lost.err
    );
    assert!(begun.elapsed().as_secs() < 5);
    assert_eq!(hub.seen(), []);
}

/// Faults that pass: the download succeeds, and its bytes are right.
#[test]
fn faults_that_pass_are_waited_out() {
    type Rule = fn(&Seen) -> Option<Fault>;
    let rules: [(&str, Rule); 8] = [
        ("cut", |s| {
            (weights_get(s) && s.nth < 2).then_some(Fault::Cut(20_000))
        }),
        ("wrong length", |s| {
            (weights_get(s) && s.nth == 0).then_some(Fault::Short)
        }),
        ("wrong hash", |s| {
            (weights_get(s) && s.nth == 0).then_some(Fault::Garbled)
        }),
        ("login page", |s| {
            (weights_get(s) && s.nth == 0).then_some(Fault::LoginPage)
        }),
        ("500 thrice", |s| {
            (weights_get(s) && s.nth < 3).then_some(Fault::Status(500, ""))
        }),
        ("429", |s| {
            (is_listing(s) && s.nth == 0).then_some(Fault::Status(429, "Retry-After: 1\r\n"))
        }),
        ("used-up limit", |s| {
            let limit = "RateLimit: \"resolvers\";r=0;t=1\r\n";
            (s.path.contains("/resolve/") && s.nth == 0).then_some(Fault::Status(429, limit))
        }),
        ("expired signature", |s| {
            (weights_get(s) && s.nth == 0).then_some(Fault::Status(403, ""))
        }),
    ];
    for (name, rule) in rules {
        let hub = hub(rule);
        let machine = Machine::new(&hub);
        let begun = Instant::now();
        let fetched = machine.run(&["fetch", MODEL]);
        assert_eq!(fetched.code, 0, "{name}: {}", fetched.err);
        let file = machine
            .home
            .path()
            .join("hub")
            .join(MODEL_FOLDER)
            .join("snapshots")
            .join(COMMIT)
            .join("model.safetensors");
        assert!(
            std::fs::read(file).unwrap()
                == std::fs::read(golden("models/tiny-pairrm/model.safetensors")).unwrap(),
            "{name}"
        );
        let gets: Vec<Seen> = hub.seen().into_iter().filter(weights_get).collect();
        match name {
            "cut" => assert_eq!(
                gets[1]
                    .range
                    .as_deref()
                    .map(|r| r.starts_with("bytes=20000-")),
                Some(true),
                "continued, not started again"
            ),
            "429" | "used-up limit" => assert!(
                begun.elapsed().as_secs_f32() >= 1.0 && fetched.err.contains("429"),
                "{}",
                fetched.err
            ),
            _ => {}
        }
    }
}

/// Faults that stay: exit 5, a message that helps, and nothing in the cache that could be believed.
#[test]
fn faults_that_stay_are_exit_5_and_leave_nothing_behind() {
    type Rule = fn(&Seen) -> Option<Fault>;
    let rules: [(Rule, &str); 8] = [
        (|s| weights_get(s).then_some(Fault::Cut(0)), "connection"),
        (
            |s| weights_get(s).then_some(Fault::Garbled),
            "the listing says",
        ),
        (|s| weights_get(s).then_some(Fault::LoginPage), "DOCTYPE"),
        (
            |s| is_listing(s).then_some(Fault::LoginPage),
            "a login page or a proxy",
        ),
        (
            |s| is_listing(s).then_some(Fault::Status(401, "")),
            "HF_TOKEN",
        ),
        (
            |s| weights_get(s).then_some(Fault::Status(403, "")),
            "allow https to localhost",
        ),
        (
            |s| is_listing(s).then_some(Fault::Status(500, "")),
            "try again later",
        ),
        (
            |s| is_listing(s).then_some(Fault::Status(429, "Retry-After: 9999\r\n")),
            "fewer requests",
        ),
    ];
    std::thread::scope(|scope| {
        for (rule, expected) in rules {
            scope.spawn(move || {
                let hub = hub(rule);
                let machine = Machine::new(&hub);
                let failed = machine.run(&["fetch", MODEL]);
                assert_eq!(
                    (failed.code, failed.out.as_str()),
                    (5, ""),
                    "{expected}: {}",
                    failed.err
                );
                assert!(
                    failed.err.contains(expected) && failed.err.contains("hint:"),
                    "{expected}: {}",
                    failed.err
                );
                assert!(
                    !machine
                        .blobs(MODEL_FOLDER)
                        .iter()
                        .any(|name| name.len() == 64),
                    "{expected}"
                );
                assert_eq!(
                    machine.run(&["inspect", MODEL, "--offline"]).code,
                    5,
                    "{expected}: a part is not taken for a checkpoint"
                );
            });
        }
    });
}

#[test]
fn a_hub_that_is_away_is_replaced_by_the_cache() {
    let hub = hub(|_| None);
    let mut machine = Machine::new(&hub);
    assert_eq!(machine.run(&["fetch", MODEL]).code, 0);
    "http://127.0.0.1:9".clone_into(&mut machine.endpoint);
    let cached = machine.run(&["inspect", MODEL]);
    assert!(
        cached.code == 0 && cached.err.contains("cannot be reached") && cached.err.contains(COMMIT),
        "{}",
        cached.err
    );
    let away = machine.run(&["inspect", "maywell/Better-PairRM"]);
    assert!(
        away.code == 5 && away.err.contains("check the network"),
        "{}",
        away.err
    );
}

#[test]
fn the_token_stays_with_its_host() {
    let elsewhere = hub(|_| None);
    let to = elsewhere.endpoint.clone();
    let hub = hub(move |s| {
        s.path
            .ends_with("/model.safetensors")
            .then(|| Fault::Redirect(to.clone()))
    });
    let machine = Machine::new(&hub);
    let fetched = machine.run(&["fetch", MODEL]);
    assert_eq!(fetched.code, 0, "{}", fetched.err);
    let there = elsewhere.seen();
    assert!(
        !there.is_empty() && there.iter().all(|s| s.authorization.is_none()),
        "{there:?}"
    );
    assert!(
        hub.seen()
            .iter()
            .all(|s| s.authorization.is_some() != s.storage)
    );

    let open = Machine {
        home: tempfile::tempdir().unwrap(),
        endpoint: "http://hub.example".to_owned(),
    };
    let refused = open.run(&["fetch", MODEL]);
    assert!(
        refused.code == 2 && refused.err.contains("not encrypted"),
        "{}",
        refused.err
    );
}

/// Whatever fails, however much is asked to be said: not on a stream, not in a file.
#[test]
fn the_token_is_in_no_output_and_no_file() {
    let refusing = hub(|s| is_listing(s).then_some(Fault::Status(401, "")));
    let cutting = hub(|s| weights_get(s).then_some(Fault::Cut(0)));
    let open = hub(|_| None);
    for (hub, expected) in [(&refusing, 5), (&cutting, 5), (&open, 0)] {
        let machine = Machine::new(hub);
        let home = machine.home.path();
        std::fs::write(
            home.join("pairs.jsonl"),
            r#"{"prompt":"p","chosen":"a","rejected":"b"}"#,
        )
        .unwrap();
        for format in ["table", "json"] {
            let data = home.join("pairs.jsonl").display().to_string();
            let out = home.join("out").display().to_string();
            let mut command = machine.command(&[
                "run", "--model", MODEL, "--data", &data, "--out", &out, "--format", format,
            ]);
            command
                .env("RUST_LOG", "trace")
                .env("RUST_BACKTRACE", "full")
                .env("HF_TOKEN_PATH", home.join("none"));
            // It looks at both streams itself.
            assert_eq!(Outcome::from(command.output().unwrap()).code, expected);
        }
        for name in pairbench::support::files::files_below(home).unwrap() {
            let bytes = std::fs::read(home.join(&name)).unwrap();
            assert!(
                !bytes
                    .windows(SECRET.len())
                    .any(|part| part == SECRET.as_bytes()),
                "{name}"
            );
        }
    }
}

#[test]
fn two_processes_on_one_cold_cache_both_succeed() {
    let hub = hub(|s| {
        if weights_get(s) {
            std::thread::sleep(std::time::Duration::from_millis(700));
        }
        None
    });
    let machine = Machine::new(&hub);
    std::thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| machine.run(&["fetch", MODEL])));
        for process in both {
            let done = process.join().unwrap();
            assert_eq!(done.code, 0, "{}", done.err);
        }
    });
    assert_eq!(
        hub.seen().into_iter().filter(weights_get).count(),
        1,
        "the second waits for the first"
    );
}

#[test]
fn a_damaged_file_in_the_cache_is_not_believed() {
    let hub = hub(|_| None);
    let machine = Machine::new(&hub);
    assert_eq!(machine.run(&["fetch", MODEL]).code, 0);
    let snapshot = machine
        .home
        .path()
        .join("hub")
        .join(MODEL_FOLDER)
        .join("snapshots")
        .join(COMMIT);
    let blob = std::fs::canonicalize(snapshot.join("model.safetensors")).unwrap();
    let mut bytes = std::fs::read(&blob).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&blob, bytes).unwrap();
    let refused = machine.run(&["inspect", MODEL, "--offline"]);
    assert!(
        refused.code == 4 && refused.err.contains("fetch it again"),
        "{}",
        refused.err
    );
}

/// The listing is from outside: names that lead out of the cache are refused before anything is
/// written.
#[test]
fn names_that_lead_out_of_the_cache_are_refused() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let entry =
            serde_json::json!({ "rfilename": "../../../config.json", "size": 1, "blobId": COMMIT });
        let body = serde_json::json!({ "sha": COMMIT, "siblings": [entry] }).to_string();
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    let machine = Machine {
        home: tempfile::tempdir().unwrap(),
        endpoint,
    };
    let refused = machine.run(&["fetch", MODEL]);
    assert!(
        refused.code == 5 && refused.err.contains("cannot be kept"),
        "{}",
        refused.err
    );
    assert_eq!(std::fs::read_dir(machine.home.path()).unwrap().count(), 0);
}
