//! Correction of p-values for multiple testing.

use crate::stats::count;

/// Holm's step-down adjustment of p-values, in the order given: rejecting where the adjusted value
/// is below a level keeps the probability of any false rejection below that level (Holm, 1979,
/// Scandinavian Journal of Statistics 6:65).
pub(crate) fn holm(p: &[f64]) -> Vec<f64> {
    holm_of(p, p.len())
}

/// The same where these are some of so many tests, of which the others could be smaller: no
/// adjusted value is below the one that all of them would give.
pub(crate) fn holm_of(p: &[f64], tests: usize) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, at) in order.into_iter().enumerate() {
        largest = largest
            .max(count(tests.saturating_sub(rank)) * p[at])
            .min(1.0);
        adjusted[at] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::near;

    #[test]
    fn some_of_many_tests_are_corrected_for_all() {
        let all = holm(&[0.001, 0.02, 0.0005, 0.3]);
        let some = holm_of(&[0.001, 0.02], 4);
        assert!(some[0] >= all[0] && some[1] >= all[1], "{some:?} {all:?}");
        near(some[0], 0.004, 1e-12);
        near(some[1], 0.06, 1e-12);
    }

    /// The first is the worked example of Wikipedia's "Holm–Bonferroni method"; all were computed
    /// by statsmodels 0.15.0, `multipletests(method="holm")`.
    #[test]
    fn adjusted_values_are_those_of_statsmodels() {
        for (p, expected) in [
            (vec![0.01, 0.04, 0.03, 0.005], vec![0.03, 0.06, 0.06, 0.02]),
            (vec![0.01, 0.02, 0.022, 0.09], vec![0.04, 0.06, 0.06, 0.09]),
            (vec![0.5, 0.6, 0.9], vec![1.0, 1.0, 1.0]),
            (vec![0.2; 3], vec![0.6; 3]),
            (vec![], vec![]),
        ] {
            for (found, expected) in holm(&p).into_iter().zip(expected) {
                near(found, expected, 1e-12);
            }
        }
    }
}
