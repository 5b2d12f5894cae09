//! The reproducer's question: are these the published verdicts, and if not, where to look.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::comparison::published::beside::{Beside, Standing};
use crate::metrics::Tally;
use crate::support::count::first;

/// Subsets that are named to be looked at.
const NAMED: usize = 5;

/// A published column and a measured one in counts of subsets and of verdicts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Reproduction {
    /// Of the table.
    pub(crate) subsets: usize,
    pub(crate) equal: usize,
    pub(crate) within_spread: usize,
    pub(crate) outside: usize,
    /// Other counts that no second table measures the spread of.
    pub(crate) spread_unknown: usize,
    pub(crate) not_compared: usize,
    /// Pairs of the compared subsets.
    pub(crate) pairs: usize,
    /// At least so many of their verdicts differ: counts cannot show verdicts that turned both
    /// ways.
    pub(crate) differ: usize,
    /// By so many verdicts the published tables differ on these pairs; `None` where only one has
    /// the model.
    pub(crate) published_differ: Option<usize>,
    /// `None` where nothing is outside, but not every subset was compared, or none is published.
    pub(crate) reproduced: Option<bool>,
    /// Where more verdicts differ than published measurements do, the most first: measured minus
    /// published correct pairs.
    pub(crate) look_at: Vec<(String, i64)>,
}

impl Reproduction {
    /// `every`: the published counts of this model, of all tables.
    pub(super) fn new(
        subsets: &[(String, usize, Beside)],
        published: &BTreeMap<String, Tally>,
        every: &[BTreeMap<String, Tally>],
    ) -> Self {
        let compared: Vec<(&String, i64, Standing)> = subsets
            .iter()
            .filter_map(|(name, _, beside)| beside.counts().map(|(n, how)| (name, n, how)))
            .collect();
        let count = |wanted| compared.iter().filter(|(.., how)| *how == wanted).count();
        let [equal, within_spread, outside, spread_unknown] = [
            Standing::Equal,
            Standing::WithinSpread,
            Standing::Outside,
            Standing::SpreadUnknown,
        ]
        .map(count);
        let mut look_at: Vec<(String, i64)> = compared
            .iter()
            .filter(|(.., how)| matches!(how, Standing::Outside | Standing::SpreadUnknown))
            .map(|(name, n, _)| ((*name).clone(), *n))
            .collect();
        look_at.sort_by_key(|(_, n)| std::cmp::Reverse(n.unsigned_abs()));
        let not_compared = published.len() - compared.len();
        let spread = |(name, ..): &(&String, i64, Standing)| {
            let counts = every.iter().filter_map(|table| table.get(*name));
            let counts = counts.map(|tally| tally.correct);
            counts.clone().max().unwrap_or(0) - counts.min().unwrap_or(0)
        };
        Self {
            subsets: published.len(),
            equal,
            within_spread,
            outside,
            spread_unknown,
            not_compared,
            pairs: compared.iter().map(|(name, ..)| published[*name].n()).sum(),
            differ: compared.iter().map(|(_, n, _)| magnitude(*n)).sum(),
            published_differ: (every.len() > 1).then(|| compared.iter().map(spread).sum()),
            reproduced: match (look_at.is_empty(), not_compared) {
                (false, _) => Some(false),
                (true, 0) if !published.is_empty() => Some(true),
                (true, _) => None,
            },
            look_at,
        }
    }
}

fn magnitude(count: i64) -> usize {
    usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX)
}

impl fmt::Display for Reproduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.within_spread, "within the published spread"),
            (self.outside, "outside"),
            (self.spread_unknown, "other (spread unknown)"),
            (self.not_compared, "not compared"),
        ];
        if self.subsets == 0 {
            return f.write_str("no subset is published, so nothing says whether it is reproduced");
        }
        write!(f, "of {} subsets {} equal", self.subsets, self.equal)?;
        for (count, name) in counts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {name}")?;
        }
        let (differ, pairs) = (self.differ, self.pairs);
        match self.published_differ {
            _ if pairs == 0 => f.write_str("; no verdict was compared")?,
            Some(n) => write!(
                f,
                "; at least {differ} of {pairs} verdicts differ, the published tables differ by {n}"
            )?,
            None => write!(
                f,
                "; at least {differ} of {pairs} verdicts differ, no second table says what is usual"
            )?,
        }
        match self.reproduced {
            Some(true) => f.write_str(": reproduced"),
            Some(false) => write!(f, ": not reproduced: look at {}", self.named()),
            None => f.write_str(": not decided: score all pairs of the benchmark"),
        }
    }
}

impl Reproduction {
    /// The first subsets to look at.
    fn named(&self) -> String {
        let names = self.look_at.iter();
        let names: Vec<String> = names.map(|(name, n)| format!("{name} ({n:+})")).collect();
        first(&names, NAMED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::Benchmark;
    use crate::benchmark::published::Published;
    use crate::comparison::published::columns::{PublishedComparison, tallies};
    use crate::metrics::Scores;

    /// `table`'s column of `model`, beside the counts of `measured`, some of them changed.
    fn compare(
        table: &str,
        model: &str,
        measured: &str,
        change: impl Fn(&mut BTreeMap<String, Tally>),
    ) -> PublishedComparison {
        let benchmark = Benchmark::reward_bench();
        let [table, measured] = [table, measured].map(|name| Published::find(name).unwrap());
        let mut counts = tallies(measured.model(model).unwrap(), &benchmark);
        change(&mut counts);
        let scores = Scores::new(&counts, Some(&benchmark));
        PublishedComparison::new(&table, table.model(model).unwrap(), &scores, &benchmark)
    }

    /// The two tables of these models differ by 37 verdicts in 21 of 46 cells: counted from the
    /// printed figures by hand.
    #[test]
    fn the_published_tables_reproduce_each_other_within_their_own_spread() {
        let (mut cells, mut verdicts) = (0, 0);
        for model in ["llm-blender/PairRM-hf", "maywell/Better-PairRM"] {
            let found = compare("model-card", model, "rewardbench-paper", |_| {});
            let own = &found.reproduction;
            assert_eq!((own.subsets, own.pairs, own.outside), (23, 2985, 0));
            assert_eq!(own.equal + own.within_spread, 23);
            assert_eq!(own.published_differ, Some(own.differ));
            assert_eq!(own.reproduced, Some(true));
            cells += own.within_spread;
            verdicts += own.differ;
        }
        assert_eq!((cells, verdicts), (21, 37));
    }

    #[test]
    fn a_count_beyond_the_published_ones_is_not_reproduced() {
        let found = compare("model-card", "PairRM-hf", "model-card", |counts| {
            // 8 of 100: within the binomial noise of 0.97, and not a reproduction.
            counts.get_mut("alpacaeval-easy").unwrap().correct -= 8;
            counts.get_mut("alpacaeval-easy").unwrap().wrong += 8;
            counts.get_mut("hep-go").unwrap().correct += 1;
            counts.get_mut("hep-go").unwrap().wrong -= 1;
        });
        let text = found.reproduction.to_string();
        let start = "of 23 subsets 21 equal, 2 outside; at least 9 of 2985 verdicts differ, the \
            published tables differ by ";
        assert!(text.starts_with(start), "{text}");
        assert!(
            text.ends_with(": not reproduced: look at alpacaeval-easy (-8), hep-go (+1)"),
            "{text}"
        );
        let average = found.average;
        assert!(
            matches!(average, Beside::Means { printed, difference }
                if (printed - 0.6_f64).abs() < 1e-12 && difference < 0.0),
            "{average:?}"
        );
    }

    #[test]
    fn what_one_table_alone_has_is_equal_or_not() {
        let model = "OpenAssistant/reward-model-deberta-v3-large-v2";
        let found = compare("rewardbench-paper", model, "rewardbench-paper", |counts| {
            counts.get_mut("hep-go").unwrap().correct += 1;
            counts.get_mut("hep-go").unwrap().wrong -= 1;
        });
        let own = &found.reproduction;
        assert_eq!(
            (own.equal, own.spread_unknown, own.reproduced),
            (22, 1, Some(false))
        );
        let text = own.to_string();
        assert!(
            text.contains("1 other (spread unknown)") && text.contains("no second table"),
            "{text}"
        );
    }

    #[test]
    fn of_a_part_nothing_is_made_up() {
        let found = compare("model-card", "Better-PairRM", "model-card", |counts| {
            counts.retain(|subset, _| subset.starts_with("alpacaeval"));
            counts.get_mut("alpacaeval-hard").unwrap().correct -= 1;
        });
        assert_eq!(found.average.printed(), Some(0.690));
        assert_eq!(
            found.average.why_not(),
            Some("21 of its subsets have other pairs")
        );
        assert!(
            found
                .sections
                .iter()
                .all(|(_, own)| *own == Beside::NotPublished)
        );
        let part = found
            .subsets
            .iter()
            .find(|(name, ..)| name == "alpacaeval-hard");
        assert_eq!(part.unwrap().2.why_not(), Some("94 of 95 pairs"));
        let own = &found.reproduction;
        assert_eq!((own.equal, own.not_compared, own.reproduced), (2, 21, None));
        assert!(
            own.to_string()
                .ends_with("not decided: score all pairs of the benchmark")
        );

        let paper = compare(
            "rewardbench-paper",
            "Better-PairRM",
            "rewardbench-paper",
            |counts| {
                counts.remove("hep-go");
            },
        );
        let section = |name: &str| {
            let lines = paper.lines().find(|(known, _)| *known == name);
            lines.map(|(_, own)| (own.printed(), own.why_not().map(str::to_owned)))
        };
        assert_eq!(section("Chat"), Some((Some(0.955), None)));
        assert_eq!(
            section("Safety, paper's weights"),
            Some((Some(0.832), None))
        );
        assert_eq!(
            section("Safety"),
            Some((None, Some("not published".to_owned())))
        );
        assert_eq!(
            section("average"),
            Some((None, Some("not published".to_owned())))
        );
        let why = "1 of its subsets have other pairs".to_owned();
        assert_eq!(section("Reasoning"), Some((Some(0.498), Some(why))));
    }

    /// Every printed figure follows from whole counts: subsets, averages, sections.
    #[test]
    fn printed_figures_follow_from_counts() {
        let mut columns = 0;
        let tables = Published::all().into_iter();
        for table in tables.filter(|table| table.benchmark == "reward-bench") {
            for model in &table.models {
                let found = compare(&table.name, &model.name, &table.name, |_| {});
                let mut means = 0;
                for (name, beside) in found.lines() {
                    match beside {
                        Beside::Counts { pairs: 0, .. } | Beside::NotPublished => {}
                        Beside::Means { difference, .. } if *difference == 0.0 => means += 1,
                        other => panic!("{} {name}: {other:?}", model.name),
                    }
                }
                let printed = usize::from(model.average.is_some()) + model.sections.len();
                // The first results of OpenAssistant's model precede math-prm.
                let subsets = if table.name == "results-raw" { 22 } else { 23 };
                assert_eq!((found.reproduction.equal, means), (subsets, printed));
                columns += 1;
            }
        }
        assert_eq!(columns, 9);
    }
}
