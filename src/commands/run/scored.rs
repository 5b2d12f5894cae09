//! The models of a run put through their items, and what is made of that.

use crate::commands::finished::{Finished, invalid_verdicts};
use crate::commands::run::against;
use crate::commands::run::prepared::Prepared;
use crate::commands::run::stop_message::stop_message;
use crate::commands::run::this_process;
use crate::commands::run_report::{self, Column};
use crate::comparison::gate::sequential::GateOutcome;
use crate::data::{Item, pair_texts};
use crate::device::backend::DtypeChoice;
use crate::metrics::length_baseline::length_baselines;
use crate::report::{Format, RunReport};
use crate::scoring::ScoredModel;
use crate::scoring::journal::{Journal, Session};
use crate::scoring::run_dir::record::{RunRecord, StoppedEarly, Whole};
use crate::scoring::session::{Observer, ScoringSession, Settings};
use crate::support::error::Result;

/// What all models said.
pub(crate) struct Scored {
    pub(crate) models: Vec<ScoredModel>,
    /// Those that count.
    items: Vec<Item>,
    /// The gate's, where there is one.
    answer: Option<GateOutcome>,
    /// Who worked on the run, and its journal; `None` where the run had ended before.
    pub(crate) closed: Option<(Vec<Session>, Option<Journal>)>,
}

/// Puts every item through every model.
pub fn score(prepared: &mut Prepared) -> Result<Scored> {
    let request = prepared.request;
    let checkpoints = std::mem::take(&mut prepared.checkpoints);
    let mut items = std::mem::take(&mut prepared.items);
    let mut against = prepared.against.take();
    let settings = Settings {
        out: request.out.as_deref(),
        existing: request.existing,
        cache: request.cache,
        int8_batch: request.backend.int8_batch,
    };
    let (fingerprint, backend) = (&prepared.fingerprint, &prepared.backend);
    let this = this_process::session(backend, prepared.started);
    let mut session =
        ScoringSession::open(settings, fingerprint, backend, this, stop_message(request))?;
    let mut models = Vec::new();
    for (at, checkpoint) in checkpoints.into_iter().enumerate() {
        let gate = against.as_mut().and_then(|against| against.gate.as_mut());
        let observer = gate.map(|gate| gate as &mut (dyn Observer + Send));
        models.push(session.score(at, checkpoint, &items, observer)?);
    }
    let benchmark = prepared.benchmark.as_ref();
    let answer = match (&against, models.first_mut()) {
        (Some(against), Some(candidate)) => Some(against.answer(candidate, &mut items, benchmark)?),
        _ => None,
    };
    let closed = session.close();
    prepared.against = against;
    Ok(Scored {
        models,
        items,
        answer,
        closed,
    })
}

impl Scored {
    /// Each model's name and what it said.
    pub(crate) fn columns(&self) -> Vec<Column<'_>> {
        let models = self.models.iter();
        models
            .map(|model| (model.checkpoint.name.as_str(), model.items.as_slice()))
            .collect()
    }

    /// What was scored of what was planned, where a gate ended the run.
    pub(crate) fn stopped_early(&self) -> Option<StoppedEarly> {
        self.answer.as_ref()?.stopped.clone()
    }

    /// What there is to say of the run.
    pub(crate) fn report(&self, prepared: &Prepared, record: &RunRecord) -> Result<RunReport> {
        let benchmark = prepared.benchmark.as_ref();
        let why = prepared.whole.partial.iter().chain(&prepared.part).cloned();
        let why: Vec<String> = why
            .chain(self.answer.as_ref().and_then(against::partial))
            .collect();
        let partial = Some(why.join("; ")).filter(|why| !why.is_empty());
        let whole = Whole {
            title: prepared.title.clone(),
            partial,
        };
        let columns = self.columns();
        let dataset = prepared.data.dataset.clone();
        let baselines = length_baselines(&self.items);
        let mut report = run_report::report(whole, dataset, &columns, benchmark, record, baselines);
        report.put_beside(prepared.published.as_ref(), benchmark)?;
        report.notes.extend(prepared.others.clone());
        report.notes.extend(run_report::verification_notes(record));
        report.notes.extend(self.precision_notes(prepared)?);
        // Only a page shows it.
        if prepared.request.out.is_some() || prepared.request.format == Format::Html {
            let texts = Ok(pair_texts::by_row(self.items.clone()));
            let leaderboard = run_report::side_by_side(&report, &columns, benchmark, &texts);
            report.side_by_side = Some(leaderboard);
        }
        Ok(report)
    }

    /// What the precision costs, as far as it is known.
    fn precision_notes(&self, prepared: &Prepared) -> Result<Vec<String>> {
        if let Some(f32_run) = &prepared.f32_run {
            let precision = prepared.backend.dtype_name();
            let line = |column: Column| f32_run.turned(column, precision);
            return self.columns().into_iter().map(line).collect();
        }
        if prepared.request.backend.dtype == DtypeChoice::Int8 {
            let doubt = |(name, scored): Column| run_report::int8_doubt(name, scored);
            return Ok(self.columns().into_iter().map(doubt).collect());
        }
        Ok(Vec::new())
    }

    /// The text for stdout, and what there is to complain of.
    pub(crate) fn finish(self, prepared: &Prepared, report: &RunReport) -> Result<Finished> {
        let complaint = invalid_verdicts(report);
        match (&prepared.against, self.answer) {
            (Some(against), Some(answer)) => {
                against.finished(prepared.request, report, answer, complaint)
            }
            _ => Ok(Finished {
                complaint,
                ..run_report::rendered(report, prepared.request.format)?.into()
            }),
        }
    }
}
