//! `pairbench compare`: two runs read back, or a run and a published table, to the differences and
//! a gate's verdict.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::benchmark;
use crate::benchmark::published::Published;
use crate::benchmark::{Benchmark, Named};
use crate::commands::finished::Finished;
use crate::commands::named_run;
use crate::comparison::gate;
use crate::comparison::gate::{RuleOutcome, Status};
use crate::comparison::published::tallies;
use crate::comparison::{Candidate, Comparison};
use crate::data::pair_texts;
use crate::data::pair_texts::{PairTexts, Texts};
use crate::metrics::Tally;
use crate::report::{ComparisonReport, Flip, Format, Origin, Style, render};
use crate::scoring::ScoredItem;
use crate::scoring::run_dir::RunDir;
use crate::support::count::count;
use crate::support::error::{Error, ErrorKind, Result};

/// Changed pairs on a page that nobody asked for a number of.
const ON_A_PAGE: usize = 20;

/// Two sides and what rules say of them.
#[derive(Debug)]
pub struct CompareRequest {
    /// `DIR|TABLE[:MODEL]`
    pub baseline: String,
    /// `DIR|TABLE[:MODEL]`
    pub candidate: String,
    /// Rules, or files of rules.
    pub gates: Vec<String>,
    /// Whether an inconclusive rule is cause for complaint.
    pub strict: bool,
    /// How many changed pairs to list.
    pub flips: Option<usize>,
    pub format: Format,
}

/// What stands on one side.
enum Side {
    Run(Box<RunDir>),
    Table(Published),
}

/// A side with the model that was chosen from it.
struct Chosen<'a> {
    side: &'a Side,
    model: String,
}

pub fn compare(request: &CompareRequest) -> Result<Finished> {
    let rules = gate::rules(&request.gates)?;
    let sides = [
        Side::find(&request.baseline)?,
        Side::find(&request.candidate)?,
    ];
    let [baseline, candidate] = choose(&sides, [&request.baseline, &request.candidate])?;
    let mut notes: Vec<String> = [("baseline", &baseline), ("candidate", &candidate)]
        .into_iter()
        .filter_map(|(side, chosen)| chosen.partial(side))
        .collect();
    let benchmark = benchmark::common(&[baseline.benchmark(), candidate.benchmark()], &mut notes)?;
    let comparison = match (baseline.run(), candidate.run()) {
        (Some((before, left)), Some((after, right))) => {
            Comparison::paired(left, right, before.has_data_of(after), benchmark.as_ref())?
        }
        (_, right) => {
            let facts = right.map(|(_, verdicts)| Candidate::new(verdicts));
            Comparison::unpaired(
                [baseline.tallies(), candidate.tallies()],
                facts,
                benchmark.as_ref(),
            )?
        }
    };
    let gate: Vec<RuleOutcome> = rules
        .iter()
        .map(|rule| rule.evaluate(&comparison))
        .collect::<Result<_>>()?;
    let page = request.format == Format::Html;
    let flips = request.flips.or(page.then_some(ON_A_PAGE)).map(|n| {
        let run = candidate.run().map(|(run, _)| run);
        flips(&comparison, n, run, &mut notes)
    });
    let report = ComparisonReport {
        baseline: baseline.title(),
        candidate: candidate.title(),
        origins: [baseline.origin(), candidate.origin()],
        comparison,
        flips,
        gate,
        notes,
    };
    finished(&report, request.format, request.strict)
}

/// Its text, and its complaint where the gate is not passed.
pub(crate) fn finished(
    report: &ComparisonReport,
    format: Format,
    strict: bool,
) -> Result<Finished> {
    Ok(Finished {
        text: render(report, format, Style::of_stdout())?,
        complaint: complaint(&report.gate, strict),
    })
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
    fn find(text: &str) -> Result<Self> {
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
fn choose<'a>(sides: &'a [Side; 2], typed: [&str; 2]) -> Result<[Chosen<'a>; 2]> {
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
    fn title(&self) -> String {
        match self.side {
            Side::Run(run) => format!("{} ({})", self.model, run.path.display()),
            Side::Table(table) => format!("{} (published: {})", self.model, table.name),
        }
    }

    /// The run and the model's verdicts; `None` for a published column.
    fn run(&self) -> Option<(&RunDir, &[ScoredItem])> {
        let Side::Run(run) = self.side else {
            return None;
        };
        run.verdicts_of(&self.model)
            .map(|verdicts| (&**run, verdicts))
    }

    fn origin(&self) -> Origin {
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
    fn partial(&self, side: &str) -> Option<String> {
        let (run, _) = self.run()?;
        let why = run.summary().ok()?.partial?;
        Some(format!("{side}: PARTIAL: {why}"))
    }

    fn tallies(&self) -> BTreeMap<String, Tally> {
        match self.side {
            Side::Table(table) => {
                let benchmark = Benchmark::find(&table.benchmark).ok();
                let model = table.model(&self.model).zip(benchmark);
                model
                    .map(|(model, own)| tallies(model, &own))
                    .unwrap_or_default()
            }
            Side::Run(_) => {
                let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
                for item in self.run().iter().flat_map(|(_, scored)| *scored) {
                    tallies
                        .entry(item.subset.clone())
                        .or_default()
                        .add(item.verdict());
                }
                tallies
            }
        }
    }

    /// Its name, where it has one.
    fn benchmark(&self) -> Option<Named<'_>> {
        match self.side {
            Side::Table(table) => Some(Named {
                typed: &table.benchmark,
                definition: None,
            }),
            Side::Run(run) => run.benchmark(),
        }
    }
}

/// The first changed pairs, with their texts if the files are still what was run.
fn flips(
    comparison: &Comparison,
    n: usize,
    run: Option<&RunDir>,
    notes: &mut Vec<String>,
) -> Vec<Flip> {
    let shown = comparison.changes.iter().take(n);
    let texts = run.filter(|_| shown.len() > 0).map_or_else(
        || Texts::Ok(HashMap::new()),
        |run| pair_texts::read_again(&run.record.data),
    );
    if let Err(why) = &texts {
        notes.push(format!("without the texts of the pairs: {why}"));
    }
    let text = |row: usize| texts.as_ref().ok()?.get(&row).map(PairTexts::of);
    shown
        .map(|change| Flip {
            change: change.clone(),
            text: text(change.row),
        })
        .collect()
}

/// Exit code 3 where a rule failed, 8 where a strict gate is inconclusive.
fn complaint(gate: &[RuleOutcome], strict: bool) -> Option<Error> {
    let named = |status: Status| {
        gate.iter()
            .filter(|o| o.status == status)
            .map(|o| format!("{} ({})", o.rule, o.reason))
            .collect::<Vec<_>>()
    };
    let [failed, open] = [Status::Fail, Status::Inconclusive].map(named);
    if !failed.is_empty() {
        let error = Error::new(
            ErrorKind::Gate,
            format!(
                "failed to pass the gate: {} of {}",
                failed.len(),
                count(gate.len(), "rule")
            ),
        );
        return Some(
            error
                .caused_by(failed.join("; "))
                .hint("`pairbench compare --flips` lists the pairs whose verdict changed"),
        );
    }
    (strict && !open.is_empty()).then(|| {
        let error = Error::new(
            ErrorKind::Inconclusive,
            format!(
                "failed to decide the gate: inconclusive: {} of {}",
                open.len(),
                count(gate.len(), "rule")
            ),
        );
        error
            .caused_by(open.join("; "))
            .hint("more pairs narrow the intervals; a wider limit needs fewer")
    })
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
