//! Which of the pairs that belong into a comparison it has.

use std::collections::BTreeMap;

use crate::benchmark::Benchmark;
use crate::support::count::{count, first, plural};
use crate::support::error::{Error, Result};

/// Subsets that are named in a message.
const NAMED: usize = 10;

/// The pairs that belong into a comparison: those of the baseline and, where it is asked for
/// ([`Self::counted_by`]), those that the benchmark counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Coverage {
    /// Pairs that the baseline has and the candidate lacks, by subset.
    pub(crate) lacking: BTreeMap<String, usize>,
    /// Subsets of which pairs are not compared, whichever side lacks them.
    pub(crate) gaps: Vec<Gap>,
    /// The key of the benchmark's headline figure.
    pub(crate) headline: Option<String>,
    /// Why pairs are missing whose number and subsets are not known: a run that says it is PARTIAL,
    /// without a benchmark that counts them.
    pub(crate) part: Option<String>,
    /// Pairs by subset: those that belong into the comparison, and those that are in it.
    expected: BTreeMap<String, usize>,
    compared: BTreeMap<String, usize>,
}

/// A subset of which pairs are not compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gap {
    pub(crate) subset: String,
    /// The benchmark's sections that it belongs to.
    pub(crate) sections: Vec<String>,
    pub(crate) missing: usize,
}

impl Coverage {
    /// Of pairs by subset: the baseline's, and those of them that are compared.
    pub(crate) fn new(
        baseline: BTreeMap<String, usize>,
        compared: BTreeMap<String, usize>,
        benchmark: Option<&Benchmark>,
    ) -> Self {
        let headline = benchmark.and_then(|benchmark| benchmark.headline.as_ref());
        Self {
            lacking: missing_of(&baseline, &compared).into_iter().collect(),
            headline: headline.map(|headline| headline.key.clone()),
            ..Self::default()
        }
        .with_gaps(baseline, compared, benchmark)
    }

    /// The same, where all pairs that the benchmark counts belong into the comparison.
    #[must_use]
    pub(crate) fn counted_by(mut self, benchmark: Option<&Benchmark>) -> Self {
        let mut expected = std::mem::take(&mut self.expected);
        for (subset, n) in benchmark.iter().flat_map(|benchmark| &benchmark.subsets) {
            let known = expected.entry(subset.clone()).or_default();
            *known = (*known).max(*n);
        }
        let compared = std::mem::take(&mut self.compared);
        self.with_gaps(expected, compared, benchmark)
    }

    fn with_gaps(
        self,
        expected: BTreeMap<String, usize>,
        compared: BTreeMap<String, usize>,
        benchmark: Option<&Benchmark>,
    ) -> Self {
        let gap = |(subset, missing): (String, usize)| Gap {
            sections: sections_of(&subset, benchmark),
            subset,
            missing,
        };
        let missing = missing_of(&expected, &compared).into_iter();
        Self {
            gaps: missing.map(gap).collect(),
            expected,
            compared,
            ..self
        }
    }

    /// That a side is a part, for a reason that its run gives, where no benchmark counts its pairs.
    pub(crate) fn mark_part(&mut self, why: Option<String>, benchmark: Option<&Benchmark>) {
        self.part = why.filter(|_| benchmark.is_none());
    }

    /// Refuses a candidate that lacks pairs of the baseline, unless that is allowed.
    pub(crate) fn check(&self, allow_partial: bool) -> Result<()> {
        if allow_partial || self.lacking.is_empty() {
            return Ok(());
        }
        let lacking = count(self.lacking.values().sum(), "pair");
        let by_subset = self.lacking.iter();
        Err(Error::bad_input(format!(
            "failed to compare: the candidate lacks {lacking} of the baseline"
        ))
        .caused_by(in_short(by_subset.map(|(subset, n)| (subset.as_str(), *n))))
        .hint(
            "score the same pairs as the baseline did; with --allow-partial the rest is compared, \
             and no rule about a figure that lacks pairs can pass",
        ))
    }

    pub(crate) fn has_gaps(&self) -> bool {
        !self.gaps.is_empty()
    }

    /// How many pairs are not compared, and of which subsets; `None` where all are.
    pub(crate) fn note(&self) -> Option<String> {
        note(&self.gaps.iter().collect::<Vec<_>>())
            .map(|missing| format!("PARTIAL: not compared: {missing}"))
    }
}

/// `59 pairs (chat-length 50, chat-echo 9)`; `None` without a gap.
pub(crate) fn note(gaps: &[&Gap]) -> Option<String> {
    let missing = missing(gaps);
    let by_subset = gaps.iter().map(|gap| (gap.subset.as_str(), gap.missing));
    (missing > 0).then(|| format!("{} ({})", count(missing, "pair"), in_short(by_subset)))
}

pub(crate) fn missing(gaps: &[&Gap]) -> usize {
    gaps.iter().map(|gap| gap.missing).sum()
}

/// The first subsets with their numbers of pairs, and how many more there are.
fn in_short<'a>(by_subset: impl Iterator<Item = (&'a str, usize)>) -> String {
    let parts: Vec<String> = by_subset
        .map(|(subset, n)| format!("{subset} {n}"))
        .collect();
    let named = first(&parts, NAMED);
    match parts.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} {}", plural(more, "subset")),
    }
}

/// Subsets that have fewer pairs than expected, and how many fewer.
fn missing_of(
    expected: &BTreeMap<String, usize>,
    compared: &BTreeMap<String, usize>,
) -> Vec<(String, usize)> {
    let missing = |(subset, n): (&String, &usize)| {
        let missing = n.saturating_sub(compared.get(subset).copied().unwrap_or_default());
        (missing > 0).then(|| (subset.clone(), missing))
    };
    expected.iter().filter_map(missing).collect()
}

fn sections_of(subset: &str, benchmark: Option<&Benchmark>) -> Vec<String> {
    let sections = benchmark.iter().flat_map(|benchmark| &benchmark.sections);
    sections
        .filter(|section| section.subsets.iter().any(|name| name == subset))
        .map(|section| section.name.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(list: &[(&str, usize)]) -> BTreeMap<String, usize> {
        list.iter()
            .map(|(name, n)| ((*name).to_owned(), *n))
            .collect()
    }

    #[test]
    fn what_the_baseline_has_and_the_benchmark_counts_is_expected() {
        let own = Benchmark::reward_bench();
        let baseline = sizes(&[("hep-go", 164), ("hep-js", 3)]);
        let compared = sizes(&[("hep-go", 100), ("hep-js", 3)]);
        let found = Coverage::new(baseline, compared, Some(&own));
        assert_eq!((found.gaps.len(), found.gaps[0].missing), (1, 64));
        let found = found.counted_by(Some(&own));
        assert_eq!(found.lacking, sizes(&[("hep-go", 64)]));
        let of = |name: &str| found.gaps.iter().find(|gap| gap.subset == name).unwrap();
        assert_eq!((of("hep-go").missing, of("hep-js").missing), (64, 161));
        assert_eq!(of("hep-js").sections, ["Reasoning"]);
        // RewardBench has 2,985 pairs.
        assert_eq!(missing(&found.gaps.iter().collect::<Vec<_>>()), 2985 - 103);
        let error = found.check(false).unwrap_err();
        assert!(
            error.kind as u8 == 4
                && error
                    .render()
                    .contains("lacks 64 pairs of the baseline\n  caused by: hep-go 64")
                && error.render().contains("--allow-partial"),
            "{}",
            error.render()
        );
        assert!(found.check(true).is_ok());
    }

    #[test]
    fn without_a_benchmark_the_baseline_is_all() {
        let baseline = sizes(&[("a", 2)]);
        // Pairs that only the candidate has are none that were expected.
        let found = Coverage::new(baseline, sizes(&[("a", 2), ("b", 9)]), None).counted_by(None);
        assert!(found.check(false).is_ok() && found.note().is_none());
    }
}
