//! Two models on the same pairs, or two columns of accuracies → the differences and what they mean.

mod difference;
pub mod gate;
pub mod leaderboard;
mod matching;
pub mod published;

pub use difference::{Difference, Pairs};
pub use matching::Key;

use std::collections::{BTreeMap, BTreeSet};

use difference::{Kind, Strata};
use matching::Keyed;

use crate::benchmark::Benchmark;
use crate::data::{Id, Item};
use crate::metrics::{Behaviour, Estimate, Figures, Mixture, Scores, Tally, three_digits};
use crate::scoring::{ScoredItem, Verdict};
use crate::stats::{PairedCounts, count, holm};
use crate::support::error::{Error, Result};

/// Names of the totals, and what rules call them.
pub const AVERAGE: &str = "average";
pub const TOTAL: &str = "total";
pub const ALL: &str = "all pairs";

/// A candidate against a baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Whose sections and weights are used, where the items are a benchmark's.
    pub benchmark: Option<String>,
    pub matching: Matching,
    pub subsets: Vec<Difference>,
    pub sections: Vec<Difference>,
    /// Average, RewardBench score, all pairs.
    pub totals: Vec<Difference>,
    /// Pairs with another verdict, the largest change of the margin first; none where nothing is
    /// matched.
    pub changes: Vec<Change>,
    /// How the candidate came to its verdicts, all of them; `None` for a published column.
    pub candidate: Option<Candidate>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// How many verdicts differ between two runs of one model, and of how many.
pub fn turned(
    baseline: &[ScoredItem],
    candidate: &[ScoredItem],
    same_data: bool,
) -> Result<(usize, usize)> {
    let joined = matching::join(baseline, candidate, same_data)?;
    Ok((
        joined
            .pairs
            .iter()
            .filter(|(before, after)| before.verdict() != after.verdict())
            .count(),
        joined.pairs.len(),
    ))
}

/// The baseline's verdict on each of some pairs; one that it lacks is an error.
pub fn matched<'a>(
    baseline: &'a [ScoredItem],
    pairs: &'a [Item],
    same_data: bool,
) -> Result<Vec<&'a ScoredItem>> {
    let joined = matching::join(baseline, pairs, same_data)?;
    let lacking = &joined.only[1];
    if !lacking.is_empty() {
        let parts: Vec<String> = lacking
            .iter()
            .map(|(subset, n)| format!("{subset} {n}"))
            .collect();
        return Err(Error::bad_input(format!(
            "failed to match the baseline: it lacks {} of {} pairs",
            lacking.values().sum::<usize>(),
            pairs.len()
        ))
        .caused_by(parts.join(", "))
        .hint("score the same pairs as the baseline did; one that itself stopped early is none"));
    }
    let by_row: BTreeMap<usize, &ScoredItem> = joined
        .pairs
        .into_iter()
        .map(|(verdict, pair)| (pair.row(), verdict))
        .collect();
    Ok(pairs
        .iter()
        .filter_map(|pair| by_row.get(&pair.row).copied())
        .collect())
}

/// Whether pairs are compared or only counts.
#[derive(Debug, Clone, PartialEq)]
pub enum Matching {
    Paired {
        by: Key,
        pairs: usize,
        /// Pairs that only the baseline and only the candidate has; they are left out.
        only: [usize; 2],
    },
    Unpaired,
}

/// A pair whose verdict changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub subset: String,
    pub id: Option<Id>,
    /// In the candidate's data.
    pub row: usize,
    pub baseline: (Verdict, f32),
    pub candidate: (Verdict, f32),
}

impl Change {
    /// Of the margin; not finite where one of the margins is not.
    pub fn margin(&self) -> f32 {
        self.candidate.1 - self.baseline.1
    }

    /// Right before and not any more.
    pub fn is_lost(&self) -> bool {
        self.baseline.0 == Verdict::Correct && self.candidate.0 != Verdict::Correct
    }

    /// A margin that is not finite changed more than any other.
    fn size(&self) -> f32 {
        let size = self.margin().abs();
        if size.is_finite() {
            size
        } else {
            f32::INFINITY
        }
    }
}

/// What some rules ask of the candidate alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub behaviour: Behaviour,
    pub total: Tally,
    /// The first ties and the first invalid pairs.
    pub ties: Vec<Name>,
    pub invalid: Vec<Name>,
}

/// How a pair is found again.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    pub subset: String,
    pub id: Option<Id>,
    pub row: usize,
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ", self.subset)?;
        self.id.iter().try_for_each(|id| write!(f, "id {id}, "))?;
        write!(f, "row {}", self.row)
    }
}

/// `subset row 3: correct +1.25 → wrong -0.311`.
impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = |(decision, margin): (Verdict, f32)| {
            let plus = if margin > 0.0 { "+" } else { "" };
            format!("{} {plus}{}", decision.name(), three_digits(margin))
        };
        write!(
            f,
            "{}: {} → {}",
            self.name(),
            side(self.baseline),
            side(self.candidate)
        )
    }
}

impl Change {
    pub fn name(&self) -> Name {
        Name {
            subset: self.subset.clone(),
            id: self.id.clone(),
            row: self.row,
        }
    }
}

impl Candidate {
    pub fn new(verdicts: &[ScoredItem]) -> Self {
        let first = |decision: Verdict| {
            let found = verdicts.iter().filter(|v| v.verdict() == decision).take(5);
            found
                .map(|v| Name {
                    subset: v.subset.clone(),
                    id: v.id.clone(),
                    row: v.row,
                })
                .collect()
        };
        let mut total = Tally::default();
        for verdict in verdicts {
            total.add(verdict.verdict());
        }
        Self {
            behaviour: Behaviour::of(verdicts),
            total,
            ties: first(Verdict::Tie),
            invalid: first(Verdict::Invalid),
        }
    }
}

impl Comparison {
    /// Pair by pair. `same_data`: both runs read the same files.
    pub fn paired(
        baseline: &[ScoredItem],
        candidate: &[ScoredItem],
        same_data: bool,
        benchmark: Option<&Benchmark>,
    ) -> Result<Self> {
        let joined = matching::join(baseline, candidate, same_data)?;
        let mut tables: BTreeMap<String, PairedCounts> = BTreeMap::new();
        let mut tallies = [BTreeMap::<String, Tally>::new(), BTreeMap::new()];
        let mut changes = Vec::new();
        for (before, after) in &joined.pairs {
            tables.entry(before.subset.clone()).or_default().add(
                before.verdict() == Verdict::Correct,
                after.verdict() == Verdict::Correct,
            );
            for (tallies, verdict) in tallies.iter_mut().zip([before, after]) {
                tallies
                    .entry(verdict.subset.clone())
                    .or_default()
                    .add(verdict.verdict());
            }
            if before.verdict() != after.verdict() {
                changes.push(Change {
                    subset: after.subset.clone(),
                    id: after.id.clone(),
                    row: after.row,
                    baseline: (before.verdict(), before.margin()),
                    candidate: (after.verdict(), after.margin()),
                });
            }
        }
        changes.sort_by(|a, b| b.size().total_cmp(&a.size()).then(a.row.cmp(&b.row)));
        let strata = |weights: &[(String, f64)]| {
            Strata::Paired(
                weights
                    .iter()
                    .filter_map(|(s, w)| Some((*w, *tables.get(s)?)))
                    .collect(),
            )
        };
        let [subsets, sections, totals] = lines(&tallies, benchmark, strata);
        let only = joined.only.each_ref().map(|side| side.values().sum());
        let mut notes = left_out(&joined.only);
        notes.extend(not_decided(&tallies));
        if !same_data {
            notes.push("the runs read different files (SHA-256): pairs with the same subset and id are taken for the same".to_owned());
        }
        let matching = Matching::Paired {
            by: joined.by,
            pairs: joined.pairs.len(),
            only,
        };
        Ok(Self {
            benchmark: benchmark.map(|benchmark| benchmark.name.clone()),
            matching,
            subsets: corrected(subsets),
            sections,
            totals,
            changes,
            candidate: Some(Candidate::new(candidate)),
            notes,
        })
    }

    /// Counts against counts, over the subsets that both sides have.
    pub fn unpaired(
        mut sides: [BTreeMap<String, Tally>; 2],
        candidate: Option<Candidate>,
        benchmark: Option<&Benchmark>,
    ) -> Result<Self> {
        let shared: BTreeSet<String> = sides[0]
            .keys()
            .filter(|subset| sides[1].contains_key(*subset))
            .cloned()
            .collect();
        if shared.is_empty() {
            return Err(Error::bad_input(
                "failed to compare: the two sides have no subset in common",
            ));
        }
        let mut notes =
            vec!["unpaired: a published table has no verdicts, so that nothing is known pair by pair; intervals are wider than they need be".to_owned()];
        for (side, name) in sides.iter_mut().zip(["baseline", "candidate"]) {
            let lacking: Vec<String> = side
                .keys()
                .filter(|subset| !shared.contains(*subset))
                .cloned()
                .collect();
            if !lacking.is_empty() {
                notes.push(format!(
                    "only in the {name}, left out: {}",
                    lacking.join(", ")
                ));
            }
            side.retain(|subset, _| shared.contains(subset));
        }
        for subset in &shared {
            let [baseline, candidate] = [0, 1].map(|side: usize| sides[side][subset].n());
            if baseline != candidate {
                notes.push(format!(
                    "{subset}: {baseline} pairs in the baseline, {candidate} in the candidate"
                ));
            }
        }
        notes.extend(not_decided(&sides));
        let strata = |weights: &[(String, f64)]| {
            let of =
                |subset: &str| Some([sides[0].get(subset)?.share(), sides[1].get(subset)?.share()]);
            Strata::Unpaired(
                weights
                    .iter()
                    .filter_map(|(subset, w)| Some((*w, of(subset)?)))
                    .collect(),
            )
        };
        let [subsets, sections, totals] = lines(&sides, benchmark, strata);
        Ok(Self {
            benchmark: benchmark.map(|benchmark| benchmark.name.clone()),
            matching: Matching::Unpaired,
            subsets,
            sections,
            totals,
            changes: Vec::new(),
            candidate,
            notes,
        })
    }
}

/// What one line sums up.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    pub name: String,
    /// What rules of a gate call it.
    pub word: String,
    /// Subsets with coefficients that add up to 1.
    pub weights: Vec<(String, f64)>,
    kind: Kind,
}

/// The lines of a comparison of so many pairs in each subset: subsets, sections, totals.
pub fn outlines(sizes: &[(String, usize)], benchmark: Option<&Benchmark>) -> [Vec<Outline>; 3] {
    let figures = Figures::of(
        &sizes.iter().map(|(subset, _)| subset.as_str()).collect(),
        benchmark,
    );
    let mean = |name: &str, word: &str, mixture: &Mixture| Outline {
        name: name.to_owned(),
        word: word.to_owned(),
        weights: mixture.0.clone(),
        kind: Kind::Mean,
    };
    let pool = |name: &str, word: &str, weights| Outline {
        name: name.to_owned(),
        word: word.to_owned(),
        weights,
        kind: Kind::Pool,
    };
    let subsets = sizes
        .iter()
        .map(|(subset, _)| pool(subset, subset, vec![(subset.clone(), 1.0)]));
    let sections = figures
        .sections
        .iter()
        .map(|(name, mixture)| mean(name, name, mixture));
    let whole = count(sizes.iter().map(|(_, n)| n).sum());
    let all = pool(
        ALL,
        TOTAL,
        sizes
            .iter()
            .map(|(subset, n)| (subset.clone(), count(*n) / whole))
            .collect(),
    );
    let average = figures
        .average
        .iter()
        .map(|mixture| mean(AVERAGE, AVERAGE, mixture));
    let headline = figures.headline.iter();
    let headline =
        headline.map(|(headline, mixture)| mean(&headline.label, &headline.key, mixture));
    let means = average.chain(headline);
    [
        subsets.collect(),
        sections.collect(),
        means.chain([all]).collect(),
    ]
}

/// Subsets, sections and totals of tallies that have the same subsets.
fn lines(
    tallies: &[BTreeMap<String, Tally>; 2],
    benchmark: Option<&Benchmark>,
    strata: impl Fn(&[(String, f64)]) -> Strata,
) -> [Vec<Difference>; 3] {
    let [baseline, candidate] = tallies.each_ref().map(|side| Scores::new(side, benchmark));
    let sizes: Vec<(String, usize)> = candidate
        .subsets
        .iter()
        .map(|(name, tally)| (name.clone(), tally.n()))
        .collect();
    let [before, after] = [&baseline, &candidate].map(estimates);
    let line = |((outline, before), after): ((Outline, Estimate), Estimate)| {
        let subsets = outline
            .weights
            .iter()
            .map(|(subset, _)| subset.clone())
            .collect();
        Difference::new(
            [outline.name, outline.word],
            outline.kind,
            subsets,
            strata(&outline.weights),
            [before, after],
        )
    };
    let mut sides = before.into_iter().zip(after);
    outlines(&sizes, benchmark).map(|block| {
        let (before, after) = sides.next().unwrap_or_default();
        block.into_iter().zip(before).zip(after).map(line).collect()
    })
}

/// In the order of [`outlines`].
fn estimates(scores: &Scores) -> [Vec<Estimate>; 3] {
    [
        scores
            .subsets
            .iter()
            .map(|(_, tally)| tally.estimate())
            .collect(),
        scores
            .sections
            .iter()
            .map(|(_, estimate)| *estimate)
            .collect(),
        std::iter::once(scores.average)
            .chain(scores.headline.as_ref().map(|(_, estimate)| *estimate))
            .chain([scores.total.estimate()])
            .collect(),
    ]
}

/// With Holm's correction over all subsets.
fn corrected(mut subsets: Vec<Difference>) -> Vec<Difference> {
    let p: Vec<f64> = subsets
        .iter()
        .filter_map(|line| Some(line.pairs?.p))
        .collect();
    for (pairs, adjusted) in subsets
        .iter_mut()
        .filter_map(|line| line.pairs.as_mut())
        .zip(holm(&p))
    {
        pairs.holm = Some(adjusted);
    }
    subsets
}

/// Ties and invalid verdicts, which no accuracy shows.
fn not_decided(tallies: &[BTreeMap<String, Tally>; 2]) -> Vec<String> {
    let note = |(side, name): (&BTreeMap<String, Tally>, &str)| {
        let all = side
            .values()
            .fold(Tally::default(), |sum, tally| sum.plus(*tally));
        (all.tie + all.invalid > 0).then(|| {
            format!(
                "{name}: {} ties, {} invalid (counted as not correct)",
                all.tie, all.invalid
            )
        })
    };
    tallies
        .iter()
        .zip(["baseline", "candidate"])
        .filter_map(note)
        .collect()
}

/// Pairs that one side lacks.
fn left_out(only: &[BTreeMap<String, usize>; 2]) -> Vec<String> {
    let note = |(side, name): (&BTreeMap<String, usize>, &str)| {
        let parts: Vec<String> = side
            .iter()
            .map(|(subset, n)| format!("{subset} {n}"))
            .collect();
        (!parts.is_empty()).then(|| {
            format!(
                "{} pairs only in the {name}, left out: {}",
                side.values().sum::<usize>(),
                parts.join(", ")
            )
        })
    };
    only.iter()
        .zip(["baseline", "candidate"])
        .filter_map(note)
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::scoring::{BothOrders, Outcome};
    use crate::stats::near;

    pub fn verdict(row: usize, subset: &str, id: Option<Id>, margin: f32) -> ScoredItem {
        let both = BothOrders {
            logit_ab: margin,
            tokens_ab: 1,
            tokens_ba: 1,
            ..BothOrders::default()
        };
        let outcome = Outcome::Pairwise(both);
        ScoredItem {
            row,
            subset: subset.to_owned(),
            id,
            outcome,
        }
    }

    /// Verdicts by subset, as a string of `+` correct, `-` wrong, `0` tie.
    pub fn verdicts(subsets: &[(&str, &str)]) -> Vec<ScoredItem> {
        let cells = subsets
            .iter()
            .flat_map(|(subset, marks)| marks.chars().map(move |mark| (*subset, mark)));
        let margin = |mark| match mark {
            '+' => 1.0,
            '-' => -1.0,
            _ => 0.0,
        };
        cells
            .enumerate()
            .map(|(row, (subset, mark))| verdict(row, subset, None, margin(mark)))
            .collect()
    }

    pub fn paired(baseline: &[(&str, &str)], candidate: &[(&str, &str)]) -> Comparison {
        Comparison::paired(
            &verdicts(baseline),
            &verdicts(candidate),
            true,
            Some(&Benchmark::reward_bench()),
        )
        .unwrap()
    }

    #[test]
    fn lines_count_what_was_gained_and_lost() {
        let found = paired(
            &[("hep-go", "++++-"), ("hep-js", "+--0")],
            &[("hep-go", "+---+"), ("hep-js", "+-+-")],
        );
        let line = |lines: &[Difference], name: &str| {
            lines.iter().find(|l| l.name == name).unwrap().clone()
        };
        let go = line(&found.subsets, "hep-go").pairs.unwrap();
        assert_eq!((go.gained, go.lost), (1, 3));
        // scipy 1.17.1: binomtest(1, 4).pvalue is 0.625; the other subset has one pair, p = 1.
        near(go.p, 0.625, 1e-12);
        near(go.holm.unwrap(), 1.0, 1e-12);
        near(line(&found.subsets, "hep-go").value, -0.4, 1e-12);
        // (−0.4 + 0.25) / 2; sections weigh by rows; 2 gained and 3 lost of 9.
        near(line(&found.totals, AVERAGE).value, -0.075, 1e-12);
        near(line(&found.sections, "Reasoning").value, -0.075, 1e-12);
        near(line(&found.totals, ALL).value, -1.0 / 9.0, 1e-12);
        assert!(found.totals.iter().all(|l| l.name != "RewardBench score"));
        // Every change is listed, also from a tie to wrong.
        assert_eq!(found.changes.len(), 6);
        assert_eq!(found.changes.iter().filter(|c| c.is_lost()).count(), 3);
        assert_eq!(
            found.changes.last().map(|c| c.row),
            Some(8),
            "the smallest change of the margin is last: {:?}",
            found.changes
        );
        assert_eq!(
            found.matching,
            Matching::Paired {
                by: Key::Row,
                pairs: 9,
                only: [0, 0]
            }
        );
        assert_eq!(
            found.notes,
            ["baseline: 1 ties, 0 invalid (counted as not correct)"]
        );
    }

    #[test]
    fn sections_and_averages_have_the_weights_of_the_benchmark() {
        let found = paired(
            &[("math-prm", "++++"), ("hep-go", "++++")],
            &[("math-prm", "----"), ("hep-go", "++++")],
        );
        near(found.sections[0].value, -984.0 / 1148.0, 1e-12);
        near(found.totals[0].value, -0.5, 1e-12);
        assert!(
            !found.totals[0].is_unchanged() && found.subsets.iter().any(Difference::is_unchanged)
        );
    }

    #[test]
    fn without_pairs_there_are_differences_and_no_tests() {
        let tallies = |correct| {
            BTreeMap::from([(
                "hep-go".to_owned(),
                Tally {
                    correct,
                    wrong: 164 - correct,
                    ..Tally::default()
                },
            )])
        };
        let mut more = tallies(90);
        more.insert("other".to_owned(), Tally::default());
        let found =
            Comparison::unpaired([tallies(100), more], None, Some(&Benchmark::reward_bench()))
                .unwrap();
        near(found.subsets[0].value, -10.0 / 164.0, 1e-12);
        // statsmodels 0.15.0, confint_proportions_2indep(90, 164, 100, 164, method="newcomb").
        near(found.subsets[0].interval.low, -0.165_502_113, 1e-6);
        near(found.subsets[0].interval.high, 0.045_473_990, 1e-6);
        assert!(
            found
                .totals
                .iter()
                .chain(&found.subsets)
                .all(|line| line.pairs.is_none() && !line.is_unchanged())
        );
        assert!(
            found
                .notes
                .iter()
                .any(|note| note.contains("only in the candidate, left out: other")),
            "{:?}",
            found.notes
        );
        assert!(
            Comparison::unpaired(
                [tallies(1), BTreeMap::new()],
                None,
                Some(&Benchmark::reward_bench())
            )
            .is_err()
        );
    }
}
