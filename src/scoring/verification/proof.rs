//! What was shown of a model's verdicts, for the record and the report.

use serde::{Deserialize, Serialize};

use crate::checkpoint::PrecisionName;
use crate::support::bounded_count::bounded;
use crate::support::count::count;

/// Of one model's verdicts with `--dtype verified`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Verification {
    /// In which every pair was scored.
    pub(crate) fast: PrecisionName,
    #[serde(deserialize_with = "bounded")]
    pub(crate) pairs: usize,
    /// Drawn at random and scored in both precisions.
    #[serde(deserialize_with = "bounded")]
    pub(crate) sampled: usize,
    /// Scored in both precisions, the sample included.
    #[serde(deserialize_with = "bounded")]
    pub(crate) scored_twice: usize,
    /// Verdicts among those that f32 decided otherwise.
    #[serde(deserialize_with = "bounded")]
    pub(crate) turned: usize,
    /// The largest difference of margins between the precisions.
    /// Infinite where one of both was not a number; JSON has null for that.
    #[serde(with = "finite_or_null")]
    pub(crate) largest_difference: f64,
    /// At most so many pairs have a larger difference, whatever the differences are.
    #[serde(deserialize_with = "bounded")]
    pub(crate) most_larger: usize,
    /// Bound for the expected number of verdicts that f32 would decide otherwise.
    pub(crate) expected_turned: f64,
    /// Of both bounds.
    pub(crate) confidence: f64,
}

/// JSON has no infinity.
mod finite_or_null {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        Some(*value).filter(|value| value.is_finite()).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(from)?.unwrap_or(f64::INFINITY))
    }
}

impl Verification {
    /// Of two shards of a run. Each had its part of the limit and of one minus the confidence, so
    /// that sums of their bounds hold for the whole.
    pub(crate) fn add(&mut self, other: &Self) {
        self.pairs += other.pairs;
        self.sampled += other.sampled;
        self.scored_twice += other.scored_twice;
        self.turned += other.turned;
        self.largest_difference = self.largest_difference.max(other.largest_difference);
        self.most_larger += other.most_larger;
        self.expected_turned += other.expected_turned;
    }

    /// A line of the report.
    pub(crate) fn note(&self, model: &str) -> String {
        #[expect(clippy::cast_precision_loss, reason = "a percentage for people")]
        let share = 100.0 * self.scored_twice as f64 / self.pairs.max(1) as f64;
        if self.scored_twice >= self.pairs {
            return format!(
                "{model}: verified: every verdict is f32's: all {} scored in both precisions",
                count(self.pairs, "pair")
            );
        }
        format!(
            "{model}: verified: 0 of {} expected to differ from f32's (upper bound {:.2} at \
             {:.0} %); {share:.0} % of the pairs scored in {} and again in f32, which turned {}; \
             margins differ by at most {:.2e} there",
            count(self.pairs, "verdict"),
            // Rounded up: a bound must not look smaller than it is.
            (self.expected_turned * 100.0).ceil() / 100.0,
            100.0 * self.confidence,
            self.fast.as_str(),
            self.turned,
            self.largest_difference,
        )
    }
}
