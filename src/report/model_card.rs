//! A model card: the metadata that the Hugging Face hub reads (huggingface/hub-docs,
//! `modelcard.md`) above the report of one model. Clients give every result of a card to the first
//! model of its `model-index`, so a card has one model, and the figures of a part are no results.

use crate::report::run_report::{ModelReport, RunReport};
use crate::support::count::count;
use crate::support::error::{Error, Result, one_line};

/// The report of one model on all pairs.
pub(super) struct ModelCard<'a> {
    report: &'a RunReport,
    model: &'a ModelReport,
}

impl<'a> ModelCard<'a> {
    /// # Errors
    /// Another number of models than one, or a run that is not whole, or may not be.
    pub(super) fn new(report: &'a RunReport) -> Result<Self> {
        let [model] = report.models.as_slice() else {
            let names: Vec<&str> = report.models.iter().map(|m| m.name.as_str()).collect();
            return Err(Error::usage(format!(
                "failed to make a model card: it is of one model, and these are {}: {}",
                names.len(),
                names.join(", ")
            ))
            .hint("choose one: pairbench report RUN:MODEL --format model-card"));
        };
        if let Some(why) = &report.partial {
            return Err(Error::usage(
                "failed to make a model card: the run is PARTIAL",
            )
            .caused_by(why.as_str())
            .hint("score all pairs of the benchmark; the other formats say that it is PARTIAL"));
        }
        // A dataset of the hub is read whole.
        if model.provenance.is_uncounted() && report.dataset.is_none() {
            return Err(Error::usage(
                "failed to make a model card: whether the run is whole is not known",
            )
            .caused_by("the benchmark does not say how many pairs it has")
            .hint(
                "write the numbers into [subsets] of a definition of your own, and run that; the \
                 other formats say that they are not known",
            ));
        }
        let invalid = model.scores.total.invalid;
        if invalid > 0 {
            return Err(Error::usage(format!(
                "failed to make a model card: {} could not be scored",
                count(invalid, "pair")
            ))
            .caused_by(model.invalid.join("; "))
            .hint(
                "the figures count them as not correct; the other formats say so. Score data \
                 without them for a card",
            ));
        }
        Ok(Self { report, model })
    }

    pub(super) fn report(&self) -> &RunReport {
        self.report
    }

    /// YAML between `---` lines, which stands at the beginning of a card.
    pub(super) fn front_matter(&self) -> String {
        format!("---\nmodel-index:\n{}---\n\n", self.entry())
    }

    fn entry(&self) -> String {
        let mut out = format!(
            "- name: {}\n  results:\n  - task:\n      type: text-classification\n      \
             name: Preference ranking\n",
            quoted(&self.model.name)
        );
        let title = quoted(&self.report.title);
        out.push_str(&format!("    dataset:\n      name: {title}\n"));
        // The specification asks for a dataset of the hub and has no value for other data.
        let dataset = self.report.dataset.as_ref();
        let id = quoted(dataset.map_or("other", |dataset| &dataset.id));
        out.push_str(&format!("      type: {id}\n"));
        if let Some(dataset) = dataset {
            let split = dataset.split.iter();
            out.extend(split.map(|split| format!("      split: {}\n", quoted(split))));
            out.push_str(&format!("      revision: {}\n", quoted(&dataset.revision)));
        }
        out.push_str("    metrics:\n");
        for (name, accuracy) in figures(self.model) {
            out.push_str(&format!(
                "    - {{type: accuracy, value: {accuracy:.4}, name: {}}}\n",
                quoted(name)
            ));
        }
        out
    }
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
            .map(|(name, score)| (name.as_str(), score.estimate().accuracy)),
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
