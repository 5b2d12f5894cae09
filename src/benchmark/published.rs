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
    /// What a reader must know of its figures, contradictions above all.
    #[serde(default)]
    pub(crate) note: Option<String>,
    pub(crate) models: Vec<PublishedModel>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedModel {
    /// Hub repository, as printed.
    pub(crate) name: String,
    /// Another name of the same model.
    alias: Option<String>,
    /// The input contract, as the source calls it.
    #[serde(default)]
    pub(crate) template: Option<String>,
    #[serde(default)]
    subsets: BTreeMap<String, f64>,
    /// The benchmark's headline figure, where it is printed.
    #[serde(default)]
    pub(crate) headline: Option<f64>,
    /// The plain mean, where it is printed.
    #[serde(default)]
    pub(crate) average: Option<f64>,
    /// Section scores as printed, by the section or variant of the benchmark that weighs alike.
    #[serde(default)]
    pub(crate) sections: BTreeMap<String, f64>,
}

/// What `--published NAME[:MODEL]` asks for: a table, and one of its models where it is named.
#[derive(Debug, Clone)]
pub struct PublishedChoice {
    pub(crate) table: Published,
    pub(crate) model: Option<PublishedModel>,
}

const TABLES: [&str; 8] = [
    include_str!("../../benchmarks/published/model-card.toml"),
    include_str!("../../benchmarks/published/rewardbench-paper.toml"),
    include_str!("../../benchmarks/published/results-raw.toml"),
    include_str!("../../benchmarks/published/results-pythia-first.toml"),
    include_str!("../../benchmarks/published/results-pythia.toml"),
    include_str!("../../benchmarks/published/results-tokenizer.toml"),
    include_str!("../../benchmarks/published/skywork-v2.toml"),
    include_str!("../../benchmarks/published/skywork-v2-rm-bench.toml"),
];

impl Published {
    /// Every table, in the order of publication date of what they hold.
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

impl PublishedChoice {
    /// # Errors
    /// No such table, or no such model in it.
    pub fn find(text: &str) -> Result<Self> {
        let Some((name, model)) = text.split_once(':') else {
            let table = Published::find(text)?;
            return Ok(Self { table, model: None });
        };
        let table = Published::find(name)?;
        let known = table.model(model).cloned();
        let names: Vec<&str> = table.models.iter().map(|m| m.name.as_str()).collect();
        let unknown = || {
            Error::usage(format!("failed to find published model: {model}"))
                .hint(format!("{name} has: {}", names.join(", ")))
        };
        let model = Some(known.ok_or_else(unknown)?);
        Ok(Self { table, model })
    }
}

impl PublishedModel {
    /// Whether somebody may mean it by this name: that of its repository, or the last part.
    pub(crate) fn is(&self, name: &str) -> bool {
        let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_lowercase();
        self.names().any(|own| last(own) == last(name))
    }

    /// Whether it was measured with this repository of the hub.
    pub(crate) fn is_repository(&self, repository: &str) -> bool {
        self.names().any(|own| own.eq_ignore_ascii_case(repository))
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.alias.as_deref())
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

    #[test]
    fn a_choice_names_a_table_and_may_name_a_model() {
        let choice =
            |text| PublishedChoice::find(text).map(|found| found.model.map(|model| model.name));
        assert_eq!(choice("model-card").unwrap(), None);
        assert_eq!(
            choice("rewardbench-paper:Better-PairRM").unwrap().unwrap(),
            "mightbe/Better-PairRM"
        );
        let error = choice("model-card:pairrm").unwrap_err().render();
        assert!(
            error.contains("model-card has: llm-blender/PairRM-hf, maywell/Better-PairRM"),
            "{error}"
        );
        assert!(choice("none:PairRM-hf").is_err());
    }

    #[test]
    fn only_a_repository_is_the_measured_model() {
        let paper = Published::find("rewardbench-paper").unwrap();
        let model = paper.model("Better-PairRM").unwrap();
        assert!(model.is_repository("maywell/Better-PairRM"));
        assert!(!model.is_repository("quickstart/better-pairrm"));
        assert!(!model.is_repository("better-pairrm"));
    }
}
