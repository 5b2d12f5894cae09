//! Published accuracies, to stand beside measured ones.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::benchmark::definition::Benchmark;
use crate::support::error::{Error, Result};

/// A table as somebody published it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    pub(crate) name: String,
    pub(crate) title: String,
    /// Where it can be read.
    pub(crate) source: String,
    /// The benchmark whose subsets it has.
    pub(crate) benchmark: String,
    pub(crate) models: Vec<PublishedModel>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedModel {
    /// Hub repository, as printed.
    pub(crate) name: String,
    /// Another name of the same model.
    alias: Option<String>,
    subsets: BTreeMap<String, f64>,
    /// The plain mean, where it is printed.
    #[serde(default)]
    pub(crate) average: Option<f64>,
    /// Section scores as printed.
    #[serde(default)]
    pub(crate) sections: BTreeMap<String, f64>,
}

const TABLES: [&str; 2] = [
    include_str!("../../benchmarks/published/model-card.toml"),
    include_str!("../../benchmarks/published/rewardbench-paper.toml"),
];

impl Published {
    /// Every table, in the order of publication date of what they hold.
    #[expect(
        clippy::missing_panics_doc,
        reason = "the embedded files are parsed by a test"
    )]
    pub(crate) fn all() -> Vec<Self> {
        TABLES
            .iter()
            .map(|text| toml::from_str(text).expect("the embedded table is valid"))
            .collect()
    }

    pub fn find(name: &str) -> Result<Self> {
        let tables = Self::all();
        let names = tables
            .iter()
            .map(|t| t.name.clone())
            .collect::<Vec<_>>()
            .join(", ");
        let found = tables.into_iter().find(|table| table.name == name);
        found.ok_or_else(|| {
            Error::usage(format!("failed to find published table: {name}"))
                .hint(format!("the tables are: {names}"))
        })
    }

    /// The column of a model: of its repository, or of one with the same last part.
    pub fn model(&self, name: &str) -> Option<&PublishedModel> {
        self.models.iter().find(|model| model.is(name))
    }
}

impl PublishedModel {
    fn is(&self, name: &str) -> bool {
        let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_lowercase();
        [Some(&self.name), self.alias.as_ref()]
            .into_iter()
            .flatten()
            .any(|own| last(own) == last(name))
    }

    /// The counts behind the printed accuracies: correct pairs and all pairs by subset. All are
    /// whole: k/n rounds to what is printed for one k only.
    pub fn counts(&self, benchmark: &Benchmark) -> BTreeMap<String, [usize; 2]> {
        let count = |(subset, accuracy): (&String, &f64)| {
            let n = *benchmark.subsets.get(subset)?;
            Some((subset.clone(), [nearest(*accuracy, n), n]))
        };
        self.subsets.iter().filter_map(count).collect()
    }

    /// As it is printed.
    pub(crate) fn subset(&self, name: &str) -> Option<f64> {
        self.subsets.get(name).copied()
    }
}

/// The count whose share of `n` is nearest to `accuracy`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small counts, shares from 0 to 1"
)]
fn nearest(accuracy: f64, n: usize) -> usize {
    (accuracy.clamp(0.0, 1.0) * n as f64).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_found_under_every_name() {
        let paper = Published::find("rewardbench-paper").unwrap();
        for name in ["maywell/Better-PairRM", "Better-PairRM", "better-pairrm"] {
            assert_eq!(paper.model(name).unwrap().name, "mightbe/Better-PairRM");
        }
        assert!(paper.model("other").is_none());
        assert!(Published::find("none").is_err());
    }
}
