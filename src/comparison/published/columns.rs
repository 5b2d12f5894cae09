//! A published column beside a measured one, figure by figure.

use std::collections::{BTreeMap, BTreeSet};

use crate::benchmark::Benchmark;
use crate::benchmark::published::{Published, PublishedModel};
use crate::comparison::figure::AVERAGE;
use crate::comparison::published::beside::{Beside, Standing};
use crate::comparison::published::reproduction::Reproduction;
use crate::metrics::{Estimate, FigureKey, Scores, Tally};

/// A published column as counts of pairs.
pub(crate) fn tallies(model: &PublishedModel, benchmark: &Benchmark) -> BTreeMap<String, Tally> {
    let tally = |[correct, n]: [usize; 2]| {
        let wrong = n.saturating_sub(correct);
        Tally {
            correct,
            wrong,
            ..Tally::default()
        }
    };
    let counts = model.counts(benchmark).into_iter();
    counts
        .map(|(subset, counts)| (subset, tally(counts)))
        .collect()
}

/// A published column beside a measured one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PublishedComparison {
    pub(crate) table: String,
    /// Where the table can be read.
    pub(crate) source: String,
    /// The model, as the table calls it.
    pub(crate) model: String,
    /// Its input contract, as the source calls it.
    pub(crate) template: Option<String>,
    /// What a reader must know of the table's figures.
    pub(crate) note: Option<String>,
    /// Every subset of the table and of the measured column, with the pairs of the benchmark.
    pub(crate) subsets: Vec<(String, usize, Beside)>,
    pub(crate) sections: Vec<(String, Beside)>,
    pub(crate) variants: Vec<(String, Beside)>,
    pub(crate) average: Beside,
    pub(crate) headline: Option<(String, Beside)>,
    pub(crate) reproduction: Reproduction,
}

/// What the columns of one comparison are made of.
struct Sides<'a> {
    published: &'a PublishedModel,
    counts: BTreeMap<String, Tally>,
    /// The same model under the same contract in every table of the benchmark, this one included.
    every: Vec<BTreeMap<String, Tally>>,
    measured: &'a Scores,
    /// The benchmark of the table.
    benchmark: &'a Benchmark,
}

/// A column without a measured one beside it.
pub(crate) fn printed(
    table: &Published,
    model: &PublishedModel,
    benchmark: &Benchmark,
) -> PublishedComparison {
    // For the names of the lines: nothing that is computed here is shown.
    let lines = Scores::new(&tallies(model, benchmark), Some(benchmark));
    let mut column = PublishedComparison::new(table, model, &lines, benchmark);
    let subsets = column.subsets.iter_mut().map(|(_, _, beside)| beside);
    let means = column.sections.iter_mut().chain(&mut column.variants);
    for beside in subsets.chain(means.map(|(_, beside)| beside)) {
        *beside = beside.alone();
    }
    column.average = column.average.alone();
    column.headline = column
        .headline
        .map(|(label, beside)| (label, beside.alone()));
    column
}

impl PublishedComparison {
    /// `benchmark`: that of the table.
    pub(crate) fn new(
        table: &Published,
        published: &PublishedModel,
        measured: &Scores,
        benchmark: &Benchmark,
    ) -> Self {
        let tables = Published::all();
        let same = tables.iter().filter(|t| t.benchmark == table.benchmark);
        let sides = Sides {
            published,
            counts: tallies(published, benchmark),
            every: same
                .filter_map(|other| other.model(&published.name))
                // Under another contract it is another measurement.
                .filter(|other| other.template == published.template)
                .map(|model| tallies(model, benchmark))
                .collect(),
            measured,
            benchmark,
        };
        let sections = |list: &[(String, Estimate)]| {
            let beside = |(name, _): &(String, Estimate)| (name.clone(), sides.section(name));
            list.iter().map(beside).collect()
        };
        let subsets = sides.subsets();
        Self {
            table: table.name.clone(),
            source: table.source.clone(),
            model: published.name.clone(),
            template: published.template.clone(),
            note: table.note.clone(),
            sections: sections(&measured.sections),
            variants: sections(&measured.variants),
            average: sides.average(),
            headline: sides.headline(),
            reproduction: Reproduction::new(&subsets, &sides.counts, &sides.every),
            subsets,
        }
    }

    /// `None` for a line that neither the table nor the measured column has.
    pub(crate) fn figure(&self, key: FigureKey) -> Option<&Beside> {
        match key {
            FigureKey::Subset(name) => {
                let found = self.subsets.iter().find(|(known, ..)| known == name);
                found.map(|(_, _, beside)| beside)
            }
            FigureKey::Section(name) => named(&self.sections, name),
            FigureKey::Variant(name) => named(&self.variants, name),
            FigureKey::Average => Some(&self.average),
            // No table prints them.
            FigureKey::Total | FigureKey::Aspect(_) => None,
            FigureKey::Headline => self.headline.as_ref().map(|(_, beside)| beside),
        }
    }

    /// Every line with its name, in the order of the table.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&str, &Beside)> {
        let means = self.sections.iter().chain(&self.variants);
        let means = means.chain(&self.headline);
        let subsets = self.subsets.iter();
        subsets
            .map(|(name, _, beside)| (name.as_str(), beside))
            .chain([(AVERAGE, &self.average)])
            .chain(means.map(|(name, beside)| (name.as_str(), beside)))
    }
}

fn named<'a>(list: &'a [(String, Beside)], name: &str) -> Option<&'a Beside> {
    let found = list.iter().find(|(known, _)| known == name);
    found.map(|(_, beside)| beside)
}

impl Sides<'_> {
    /// The measured ones first, in their order.
    fn subsets(&self) -> Vec<(String, usize, Beside)> {
        let measured = self.measured.subsets.iter().map(|(name, _)| name);
        let is_measured = |name: &str| self.measured.subsets.iter().any(|(own, _)| own == name);
        let others = self.counts.keys().filter(|name| !is_measured(name));
        let line = |name: &String| {
            let n = self.counts.get(name).map_or(0, Tally::n);
            (name.clone(), n, self.subset(name))
        };
        measured.chain(others).map(line).collect()
    }

    fn subset(&self, name: &str) -> Beside {
        let (Some(printed), Some(published)) = (self.published.subset(name), self.counts.get(name))
        else {
            return Beside::NotPublished;
        };
        let measured = self.measured.subsets.iter().find(|(own, _)| own == name);
        let n = measured.map_or(0, |(_, score)| score.n());
        let Some((_, score)) = measured.filter(|_| n == published.n()) else {
            let why = format!("{n} of {} pairs", published.n());
            return Beside::NotCompared { printed, why };
        };
        let every = self.every.iter().filter_map(|counts| counts.get(name));
        let every: Vec<usize> = every.map(|counts| counts.correct).collect();
        Beside::Counts {
            printed,
            pairs: signed(score.tally.correct) - signed(published.correct),
            standing: Standing::of(score.tally.correct, published.correct, &every),
        }
    }

    /// A section, or a variant of one.
    fn section(&self, name: &str) -> Beside {
        let variants = self.benchmark.variants.iter();
        let of_variant = variants.filter(|variant| variant.label == name);
        let section = of_variant.map(|variant| variant.section.as_str()).next();
        let mut sections = self.benchmark.sections.iter();
        let section = sections.find(|own| own.name == section.unwrap_or(name));
        let means = self.measured.sections.iter().chain(&self.measured.variants);
        let measured = means.filter(|(own, _)| own == name).map(|(_, e)| *e).next();
        let subsets = section.map_or(&[][..], |section| &section.subsets);
        let printed = self.published.sections.get(name).copied();
        self.mean(printed, measured, subsets.iter())
    }

    fn average(&self) -> Beside {
        let (printed, measured) = (self.published.average, self.measured.average);
        // A subset more would be in the mean, too.
        let own = self.measured.subsets.iter().map(|(name, _)| name);
        self.mean(printed, Some(measured), self.counts.keys().chain(own))
    }

    /// Where the table or the measured column has one.
    fn headline(&self) -> Option<(String, Beside)> {
        let measured = self.measured.headline.as_ref();
        let label = &self.benchmark.headline.as_ref()?.label;
        let beside = match (self.published.headline, measured) {
            (None, None) => return None,
            (None, Some(_)) => Beside::NotPublished,
            (Some(printed), Some((_, measured))) if self.is_whole() => means(printed, *measured),
            (Some(printed), _) => Beside::NotCompared {
                printed,
                why: "it is a figure of the whole benchmark".to_owned(),
            },
        };
        Some((label.clone(), beside))
    }

    /// Whether every subset of the benchmark was measured with all its items, and nothing else.
    fn is_whole(&self) -> bool {
        let measured = self.measured.subsets.iter();
        let measured: BTreeMap<&String, usize> =
            measured.map(|(s, score)| (s, score.n())).collect();
        let planned = self.benchmark.subsets.iter().map(|(name, n)| (name, *n));
        measured == planned.collect()
    }

    /// A mean is of the same pairs where every one of its subsets is.
    fn mean<'a>(
        &self,
        printed: Option<f64>,
        measured: Option<Estimate>,
        subsets: impl Iterator<Item = &'a String>,
    ) -> Beside {
        let Some(printed) = printed else {
            return Beside::NotPublished;
        };
        let is_other = |name: &&String| self.subset(name).counts().is_none();
        let others: BTreeSet<&String> = subsets.filter(is_other).collect();
        let others = others.len();
        match measured {
            Some(measured) if others == 0 => means(printed, measured),
            _ => Beside::NotCompared {
                printed,
                why: format!("{others} of its subsets have other pairs"),
            },
        }
    }
}

fn means(printed: f64, measured: Estimate) -> Beside {
    Beside::Means {
        printed,
        difference: thousandths(measured.accuracy) - thousandths(printed),
    }
}

/// As tables print it.
fn thousandths(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The README of Skywork-Reward-V2 has a score of RewardBench 2 and none of its subsets.
    #[test]
    fn a_headline_figure_is_compared_where_the_whole_benchmark_was_measured() {
        let benchmark = Benchmark::find("reward-bench-2").unwrap();
        let table = Published::find("skywork-v2").unwrap();
        let published = table.model("Skywork-Reward-V2-Qwen3-0.6B").unwrap();
        let beside = |counts: &BTreeMap<String, usize>| {
            let all_correct = counts.iter().map(|(subset, n)| {
                let tally = Tally {
                    correct: *n,
                    ..Tally::default()
                };
                (subset.clone(), tally)
            });
            let scores = Scores::new(&all_correct.collect(), Some(&benchmark));
            PublishedComparison::new(&table, published, &scores, &benchmark)
        };
        let headline = |column: &PublishedComparison| {
            let (label, beside) = column.headline.as_ref().unwrap();
            assert_eq!(label, "RewardBench 2 score");
            beside.clone()
        };
        let mut counts = benchmark.subsets.clone();
        let whole = beside(&counts);
        let Beside::Means {
            printed,
            difference,
        } = headline(&whole)
        else {
            panic!("{:?}", whole.headline)
        };
        assert!((printed - 0.613).abs() < 1e-12 && (difference - 0.387).abs() < 1e-12);
        assert_eq!(
            (whole.reproduction.subsets, whole.reproduction.reproduced),
            (0, None)
        );
        *counts.get_mut("Math").unwrap() -= 1;
        let part = headline(&beside(&counts));
        assert!(part.printed() == Some(0.613) && !part.is_compared());
        counts.remove("Math");
        assert!(!headline(&beside(&counts)).is_compared());
    }
}
