//! Matched items → what each unit of a subset counts under both models.

use std::collections::BTreeMap;

use crate::benchmark::{Aspect, Metric};
use crate::metrics::units;
use crate::scoring::ScoredItem;
use crate::stats::PairedValues;

/// Matched items by the baseline's subset.
pub(super) fn by_subset<'a>(
    pairs: &[(&'a ScoredItem, &'a ScoredItem)],
) -> BTreeMap<&'a str, Vec<[&'a ScoredItem; 2]>> {
    let mut found: BTreeMap<&str, Vec<[&ScoredItem; 2]>> = BTreeMap::new();
    for (before, after) in pairs {
        found
            .entry(&before.subset)
            .or_default()
            .push([before, after]);
    }
    found
}

/// What each unit of a subset counts under both models.
pub(super) fn paired_values(
    metric: Metric,
    aspect: Aspect,
    pairs: &[[&ScoredItem; 2]],
) -> PairedValues {
    let [before, after] = [0, 1].map(|side: usize| {
        let side: Vec<&ScoredItem> = pairs.iter().map(|pair| pair[side]).collect();
        units(metric, aspect, &side)
    });
    PairedValues {
        limits: metric.limits(),
        units: before
            .into_iter()
            .zip(after)
            .map(<[f64; 2]>::from)
            .collect(),
    }
}
