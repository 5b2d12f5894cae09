//! RewardBench 2's rule (`reroll_and_score_dataset` of reward-bench).

/// 1/k where the first score is the highest and k scores are, else 0. NaN is no score: one makes it
/// 0, as numpy's maximum is NaN then.
pub(crate) fn best_of_n(scores: &[f64]) -> f64 {
    let Some(first) = scores.first() else {
        return 0.0;
    };
    let is_best = scores.iter().all(|score| score <= first);
    let equal = scores.iter().filter(|score| *score >= first).count();
    if is_best {
        1.0 / crate::stats::count(equal)
    } else {
        0.0
    }
}
