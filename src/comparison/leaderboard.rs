//! All models of a run against each other: how far each is behind the best, on which pairs they
//! disagree most, and where each is wrong with the largest margin.

use std::collections::BTreeMap;

use crate::benchmark::Benchmark;
use crate::comparison::compare::Comparison;
use crate::comparison::difference::Difference;
use crate::comparison::figure::AVERAGE;
use crate::comparison::item_key::ItemKey;
use crate::data::pair_texts::{PairTexts, Texts};
use crate::metrics::calibration::Margins;
use crate::scoring::{ScoredItem, Verdict};
use crate::stats::holm_of;

/// Pairs listed of each model's wrong ones.
const WRONG: usize = 5;
/// Pairs listed of those on which the models disagree.
const APART: usize = 10;

/// A model that is compared with the others.
pub(crate) struct LeaderboardEntry<'a> {
    /// The mean of its subset accuracies.
    pub(crate) average: f64,
    pub(crate) scored: &'a [ScoredItem],
}

/// All models of a run. Models are named by their index among the entries.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaderboard {
    /// The model with the best average.
    pub(crate) leader: usize,
    /// By model: its average against the leader's, pair by pair; `None` for the leader, and where
    /// the pairs cannot be matched.
    pub(crate) behind: Vec<Option<Difference>>,
    /// Pairs that some models get right and others do not, the widest spread of the margins first,
    /// and the number of all such pairs.
    pub(crate) apart: Vec<Example>,
    pub(crate) apart_of: usize,
    /// By model: wrong pairs, the largest margin first.
    pub(crate) wrong: Vec<Vec<Example>>,
    /// Why the pairs are shown without texts, where they are.
    pub(crate) without_texts: Option<String>,
}

/// A pair with the verdicts and margins of models.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Example {
    pub(crate) key: ItemKey,
    pub(crate) verdicts: Vec<(usize, Verdict, f32)>,
    pub(crate) text: Option<PairTexts>,
}

/// A pair as scored by each model: the model's index, and its scored item.
type Row<'a> = Vec<(usize, &'a ScoredItem)>;

/// The rows of all models by file and row number, as rows of different files are different pairs.
struct Rows<'a> {
    by_key: BTreeMap<(usize, usize), Row<'a>>,
    same_data: bool,
}

impl<'a> Rows<'a> {
    fn new(entries: &[LeaderboardEntry<'a>], same_data: bool) -> Self {
        let mut rows = Self {
            by_key: BTreeMap::new(),
            same_data,
        };
        for (model, entry) in entries.iter().enumerate() {
            for item in entry.scored {
                let row = rows.by_key.entry(rows.key(model, item.row)).or_default();
                row.push((model, item));
            }
        }
        rows
    }

    fn key(&self, model: usize, row: usize) -> (usize, usize) {
        (if self.same_data { 0 } else { model }, row)
    }

    fn of(&self, model: usize, item: &ScoredItem) -> Option<&Row<'a>> {
        self.by_key.get(&self.key(model, item.row))
    }
}

impl Leaderboard {
    /// `same_data`: all models read the same files, so that a row number names the same pair.
    pub(crate) fn new(
        entries: &[LeaderboardEntry],
        same_data: bool,
        benchmark: Option<&Benchmark>,
        texts: &Texts,
    ) -> Self {
        let leader = (0..entries.len())
            .rev()
            .max_by(|a, b| entries[*a].average.total_cmp(&entries[*b].average))
            .unwrap_or(0);
        let behind = |model: usize| {
            let sides = (model != leader).then(|| [leader, model].map(|at| entries[at].scored))?;
            let comparison = Comparison::paired(sides[0], sides[1], same_data, benchmark).ok()?;
            let mut totals = comparison.totals.into_iter();
            totals.find(|figure| figure.name == AVERAGE)
        };
        let mut behind: Vec<Option<Difference>> = (0..entries.len()).map(behind).collect();
        correct(&mut behind);
        let rows = Rows::new(entries, same_data);
        let wrong = |model: usize| {
            let wrong = largest_mistakes(entries[model].scored).into_iter();
            wrong
                .filter_map(|item| example(rows.of(model, item)?, texts))
                .collect()
        };
        let apart = apart(&rows, entries);
        let examples = apart.iter().take(APART);
        Self {
            leader,
            behind,
            apart_of: apart.len(),
            apart: examples.filter_map(|row| example(row, texts)).collect(),
            wrong: (0..entries.len()).map(wrong).collect(),
            without_texts: texts.as_ref().err().cloned(),
        }
    }
}

/// Corrects p-values for every two of the models: the best one was chosen by these very figures.
fn correct(behind: &mut [Option<Difference>]) {
    let models = behind.len();
    let tests = behind.iter_mut().flatten();
    let tests: Vec<_> = tests.filter_map(|line| line.pairs.as_mut()).collect();
    let p: Vec<f64> = tests.iter().map(|test| test.p).collect();
    let adjusted = holm_of(&p, models * models.saturating_sub(1) / 2);
    for (test, adjusted) in tests.into_iter().zip(adjusted) {
        test.holm = Some(adjusted);
    }
}

/// The wrong items with the largest margins.
fn largest_mistakes(scored: &[ScoredItem]) -> Vec<&ScoredItem> {
    let is_wrong = |item: &&ScoredItem| item.verdict() == Verdict::Wrong;
    let mut wrong: Vec<&ScoredItem> = scored.iter().filter(is_wrong).collect();
    wrong.sort_by(|a, b| a.margin().total_cmp(&b.margin()).then(a.row.cmp(&b.row)));
    wrong.truncate(WRONG);
    wrong
}

/// The rows on which models disagree, the widest spread of the margins first. As models have
/// margins of different scales, each is divided by its model's root mean square.
fn apart<'a, 'b>(rows: &'a Rows<'b>, entries: &[LeaderboardEntry]) -> Vec<&'a Row<'b>> {
    let sizes: Vec<f64> = entries
        .iter()
        .map(|entry| Margins::of(entry.scored).size().max(f64::MIN_POSITIVE))
        .collect();
    let spread = |row: &Row| {
        let margins = row
            .iter()
            .map(|(at, v)| f64::from(v.margin()) / sizes[*at])
            .filter(|m| m.is_finite());
        let (low, high) = margins.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), m| {
            (low.min(m), high.max(m))
        });
        high - low
    };
    let right = |(_, v): &(usize, &ScoredItem)| v.verdict() == Verdict::Correct;
    let mut apart: Vec<(f64, &Row)> = rows
        .by_key
        .values()
        .filter(|row| row.iter().any(right) && !row.iter().all(right))
        .map(|row| (spread(row), row))
        .collect();
    apart.sort_by(|a, b| b.0.total_cmp(&a.0));
    apart.into_iter().map(|(_, row)| row).collect()
}

fn example(row: &Row, texts: &Texts) -> Option<Example> {
    let (_, first) = row.first()?;
    let pair = texts.as_ref().ok().and_then(|pairs| pairs.get(&first.row));
    Some(Example {
        key: ItemKey::of(first),
        verdicts: row
            .iter()
            .map(|(at, v)| (*at, v.verdict(), v.margin()))
            .collect(),
        text: pair.map(PairTexts::of),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::tests::verdict;

    fn models(margins: [&[f32]; 2]) -> [Vec<ScoredItem>; 2] {
        margins.map(|margins| {
            margins
                .iter()
                .enumerate()
                .map(|(row, margin)| verdict(row, "x", None, *margin))
                .collect()
        })
    }

    fn leaderboard(models: &[Vec<ScoredItem>; 2], same_data: bool) -> Leaderboard {
        let average = |scored: &[ScoredItem]| {
            crate::metrics::Scores::of(scored, Some(&Benchmark::reward_bench()))
                .average
                .accuracy
        };
        let entries = models.each_ref().map(|scored| LeaderboardEntry {
            average: average(scored),
            scored,
        });
        Leaderboard::new(
            &entries,
            same_data,
            Some(&Benchmark::reward_bench()),
            &Err("gone".to_owned()),
        )
    }

    fn rows(examples: &[Example]) -> Vec<usize> {
        examples.iter().map(|example| example.key.row).collect()
    }

    #[test]
    fn the_widest_disagreements_come_first() {
        // The second model's margins are ten times as large; that does not make its mistakes
        // larger.
        let found = leaderboard(
            &models([
                &[1.0, -3.0, 2.0, -1.0, 0.0],
                &[-10.0, 10.0, 20.0, -20.0, 10.0],
            ]),
            true,
        );
        assert_eq!(
            (found.leader, rows(&found.apart), found.apart_of),
            (1, vec![1, 0, 4], 3)
        );
        assert_eq!(
            (rows(&found.wrong[0]), rows(&found.wrong[1])),
            (vec![1, 3], vec![3, 0])
        );
        assert_eq!(
            found.wrong[0][1].verdicts,
            [(0, Verdict::Wrong, -1.0), (1, Verdict::Wrong, -20.0)]
        );
        let difference = found.behind[0].as_ref().unwrap();
        assert!(
            (difference.value + 0.2).abs() < 1e-12
                && difference.interval.low < -0.2
                && found.behind[1].is_none(),
            "{difference:?}"
        );
        assert_eq!(found.without_texts.as_deref(), Some("gone"));
    }

    #[test]
    fn rows_of_different_files_are_not_taken_for_the_same() {
        let found = leaderboard(&models([&[1.0, 1.0], &[-1.0, 1.0]]), false);
        assert_eq!(
            (found.leader, found.apart_of, found.behind),
            (0, 0, vec![None, None])
        );
        assert_eq!(found.wrong[1][0].verdicts, [(1, Verdict::Wrong, -1.0)]);
    }

    #[test]
    fn without_models_the_leaderboard_is_empty() {
        let found = Leaderboard::new(
            &[],
            true,
            Some(&Benchmark::reward_bench()),
            &Err(String::new()),
        );
        assert!(found.behind.is_empty() && found.apart.is_empty() && found.wrong.is_empty());
    }
}
