//! Token rows → batches: similar lengths together, at most so many tokens at a time.

/// Groups row indices, longest rows first, into batches of at most `max_rows` rows whose lengths add
/// up to at most `max_tokens`; a single longer row is a batch of its own. Longest first, so that a
/// run that will not fit into memory fails at its beginning and the time left is overestimated.
pub fn plan(lengths: &[usize], max_tokens: usize, max_rows: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|row| (std::cmp::Reverse(lengths[*row]), *row));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut tokens = 0;
    for row in order {
        match batches.last_mut() {
            Some(batch) if tokens + lengths[row] <= max_tokens && batch.len() < max_rows => batch.push(row),
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
        let batches = plan(&lengths, 40, 3);
        assert_eq!(batches, vec![vec![1], vec![5, 2], vec![3, 0, 6], vec![4]]);
        assert!(plan(&[], 40, 3).is_empty());
    }
}
