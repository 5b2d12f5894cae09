//! Outcomes → figures: accuracies, sections and averages, and what accuracies do not show.

mod accuracy;
pub(crate) mod behaviour;
pub(crate) mod calibration;
mod credit;
mod estimate;
mod figure_key;
mod figures;
pub(crate) mod length_baseline;
mod rules;
mod subset_score;

pub use accuracy::Scores;
pub(crate) use behaviour::{Behaviour, PositionBias, margins_within, three_digits};
pub(crate) use credit::{credit, units};
pub use estimate::Estimate;
pub(crate) use figure_key::FigureKey;
pub use figures::{Figures, Mixture};
pub use subset_score::SubsetScore;

pub use crate::scoring::Tally;
