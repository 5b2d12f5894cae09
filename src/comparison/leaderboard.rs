//! All models' verdicts side by side: how far each is behind the best, on which pairs they differ
//! most, and where each is wrong with the largest margin.

use std::collections::BTreeMap;

use crate::benchmark::Benchmark;
use crate::comparison::{AVERAGE, Comparison, Difference, Name};
use crate::data::excerpt::{Excerpt, PARAGRAPH, Texts};
use crate::metrics::calibration::Margins;
use crate::scoring::{ScoredItem, Verdict};

/// Pairs listed: of each model's wrong ones, and of those on which the models differ.
const WRONG: usize = 5;
const APART: usize = 10;

/// One model.
pub struct Column<'a> {
    /// Of its subsets.
    pub average: f64,
    pub verdicts: &'a [ScoredItem],
}

/// Models are named by their place among the columns.
#[derive(Debug, Clone, PartialEq)]
pub struct SideBySide {
    /// The model with the best average.
    pub leader: usize,
    /// By model: its average against the leader's, pair by pair; `None` for the leader, and where
    /// nothing matches the pairs.
    pub behind: Vec<Option<Difference>>,
    /// Pairs that some models get right and others do not, the widest spread of the margins first,
    /// and how many there are.
    pub apart: Vec<Example>,
    pub apart_of: usize,
    /// By model: wrong pairs, the largest margin first.
    pub wrong: Vec<Vec<Example>>,
    /// Why pairs have no texts.
    pub without_texts: Option<String>,
}

/// A pair with what models made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    pub name: Name,
    pub verdicts: Vec<(usize, Verdict, f32)>,
    pub text: Option<Excerpt>,
}

/// A pair's verdicts by model.
type Row<'a> = Vec<(usize, &'a ScoredItem)>;

impl SideBySide {
    /// `same_data`: all models read the same files, so that a row has one number.
    pub fn new(
        columns: &[Column],
        same_data: bool,
        benchmark: Option<&Benchmark>,
        texts: &Texts,
    ) -> Self {
        let leader = (0..columns.len())
            .rev()
            .max_by(|a, b| columns[*a].average.total_cmp(&columns[*b].average))
            .unwrap_or(0);
        let behind = |at: usize| {
            let sides = (at != leader).then(|| [columns[leader].verdicts, columns[at].verdicts])?;
            let comparison = Comparison::paired(sides[0], sides[1], same_data, benchmark).ok()?;
            comparison
                .totals
                .into_iter()
                .find(|line| line.name == AVERAGE)
        };
        // Rows of different files are different pairs.
        let file = |column: usize| if same_data { 0 } else { column };
        let mut rows: BTreeMap<(usize, usize), Row> = BTreeMap::new();
        for (at, verdict) in columns
            .iter()
            .enumerate()
            .flat_map(|(at, column)| column.verdicts.iter().map(move |v| (at, v)))
        {
            rows.entry((file(at), verdict.row))
                .or_default()
                .push((at, verdict));
        }
        let wrong = |at: usize| {
            let mut wrong: Vec<&ScoredItem> = columns[at]
                .verdicts
                .iter()
                .filter(|v| v.verdict() == Verdict::Wrong)
                .collect();
            wrong.sort_by(|a, b| a.margin().total_cmp(&b.margin()).then(a.row.cmp(&b.row)));
            wrong
                .iter()
                .take(WRONG)
                .filter_map(|v| example(rows.get(&(file(at), v.row))?, texts))
                .collect()
        };
        let apart = apart(&rows, columns);
        Self {
            leader,
            behind: (0..columns.len()).map(behind).collect(),
            apart_of: apart.len(),
            apart: apart
                .into_iter()
                .take(APART)
                .filter_map(|row| example(row, texts))
                .collect(),
            wrong: (0..columns.len()).map(wrong).collect(),
            without_texts: texts.as_ref().err().cloned(),
        }
    }
}

/// Margins of different models have different scales: each counts in units of its model's typical
/// one.
fn apart<'a, 'b>(
    rows: &'a BTreeMap<(usize, usize), Row<'b>>,
    columns: &[Column],
) -> Vec<&'a Row<'b>> {
    let sizes: Vec<f64> = columns
        .iter()
        .map(|column| Margins::of(column.verdicts).size().max(f64::MIN_POSITIVE))
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
        name: Name {
            subset: first.subset.clone(),
            id: first.id.clone(),
            row: first.row,
        },
        verdicts: row
            .iter()
            .map(|(at, v)| (*at, v.verdict(), v.margin()))
            .collect(),
        text: pair.map(|pair| Excerpt::of(pair, PARAGRAPH)),
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

    fn side_by_side(models: &[Vec<ScoredItem>; 2], same_data: bool) -> SideBySide {
        let average = |verdicts: &[ScoredItem]| {
            crate::metrics::Scores::of(verdicts, Some(&Benchmark::reward_bench()))
                .average
                .accuracy
        };
        let columns = models.each_ref().map(|verdicts| Column {
            average: average(verdicts),
            verdicts,
        });
        SideBySide::new(
            &columns,
            same_data,
            Some(&Benchmark::reward_bench()),
            &Err("gone".to_owned()),
        )
    }

    fn rows(examples: &[Example]) -> Vec<usize> {
        examples.iter().map(|example| example.name.row).collect()
    }

    #[test]
    fn the_pairs_that_tell_most_stand_first() {
        // The second model's margins are ten times as large; that does not make its mistakes
        // larger.
        let found = side_by_side(
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
        let found = side_by_side(&models([&[1.0, 1.0], &[-1.0, 1.0]]), false);
        assert_eq!(
            (found.leader, found.apart_of, found.behind),
            (0, 0, vec![None, None])
        );
        assert_eq!(found.wrong[1][0].verdicts, [(1, Verdict::Wrong, -1.0)]);
    }

    #[test]
    fn without_models_there_is_nothing_to_see() {
        let found = SideBySide::new(
            &[],
            true,
            Some(&Benchmark::reward_bench()),
            &Err(String::new()),
        );
        assert!(found.behind.is_empty() && found.apart.is_empty() && found.wrong.is_empty());
    }
}
