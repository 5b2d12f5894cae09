//! What each format is, and what none of them may do.

use std::path::Path;

use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

use crate::benchmark::Dataset;
use crate::report::hostile::documents::{each, formats};
use crate::report::hostile::names::HOSTILE;
use crate::report::samples;
use crate::support::error::breaks_line;

#[test]
fn formats_are_as_committed() {
    let mut report = samples::run();
    let mut scores = report.models[1].scores.clone();
    let score = scores.subsets[0].1.clone();
    scores.subsets = HOSTILE.map(|name| (name.to_owned(), score.clone())).into();
    for model in &mut report.models {
        model.scores = scores.clone();
    }
    report.others[0].1 = scores;
    report.dataset = Some(Dataset {
        id: "owner/name".to_owned(),
        revision: "0123abcd".to_owned(),
        split: Some("test".to_owned()),
    });
    report.models[0].invalid = vec!["row 3 (hep-go): its text has a marker".to_owned()];
    let mut compared = samples::comparison();
    compared.baseline = HOSTILE.join(" ");
    for (file, text) in formats(&report, &compared) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/snapshots")
            .join(file);
        let committed = Data::read_from(&path, Some(DataFormat::Text)).raw();
        Assert::new()
            .action_env(snapbox::assert::DEFAULT_ACTION_ENV)
            .eq(text, committed);
    }
}

#[test]
fn nothing_leaves_its_line_or_commands_the_log() {
    each("", |name, file, text| {
        assert!(
            text.chars().all(|c| c == '\n' || !breaks_line(c)),
            "{name:?} {file}: {text}"
        );
        let commands: Vec<&str> = text
            .lines()
            .filter(|line| line.trim_start().starts_with("::"))
            .collect();
        // Ours, for the rule that failed and the one that is open.
        let own = if file == "comparison.github.md" { 2 } else { 0 };
        assert_eq!(commands.len(), own, "{name:?} {file}: {text}");
        assert!(
            commands
                .iter()
                .all(|line| line.starts_with("::error title=gate%3A ")
                    || line.starts_with("::warning title=gate%3A ")),
            "{commands:?}"
        );
    });
}
