//! Which published column stands beside which model's. A name proves nothing: a model is a
//! published one where it came from that repository of the hub, or where somebody says so.

use crate::benchmark::Benchmark;
use crate::benchmark::published::{Published, PublishedChoice, PublishedModel};
use crate::comparison::published::columns::PublishedComparison;
use crate::metrics::Scores;
use crate::support::error::{Error, Result};

/// A model, measured or to be measured, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'a> {
    pub(crate) name: &'a str,
    /// `owner/name` on the hub, where its files came from there.
    pub(crate) repository: Option<&'a str>,
}

/// What stands beside a measured model's figures.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Counterpart {
    /// No table was asked for.
    #[default]
    NotAsked,
    /// Nothing, and why.
    Nothing(String),
    Column(Box<PublishedComparison>),
}

impl Counterpart {
    pub(crate) fn column(&self) -> Option<&PublishedComparison> {
        match self {
            Self::Column(column) => Some(column),
            Self::NotAsked | Self::Nothing(_) => None,
        }
    }
}

/// For each model, in their order.
///
/// # Errors
/// As [`find`].
pub(crate) fn counterparts(
    choice: &PublishedChoice,
    measured: &[(Named, &Scores)],
    benchmark: Option<&Benchmark>,
) -> Result<Vec<Counterpart>> {
    let table = &choice.table;
    let own = Benchmark::find(&table.benchmark)?;
    let models: Vec<Named> = measured.iter().map(|(model, _)| *model).collect();
    let found = find(choice, &models, benchmark)?;
    let column = |(found, (_, scores)): (Found, &(Named, &Scores))| match found {
        Ok(published) => {
            let comparison = PublishedComparison::new(table, published, scores, &own);
            Counterpart::Column(Box::new(comparison))
        }
        Err(why) => Counterpart::Nothing(why),
    };
    Ok(found.into_iter().zip(measured).map(column).collect())
}

/// The published model that stands beside another, or why there is none.
pub(crate) type Found<'a> = std::result::Result<&'a PublishedModel, String>;

/// For each model, in their order.
///
/// # Errors
/// A published model that is named where several models may be meant.
pub(crate) fn find<'a>(
    choice: &'a PublishedChoice,
    models: &[Named],
    benchmark: Option<&Benchmark>,
) -> Result<Vec<Found<'a>>> {
    let table = &choice.table;
    if let Some(other) = benchmark.filter(|own| !own.published.contains(&table.name)) {
        let why = format!(
            "{} is of {}, these pairs are of {}",
            table.name, table.benchmark, other.name
        );
        return Ok(vec![Err(why); models.len()]);
    }
    let Some(published) = &choice.model else {
        let by_repository = |model: &Named| by_repository(table, model);
        return Ok(models.iter().map(by_repository).collect());
    };
    let is_meant = meant(published, models)?;
    let beside = |model: &Named| {
        if is_meant(model) {
            Ok(published)
        } else {
            Err(format!("{} was named for another model", published.name))
        }
    };
    Ok(models.iter().map(beside).collect())
}

/// The published model that came from the same repository, or why there is none.
fn by_repository<'a>(table: &'a Published, model: &Named) -> Found<'a> {
    let Some(repository) = model.repository else {
        return Err(format!(
            "its files are not from the hub, so nothing says which model of {0} it is; name that \
             with --published {0}:MODEL",
            table.name
        ));
    };
    let mut models = table.models.iter();
    models
        .find(|model| model.is_repository(repository))
        .ok_or_else(|| format!("{} has no {repository}", table.name))
}

/// Whether a model is the one.
type Chooser<'a> = Box<dyn Fn(&Named) -> bool + 'a>;

/// Which model a named published one stands beside: that of its repository, else the one
/// called alike, else the only one.
fn meant<'a>(published: &'a PublishedModel, models: &[Named]) -> Result<Chooser<'a>> {
    let same_repository = |model: &Named| {
        let repository = model.repository;
        repository.is_some_and(|own| published.is_repository(own))
    };
    let called_alike = |model: &Named| published.is(model.name);
    if models.iter().any(same_repository) {
        return Ok(Box::new(same_repository));
    }
    if models.iter().any(called_alike) {
        return Ok(Box::new(called_alike));
    }
    if models.len() == 1 {
        return Ok(Box::new(|_| true));
    }
    let names: Vec<&str> = models.iter().map(|model| model.name).collect();
    let last = published.name.rsplit('/').next().unwrap_or_default();
    let what = format!(
        "failed to choose the model that {} stands beside: {}",
        published.name,
        names.join(", ")
    );
    Err(Error::usage(what).hint(format!(
        "score it alone, or call it by that name: --model {last}=SPEC"
    )))
}
