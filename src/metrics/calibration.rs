//! The distribution of a model's margins, and whether larger margins are more often right.

use crate::scoring::ScoredItem;
use crate::stats::{Share, count};

/// The largest number of bars in a histogram.
const BARS: f64 = 50.0;
/// The largest number of groups of a calibration, and the smallest number of pairs in each.
const GROUPS: usize = 10;
const PAIRS: usize = 20;

/// The finite margins of a model on the items of which one answer is better, sorted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Margins(Vec<f32>);

/// Counts of margins between neighbouring multiples of `width`; 0 is such an edge.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Histogram {
    /// Lower edge of the first bar.
    pub(crate) low: f64,
    pub(crate) width: f64,
    pub(crate) counts: Vec<usize>,
}

/// Pairs with margins of about the same size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Group {
    /// The smallest and the largest absolute margin.
    pub(crate) least: f32,
    pub(crate) most: f32,
    pub(crate) correct: Share,
}

impl Histogram {
    /// The lower edge of a bar.
    pub(crate) fn edge(&self, bar: usize) -> f64 {
        self.low + self.width * count(bar)
    }

    /// Whether a bar lies below 0.
    pub(crate) fn is_wrong(&self, bar: usize) -> bool {
        self.edge(bar) + self.width / 2.0 < 0.0
    }
}

impl Margins {
    pub(crate) fn of(scored: &[ScoredItem]) -> Self {
        let mut margins: Vec<f32> = scored
            .iter()
            .filter(|item| !item.is_tie)
            .map(ScoredItem::margin)
            .filter(|m| m.is_finite())
            .collect();
        margins.sort_unstable_by(f32::total_cmp);
        Self(margins)
    }

    pub(crate) fn n(&self) -> usize {
        self.0.len()
    }

    /// `None` without margins. Ties are in the first bar above 0.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most BARS bars"
    )]
    pub(crate) fn histogram(&self) -> Option<Histogram> {
        let [low, high] = [self.0.first()?, self.0.last()?].map(|margin| f64::from(*margin));
        let width = round_step((high.max(0.0) - low.min(0.0)) / BARS);
        let first = (low / width).floor().min(0.0);
        let bar = |margin: f32| ((f64::from(margin) / width).floor() - first) as usize;
        let mut counts = vec![0; bar(high.max(0.0) as f32) + 1];
        for margin in &self.0 {
            counts[bar(*margin)] += 1;
        }
        Some(Histogram {
            low: first * width,
            width,
            counts,
        })
    }

    /// Groups of equal size, the smallest margins first. Accuracy grows from group to group where a
    /// larger margin means that the model is more often right.
    pub(crate) fn calibration(&self) -> Vec<Group> {
        let mut by_size = self.0.clone();
        by_size.sort_by(|a, b| a.abs().total_cmp(&b.abs()).then(a.total_cmp(b)));
        let (n, groups) = (by_size.len(), (by_size.len() / PAIRS).clamp(1, GROUPS));
        let group = |margins: &[f32]| {
            let (least, most) = (margins.first()?.abs(), margins.last()?.abs());
            Some(Group {
                least,
                most,
                correct: Share {
                    correct: margins.iter().filter(|m| **m > 0.0).count(),
                    n: margins.len(),
                },
            })
        };
        (0..groups)
            .filter_map(|at| group(&by_size[at * n / groups..(at + 1) * n / groups]))
            .collect()
    }

    /// Their root mean square, by which margins of different models become comparable.
    pub(crate) fn size(&self) -> f64 {
        (self.0.iter().map(|m| f64::from(*m).powi(2)).sum::<f64>() / count(self.n()).max(1.0))
            .sqrt()
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is at least `least`.
pub(crate) fn round_step(least: f64) -> f64 {
    if least <= 0.0 || !least.is_finite() {
        return 1.0;
    }
    let power = 10.0_f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|factor| factor * power >= least * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::tests::verdict;

    fn margins(values: &[f32]) -> Margins {
        Margins::of(
            &values
                .iter()
                .map(|margin| verdict(0, "x", None, *margin))
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn zero_is_an_edge_and_every_finite_margin_is_in_a_bar() {
        let found = margins(&[7.9, -0.1, 0.0, f32::NAN, 0.1, -4.2])
            .histogram()
            .unwrap();
        // A range of 12.1 in at most 50 bars: 0.5 wide, from −4.5 on.
        assert_eq!(
            (found.low, found.width, found.counts.len()),
            (-4.5, 0.5, 25)
        );
        assert_eq!(
            (
                found.counts[0],
                found.counts[8],
                found.counts[9],
                found.counts[24],
                found.counts.iter().sum::<usize>()
            ),
            (1, 1, 2, 1, 5)
        );
        assert!(found.is_wrong(8) && !found.is_wrong(9));
        assert_eq!(margins(&[f32::NAN]).histogram(), None);
        assert_eq!(
            margins(&[0.0]).histogram(),
            Some(Histogram {
                low: 0.0,
                width: 1.0,
                counts: vec![1]
            })
        );
        assert_eq!(
            margins(&[-2.0, -1.0])
                .histogram()
                .unwrap()
                .counts
                .iter()
                .sum::<usize>(),
            2
        );
    }

    #[test]
    fn groups_are_of_equal_size_by_the_size_of_the_margin() {
        // 50 pairs: two groups; the 25 with the largest margins are right, of the others every
        // fifth.
        let values: Vec<f32> = (1_u8..=50)
            .map(|i| {
                if i > 25 || i % 5 == 0 {
                    f32::from(i)
                } else {
                    -f32::from(i)
                }
            })
            .collect();
        let share = |correct| Share { correct, n: 25 };
        assert_eq!(
            margins(&values).calibration(),
            [
                Group {
                    least: 1.0,
                    most: 25.0,
                    correct: share(5)
                },
                Group {
                    least: 26.0,
                    most: 50.0,
                    correct: share(25)
                }
            ]
        );
        assert_eq!(
            margins(&[0.0]).calibration(),
            [Group {
                least: 0.0,
                most: 0.0,
                correct: Share { correct: 0, n: 1 }
            }]
        );
        assert!(margins(&[]).calibration().is_empty());
    }

    #[test]
    fn steps_are_round() {
        for (least, expected) in [
            (0.3, 0.5),
            (1.0, 1.0),
            (0.02, 0.02),
            (7.0, 10.0),
            (1234.0, 2000.0),
            (0.0, 1.0),
            (f64::NAN, 1.0),
        ] {
            assert!(
                (round_step(least) - expected).abs() < 1e-12 * expected,
                "{least}: {}",
                round_step(least)
            );
        }
    }
}
