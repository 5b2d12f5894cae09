//! `--against`: a run to compare with while scoring, and what is printed in the end.

use std::ops::ControlFlow;

use crate::benchmark::{self, Benchmark, Named};
use crate::commands::compare;
use crate::commands::finished::Finished;
use crate::commands::run::request::{AgainstRequest, RunRequest};
use crate::comparison::gate::sequential::{GateOutcome, SequentialGate};
use crate::comparison::gate::{self, Conclusion, Rule};
use crate::data::Item;
use crate::report::{ComparisonReport, Format, Origin, RunReport};
use crate::scoring::fingerprint::{Fingerprint, GateFingerprint};
use crate::scoring::run_dir::record::StoppedEarly;
use crate::scoring::session::Observer;
use crate::scoring::{ScoredItem, ScoredModel};
use crate::support::error::{Error, Result, one_line};
use crate::support::terminal::say;

/// A baseline, and rules for the one model of the run.
pub(crate) struct Against {
    request: AgainstRequest,
    /// As it was typed; once found, `MODEL (DIR)`.
    baseline: String,
    /// How that came about; nothing is known of it before it is found.
    origin: Origin,
    /// Why that is not the whole of its benchmark, where it says so.
    baseline_partial: Option<String>,
    rules: Vec<Rule>,
    format: Format,
    /// Whether the items may lack pairs of the baseline.
    allow_partial: bool,
    /// The name of the benchmark that is run.
    benchmark: Option<String>,
    /// Asked while items are scored; `None` before [`Self::begin`].
    pub(crate) gate: Option<SequentialGate>,
}

impl Against {
    /// Everything that can be said before a file of the candidate is read.
    pub(crate) fn of(request: &RunRequest) -> Result<Option<Self>> {
        let Some(against) = request.against.clone() else {
            return Ok(None);
        };
        let models = request.models.len();
        if models != 1 {
            let what = format!(
                "failed to understand --against: it judges one model, and {models} are named"
            );
            return Err(Error::usage(what).hint("give one --model"));
        }
        if request.format == Format::Latex {
            let what = "failed to understand --format: with --against a comparison is printed, \
                which this format has not";
            return Err(Error::usage(what));
        }
        // The quickstart is what runs when nothing is named.
        let is_quickstart = request.benchmark.is_none() && request.data.is_empty();
        let quickstart = is_quickstart.then(|| "quickstart".to_owned());
        Ok(Some(Self {
            baseline: against.baseline.clone(),
            baseline_partial: None,
            rules: gate::rules(&against.gates)?,
            format: request.format,
            allow_partial: request.selection.allow_partial,
            benchmark: request.benchmark.clone().or(quickstart),
            origin: Origin::default(),
            gate: None,
            request: against,
        }))
    }

    /// Prepares the gate for the model of this name; returns the items in the order of scoring, and
    /// what a later session of the run must have in common with this one. `reads`: of which files
    /// and columns the items are.
    pub(crate) fn begin(
        &mut self,
        candidate: &str,
        reads: &Fingerprint,
        items: Vec<Item>,
        benchmark: Option<&Benchmark>,
    ) -> Result<(Vec<Item>, GateFingerprint)> {
        let (run, model) = compare::baseline(&self.baseline, candidate)?;
        let definition = benchmark.map(Benchmark::definition);
        let typed = self.benchmark.as_deref();
        let own = typed.map(|typed| Named {
            typed,
            definition: definition.as_ref(),
        });
        benchmark::common(&[run.benchmark(), own], &mut Vec::new())?;
        let scored = run.verdicts_of(&model).unwrap_or_default();
        self.baseline = format!("{model} ({})", run.path.display());
        self.origin = Origin::of_run(&run, &model);
        self.baseline_partial = run.summary()?.partial;
        let same_data = run.has_read(reads);
        let (mut gate, items) = SequentialGate::new(
            &self.rules,
            scored,
            same_data,
            items,
            benchmark,
            self.request.seed,
        )?;
        gate.expect(benchmark, self.allow_partial)?;
        self.gate = Some(gate);
        let rules = self.rules.iter().map(Rule::to_string).collect();
        let plan = GateFingerprint::new(rules, self.request.seed, scored);
        Ok((items, plan))
    }

    /// The gate's answer, from the outcomes that it has counted; no others are kept, and no other
    /// items reported.
    pub(crate) fn answer(
        &self,
        candidate: &mut ScoredModel,
        items: &mut Vec<Item>,
        benchmark: Option<&Benchmark>,
    ) -> Result<GateOutcome> {
        let gate = self
            .gate
            .as_ref()
            .ok_or_else(|| Error::usage("failed to ask the gate"))?;
        candidate.retain(|row| gate.counted(row));
        items.retain(|item| gate.counted(item.row));
        let answer = gate.finish(&candidate.items, benchmark)?;
        say(&format!(
            "{}: {}",
            one_line(&candidate.checkpoint.name),
            answer.summary
        ));
        Ok(answer)
    }

    /// The comparison, and what the gate or else the run complains of.
    pub(crate) fn finished(
        &self,
        request: &RunRequest,
        report: &RunReport,
        answer: GateOutcome,
        complaint: Option<Error>,
    ) -> Result<Finished> {
        let candidate = report.models.first();
        let origin = candidate.map(|model| Origin::Run(Box::new(model.provenance.clone())));
        let candidate = candidate.map_or("", |model| &model.name);
        let out = request.out.as_deref();
        let place = out.map_or_else(|| "this run".to_owned(), |dir| dir.display().to_string());
        let invalid = complaint.is_some();
        let report = ComparisonReport {
            baseline: self.baseline.clone(),
            candidate: format!("{candidate} ({place})"),
            origins: [self.origin.clone(), origin.unwrap_or_default()],
            partial: [self.baseline_partial.clone(), report.partial.clone()],
            comparison: answer.comparison,
            flips: None,
            conclusion: Conclusion::of(&answer.rules, self.request.strict, invalid),
            gate: answer.rules,
            notes: vec![answer.summary],
        };
        compare::finished(&report, self.format, complaint)
    }
}

impl Observer for SequentialGate {
    fn see(&mut self, scored: &[ScoredItem]) -> ControlFlow<()> {
        SequentialGate::see(self, scored)
    }
}

/// Why these are not all pairs of the benchmark, where the gate was settled early.
pub(crate) fn partial(answer: &GateOutcome) -> Option<String> {
    answer.stopped.as_ref().map(StoppedEarly::note)
}
