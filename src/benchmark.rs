//! What is measured: subsets with their sizes, sections with their weights.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use globset::{GlobBuilder, GlobSet};
use serde::{Deserialize, Serialize};

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
    /// Of the file.
    #[serde(skip)]
    sha256: String,
}

/// What tells one definition from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    pub name: String,
    /// Of the file.
    pub sha256: String,
}

/// How a run calls its benchmark: as it was typed, and which definition that was then.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    pub typed: &'a str,
    /// Published tables have none, nor have runs of versions that did not record it.
    pub definition: Option<&'a Definition>,
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
    /// Where they come from one.
    pub dataset: Option<Dataset>,
}

/// A dataset of the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// `owner/name`.
    pub id: String,
    /// The commit that was read.
    pub revision: String,
    /// `None` where the definition names files instead.
    pub split: Option<String>,
}

impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.revision)
    }
}

/// Subsets that one score sums up.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub name: String,
    pub subsets: Vec<String>,
}

impl Named<'_> {
    /// By content where both know it: a definition may be named by several paths, and a path may come to hold another.
    fn is(&self, other: &Self) -> bool {
        match (self.definition, other.definition) {
            (Some(one), Some(other)) => one.sha256 == other.sha256,
            _ => Path::new(self.typed).file_stem() == Path::new(other.typed).file_stem(),
        }
    }
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

    /// The one benchmark of several runs. Different ones are refused; a run of bare files (`None`) fits to any, if its
    /// pairs do.
    pub fn common(runs: &[Option<Named>], notes: &mut Vec<String>) -> Result<Self> {
        let named: Vec<&Named> = runs.iter().flatten().collect();
        let pairs = named.iter().enumerate().flat_map(|(at, one)| named[at + 1..].iter().map(move |other| (*one, *other)));
        if let Some((one, other)) = pairs.into_iter().find(|(one, other)| !one.is(other)) {
            let error = Error::usage(format!("failed to put results side by side: the benchmarks differ: {} and {}", one.typed, other.typed))
                .hint("run all models on the same benchmark; a published table has its own");
            let (Some(one), Some(other)) = (one.definition, other.definition) else { return Err(error) };
            return Err(error.caused_by(format!("definition {} (SHA-256 {}) and {} (SHA-256 {})", one.name, one.sha256, other.name, other.sha256)));
        }
        let Some(Named { typed, .. }) = named.last() else { return Ok(Self::reward_bench()) };
        match Self::find(typed) {
            Ok(found) => {
                if named.iter().filter_map(|run| run.definition).any(|recorded| recorded.sha256 != found.sha256) {
                    notes.push(format!("the definition {typed} has changed since the run (SHA-256); its sections are shown as they are now"));
                }
                Ok(found)
            }
            Err(error) => {
                notes.push(format!("the definition {typed} cannot be read any more, so that its sections are not shown: {error}"));
                Ok(Self::reward_bench())
            }
        }
    }

    /// What tells it from others.
    pub fn definition(&self) -> Definition {
        Definition { name: self.name.clone(), sha256: self.sha256.clone() }
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
        let dataset = Dataset { id: dataset.clone(), revision: snapshot.commit, split: source.split.clone() };
        Ok(Files { files, dataset: Some(dataset) })
    }

    fn parse(text: &str, path: &Path) -> Result<Self> {
        let invalid = || Error::bad_input(format!("failed to parse benchmark: {}", path.display()));
        let mut benchmark: Self = toml::from_str(text).map_err(|e| invalid().caused_by(e))?;
        benchmark.sha256 = fsio::digest(text);
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

    #[test]
    fn definitions_are_the_same_by_content_or_else_by_name() {
        let [quickstart, other] = ["a", "b"].map(|sha256| Definition { name: "quickstart".to_owned(), sha256: sha256.repeat(64) });
        let named = |typed, definition| Some(Named { typed, definition });
        let common = |runs: &[Option<Named>]| {
            let mut notes = Vec::new();
            Benchmark::common(runs, &mut notes).map(|found| (found.name, notes.len()))
        };
        let old = named("quickstart", None);
        let recorded = Benchmark::quickstart().unwrap().definition();
        assert_eq!(common(&[old, None, named("some/quickstart.toml", None), old]).unwrap(), ("quickstart".to_owned(), 0));
        assert_eq!(common(&[old, named("quickstart", Some(&recorded))]).unwrap(), ("quickstart".to_owned(), 0));
        // A copy under another name is the same; what it was is not what it is now.
        assert_eq!(common(&[named("copy.toml", Some(&quickstart)), named("quickstart", Some(&quickstart))]).unwrap(), ("quickstart".to_owned(), 1));
        let error = common(&[named("quickstart", Some(&quickstart)), old, named("quickstart", Some(&other))]).unwrap_err().render();
        assert!(
            error.contains("the benchmarks differ: quickstart and quickstart\n  caused by: definition quickstart (SHA-256 aaaa") && error.contains("bbbb)"),
            "{error}"
        );
        assert!(common(&[old, named("reward-bench", None)]).is_err());
        assert_eq!(common(&[None]).unwrap().0, "reward-bench");
    }
}
