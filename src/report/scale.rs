//! Values → places along a chart, in per cent of its width: a chart is as wide as its reader's
//! window.

use crate::metrics::calibration::round_step;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    step: f64,
}

impl Scale {
    /// Shares from 0 to 1.
    pub(super) const WHOLE: Self = Self {
        low: 0.0,
        high: 1.0,
        step: 0.25,
    };

    pub(super) fn new(low: f64, high: f64) -> Self {
        Self {
            low,
            high,
            step: round_step((high - low) / 5.0),
        }
    }

    /// Between round bounds around all values; [`Self::WHOLE`] without any.
    pub(super) fn around(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = values
            .into_iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        if low > high {
            return Self::WHOLE;
        }
        let step = round_step((high - low) / 5.0).min(0.5);
        let [below, above] = [
            (low / step + 1e-9).floor() * step,
            (high / step - 1e-9).ceil() * step,
        ];
        Self {
            low: below,
            high: if above > below { above } else { below + step },
            step,
        }
    }

    /// Per cent of the width from the left, from 0 to 100.
    pub(super) fn percent(&self, value: f64) -> f64 {
        100.0 * ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// The place of a value, as an attribute.
    pub(super) fn at(&self, value: f64) -> String {
        percent(self.percent(value))
    }

    /// Round values along the scale, the lowest first.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let first = (self.low / self.step - 1e-9).ceil();
        (0..32)
            .map(|i| (first + f64::from(i)) * self.step)
            .take_while(|tick| *tick <= self.high + 1e-9 * self.step)
            .collect()
    }

    /// A tick in as many digits as it needs, up to six decimals.
    pub(super) fn label(tick: f64) -> String {
        // Adding 0 removes the sign of a negative zero.
        let rounded = (tick * 1e6).round() / 1e6 + 0.0;
        rounded.to_string()
    }
}

/// At most two decimals.
pub(super) fn percent(value: f64) -> String {
    let text = format!("{value:.2}");
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale) -> Vec<String> {
        scale
            .ticks()
            .iter()
            .map(|tick| Scale::label(*tick))
            .collect()
    }

    #[test]
    fn bounds_and_ticks_are_round() {
        assert_eq!(labels(Scale::WHOLE), ["0", "0.25", "0.5", "0.75", "1"]);
        assert_eq!(
            labels(Scale::around([0.71, 0.98])),
            ["0.7", "0.8", "0.9", "1"]
        );
        assert_eq!(
            labels(Scale::around([-0.13, 0.04])),
            ["-0.15", "-0.1", "-0.05", "0", "0.05"]
        );
        assert_eq!(labels(Scale::around([0.5])), ["0.5", "1"]);
        assert_eq!(Scale::around([]), Scale::WHOLE);
        assert_eq!(
            labels(Scale::new(-12.0, 38.0)),
            ["-10", "0", "10", "20", "30"]
        );
    }

    #[test]
    fn places_are_in_per_cent_and_inside() {
        let scale = Scale::around([0.5, 1.0]);
        assert_eq!(
            [0.5, 0.75, 1.0, 2.0, 0.0].map(|value| scale.at(value)),
            ["0%", "50%", "100%", "100%", "0%"]
        );
        assert_eq!(percent(33.333), "33.33%");
    }
}
