//! A candidate against a baseline, pair by pair or count against count.

use std::collections::{BTreeMap, BTreeSet};

use crate::benchmark::{Benchmark, Metric};
use crate::comparison::candidate::Candidate;
use crate::comparison::change::Change;
use crate::comparison::coverage::Coverage;
use crate::comparison::difference::{Difference, SubsetCounts};
use crate::comparison::figure::{Blocks, Figure, estimates, figures};
use crate::comparison::matching::{MatchedBy, match_items};
use crate::comparison::notes::{OTHER_FILES, SIDES, UNPAIRED, left_out, ties_and_invalid};
use crate::comparison::paired_units::{by_subset, paired_values};
use crate::comparison::published::{Counted, PrintedMeans};
use crate::metrics::{Estimate, Scores, Tally};
use crate::scoring::ScoredItem;
use crate::stats::holm;
use crate::support::count::count;
use crate::support::error::{Error, Result};

/// A candidate against a baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Whose sections and weights are used, where the items are a benchmark's.
    pub(crate) benchmark: Option<String>,
    pub(crate) matching: Matching,
    pub(crate) subsets: Vec<Difference>,
    pub(crate) sections: Vec<Difference>,
    /// Average, the benchmark's headline figure, all pairs.
    pub(crate) totals: Vec<Difference>,
    /// Pairs with another verdict, the largest change of the margin first; none in unpaired
    /// comparisons.
    pub(crate) changes: Vec<Change>,
    /// The margins of both sides on every matched pair of which one answer is better; empty in
    /// unpaired comparisons.
    pub(crate) margins: Vec<[f32; 2]>,
    /// What all of the candidate's verdicts show; `None` for a published column.
    pub(crate) candidate: Option<Candidate>,
    /// Of both sides, over what is compared; `None` for a published column.
    pub(crate) tallies: [Option<Tally>; 2],
    /// Which of the pairs that belong into the comparison it has.
    pub(crate) coverage: Coverage,
    /// The pairs compared and those planned, where a gate ended one of the runs early: intervals
    /// and p-values are those of confidence sequences then.
    pub(crate) stopped: Option<[usize; 2]>,
    /// What a reader must know.
    pub(crate) notes: Vec<String>,
}

/// Whether pairs are compared or only counts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Matching {
    Paired {
        by: MatchedBy,
        pairs: usize,
        /// Pairs that only the baseline and only the candidate has; they are left out.
        only: [usize; 2],
    },
    Unpaired,
}

/// A row that is a tie in one run only has been labelled anew: its figures are of two questions.
fn same_labels(pairs: &[(&ScoredItem, &ScoredItem)]) -> Result<()> {
    let Some((before, after)) = pairs.iter().find(|(a, b)| a.is_tie != b.is_tie) else {
        return Ok(());
    };
    let side = SIDES[usize::from(after.is_tie)];
    Err(Error::bad_input(format!(
        "failed to compare the runs: the label of row {} of subset {} is a tie in the {side} only",
        before.row, before.subset
    ))
    .hint("score both models on the same labels"))
}

impl Comparison {
    /// Pair by pair. `same_data`: both runs read the same files.
    ///
    /// # Errors
    /// Where the pairs cannot be matched, or none is on both sides.
    pub fn paired(
        baseline: &[ScoredItem],
        candidate: &[ScoredItem],
        same_data: bool,
        benchmark: Option<&Benchmark>,
    ) -> Result<Self> {
        let matched = match_items(baseline, candidate, same_data)?;
        same_labels(&matched.pairs)?;
        let sides = [0, 1].map(|side: usize| {
            let of = |pair: &(&ScoredItem, &ScoredItem)| [pair.0, pair.1][side].clone();
            matched.pairs.iter().map(of).collect::<Vec<ScoredItem>>()
        });
        let by_subset = by_subset(&matched.pairs);
        let changes = matched.pairs.iter();
        let changes = changes.filter_map(|(before, after)| Change::between(before, after));
        let mut changes: Vec<Change> = changes.collect();
        changes.sort_by(|a, b| b.size().total_cmp(&a.size()).then(a.row.cmp(&b.row)));
        let counts = |figure: &Figure| {
            let of = |(subset, weight): &(String, f64)| {
                let metric = Benchmark::metric_in(benchmark, subset);
                let pairs = by_subset.get(subset.as_str())?;
                Some((*weight, paired_values(metric, figure.aspect, pairs)))
            };
            SubsetCounts::Paired(figure.weights.iter().filter_map(of).collect())
        };
        // Both sides have the same subsets by the baseline's names.
        let scores = sides.each_ref().map(|side| Scores::of(side, benchmark));
        let blocks = differences(&scores, benchmark, counts);
        let tallies = scores.each_ref().map(tallies);
        let compared = sizes(&tallies[0]);
        let mut baseline = compared.clone();
        for (subset, n) in &matched.only[0] {
            *baseline.entry(subset.clone()).or_default() += n;
        }
        let coverage = Coverage::new(baseline, compared, benchmark);
        let mut notes = left_out(&matched.only);
        notes.extend(ties_and_invalid(&tallies, benchmark));
        if !same_data {
            notes.push(OTHER_FILES.to_owned());
        }
        notes.extend(counted_in_parts(benchmark));
        let margins = matched.pairs.iter().filter(|(before, _)| !before.is_tie);
        let margins = margins.map(|(before, after)| [before.margin(), after.margin()]);
        let only = matched.only.each_ref().map(|side| side.values().sum());
        let matching = Matching::Paired {
            by: matched.by,
            pairs: matched.pairs.len(),
            only,
        };
        Ok(Self {
            benchmark: benchmark.map(|benchmark| benchmark.name.clone()),
            matching,
            subsets: with_holm(blocks.subsets),
            sections: blocks.sections,
            totals: blocks.totals,
            changes,
            margins: margins.collect(),
            candidate: Some(Candidate::new(candidate, &matched.only[0], benchmark)),
            tallies: tallies.each_ref().map(|side| Some(total(side))),
            coverage,
            stopped: None,
            notes,
        })
    }

    /// That all pairs of the benchmark belong into the comparison: no rule whose scope lacks some
    /// can pass.
    pub(crate) fn expect_all_of(&mut self, benchmark: Option<&Benchmark>) {
        let candidate = self.candidate.as_mut().map(|own| &mut own.coverage);
        for coverage in std::iter::once(&mut self.coverage).chain(candidate) {
            *coverage = std::mem::take(coverage).counted_by(benchmark);
        }
    }

    /// Why each side is a part, as its run says: where no benchmark counts what is missing, no rule
    /// can pass either.
    pub(crate) fn expect_whole(
        &mut self,
        partial: &[Option<String>; 2],
        benchmark: Option<&Benchmark>,
    ) {
        let why = |side: usize| {
            let why = partial[side].as_ref()?;
            Some(format!("the {} is PARTIAL: {why}", SIDES[side]))
        };
        self.coverage
            .mark_part(why(1).or_else(|| why(0)), benchmark);
        if let Some(candidate) = &mut self.candidate {
            candidate.coverage.mark_part(why(1), benchmark);
        }
    }

    /// Count against count, over the subsets that both sides have. `candidate`: its verdicts, if it
    /// has some.
    ///
    /// # Errors
    /// Where no subset is on both sides.
    pub(crate) fn unpaired(
        [before, after]: [Counted; 2],
        candidate: Option<&[ScoredItem]>,
        benchmark: Option<&Benchmark>,
    ) -> Result<Self> {
        let printed = [before.printed, after.printed];
        let mut sides = [before.tallies, after.tallies];
        let coverage = shared_coverage(&sides, benchmark);
        let lacking = &coverage.lacking;
        let candidate = candidate.map(|own| Candidate::new(own, lacking, benchmark));
        let mut notes = vec![UNPAIRED.to_owned()];
        let left_out = keep_shared_subsets(&mut sides)?;
        let is_whole = left_out.is_empty() && !coverage.clone().counted_by(benchmark).has_gaps();
        notes.extend(left_out);
        notes.extend(ties_and_invalid(&sides, benchmark));
        let counts = |figure: &Figure| {
            let share = |side: usize, subset: &str| Some(sides[side].get(subset)?.share());
            let of = |(subset, weight): &(String, f64)| {
                Some((*weight, [share(0, subset)?, share(1, subset)?]))
            };
            SubsetCounts::Unpaired(figure.weights.iter().filter_map(of).collect())
        };
        let scores = sides.each_ref().map(|side| Scores::new(side, benchmark));
        let mut blocks = differences(&scores, benchmark, counts);
        for printed in printed.iter().flatten() {
            notes.extend(keep_printed(&mut blocks, printed, is_whole));
        }
        let tally = |(side, printed): (&BTreeMap<String, Tally>, &Option<PrintedMeans>)| {
            printed.is_none().then(|| total(side))
        };
        let [before, after] = [0, 1].map(|at| tally((&sides[at], &printed[at])));
        Ok(Self {
            benchmark: benchmark.map(|benchmark| benchmark.name.clone()),
            matching: Matching::Unpaired,
            subsets: blocks.subsets,
            sections: blocks.sections,
            totals: blocks.totals,
            changes: Vec::new(),
            margins: Vec::new(),
            candidate,
            tallies: [before, after],
            coverage,
            stopped: None,
            notes,
        })
    }
}

/// Of the pairs that both sides have, by their numbers.
fn shared_coverage(
    sides: &[BTreeMap<String, Tally>; 2],
    benchmark: Option<&Benchmark>,
) -> Coverage {
    let [baseline, candidate] = sides.each_ref().map(sizes);
    let shared = baseline.iter().filter_map(|(subset, n)| {
        let shared = candidate.get(subset)?.min(n);
        Some((subset.clone(), *shared))
    });
    let shared = shared.collect();
    Coverage::new(baseline, shared, benchmark)
}

/// Leaves the means that a table prints, where all their pairs are compared: others would be made
/// up. Says which were left out, and why.
fn keep_printed(
    blocks: &mut Blocks<Difference>,
    printed: &PrintedMeans,
    is_whole: bool,
) -> Option<String> {
    let mut left_out = Vec::new();
    for block in [&mut blocks.sections, &mut blocks.totals] {
        block.retain(|line| {
            let keep = is_whole && printed.has(&line.name);
            if !keep {
                left_out.push(line.name.clone());
            }
            keep
        });
    }
    let why = if is_whole {
        "not printed in the table"
    } else {
        "the pairs are not all that the table counts"
    };
    (!left_out.is_empty()).then(|| format!("not compared ({why}): {}", left_out.join(", ")))
}

/// Pairs by subset.
fn sizes(side: &BTreeMap<String, Tally>) -> BTreeMap<String, usize> {
    let sizes = side.iter();
    sizes
        .map(|(subset, tally)| (subset.clone(), tally.n()))
        .collect()
}

fn total(side: &BTreeMap<String, Tally>) -> Tally {
    side.values()
        .fold(Tally::default(), |sum, tally| sum.plus(*tally))
}

/// Removes subsets that only one side has; returns notes on them and on subsets of different sizes.
fn keep_shared_subsets(sides: &mut [BTreeMap<String, Tally>; 2]) -> Result<Vec<String>> {
    let [baseline, candidate] = &*sides;
    let in_both = |subset: &&String| candidate.contains_key(*subset);
    let shared: BTreeSet<String> = baseline.keys().filter(in_both).cloned().collect();
    if shared.is_empty() {
        let error = Error::bad_input("failed to compare: the two sides have no subset in common");
        return Err(if baseline.is_empty() || candidate.is_empty() {
            error.hint(
                "a table of headline figures alone has none: `pairbench report RUN --published \
                 TABLE` puts it beside a run",
            )
        } else {
            error
        });
    }
    let mut notes = Vec::new();
    for (side, name) in sides.iter_mut().zip(SIDES) {
        let other: Vec<String> = side
            .keys()
            .filter(|subset| !shared.contains(*subset))
            .cloned()
            .collect();
        if !other.is_empty() {
            notes.push(format!(
                "only in the {name}, left out: {}",
                other.join(", ")
            ));
        }
        side.retain(|subset, _| shared.contains(subset));
    }
    for subset in &shared {
        let [baseline, candidate] = sides.each_ref().map(|side| side[subset].n());
        if baseline != candidate {
            notes.push(format!(
                "{subset}: {} in the baseline, {candidate} in the candidate",
                count(baseline, "pair")
            ));
        }
    }
    Ok(notes)
}

/// What p is of where a unit counts more than 0 or 1.
fn counted_in_parts(benchmark: Option<&Benchmark>) -> Option<String> {
    let metrics = benchmark.map_or_else(Vec::new, Benchmark::metrics);
    let in_parts = metrics.into_iter().filter(|own| own.counts_in_parts());
    let names: Vec<&str> = in_parts.map(Metric::name).collect();
    (!names.is_empty()).then(|| {
        format!(
            "{}: gained and lost are units that count more or less, one a row (of ties one a \
             prompt number); p is that of the interval of their mean difference, not McNemar's",
            names.join(", ")
        )
    })
}

/// The verdicts of every subset.
fn tallies(scores: &Scores) -> BTreeMap<String, Tally> {
    let subsets = scores.subsets.iter();
    subsets
        .map(|(subset, score)| (subset.clone(), score.tally))
        .collect()
}

/// The figures of two sides that have the same subsets.
fn differences(
    [baseline, candidate]: &[Scores; 2],
    benchmark: Option<&Benchmark>,
    counts: impl Fn(&Figure) -> SubsetCounts,
) -> Blocks<Difference> {
    let sizes: Vec<(String, usize)> = candidate
        .subsets
        .iter()
        .map(|(name, score)| (name.clone(), score.n()))
        .collect();
    let figures = figures(&sizes, benchmark);
    let [before, after] = [baseline, candidate].map(estimates);
    let block = |figures: Vec<Figure>, before: Vec<Estimate>, after: Vec<Estimate>| {
        let sides = before.into_iter().zip(after).map(<[Estimate; 2]>::from);
        let difference = |(figure, sides): (Figure, [Estimate; 2])| {
            let counts = counts(&figure);
            Difference::new(figure, counts, sides)
        };
        figures.into_iter().zip(sides).map(difference).collect()
    };
    Blocks {
        subsets: block(figures.subsets, before.subsets, after.subsets),
        sections: block(figures.sections, before.sections, after.sections),
        totals: block(figures.totals, before.totals, after.totals),
    }
}

/// With Holm's correction over all subsets.
pub(crate) fn with_holm(mut subsets: Vec<Difference>) -> Vec<Difference> {
    let tests = subsets.iter_mut().filter_map(|line| line.pairs.as_mut());
    let tests: Vec<_> = tests.collect();
    let p: Vec<f64> = tests.iter().map(|test| test.p).collect();
    for (test, adjusted) in tests.into_iter().zip(holm(&p)) {
        test.holm = Some(adjusted);
    }
    subsets
}
