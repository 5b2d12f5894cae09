//! What a comparison of so many pairs can show.

use crate::stats::{Values, count, normal};

/// The smallest difference that McNemar's test at 5 % detects with 80 % power: the δ that solves
/// n = (z₀.₉₇₅ √ψ + z₀.₈ √(ψ − δ²))² / δ², where ψ is the share of discordant pairs, at least δ
/// itself (Connor, 1987, Biometrics 43:207).
///
/// With weights, n is the effective sample size 1 / Σ w²/n (Kish, Survey Sampling, 1965, 11.7), and
/// ψ the weighted share. `None` where not even a difference of 1 would be detected.
///
/// Of differences that are not 1, −1 or 0, ψ is the mean of their squares, which it is of those.
pub(crate) fn smallest_detectable(strata: &[(f64, Values)]) -> Option<f64> {
    let spread = |part: fn(&Values) -> f64| -> f64 {
        strata
            .iter()
            .filter(|(_, values)| values.n() > 0)
            .map(|(weight, values)| {
                let n = count(values.n());
                weight * weight * part(values) / (n * n)
            })
            .sum()
    };
    let squares = |values: &Values| {
        let squares = values.counts.iter();
        squares.map(|(d, n)| d * d * count(*n)).sum()
    };
    let n = 1.0 / spread(|values| count(values.n()));
    let share = n * spread(squares);
    let (size, power) = (normal::quantile(0.975), normal::quantile(0.8));
    let is_detected = |delta: f64| {
        let share = share.max(delta);
        n.sqrt() * delta >= size * share.sqrt() + power * (share - delta * delta).max(0.0).sqrt()
    };
    if !n.is_finite() || !is_detected(1.0) {
        return None;
    }
    let (mut low, mut high) = (0.0, 1.0);
    while high - low > 1e-9 {
        let middle = f64::midpoint(low, high);
        if is_detected(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{changed, near};

    #[test]
    fn what_can_be_shown_solves_connors_equation() {
        let strata = [(1.0, changed(164, 20, 13).into())];
        let delta = smallest_detectable(&strata).unwrap();
        let share: f64 = 33.0 / 164.0;
        let needed = (1.959_964 * share.sqrt() + 0.841_621 * (share - delta * delta).sqrt())
            .powi(2)
            / (delta * delta);
        near(needed, 164.0, 1e-3);
        // Two strata with half of the pairs and half of the weight each are the same as one
        // stratum.
        let halves = [
            (0.5, changed(82, 10, 6).into()),
            (0.5, changed(82, 10, 7).into()),
        ];
        near(smallest_detectable(&halves).unwrap(), delta, 1e-8);
    }

    #[test]
    fn without_a_differing_pair_the_difference_itself_is_the_share() {
        let delta = smallest_detectable(&[(1.0, changed(60, 0, 0).into())]).unwrap();
        // √(nδ) = z + z' √(1 − δ)
        near(
            (60.0 * delta).sqrt(),
            1.959_964 + 0.841_621 * (1.0 - delta).sqrt(),
            1e-5,
        );
        assert_eq!(smallest_detectable(&[(1.0, changed(3, 0, 0).into())]), None);
        assert_eq!(smallest_detectable(&[]), None);
    }
}
