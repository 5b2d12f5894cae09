//! SequentialGate answers: a gate that is asked while verdicts come in, until they settle it.
//!
//! It is settled when one rule fails or all pass. What settles a rule before every pair is scored:
//!
//! - `drop`: the confidence sequence of its lines ([`crate::stats::Sequence`]) stands where the
//!   fixed interval stands otherwise;
//! - `significant-drop` fails by the sequence's p-value (Holm-corrected over several lines). Not
//!   rejecting settles nothing: it passes when the end could not reject even if every pair were
//!   lost that still can be;
//! - `min`, `max-ties`, `max-invalid` and `max-position-bias`: when the remaining pairs cannot
//!   change the answer.
//!
//! A rule that nothing settles is evaluated after the last pair, as if there had been no early
//! answers. That is a second look at the same pairs: sequence and evaluation have half of the
//! rule's error rate each, so that both together are wrong no more often than the rule is that
//! looks once. A run that is not settled early pays for having asked: its last interval is one of
//! 97.5 %. `benchmarks/2026-11-24-early-answers.md` has the simulation.

mod line;
mod progress;

use std::collections::{BTreeMap, HashMap};
use std::ops::{ControlFlow, Range};

use crate::benchmark::Benchmark;
use crate::comparison;
use crate::comparison::gate;
use crate::comparison::gate::{Judged, Rule, RuleOutcome, Status};
use crate::comparison::{Comparison, Outline};
use crate::data::Item;
use crate::scoring::ScoredItem;
use crate::stats::{Share, bootstrap, rounds};
use crate::support::error::Result;
use line::Line;
use progress::Progress;

/// The seed of the order, where none is given.
pub const SEED: u64 = bootstrap::SEED;

/// Of a rule's error rate, what early answers have; the rest is for the end.
const SHARE: f64 = 0.5;

/// Pairs from one time that the gate is asked to the next.
const LOOK: usize = 16;

/// A gate, and what it has seen.
pub struct SequentialGate {
    asked: Vec<Asked>,
    /// Inconclusive until the gate is settled.
    status: Status,
    progress: Progress,
    /// By row, when its verdict counts.
    places: HashMap<usize, usize>,
    /// By place, verdicts that came before their turn.
    waiting: BTreeMap<usize, ScoredItem>,
    /// By row of the candidate's data.
    baseline: HashMap<usize, ScoredItem>,
    same_data: bool,
}

struct Asked {
    rule: Rule,
    /// None where it is about the candidate alone.
    lines: Vec<Line>,
    status: Status,
    /// Pairs after which it was settled.
    settled: usize,
}

/// How a gate was answered.
pub struct Answer {
    pub comparison: Comparison,
    pub gate: Vec<RuleOutcome>,
    /// How many pairs it took, of how many, and how sure it is.
    pub summary: String,
    /// Pairs scored and pairs there are, where scoring ended early.
    pub stopped: Option<[usize; 2]>,
}

impl SequentialGate {
    /// Also returns the pairs in the order in which they must be scored.
    pub fn new(
        rules: &[Rule],
        baseline: &[ScoredItem],
        same_data: bool,
        pairs: Vec<Item>,
        benchmark: Option<&Benchmark>,
        seed: u64,
    ) -> Result<(Self, Vec<Item>)> {
        let baseline: HashMap<usize, ScoredItem> = pairs
            .iter()
            .zip(comparison::matched(baseline, &pairs, same_data)?)
            .map(|(pair, verdict)| (pair.row, verdict.clone()))
            .collect();
        let pairs = in_order(pairs, seed);
        let mut progress = Progress {
            pairs: pairs.len(),
            ..Progress::default()
        };
        for pair in &pairs {
            let right = baseline.get(&pair.row).is_some_and(progress::is_right);
            progress
                .subsets
                .entry(pair.subset.clone())
                .or_default()
                .before
                .push(right);
        }
        let sizes: Vec<(String, usize)> = progress
            .subsets
            .iter()
            .map(|(name, subset)| (name.clone(), subset.before.len()))
            .collect();
        let outlines = comparison::outlines(&sizes, benchmark);
        let asked = rules
            .iter()
            .map(|rule| Asked::new(rule, &outlines, &progress))
            .collect::<Result<_>>()?;
        let places = pairs
            .iter()
            .enumerate()
            .map(|(place, pair)| (pair.row, place))
            .collect();
        let waiting = BTreeMap::new();
        Ok((
            Self {
                asked,
                status: Status::Inconclusive,
                progress,
                places,
                waiting,
                baseline,
                same_data,
            },
            pairs,
        ))
    }

    /// More verdicts; breaks as soon as the gate is settled. They may come in any order, and as
    /// many at a time as one likes: they count in the order of [`Self::new`], and the gate is asked
    /// after fixed numbers of them.
    pub fn see<'a>(
        &mut self,
        verdicts: impl IntoIterator<Item = &'a ScoredItem>,
    ) -> ControlFlow<()> {
        for verdict in verdicts {
            self.waiting.extend(
                self.places
                    .get(&verdict.row)
                    .map(|place| (*place, verdict.clone())),
            );
        }
        while self.status == Status::Inconclusive
            && let Some(verdict) = self.waiting.remove(&self.progress.scored)
        {
            self.progress.add(&verdict);
            if self.progress.scored.is_multiple_of(LOOK)
                || self.progress.scored == self.progress.pairs
            {
                self.ask();
            }
        }
        if self.status == Status::Inconclusive {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }

    fn ask(&mut self) {
        for asked in &mut self.asked {
            asked.ask(&self.progress);
        }
        let says = |wanted: Status| self.asked.iter().any(|asked| asked.status == wanted);
        self.status = [Status::Fail, Status::Inconclusive]
            .into_iter()
            .find(|status| says(*status))
            .unwrap_or(Status::Pass);
    }

    /// Of the gate as a whole: inconclusive as long as it is not settled.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Whether this row's verdict was among those that the answer rests on.
    pub fn counted(&self, row: usize) -> bool {
        self.places
            .get(&row)
            .is_some_and(|place| *place < self.progress.scored)
    }

    /// What was found. `verdicts`: all that counted.
    pub fn finish(&self, verdicts: &[ScoredItem], benchmark: Option<&Benchmark>) -> Result<Answer> {
        let baseline: Vec<ScoredItem> = verdicts
            .iter()
            .filter_map(|verdict| self.baseline.get(&verdict.row).cloned())
            .collect();
        let comparison = Comparison::paired(&baseline, verdicts, self.same_data, benchmark)?;
        let gate: Vec<RuleOutcome> = self
            .asked
            .iter()
            .map(|asked| asked.outcome(&self.progress, &comparison))
            .collect::<Result<_>>()?;
        let Progress { pairs, scored, .. } = self.progress;
        Ok(Answer {
            comparison,
            gate,
            summary: self.summary(),
            stopped: (scored < pairs).then_some([scored, pairs]),
        })
    }

    fn summary(&self) -> String {
        let Progress { pairs, scored, .. } = self.progress;
        if self.status == Status::Inconclusive {
            return format!(
                "not settled early: scored all {pairs} pairs; a rule has half of its error rate for the end, which is why its intervals are wider than usual"
            );
        }
        let error = self
            .asked
            .iter()
            .filter(|asked| asked.status == self.status)
            .map(|asked| asked.rule.error())
            .fold(0.0, f64::max);
        let rate = if error > 0.0 {
            format!("error rate {} % or less, at any time", gate::percent(error))
        } else {
            "no error: the other pairs cannot change it".to_owned()
        };
        format!("settled after {scored} of {pairs} pairs ({rate})")
    }
}

/// Shuffled within subsets, the subsets dealt out in proportion.
fn in_order(pairs: Vec<Item>, seed: u64) -> Vec<Item> {
    let order = rounds::order(
        &pairs
            .iter()
            .map(|pair| pair.subset.as_str())
            .collect::<Vec<_>>(),
        seed,
    );
    let mut pairs: Vec<Option<Item>> = pairs.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|at| pairs[at].take())
        .collect()
}

impl Asked {
    fn new(rule: &Rule, outlines: &[Vec<Outline>; 3], progress: &Progress) -> Result<Self> {
        let lines = match rule {
            Rule::Drop { scope, .. }
            | Rule::SignificantDrop { scope, .. }
            | Rule::Min { scope, .. } => scope.among(
                outlines.each_ref().map(Vec::as_slice),
                |line| &line.word,
                rule,
            )?,
            Rule::MaxTies(_) | Rule::MaxInvalid(_) | Rule::MaxPositionBias(_) => Vec::new(),
        };
        let level = gate::level(lines.len().max(1), SHARE);
        Ok(Self {
            rule: rule.clone(),
            lines: lines
                .into_iter()
                .map(|line| Line::new(line, level, progress))
                .collect(),
            status: Status::Inconclusive,
            settled: 0,
        })
    }

    /// An answer stands once it is settled.
    fn ask(&mut self, progress: &Progress) {
        if self.status == Status::Inconclusive {
            for line in &mut self.lines {
                line.advance(progress);
            }
            (self.status, self.settled) = (gate::worst(&self.judge(progress)), progress.scored);
        }
    }

    /// What the rule says of each line, or of the candidate: inconclusive where that may change.
    fn judge(&self, progress: &Progress) -> Vec<Judged> {
        let left = progress.pairs - progress.scored;
        match &self.rule {
            Rule::Drop { limit, .. } => self
                .lines
                .iter()
                .map(|line| line.drop(*limit, gate::level(self.lines.len(), SHARE), progress))
                .collect(),
            Rule::SignificantDrop { alpha, .. } => {
                line::significant(&self.lines, SHARE * alpha, (1.0 - SHARE) * alpha, progress)
            }
            Rule::Min { least, .. } => self
                .lines
                .iter()
                .map(|line| line.min(*least, progress))
                .collect(),
            Rule::MaxTies(most) => vec![bounded(
                progress.ties..progress.ties + left,
                *most,
                "ties so far",
            )],
            Rule::MaxInvalid(most) => vec![bounded(
                progress.invalid..progress.invalid + left,
                *most,
                "invalid verdicts so far",
            )],
            Rule::MaxPositionBias(most) => {
                let Progress {
                    finite, disagree, ..
                } = *progress;
                let share = |part: usize, of: usize| {
                    Share {
                        correct: part,
                        n: of,
                    }
                    .value()
                };
                let status = match () {
                    () if share(disagree, finite + left) > *most => Status::Fail,
                    () if share(disagree + left, finite + left) <= *most => Status::Pass,
                    () => Status::Inconclusive,
                };
                vec![Judged {
                    status,
                    subsets: Vec::new(),
                    text: format!(
                        "both orders disagree on {:.4} of {finite} pairs so far",
                        share(disagree, finite)
                    ),
                }]
            }
        }
    }

    fn outcome(&self, progress: &Progress, comparison: &Comparison) -> Result<RuleOutcome> {
        if self.status == Status::Inconclusive {
            if progress.scored == progress.pairs {
                return self.rule.evaluate_with(1.0 - SHARE, comparison);
            }
            let outcome = self.summed_up(progress, comparison);
            return Ok(RuleOutcome {
                reason: format!("not settled yet: {}", outcome.reason),
                ..outcome
            });
        }
        // What is settled of the candidate alone holds for the pairs so far.
        let outcome = if self.lines.is_empty() {
            self.rule.evaluate(comparison)?
        } else {
            self.summed_up(progress, comparison)
        };
        Ok(RuleOutcome {
            reason: format!("{}; settled after {} pairs", outcome.reason, self.settled),
            ..outcome
        })
    }

    fn summed_up(&self, progress: &Progress, comparison: &Comparison) -> RuleOutcome {
        let well = match &self.rule {
            Rule::Drop { .. } => gate::NO_DROP,
            Rule::SignificantDrop { .. } => gate::NO_SIGNIFICANT_DROP,
            _ => gate::NONE_BELOW,
        };
        let (status, reason, look_at) = gate::summed_up(self.judge(progress), comparison, well);
        RuleOutcome {
            rule: self.rule.to_string(),
            status,
            reason,
            look_at,
        }
    }
}

/// A count that ends somewhere in a range, both ends included, and may be at most so large.
fn bounded(range: Range<usize>, most: usize, what: &str) -> Judged {
    let status = match () {
        () if range.start > most => Status::Fail,
        () if range.end <= most => Status::Pass,
        () => Status::Inconclusive,
    };
    Judged {
        status,
        subsets: Vec::new(),
        text: format!("{} {what}", range.start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::tests::{verdict, verdicts};

    const CHUNK: usize = 16;

    /// Pairs as rows of verdicts.
    fn pairs(verdicts: &[ScoredItem]) -> Vec<Item> {
        let pair = |v: &ScoredItem| Item {
            row: v.row,
            subset: v.subset.clone(),
            id: None,
            prompt: Vec::new(),
            chosen: String::new().into(),
            rejected: String::new().into(),
        };
        verdicts.iter().map(pair).collect()
    }

    /// Scores pairs whose verdicts are known; returns the answer and how many were scored.
    fn asked(
        rules: &[&str],
        baseline: &[(&str, &str)],
        candidate: &[(&str, &str)],
        seed: u64,
    ) -> (Answer, usize) {
        let (before, after, benchmark) = (
            verdicts(baseline),
            verdicts(candidate),
            Benchmark::reward_bench(),
        );
        let rules: Vec<Rule> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        let (mut early, order) =
            SequentialGate::new(&rules, &before, true, pairs(&after), Some(&benchmark), seed)
                .unwrap();
        let mut seen: Vec<ScoredItem> = Vec::new();
        for chunk in order.chunks(CHUNK) {
            let chunk: Vec<ScoredItem> = chunk.iter().map(|pair| after[pair.row].clone()).collect();
            seen.extend(chunk.iter().cloned());
            if early.see(&chunk).is_break() {
                break;
            }
        }
        let scored = seen.len();
        (early.finish(&seen, Some(&benchmark)).unwrap(), scored)
    }

    fn statuses(answer: &Answer) -> Vec<Status> {
        answer.gate.iter().map(|outcome| outcome.status).collect()
    }

    #[test]
    fn equal_verdicts_pass_as_soon_as_so_many_pairs_can_show_it() {
        let marks = [("hep-go", "+++-".repeat(50)), ("hep-js", "+-".repeat(100))];
        let marks: Vec<(&str, &str)> = marks
            .iter()
            .map(|(subset, marks)| (*subset, marks.as_str()))
            .collect();
        let (answer, scored) = asked(&["drop:total:0.05"], &marks, &marks, 1);
        // ln(2 · 80) / (0.98 · 0.05) = 103.6 pairs, in whole rounds of 2 and chunks of 16.
        assert_eq!(
            (statuses(&answer), scored, answer.stopped),
            (vec![Status::Pass], 112, Some([112, 400]))
        );
        assert_eq!(
            answer.summary,
            "settled after 112 of 400 pairs (error rate 5 % or less, at any time)"
        );
        assert!(
            answer.gate[0]
                .reason
                .starts_with("all pairs +0.0000, 97.5 % confidence sequence [-0.0"),
            "{}",
            answer.gate[0].reason
        );
        assert!(
            answer.gate[0].reason.ends_with("; settled after 112 pairs"),
            "{}",
            answer.gate[0].reason
        );
        // Two lines share the error: ln(2 · 160) / (0.98 · 0.05) = 117.7 pairs of each.
        assert_eq!(asked(&["drop:subset:*:0.05"], &marks, &marks, 1).1, 240);
        // What no number of pairs can show waits for the last, which shows that none differs.
        let (answer, scored) = asked(&["drop:total:0", "drop:average:0.05"], &marks, &marks, 1);
        assert_eq!(
            (statuses(&answer), scored, answer.stopped),
            (vec![Status::Pass; 2], 400, None)
        );
        assert!(
            answer
                .summary
                .starts_with("not settled early: scored all 400 pairs"),
            "{}",
            answer.summary
        );
    }

    #[test]
    fn the_first_rule_that_fails_settles_the_gate() {
        let (all, few) = ("+".repeat(200), "+---".repeat(50));
        let (answer, scored) = asked(
            &["drop:average:0.05", "drop:subset:hep-go:0.1"],
            &[("hep-go", &all), ("hep-js", &all)],
            &[("hep-go", &all), ("hep-js", &few)],
            1,
        );
        assert_eq!(statuses(&answer), [Status::Fail, Status::Inconclusive]);
        assert!(
            scored < 100
                && answer.gate[1]
                    .reason
                    .starts_with("not settled yet: hep-go +0.0000, "),
            "{scored} {:?}",
            answer.gate
        );
        assert!(
            answer.gate[0]
                .look_at
                .iter()
                .all(|pair| pair.starts_with("hep-js row "))
                && !answer.gate[0].look_at.is_empty(),
            "{:?}",
            answer.gate
        );
        // Other orders come to the same answer, after about as many pairs; the same order after the
        // same.
        let again = |seed| {
            asked(
                &["significant-drop:subset:*:0.05"],
                &[("hep-go", &all), ("hep-js", &all)],
                &[("hep-go", &all), ("hep-js", &few)],
                seed,
            )
        };
        assert_eq!(statuses(&again(3).0), [Status::Fail]);
        assert_eq!(again(3).1, again(3).1);
        assert!((0..20).map(|seed| again(seed).1).all(|scored| scored < 100));
        assert!(
            again(3).0.gate[0].reason.starts_with("hep-js -0."),
            "{:?}",
            again(3).0.gate
        );
    }

    /// As they come from a journal, or from batches by length.
    #[test]
    fn verdicts_count_in_their_order_however_they_come() {
        let (good, bad) = ("+".repeat(200), "+---".repeat(50));
        let (before, after) = (
            verdicts(&[("hep-go", &good)]),
            verdicts(&[("hep-go", &bad)]),
        );
        let rules = ["drop:total:0.1".parse().unwrap()];
        let new = || {
            SequentialGate::new(
                &rules,
                &before,
                true,
                pairs(&after),
                Some(&Benchmark::reward_bench()),
                SEED,
            )
            .unwrap()
        };
        let (_, scored) = asked(
            &["drop:total:0.1"],
            &[("hep-go", &good)],
            &[("hep-go", &bad)],
            SEED,
        );
        let (mut early, order) = new();
        assert!(early.see(&after).is_break() && early.see(&after[..1]).is_break());
        let counted: Vec<usize> = order.iter().map(|pair| pair.row).take(scored).collect();
        assert!((0..200).all(|row| early.counted(row) == counted.contains(&row)));
        // The first pair comes last.
        let (mut early, order) = new();
        let rest: Vec<ScoredItem> = order[1..]
            .iter()
            .map(|pair| after[pair.row].clone())
            .collect();
        assert!(early.see(&rest).is_continue() && early.status() == Status::Inconclusive);
        assert!(early.see(&after[order[0].row..=order[0].row]).is_break());
        assert_eq!(
            order.iter().filter(|pair| early.counted(pair.row)).count(),
            scored
        );
    }

    #[test]
    fn bounds_are_settled_when_the_rest_cannot_change_them() {
        let (good, bad) = ("+".repeat(100), "-".repeat(100));
        let run = |rules: &[&str], candidate: &str| {
            let (answer, scored) = asked(rules, &[("hep-go", &good)], &[("hep-go", candidate)], 1);
            (statuses(&answer)[0], scored)
        };
        assert_eq!(run(&["min:total:0.65"], &good), (Status::Pass, 80));
        assert_eq!(run(&["min:total:0.65"], &bad), (Status::Fail, 48));
        // Exactly at the bound: the end decides.
        assert_eq!(run(&["min:average:0.64"], &good), (Status::Pass, 80));
        assert_eq!(run(&["max-ties:20"], &"0".repeat(100)), (Status::Fail, 32));
        assert_eq!(run(&["max-ties:20"], &good), (Status::Pass, 80));
        assert_eq!(run(&["max-invalid:0"], &good), (Status::Pass, 100));
        // A margin of 1 from logits of 1 and 0: the second order alone is no preference for the
        // chosen answer.
        assert_eq!(run(&["max-position-bias:0.3"], &good), (Status::Fail, 32));
    }

    #[test]
    fn not_rejecting_settles_nothing_until_the_end_cannot_reject() {
        let good = "+".repeat(100);
        let (answer, scored) = asked(
            &["significant-drop:subset:*:0.05"],
            &[("hep-go", &good)],
            &[("hep-go", &good)],
            1,
        );
        // With 6 of 6 lost p is 2⁻⁵, above 0.025: 4 are left after 96.
        assert_eq!((statuses(&answer), scored), (vec![Status::Pass], 96));
        // Pairs that the baseline has wrong cannot be lost.
        let wrong = "-".repeat(100);
        let (answer, scored) = asked(
            &["significant-drop:subset:*:0.05"],
            &[("hep-go", &wrong)],
            &[("hep-go", &wrong)],
            1,
        );
        assert_eq!((statuses(&answer), scored), (vec![Status::Pass], CHUNK));
    }

    #[test]
    fn the_end_has_the_other_half_of_the_error() {
        // 7 of 100 lost: p = 2⁻⁶, between 0.0125 and 0.025 … and 0.05.
        let (before, after) = (
            "+".repeat(100),
            format!("{}{}", "+".repeat(93), "-".repeat(7)),
        );
        for (alpha, expected) in [("0.05", Status::Fail), ("0.03", Status::Pass)] {
            let rule = format!("significant-drop:total:{alpha}");
            // In an order that leaves the answer open until the end.
            let (answer, _) = asked(&[&rule], &[("hep-go", &before)], &[("hep-go", &after)], 1);
            assert_eq!(statuses(&answer), [expected], "{alpha} {:?}", answer.gate);
        }
    }

    #[test]
    fn what_the_baseline_lacks_is_an_error_and_so_is_a_rule_about_nothing() {
        let marks = [("hep-go", "+-+-")];
        let (before, all) = (verdicts(&marks), verdicts(&[("hep-go", "+-+-++")]));
        let new = |rule: &str, before: &[ScoredItem], after: &[ScoredItem]| {
            SequentialGate::new(
                &[rule.parse().unwrap()],
                before,
                true,
                pairs(after),
                Some(&Benchmark::reward_bench()),
                SEED,
            )
            .err()
            .map(|error| error.render())
        };
        assert!(
            new("drop:average:0", &before, &all)
                .unwrap()
                .contains("it lacks 2 of 6 pairs")
        );
        assert!(
            new("drop:section:Chat:0", &before, &before)
                .unwrap()
                .contains("nothing that it names was compared")
        );
        // More than is needed is no error.
        assert_eq!(new("drop:average:0", &all, &before), None);
        assert_eq!(
            new(
                "drop:average:0",
                &[verdict(0, "hep-go", None, 1.0)],
                &before[..1]
            ),
            None
        );
    }
}
