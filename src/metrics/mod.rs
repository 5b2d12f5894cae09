//! Outcomes → figures: accuracies, sections and averages, and what accuracies do not show.

mod accuracy;
pub(crate) mod behaviour;
pub(crate) mod calibration;
mod figure_key;
pub(crate) mod length_baseline;

pub use accuracy::{Estimate, Figures, Mixture, Scores};
pub(crate) use behaviour::{Behaviour, PositionBias, margins_within, three_digits};
pub(crate) use figure_key::FigureKey;

pub use crate::scoring::Tally;
