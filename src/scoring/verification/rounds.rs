//! Items scored in a fast precision and, as far as their verdicts need it, in f32.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use crate::checkpoint::PrecisionName;
use crate::data::Item;
use crate::scoring::verdict::{Outcome, ScoredItem};
use crate::scoring::verification::plan::{Margins, Seen, VerificationPlan};
use crate::scoring::verification::proof::Verification;
use crate::support::error::Result;

/// Items of the second round where verdicts are shown as they come; each further round has twice as
/// many.
const ROUND: usize = 256;

/// The precision of a pass over items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    Fast,
    F32,
}

/// Both outcomes of the items, by row.
#[derive(Default)]
struct Both {
    fast: BTreeMap<usize, ScoredItem>,
    exact: BTreeMap<usize, ScoredItem>,
    seen: Seen,
}

/// Scores items until the bound on turned verdicts is below its limit → what counts of each, and
/// what was shown. `score` gives the outcomes of items in a precision. `show` is given verdicts
/// that are final, in several rounds if `by_rounds`, and may end the scoring.
pub(crate) fn verified(
    items: &[Item],
    plan: &VerificationPlan,
    fast: PrecisionName,
    by_rounds: bool,
    mut score: impl FnMut(Pass, &[&Item]) -> Result<Vec<ScoredItem>>,
    mut show: impl FnMut(&[ScoredItem]) -> ControlFlow<()>,
) -> Result<(Vec<ScoredItem>, Verification)> {
    let mut both = Both::default();
    let mut settled: HashSet<usize> = HashSet::new();
    let mut counted = Vec::with_capacity(items.len());
    for round in rounds(items, plan, by_rounds) {
        both.add(Pass::Fast, score(Pass::Fast, &round)?);
        loop {
            let next: HashSet<usize> = plan.next(&both.seen, &settled).into_iter().collect();
            if next.is_empty() {
                break;
            }
            let open = round.iter().filter(|item| next.contains(&item.row));
            both.add(
                Pass::F32,
                score(Pass::F32, &open.copied().collect::<Vec<_>>())?,
            );
        }
        let known: Vec<ScoredItem> = round.iter().filter_map(|item| both.of(item.row)).collect();
        settled.extend(known.iter().map(|item| item.row));
        let goes_on = show(&known).is_continue();
        counted.extend(known);
        if !goes_on {
            break;
        }
    }
    let verification = both.verification(plan, fast);
    Ok((counted, verification))
}

/// The sample first, then the others in their order.
fn rounds<'a>(items: &'a [Item], plan: &VerificationPlan, several: bool) -> Vec<Vec<&'a Item>> {
    if !several {
        return vec![items.iter().collect()];
    }
    let (sample, others): (Vec<&Item>, Vec<&Item>) =
        items.iter().partition(|item| plan.is_sampled(item.row));
    let mut rounds = vec![sample];
    let (mut others, mut size) = (others.as_slice(), ROUND);
    while !others.is_empty() {
        let (round, rest) = others.split_at(size.min(others.len()));
        rounds.push(round.to_vec());
        (others, size) = (rest, 2 * size);
    }
    rounds
}

impl Both {
    fn add(&mut self, pass: Pass, scored: Vec<ScoredItem>) {
        for item in scored {
            let margin = margin(&item.outcome);
            let unknown = Margins {
                fast: None,
                exact: None,
            };
            let seen = self.seen.entry(item.row).or_insert(unknown);
            match pass {
                Pass::Fast => seen.fast = margin,
                Pass::F32 => seen.exact = Some(item.margin()),
            }
            let kept = match pass {
                Pass::Fast => &mut self.fast,
                Pass::F32 => &mut self.exact,
            };
            kept.insert(item.row, item);
        }
    }

    /// What counts.
    fn of(&self, row: usize) -> Option<ScoredItem> {
        let exact = self.exact.get(&row);
        exact.or_else(|| self.fast.get(&row)).cloned()
    }

    fn verification(&self, plan: &VerificationPlan, fast: PrecisionName) -> Verification {
        let bound = plan.bound(&self.seen);
        let is_turned = |(row, exact): &(&usize, &ScoredItem)| {
            let fast = self.fast.get(*row);
            fast.is_some_and(|fast| fast.verdict() != exact.verdict())
        };
        Verification {
            fast,
            pairs: self.seen.len(),
            sampled: plan.sampled(),
            scored_twice: bound.both,
            turned: self.exact.iter().filter(is_turned).count(),
            largest_difference: bound.largest,
            most_larger: bound.most_larger,
            expected_turned: plan.expected_turned(&self.seen),
            confidence: VerificationPlan::confidence(),
        }
    }
}

/// `None` where no model is needed to say that there is no verdict.
fn margin(outcome: &Outcome) -> Option<f32> {
    (!outcome.is_unscorable()).then(|| outcome.margin())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Message;
    use crate::scoring::verdict::tests::logits;

    fn items(n: usize) -> Vec<Item> {
        let item = |row| Item {
            row,
            subset: "s".to_owned(),
            id: None,
            prompt: vec![Message::new("user", "p")],
            chosen: "c".to_owned().into(),
            rejected: "r".to_owned().into(),
            is_tie: false,
            comparisons: crate::data::Comparisons::default(),
        };
        (0..n).map(item).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    fn exact(row: usize) -> f32 {
        (row * 7919 % 1000) as f32 / 500.0 - 1.0
    }

    /// Margins that f32 decides are f32's, and all verdicts equal f32's; in one round and in
    /// several, until whoever looks on has enough.
    #[test]
    fn verdicts_are_those_of_f32() {
        let items = items(1000);
        let fast = |row: usize| exact(row) + if row.is_multiple_of(2) { 0.01 } else { -0.01 };
        for (by_rounds, enough) in [(false, 2000), (true, 2000), (true, 300)] {
            let plan = VerificationPlan::new((0..1000).collect(), 1);
            let mut calls = 0;
            let mut shown: Vec<usize> = Vec::new();
            let (scored, shows) = verified(
                &items,
                &plan,
                PrecisionName::Bf16,
                by_rounds,
                |pass, items| {
                    calls += 1;
                    let scored = |item: &&Item| {
                        let margin = match pass {
                            Pass::Fast => fast(item.row),
                            Pass::F32 => exact(item.row),
                        };
                        let precision = match pass {
                            Pass::Fast => PrecisionName::Bf16,
                            Pass::F32 => PrecisionName::F32,
                        };
                        ScoredItem::new(item, logits(margin, 0.0)).in_precision(Some(precision))
                    };
                    Ok(items.iter().map(scored).collect())
                },
                |verdicts| {
                    shown.extend(verdicts.iter().map(|verdict| verdict.row));
                    if shown.len() < enough {
                        ControlFlow::Continue(())
                    } else {
                        ControlFlow::Break(())
                    }
                },
            )
            .unwrap();
            assert_eq!(shown.len(), scored.len());
            assert_eq!(shown.iter().collect::<HashSet<_>>().len(), shown.len());
            assert!(scored.len() == 1000 || enough == 300 && scored.len() < 600);
            let is_f32s = |item: &&ScoredItem| item.precision == Some(PrecisionName::F32);
            assert_eq!(scored.iter().filter(is_f32s).count(), shows.scored_twice);
            assert!(shows.scored_twice < scored.len() / 2, "{shows:?}");
            assert!((shows.largest_difference - 0.01).abs() < 1e-6);
            assert!(shows.expected_turned <= 0.05);
            let exact_verdict = |row| ScoredItem::new(&items[row], logits(exact(row), 0.0));
            for item in &scored {
                assert_eq!(item.verdict(), exact_verdict(item.row).verdict());
            }
        }
    }

    #[test]
    fn shards_share_the_limit() {
        let part = Verification {
            fast: PrecisionName::Bf16,
            pairs: 100,
            sampled: 64,
            scored_twice: 70,
            turned: 1,
            largest_difference: 0.5,
            most_larger: 3,
            expected_turned: 0.024,
            confidence: 0.95,
        };
        let mut whole = part.clone();
        whole.add(&Verification {
            largest_difference: 0.75,
            ..part
        });
        let note = whole.note("m");
        assert!(note.contains("0 of 200 verdicts"), "{note}");
        assert!(note.contains("upper bound 0.05 at 95 %"), "{note}");
        assert!(note.contains("70 % of the pairs"), "{note}");
        assert!(note.contains("7.50e-1"), "{note}");
    }
}
