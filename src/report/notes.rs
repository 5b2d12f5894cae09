//! What the figures of a document alone do not say: notes, which stand below every table.

use crate::benchmark::Metric;
use crate::comparison::{AVERAGE, Comparison, MatchedBy, Matching, NOT_CORRECT, SIDES, tie_note};
use crate::metrics::behaviour::Truncated;
use crate::metrics::{Behaviour, three_digits};
use crate::report::comparison_report::ComparisonReport;
use crate::report::run_report::{ModelReport, RunReport};
use crate::report::run_table::{blocks, columns};
use crate::report::{measured_with, published_notes, several_notes};
use crate::support::count::count;

const INTERVALS: &str = "intervals: 95 %, each for itself: Clopper and Pearson's of subsets and of \
    all pairs, Gaffke's bounds of means";

/// Where not every item is right or wrong.
const INTERVALS_OF_CREDITS: &str = "intervals: 95 %, each for itself: Clopper and Pearson's where \
    an item is right or wrong, Gaffke's bounds of means and of credits";

const BEST: &str = "the highest of the models in a row is marked: `pairbench compare` says whether \
    that is more than chance";

/// How the figures of a run were made, and what its models' accuracies hide.
pub(super) fn run(report: &RunReport) -> Vec<String> {
    of_run(report, false)
}

/// The same below a table that marks the highest figure of a row.
pub(super) fn run_table(report: &RunReport) -> Vec<String> {
    of_run(report, true)
}

fn of_run(report: &RunReport, is_marked: bool) -> Vec<String> {
    let mut notes: Vec<String> = report
        .partial
        .iter()
        .map(|why| format!("PARTIAL: {why}"))
        .collect();
    notes.extend(measured_with::unlike(&measured_with::of_run(report)));
    notes.extend(report.metrics.iter().map(|own| own.note().to_owned()));
    let columns = columns(report);
    let rows = blocks(&columns);
    let [_, sections, totals] = &rows;
    if totals.iter().any(|row| row.label == AVERAGE) {
        notes.push(average(report));
    }
    if !report.models.is_empty() {
        let is_counted = |own: &Metric| *own == Metric::PairAccuracy;
        let note = if report.metrics.iter().all(is_counted) {
            INTERVALS
        } else {
            INTERVALS_OF_CREDITS
        };
        notes.push(note.to_owned());
    }
    notes.extend(several_notes::notes(report));
    let mut cells = rows.iter().flatten().flat_map(|row| &row.cells);
    if is_marked && cells.any(|cell| cell.is_best()) {
        notes.push(BEST.to_owned());
    }
    if !sections.is_empty() {
        notes.extend(report.weighting.clone());
    }
    notes.extend(report.notes.iter().cloned());
    notes.extend(published_notes::notes(report));
    for model in &report.models {
        let own = model
            .provenance
            .import_note()
            .into_iter()
            .chain(position_bias_and_uncounted(model))
            .chain(margins_and_truncation(&model.behaviour))
            .chain(model.invalid.iter().map(|why| format!("not scored: {why}")));
        notes.extend(own.map(|note| format!("{}: {note}", model.name)));
    }
    notes
}

fn average(report: &RunReport) -> String {
    let subsets = report
        .models
        .first()
        .map(|model| model.scores.subsets.len());
    let subsets = subsets.map_or_else(|| "the subsets".to_owned(), |n| count(n, "subset"));
    format!("average: plain mean of {subsets}, as model cards give it")
}

/// How much depends on the order of the answers, for a head that reads two; and the pairs that
/// count as not correct without being wrong.
fn position_bias_and_uncounted(model: &ModelReport) -> Option<String> {
    let bias = model.behaviour.position_bias.map(|bias| {
        format!(
            "the two orders disagree on {:.1} % of {} (chosen first alone {:.3}, rejected first \
             alone {:.3})",
            bias.disagree * 100.0,
            count(bias.n, "pair"),
            bias.accuracy_chosen_first,
            bias.accuracy_rejected_first
        )
    });
    let total = model.scores.total;
    let metrics = model.scores.subsets.iter().map(|(_, score)| score.metric);
    let ties = tie_note(metrics);
    let uncounted = [
        (total.tie, count(total.tie, "tie"), ties),
        (
            total.invalid,
            format!("{} invalid", total.invalid),
            NOT_CORRECT,
        ),
    ]
    .into_iter()
    .filter(|(n, ..)| *n > 0)
    .map(|(_, what, how)| format!("{what} ({how})"));
    let parts: Vec<String> = bias.into_iter().chain(uncounted).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn margins_and_truncation(behaviour: &Behaviour) -> Option<String> {
    let margins = behaviour.margins?.map(three_digits).join(" ");
    let truncated = match behaviour.truncated {
        None => "truncation not recorded".to_owned(),
        Some(Truncated { any: 0, .. }) => "nothing truncated".to_owned(),
        Some(cut) => format!(
            "{} truncated (prompt {}, chosen {}, rejected {})",
            count(cut.any, "pair"),
            cut.source,
            cut.chosen,
            cut.rejected
        ),
    };
    Some(format!(
        "margins {margins} at 5, 25, 50, 75, 95 %; {truncated}"
    ))
}

/// How the figures of a comparison were made, what was left out, and what else must be said.
pub(super) fn comparison(report: &ComparisonReport) -> Vec<String> {
    let comparison = &report.comparison;
    let mut notes = report.partial_notes();
    notes.extend(measured_with::unlike(&measured_with::of_comparison(report)));
    if let Matching::Paired { by, pairs, .. } = comparison.matching {
        notes.push(format!(
            "{} in both, matched by {}; verdicts changed: {}",
            count(pairs, "pair"),
            key_name(by),
            comparison.changes.len()
        ));
    }
    notes.extend(comparison.notes.iter().chain(&report.notes).cloned());
    for (side, origin) in SIDES.iter().zip(&report.origins) {
        notes.extend(origin.import_note().map(|note| format!("{side}: {note}")));
    }
    match comparison.stopped {
        Some(stopped) => notes.push(sequential_intervals(stopped)),
        None => notes.extend(fixed_intervals(comparison)),
    }
    notes
}

fn fixed_intervals(comparison: &Comparison) -> Vec<String> {
    let mut notes = Vec::new();
    if matches!(comparison.matching, Matching::Paired { .. }) {
        notes.push(
            "difference: candidate minus baseline; 95 % intervals by Gaffke's bounds of the mean: \
             without 0 in them exactly where p is below 0.05"
                .to_owned(),
        );
        notes.push(format!(
            "p: exact McNemar test, two-sided, or its generalisation where pairs weigh \
             differently; Holm: corrected for {}, of which chance alone would put up to {} below \
             p = 0.05; showable: smallest difference that this many pairs show with 80 % power at \
             5 %",
            count(comparison.subsets.len(), "subset"),
            several_notes::by_chance(comparison.subsets.len())
        ));
    } else {
        notes.push(
            "difference: candidate minus baseline; 95 % intervals from those of both sides \
             (square-and-add)"
                .to_owned(),
        );
    }
    notes
}

fn sequential_intervals([scored, planned]: [usize; 2]) -> String {
    format!(
        "stopped early by a gate, after {scored} of {planned} pairs: fixed-sample intervals do not \
         hold for such a run; differences have the 95 % intervals of confidence sequences, p is \
         theirs, two-sided; intervals of single accuracies do not allow for the early stop"
    )
}

/// What two rows have in common that are taken for the same pair.
pub(super) fn key_name(by: MatchedBy) -> &'static str {
    match by {
        MatchedBy::Id => "subset and id",
        MatchedBy::Row => "row",
    }
}
