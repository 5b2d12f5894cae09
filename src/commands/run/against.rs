//! `--against`: a run to compare with while scoring, and what is printed in the end.

use crate::benchmark;
use crate::benchmark::{Benchmark, Definition, Files, Named};
use crate::cli::{CompareFormat, RunArgs};
use crate::commands::compare;
use crate::commands::run::Finished;
use crate::commands::run::session::Scored;
use crate::comparison::gate;
use crate::comparison::gate::Rule;
use crate::comparison::gate::sequential::{GateOutcome, SequentialGate};
use crate::data::Item;
use crate::report::Report;
use crate::report::comparison::ComparisonReport;
use crate::support::error::{Error, Result, one_line};
use crate::support::terminal::say;

/// What was asked for.
pub struct Against {
    /// As it was typed; once found, `MODEL (DIR)`.
    baseline: String,
    rules: Vec<Rule>,
    seed: u64,
    format: CompareFormat,
    /// The name of the benchmark that is run.
    benchmark: Option<String>,
}

impl Against {
    /// Everything that can be said before a file of the candidate is read.
    pub fn of(args: &RunArgs) -> Result<Option<Self>> {
        let Some(baseline) = args.against.baseline.clone() else {
            return Ok(None);
        };
        if args.models.len() != 1 {
            return Err(Error::usage(format!(
                "failed to understand --against: it judges one model, and {} are named",
                args.models.len()
            ))
            .hint("give one --model"));
        }
        let format = args.format.of_comparison();
        let format = format.ok_or_else(|| Error::usage("failed to understand --format: with --against a comparison is printed, which this format has not"))?;
        // The quickstart is what runs when nothing is named.
        let benchmark = args
            .benchmark
            .clone()
            .or_else(|| args.data.is_empty().then(|| "quickstart".to_owned()));
        Ok(Some(Self {
            baseline,
            rules: gate::rules(&args.against.gates)?,
            seed: args.against.seed,
            format,
            benchmark,
        }))
    }

    /// The gate for the model of this name, and the pairs in the order of scoring.
    /// `definition`: of the benchmark that was named.
    pub fn begin(
        &mut self,
        candidate: &str,
        data: &Files,
        pairs: Vec<Item>,
        benchmark: Option<&Benchmark>,
        definition: Option<&Definition>,
    ) -> Result<(SequentialGate, Vec<Item>)> {
        let (run, model) = compare::baseline(&self.baseline, candidate)?;
        let own = self
            .benchmark
            .as_deref()
            .map(|typed| Named { typed, definition });
        benchmark::common(&[run.benchmark(), own], &mut Vec::new())?;
        let verdicts = run.verdicts_of(&model).unwrap_or_default();
        self.baseline = format!("{model} ({})", run.path.display());
        SequentialGate::new(
            &self.rules,
            verdicts,
            run.has_read(&data.files)?,
            pairs,
            benchmark,
            self.seed,
        )
    }

    /// The comparison, and what the gate or else the run complains of.
    pub fn finished(
        self,
        args: &RunArgs,
        report: &Report,
        answer: GateOutcome,
        complaint: Option<Error>,
    ) -> Finished {
        let candidate = report.models.first().map_or("", |model| &model.name);
        let mut notes = vec![answer.summary];
        if answer.stopped.is_some() {
            notes.push(
                "the other pairs were not scored: the gate's answer allows for having stopped early, intervals and p-values of single lines do not".to_owned(),
            );
        }
        let place = args
            .out
            .as_deref()
            .map_or_else(|| "this run".to_owned(), |dir| dir.display().to_string());
        let report = ComparisonReport {
            baseline: self.baseline,
            candidate: format!("{candidate} ({place})"),
            comparison: answer.comparison,
            flips: None,
            gate: answer.rules,
            notes,
        };
        let finished = compare::finished(&report, self.format, args.against.strict_gate);
        Finished {
            complaint: finished.complaint.or(complaint),
            ..finished
        }
    }
}

/// The gate's, from the verdicts that it has counted; no others are kept, and no other pairs
/// reported.
pub fn answer(
    gate: &SequentialGate,
    candidate: &mut Scored,
    pairs: &mut Vec<Item>,
    benchmark: Option<&Benchmark>,
) -> Result<GateOutcome> {
    candidate
        .verdicts
        .retain(|verdict| gate.counted(verdict.row));
    pairs.retain(|pair| gate.counted(pair.row));
    let answer = gate.finish(&candidate.verdicts, benchmark)?;
    say(&format!(
        "{}: {}",
        one_line(&candidate.checkpoint.name),
        answer.summary
    ));
    Ok(answer)
}

/// Why these are not all pairs of the benchmark, where the gate was settled early.
pub fn partial(answer: &GateOutcome) -> Option<String> {
    let [scored, pairs] = answer.stopped?;
    Some(format!(
        "{scored} of {pairs} pairs, in random order: the gate was settled (--against)"
    ))
}
