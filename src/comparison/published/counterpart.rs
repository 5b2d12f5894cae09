//! Which published column stands beside which measured one. A name proves nothing: a model is a
//! published one where it came from that repository of the hub, or where somebody says so.

use crate::benchmark::Benchmark;
use crate::benchmark::published::{Published, PublishedChoice, PublishedModel};
use crate::comparison::published::columns::PublishedComparison;
use crate::metrics::Scores;
use crate::support::error::{Error, Result};

/// A measured model, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured<'a> {
    pub(crate) name: &'a str,
    /// `owner/name` on the hub, where its files came from there.
    pub(crate) repository: Option<&'a str>,
    pub(crate) scores: &'a Scores,
}

/// What stands beside a measured model.
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

/// One for each model, in their order.
///
/// # Errors
/// A published model that is named where several measured models may be meant.
pub(crate) fn counterparts(
    choice: &PublishedChoice,
    models: &[Measured],
    benchmark: Option<&Benchmark>,
) -> Result<Vec<Counterpart>> {
    let table = &choice.table;
    if let Some(other) = benchmark.filter(|own| !own.published.contains(&table.name)) {
        let why = format!(
            "{} is of {}, these pairs are of {}",
            table.name, table.benchmark, other.name
        );
        return Ok(vec![Counterpart::Nothing(why); models.len()]);
    }
    let own = Benchmark::find(&table.benchmark)?;
    let column = |measured: &Measured, published: &PublishedModel| {
        let comparison = PublishedComparison::new(table, published, measured.scores, &own);
        Counterpart::Column(Box::new(comparison))
    };
    let Some(published) = &choice.model else {
        let find = |measured: &Measured| match by_repository(table, measured) {
            Ok(published) => column(measured, published),
            Err(why) => Counterpart::Nothing(why),
        };
        return Ok(models.iter().map(find).collect());
    };
    let is_meant = meant(published, models)?;
    let beside = |measured: &Measured| {
        if is_meant(measured) {
            column(measured, published)
        } else {
            Counterpart::Nothing(format!("{} was named for another model", published.name))
        }
    };
    Ok(models.iter().map(beside).collect())
}

/// The published model that came from the same repository, or why there is none.
fn by_repository<'a>(
    table: &'a Published,
    measured: &Measured,
) -> std::result::Result<&'a PublishedModel, String> {
    let Some(repository) = measured.repository else {
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

/// Whether a measured model is the one.
type Chooser<'a> = Box<dyn Fn(&Measured) -> bool + 'a>;

/// Which measured model a named published one stands beside: that of its repository, else the one
/// called alike, else the only one.
fn meant<'a>(published: &'a PublishedModel, models: &[Measured]) -> Result<Chooser<'a>> {
    let same_repository = |measured: &Measured| {
        let repository = measured.repository;
        repository.is_some_and(|own| published.is_repository(own))
    };
    let called_alike = |measured: &Measured| published.is(measured.name);
    if models.iter().any(same_repository) {
        return Ok(Box::new(same_repository));
    }
    if models.iter().any(called_alike) {
        return Ok(Box::new(called_alike));
    }
    if models.len() == 1 {
        return Ok(Box::new(|_| true));
    }
    let names: Vec<&str> = models.iter().map(|measured| measured.name).collect();
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
