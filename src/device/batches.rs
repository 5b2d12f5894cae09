//! How much goes through a model at once: token rows → batches of similar lengths.

/// Limits of a batch. They affect speed and memory, and verdicts only as `items` says.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub batch_tokens: usize,
    pub batch_rows: usize,
    /// Instead of both: this many consecutive items, one order at a time, as in the reference. With
    /// [`crate::kernels::cpu::int8::Outliers::ByBatch`] verdicts depend on it.
    pub items: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch_tokens: 2048,
            batch_rows: 256,
            items: None,
        }
    }
}

impl Limits {
    /// Batches of row indices. `lengths`: `[rows]`, the tokens of each row.
    pub fn batches(self, lengths: &[usize]) -> Vec<Vec<usize>> {
        group(lengths, self.batch_tokens.max(1), self.batch_rows.max(1))
    }
}

/// Groups row indices, longest rows first, into batches of at most `max_rows` rows whose lengths
/// add up to at most `max_tokens`; a single longer row is a batch of its own. Longest first, so
/// that a run that does not fit into memory fails at its start and the remaining time is
/// overestimated rather than underestimated.
fn group(lengths: &[usize], max_tokens: usize, max_rows: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|row| (std::cmp::Reverse(lengths[*row]), *row));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut tokens = 0;
    for row in order {
        match batches.last_mut() {
            Some(batch) if tokens + lengths[row] <= max_tokens && batch.len() < max_rows => {
                batch.push(row);
            }
            _ => {
                batches.push(vec![row]);
                tokens = 0;
            }
        }
        tokens += lengths[row];
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_once_within_the_budget() {
        let lengths = [5, 100, 7, 7, 1, 30, 2];
        let batches = group(&lengths, 40, 3);
        assert_eq!(batches, vec![vec![1], vec![5, 2], vec![3, 0, 6], vec![4]]);
        assert!(group(&[], 40, 3).is_empty());
    }
}
