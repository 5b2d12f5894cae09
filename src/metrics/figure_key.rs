//! What a figure of a column is of.

use crate::benchmark::Aspect;
use crate::metrics::accuracy::Scores;
use crate::metrics::estimate::Estimate;

/// One accuracy of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FigureKey<'a> {
    Subset(&'a str),
    Section(&'a str),
    /// A section under other weights.
    Variant(&'a str),
    Average,
    Headline,
    /// The headline figure, or else the average, of a part of the metric.
    Aspect(Aspect),
    /// Every item with the same weight.
    Total,
}

impl Scores {
    /// `None` where the column has no such figure.
    pub(crate) fn estimate(&self, key: FigureKey) -> Option<Estimate> {
        let named = |list: &[(String, Estimate)], name: &str| {
            let found = list.iter().find(|(known, _)| known == name);
            found.map(|(_, estimate)| *estimate)
        };
        match key {
            FigureKey::Subset(name) => {
                let found = self.subsets.iter().find(|(known, _)| known == name);
                found.map(|(_, tally)| tally.estimate())
            }
            FigureKey::Section(name) => named(&self.sections, name),
            FigureKey::Variant(name) => named(&self.variants, name),
            FigureKey::Average => Some(self.average),
            FigureKey::Aspect(aspect) => {
                let found = self.aspects.iter().find(|(known, _)| *known == aspect);
                found.map(|(_, estimate)| *estimate)
            }
            FigureKey::Total => self.all,
            FigureKey::Headline => self.headline.as_ref().map(|(_, estimate)| *estimate),
        }
    }
}
