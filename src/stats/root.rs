//! Roots of functions.

/// Where a rising function is 0 between two bounds, at the first of which it is below: by secants
/// that keep the bracket (the Illinois method: Dowell and Jarratt, 1971, BIT 11:168).
pub(crate) fn rising_root(
    height: impl Fn(f64) -> f64,
    [mut low, mut high]: [f64; 2],
    guess: f64,
) -> f64 {
    let (mut below, mut above) = (height(low), height(high));
    let mut at = guess.clamp(low, high);
    let mut was_below = None;
    for _ in 0..100 {
        let found = height(at);
        if found.abs() < 1e-8 || high - low < 1e-12 {
            return at;
        }
        let is_below = found < 0.0;
        // A bound that stays twice counts half.
        let factor = if was_below == Some(is_below) {
            0.5
        } else {
            1.0
        };
        if is_below {
            (low, below, above) = (at, found, above * factor);
        } else {
            (high, above, below) = (at, found, below * factor);
        }
        was_below = Some(is_below);
        at = (low - below * (high - low) / (above - below)).clamp(low, high);
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::near;

    #[test]
    fn roots_of_a_cubic_and_of_a_step() {
        near(
            rising_root(|x| x.powi(3) - 2.0, [0.0, 2.0], 0.1),
            2.0_f64.cbrt(),
            1e-8,
        );
        near(
            rising_root(|x| if x < 0.3 { -1.0 } else { 5.0 }, [0.0, 1.0], 0.9),
            0.3,
            1e-10,
        );
    }
}
