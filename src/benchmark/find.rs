//! A benchmark by its name or its file: the text of a definition → a [`Benchmark`], or what is wrong
//! with it.

use std::path::Path;

use crate::benchmark::built_in;
use crate::benchmark::definition::Benchmark;
use crate::benchmark::quickstart;
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::hub;
use crate::support::input_file::Directory;
use crate::support::toml_text::from_toml;

impl Benchmark {
    /// The built-in RewardBench.
    #[expect(
        clippy::missing_panics_doc,
        reason = "a test finds every built-in definition"
    )]
    pub fn reward_bench() -> Self {
        Self::find("reward-bench").expect("the embedded definition is valid")
    }

    /// The built-in demonstration.
    pub fn quickstart() -> Result<Self> {
        let home = Directory::Embedded(quickstart::benchmark());
        let file = home.file("quickstart.toml");
        let mut benchmark = Self::parse(&file.text()?, &file.path())?;
        benchmark.source.home = Some(home);
        benchmark.licence = built_in::licence(built_in::QUICKSTART).map(str::to_owned);
        Ok(benchmark)
    }

    /// Those that need no file.
    pub(crate) fn built_in() -> Result<Vec<Self>> {
        built_in::names().map(Self::find).collect()
    }

    /// Whether one of this name needs no file.
    pub(crate) fn is_built_in(name: &str) -> bool {
        Self::built_in_names().any(|known| known == name)
    }

    /// The names of those that need no file.
    pub(crate) fn built_in_names() -> impl Iterator<Item = &'static str> {
        built_in::names()
    }

    /// A built-in name or a `.toml` file.
    pub fn find(name: &str) -> Result<Self> {
        if let Some(text) = built_in::text(name) {
            let path = format!("benchmarks/{name}.toml");
            let mut benchmark = Self::parse(text, Path::new(&path))?;
            let licence = || built_in::licence(name).map(str::to_owned);
            benchmark.licence = benchmark.licence.or_else(licence);
            return Ok(benchmark);
        }
        if name == built_in::QUICKSTART {
            return Self::quickstart();
        }
        let path = Path::new(name);
        if !path.exists() {
            return Err(
                Error::unavailable(format!("failed to find benchmark: {name}")).hint(format!(
                    "give a .toml file or one of: {}",
                    built_in::names().collect::<Vec<_>>().join(", ")
                )),
            );
        }
        let mut benchmark = Self::parse(&files::read_text(path)?, path)?;
        // Not of a finished run's definition, whose figures are what they are.
        benchmark
            .check_names()
            .and_then(|()| benchmark.check_effects())
            .map_err(|what| invalid(path).caused_by(what))?;
        benchmark.source.home = path.parent().map(Directory::from);
        benchmark.source.definition = Some(path.to_owned());
        Ok(benchmark)
    }

    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self> {
        let mut benchmark: Self = from_toml(text).map_err(|e| invalid(path).caused_by(e))?;
        text.clone_into(&mut benchmark.toml);
        if let Some(name) = benchmark
            .source
            .files
            .iter()
            .find(|name| !hub::is_relative(name))
        {
            return Err(invalid(path)
                .caused_by(format!(
                    "key `source.files`: {name} does not lie beside the definition"
                ))
                .hint("give other files with --data"));
        }
        benchmark.check().map_err(|e| invalid(path).caused_by(e))?;
        Ok(benchmark)
    }
}

fn invalid(path: &Path) -> Error {
    Error::bad_input(format!("failed to parse benchmark: {}", path.display()))
}
