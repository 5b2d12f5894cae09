//! A comparison, the flipped verdicts and a gate's outcomes, ready to be rendered.

use crate::comparison::gate::RuleOutcome;
use crate::comparison::{Change, Comparison};
use crate::data::pair_texts::PairTexts;
use crate::report::provenance::Origin;

/// What `pairbench compare` found.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparisonReport {
    /// Where each side comes from: `MODEL (DIR)`.
    pub(crate) baseline: String,
    pub(crate) candidate: String,
    /// How both sides came about.
    pub(crate) origins: [Origin; 2],
    pub(crate) comparison: Comparison,
    /// The first of the flipped verdicts, where they were asked for.
    pub(crate) flips: Option<Vec<Flip>>,
    /// One outcome for each rule, in the order in which they were given.
    pub(crate) gate: Vec<RuleOutcome>,
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
}
