//! A benchmark's definition. `CONTRIBUTING.md` documents the file format; `find.rs` reads it,
//! `check.rs` and `without_effect.rs` say what is wrong with it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::benchmark::columns::Columns;
use crate::benchmark::metric::Metric;
use crate::benchmark::source::{Dataset, Files, Source};
use crate::support::error::Result;
use crate::support::files;
use crate::support::hub::Hub;

/// What is measured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benchmark {
    pub(crate) name: String,
    /// Where the items are, for benchmarks that know it.
    #[serde(default)]
    pub(super) source: Source,
    /// The terms under which the items may be used, as their publisher states them.
    #[serde(default)]
    pub(crate) licence: Option<String>,
    /// Which columns of its files are which, where they have other names.
    #[serde(default)]
    pub(super) columns: Columns,
    /// Expected rows by subset; 0 where their number is not established, and not checked.
    pub subsets: BTreeMap<String, usize>,
    /// How subsets are scored, but for those in `metrics`.
    #[serde(default)]
    pub(crate) metric: Metric,
    #[serde(default)]
    pub(super) metrics: BTreeMap<String, Metric>,
    /// Weights in section scores that are not the expected rows.
    #[serde(default)]
    pub(super) weights: BTreeMap<String, usize>,
    /// What the reader must know about the weights.
    #[serde(default)]
    pub(crate) weights_note: Option<String>,
    /// In the order of the table.
    #[serde(default)]
    pub sections: Vec<Section>,
    /// The figure that the benchmark is quoted by, where it is not the average of the subsets.
    #[serde(default)]
    pub(crate) headline: Option<Headline>,
    /// Sections under other weights that somebody published, shown beside their own.
    #[serde(default)]
    pub(crate) variants: Vec<Variant>,
    /// Published tables that compare with it.
    #[serde(default)]
    pub(crate) published: Vec<String>,
    /// What every reader of its figures must know.
    #[serde(default)]
    pub(crate) notes: Vec<String>,
    /// The same of the figures of pairwise models.
    #[serde(default)]
    pub(crate) pairwise_note: Option<String>,
    /// The text of the file.
    #[serde(skip)]
    pub(super) toml: String,
}

/// A mean that the benchmark is quoted by, shown where all of it was measured.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Headline {
    /// In JSON documents and in the scope of a gate's rule.
    pub(crate) key: String,
    /// In tables.
    pub(crate) label: String,
    /// Of what it is the mean.
    #[serde(default)]
    pub(crate) mean: MeanOf,
}

/// What has the same weight in a mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MeanOf {
    /// Each section, but for `weight` of it.
    #[default]
    Sections,
    /// Each subset.
    Subsets,
    /// Each item.
    Items,
}

/// A definition as a run records it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    pub(crate) name: String,
    /// Of the file.
    pub sha256: String,
    /// The file itself; older versions did not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) toml: Option<String>,
}

/// A section with other weights.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    pub(crate) section: String,
    pub(crate) label: String,
    /// What the reader must know about it.
    pub(crate) note: String,
    /// Weights that differ from the section's.
    pub(crate) weights: BTreeMap<String, usize>,
}

/// Subsets that one score sums up.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub name: String,
    pub subsets: Vec<String>,
    /// Its weight in the headline figure.
    #[serde(default = "one")]
    pub(crate) weight: usize,
    /// Whether its items have the same weight, however many of each subset there are.
    #[serde(default)]
    pub(crate) pooled: bool,
}

fn one() -> usize {
    1
}

impl Benchmark {
    /// Where its pairs come from, in words.
    pub(crate) fn source(&self) -> String {
        self.source.to_string()
    }

    /// Of the hub, where its items are in one.
    pub(crate) fn dataset(&self) -> Option<Dataset> {
        self.source.dataset()
    }

    /// What a run records of it.
    pub(crate) fn definition(&self) -> Definition {
        let sha256 = files::digest(&self.toml);
        Definition {
            name: self.name.clone(),
            sha256,
            toml: Some(self.toml.clone()),
        }
    }

    /// The files with the items, downloaded first where they are in a dataset of the hub.
    pub fn files(&self, hub: &Hub) -> Result<Files> {
        self.source.files(&self.name, hub)
    }

    /// Whether it says of each subset how many items that has.
    pub(crate) fn is_counted(&self) -> bool {
        self.subsets.values().all(|n| *n > 0)
    }

    /// How a subset is scored.
    pub(crate) fn metric_of(&self, subset: &str) -> Metric {
        self.metrics.get(subset).copied().unwrap_or(self.metric)
    }

    /// The same where there may be no benchmark: its items are pairs then.
    pub(crate) fn metric_in(benchmark: Option<&Self>, subset: &str) -> Metric {
        benchmark.map_or(Metric::default(), |own| own.metric_of(subset))
    }

    /// Whether all items are scored alike, so that a mean over them says something.
    pub(crate) fn is_one_sample(&self) -> bool {
        let mut metrics = self.subsets.keys().map(|subset| self.metric_of(subset));
        let first = metrics.next().unwrap_or_default();
        first.is_by_item() && metrics.all(|metric| metric == first)
    }

    /// The metrics of its subsets, each once.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        let mut metrics: Vec<Metric> = Vec::new();
        for subset in self.subsets.keys() {
            let metric = self.metric_of(subset);
            if !metrics.contains(&metric) {
                metrics.push(metric);
            }
        }
        metrics
    }

    /// Which columns of its files are which, as `--map` says it; `None` for the usual ones.
    pub(crate) fn columns(&self) -> Option<String> {
        self.columns.map().ok().flatten()
    }

    /// The subset to which rows belong that name it so: its own name, or, where the definition
    /// says so, the longest that the name begins with.
    pub(crate) fn subset_of<'a>(&'a self, named: &'a str) -> &'a str {
        if let Some(only) = &self.columns.subset_is {
            return only;
        }
        if !self.columns.subset_begins_with || self.subsets.contains_key(named) {
            return named;
        }
        let begins = self
            .subsets
            .keys()
            .filter(|own| named.starts_with(own.as_str()));
        begins
            .max_by_key(|own| own.len())
            .map_or(named, String::as_str)
    }

    /// Weight of a subset in its section's score.
    pub fn weight(&self, subset: &str) -> usize {
        self.weights
            .get(subset)
            .or_else(|| self.subsets.get(subset))
            .copied()
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reward_bench_is_whole() {
        let benchmark = Benchmark::reward_bench();
        let rows = benchmark.subsets.values().sum::<usize>();
        let sections = benchmark.sections.iter();
        let in_sections = sections.map(|own| own.subsets.len()).sum::<usize>();
        assert_eq!((benchmark.subsets.len(), rows, in_sections), (23, 2985, 23));
        assert_eq!(
            (benchmark.weight("math-prm"), benchmark.weight("hep-cpp")),
            (984, 164)
        );
    }
}
