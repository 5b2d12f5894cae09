//! Pairs whose verdict changed.

use std::fmt;

use crate::comparison::item_key::ItemKey;
use crate::data::Id;
use crate::metrics::three_digits;
use crate::scoring::{ScoredItem, Verdict};

/// A pair whose verdict changed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub(crate) subset: String,
    pub(crate) id: Option<Id>,
    /// In the candidate's data.
    pub(crate) row: usize,
    /// Verdict and margin.
    pub(crate) baseline: (Verdict, f32),
    pub(crate) candidate: (Verdict, f32),
}

impl Change {
    /// `None` where the verdict stayed the same.
    pub(crate) fn between(baseline: &ScoredItem, candidate: &ScoredItem) -> Option<Self> {
        let changed = baseline.verdict() != candidate.verdict();
        changed.then(|| Self {
            subset: candidate.subset.clone(),
            id: candidate.id.clone(),
            row: candidate.row,
            baseline: (baseline.verdict(), baseline.margin()),
            candidate: (candidate.verdict(), candidate.margin()),
        })
    }

    pub(crate) fn key(&self) -> ItemKey {
        ItemKey {
            subset: self.subset.clone(),
            id: self.id.clone(),
            row: self.row,
        }
    }

    /// The change of the margin; not finite where one of the margins is not.
    pub(crate) fn margin(&self) -> f32 {
        self.candidate.1 - self.baseline.1
    }

    /// The absolute change of the margin; infinite where one of the margins is not finite.
    pub(crate) fn size(&self) -> f32 {
        let size = self.margin().abs();
        if size.is_finite() {
            size
        } else {
            f32::INFINITY
        }
    }

    /// Correct under the baseline and not under the candidate.
    pub(crate) fn is_lost(&self) -> bool {
        self.baseline.0 == Verdict::Correct && self.candidate.0 != Verdict::Correct
    }
}

/// `subset row 3: correct +1.25 → wrong -0.311`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |(verdict, margin): (Verdict, f32)| {
            let plus = if margin > 0.0 { "+" } else { "" };
            format!("{} {plus}{}", verdict.name(), three_digits(margin))
        };
        let [before, after] = [self.baseline, self.candidate].map(side);
        write!(f, "{}: {before} → {after}", self.key())
    }
}
