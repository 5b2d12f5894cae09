//! `pairbench report`, on runs of the binary itself.

#[path = "common/binary.rs"]
mod binary;

use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;

const FORMATS: [&str; 10] = [
    "table", "plot", "markdown", "html", "svg", "json", "csv", "latex", "junit", "github",
];

/// stdout, stderr and exit code.
fn pairbench(arguments: &[&str]) -> (String, String, i32) {
    binary::run(arguments)
}

/// stdout of a report that must succeed.
fn report(arguments: &[&str]) -> String {
    let (stdout, stderr, code) = pairbench(&[&["report"], arguments].concat());
    assert_eq!(code, 0, "{stderr}");
    stdout
}

fn run(out: &str, arguments: &[&str]) {
    let (_, stderr, code) = pairbench(&[&["run", "--out", out], arguments].concat());
    assert_eq!(code, 0, "{stderr}");
}

/// The quickstart, in two directories: both models, and one of them again.
fn runs() -> [&'static str; 2] {
    static RUNS: OnceLock<(tempfile::TempDir, [String; 2])> = OnceLock::new();
    let (_, runs) = RUNS.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let runs = ["first", "second"].map(|name| dir.path().join(name).display().to_string());
        run(&runs[0], &[]);
        run(
            &runs[1],
            &["--model", "quickstart/pairrm", "--benchmark", "quickstart"],
        );
        (dir, runs)
    });
    runs.each_ref().map(String::as_str)
}

/// Every tag is closed, in order, and no text or attribute has markup in it.
fn assert_well_formed(xml: &str) {
    let mut open = Vec::new();
    let mut rest = xml
        .strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        .unwrap();
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>'), "{}", &rest[..start]);
        let end = start + rest[start..].find('>').unwrap();
        let tag = &rest[start + 1..end];
        assert!(
            !tag.contains('<') && tag.matches('"').count().is_multiple_of(2),
            "{tag}"
        );
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{xml}");
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty() && rest == "\n", "{open:?} {rest}");
    let entities = ["amp;", "lt;", "gt;", "quot;", "apos;"];
    assert!(
        xml.split('&')
            .skip(1)
            .all(|text| entities.iter().any(|entity| text.starts_with(entity))),
        "{xml}"
    );
    assert!(xml.chars().all(|c| c == '\n' || !c.is_control()));
}

#[test]
fn a_run_read_back_is_the_report_that_it_wrote() {
    let [first, _] = runs();
    for (format, file) in [
        ("markdown", "report.md"),
        ("html", "report.html"),
        ("json", "summary.json"),
    ] {
        assert_eq!(
            report(&[first, "--format", format]),
            std::fs::read_to_string(Path::new(first).join(file)).unwrap()
        );
    }
    for format in FORMATS {
        assert_eq!(
            report(&[first, "--format", format]),
            pairbench(&["run", "--format", format]).0,
            "{format}"
        );
    }
}

#[test]
fn models_of_several_runs_are_columns_of_one_table() {
    let [first, second] = runs();
    let header = |format: &str, start: &str| {
        report(&[first, second, "--format", format])
            .lines()
            .find(|line| line.starts_with(start))
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        columns(&header("csv", "kind,")),
        [
            "pairrm (first)",
            "better-pairrm",
            "deberta-rm",
            "pairrm (second)",
            "longer",
            "shorter"
        ]
    );
    assert_eq!(
        header("markdown", "| subset"),
        "| subset | n | pairrm (first) | better-pairrm | deberta-rm | pairrm (second) | longer | shorter |"
    );
    assert_eq!(
        header("github", "| subset"),
        "| subset | n | pairrm (first) | better-pairrm | deberta-rm | pairrm (second) | longer | shorter |"
    );
    assert_eq!(
        header("latex", "subset"),
        "subset & n & pairrm (first) & better-pairrm & deberta-rm & pairrm (second) & longer & shorter \\\\"
    );
    let table = report(&[first, second]);
    assert!(
        table.starts_with("quickstart, 636 pairs\n")
            && table.contains("pairrm (second): the two orders disagree"),
        "{table}"
    );
    assert_eq!(
        table.matches("longer, shorter: what picking").count(),
        1,
        "{table}"
    );
    let summary: Value =
        serde_json::from_str(&report(&[first, second, "--format", "json"])).unwrap();
    assert_eq!(
        summary["models"]["pairrm (first)"],
        summary["models"]["pairrm (second)"]
    );
    let xml = report(&[first, second, "--format", "junit"]);
    assert_well_formed(&xml);
    let counts = "tests=\"44\" skipped=\"0\" failures=\"0\" errors=\"0\"";
    assert!(
        xml.contains(&format!(
            "<testsuites name=\"quickstart, 636 pairs\" {counts}"
        )),
        "{xml}"
    );
    assert_eq!(
        (
            xml.matches("<testsuite ").count(),
            xml.matches("<testcase ").count()
        ),
        (4, 44)
    );
    assert!(report(&[first, "--published", "model-card"]).contains("published"));
}

/// Columns of a CSV that are accuracies: those that have bounds.
fn columns(csv: &str) -> Vec<&str> {
    let header = csv.lines().next().unwrap().split(',');
    header
        .filter_map(|name| name.strip_suffix(" low"))
        .collect()
}

#[test]
fn one_model_of_a_run_is_a_column_by_itself() {
    let [first, second] = runs();
    let of = |model: &str| format!("{first}:{model}");
    let alone = report(&[&of("better-pairrm"), "--format", "csv"]);
    assert!(
        columns(&alone) == ["better-pairrm", "longer", "shorter"]
            && alone.contains("quickstart/better-pairrm, weights 904b572cb189"),
        "{alone}"
    );
    let both = report(&[&of("better-pairrm"), &of("pairrm"), "--format", "csv"]);
    assert!(
        columns(&both) == ["better-pairrm", "pairrm", "longer", "shorter"],
        "{both}"
    );
    let two = report(&[&of("better-pairrm"), second, "--format", "csv"]);
    assert!(
        columns(&two) == ["better-pairrm", "pairrm", "longer", "shorter"],
        "{two}"
    );
    // The figures are those of the whole report.
    let column = |text: &str, name: &str| -> Vec<String> {
        let at = text
            .lines()
            .next()
            .unwrap()
            .split(',')
            .position(|own| own == name);
        let cell = |line: &str| line.split(',').nth(at.unwrap()).unwrap().to_owned();
        let figures = text.lines().filter(|line| !line.starts_with("note,"));
        figures.map(cell).collect()
    };
    let whole = report(&[first, "--format", "csv"]);
    assert_eq!(
        column(&alone, "better-pairrm"),
        column(&whole, "better-pairrm")
    );
    let (_, stderr, code) = pairbench(&["report", &of("other")]);
    assert!(
        code == 2
            && stderr.contains("none called other")
            && stderr.contains("pairrm, better-pairrm"),
        "{stderr}"
    );
}

#[test]
fn runs_that_have_no_common_table_are_refused() {
    let [first, second] = runs();
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let [part, other, damaged, empty, missing, definition] =
        ["part", "other", "damaged", "empty", "missing", "mine.toml"].map(path);
    run(
        &part,
        &[
            "--model",
            "quickstart/pairrm",
            "--benchmark",
            "quickstart",
            "--limit",
            "10",
        ],
    );
    std::fs::write(
        dir.path().join("a.jsonl"),
        "{\"prompt\":\"p\",\"chosen\":\"c\",\"rejected\":\"r\",\"subset\":\"x\"}",
    )
    .unwrap();
    std::fs::write(
        &definition,
        "name = 'mine'\nsource = { files = ['a.jsonl'] }\n[subsets]\nx = 1\n",
    )
    .unwrap();
    run(
        &other,
        &["--model", "quickstart/pairrm", "--benchmark", &definition],
    );
    std::fs::create_dir(&empty).unwrap();
    std::fs::create_dir(&damaged).unwrap();
    for file in ["run.json", "verdicts.parquet"] {
        std::fs::copy(Path::new(second).join(file), Path::new(&damaged).join(file)).unwrap();
    }
    std::fs::write(Path::new(&damaged).join("summary.json"), "{\"schema\": 1}").unwrap();
    for (arguments, expected, says) in [
        (
            vec![first, part.as_str()],
            2,
            "chat-length: first 60, part 0",
        ),
        (
            vec![first, other.as_str()],
            2,
            "the benchmarks differ: quickstart and",
        ),
        (
            vec![first, first],
            2,
            "failed to name models: two are called pairrm",
        ),
        (
            vec![first, "--published", "none"],
            2,
            "the tables are: model-card",
        ),
        (vec![first, missing.as_str()], 5, "missing"),
        (vec![empty.as_str()], 5, "run.json"),
        (vec![first, damaged.as_str()], 4, "summary.json"),
        (vec![], 2, "RUN"),
    ] {
        let (stdout, stderr, code) = pairbench(&[&["report"], arguments.as_slice()].concat());
        assert!(
            code == expected && stdout.is_empty() && stderr.contains(says),
            "{arguments:?}: {code} {stderr}"
        );
    }
    let (_, stderr, _) = pairbench(&["report", &missing, "--format", "json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&stderr).unwrap()["exit_code"],
        5
    );
    // A part by itself says so.
    assert!(report(&[&part, "--format", "github"]).contains("PARTIAL: the first 10 of 636 pairs"));
}

#[test]
fn hostile_names_and_invalid_pairs_come_back_as_text() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let row = |subset: &str, prompt: &str| {
        serde_json::json!({ "prompt": prompt, "chosen": "yes", "rejected": "no", "subset": subset })
            .to_string()
    };
    let names = ["<script>]]>&", "=a|b_%$", "\u{1b}[31m\n::error::x", "[1]*"];
    let lines: Vec<String> = names
        .iter()
        .map(|name| row(name, "?"))
        .chain([row("marked", "a <|source|> b")])
        .collect();
    std::fs::write(path("a.jsonl"), lines.join("\n")).unwrap();
    let out = path("run");
    let arguments = [
        "run",
        "--model",
        "<b>&|=quickstart/pairrm",
        "--data",
        &path("a.jsonl"),
        "--out",
        &out,
    ];
    let (_, stderr, code) = pairbench(&arguments);
    assert_eq!(code, 6, "{stderr}");
    assert_eq!(
        report(&[&out, "--format", "markdown"]),
        std::fs::read_to_string(Path::new(&out).join("report.md")).unwrap()
    );
    for format in FORMATS {
        let text = report(&[&out, "--format", format]);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
        assert!(
            text.lines()
                .all(|line| !line.trim_start().starts_with("::")),
            "{text}"
        );
        // A page has one of its own.
        let scripts = text.matches("<script>").count();
        assert!(
            if format == "html" {
                scripts == 1
            } else {
                (scripts > 0) == ["table", "plot", "json", "csv"].contains(&format)
            },
            "{text}"
        );
    }
    let xml = report(&[&out, "--format", "junit"]);
    assert_well_formed(&xml);
    assert!(
        xml.contains("errors=\"1\"")
            && xml.contains("<error message=\"invalid: 1 of 1 verdict\" type=\"invalid\">"),
        "{xml}"
    );
    assert!(report(&[&out]).contains("not scored: row 4 (marked): "));
}

#[test]
fn a_page_shows_pairs_and_says_where_it_cannot() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("pairs.jsonl");
    // Not all of them: the whole file would be found again in the binary.
    let pairs = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("benchmarks/quickstart/pairs.jsonl"),
    )
    .unwrap();
    let some: Vec<&str> = pairs
        .lines()
        .filter(|line| line.contains("\"code-"))
        .collect();
    std::fs::write(&data, some.join("\n")).unwrap();
    let out = dir.path().join("run").display().to_string();
    let models = [
        "--model",
        "quickstart/pairrm",
        "--model",
        "quickstart/better-pairrm",
    ];
    run(
        &out,
        &[&models[..], &["--data", data.to_str().unwrap()]].concat(),
    );
    let page = report(&[&out, "--format", "html"]);
    assert_eq!(
        page,
        std::fs::read_to_string(Path::new(&out).join("report.html")).unwrap()
    );
    // Five pairs that each model gets wrong, ten on which they differ.
    assert!(
        page.matches("<article class=\"pair\">").count() == 20
            && page.matches("<dt>Rejected</dt>").count() == 20,
        "{page}"
    );
    std::fs::write(&data, some[1..].join("\n")).unwrap();
    let page = report(&[&out, "--format", "html"]);
    assert!(
        page.contains("has changed since the run (SHA-256)")
            && page.matches("<article class=\"pair\">").count() == 20
            && !page.contains("<dt>Chosen</dt>"),
        "{page}"
    );
    let sides = ["pairrm", "better-pairrm"].map(|model| format!("{out}:{model}"));
    let (page, stderr, code) = pairbench(&["compare", &sides[0], &sides[1], "--format", "html"]);
    assert!(
        code == 0
            && page.starts_with("<!DOCTYPE html>")
            && page.contains("without the texts of the pairs"),
        "{stderr}"
    );
}

#[test]
fn a_gate_as_test_cases_and_as_annotations() {
    let [first, second] = runs();
    let sides = [format!("{first}:better-pairrm"), second.to_owned()];
    let gate = ["--gate", "min:average:0.5", "--gate", "min:average:0.99"];
    let compare = |format: &str| {
        let (stdout, stderr, code) = pairbench(
            &[
                &[
                    "compare", &sides[0], &sides[1], "--flips", "2", "--format", format,
                ],
                &gate[..],
            ]
            .concat(),
        );
        assert_eq!(code, 3, "{stderr}");
        stdout
    };
    let xml = compare("junit");
    assert_well_formed(&xml);
    assert!(
        xml.contains(
            "<testsuite name=\"gate\" tests=\"2\" skipped=\"0\" errors=\"0\" failures=\"1\" time="
        ),
        "{xml}"
    );
    let markdown = compare("github");
    assert!(
        markdown.contains("\n<!--\n::error title=gate%3A min%3Aaverage%3A0.99 fail::average 0.")
            && markdown.ends_with("\n-->\n"),
        "{markdown}"
    );
    // Subsets, changed pairs, and what both sides were measured with.
    assert_eq!(markdown.matches("<details>").count(), 3, "{markdown}");
    let (_, stderr, code) = pairbench(&["compare", &sides[0], &sides[1], "--format", "latex"]);
    assert!(code == 2 && stderr.contains("junit, github"), "{stderr}");
}
