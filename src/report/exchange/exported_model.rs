//! One model of a finished run, with all that the layouts of other programs ask for.

use std::collections::HashMap;

use crate::benchmark::{Aspect, Benchmark, Dataset, Metric};
use crate::data::pair_texts::Texts;
use crate::metrics::{Scores, SubsetScore};
use crate::scoring::ScoredItem;
use crate::scoring::run_dir::record::{ModelRecord, RunRecord};
use crate::support::count::count;
use crate::support::error::{Error, Result};

/// A model's results, and what is known of them.
pub(crate) struct ExportedModel<'a> {
    pub(crate) run: &'a RunRecord,
    pub(crate) record: &'a ModelRecord,
    pub(crate) benchmark: Option<&'a Benchmark>,
    /// Of the hub, which was read; `None` where the items are from files.
    pub(crate) dataset: Option<Dataset>,
    pub(crate) scored: &'a [ScoredItem],
    pub(crate) scores: Scores,
    /// Why these are not all items of the benchmark.
    pub(crate) partial: Option<&'a str>,
    /// The items by row.
    pub(crate) items: &'a Texts,
    /// By row, the texts that another program gave the model: the chosen answers' first.
    pub(crate) rendered: Option<HashMap<usize, Vec<String>>>,
}

impl ExportedModel<'_> {
    /// `owner/name` of the hub, or what the run calls it.
    pub(super) fn id(&self) -> &str {
        let facts = self
            .record
            .source
            .facts()
            .filter(|own| own.commit.is_some());
        let repository = facts.and_then(|own| own.spec.split('@').next());
        repository.unwrap_or(&self.record.name)
    }

    /// The dataset of the hub that the benchmark is of, whatever files were read.
    pub(super) fn benchmark_dataset(&self) -> Option<Dataset> {
        let own = self.dataset.clone();
        own.or_else(|| self.benchmark.and_then(Benchmark::dataset))
    }

    pub(super) fn metric_of(&self, subset: &str) -> Metric {
        Benchmark::metric_in(self.benchmark, subset)
    }

    /// The figure of a subset.
    pub(super) fn value(score: &SubsetScore) -> f64 {
        score.value(Aspect::Whole).unwrap_or(0.0)
    }

    pub(super) fn is_pairwise(&self) -> bool {
        self.scored.iter().any(|item| item.outcome.is_pairwise())
    }

    /// The input contract, or what another program calls its own.
    pub(super) fn contract(&self) -> Option<String> {
        let facts = self.record.source.facts();
        let own = facts.map(|facts| facts.template.to_string());
        own.or_else(|| self.record.source.imported()?.chat_template.clone())
    }

    /// The benchmark's name, which layouts file results under.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn needed_benchmark(&self, what: &str) -> Result<&Benchmark> {
        self.benchmark.ok_or_else(|| {
            Error::usage(format!("failed to write {what}: the run has no benchmark"))
                .hint("run or import with --benchmark NAME")
        })
    }

    /// Whether the benchmark does not say how many items it has.
    pub(super) fn is_uncounted(&self) -> bool {
        self.benchmark.is_some_and(|own| !own.is_counted())
    }

    /// Refuses figures that are not those of the benchmark.
    ///
    /// # Errors
    /// The run is a part, or may be one, or has invalid verdicts.
    pub(super) fn check_whole(&self, what: &str) -> Result<()> {
        if let Some(why) = self.partial {
            return Err(
                Error::usage(format!("failed to write {what}: the run is PARTIAL"))
                    .caused_by(why.to_owned())
                    .hint("score all items of the benchmark"),
            );
        }
        // A dataset of the hub that was read was read whole.
        if self.is_uncounted() && self.run.dataset.is_none() {
            return Err(Error::usage(format!(
                "failed to write {what}: whether the run is whole is not known"
            ))
            .caused_by("the benchmark does not say how many items it has")
            .hint(
                "run the dataset itself, without --data; or write the numbers into [subsets] of a \
                 definition of your own, and run that",
            ));
        }
        let invalid = self.scores.total.invalid;
        if invalid > 0 {
            return Err(Error::usage(format!(
                "failed to write {what}: {} could not be scored",
                count(invalid, "item")
            ))
            .hint("the figures count them as not correct, and this layout cannot say so"));
        }
        Ok(())
    }
}
