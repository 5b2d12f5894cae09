//! What a model scored in a subset.

use crate::benchmark::{Aspect, Metric};
use crate::metrics::credit::{units, value};
use crate::metrics::estimate::Estimate;
use crate::scoring::{ScoredItem, Tally};
use crate::stats::{self, LEVEL, Values};

/// A subset's verdicts, and what they count under its metric.
#[derive(Debug, Clone, PartialEq)]
pub struct SubsetScore {
    pub(crate) metric: Metric,
    pub tally: Tally,
    figure: Figure,
    /// Figures of parts, where the metric has some.
    aspects: Vec<(Aspect, Figure)>,
}

/// A figure, and the units whose mean it is.
#[derive(Debug, Clone, PartialEq)]
struct Figure {
    value: f64,
    units: Values,
}

impl SubsetScore {
    /// `items`: all of one subset.
    pub(crate) fn of(metric: Metric, items: &[&ScoredItem]) -> Self {
        let mut tally = Tally::default();
        for item in items {
            tally.add(item.verdict());
        }
        let figure = |aspect: Aspect| Figure {
            value: value(metric, aspect, items),
            units: Values::of(metric.limits(), &units(metric, aspect, items)),
        };
        let aspects = metric.aspects().iter();
        Self {
            metric,
            tally,
            figure: figure(Aspect::Whole),
            aspects: aspects.map(|aspect| (*aspect, figure(*aspect))).collect(),
        }
    }

    /// Pairs of which no more is known than how many got which verdict.
    pub(crate) fn of_pairs(tally: Tally) -> Self {
        Self {
            metric: Metric::PairAccuracy,
            tally,
            figure: Figure {
                value: tally.accuracy(),
                units: tally.share().into(),
            },
            aspects: Vec::new(),
        }
    }

    /// Items.
    pub(crate) fn n(&self) -> usize {
        self.tally.n()
    }

    fn figure(&self, aspect: Aspect) -> Option<&Figure> {
        let part = || self.aspects.iter().find(|(known, _)| *known == aspect);
        match aspect {
            Aspect::Whole => Some(&self.figure),
            _ => part().map(|(_, figure)| figure),
        }
    }

    /// The figure of the subset, or a part of it; `None` where the metric has no such part.
    pub(crate) fn value(&self, aspect: Aspect) -> Option<f64> {
        Some(self.figure(aspect)?.value)
    }

    pub(crate) fn units(&self, aspect: Aspect) -> Option<&Values> {
        Some(&self.figure(aspect)?.units)
    }

    /// With its interval.
    pub(crate) fn estimate(&self) -> Estimate {
        let interval = stats::mean_of(&[(1.0, self.figure.units.clone())], LEVEL);
        Estimate::new(self.figure.value, interval)
    }

    /// The parts of its metric, with their intervals.
    pub(crate) fn aspects(&self) -> impl Iterator<Item = (&'static str, Estimate)> {
        self.aspects.iter().map(|(aspect, figure)| {
            let interval = stats::mean_of(&[(1.0, figure.units.clone())], LEVEL);
            (aspect.name(), Estimate::new(figure.value, interval))
        })
    }
}
