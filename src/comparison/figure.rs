//! The figures that are compared: subsets, sections, totals.

use crate::benchmark::{Aspect, Benchmark};
use crate::metrics::{Estimate, Figures, Mixture, Scores};

/// Names of the totals, and their keys in rules.
pub(crate) const AVERAGE: &str = "average";
pub(crate) const TOTAL: &str = "total";
pub(crate) const ALL: &str = "all pairs";

/// How a figure sums up its subsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregation {
    /// Every pair has the same weight.
    Pooled,
    /// A weighted mean of subset accuracies.
    Mean,
}

/// One figure of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    pub(crate) name: String,
    /// Its name in rules of a gate.
    pub(crate) key: String,
    /// Subsets with coefficients that add up to 1.
    pub(crate) weights: Vec<(String, f64)>,
    pub(crate) aggregation: Aggregation,
    /// Of which part of the metric.
    pub(crate) aspect: Aspect,
}

/// The figures of a comparison, by block, of type `T`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Blocks<T> {
    pub(crate) subsets: Vec<T>,
    pub(crate) sections: Vec<T>,
    /// Average, the benchmark's headline figure, all pairs.
    pub(crate) totals: Vec<T>,
}

impl Figure {
    fn mean(name: &str, key: &str, mixture: &Mixture) -> Self {
        Self {
            name: name.to_owned(),
            key: key.to_owned(),
            weights: mixture.0.clone(),
            aggregation: Aggregation::Mean,
            aspect: Aspect::Whole,
        }
    }

    fn pooled(name: &str, key: &str, weights: Vec<(String, f64)>) -> Self {
        Self {
            name: name.to_owned(),
            key: key.to_owned(),
            weights,
            aggregation: Aggregation::Pooled,
            aspect: Aspect::Whole,
        }
    }
}

/// The figures of a comparison of so many pairs in each subset.
pub(crate) fn figures(sizes: &[(String, usize)], benchmark: Option<&Benchmark>) -> Blocks<Figure> {
    let figures = Figures::of(sizes, benchmark);
    let subset =
        |(subset, _): &(String, usize)| Figure::pooled(subset, subset, vec![(subset.clone(), 1.0)]);
    let section = |(name, mixture): &(String, Mixture)| Figure::mean(name, name, mixture);
    let mut totals = Vec::new();
    if let Some(mixture) = &figures.average {
        totals.push(Figure::mean(AVERAGE, AVERAGE, mixture));
    }
    if let Some((headline, mixture)) = &figures.headline {
        totals.push(Figure::mean(&headline.label, &headline.key, mixture));
    }
    for (aspect, mixture) in &figures.aspects {
        let figure = Figure::mean(aspect.name(), aspect.name(), mixture);
        totals.push(Figure {
            aspect: *aspect,
            ..figure
        });
    }
    if let Some(all) = figures.all {
        totals.push(Figure::pooled(ALL, TOTAL, all.0));
    }
    Blocks {
        subsets: sizes.iter().map(subset).collect(),
        sections: figures.sections.iter().map(section).collect(),
        totals,
    }
}

/// One side's estimates, in the order of [`figures`].
pub(crate) fn estimates(scores: &Scores) -> Blocks<Estimate> {
    let subsets = scores.subsets.iter().map(|(_, score)| score.estimate());
    let sections = scores.sections.iter().map(|(_, estimate)| *estimate);
    let headline = scores.headline.as_ref().map(|(_, estimate)| *estimate);
    Blocks {
        subsets: subsets.collect(),
        sections: sections.collect(),
        totals: std::iter::once(scores.average)
            .chain(headline)
            .chain(scores.aspects.iter().map(|(_, estimate)| *estimate))
            .chain(scores.all)
            .collect(),
    }
}
