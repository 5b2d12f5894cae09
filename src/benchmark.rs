//! What is measured: subsets with their sizes, sections with their weights.

use std::collections::BTreeMap;
use std::path::Path;

use globset::{GlobBuilder, GlobSet};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::files::{Directory, InputFile};
use crate::fsio;
use crate::hub::{self, Hub, Repository};
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
    /// Sections under other weights that somebody published, shown beside their own.
    #[serde(default)]
    pub variants: Vec<Variant>,
    /// Published tables that compare with it.
    #[serde(default)]
    pub published: Vec<String>,
}

/// A dataset of the hub, or files beside the definition.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    /// `owner/name` of a dataset repository.
    dataset: Option<String>,
    /// Its branch, tag or commit.
    revision: Option<String>,
    /// Names the files as dataset repositories do: `data/SPLIT-*.parquet`.
    split: Option<String>,
    #[serde(default)]
    files: Vec<String>,
    #[serde(skip)]
    home: Option<Directory>,
}

/// A section with other weights.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    pub section: String,
    pub label: String,
    /// What the reader must know about it.
    pub note: String,
    /// Weights that differ from the section's.
    pub weights: BTreeMap<String, usize>,
}

/// Where a run's pairs come from.
#[derive(Debug, Clone, Default)]
pub struct Files {
    pub files: Vec<InputFile>,
    /// `owner/name@commit` of the hub dataset, where they come from one.
    pub dataset: Option<String>,
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
    /// Names that need no file.
    pub const BUILT_IN: [&str; 2] = ["reward-bench", "quickstart"];

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

    /// The one benchmark of several runs, by the names that were typed. Different ones are refused; a run of bare
    /// files (`None`) fits to any, if its pairs do.
    pub fn common(names: &[Option<&str>], notes: &mut Vec<String>) -> Result<Self> {
        // A definition may have been named by different paths.
        let stem = |name: &str| Path::new(name).file_stem().map(ToOwned::to_owned);
        let named: Vec<&str> = names.iter().copied().flatten().collect();
        if let Some([one, other]) = named.array_windows().find(|[one, other]| stem(one) != stem(other)) {
            return Err(Error::usage(format!("failed to put results side by side: the benchmarks differ: {one} and {other}"))
                .hint("run all models on the same benchmark; a published table has its own"));
        }
        let Some(name) = named.last() else { return Ok(Self::reward_bench()) };
        Ok(Self::find(name).unwrap_or_else(|error| {
            notes.push(format!("the definition {name} cannot be read any more, so that its sections are not shown: {error}"));
            Self::reward_bench()
        }))
    }

    /// The files with the pairs, downloaded first where they are in a hub dataset.
    pub fn files(&self, hub: &Hub) -> Result<Files> {
        let source = &self.source;
        let Some(dataset) = &source.dataset else {
            let files = source.home.iter().flat_map(|home| source.files.iter().map(|name| home.file(name))).collect();
            return Ok(Files { files, dataset: None });
        };
        let invalid = |what: String| Error::bad_input(format!("failed to find the pairs of benchmark: {}", self.name)).caused_by(what);
        let revision = source.revision.as_deref().unwrap_or("main");
        let repository: Repository = format!("{dataset}@{revision}").parse().map_err(|e| invalid(format!("key `source.dataset`: {e}")))?;
        let repository = Repository { kind: hub::Kind::Dataset, ..repository };
        let split = source.split.iter().map(|split| format!("data/{split}-*.parquet"));
        let patterns: Vec<String> = if source.files.is_empty() { split.collect() } else { source.files.clone() };
        let mut wanted = GlobSet::builder();
        for pattern in &patterns {
            wanted.add(GlobBuilder::new(pattern).literal_separator(true).build().map_err(|e| invalid(format!("key `source.files`: {e}")))?);
        }
        let wanted = wanted.build().map_err(|e| invalid(e.to_string()))?;
        let snapshot = hub.snapshot(&repository, &wanted)?;
        let files = fsio::files_below(&snapshot.directory)?.into_iter().filter(|name| wanted.is_match(name));
        let files: Vec<InputFile> = files.map(|name| InputFile::OnDisk(snapshot.directory.join(name))).collect();
        if files.is_empty() {
            return Err(Error::unavailable(format!("failed to find the pairs of benchmark: {}", self.name))
                .caused_by(format!("{} has no file {}", snapshot.directory.display(), patterns.join(", ")))
                .hint(format!("with a network: pairbench fetch {}; or give the files with --data", self.name)));
        }
        Ok(Files { files, dataset: Some(format!("{dataset}@{}", snapshot.commit)) })
    }

    fn parse(text: &str, path: &Path) -> Result<Self> {
        let invalid = || Error::bad_input(format!("failed to parse benchmark: {}", path.display()));
        let benchmark: Self = toml::from_str(text).map_err(|e| invalid().caused_by(e))?;
        if let Some(name) = benchmark.source.files.iter().find(|name| !hub::is_relative(name)) {
            return Err(invalid().caused_by(format!("key `source.files`: {name} does not lie beside the definition")).hint("give other files with --data"));
        }
        let mut seen = std::collections::BTreeSet::new();
        let sections = benchmark.sections.iter().flat_map(|s| &s.subsets);
        for subset in sections.chain(benchmark.weights.keys()).chain(benchmark.variants.iter().flat_map(|v| v.weights.keys())) {
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
            "name='x'\nvariants=[{section='s',label='t',note='n',weights={a=1}}]\n[subsets]\na=1",
            "name='x'\nsections=[{name='s',subsets=['a']},{name='t',subsets=['a']}]\n[subsets]\na=1",
        ] {
            assert!(Benchmark::parse(text, Path::new("x.toml")).is_err(), "{text}");
        }
    }
}
