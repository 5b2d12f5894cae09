//! What is said on stderr while a command works: how much, how often, and in which form.

#[path = "common/binary.rs"]
mod binary;

use std::process::Stdio;

use boon::{Compiler, Schemas};
use serde_json::Value;

/// A run of the built-in pairs: stdout, stderr, exit code. Signs of life come every 20 ms.
fn run(arguments: &[&str], env: &[(&str, &str)]) -> (String, String, i32) {
    let output = binary::pairbench()
        .env("PAIRBENCH_TEST_INTERVAL", "20")
        .envs(env.iter().copied())
        .arg("run")
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let code = output.status.code().unwrap();
    (text(&output.stdout), text(&output.stderr), code)
}

fn matching<'a>(stderr: &'a str, part: &str) -> Vec<&'a str> {
    stderr.lines().filter(|line| line.contains(part)).collect()
}

#[test]
#[cfg_attr(not(feature = "_test-hooks"), ignore = "needs --features _test-hooks")]
fn a_log_says_how_far_a_run_is_and_how_long_it_will_take() {
    let (_, stderr, code) = run(&[], &[]);
    assert_eq!(code, 0, "{stderr}");
    let lines = matching(&stderr, " pairs/s, about ");
    assert!(!lines.is_empty(), "{stderr}");
    assert!(lines.iter().all(|line| line.ends_with(" left")), "{stderr}");
    let estimates = matching(&stderr, " for 636 pairs on this machine, as the first ");
    assert_eq!(estimates.len(), 3, "one a model: {stderr}");
}

#[test]
fn quiet_runs_say_nothing_and_off_leaves_the_messages() {
    let (stdout, stderr, code) = run(&["--quiet"], &[]);
    assert_eq!((stderr.as_str(), code), ("", 0));
    let (same, stderr, _) = run(&["--progress", "off"], &[]);
    assert_eq!(stdout, same);
    assert!(stderr.contains("pairrm: 636 pairs"), "{stderr}");
    assert!(matching(&stderr, "pairs/s").is_empty(), "{stderr}");
    // Errors are no talk.
    let (_, stderr, code) = run(&["--quiet", "--benchmark", "none.toml"], &[]);
    assert!(stderr.contains("error: ") && code != 0, "{stderr}");
}

#[test]
fn verbose_runs_say_what_they_read() {
    let (_, stderr, _) = run(&["--verbose", "--limit", "2"], &[]);
    assert!(
        stderr.contains("template pairrm from pairbench.toml"),
        "{stderr}"
    );
    assert!(stderr.contains("pairs.jsonl: SHA-256 "), "{stderr}");
    let (_, stderr, _) = run(&["--limit", "2"], &[]);
    assert!(!stderr.contains("SHA-256"), "{stderr}");
}

#[test]
#[cfg_attr(not(feature = "_test-hooks"), ignore = "needs --features _test-hooks")]
fn for_machines_every_line_is_an_object_that_the_schema_describes() {
    let (schema, ..) = binary::run(&["generate", "schema", "progress"]);
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let id = schema["$id"].as_str().unwrap().to_owned();
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource(&id, schema).unwrap();
    let index = compiler.compile(&id, &mut schemas).unwrap();

    let (_, stderr, code) = run(&["--progress", "json"], &[]);
    assert_eq!(code, 0, "{stderr}");
    let mut done = Vec::new();
    for line in stderr.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
        schemas
            .validate(&event, index)
            .unwrap_or_else(|e| panic!("{line}: {e:#}"));
        if event["event"] == "progress" && event["name"] == "pairrm" {
            done.push(event["done"].as_u64().unwrap());
        }
    }
    assert!(done.is_sorted() && done.last() == Some(&636), "{done:?}");

    let (_, stderr, code) = run(&["--progress", "json", "--benchmark", "none.toml"], &[]);
    let last: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
    assert_eq!(last["exit_code"], code);
}

#[test]
fn colours_are_as_flags_and_variables_ask() {
    let coloured = |arguments: &[&str], env: &[(&str, &str)]| {
        let (stdout, ..) = run(&[&["--limit", "2"], arguments].concat(), env);
        stdout.contains("\u{1b}[")
    };
    // The output of a test is no terminal.
    assert!(!coloured(&[], &[]));
    assert!(coloured(&["--color", "always"], &[]));
    assert!(coloured(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(coloured(&["--color", "always"], &[("NO_COLOR", "1")]));
}

/// Talk is best effort.
#[cfg(target_os = "linux")]
#[test]
fn an_stderr_that_takes_nothing_changes_no_exit_code() {
    for arguments in [
        &["--progress", "auto"][..],
        &["--progress", "json"],
        &["--verbose"],
    ] {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_pairbench"))
            .env("PAIRBENCH_CACHE", "")
            .env("PAIRBENCH_TEST_INTERVAL", "20")
            .arg("run")
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(full)
            .spawn()
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
    }
}
