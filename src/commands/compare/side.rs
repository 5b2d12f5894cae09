//! What stands on one side of a comparison: a run directory or a published table, and one model of
//! it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::benchmark::published::Published;
use crate::benchmark::{Benchmark, Named};
use crate::commands::named_run;
use crate::comparison::published::{Counted, PrintedMeans, tallies};
use crate::metrics::Tally;
use crate::report::Origin;
use crate::scoring::ScoredItem;
use crate::scoring::run_dir::RunDir;
use crate::scoring::run_dir::record::StoppedEarly;
use crate::support::error::{Error, Result};

/// What stands on one side.
pub(crate) enum Side {
    Run(Box<RunDir>),
    Table(Published),
}

/// A side with the model that was chosen from it.
pub(crate) struct Chosen<'a> {
    side: &'a Side,
    model: String,
}

/// A run to compare with, and which of its models: the one named, or its only one, or the one
/// called `candidate`.
pub(crate) fn baseline(text: &str, candidate: &str) -> Result<(RunDir, String)> {
    let side = Side::find(text)?;
    let named = split(text).and_then(|(name, model)| Some((name, model?)));
    let models = side.models();
    let found = match (named, models.as_slice()) {
        (None, [only]) => Some(*only),
        (None, _) => side.model(candidate),
        (Some((name, wanted)), _) => {
            let unknown = || named_run::unknown_model(name, wanted, &models);
            Some(side.model(wanted).ok_or_else(unknown)?)
        }
    };
    let found = found.map(ToOwned::to_owned);
    let list = models.join(", ");
    match (side, found) {
        (Side::Run(run), Some(model)) => Ok((*run, model)),
        (Side::Run(_), None) => Err(Error::usage(format!(
            "failed to choose the model to compare with: {text} has \
                {list}"
        ))
        .hint("name it: --against DIR:MODEL")),
        (Side::Table(_), _) => Err(Error::usage(format!(
            "failed to compare with {text} while scoring: a published table has no verdicts"
        ))
        .hint(
            "give the directory of a run; `pairbench compare` puts a finished run beside a \
                published table",
        )),
    }
}

/// `DIR|TABLE[:MODEL]`.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    named_run::split(text, |name| {
        Path::new(name).is_dir() || Published::find(name).is_ok()
    })
}

impl Side {
    pub(crate) fn find(text: &str) -> Result<Self> {
        let Some((name, _)) = split(text) else {
            let tables = Published::all()
                .into_iter()
                .map(|table| table.name)
                .collect::<Vec<_>>()
                .join(", ");
            return Err(
                Error::unavailable(format!("failed to find run: {text}")).hint(format!(
                    "give a directory that `pairbench run --out DIR` wrote, or a \
                    published table: {tables}"
                )),
            );
        };
        if Path::new(name).is_dir() {
            RunDir::open(Path::new(name)).map(|run| Self::Run(Box::new(run)))
        } else {
            Published::find(name).map(Self::Table)
        }
    }

    fn models(&self) -> Vec<&str> {
        match self {
            Self::Run(run) => run.models.iter().map(|(name, _)| name.as_str()).collect(),
            Self::Table(table) => table
                .models
                .iter()
                .map(|model| model.name.as_str())
                .collect(),
        }
    }

    /// Its own name of the model that somebody calls `name`; published models have several.
    fn model(&self, name: &str) -> Option<&str> {
        match self {
            Self::Run(run) => run
                .models
                .iter()
                .find(|(known, _)| known == name)
                .map(|(known, _)| known.as_str()),
            Self::Table(table) => table.model(name).map(|model| model.name.as_str()),
        }
    }
}

/// The models named, or the only ones, or the only two that are called alike.
pub(crate) fn choose<'a>(sides: &'a [Side; 2], typed: [&str; 2]) -> Result<[Chosen<'a>; 2]> {
    let ambiguous = || {
        let list = sides
            .iter()
            .zip(typed)
            .map(|(side, typed)| format!("{typed} has {}", side.models().join(", ")))
            .collect::<Vec<_>>()
            .join("; ");
        Error::usage("failed to choose the models to compare")
            .caused_by(list)
            .hint("name them: pairbench compare DIR:MODEL DIR:MODEL")
    };
    let open = |side: usize| match split(typed[side]) {
        Some((name, Some(wanted))) => {
            let found = sides[side].model(wanted);
            let unknown = || named_run::unknown_model(name, wanted, &sides[side].models());
            Ok(vec![found.ok_or_else(unknown)?])
        }
        _ => Ok(sides[side].models()),
    };
    let [before, after] = [open(0)?, open(1)?];
    let only_two = before.len() == 1 && after.len() == 1;
    // A table knows other names of a model, a run only its own.
    let alike =
        |a: &str, b: &str| only_two || sides[1].model(a) == Some(b) || sides[0].model(b) == Some(a);
    let pairs: Vec<(&str, &str)> = before
        .iter()
        .flat_map(|a| after.iter().map(move |b| (*a, *b)))
        .filter(|(a, b)| alike(a, b))
        .collect();
    let [(before, after)] = pairs.as_slice() else {
        return Err(ambiguous());
    };
    Ok(
        [(&sides[0], *before), (&sides[1], *after)].map(|(side, model)| Chosen {
            side,
            model: model.to_owned(),
        }),
    )
}

impl Chosen<'_> {
    pub(crate) fn title(&self) -> String {
        match self.side {
            Side::Run(run) => format!("{} ({})", self.model, run.path.display()),
            Side::Table(table) => format!("{} (published: {})", self.model, table.name),
        }
    }

    /// The run and the model's verdicts; `None` for a published column.
    pub(crate) fn run(&self) -> Option<(&RunDir, &[ScoredItem])> {
        let Side::Run(run) = self.side else {
            return None;
        };
        run.verdicts_of(&self.model)
            .map(|verdicts| (&**run, verdicts))
    }

    pub(crate) fn origin(&self) -> Origin {
        match self.side {
            Side::Run(run) => Origin::of_run(run, &self.model),
            Side::Table(table) => Origin::Published {
                model: self.model.clone(),
                table: table.name.clone(),
                source: table.source.clone(),
                benchmark: table.benchmark.clone(),
            },
        }
    }

    /// Why it is not the whole benchmark, where its run says so.
    pub(crate) fn partial(&self) -> Result<Option<String>> {
        match self.side {
            Side::Run(run) => run.summary().map(|summary| summary.partial),
            Side::Table(_) => Ok(None),
        }
    }

    /// What its run scored of what it was to score, where a gate ended it.
    pub(crate) fn stopped_early(&self) -> Option<&StoppedEarly> {
        match self.side {
            Side::Run(run) => run.record.stopped_early.as_ref(),
            Side::Table(_) => None,
        }
    }

    /// Its numbers of pairs, and for a table which means it prints.
    pub(crate) fn counted(&self) -> Counted {
        match self.side {
            Side::Table(table) => {
                let benchmark = Benchmark::find(&table.benchmark).ok();
                let model = table.model(&self.model).zip(benchmark);
                model.map_or_else(Counted::default, |(model, own)| Counted {
                    tallies: tallies(model, &own),
                    printed: Some(PrintedMeans::of(model)),
                })
            }
            Side::Run(_) => {
                let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
                for item in self.run().iter().flat_map(|(_, scored)| *scored) {
                    tallies
                        .entry(item.subset.clone())
                        .or_default()
                        .add(item.verdict());
                }
                Counted {
                    tallies,
                    printed: None,
                }
            }
        }
    }

    /// Its name, where it has one.
    pub(crate) fn benchmark(&self) -> Option<Named<'_>> {
        match self.side {
            Side::Table(table) => Some(Named {
                typed: &table.benchmark,
                definition: None,
            }),
            Side::Run(run) => run.benchmark(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exists_decides_where_the_model_begins() {
        assert_eq!(split("model-card"), Some(("model-card", None)));
        assert_eq!(
            split("model-card:llm-blender/PairRM-hf"),
            Some(("model-card", Some("llm-blender/PairRM-hf")))
        );
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("a:b");
        std::fs::create_dir(&inside).unwrap();
        let (inside, with_model) = (
            inside.display().to_string(),
            format!("{}:x:y", inside.display()),
        );
        assert_eq!(split(&inside), Some((inside.as_str(), None)));
        assert_eq!(split(&with_model), Some((inside.as_str(), Some("x:y"))));
        assert_eq!(split("no-such-thing:x"), None);
    }
}
