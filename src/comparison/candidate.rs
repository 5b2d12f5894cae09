//! What some rules ask of the candidate alone.

use std::collections::BTreeMap;

use crate::benchmark::Benchmark;
use crate::comparison::coverage::Coverage;
use crate::comparison::figure::{Blocks, Figure, estimates, figures};
use crate::comparison::item_key::ItemKey;
use crate::metrics::{Behaviour, Estimate, Scores, Tally};
use crate::scoring::{ScoredItem, Verdict};

/// Ties and invalid pairs that are named.
const NAMED: usize = 5;

/// What a candidate shows without a baseline.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) behaviour: Behaviour,
    pub(crate) total: Tally,
    /// The first ties and the first invalid pairs.
    pub(crate) ties: Vec<ItemKey>,
    pub(crate) invalid: Vec<ItemKey>,
    /// Of all its pairs, not only of those that the baseline has, too.
    pub(crate) figures: Blocks<OwnFigure>,
    /// Which of the pairs that belong to it have a verdict.
    pub(crate) coverage: Coverage,
}

/// A figure of the candidate alone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OwnFigure {
    pub(crate) name: String,
    /// Its name in rules of a gate.
    pub(crate) key: String,
    pub(crate) subsets: Vec<String>,
    pub(crate) n: usize,
    pub(crate) accuracy: f64,
}

impl Candidate {
    /// `lacking`: pairs that the baseline has and the candidate lacks, by subset.
    pub(crate) fn new(
        scored: &[ScoredItem],
        lacking: &BTreeMap<String, usize>,
        benchmark: Option<&Benchmark>,
    ) -> Self {
        let scores = Scores::of(scored, benchmark);
        let subsets = scores.subsets.iter();
        let sizes: BTreeMap<String, usize> = subsets
            .map(|(name, score)| (name.clone(), score.n()))
            .collect();
        let mut expected = sizes.clone();
        for (subset, n) in lacking {
            *expected.entry(subset.clone()).or_default() += n;
        }
        Self {
            figures: own_figures(&scores, benchmark),
            coverage: Coverage::new(expected, sizes, benchmark),
            behaviour: Behaviour::of(scored),
            total: scores.total,
            ties: first(scored, Verdict::Tie),
            invalid: first(scored, Verdict::Invalid),
        }
    }
}

fn own_figures(scores: &Scores, benchmark: Option<&Benchmark>) -> Blocks<OwnFigure> {
    let subsets = scores.subsets.iter();
    let sizes: Vec<(String, usize)> = subsets
        .map(|(name, score)| (name.clone(), score.n()))
        .collect();
    let n = |subset: &str| {
        sizes
            .iter()
            .find(|(name, _)| name == subset)
            .map_or(0, |own| own.1)
    };
    let own = |(figure, estimate): (Figure, Estimate)| {
        let subsets: Vec<String> = figure.weights.into_iter().map(|(name, _)| name).collect();
        OwnFigure {
            name: figure.name,
            key: figure.key,
            n: subsets.iter().map(|subset| n(subset)).sum(),
            subsets,
            accuracy: estimate.accuracy,
        }
    };
    let (figures, estimates) = (figures(&sizes, benchmark), estimates(scores));
    let block = |figures: Vec<Figure>, estimates: Vec<Estimate>| {
        figures.into_iter().zip(estimates).map(own).collect()
    };
    Blocks {
        subsets: block(figures.subsets, estimates.subsets),
        sections: block(figures.sections, estimates.sections),
        totals: block(figures.totals, estimates.totals),
    }
}

fn first(scored: &[ScoredItem], verdict: Verdict) -> Vec<ItemKey> {
    let items = scored.iter().filter(|item| item.verdict() == verdict);
    items.take(NAMED).map(ItemKey::of).collect()
}
