//! What a run found, ready to be rendered.

use std::collections::BTreeMap;

use crate::benchmark::published::PublishedChoice;
use crate::benchmark::{Benchmark, Dataset, Metric};
use crate::comparison::SeveralTests;
use crate::comparison::leaderboard::Leaderboard;
use crate::comparison::published::{Counterpart, Named, PublishedComparison, counterparts};
use crate::metrics::calibration::Margins;
use crate::metrics::{Behaviour, Scores, Tally};
use crate::report::provenance::Provenance;
use crate::scoring::ScoredItem;
use crate::support::error::Result;

/// The models of a run, each as a column of accuracies, and columns to compare them with.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    /// What was measured, for the heading.
    pub title: String,
    /// Whose sections and weights are used; `None` where files were scored without a benchmark.
    pub benchmark: Option<String>,
    /// What is counted in subsets, each metric once.
    pub metrics: Vec<Metric>,
    /// How sections and the headline figure weigh their subsets; `None` without a benchmark.
    pub weighting: Option<String>,
    /// The hub dataset of the pairs; `None` where they are from files.
    pub dataset: Option<Dataset>,
    /// Why these are not all pairs of the benchmark; `None` where they are, or where their number is
    /// not known.
    pub partial: Option<String>,
    pub models: Vec<ModelReport>,
    /// Columns that no model made, by name: length baselines.
    pub others: Vec<(String, Scores)>,
    /// Published columns beside no model, by name.
    pub(crate) printed: Vec<(String, PublishedComparison)>,
    /// What a reader must know beyond what every report says.
    pub notes: Vec<String>,
    /// Every two of the models, tested; `None` where that cannot be done.
    pub several_tests: Option<SeveralTests>,
    /// All models against the best one, and pairs to read; only a page shows them, and only there
    /// are they computed.
    pub side_by_side: Option<Leaderboard>,
}

impl RunReport {
    /// What was measured, and whether it is a part.
    pub(super) fn heading(&self) -> String {
        let partial = self.partial.as_ref().map_or("", |_| ", PARTIAL");
        format!("{}{partial}", self.title)
    }

    /// A report without models: what follows from the benchmark, and a column for each set of
    /// tallies by subset.
    pub fn about<'a>(
        benchmark: Option<&Benchmark>,
        others: impl IntoIterator<Item = (&'a str, BTreeMap<String, Tally>)>,
    ) -> Self {
        let others: Vec<(String, Scores)> = others
            .into_iter()
            .map(|(name, tallies)| (name.to_owned(), Scores::new(&tallies, benchmark)))
            .collect();
        let name = benchmark.map(|benchmark| benchmark.name.clone());
        Self {
            title: name.clone().unwrap_or_default(),
            benchmark: name,
            metrics: metrics(benchmark),
            weighting: benchmark.map(weighting),
            dataset: None,
            partial: None,
            models: Vec::new(),
            notes: notes_about(benchmark, &others),
            others,
            printed: Vec::new(),
            several_tests: None,
            side_by_side: None,
        }
    }

    /// Puts published columns beside those of the models that were measured, or why there is none.
    ///
    /// # Errors
    /// A published model that is named where several measured models may be meant.
    pub fn put_beside(
        &mut self,
        choice: Option<&PublishedChoice>,
        benchmark: Option<&Benchmark>,
    ) -> Result<()> {
        let Some(choice) = choice else {
            return Ok(());
        };
        let measured: Vec<(Named, &Scores)> =
            self.models.iter().map(ModelReport::measured).collect();
        let found = counterparts(choice, &measured, benchmark)?;
        for (model, counterpart) in self.models.iter_mut().zip(found) {
            model.published = counterpart;
        }
        Ok(())
    }
}

/// The metrics of a benchmark's subsets; of bare files that of pairs.
pub(crate) fn metrics(benchmark: Option<&Benchmark>) -> Vec<Metric> {
    benchmark.map_or_else(|| vec![Metric::default()], Benchmark::metrics)
}

/// What the variants of sections are that these columns have, and what the length baselines are.
fn notes_about(benchmark: Option<&Benchmark>, others: &[(String, Scores)]) -> Vec<String> {
    let is_shown = |label: &str| {
        others
            .iter()
            .any(|(_, scores)| scores.variants.iter().any(|(known, _)| known == label))
    };
    let variants = benchmark.map_or(&[][..], |benchmark| &benchmark.variants);
    let mut notes = benchmark.map_or_else(Vec::new, |benchmark| benchmark.notes.clone());
    let variants = variants
        .iter()
        .filter(|variant| is_shown(&variant.label))
        .map(|variant| format!("{}: {}", variant.label, variant.note));
    notes.extend(variants);
    if !others.is_empty() {
        let knows_ties = |own: &Benchmark| {
            let mut subsets = own.subsets.keys();
            subsets.any(|subset| own.metric_of(subset).knows_ties())
        };
        let equal = if benchmark.is_some_and(knows_ties) {
            "which finds neither better where they have the same length"
        } else {
            "answers of the same length count as not correct"
        };
        notes.push(format!(
            "longer, shorter: what picking the longer or the shorter answer scores, in characters; \
             {equal}"
        ));
    }
    notes
}

/// How sections and the headline figure weigh their subsets, in words.
pub(crate) fn weighting(benchmark: &Benchmark) -> String {
    match (&benchmark.weights_note, &benchmark.headline) {
        (Some(note), Some(headline)) => format!("sections and {}: {note}", headline.label),
        (Some(note), None) => format!("sections: {note}"),
        (None, _) => format!(
            "sections: means of their subsets, by the weights of {}",
            benchmark.name
        ),
    }
}

/// A model's column, and the published one beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelReport {
    pub name: String,
    pub(crate) provenance: Provenance,
    pub scores: Scores,
    pub behaviour: Behaviour,
    pub(crate) margins: Margins,
    pub(crate) published: Counterpart,
    /// The first pairs that could not be scored, as `row N (SUBSET): REASON`.
    pub invalid: Vec<String>,
}

impl ModelReport {
    pub fn new(
        name: &str,
        verdicts: &[ScoredItem],
        benchmark: Option<&Benchmark>,
        provenance: Provenance,
    ) -> Self {
        let invalid = |item: &ScoredItem| {
            let reason = item.outcome.reason()?;
            Some(format!("row {} ({}): {reason}", item.row, item.subset))
        };
        Self {
            name: name.to_owned(),
            provenance,
            scores: Scores::of(verdicts, benchmark),
            behaviour: Behaviour::of(verdicts),
            margins: Margins::of(verdicts),
            published: Counterpart::NotAsked,
            invalid: verdicts.iter().filter_map(invalid).take(5).collect(),
        }
    }

    fn measured(&self) -> (Named<'_>, &Scores) {
        let named = Named {
            name: &self.name,
            repository: self.provenance.repository(),
        };
        (named, &self.scores)
    }
}
