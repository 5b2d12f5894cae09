//! Correction of p-values for multiple testing.

use crate::stats::count;

/// Holm's step-down adjustment of p-values, in the order given: rejecting where the adjusted value
/// is below a level keeps the probability of any false rejection below that level (Holm, 1979,
/// Scandinavian Journal of Statistics 6:65).
pub(crate) fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, at) in order.into_iter().enumerate() {
        largest = largest.max(count(p.len() - rank) * p[at]).min(1.0);
        adjusted[at] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::near;

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
