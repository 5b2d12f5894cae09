//! The hub as it answers today: what each answer means to a user, which requests carry the token,
//! and when none is made.
#![allow(
    clippy::too_many_lines,
    clippy::type_complexity,
    reason = "one table of cases a test"
)]
#![cfg(feature = "hub")]

mod common;
#[path = "common/hub.rs"]
mod loopback;
#[path = "common/machine.rs"]
mod machine;

use std::fs;
use std::path::Path;

use common::golden;
use loopback::{COMMIT, Fault, LoopbackHub, Seen, is_listing, weights_get};
use machine::{MODEL, Machine, SECRET, hub};

type Rule = fn(&Seen) -> Option<Fault>;

/// A checkpoint's files in a new directory.
fn checkpoint() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    copy(&golden("models/tiny-pairrm"), directory.path());
    directory
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// The token is ours or none: no rule but pairbench's finds one.
#[test]
fn each_request_carries_the_users_token_or_none() {
    let hub = hub(|_| None);
    let machine = Machine::new(&hub);
    let home = machine.home.path();
    fs::write(home.join("token"), "hf_default\n").unwrap();
    fs::write(home.join("other"), "hf_other\r\n").unwrap();
    let directory = home.to_str().unwrap();
    let home_is = [("HF_TOKEN", None), ("DIR", Some(directory))];
    let cases: [(&[(&str, Option<&str>)], Option<&str>, &str); 11] = [
        (&[("HF_TOKEN", Some(SECRET))], Some(SECRET), "HF_TOKEN"),
        (&[("HF_TOKEN", Some(""))], Some("hf_default"), "/token"),
        (&[("HF_TOKEN_PATH", Some("/nowhere"))], None, "/nowhere"),
        (
            &[("HF_TOKEN_PATH", Some("$DIR/other"))],
            Some("hf_other"),
            "/other",
        ),
        (
            &[("HF_TOKEN_PATH", Some("${DIR}/other"))],
            Some("hf_other"),
            "/other",
        ),
        (
            &[
                ("HOME", Some(directory)),
                ("HF_TOKEN_PATH", Some("~/other")),
            ],
            Some("hf_other"),
            "/other",
        ),
        (
            &[("HUGGING_FACE_HUB_TOKEN", Some("hf_old"))],
            Some("hf_old"),
            "HUGGING_FACE_HUB_TOKEN",
        ),
        (
            &[("HF_HUB_DISABLE_IMPLICIT_TOKEN", Some("1"))],
            None,
            "DISABLE",
        ),
        (
            &[
                ("HF_HUB_DISABLE_IMPLICIT_TOKEN", Some("true")),
                ("HF_TOKEN", Some(SECRET)),
            ],
            None,
            "DISABLE",
        ),
        (
            &[("HF_HUB_DISABLE_IMPLICIT_TOKEN", Some("0"))],
            Some("hf_default"),
            "/token",
        ),
        (
            &[("HF_HUB_DISABLE_IMPLICIT_TOKEN", Some(""))],
            Some("hf_default"),
            "/token",
        ),
    ];
    for (variables, token, origin) in cases {
        let variables = [&home_is[..], variables].concat();
        let _ = fs::remove_dir_all(home.join("hub"));
        hub.seen();
        let fetched = machine.run_with(&variables, &["fetch", MODEL]);
        assert_eq!(fetched.code, 0, "{variables:?}: {}", fetched.err);
        let seen = hub.seen();
        let bearer = token.map(|token| format!("Bearer {token}"));
        for request in &seen {
            let expected = bearer.clone().filter(|_| !request.storage);
            assert_eq!(
                request.authorization, expected,
                "{variables:?}: {request:?}"
            );
        }
        assert!(seen.iter().any(|request| request.storage) && seen.len() > 8);
        let doctor = machine.run_with(&variables, &["doctor"]).out;
        let line = doctor.lines().find(|line| line.starts_with("hub token"));
        assert!(line.unwrap().contains(origin), "{origin}: {line:?}");
        assert!(!doctor.contains("hf_default") && !doctor.contains("hf_other"));
    }
    // A token file does not make an open connection refuse what needs no token.
    let open = [
        ("HF_TOKEN", None),
        ("HF_ENDPOINT", Some("http://hub.example")),
    ];
    let refused = machine.run_with(&open, &["fetch", MODEL]);
    assert!(refused.err.contains("not encrypted"), "{}", refused.err);
    let none = [&open[..], &[("HF_TOKEN_PATH", Some("/nowhere"))]].concat();
    let tried = machine.run_with(&none, &["fetch", MODEL, "--offline"]);
    assert!(!tried.err.contains("not encrypted"), "{}", tried.err);
}

#[test]
fn the_cache_is_where_the_python_client_has_it() {
    let hub = hub(|_| None);
    let machine = Machine::new(&hub);
    let directory = machine.home.path().to_str().unwrap();
    for (i, variables) in [
        [("HF_HOME", Some("~/0")), ("HOME", Some(directory))],
        [("HF_HOME", Some("$PLACE/1")), ("PLACE", Some(directory))],
        [
            ("HF_HUB_CACHE", Some("${PLACE}/2/hub")),
            ("PLACE", Some(directory)),
        ],
        [
            ("HUGGINGFACE_HUB_CACHE", Some("~/3/hub")),
            ("HOME", Some(directory)),
        ],
    ]
    .iter()
    .enumerate()
    {
        let fetched = machine.run_with(variables, &["fetch", MODEL]);
        assert_eq!(fetched.code, 0, "{variables:?}: {}", fetched.err);
        let there = machine
            .home
            .path()
            .join(format!("{i}/hub/models--llm-blender--PairRM-hf"));
        assert!(there.join("refs/main").is_file(), "{variables:?}");
    }
}

/// A changed file of any size, in place or replaced, of a fetched cache or one without listings.
#[test]
fn a_changed_file_in_the_cache_is_refused() {
    let in_place = |path: &Path, bytes: &[u8]| fs::write(path, bytes).unwrap();
    let replaced = |path: &Path, bytes: &[u8]| {
        fs::remove_file(path).unwrap();
        fs::write(path, bytes).unwrap();
    };
    let changes: [(&str, &dyn Fn(&Path, &[u8])); 2] =
        [("in place", &in_place), ("replaced", &replaced)];
    let hub = hub(|_| None);
    for name in [
        "config.json",
        "tokenizer.json",
        "special_tokens_map.json",
        "model.safetensors",
    ] {
        for (how, change) in &changes {
            let machine = Machine::new(&hub);
            assert_eq!(machine.run(&["fetch", MODEL]).code, 0);
            let path = machine.snapshot().join(name);
            let mut bytes = fs::read(&path).unwrap();
            let last = bytes.len() - 1;
            bytes.insert(last, b' ');
            change(&path, &bytes);
            for args in [
                vec!["fetch", MODEL],
                vec!["fetch", MODEL, "--offline"],
                vec!["fetch", &format!("{MODEL}@{COMMIT}")],
            ] {
                let refused = machine.run(&args);
                assert!(
                    refused.code == 4
                        && refused.err.contains(name)
                        && refused.err.contains("fetch it again"),
                    "{name} {how} {args:?}: {} {}",
                    refused.code,
                    refused.err
                );
            }
            if name != "special_tokens_map.json" {
                let refused = machine.run(&["inspect", MODEL, "--offline"]);
                assert!(
                    // Of weights `inspect` reads the header alone, which this change breaks.
                    refused.code == 4
                        && (name == "model.safetensors"
                            || refused.err.contains("failed to verify")),
                    "{name}: {}",
                    refused.err
                );
            }
            // The way out that the hint names.
            let hint = machine.run(&["fetch", MODEL]).err;
            let (_, rest) = hint.split_once("remove ").unwrap();
            fs::remove_file(rest.split_once(" and fetch").unwrap().0).unwrap();
            let again = machine.run(&["fetch", MODEL]);
            assert_eq!(again.code, 0, "{name} {how}: {}", again.err);
        }
        // Without a listing the name of the blob still says what it must be.
        let machine = Machine::new(&hub);
        assert_eq!(machine.run(&["fetch", MODEL]).code, 0);
        fs::remove_dir_all(machine.model().join(".pairbench")).unwrap();
        let path = machine.snapshot().join(name);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        let refused = machine.run(&["fetch", MODEL, "--offline"]);
        assert_eq!(refused.code, 4, "{name}: {}", refused.err);
    }
}

/// A file that the user put into the snapshot is the user's.
#[test]
fn a_file_that_the_hub_does_not_list_is_not_judged() {
    let hub = hub(|_| None);
    let machine = Machine::new(&hub);
    assert_eq!(machine.run(&["fetch", MODEL]).code, 0);
    fs::write(
        machine.snapshot().join("pairbench.toml"),
        "template = \"pairrm\"\n",
    )
    .unwrap();
    let fine = machine.run(&["inspect", MODEL, "--offline"]);
    assert!(
        fine.code == 0 && fine.out.contains("pairbench.toml"),
        "{}",
        fine.err
    );
}

#[test]
fn a_pinned_commit_that_is_complete_makes_no_request() {
    let hub = hub(|_| None);
    let pinned = format!("{MODEL}@{COMMIT}");
    // Fetched by pairbench; without its listing; and with that of the Python client.
    for listing in ["fetched", "none", "trees"] {
        let machine = Machine::new(&hub);
        assert_eq!(machine.run(&["fetch", MODEL]).code, 0);
        let own = machine.model().join(".pairbench");
        if listing == "trees" {
            fs::rename(&own, machine.model().join("trees")).unwrap();
        } else if listing == "none" {
            fs::remove_dir_all(&own).unwrap();
        }
        hub.seen();
        for args in [
            vec!["inspect", &*pinned],
            vec!["inspect", MODEL, "--revision", COMMIT],
        ] {
            let found = machine.run(&args);
            assert_eq!(found.code, 0, "{listing}: {}", found.err);
            assert_eq!(hub.seen(), [], "{listing}: {args:?}");
        }
        // One file less: of a listed commit it alone is asked for.
        fs::remove_file(machine.snapshot().join("config.json")).unwrap();
        assert_eq!(machine.run(&["inspect", &pinned]).code, 0, "{listing}");
        let listed = hub.seen().iter().filter(|s| is_listing(s)).count();
        assert_eq!(listed, usize::from(listing == "none"), "{listing}");
    }
}

#[test]
fn a_listing_that_fails_is_replaced_by_a_complete_snapshot() {
    replaced_by_the_snapshot(
        Incomplete::Refused,
        [
            (
                |s| (is_listing(s) && s.nth > 0).then_some(Fault::Status(401, "")),
                "401",
            ),
            (
                |s| {
                    (is_listing(s) && s.nth > 0)
                        .then_some(Fault::Status(403, "X-Error-Code: GatedRepo\r\n"))
                },
                "GatedRepo",
            ),
            (
                |s| (is_listing(s) && s.nth > 0).then_some(Fault::Status(404, "")),
                "404",
            ),
            (
                |s| (is_listing(s) && s.nth > 0).then_some(Fault::Status(500, "")),
                "500",
            ),
            (
                |s| (is_listing(s) && s.nth > 0).then_some(Fault::Page(403)),
                "403",
            ),
        ],
    );
}

#[test]
fn a_long_wait_for_a_listing_is_not_worth_it_where_the_cache_is_complete() {
    replaced_by_the_snapshot(
        Incomplete::WaitedOut,
        [
            (
                |s| {
                    (is_listing(s) && s.nth > 0)
                        .then_some(Fault::Status(429, "RateLimit: \"api\";r=0;t=200\r\n"))
                },
                "429",
            ),
            (
                |s| {
                    (is_listing(s) && s.nth > 0)
                        .then_some(Fault::Status(503, "Retry-After: 200\r\n"))
                },
                "503",
            ),
        ],
    );
}

/// `Refused`: a snapshot that lacks a file does not stand in. `WaitedOut`: for such a one the
/// server's wait is worth it, and is too long for a test.
#[derive(Clone, Copy, PartialEq)]
enum Incomplete {
    Refused,
    WaitedOut,
}

fn replaced_by_the_snapshot<const N: usize>(incomplete: Incomplete, rules: [(Rule, &str); N]) {
    std::thread::scope(|scope| {
        for (rule, expected) in rules {
            scope.spawn(move || {
                let hub = hub(rule);
                let machine = Machine::new(&hub);
                assert_eq!(machine.run(&["fetch", MODEL]).code, 0, "{expected}");
                let cached = machine.run(&["inspect", MODEL]);
                assert!(
                    cached.code == 0
                        && cached.err.contains(expected)
                        && cached.err.contains(COMMIT),
                    "{expected}: {} {}",
                    cached.code,
                    cached.err
                );
                if incomplete == Incomplete::WaitedOut {
                    return;
                }
                fs::remove_file(machine.snapshot().join("model.safetensors")).unwrap();
                let lost = machine.run(&["inspect", MODEL]);
                assert!(
                    lost.code == 5 && lost.err.contains("hint:"),
                    "{expected}: {}",
                    lost.err
                );
            });
        }
    });
}

#[test]
fn each_refusal_says_what_it_is_and_what_to_do() {
    let rules: [(&str, Rule, bool, &[&str]); 9] = [
        (
            "a typing error, or a private repository",
            |s| {
                is_listing(s).then_some(Fault::Status(
                    401,
                    "X-Error-Message: Invalid username or password.\r\n",
                ))
            },
            false,
            &[
                "check the spelling of llm-blender/PairRM-hf",
                "Invalid username or password",
            ],
        ),
        (
            "a token that has expired",
            |s| {
                is_listing(s).then_some(Fault::Status(
                    401,
                    "X-Error-Message: User Access Token \"ci\" is expired\r\n",
                ))
            },
            true,
            &[
                "the token from HF_TOKEN is wrong or has expired",
                "\"ci\" is expired",
                "/settings/tokens",
            ],
        ),
        (
            "a repository that the token may not read",
            |s| {
                is_listing(s).then_some(Fault::Status(
                    401,
                    "X-Error-Code: RepoNotFound\r\nX-Error-Message: Repository not found\r\n",
                ))
            },
            true,
            &[
                "RepoNotFound",
                "Repository not found",
                "the token from HF_TOKEN may not read it",
            ],
        ),
        (
            "a gated repository without a token",
            |s| {
                is_listing(s).then_some(Fault::Status(
                    401,
                    "X-Error-Code: GatedRepo\r\nX-Error-Message: Access is restricted\r\n",
                ))
            },
            false,
            &[
                "GatedRepo",
                "Access is restricted",
                "/llm-blender/PairRM-hf, accept the conditions, and set HF_TOKEN",
            ],
        ),
        (
            "a gated repository with a token",
            |s| is_listing(s).then_some(Fault::Status(403, "X-Error-Code: GatedRepo\r\n")),
            true,
            &["/llm-blender/PairRM-hf, accept the conditions with the account of the token"],
        ),
        (
            "a gated file",
            |s| {
                (s.path.contains("/resolve/") && s.path.contains("config"))
                    .then_some(Fault::Status(403, "X-Error-Code: GatedRepo\r\n"))
            },
            true,
            &["config.json", "accept the conditions"],
        ),
        (
            "a page of a firewall",
            |s| is_listing(s).then_some(Fault::Page(403)),
            true,
            &["a proxy or firewall in between?"],
        ),
        (
            "a firewall before the storage host",
            |s| s.storage.then_some(Fault::Page(403)),
            true,
            &["localhost:", "403", "allow https to localhost:"],
        ),
        (
            "a used-up limit",
            |s| is_listing(s).then_some(Fault::Status(429, "RateLimit: \"api\";r=0;t=4000\r\n")),
            true,
            &["429", "fewer requests"],
        ),
    ];
    std::thread::scope(|scope| {
        for (name, rule, with_token, expected) in rules {
            scope.spawn(move || {
                let hub = hub(rule);
                let machine = Machine::new(&hub);
                let token = Some(SECRET).filter(|_| with_token);
                let failed = machine.run_with(&[("HF_TOKEN", token)], &["fetch", MODEL]);
                assert_eq!(
                    (failed.code, &*failed.out),
                    (5, ""),
                    "{name}: {}",
                    failed.err
                );
                for part in expected {
                    assert!(failed.err.contains(part), "{name}: {part}: {}", failed.err);
                }
            });
        }
    });
}

/// A server that repeats the token does not bring it to the terminal (`Outcome` looks for it).
#[test]
fn a_message_with_the_token_is_shown_without_it() {
    let hub = hub(|s| {
        is_listing(s).then_some(Fault::Status(
            401,
            "X-Error-Message: bad token hf_SECRETsecretSECRET\r\n",
        ))
    });
    let failed = Machine::new(&hub).run(&["fetch", MODEL]);
    assert!(failed.err.contains("bad token ***"), "{}", failed.err);
}

#[test]
fn a_host_that_cannot_be_reached_is_named() {
    let hub = hub(|s| {
        s.path
            .contains("/resolve/")
            .then(|| Fault::Redirect("http://localhost:9".to_owned()))
    });
    let failed = Machine::new(&hub).run(&["fetch", MODEL]);
    assert!(
        failed.code == 5 && failed.err.contains("allow https to localhost:9"),
        "{}",
        failed.err
    );
}

#[test]
fn no_certificates_of_authorities_is_said() {
    let hub = hub(|_| None);
    let machine = Machine::new(&hub);
    let variables = [
        ("SSL_CERT_FILE", Some("/nowhere.pem")),
        ("SSL_CERT_DIR", None),
    ];
    let failed = machine.run_with(&variables, &["fetch", MODEL]);
    assert!(
        failed.code == 5
            && failed.err.contains("SSL_CERT_FILE is /nowhere.pem")
            && failed.err.contains("ca-certificates"),
        "{}",
        failed.err
    );
}

#[test]
fn a_renamed_repository_is_found_and_its_new_name_is_said() {
    let hub = LoopbackHub::start(
        &[
            ("models/new/name", &golden("models/tiny-pairrm")),
            ("models/llm-blender/PairRM-hf", Path::new("models/new/name")),
        ],
        |_| None,
    );
    let machine = Machine::new(&hub);
    let fetched = machine.run(&["fetch", MODEL]);
    assert!(
        fetched.code == 0
            && fetched
                .err
                .contains("llm-blender/PairRM-hf is called new/name now"),
        "{} {}",
        fetched.code,
        fetched.err
    );
    assert!(machine.snapshot().join("model.safetensors").exists());
}

/// Weights of what cannot be scored are not downloaded.
#[test]
fn an_unsupported_architecture_is_named_before_weights_are_downloaded() {
    let directory = checkpoint();
    let config = r#"{"model_type": "phi3", "architectures": ["Phi3ForSequenceClassification"]}"#;
    fs::write(directory.path().join("config.json"), config).unwrap();
    let hub = LoopbackHub::start(&[("models/a/phi", directory.path())], |_| None);
    let machine = Machine::new(&hub);
    for command in ["fetch", "inspect"] {
        let refused = machine.run(&[command, "a/phi"]);
        assert!(
            refused.code == 4
                && refused
                    .err
                    .contains("a/phi@main, whose architecture is Phi3ForSequenceClassification")
                && refused.err.contains("LlamaForSequenceClassification"),
            "{}",
            refused.err
        );
    }
    assert!(!hub.seen().iter().any(weights_get));
}

#[test]
fn an_adapter_is_refused_before_weights_are_downloaded() {
    let directory = checkpoint();
    fs::write(directory.path().join("adapter_config.json"), "{}").unwrap();
    let hub = LoopbackHub::start(&[("models/a/lora", directory.path())], |_| None);
    let refused = Machine::new(&hub).run(&["fetch", "a/lora"]);
    assert!(
        refused.code == 4 && refused.err.contains("merge it into its base model"),
        "{}",
        refused.err
    );
    assert!(!hub.seen().iter().any(weights_get));
}

#[test]
fn a_pickle_is_refused_with_the_pull_request_that_has_safetensors() {
    let directory = checkpoint();
    let weights = directory.path().join("model.safetensors");
    fs::rename(weights, directory.path().join("pytorch_model.bin")).unwrap();
    let converted = golden("models/tiny-pairrm");
    let hub = LoopbackHub::start(
        &[
            ("models/a/alone", directory.path()),
            ("models/a/pickle", directory.path()),
            ("models/a/pickle@refs/pr/1", &converted),
        ],
        |_| None,
    );
    let machine = Machine::new(&hub);
    for (model, hint) in [
        ("a/alone", "convert it to safetensors"),
        ("a/pickle", "a/pickle@refs/pr/1"),
    ] {
        let refused = machine.run(&["fetch", model]);
        assert!(
            refused.code == 4
                && refused.err.contains("pytorch_model.bin")
                && refused.err.contains(hint),
            "{}",
            refused.err
        );
    }
    assert!(!hub.seen().iter().any(|s| s.storage));
    let fetched = machine.run(&["fetch", "a/pickle@refs/pr/1"]);
    assert_eq!(fetched.code, 0, "{}", fetched.err);
}

/// What a broken download leaves is continued by the next one, and what it does not need is
/// removed.
#[test]
fn an_interrupted_download_is_continued_by_the_next_run() {
    let cut = hub(|s| weights_get(s).then_some(Fault::Cut(if s.nth == 0 { 20_000 } else { 0 })));
    let machine = Machine::new(&cut);
    assert_eq!(machine.run(&["fetch", MODEL]).code, 5);
    let blobs = machine.model().join("blobs");
    let hidden = || {
        let names = fs::read_dir(&blobs)
            .unwrap()
            .map(|e| e.unwrap().file_name());
        let names = names.map(|name| name.into_string().unwrap());
        names
            .filter(|name| name.starts_with('.'))
            .collect::<Vec<_>>()
    };
    assert_eq!(hidden().len(), 1);
    fs::write(
        blobs.join(format!(".pairbench-{}.incomplete", "ab".repeat(32))),
        "left",
    )
    .unwrap();
    fs::write(
        blobs.join(".pairbench-Xy3.incomplete"),
        "by an older version",
    )
    .unwrap();
    let open = hub(|_| None);
    let machine = Machine {
        endpoint: open.endpoint.clone(),
        ..machine
    };
    let fetched = machine.run(&["fetch", MODEL]);
    assert_eq!(fetched.code, 0, "{}", fetched.err);
    let seen = open.seen();
    let range = seen.iter().find(|s| weights_get(s)).unwrap().range.clone();
    assert!(
        range.clone().is_some_and(|r| r.starts_with("bytes=20000-")),
        "{range:?}"
    );
    assert_eq!(hidden(), Vec::<String>::new());
}

/// A cache that cannot be written to, here because files stand where directories would be made.
#[test]
fn a_cache_that_cannot_record_anything_is_still_used() {
    let hub = hub(|_| None);
    let machine = Machine::new(&hub);
    assert_eq!(machine.run(&["fetch", MODEL]).code, 0);
    for folder in ["refs", ".pairbench"] {
        fs::remove_dir_all(machine.model().join(folder)).unwrap();
        fs::write(machine.model().join(folder), "").unwrap();
    }
    let found = machine.run(&["inspect", MODEL]);
    assert_eq!(found.code, 0, "{}", found.err);
}

#[test]
fn a_mistyped_directory_is_told_from_a_repository() {
    let hub = hub(|_| None);
    let machine = Machine::new(&hub);
    let home = machine.home.path();
    copy(
        &golden("models/tiny-pairrm"),
        &home.join("models/tiny-pairrm"),
    );
    let absolute = home.join("models/tiny-pairm").display().to_string();
    for (typed, requests) in [
        ("./models/tiny-pairm", 0),
        ("models/tiny-pairm/", 0),
        (&*absolute, 0),
        // This may be a repository; the hub is asked.
        ("models/tiny-pairm", 1),
    ] {
        let mut command = machine.command(&["inspect", typed]);
        let lost = machine::Outcome::from(command.current_dir(home).output().unwrap());
        assert!(
            lost.code == 5
                && lost.err.contains("no such directory")
                && lost.err.contains("did you mean")
                && lost.err.contains("models/tiny-pairrm?"),
            "{typed}: {}",
            lost.err
        );
        assert_eq!(hub.seen().len(), requests, "{typed}");
    }
}

#[test]
fn the_hint_for_a_dataset_names_the_benchmark() {
    let hub = hub(|_| None);
    let machine = Machine::new(&hub);
    let definition = machine.home.path().join("mine.toml");
    let text = "name = \"mine\"\nsections = []\n[source]\ndataset = \"a/b\"\nsplit = \"test\"\n\
                [subsets]\ns = 1\n";
    fs::write(&definition, text).unwrap();
    for benchmark in ["reward-bench", definition.to_str().unwrap()] {
        let args = [
            "run",
            "--model",
            MODEL,
            "--benchmark",
            benchmark,
            "--offline",
        ];
        let lost = machine.run(&args);
        assert!(
            lost.code == 5 && lost.err.contains(&format!("pairbench fetch {benchmark};")),
            "{}",
            lost.err
        );
    }
}
