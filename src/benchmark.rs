//! What is measured: subsets with their sizes, sections with their weights.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::files::{Directory, InputFile};
use crate::fsio;
use crate::quickstart;

/// A benchmark definition. The file format is documented in `CONTRIBUTING.md`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benchmark {
    pub name: String,
    /// Where the pairs are, for benchmarks that know it.
    #[serde(default)]
    source: Source,
    /// Expected rows by subset.
    pub subsets: BTreeMap<String, usize>,
    /// Weights in section scores that are not the expected rows.
    #[serde(default)]
    weights: BTreeMap<String, usize>,
    /// In the order of the table.
    #[serde(default)]
    pub sections: Vec<Section>,
}

/// Files beside the definition.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    #[serde(default)]
    files: Vec<String>,
    #[serde(skip)]
    home: Option<Directory>,
}

/// Subsets that one score sums up.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub name: String,
    pub subsets: Vec<String>,
}

const REWARD_BENCH: &str = include_str!("../benchmarks/reward-bench.toml");

impl Benchmark {
    /// The built-in RewardBench.
    #[expect(clippy::missing_panics_doc, reason = "the embedded file is parsed by a test")]
    pub fn reward_bench() -> Self {
        Self::parse(REWARD_BENCH, Path::new("benchmarks/reward-bench.toml")).expect("the embedded definition is valid")
    }

    /// The built-in demonstration.
    pub fn quickstart() -> Result<Self> {
        let home = Directory::Embedded(quickstart::benchmark());
        let mut benchmark = Self::parse(&home.file("quickstart.toml").text()?, &home.file("quickstart.toml").path())?;
        benchmark.source.home = Some(home);
        Ok(benchmark)
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
            return Err(Error::unavailable(format!("failed to find benchmark: {name}")).hint("give `reward-bench`, `quickstart` or a .toml file"));
        }
        let mut benchmark = Self::parse(&fsio::read_text(path)?, path)?;
        benchmark.source.home = path.parent().map(Directory::from);
        Ok(benchmark)
    }

    /// The files with the pairs; none where the definition names none.
    pub fn files(&self) -> Vec<InputFile> {
        self.source.home.iter().flat_map(|home| self.source.files.iter().map(|name| home.file(name))).collect()
    }

    fn parse(text: &str, path: &Path) -> Result<Self> {
        let invalid = || Error::bad_input(format!("failed to parse benchmark: {}", path.display()));
        let benchmark: Self = toml::from_str(text).map_err(|e| invalid().caused_by(e))?;
        let mut seen = std::collections::BTreeSet::new();
        for subset in benchmark.sections.iter().flat_map(|s| &s.subsets).chain(benchmark.weights.keys()) {
            if !benchmark.subsets.contains_key(subset) {
                return Err(invalid().caused_by(format!("`{subset}` is not listed in [subsets]")));
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
        self.weights.get(subset).or_else(|| self.subsets.get(subset)).copied().unwrap_or(0)
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
        assert_eq!(benchmark.sections.iter().map(|s| s.subsets.len()).sum::<usize>(), 23);
        assert_eq!((benchmark.weight("math-prm"), benchmark.weight("hep-cpp")), (984, 164));
    }

    #[test]
    fn a_definition_that_contradicts_itself_is_refused() {
        for text in [
            "name='x'\nsections=[{name='a',subsets=['b']}]\n[subsets]\na=1",
            "name='x'\ncolour=1\n[subsets]\na=1",
            "name='x'\nsections=[{name='s',subsets=['a']},{name='t',subsets=['a']}]\n[subsets]\na=1",
        ] {
            assert!(Benchmark::parse(text, Path::new("x.toml")).is_err(), "{text}");
        }
    }
}
