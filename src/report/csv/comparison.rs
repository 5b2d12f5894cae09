//! The records of a comparison.

use crate::comparison::Difference;
use crate::comparison::gate::RuleOutcome;
use crate::metrics::Tally;
use crate::report::comparison_report::{ComparisonReport, Flip};
use crate::report::comparison_table;
use crate::report::csv::fields::{COUNTS, KINDS, Part, field, optional, scientific, six, whole};
use crate::report::notes;

/// Columns of a comparison's differences.
pub(super) const DIFFERENCES: [&str; 20] = [
    "kind",
    "name",
    "n",
    "baseline",
    "baseline_low",
    "baseline_high",
    "candidate",
    "candidate_low",
    "candidate_high",
    "difference",
    "low",
    "high",
    "gained",
    "lost",
    "p",
    "holm",
    "showable",
    // Of the rows for rules and notes alone.
    "limit",
    "status",
    "text",
];

/// Where the columns of rules and notes begin.
const LIMIT: usize = 17;

/// Columns of a comparison's flipped verdicts.
const FLIPS: [&str; 13] = [
    "subset",
    "id",
    "row",
    "baseline",
    "baseline_margin",
    "candidate",
    "candidate_margin",
    "change",
    "prompt",
    "chosen",
    "rejected",
    // The same in every row: what the comparison as a whole says.
    "gate",
    "partial",
];

pub(super) fn differences(report: &ComparisonReport) -> Vec<Vec<String>> {
    let mut records = vec![DIFFERENCES.map(str::to_owned).to_vec()];
    for (kind, block) in KINDS.into_iter().zip(comparison_table::blocks(report)) {
        records.extend(block.iter().map(|row| difference(kind, row)));
    }
    records.extend(counts_of_sides(report));
    records.extend(report.gate.iter().map(rule));
    records.extend(report.conclusion.map(|all| {
        let text = all.to_string();
        judged("gate", "all rules", all.status().name(), &text)
    }));
    let notes = notes::comparison(report).into_iter();
    records.extend(notes.map(|note| judged("note", "", "", &note)));
    for record in &mut records {
        record.resize(DIFFERENCES.len(), String::new());
    }
    records
}

fn difference(kind: &str, row: &Difference) -> Vec<String> {
    let mut record = vec![kind.to_owned(), field(&row.name), row.n.to_string()];
    for side in [row.baseline, row.candidate] {
        record.extend([side.accuracy, side.low, side.high].map(six));
    }
    record.extend([row.value, row.interval.low, row.interval.high].map(six));
    if let Some(pairs) = row.pairs {
        record.extend([
            pairs.gained.to_string(),
            pairs.lost.to_string(),
            scientific(pairs.p),
            optional(pairs.holm, scientific),
            optional(pairs.detectable, six),
        ]);
    }
    record
}

/// Ties and invalid verdicts of both sides.
fn counts_of_sides(report: &ComparisonReport) -> Vec<Vec<String>> {
    let [baseline, candidate] = &report.comparison.tallies;
    let row = |(name, of): (&str, Part)| {
        let n = candidate.or(*baseline).map(|own| own.n());
        let part = |side: &Option<Tally>| optional(side.as_ref(), |own| of(own).to_string());
        vec![
            "count".to_owned(),
            name.to_owned(),
            optional(n, |n| n.to_string()),
            part(baseline),
            String::new(),
            String::new(),
            part(candidate),
        ]
    };
    COUNTS.into_iter().map(row).collect()
}

/// A rule: what it measured stands under `difference`, `low`, `high` and `limit`.
fn rule(outcome: &RuleOutcome) -> Vec<String> {
    let mut record = judged(
        "gate",
        &outcome.rule,
        outcome.status.name(),
        &outcome.reason,
    );
    if let Some(measured) = &outcome.measured {
        let interval = measured.interval;
        record[2] = measured.pairs.to_string();
        record[9] = six(measured.value);
        record[10] = optional(interval, |interval| six(interval.low));
        record[11] = optional(interval, |interval| six(interval.high));
        record[LIMIT] = six(measured.limit);
    }
    record
}

/// A row of text.
fn judged(kind: &str, name: &str, status: &str, text: &str) -> Vec<String> {
    let mut record = vec![String::new(); DIFFERENCES.len()];
    kind.clone_into(&mut record[0]);
    record[1] = field(name);
    status.clone_into(&mut record[LIMIT + 1]);
    record[LIMIT + 2] = field(text);
    record
}

pub(super) fn flipped(report: &ComparisonReport, flips: &[Flip]) -> Vec<Vec<String>> {
    let header = FLIPS.map(str::to_owned).to_vec();
    let gate = optional(report.conclusion, |all| field(&all.to_string()));
    let partial = field(&report.partial_notes().join("; "));
    let row = |own: &Flip| {
        let mut record = flip(own);
        record.resize(FLIPS.len() - 2, String::new());
        record.extend([gate.clone(), partial.clone()]);
        record
    };
    std::iter::once(header)
        .chain(flips.iter().map(row))
        .collect()
}

fn flip(Flip { change, text }: &Flip) -> Vec<String> {
    let (before, after) = (change.baseline, change.candidate);
    let mut record = vec![
        field(&change.subset),
        optional(change.id.as_ref(), |id| field(&id.to_string())),
        change.row.to_string(),
        before.0.name().to_owned(),
        before.1.to_string(),
        after.0.name().to_owned(),
        after.1.to_string(),
        change.margin().to_string(),
    ];
    if let Some(text) = text {
        record.extend([&text.prompt, &text.chosen, &text.rejected].map(|t| whole(t)));
    }
    record
}
