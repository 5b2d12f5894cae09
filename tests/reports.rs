//! The committed example reports are what the binary prints; `SNAPSHOTS=overwrite cargo test
//! --release --test reports` writes them again. `reports/README.md` has the commands.

#[path = "common/binary.rs"]
mod binary;
#[path = "common/neutral.rs"]
mod neutral;

use std::path::Path;

use neutral::neutral;
use serde_json::Value;
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

/// Files of the quickstart's run, with their formats.
const RUN: [(&str, &str); 11] = [
    ("report.txt", "table"),
    ("plot.txt", "plot"),
    ("report.md", "markdown"),
    ("card.md", "model-card"),
    ("report.html", "html"),
    ("report.svg", "svg"),
    ("report.csv", "csv"),
    ("summary.json", "json"),
    ("report.tex", "latex"),
    ("junit.xml", "junit"),
    ("github.md", "github"),
];

/// Files of the comparison; the changed pairs are a CSV of their own.
const COMPARISON: [(&str, &str); 10] = [
    ("comparison.txt", "table"),
    ("plot.txt", "plot"),
    ("comparison.md", "markdown"),
    ("comparison.html", "html"),
    ("comparison.svg", "svg"),
    ("flips.csv", "csv"),
    ("comparison.json", "json"),
    ("junit.xml", "junit"),
    ("github.md", "github"),
    ("differences.csv", "csv"),
];

const GATE: [&str; 4] = [
    "drop:average:0.02",
    "significant-drop:subset:*:0.05",
    "min:section:Safety:0.9",
    "max-position-bias:0.25",
];

/// stdout of `pairbench` in this directory.
fn pairbench(dir: &Path, arguments: &[&str], code: i32) -> String {
    let output = binary::pairbench()
        .args(arguments)
        .current_dir(dir)
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Equal to the byte where people read; files for programs hold margins in full, of which
/// processors agree on six digits.
fn assert_committed(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("reports")
        .join(file);
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let is_close = match path.extension().and_then(|e| e.to_str()) {
        Some("json") => serde_json::from_str(&committed).is_ok_and(|committed: Value| {
            same_json(&committed, &serde_json::from_str(text).unwrap())
        }),
        Some("csv") => {
            committed.lines().count() == text.lines().count()
                && committed
                    .split([',', '\n'])
                    .zip(text.split([',', '\n']))
                    .all(same_field)
        }
        _ => false,
    };
    if !is_close {
        Assert::new()
            .action_env(snapbox::assert::DEFAULT_ACTION_ENV)
            .eq(text, Data::read_from(&path, Some(DataFormat::Text)).raw());
    }
}

fn same_number(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-4 * one.abs().max(1.0)
}

fn same_field((one, other): (&str, &str)) -> bool {
    one == other
        || one
            .parse()
            .is_ok_and(|one| other.parse().is_ok_and(|other| same_number(one, other)))
}

fn same_json(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|((k, a), (l, b))| k == l && same_json(a, b))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| same_json(a, b))
        }
        (Value::Number(one), Value::Number(other)) => {
            same_number(one.as_f64().unwrap(), other.as_f64().unwrap())
        }
        _ => one == other,
    }
}

#[test]
fn example_reports_are_what_the_binary_prints() {
    let dir = tempfile::tempdir().unwrap();
    let run = "reports/runs/quickstart";
    pairbench(dir.path(), &["run", "--out", run], 0);
    let record = binary::record(&dir.path().join(run));
    for (file, format) in RUN {
        // A card is of one model.
        let run = if format == "model-card" {
            format!("{run}:pairrm")
        } else {
            run.to_owned()
        };
        let text = pairbench(dir.path(), &["report", &run, "--format", format], 0);
        assert_committed(&format!("quickstart/{file}"), &neutral(&text, &record));
    }
    let [baseline, candidate] = ["pairrm", "better-pairrm"].map(|model| format!("{run}:{model}"));
    let gate = GATE.iter().flat_map(|rule| ["--gate", rule]);
    for (file, format) in COMPARISON {
        let flips = ["--flips", "5"]
            .into_iter()
            .filter(|_| file != "differences.csv");
        let arguments: Vec<&str> = ["compare", &baseline, &candidate, "--format", format]
            .into_iter()
            .chain(flips)
            .chain(gate.clone())
            .collect();
        let text = pairbench(dir.path(), &arguments, 3);
        assert_committed(&format!("comparison/{file}"), &neutral(&text, &record));
    }
}

#[test]
fn the_commands_are_those_that_made_them() {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/reports/README.md")).unwrap();
    for rule in GATE {
        assert!(readme.contains(&format!("--gate '{rule}'")), "{rule}");
    }
    for (file, format) in RUN.into_iter().chain(COMPARISON) {
        assert!(
            readme
                .lines()
                .any(|line| line.contains(file) && line.contains(&format!("`{format}`"))),
            "{file} {format}"
        );
    }
}

#[test]
fn numbers_that_differ_are_told_apart() {
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert!(same_json(
        &value(r#"{"a": [1.00001, "x", null]}"#),
        &value(r#"{"a": [1.00002, "x", null]}"#)
    ));
    for other in [
        r#"{"a": [1.001]}"#,
        r#"{"a": ["1"]}"#,
        r#"{"b": [1]}"#,
        r#"{"a": [1, 1]}"#,
        r#"{"a": 1}"#,
    ] {
        assert!(
            !same_json(&value(r#"{"a": [1]}"#), &value(other)),
            "{other}"
        );
    }
    assert!(
        same_field(("-3.14159", "-3.14160"))
            && !same_field(("-3.14159", "-3.15"))
            && !same_field(("a", "b"))
    );
}
