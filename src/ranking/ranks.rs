//! Scores → ranks.

/// The rank of each score: 1 + the number of higher ones, so that equal scores share the better
/// rank (`get_ranks_from_scores`). `None` where a score is not finite.
pub(crate) fn ranks(scores: &[f32]) -> Option<Vec<usize>> {
    let rank = |score: &f32| 1 + scores.iter().filter(|other| *other > score).count();
    let are_finite = scores.iter().all(|score| score.is_finite());
    are_finite.then(|| scores.iter().map(rank).collect())
}

/// The places of all answers, the best first; of equal ones the first first.
pub(crate) fn best_first(ranks: &[usize]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..ranks.len()).collect();
    places.sort_by_key(|place| ranks[*place]);
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of the reference's golden file.
    #[test]
    fn equal_scores_share_the_better_rank() {
        let golden = ranks(&[0.110_542_74, 0.148_418_16, -0.407_379, 0.148_418_16]).unwrap();
        assert_eq!(golden, [3, 1, 4, 1]);
        assert_eq!(best_first(&golden), [1, 3, 0, 2]);
        let golden = ranks(&[-0.256_332_87, -0.355_753_96, 0.679_371_06, -0.067_284_23]).unwrap();
        assert_eq!(golden, [3, 4, 1, 2]);
        assert_eq!(ranks(&[0.0, -0.0]).unwrap(), [1, 1]);
        assert_eq!(ranks(&[7.0]).unwrap(), [1]);
    }

    #[test]
    fn what_is_no_number_has_no_rank() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(ranks(&[1.0, bad]), None);
        }
    }
}
