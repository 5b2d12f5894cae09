//! `pairbench report`: run directories read back into one report.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::benchmark;
use crate::benchmark::published::PublishedChoice;
use crate::benchmark::{Benchmark, Named};
use crate::commands::export::export;
use crate::commands::named_run::NamedRun;
use crate::commands::run_report::rendered;
use crate::comparison::SeveralTests;
use crate::comparison::leaderboard::{Leaderboard, LeaderboardEntry};
use crate::data::pair_texts;
use crate::data::pair_texts::Texts;
use crate::metrics::Scores;
use crate::report;
use crate::report::Format;
use crate::report::exchange::ExchangeFormat;
use crate::report::{ModelReport, Provenance, RunReport};
use crate::scoring::ScoredItem;
use crate::scoring::run_dir::{RunDir, Summary};
use crate::support::error::{Error, Result};

/// Finished runs to show again.
#[derive(Debug)]
pub struct ReportRequest {
    /// `DIR[:MODEL]`
    pub runs: Vec<OsString>,
    pub format: ReportFormat,
    /// Where files go; with a format that is printed nowhere.
    pub out: Option<PathBuf>,
    /// `TABLE[:MODEL]` to put beside them.
    pub published: Option<String>,
}

/// What a report becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    /// A text, which is printed.
    Printed(Format),
    /// Files of another program.
    Files(ExchangeFormat),
}

/// Where a report goes.
enum Destination<'a> {
    Stdout(Format),
    Directory(&'a Path, ExchangeFormat),
}

impl ReportRequest {
    fn destination(&self) -> Result<Destination<'_>> {
        let refused = |what: &str, hint: &str| {
            Err(Error::usage(format!("failed to understand {what}")).hint(hint))
        };
        match (self.format, &self.out) {
            (ReportFormat::Printed(format), None) => Ok(Destination::Stdout(format)),
            (ReportFormat::Printed(_), Some(_)) => refused(
                "--out: this format is printed",
                "leave --out away and redirect stdout: pairbench report RUN --format html > FILE",
            ),
            (ReportFormat::Files(_), None) => refused(
                "--format: this one is of several files",
                "name a directory for them: --out DIR",
            ),
            (ReportFormat::Files(_), Some(_)) if self.published.is_some() => refused(
                "--published: this format has no place for published figures",
                "leave --published away",
            ),
            (ReportFormat::Files(format), Some(out)) => Ok(Destination::Directory(out, format)),
        }
    }
}

/// A run with the name that tells it from the others.
struct Run {
    label: String,
    dir: RunDir,
    summary: Summary,
}

pub fn report(request: &ReportRequest) -> Result<String> {
    let destination = request.destination()?;
    let published = request.published.as_deref();
    let published = published.map(PublishedChoice::find).transpose()?;
    let mut runs = Vec::new();
    for typed in &request.runs {
        let NamedRun { mut dir, model } = NamedRun::open(typed)?;
        let mut summary = dir.summary()?;
        if let Some(model) = &model {
            dir.keep_only(model);
            summary.keep_notes_on(model);
        }
        runs.push((dir, summary));
    }
    let format = match destination {
        Destination::Stdout(format) => format,
        Destination::Directory(out, format) => return export(&runs, format, out),
    };
    let paths: Vec<PathBuf> = runs.iter().map(|(dir, _)| dir.path.clone()).collect();
    let runs: Vec<Run> = runs
        .into_iter()
        .map(|(dir, summary)| Run {
            label: label(&dir.path, &paths),
            dir,
            summary,
        })
        .collect();
    rendered(
        &collect(&runs, published.as_ref(), format == Format::Html)?,
        format,
    )
}

/// Every model of every run as a column; `page`: with what only a page shows.
fn collect(runs: &[Run], published: Option<&PublishedChoice>, page: bool) -> Result<RunReport> {
    let mut notes = said(runs, |summary| &summary.notes);
    let named: Vec<Option<Named>> = runs.iter().map(|run| run.dir.benchmark()).collect();
    let benchmark = benchmark::common(&named, &mut notes)?;
    same_sizes(runs)?;
    let same_data = runs
        .iter()
        .skip(1)
        .all(|run| run.dir.has_data_of(&runs[0].dir));
    let models = models(runs, benchmark.as_ref())?;
    if !same_data {
        notes.push(
            "the runs are not known to have read the same files (SHA-256) and columns (--map): \
             theirs may be different pairs"
                .to_owned(),
        );
    }
    let mut report = RunReport {
        title: said(runs, |summary| std::slice::from_ref(&summary.title)).join("; "),
        benchmark: benchmark.as_ref().map(|benchmark| benchmark.name.clone()),
        metrics: report::metrics(benchmark.as_ref()),
        weighting: benchmark.as_ref().map(report::weighting),
        dataset: runs[0].summary.dataset.clone().filter(|own| {
            runs.iter()
                .all(|run| run.summary.dataset.as_ref() == Some(own))
        }),
        partial: Some(said(runs, |summary| summary.partial.as_slice()).join("; "))
            .filter(|why| !why.is_empty()),
        several_tests: several_tests(runs, &models, same_data, benchmark.as_ref()),
        side_by_side: page.then(|| side_by_side(runs, &models, same_data, benchmark.as_ref())),
        models,
        others: others(runs, benchmark.as_ref()),
        printed: Vec::new(),
        notes,
    };
    report.put_beside(published, benchmark.as_ref())?;
    Ok(report)
}

/// Under the names of the report.
fn several_tests(
    runs: &[Run],
    models: &[ModelReport],
    same_data: bool,
    benchmark: Option<&Benchmark>,
) -> Option<SeveralTests> {
    let verdicts = runs.iter().flat_map(|run| &run.dir.models);
    let named: Vec<(&str, &[ScoredItem])> = models
        .iter()
        .zip(verdicts)
        .map(|(model, (_, verdicts))| (model.name.as_str(), verdicts.as_slice()))
        .collect();
    SeveralTests::of(&named, same_data, benchmark)
}

/// The texts are read again from the files that were scored.
fn side_by_side(
    runs: &[Run],
    models: &[ModelReport],
    same_data: bool,
    benchmark: Option<&Benchmark>,
) -> Leaderboard {
    let verdicts = runs.iter().flat_map(|run| {
        run.dir
            .models
            .iter()
            .map(|(_, verdicts)| verdicts.as_slice())
    });
    let columns: Vec<LeaderboardEntry> = models
        .iter()
        .zip(verdicts)
        .map(|(model, scored)| LeaderboardEntry {
            average: model.scores.average.accuracy,
            scored,
        })
        .collect();
    let texts = if same_data {
        pair_texts::read_again(&runs[0].dir.record.data)
    } else {
        Texts::Err("the runs are not known to have read the same files".to_owned())
    };
    Leaderboard::new(&columns, same_data, benchmark, &texts)
}

/// The last part of a run's path, or the whole where another run's ends alike.
fn label(path: &Path, all: &[PathBuf]) -> String {
    let alike = all
        .iter()
        .filter(|other| other.file_name() == path.file_name() && *other != path)
        .count();
    path.file_name().filter(|_| alike == 0).map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// What every run says, once; what only some say, with their label.
fn said<'a>(runs: &'a [Run], texts: impl Fn(&'a Summary) -> &'a [String]) -> Vec<String> {
    let mut said = Vec::new();
    for run in runs {
        for text in texts(&run.summary) {
            let by_all = runs.iter().all(|run| texts(&run.summary).contains(text));
            let text = if by_all {
                text.clone()
            } else {
                format!("{}: {text}", run.label)
            };
            if !said.contains(&text) {
                said.push(text);
            }
        }
    }
    said
}

/// One table has one column of sizes.
fn same_sizes(runs: &[Run]) -> Result<()> {
    let columns: Vec<(&str, BTreeMap<&str, usize>)> = runs
        .iter()
        .flat_map(|run| {
            run.dir
                .models
                .iter()
                .map(|(_, verdicts)| (run.label.as_str(), sizes(verdicts)))
        })
        .collect();
    for pair in columns.windows(2) {
        let [(one, before), (other, after)] = [&pair[0], &pair[1]];
        let size =
            |sizes: &BTreeMap<&str, usize>, subset: &str| sizes.get(subset).copied().unwrap_or(0);
        if let Some(subset) = before
            .keys()
            .chain(after.keys())
            .find(|subset| before.get(*subset) != after.get(*subset))
        {
            return Err(Error::usage(
                "failed to put results side by side: the runs have different numbers of pairs",
            )
            .caused_by(format!(
                "{subset}: {one} {}, {other} {}",
                size(before, subset),
                size(after, subset)
            ))
            .hint("report each by itself, or match their pairs with `pairbench compare`"));
        }
    }
    Ok(())
}

/// Pairs by subset.
fn sizes(verdicts: &[ScoredItem]) -> BTreeMap<&str, usize> {
    let mut sizes = BTreeMap::new();
    for verdict in verdicts {
        *sizes.entry(verdict.subset.as_str()).or_default() += 1;
    }
    sizes
}

/// Models that several runs call alike get their run's label.
fn models(runs: &[Run], benchmark: Option<&Benchmark>) -> Result<Vec<ModelReport>> {
    let mut models: Vec<ModelReport> = Vec::new();
    let mut names = BTreeSet::new();
    for run in runs {
        for (name, verdicts) in &run.dir.models {
            let alike = runs
                .iter()
                .filter(|other| other.dir.verdicts_of(name).is_some())
                .count();
            let partial = run.summary.partial.as_deref();
            let provenance = Provenance::of(&run.dir.record, name, partial);
            let mut model = ModelReport::new(name, verdicts, benchmark, provenance);
            model.invalid = run.summary.not_scored(name).to_vec();
            if alike > 1 {
                model.name = format!("{name} ({})", run.label);
            }
            if !names.insert(model.name.clone()) {
                return Err(Error::usage(format!(
                    "failed to name models: two are called {}",
                    model.name
                ))
                .hint("give every model of a run once"));
            }
            models.push(model);
        }
    }
    Ok(models)
}

/// Columns that no model made: once where all runs have the same.
fn others(runs: &[Run], benchmark: Option<&Benchmark>) -> Vec<(String, Scores)> {
    let same = runs
        .iter()
        .all(|run| run.summary.baselines == runs[0].summary.baselines);
    let shown = runs.iter().take(if same { 1 } else { runs.len() });
    let columns = shown.flat_map(|run| {
        run.summary
            .baselines
            .iter()
            .map(move |column| (run, column))
    });
    columns
        .map(|(run, (name, own))| {
            (
                if same {
                    name.clone()
                } else {
                    format!("{name} ({})", run.label)
                },
                Scores::new(&own.subsets, benchmark),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_told_apart_by_as_little_of_their_paths_as_does() {
        let paths = ["runs/a", "old/b", "new/b/", "."].map(PathBuf::from);
        assert_eq!(
            paths.each_ref().map(|path| label(path, &paths)),
            ["a", "old/b", "new/b/", "."]
        );
    }
}
