//! The benchmark of a finished run, as its record has it.

use std::path::Path;

use crate::benchmark::definition::{Benchmark, Definition};
use crate::support::error::{Error, Result};

/// How a run calls its benchmark: as it was typed, and which definition that was then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'a> {
    pub(crate) typed: &'a str,
    /// Published tables have none, nor have runs of versions that did not record it.
    pub(crate) definition: Option<&'a Definition>,
}

impl Named<'_> {
    /// By content where both know it: a definition may be named by several paths, and a path may
    /// come to hold another. Else by name.
    fn is(&self, other: &Self) -> bool {
        match (self.definition, other.definition) {
            (Some(one), Some(other)) if one.toml.is_some() == other.toml.is_some() => {
                one.sha256 == other.sha256
            }
            _ => self.name() == other.name(),
        }
    }

    fn name(&self) -> &str {
        let stem = || Path::new(self.typed).file_stem()?.to_str();
        self.definition
            .map_or_else(|| stem().unwrap_or(self.typed), |own| &own.name)
    }

    /// The definition as it was then, else what has its name now.
    fn open(&self) -> Result<Benchmark> {
        match self.definition.and_then(|own| own.toml.as_deref()) {
            Some(toml) => Benchmark::parse(toml, Path::new(self.typed)),
            None => Benchmark::find(self.typed),
        }
    }
}

impl Definition {
    /// As [`Benchmark::is_counted`]; of the built-in one of its name where no text was recorded.
    pub(crate) fn is_counted(&self) -> bool {
        let own = match &self.toml {
            Some(toml) => Benchmark::parse(toml, Path::new(&self.name)).ok(),
            None if Benchmark::is_built_in(&self.name) => Benchmark::find(&self.name).ok(),
            None => None,
        };
        own.is_some_and(|own| own.is_counted())
    }
}

/// The one benchmark of several runs; `None` where none names one. Different ones are refused; a
/// run of bare files (`None`) fits to any, if its items do.
pub(crate) fn common(runs: &[Option<Named>], notes: &mut Vec<String>) -> Result<Option<Benchmark>> {
    let named: Vec<&Named> = runs.iter().flatten().collect();
    let pairs = named
        .iter()
        .enumerate()
        .flat_map(|(at, one)| named[at + 1..].iter().map(move |other| (*one, *other)));
    if let Some((one, other)) = pairs.into_iter().find(|(one, other)| !one.is(other)) {
        return Err(different(one, other));
    }
    let recorded = named
        .iter()
        .find(|run| run.definition.is_some_and(|own| own.toml.is_some()));
    let Some(run) = recorded.or(named.last()) else {
        return Ok(None);
    };
    match run.open() {
        Ok(found) => {
            let now = found.definition().sha256;
            if named
                .iter()
                .filter_map(|run| run.definition)
                .any(|then| then.sha256 != now)
            {
                notes.push(format!(
                    "the definition {} has changed since one of the runs (SHA-256); its sections \
                     are shown as in the newer version",
                    run.typed
                ));
            }
            Ok(Some(found))
        }
        Err(error) => {
            notes.push(format!(
                "without sections: the definition {} cannot be read any more: {error}",
                run.typed
            ));
            Ok(None)
        }
    }
}

fn different(one: &Named, other: &Named) -> Error {
    let error = Error::usage(format!(
        "failed to put results side by side: the benchmarks differ: {} and {}",
        one.typed, other.typed
    ))
    .hint("run all models on the same benchmark; a published table has its own");
    let (Some(one), Some(other)) = (one.definition, other.definition) else {
        return error;
    };
    error.caused_by(format!(
        "definition {} (SHA-256 {}) and {} (SHA-256 {})",
        one.name, one.sha256, other.name, other.sha256
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(runs: &[Option<Named>]) -> Result<(Option<String>, usize)> {
        let mut notes = Vec::new();
        common(runs, &mut notes).map(|found| (found.map(|own| own.name), notes.len()))
    }

    #[expect(clippy::unnecessary_wraps, reason = "a run may have none")]
    fn named<'a>(typed: &'a str, definition: Option<&'a Definition>) -> Option<Named<'a>> {
        Some(Named { typed, definition })
    }

    #[test]
    fn definitions_are_the_same_by_content_or_else_by_name() {
        let own = Benchmark::quickstart().unwrap().definition();
        let of_another_version = |sha256: &str| Definition {
            name: "quickstart".to_owned(),
            sha256: sha256.repeat(64),
            toml: None,
        };
        let [old, other] = ["a", "b"].map(of_another_version);
        let (quickstart, bare) = (Some("quickstart".to_owned()), named("quickstart", None));
        let copy = named("some/quickstart.toml", None);
        assert_eq!(
            found(&[bare, None, copy, bare]).unwrap(),
            (quickstart.clone(), 0)
        );
        assert_eq!(
            found(&[bare, named("copy.toml", Some(&own))]).unwrap(),
            (quickstart.clone(), 0)
        );
        // An older version recorded no more than a hash: its name must do, and that is said.
        let both = [
            named("quickstart", Some(&own)),
            named("quickstart", Some(&old)),
        ];
        assert_eq!(found(&both).unwrap(), (quickstart, 1));
        let both = [
            named("quickstart", Some(&old)),
            bare,
            named("quickstart", Some(&other)),
        ];
        let error = found(&both).unwrap_err().render();
        let said = "the benchmarks differ: quickstart and quickstart\n  caused by: definition \
            quickstart (SHA-256 aaaa";
        assert!(error.contains(said) && error.contains("bbbb)"), "{error}");
        assert!(found(&[bare, named("reward-bench", None)]).is_err());
        assert_eq!(found(&[None]).unwrap(), (None, 0));
    }

    #[test]
    fn a_run_carries_its_definition() {
        let mut own = Benchmark::quickstart().unwrap().definition();
        own.toml = own
            .toml
            .map(|toml| toml.replace("name = \"quickstart\"", "name = \"mine\""));
        let run = named("gone/mine.toml", Some(&own));
        assert_eq!(
            common(&[run], &mut Vec::new()).unwrap().unwrap().name,
            "mine"
        );
    }
}
