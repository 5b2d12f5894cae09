//! The report of a run, as `run` and `merge` make it.

use std::collections::BTreeMap;

use crate::benchmark::{Benchmark, Dataset};
use crate::comparison::SeveralTests;
use crate::comparison::leaderboard::{Leaderboard, LeaderboardEntry};
use crate::data::pair_texts::Texts;
use crate::metrics::{self, Tally};
use crate::report::{Format, ModelReport, Provenance, RunReport, Style, render};
use crate::scoring::ScoredItem;
use crate::scoring::run_dir::record::{ModelRecord, RunRecord, Whole};
use crate::support::count::count;
use crate::support::error::Result;

/// A model's name, and what it said of all items.
pub(crate) type Column<'a> = (&'a str, &'a [ScoredItem]);

/// What models' verdicts say; `models` are names with their verdicts, as `record` has them.
pub(crate) fn report(
    whole: Whole,
    dataset: Option<Dataset>,
    models: &[Column],
    benchmark: Option<&Benchmark>,
    record: &RunRecord,
    rulers: Vec<(&str, BTreeMap<String, Tally>)>,
) -> RunReport {
    let partial = whole.partial.as_deref();
    let is_pairwise = |(_, scored): &Column| scored.iter().any(|own| own.outcome.is_pairwise());
    let about_pairwise = benchmark
        .and_then(|own| own.pairwise_note.as_ref())
        .filter(|_| models.iter().any(is_pairwise))
        .map(|note| format!("pairwise models: {note}"));
    // One run reads the same files for all of its models.
    let several_tests = SeveralTests::of(models, true, benchmark);
    let models = models
        .iter()
        .map(|(name, verdicts)| {
            let provenance = Provenance::of(record, name, partial);
            ModelReport::new(name, verdicts, benchmark, provenance)
        })
        .collect();
    let mut report = RunReport {
        title: whole.title,
        partial: whole.partial,
        dataset,
        models,
        several_tests,
        ..RunReport::about(benchmark, rulers)
    };
    report.notes.extend(about_pairwise);
    report
}

/// What only a page shows; `models` as in `report`.
pub(crate) fn side_by_side(
    report: &RunReport,
    models: &[Column],
    benchmark: Option<&Benchmark>,
    texts: &Texts,
) -> Leaderboard {
    let columns: Vec<LeaderboardEntry> = report
        .models
        .iter()
        .zip(models)
        .map(|(model, (_, scored))| LeaderboardEntry {
            average: model.scores.average.accuracy,
            scored,
        })
        .collect();
    Leaderboard::new(&columns, true, benchmark, texts)
}

/// The text for stdout.
pub(crate) fn rendered(report: &RunReport, format: Format) -> Result<String> {
    render(report, format, Style::of_stdout())
}

/// What was shown of the verdicts of a run with `--dtype verified`.
pub(crate) fn verification_notes(record: &RunRecord) -> Vec<String> {
    let note = |model: &ModelRecord| Some(model.verification.as_ref()?.note(&model.name));
    record.models.iter().filter_map(note).collect()
}

/// How many verdicts 8 bits may have turned. On the golden pairs LLM.int8() moves margins by at
/// most a third of their standard deviation (SPEC F.4: 0.10 of 0.31).
pub(crate) fn int8_doubt(name: &str, verdicts: &[ScoredItem]) -> String {
    let (within, n) = metrics::margins_within(verdicts, 1.0 / 3.0);
    format!(
        "{name}: int8 puts {within} of {} in doubt, by margins within a third of the margins' \
         standard deviation of 0",
        count(n, "verdict")
    )
}
