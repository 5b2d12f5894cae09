//! `pairbench compare`: two runs read back, or a run and a published table, to the differences and
//! a gate's verdict.

mod changed_pairs;
mod gate_end;
mod side;

use crate::benchmark;
use crate::benchmark::Benchmark;
use crate::commands::compare::changed_pairs::flips;
use crate::commands::compare::side::{Chosen, Side, choose};
use crate::commands::finished::Finished;
use crate::comparison::gate::sequential::replay::{Replay, StoppedSide};
use crate::comparison::gate::{self, Rule, RuleOutcome};
use crate::comparison::{Comparison, Matching};
use crate::report::{ComparisonReport, Format};
use crate::support::error::Result;

pub(crate) use gate_end::finished;
pub(crate) use side::baseline;

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
    /// Whether the candidate may lack pairs of the baseline.
    pub allow_partial: bool,
    /// How many changed pairs to list.
    pub flips: Option<usize>,
    pub format: Format,
}

pub fn compare(request: &CompareRequest) -> Result<Finished> {
    let rules = gate::rules(&request.gates)?;
    let sides = [
        Side::find(&request.baseline)?,
        Side::find(&request.candidate)?,
    ];
    let [baseline, candidate] = choose(&sides, [&request.baseline, &request.candidate])?;
    let partial = [baseline.partial()?, candidate.partial()?];
    let mut notes = Vec::new();
    let benchmark = benchmark::common(&[baseline.benchmark(), candidate.benchmark()], &mut notes)?;
    let origins = [baseline.origin(), candidate.origin()];
    notes.extend(origins[0].same_model(&origins[1]));
    let (comparison, gate) = judge(
        [&baseline, &candidate],
        benchmark.as_ref(),
        &rules,
        &partial,
        request.allow_partial,
    )?;
    let page = request.format == Format::Html;
    let is_paired = comparison.matching != Matching::Unpaired;
    if request.flips.is_some() && !is_paired {
        notes.push("no changed verdicts are listed: a published table has none".to_owned());
    }
    let wanted = request.flips.or(page.then_some(ON_A_PAGE));
    let flips = wanted.filter(|_| is_paired).map(|n| {
        let run = candidate.run().map(|(run, _)| run);
        flips(&comparison, n, run, &mut notes)
    });
    let report = ComparisonReport {
        baseline: baseline.title(),
        candidate: candidate.title(),
        origins,
        partial,
        comparison,
        flips,
        conclusion: gate::Conclusion::of(&gate, request.strict, false),
        gate,
        notes,
    };
    finished(&report, request.format, None)
}

/// The comparison, and what each rule says of it.
fn judge(
    [baseline, candidate]: [&Chosen; 2],
    benchmark: Option<&Benchmark>,
    rules: &[Rule],
    partial: &[Option<String>; 2],
    allow_partial: bool,
) -> Result<(Comparison, Vec<RuleOutcome>)> {
    let stopped = [
        (StoppedSide::Candidate, candidate.stopped_early()),
        (StoppedSide::Baseline, baseline.stopped_early()),
    ];
    let stopped = stopped
        .into_iter()
        .find_map(|(side, stopped)| Some((side, stopped?)));
    let mut comparison = match (baseline.run(), candidate.run(), stopped) {
        (Some((before, left)), Some((after, right)), Some(stopped)) => {
            let same_data = before.has_data_of(after);
            let mut replay = Replay::new([left, right], same_data, benchmark, stopped)?;
            replay.comparison.expect_all_of(benchmark);
            replay.comparison.expect_whole(partial, benchmark);
            check(&replay.comparison, Some(stopped.0), allow_partial)?;
            let evaluate = |rule: &Rule| replay.evaluate(rule, benchmark);
            let gate = rules.iter().map(evaluate).collect::<Result<_>>()?;
            return Ok((replay.comparison, gate));
        }
        (Some((before, left)), Some((after, right)), None) => {
            Comparison::paired(left, right, before.has_data_of(after), benchmark)?
        }
        (_, right, _) => {
            let counted = [baseline.counted(), candidate.counted()];
            Comparison::unpaired(counted, right.map(|(_, verdicts)| verdicts), benchmark)?
        }
    };
    comparison.expect_all_of(benchmark);
    comparison.expect_whole(partial, benchmark);
    check(&comparison, None, allow_partial)?;
    let gate = rules.iter().map(|rule| rule.evaluate(&comparison));
    let gate = gate.collect::<Result<_>>()?;
    Ok((comparison, gate))
}

/// Refuses a candidate that lacks pairs of the baseline, unless that is allowed.
fn check(comparison: &Comparison, stopped: Option<StoppedSide>, allow_partial: bool) -> Result<()> {
    let checked = comparison.coverage.check(allow_partial);
    if stopped != Some(StoppedSide::Candidate) {
        return checked;
    }
    checked.map_err(|e| {
        e.hint(
            "a gate stopped the candidate early (--against), so that fixed-sample intervals do \
             not hold for it; with --allow-partial those of its confidence sequences are used",
        )
    })
}
