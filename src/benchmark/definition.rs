//! A benchmark's definition. `CONTRIBUTING.md` documents the file format.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::benchmark::quickstart;
use crate::benchmark::source::{Files, Source};
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::hub::{self, Hub};
use crate::support::input_file::Directory;
use crate::support::toml_text::from_toml;

/// What is measured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benchmark {
    pub(crate) name: String,
    /// Where the items are, for benchmarks that know it.
    #[serde(default)]
    source: Source,
    /// Expected rows by subset.
    pub subsets: BTreeMap<String, usize>,
    /// How a subset is scored.
    #[serde(default)]
    pub(crate) metric: Metric,
    /// Weights in section scores that are not the expected rows.
    #[serde(default)]
    weights: BTreeMap<String, usize>,
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
    /// The text of the file.
    #[serde(skip)]
    toml: String,
}

/// What is counted in a subset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Pairs whose chosen answer the model prefers, of all pairs.
    #[default]
    PairAccuracy,
}

impl Metric {
    /// What a figure of a subset is.
    pub(crate) fn note(self) -> &'static str {
        match self {
            Self::PairAccuracy => {
                "accuracy: pairs whose chosen answer the model prefers, of all pairs"
            }
        }
    }
}

/// The plain mean of all sections, shown where every one was measured.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Headline {
    /// In JSON documents and in the scope of a gate's rule.
    pub(crate) key: String,
    /// In tables.
    pub(crate) label: String,
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
}

const REWARD_BENCH: &str = include_str!("../../benchmarks/reward-bench.toml");

impl Benchmark {
    /// Names that need no file.
    pub(crate) const BUILT_IN: [&str; 2] = ["reward-bench", "quickstart"];

    /// The built-in RewardBench.
    #[expect(
        clippy::missing_panics_doc,
        reason = "the embedded file is parsed by a test"
    )]
    pub fn reward_bench() -> Self {
        Self::parse(REWARD_BENCH, Path::new("benchmarks/reward-bench.toml"))
            .expect("the embedded definition is valid")
    }

    /// The built-in demonstration.
    pub fn quickstart() -> Result<Self> {
        let home = Directory::Embedded(quickstart::benchmark());
        let mut benchmark = Self::parse(
            &home.file("quickstart.toml").text()?,
            &home.file("quickstart.toml").path(),
        )?;
        benchmark.source.home = Some(home);
        Ok(benchmark)
    }

    /// Those that need no file.
    pub(crate) fn built_in() -> Result<Vec<Self>> {
        Self::BUILT_IN.into_iter().map(Self::find).collect()
    }

    /// Where its pairs come from, in words.
    pub(crate) fn source(&self) -> String {
        self.source.to_string()
    }

    /// A built-in name or a `.toml` file.
    pub fn find(name: &str) -> Result<Self> {
        let path = Path::new(name);
        match name {
            "reward-bench" => return Ok(Self::reward_bench()),
            "quickstart" => return Self::quickstart(),
            _ => {}
        }
        if !path.exists() {
            return Err(
                Error::unavailable(format!("failed to find benchmark: {name}"))
                    .hint("give `reward-bench`, `quickstart` or a .toml file"),
            );
        }
        let mut benchmark = Self::parse(&files::read_text(path)?, path)?;
        benchmark.source.home = path.parent().map(Directory::from);
        benchmark.source.definition = Some(path.to_owned());
        Ok(benchmark)
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

    pub(super) fn parse(text: &str, path: &Path) -> Result<Self> {
        let invalid = || Error::bad_input(format!("failed to parse benchmark: {}", path.display()));
        let mut benchmark: Self = from_toml(text).map_err(|e| invalid().caused_by(e))?;
        text.clone_into(&mut benchmark.toml);
        if let Some(name) = benchmark
            .source
            .files
            .iter()
            .find(|name| !hub::is_relative(name))
        {
            return Err(invalid()
                .caused_by(format!(
                    "key `source.files`: {name} does not lie beside the definition"
                ))
                .hint("give other files with --data"));
        }
        let mut seen = BTreeSet::new();
        let sections = benchmark.sections.iter().flat_map(|s| &s.subsets);
        for subset in sections
            .chain(benchmark.weights.keys())
            .chain(benchmark.variants.iter().flat_map(|v| v.weights.keys()))
        {
            if !benchmark.subsets.contains_key(subset) {
                return Err(invalid().caused_by(format!("`{subset}` is not listed in [subsets]")));
            }
        }
        for variant in &benchmark.variants {
            if benchmark.sections.iter().all(|s| s.name != variant.section) {
                return Err(invalid().caused_by(format!("`{}` is not a section", variant.section)));
            }
        }
        for subset in benchmark.sections.iter().flat_map(|s| &s.subsets) {
            if !seen.insert(subset) {
                return Err(invalid().caused_by(format!("`{subset}` is in two sections")));
            }
        }
        Ok(benchmark)
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
        assert_eq!(benchmark.subsets.len(), 23);
        assert_eq!(benchmark.subsets.values().sum::<usize>(), 2985);
        assert_eq!(
            benchmark
                .sections
                .iter()
                .map(|s| s.subsets.len())
                .sum::<usize>(),
            23
        );
        assert_eq!(
            (benchmark.weight("math-prm"), benchmark.weight("hep-cpp")),
            (984, 164)
        );
    }

    #[test]
    fn a_definition_that_contradicts_itself_is_refused() {
        for text in [
            "name='x'\nsections=[{name='a',subsets=['b']}]\n[subsets]\na=1",
            "name='x'\ncolour=1\n[subsets]\na=1",
            "name='x'\nvariants=[{section='s',label='t',note='n',weights={a=1}}]\n[subsets]\na=1",
            "name='x'\nsections=[{name='s',subsets=['a']},{name='t',subsets=['a']}]\n[subsets]\na=1",
        ] {
            assert!(
                Benchmark::parse(text, Path::new("x.toml")).is_err(),
                "{text}"
            );
        }
    }
}
