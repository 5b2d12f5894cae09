//! Adds the relative-position terms to a block of scores, in the fastest way that the processor
//! has.

#[cfg(target_arch = "x86_64")]
use crate::kernels::cpu::relative_bias::avx512;
use crate::kernels::cpu::relative_bias::bias::{RelativeBias, ScoreBlock};

/// Adds the terms of all queries of the block.
#[inline(always)]
pub(crate) fn add(bias: &RelativeBias, block: &mut ScoreBlock) {
    if block.by_query.is_none() && bias.by_key.is_none() {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if bias.dense
        && block
            .positions
            .windows(2)
            .all(|pair| pair[0] + 1 == pair[1])
        && is_x86_feature_detected!("avx512f")
    {
        // SAFETY: the processor has the instructions.
        return unsafe { avx512::add(bias, block) };
    }
    for r in 0..block.positions.len() {
        let (start, end) = bias.middle(block.positions[r]);
        bias.add_ends(block, r, start, end);
        bias.add_middle(block, r, start, end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cpu::relative_bias::LANES;
    use crate::kernels::relative_positions::{PositionTerms, RelativeConfig, RelativeRows};

    fn number(i: usize) -> f32 {
        f32::from(u8::try_from(i * 7919 % 251).unwrap()) - 125.0
    }

    /// Whole numbers, whose sums are exact, added to the scores of some queries and as the
    /// definition says.
    fn compare(len: usize, at: &[usize], buckets: Option<usize>, max_distance: usize) {
        let relative = RelativeRows::new(
            &RelativeConfig {
                terms: PositionTerms::Both,
                shared_keys: true,
                buckets,
                max_distance,
                normalised: false,
            },
            len,
        );
        let by_distance = relative.within(len);
        let (first, end) = (
            by_distance[0] as usize,
            by_distance[2 * len - 2] as usize + 1,
        );
        let width = end - first + 3;
        let (padded, queries) = (len.next_multiple_of(32), at.len().next_multiple_of(LANES));
        let by_key: Vec<f32> = (0..padded * width + LANES).map(number).collect();
        let by_query: Vec<f32> = (0..queries * width + LANES)
            .map(|i| number(3 * i + 1))
            .collect();
        for (with_query, with_key) in [(true, true), (true, false), (false, true), (false, false)] {
            let (by_query, by_key) = (
                with_query.then_some(by_query.as_slice()),
                with_key.then_some(by_key.as_slice()),
            );
            let mut scores: Vec<f32> = (0..queries * padded).map(|i| number(5 * i)).collect();
            let before = scores.clone();
            let bias = RelativeBias::new(by_distance, first, by_key, width);
            let mut block = ScoreBlock {
                scores: &mut scores,
                padded,
                by_query,
                positions: at,
            };
            add(&bias, &mut block);
            for (r, i) in at.iter().enumerate() {
                for j in 0..len {
                    let place = by_distance[i + len - 1 - j] as usize - first;
                    let terms = by_query.map_or(0.0, |p| p[r * width + place])
                        + by_key.map_or(0.0, |p| p[j * width + place]);
                    let (found, expected) =
                        (scores[r * padded + j], before[r * padded + j] + terms);
                    assert!(
                        (found - expected).abs() < 0.5,
                        "{len} keys, query {i}, key {j}, {buckets:?}: {found} {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_score_gets_the_numbers_of_its_distance() {
        for len in [1, 2, 15, 16, 17, 33, 64, 100, 257] {
            let every: Vec<usize> = (0..len).collect();
            let some = [0, len / 2, len - 1].map(|i| i.min(len - 1));
            for buckets in [None, Some(32), Some(8)] {
                for at in every.chunks(48).chain([some.as_slice()]) {
                    compare(len, at, buckets, 64);
                }
            }
        }
    }

    /// 100 buckets for the distances up to 60 leave out rows of the table: neighbours are further
    /// apart.
    #[test]
    fn a_sparse_table_is_looked_up_one_by_one() {
        compare(90, &(0..48).collect::<Vec<_>>(), Some(100), 52);
    }
}
