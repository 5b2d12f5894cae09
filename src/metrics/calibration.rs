//! How a model's margins are spread, and how far their size can be trusted.

use crate::scoring::ScoredItem;
use crate::stats::{Share, count};

/// At most so many bars in a histogram.
const BARS: f64 = 50.0;
/// Groups of a calibration, and pairs that each needs.
const GROUPS: usize = 10;
const PAIRS: usize = 20;

/// The finite margins of a model, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Margins(Vec<f32>);

/// Counts of margins between neighbouring multiples of `width`; 0 is such an edge.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Lower edge of the first bar.
    pub low: f64,
    pub width: f64,
    pub counts: Vec<usize>,
}

/// Pairs about which a model is about equally sure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Group {
    /// Sizes of their margins, without sign.
    pub least: f32,
    pub most: f32,
    pub correct: Share,
}

impl Histogram {
    /// The lower edge of a bar.
    pub fn edge(&self, bar: usize) -> f64 {
        self.low + self.width * count(bar)
    }

    /// Whether a bar lies below 0.
    pub fn is_wrong(&self, bar: usize) -> bool {
        self.edge(bar) + self.width / 2.0 < 0.0
    }
}

impl Margins {
    pub fn of(verdicts: &[ScoredItem]) -> Self {
        let mut margins: Vec<f32> = verdicts
            .iter()
            .map(|v| v.margin())
            .filter(|m| m.is_finite())
            .collect();
        margins.sort_unstable_by(f32::total_cmp);
        Self(margins)
    }

    pub fn n(&self) -> usize {
        self.0.len()
    }

    /// `None` without margins. Ties lie in the first bar above 0.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most BARS bars"
    )]
    pub fn histogram(&self) -> Option<Histogram> {
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

    /// Groups of equal size, the least sure first: where a large margin means that the model is
    /// right, accuracy grows.
    pub fn calibration(&self) -> Vec<Group> {
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

    /// Their root mean square: what makes margins of different models comparable.
    pub fn size(&self) -> f64 {
        (self.0.iter().map(|m| f64::from(*m).powi(2)).sum::<f64>() / count(self.n()).max(1.0))
            .sqrt()
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `least`.
pub fn round_step(least: f64) -> f64 {
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
        // 50 pairs: two groups; the surest 25 are right, of the others every fifth.
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
