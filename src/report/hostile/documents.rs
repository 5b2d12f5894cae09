//! Documents under hostile names, in every format.

use crate::benchmark::Dataset;
use crate::comparison::gate::{Conclusion, Measured, RuleOutcome, Status};
use crate::comparison::tests::paired;
use crate::data::Id;
use crate::data::pair_texts::PairTexts;
use crate::report::hostile::names::HOSTILE;
use crate::report::provenance::tests::provenance;
use crate::report::{
    ComparisonReport, Document, Flip, Format, Origin, RunReport, Style, render, samples,
};
use crate::support::error::one_line;

/// A report in which every text is `name`.
fn report(name: &str) -> RunReport {
    let text = name.to_owned();
    let mut report = samples::run();
    report.models.truncate(1);
    let model = &mut report.models[0];
    model.name.clone_from(&text);
    model.scores.subsets[0].0.clone_from(&text);
    model.scores.sections[0].0.clone_from(&text);
    model.invalid = vec![text.clone()];
    model.provenance = provenance(name);
    let scores = model.scores.clone();
    RunReport {
        title: text.clone(),
        benchmark: Some(text.clone()),
        dataset: Some(Dataset {
            id: text.clone(),
            revision: text.clone(),
            split: Some(text.clone()),
        }),
        partial: Some(text.clone()),
        others: vec![(text.clone(), scores)],
        notes: vec![text],
        ..report
    }
}

/// A comparison in which every text is `name`.
fn compared(name: &str) -> ComparisonReport {
    let text = name.to_owned();
    let comparison = paired(&[(name, "++-+")], &[(name, "+-+")]);
    let texts = PairTexts {
        prompt: text.clone(),
        chosen: text.clone(),
        rejected: text.clone(),
    };
    let mut flips: Vec<Flip> = comparison
        .changes
        .iter()
        .map(|change| Flip {
            change: change.clone(),
            text: Some(texts.clone()),
        })
        .collect();
    flips[0].change.id = Some(Id::Text(text.clone()));
    let outcome = |status| {
        let mut outcome = RuleOutcome::sample(name, status, name, name);
        outcome.measured = Some(Measured {
            figure: text.clone(),
            value: 0.5,
            interval: None,
            limit: 1.0,
            pairs: 3,
        });
        outcome
    };
    let gate: Vec<RuleOutcome> = [Status::Pass, Status::Fail, Status::Inconclusive]
        .map(outcome)
        .into();
    ComparisonReport {
        baseline: text.clone(),
        candidate: text.clone(),
        origins: [0, 1].map(|_| Origin::Run(Box::new(provenance(name)))),
        partial: [Some(text.clone()), Some(text.clone())],
        comparison,
        flips: Some(flips),
        conclusion: Conclusion::of(&gate, true, false),
        gate,
        notes: vec![text.clone()],
    }
}

/// File names and what stands in them.
pub(super) fn formats(report: &RunReport, compared: &ComparisonReport) -> Vec<(String, String)> {
    let differences = ComparisonReport {
        flips: None,
        ..compared.clone()
    };
    let text = |document: Document, format| render(document, format, Style::plain()).unwrap();
    let formats = [
        ("txt", Format::Table),
        ("plot", Format::Plot),
        ("md", Format::Markdown),
        ("html", Format::Html),
        ("svg", Format::Svg),
        ("csv", Format::Csv),
        ("json", Format::Json),
        ("tex", Format::Latex),
        ("xml", Format::Junit),
        ("github.md", Format::Github),
    ];
    let mut files = Vec::new();
    for (ending, format) in formats {
        files.push((format!("report.{ending}"), text(report.into(), format)));
        let compared = match format {
            Format::Latex => continue,
            Format::Csv => &differences,
            _ => compared,
        };
        files.push((
            format!("comparison.{ending}"),
            text(compared.into(), format),
        ));
    }
    let mut card = report.clone();
    card.models.truncate(1);
    card.partial = None;
    files.push((
        "card.md".to_owned(),
        text((&card).into(), Format::ModelCard),
    ));
    let flips = text(compared.into(), Format::Csv);
    files.push(("comparison.flips.csv".to_owned(), flips));
    files
}

/// Formats by the ending of their names, under every hostile name.
pub(super) fn each(ending: &str, check: impl Fn(&str, &str, &str)) {
    for name in HOSTILE {
        for (file, text) in formats(&report(name), &compared(name))
            .iter()
            .filter(|(file, _)| file.ends_with(ending))
        {
            check(name, file, text);
        }
    }
}

/// As people see it: renderers of Markdown and the like take spaces together.
pub(super) fn shown(name: &str) -> String {
    one_line(name)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
