//! Values of independent units between known limits.

use crate::stats::{PairedCounts, Share};

/// Values, each with how many units have it.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    /// No unit can have less than the first, and more than the second.
    pub(crate) limits: [f64; 2],
    pub(crate) counts: Vec<(f64, usize)>,
}

impl Values {
    pub(crate) fn of(limits: [f64; 2], units: &[f64]) -> Self {
        let mut sorted = units.to_vec();
        sorted.sort_by(f64::total_cmp);
        let mut counts: Vec<(f64, usize)> = Vec::new();
        for value in sorted {
            match counts.last_mut() {
                Some((known, n)) if known.total_cmp(&value).is_eq() => *n += 1,
                _ => counts.push((value, 1)),
            }
        }
        Self { limits, counts }
    }

    pub(crate) fn n(&self) -> usize {
        self.counts.iter().map(|(_, n)| n).sum()
    }
}

impl From<Share> for Values {
    fn from(share: Share) -> Self {
        Self {
            limits: [0.0, 1.0],
            counts: vec![
                (1.0, share.correct),
                (0.0, share.n.saturating_sub(share.correct)),
            ],
        }
    }
}

/// The differences of pairs.
impl From<PairedCounts> for Values {
    fn from(counts: PairedCounts) -> Self {
        let same = counts.both + counts.neither;
        Self {
            limits: [-1.0, 1.0],
            counts: vec![(1.0, counts.gained), (-1.0, counts.lost), (0.0, same)],
        }
    }
}

/// The same units under two models: what each counts, baseline and candidate.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PairedValues {
    /// Of a single value.
    pub(crate) limits: [f64; 2],
    pub(crate) units: Vec<[f64; 2]>,
}

impl PairedValues {
    pub(crate) fn n(&self) -> usize {
        self.units.len()
    }

    fn changes(&self) -> impl Iterator<Item = f64> {
        self.units.iter().map(|[before, after]| after - before)
    }

    /// Units that count more under the candidate.
    pub(crate) fn gained(&self) -> usize {
        self.changes().filter(|change| *change > 0.0).count()
    }

    /// Units that count less under the candidate.
    pub(crate) fn lost(&self) -> usize {
        self.changes().filter(|change| *change < 0.0).count()
    }

    /// Candidate minus baseline.
    pub(crate) fn differences(&self) -> Values {
        let widest = self.limits[1] - self.limits[0];
        Values::of([-widest, widest], &self.changes().collect::<Vec<_>>())
    }

    /// The differences were every unit as much worse as it can be.
    pub(crate) fn all_lost(&self) -> Values {
        let widest = self.limits[1] - self.limits[0];
        Values {
            limits: [-widest, widest],
            counts: vec![(-widest, self.n())],
        }
    }
}
