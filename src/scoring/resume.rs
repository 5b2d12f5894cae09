//! What an earlier run left in the output directory, and going on from there.

use std::collections::HashMap;
use std::path::Path;

use crate::checkpoint::PrecisionName;
use crate::data::Item;
use crate::scoring::ScoredItem;
use crate::scoring::fingerprint::Fingerprint;
use crate::scoring::journal;
use crate::scoring::journal::{Contents, Journal, Outcomes, Session};
use crate::scoring::run_dir::RunDir;
use crate::scoring::run_dir::output;
use crate::support::count::count;
use crate::support::error::{Error, Result};
use crate::support::existing::Existing;
use crate::support::files;
use crate::support::terminal::say;

/// Verdicts of an earlier run with the same plan.
#[derive(Default)]
pub(crate) struct Kept {
    outcomes: Outcomes,
    /// Who found them, and this process.
    pub(crate) sessions: Vec<Session>,
    /// The models' names, where the run had ended.
    pub(crate) finished: Option<Vec<String>>,
}

impl Kept {
    /// This process is the first.
    pub(crate) fn nothing(session: Session) -> Self {
        Self {
            sessions: vec![session],
            ..Self::default()
        }
    }

    /// What one model said in a precision, by row; each outcome is given once.
    pub(crate) fn outcomes_of(
        &mut self,
        model: usize,
        precision: Option<PrecisionName>,
        items: &[&Item],
    ) -> HashMap<usize, ScoredItem> {
        // A finished run has one outcome of each, in whichever precision.
        let all = [None].into_iter().chain(PrecisionName::ALL.map(Some));
        let precisions: Vec<Option<PrecisionName>> = match self.finished {
            Some(_) => all.collect(),
            None => vec![precision],
        };
        let mut take = |item: &&Item| {
            let of = |precision| {
                Some((
                    precision,
                    self.outcomes.remove(&(model, item.row, precision))?,
                ))
            };
            let (precision, outcome) = precisions.iter().copied().find_map(of)?;
            let scored = ScoredItem::new(item, outcome).in_precision(precision);
            Some((item.row, scored))
        };
        items.iter().filter_map(&mut take).collect()
    }
}

/// An unfinished run is continued with `--resume`, else refused, so that nobody loses hours by an
/// oversight; a finished one is read back with `--resume`. What is replaced is so once the new run
/// is complete.
pub(crate) fn begin(
    dir: &Path,
    plan: &Fingerprint,
    existing: Existing,
    session: Session,
) -> Result<(Option<Journal>, Kept)> {
    let unfinished = match existing {
        Existing::Overwrite => None,
        Existing::Keep | Existing::Resume => unfinished(dir)?,
    };
    match (unfinished, existing) {
        (Some(contents), Existing::Keep) if !contents.outcomes.is_empty() => {
            let n = contents.outcomes.len();
            return Err(Error::usage(format!(
                "failed to start: {} has an unfinished run with {}",
                dir.display(),
                count(n, "verdict")
            ))
            .hint("--resume goes on with it, --overwrite starts over"));
        }
        (Some(contents), Existing::Resume) => {
            plan.check(&contents.plan, &format!("resume: {}", dir.display()))?;
            if contents.torn {
                say(&format!(
                    "{}: dropped the last line, which was torn",
                    dir.join(journal::NAME).display()
                ));
            }
            let mut journal = Journal::resume(dir, &contents)?;
            journal.begin(&session)?;
            let sessions = contents.sessions.into_iter().chain([session]).collect();
            return Ok((
                Some(journal),
                Kept {
                    outcomes: contents.outcomes,
                    sessions,
                    finished: None,
                },
            ));
        }
        (None, Existing::Resume) if dir.join("run.json").exists() => {
            return Ok((None, finished(dir, plan)?));
        }
        (_, Existing::Keep) => output::keep_finished(dir, plan)?,
        (_, Existing::Resume | Existing::Overwrite) => {}
    }
    let mut journal = Journal::create(dir, plan)?;
    journal.begin(&session)?;
    Ok((Some(journal), Kept::nothing(session)))
}

/// The journal, where there is one with a whole line.
fn unfinished(dir: &Path) -> Result<Option<Contents>> {
    let path = dir.join(journal::NAME);
    if path.exists() {
        journal::parse(&files::read(&path)?, &path)
    } else {
        Ok(None)
    }
}

fn finished(dir: &Path, plan: &Fingerprint) -> Result<Kept> {
    let run = RunDir::open(dir)?;
    let earlier = run.record.what_was_run().map_err(|why| {
        let what = format!("failed to resume: {}", dir.display());
        Error::usage(what).caused_by(why).hint(output::ELSEWHERE)
    })?;
    plan.check(earlier, &format!("resume: {}", dir.display()))?;
    say(&format!(
        "{}: the run is finished; its report is made again from verdicts.parquet",
        dir.display()
    ));
    let verdicts = run
        .models
        .iter()
        .enumerate()
        .flat_map(|(at, (_, verdicts))| {
            verdicts
                .iter()
                .map(move |v| ((at, v.row, v.precision), v.outcome.clone()))
        });
    let outcomes: Outcomes = verdicts.collect();
    let names = run.models.into_iter().map(|(name, _)| name).collect();
    Ok(Kept {
        outcomes,
        finished: Some(names),
        ..Kept::default()
    })
}
