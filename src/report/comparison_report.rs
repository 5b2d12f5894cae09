//! A comparison, the flipped verdicts and a gate's outcomes, ready to be rendered.

use crate::comparison::gate::{Conclusion, RuleOutcome};
use crate::comparison::{Change, Comparison};
use crate::data::pair_texts::PairTexts;
use crate::report::origin::Origin;

/// What `pairbench compare` found.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparisonReport {
    /// Where each side comes from: `MODEL (DIR)`.
    pub(crate) baseline: String,
    pub(crate) candidate: String,
    /// How both sides came about.
    pub(crate) origins: [Origin; 2],
    /// Why each side is not the whole of its benchmark, where its run says so.
    pub(crate) partial: [Option<String>; 2],
    pub(crate) comparison: Comparison,
    /// The first of the flipped verdicts, where they were asked for.
    pub(crate) flips: Option<Vec<Flip>>,
    /// One outcome for each rule, in the order in which they were given.
    pub(crate) gate: Vec<RuleOutcome>,
    /// What they say together, and the exit code that follows; `None` without rules.
    pub(crate) conclusion: Option<Conclusion>,
    /// What a reader must know beyond the comparison's own notes.
    pub(crate) notes: Vec<String>,
}

/// A pair whose verdict flipped, with its texts where they can be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Flip {
    pub(crate) change: Change,
    pub(crate) text: Option<PairTexts>,
}

impl ComparisonReport {
    /// `CANDIDATE against BASELINE`.
    pub(super) fn title(&self) -> String {
        format!("{} against {}", self.candidate, self.baseline)
    }

    /// Why not all pairs are compared, one remark a cause; empty where all are.
    pub(super) fn partial_notes(&self) -> Vec<String> {
        let side = |(side, why): (&str, &Option<String>)| {
            why.as_ref().map(|why| format!("{side}: PARTIAL: {why}"))
        };
        let sides = ["baseline", "candidate"].into_iter().zip(&self.partial);
        let coverage = self.comparison.coverage.note();
        sides.filter_map(side).chain(coverage).collect()
    }
}
