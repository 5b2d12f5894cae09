//! One pass of bubble sort: the best of n by n − 1 comparisons (`PairRanker._bubble_predict`).

use crate::stats;

/// A pass under way: the winner so far against the next candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BubblePass {
    /// The order in which the candidates come.
    permutation: Vec<usize>,
    /// The winner so far.
    best: usize,
    /// The losers so far, in the order in which they lost.
    losers: Vec<usize>,
}

impl BubblePass {
    /// Over `n` candidates, of which there is one at least, in an order that `seed` decides. The
    /// reference draws one for each batch, unseeded.
    pub(crate) fn new(n: usize, seed: u64) -> Self {
        Self::over(stats::sample((0..n).collect(), n, seed))
    }

    fn over(permutation: Vec<usize>) -> Self {
        Self {
            best: permutation[0],
            permutation,
            losers: Vec::new(),
        }
    }

    /// The two candidates to compare, the winner so far first; `None` at the end.
    pub(crate) fn next_pair(&self) -> Option<[usize; 2]> {
        let next = self.permutation.get(1 + self.losers.len())?;
        Some([self.best, *next])
    }

    /// `margin`: how much the winner so far is preferred to the next one. It stays only where that
    /// is more than 0.
    pub(crate) fn enter(&mut self, margin: f32) {
        let Some([best, next]) = self.next_pair() else {
            return;
        };
        let (winner, loser) = if margin > 0.0 {
            (best, next)
        } else {
            (next, best)
        };
        self.best = winner;
        self.losers.push(loser);
    }

    pub(crate) fn permutation(&self) -> &[usize] {
        &self.permutation
    }

    /// The winner, then the losers in the order in which they lost (`return_all`).
    pub(crate) fn order(&self) -> Vec<usize> {
        [&[self.best], &self.losers[..]].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With margins that follow from a matrix, as the reference has them: `L[i][j] - L[j][i]`.
    #[test]
    fn the_winner_of_each_comparison_meets_the_next() {
        let logits = [
            [0.0, 1.5, 2.0, 0.5],
            [-1.5, 0.0, 0.25, -1.0],
            [-2.0, -0.25, 0.0, -1.25],
            [-0.5, 1.0, 1.25, 0.0],
        ];
        let pass = |permutation: [usize; 4]| {
            let mut pass = BubblePass::over(permutation.to_vec());
            let mut met = Vec::new();
            while let Some([a, b]) = pass.next_pair() {
                met.push([a, b]);
                pass.enter(logits[a][b] - logits[b][a]);
            }
            (met, pass.order())
        };
        assert_eq!(
            pass([2, 1, 3, 0]),
            (vec![[2, 1], [1, 3], [3, 0]], vec![0, 2, 1, 3])
        );
        assert_eq!(
            pass([0, 1, 2, 3]),
            (vec![[0, 1], [0, 2], [0, 3]], vec![0, 1, 2, 3])
        );
    }

    /// `torch.where(preds + preds_inv > 0, cur_idx, next_idx)`
    #[test]
    fn of_equals_the_later_one_goes_on() {
        let mut pass = BubblePass::over(vec![1, 0]);
        pass.enter(0.0);
        assert_eq!(pass.order(), [0, 1]);
        let one = BubblePass::new(1, 3);
        assert_eq!((one.next_pair(), one.order()), (None, vec![0]));
    }

    #[test]
    fn the_seed_decides_the_order() {
        let orders: std::collections::BTreeSet<Vec<usize>> = (0..50)
            .map(|seed| BubblePass::new(4, seed).permutation)
            .collect();
        assert!(orders.len() > 10);
        assert!(orders.iter().all(|order| {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            sorted == [0, 1, 2, 3]
        }));
        assert_eq!(BubblePass::new(9, 7), BubblePass::new(9, 7));
    }
}
