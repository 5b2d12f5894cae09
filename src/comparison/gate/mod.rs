//! Rules that a candidate must meet, and what a comparison says about each.
//!
//! - `drop` asks whether the candidate is worse by more than a limit X, and answers with the 95 %
//!   interval of the difference: *fail* when all of it lies below −X, *pass* when all of it lies at
//!   or above −X, else *inconclusive*. A candidate that is worse by X or less fails in about 2.5 %
//!   of all samples of pairs, or fewer; `benchmarks/2026-11-24-coverage.md` has the simulation. A
//!   scope of several lines (`subset:*`) has intervals of 1 − 0.05/k (Bonferroni), so that this
//!   holds for all of them together. Where no pair is gained or lost the rule passes.
//! - `significant-drop` fails when the candidate is worse and the two-sided exact p-value,
//!   Holm-corrected where the scope has several lines, is below alpha; else it passes. Not
//!   rejecting is not showing that nothing dropped: `drop` does that.
//! - `min`, `max-ties`, `max-invalid` and `max-position-bias` are bounds of what was measured,
//!   without statistics.

mod rule;
pub mod sequential;

use serde::Serialize;

pub use rule::{Rule, Scope, rules};

use crate::comparison::{AVERAGE, Candidate, Change, Comparison, Difference, Name, TOTAL};
use crate::metrics::PositionBias;
use crate::stats::{Interval, LEVEL, count, holm};
use crate::support::error::{Error, Result};

/// Pairs named with a rule that is not met.
const LOOK_AT: usize = 5;

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Pass,
    Fail,
    Inconclusive,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct RuleOutcome {
    /// As it was written.
    pub rule: String,
    pub status: Status,
    /// The figures behind it.
    pub reason: String,
    /// Pairs to look at first.
    pub look_at: Vec<String>,
}

impl Scope {
    fn lines<'a>(&self, comparison: &'a Comparison, rule: &Rule) -> Result<Vec<&'a Difference>> {
        let blocks = [
            &comparison.subsets,
            &comparison.sections,
            &comparison.totals,
        ];
        self.among(blocks.map(Vec::as_slice), |line| &line.word, rule)
    }

    /// The lines it covers, of subsets, sections and totals, by the words that rules have for them.
    /// A rule about something that was not compared must not pass: an error.
    pub(crate) fn among<'a, T>(
        &self,
        [subsets, sections, totals]: [&'a [T]; 3],
        word_of: impl Fn(&T) -> &str,
        rule: &Rule,
    ) -> Result<Vec<&'a T>> {
        let lines = match self {
            Self::Average | Self::Total | Self::Headline(_) => totals,
            Self::Section(_) => sections,
            Self::Subset(_) => subsets,
        };
        let covers = |word: &str| match self {
            Self::Average => word == AVERAGE,
            Self::Total => word == TOTAL,
            Self::Headline(None) => word != AVERAGE && word != TOTAL,
            Self::Headline(Some(key)) => word == key,
            Self::Section(name) | Self::Subset(name) => {
                name.as_ref().is_none_or(|name| word == name)
            }
        };
        let found: Vec<&T> = lines.iter().filter(|line| covers(word_of(line))).collect();
        if found.is_empty() {
            let names: Vec<&str> = lines.iter().map(word_of).collect();
            return Err(Error::usage(format!(
                "failed to apply rule: {rule}: nothing that it names was compared"
            ))
            .hint(format!(
                "compared were: {}",
                if names.is_empty() {
                    "none".to_owned()
                } else {
                    names.join(", ")
                }
            )));
        }
        Ok(found)
    }
}

impl Rule {
    pub fn evaluate(&self, comparison: &Comparison) -> Result<RuleOutcome> {
        self.evaluate_with(1.0, comparison)
    }

    /// With a share of the errors that the rule may make.
    pub(crate) fn evaluate_with(&self, share: f64, comparison: &Comparison) -> Result<RuleOutcome> {
        let (status, reason, look_at) = match self {
            Self::Drop { scope, limit } => {
                drop(&scope.lines(comparison, self)?, *limit, share, comparison)
            }
            Self::SignificantDrop { scope, alpha } => {
                significant(&scope.lines(comparison, self)?, alpha * share, comparison)
            }
            Self::Min { scope, least } => min(&scope.lines(comparison, self)?, *least, comparison),
            Self::MaxTies(most) => {
                of_candidate(comparison, |c| at_most(c.total.tie, *most, "ties", &c.ties))
            }
            Self::MaxInvalid(most) => of_candidate(comparison, |c| {
                at_most(c.total.invalid, *most, "invalid verdicts", &c.invalid)
            }),
            Self::MaxPositionBias(most) => of_candidate(comparison, |c| {
                let Some(bias) = c.behaviour.position_bias else {
                    let reason = "the model does not read both answers at once".to_owned();
                    return (Status::Inconclusive, reason, Vec::new());
                };
                let fails = bias.disagree > *most;
                let status = if fails { Status::Fail } else { Status::Pass };
                let PositionBias { disagree, n, .. } = bias;
                let reason = format!("both orders disagree on {disagree:.4} of {n} pairs");
                (status, reason, Vec::new())
            }),
        };
        Ok(RuleOutcome {
            rule: self.to_string(),
            status,
            reason,
            look_at,
        })
    }

    /// How often it may be wrong by chance; bounds of what was measured are not.
    pub fn error(&self) -> f64 {
        match self {
            Self::Drop { .. } => 1.0 - LEVEL,
            Self::SignificantDrop { alpha, .. } => *alpha,
            Self::Min { .. }
            | Self::MaxTies(_)
            | Self::MaxInvalid(_)
            | Self::MaxPositionBias(_) => 0.0,
        }
    }
}

/// Status, reason, and pairs to look at.
pub(crate) type Judgement = (Status, String, Vec<String>);

/// Of rules that concern the candidate's verdicts alone.
fn of_candidate(comparison: &Comparison, judge: impl FnOnce(&Candidate) -> Judgement) -> Judgement {
    let none = || {
        (
            Status::Inconclusive,
            "the candidate is a published column: it has no verdicts".to_owned(),
            Vec::new(),
        )
    };
    comparison.candidate.as_ref().map_or_else(none, judge)
}

fn at_most(found: usize, most: usize, what: &str, pairs: &[Name]) -> Judgement {
    let text = format!("{found} {what}");
    if found > most {
        (
            Status::Fail,
            text,
            pairs.iter().map(ToString::to_string).collect(),
        )
    } else {
        (Status::Pass, text, Vec::new())
    }
}

/// The confidence of each line's interval: Bonferroni's.
pub(crate) fn level(lines: usize, share: f64) -> f64 {
    1.0 - share * (1.0 - LEVEL) / count(lines)
}

/// What an interval says of a drop beyond the limit.
pub(crate) fn beside(interval: Interval, limit: f64) -> Status {
    match () {
        () if interval.low >= -limit => Status::Pass,
        () if interval.high < -limit => Status::Fail,
        () => Status::Inconclusive,
    }
}

/// With three decimals, or fewer where they are zeros.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.3}", share * 100.0)
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

fn drop(lines: &[&Difference], limit: f64, share: f64, comparison: &Comparison) -> Judgement {
    let level = level(lines.len(), share);
    let judged = lines.iter().map(|line| {
        let interval = line.interval_at(level);
        let status = if line.is_unchanged() {
            Status::Pass
        } else {
            beside(interval, limit)
        };
        let text = format!(
            "{} {:+.4}, {} % interval [{:+.4}, {:+.4}]",
            line.name,
            line.value,
            percent(level),
            interval.low,
            interval.high
        );
        Judged {
            status,
            subsets: line.subsets.clone(),
            text,
        }
    });
    summed_up(judged.collect(), comparison, NO_DROP)
}

fn significant(lines: &[&Difference], alpha: f64, comparison: &Comparison) -> Judgement {
    let p: Vec<f64> = lines
        .iter()
        .filter_map(|line| Some(line.pairs?.p))
        .collect();
    if p.len() < lines.len() {
        return (
            Status::Inconclusive,
            "the comparison is unpaired: a published table has no verdicts to test".to_owned(),
            Vec::new(),
        );
    }
    let several = if lines.len() > 1 { " (Holm)" } else { "" };
    let judged = lines.iter().zip(holm(&p)).map(|(line, p)| {
        let status = if line.value < 0.0 && p < alpha {
            Status::Fail
        } else {
            Status::Pass
        };
        let (gained, lost) = line
            .pairs
            .map_or((0, 0), |pairs| (pairs.gained, pairs.lost));
        let text = format!(
            "{} {:+.4}, {lost} lost, {gained} gained, p {p:.2e}{several}",
            line.name, line.value
        );
        Judged {
            status,
            subsets: line.subsets.clone(),
            text,
        }
    });
    summed_up(judged.collect(), comparison, NO_SIGNIFICANT_DROP)
}

fn min(lines: &[&Difference], least: f64, comparison: &Comparison) -> Judgement {
    let judged = lines.iter().map(|line| {
        let status = if line.candidate.accuracy < least {
            Status::Fail
        } else {
            Status::Pass
        };
        Judged {
            status,
            subsets: line.subsets.clone(),
            text: format!("{} {:.4}", line.name, line.candidate.accuracy),
        }
    });
    summed_up(judged.collect(), comparison, NONE_BELOW)
}

/// What is said of many lines that all pass.
pub(crate) const NO_DROP: &str = "no drop beyond the limit";
pub(crate) const NO_SIGNIFICANT_DROP: &str = "no significant drop";
pub(crate) const NONE_BELOW: &str = "none below";

/// What a rule says of one line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Judged {
    pub status: Status,
    pub subsets: Vec<String>,
    pub text: String,
}

/// A rule says the worst that it says of its lines.
pub(crate) fn worst(judged: &[Judged]) -> Status {
    [Status::Fail, Status::Inconclusive]
        .into_iter()
        .find(|status| judged.iter().any(|line| line.status == *status))
        .unwrap_or(Status::Pass)
}

/// The worst status, the lines that have it, and pairs lost there. `well`: what is said of many
/// lines that all pass.
pub(crate) fn summed_up(judged: Vec<Judged>, comparison: &Comparison, well: &str) -> Judgement {
    let worst = worst(&judged);
    let lines = judged.len();
    let concerned: Vec<Judged> = judged
        .into_iter()
        .filter(|line| line.status == worst)
        .collect();
    if worst == Status::Pass && lines > 1 {
        return (worst, format!("{lines} compared, {well}"), Vec::new());
    }
    let is_here = |change: &&Change| {
        change.is_lost()
            && concerned
                .iter()
                .any(|line| line.subsets.contains(&change.subset))
    };
    let look_at = if worst == Status::Pass {
        Vec::new()
    } else {
        comparison
            .changes
            .iter()
            .filter(is_here)
            .take(LOOK_AT)
            .map(ToString::to_string)
            .collect()
    };
    (
        worst,
        concerned
            .into_iter()
            .map(|line| line.text)
            .collect::<Vec<_>>()
            .join("; "),
        look_at,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::tests::paired;

    fn status(rule: &str, comparison: &Comparison) -> Status {
        rule.parse::<Rule>()
            .unwrap()
            .evaluate(comparison)
            .unwrap()
            .status
    }

    const EVERY: [&str; 12] = [
        "drop:average:0",
        "drop:total:0.01",
        "drop:section:*:0",
        "drop:section:Reasoning:0",
        "drop:subset:*:0",
        "drop:subset:hep-js:0",
        "significant-drop:average:0.05",
        "significant-drop:subset:*:0.05",
        "significant-drop:section:*:0.05",
        "min:average:0.5",
        "max-invalid:0",
        "max-ties:0",
    ];

    #[test]
    fn equal_verdicts_pass_everything() {
        let marks = [("hep-go", "+++-".repeat(10)), ("hep-js", "+-".repeat(20))];
        let marks: Vec<(&str, &str)> = marks
            .iter()
            .map(|(subset, marks)| (*subset, marks.as_str()))
            .collect();
        for rule in EVERY {
            assert_eq!(
                status(rule, &paired(&marks, &marks)),
                Status::Pass,
                "{rule}"
            );
        }
    }

    /// hep-js falls from 40 of 40 to 10 of 40, hep-go stays.
    #[test]
    fn a_subset_that_falls_is_named_with_its_pairs() {
        let (all, few, go) = ("+".repeat(40), "+---".repeat(10), "+++-".repeat(10));
        let found = paired(
            &[("hep-go", &go), ("hep-js", &all)],
            &[("hep-go", &go), ("hep-js", &few)],
        );
        for (rule, expected) in [
            ("drop:average:0.1", Status::Fail),
            // The interval of the average, about −0.375 ± 0.07, lies on both sides of −0.4.
            ("drop:average:0.4", Status::Inconclusive),
            ("drop:average:0.6", Status::Pass),
            ("drop:subset:*:0.1", Status::Fail),
            ("drop:subset:hep-go:0.1", Status::Pass),
            ("drop:section:*:0.1", Status::Fail),
            ("significant-drop:average:0.05", Status::Fail),
            ("significant-drop:subset:hep-go:0.05", Status::Pass),
            ("min:subset:*:0.26", Status::Fail),
            ("min:subset:*:0.25", Status::Pass),
            ("max-position-bias:0.4", Status::Fail),
        ] {
            assert_eq!(status(rule, &found), expected, "{rule}");
        }
        let outcome = "significant-drop:subset:*:0.05"
            .parse::<Rule>()
            .unwrap()
            .evaluate(&found)
            .unwrap();
        assert_eq!(outcome.status, Status::Fail);
        // 2 · 2⁻³⁰ for 30 lost pairs, doubled by Holm for two subsets.
        assert_eq!(
            outcome.reason,
            "hep-js -0.7500, 30 lost, 0 gained, p 3.73e-9 (Holm)"
        );
        assert_eq!(
            outcome.look_at[0],
            "hep-js row 41: correct +1.00 → wrong -1.00"
        );
        assert_eq!(outcome.look_at.len(), LOOK_AT);
    }

    #[test]
    fn a_rule_about_nothing_is_an_error() {
        let found = paired(&[("hep-go", "+-")], &[("hep-go", "+-")]);
        for rule in [
            "drop:subset:hep-goo:0.1",
            "min:rewardbench:0.1",
            "drop:section:Chat:0.1",
        ] {
            let error = rule.parse::<Rule>().unwrap().evaluate(&found).unwrap_err();
            assert!(
                error.kind as u8 == 2 && error.render().contains(rule),
                "{}",
                error.render()
            );
        }
    }
}
