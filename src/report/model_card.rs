//! The metadata at the top of a model card, which the Hugging Face hub reads (huggingface/hub-docs,
//! `modelcard.md`): an entry of `model-index` for each model. A card is about one model: the other
//! models' entries are there to be copied into their own cards.

use crate::report::run_report::{ModelReport, RunReport};
use crate::support::error::one_line;

/// YAML between `---` lines, before any text; empty without a model. Renderers that know front
/// matter hide it or show it as a table.
pub(super) fn front_matter(report: &RunReport) -> String {
    if report.models.is_empty() {
        return String::new();
    }
    let entries: String = report
        .models
        .iter()
        .map(|model| entry(model, report))
        .collect();
    format!("---\nmodel-index:\n{entries}---\n\n")
}

fn entry(model: &ModelReport, report: &RunReport) -> String {
    let mut out = format!(
        "- name: {}\n  results:\n  - task:\n      type: text-classification\n      \
         name: Preference ranking\n",
        quoted(&model.name)
    );
    let title = report.partial.as_ref().map_or_else(
        || report.title.clone(),
        |why| format!("{} (PARTIAL: {why})", report.title),
    );
    out.push_str(&format!("    dataset:\n      name: {}\n", quoted(&title)));
    // The specification asks for a dataset of the hub and has no value for other data.
    out.push_str(&format!(
        "      type: {}\n",
        quoted(
            report
                .dataset
                .as_ref()
                .map_or("other", |dataset| &dataset.id)
        )
    ));
    if let Some(dataset) = &report.dataset {
        out.extend(
            dataset
                .split
                .iter()
                .map(|split| format!("      split: {}\n", quoted(split))),
        );
        out.push_str(&format!("      revision: {}\n", quoted(&dataset.revision)));
    }
    out.push_str("    metrics:\n");
    for (name, accuracy) in figures(model) {
        out.push_str(&format!(
            "    - {{type: accuracy, value: {accuracy:.4}, name: {}}}\n",
            quoted(name)
        ));
    }
    out
}

/// Accuracies by name, those of the whole benchmark first.
fn figures(model: &ModelReport) -> impl Iterator<Item = (&str, f64)> {
    let scores = &model.scores;
    let totals = std::iter::once(("average", scores.average.accuracy)).chain(
        scores
            .headline
            .iter()
            .map(|(headline, e)| (headline.label.as_str(), e.accuracy)),
    );
    let sections = scores
        .sections
        .iter()
        .chain(&scores.variants)
        .map(|(name, e)| (name.as_str(), e.accuracy));
    totals.chain(sections).chain(
        scores
            .subsets
            .iter()
            .map(|(name, tally)| (name.as_str(), tally.accuracy())),
    )
}

/// A double-quoted scalar, whatever the text is. Characters that YAML 1.1 calls not printable are
/// escaped too, and so are those that a renderer without front matter would take for HTML.
fn quoted(text: &str) -> String {
    let mut out = "\"".to_owned();
    for c in one_line(text).chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '<' | '>' | '&' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out + "\""
}
