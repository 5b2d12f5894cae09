//! A side of a comparison by its counts: a run, or what a table prints.

use std::collections::{BTreeMap, BTreeSet};

use crate::benchmark::published::PublishedModel;
use crate::comparison::figure::AVERAGE;
use crate::metrics::Tally;

/// Counts by subset, and which means stand beside them in the table that they are from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counted {
    pub(crate) tallies: BTreeMap<String, Tally>,
    /// `None` for a run, of which every mean is measured.
    pub(crate) printed: Option<PrintedMeans>,
}

/// The names of the means that a table prints.
#[derive(Debug, Clone, Default)]
pub(crate) struct PrintedMeans(BTreeSet<String>);

impl PrintedMeans {
    pub(crate) fn of(model: &PublishedModel) -> Self {
        let average = model.average.map(|_| AVERAGE.to_owned());
        Self(model.sections.keys().cloned().chain(average).collect())
    }

    /// Whether a line of this name is printed.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}
