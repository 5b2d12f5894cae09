//! Outcomes → figures: accuracies, sections and averages, and what accuracies do not show.

mod accuracy;
mod behaviour;
pub mod calibration;
pub mod length_baseline;

pub use accuracy::{Estimate, Figures, Mixture, Scores};
pub use behaviour::{Behaviour, PositionBias, Truncated, margins_within, three_digits};

pub use crate::scoring::Tally;
