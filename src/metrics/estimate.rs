//! A figure and its interval.

use serde::Serialize;

use crate::scoring::Tally;
use crate::stats::{Interval, Share};

impl Tally {
    /// Correct of all: ties and invalid items count against the model, as in the reference.
    pub(crate) fn share(&self) -> Share {
        Share {
            correct: self.correct,
            n: self.n(),
        }
    }

    pub(crate) fn accuracy(&self) -> f64 {
        self.share().value()
    }
}

/// A figure with its 95 % interval. Not every figure is an accuracy, but each is called so in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    pub accuracy: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Estimate {
    pub(super) fn new(accuracy: f64, Interval { low, high }: Interval) -> Self {
        Self {
            accuracy,
            low,
            high,
        }
    }
}
