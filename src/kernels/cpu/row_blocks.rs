//! How a product is divided among the threads.

use std::ops::Range;

use rayon::prelude::*;

use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::parts::in_parts;

/// Computes `x[rows, input]` → `out[rows, output]` in blocks of whole groups of `group` rows, of
/// about `block` rows at most. `compute` gets a block's part of both.
pub(crate) fn by_rows(
    x: &[f32],
    input: usize,
    output: usize,
    block: usize,
    group: usize,
    compute: impl Fn(&[f32], &mut [f32]) + Sync,
) -> Vec<f32> {
    let blocks = blocks(x.len() / input, block, group, rayon::current_num_threads());
    in_parts(
        blocks.map(|rows| (rows.len() * output, rows)),
        |rows, out| compute(&x[rows.start * input..rows.end * input], out),
    )
}

/// Rows of a block for [`by_rows`] in 8 bits: both what a thread reads, packed, and what it writes
/// should stay in a second-level cache. Not less than two groups: each block reads all weights.
pub(crate) fn rows_in_8_bits(input: usize, output: usize, group: usize) -> usize {
    const READ: usize = 400_000;
    const WRITTEN: usize = 600_000;
    let written = output * size_of::<f32>();
    (READ / input).min(WRITTEN / written).max(2 * group)
}

/// Rows of a block for the gated feed-forward part in 8 bits: what is between its layers is f32, of
/// which an inner size of up to some 4,000 stays in a second-level cache of 1 MB.
pub(crate) fn gated_rows_in_8_bits(group: usize) -> usize {
    48usize.next_multiple_of(group)
}

/// Blocks of whole groups, as even as can be, so that no thread waits long for another: a multiple
/// of the threads in number, where there are so many groups.
fn blocks(
    rows: usize,
    block: usize,
    group: usize,
    threads: usize,
) -> impl Iterator<Item = Range<usize>> {
    let count = threads * rows.div_ceil(threads * block);
    evenly(rows, group, count.min(rows.div_ceil(group)))
}

/// `rows` rows in so many ranges, all but the last of whole `unit`s, as even as can be.
pub(crate) fn evenly(rows: usize, unit: usize, count: usize) -> impl Iterator<Item = Range<usize>> {
    let units = rows.div_ceil(unit);
    let start = move |at: usize| (at * units / count * unit).min(rows);
    (0..count).map(move |at| start(at)..start(at + 1))
}

/// Computes `out[rows, output]` by panels of [`WIDTH`] outputs, for a product of few rows.
/// `compute` gets a range of panels and `[rows, outputs of the panels]`.
pub(crate) fn by_panels(
    rows: usize,
    output: usize,
    compute: impl Fn(Range<usize>, &mut [f32]) + Sync,
) -> Vec<f32> {
    let mut out = vec![0f32; rows * output];
    if rows == 0 {
        return out;
    }
    let all = output.div_ceil(WIDTH);
    let count = all.div_ceil(rayon::current_num_threads());
    let firsts: Vec<usize> = (0..all).step_by(count.max(1)).collect();
    let part = |first: &usize| {
        let panels = *first..(first + count).min(all);
        let mut part = vec![0f32; rows * ((panels.end * WIDTH).min(output) - first * WIDTH)];
        compute(panels, &mut part);
        part
    };
    let parts: Vec<Vec<f32>> = firsts.par_iter().map(part).collect();
    for (first, part) in firsts.iter().zip(&parts) {
        let width = part.len() / rows;
        for (to, from) in out.chunks_exact_mut(output).zip(part.chunks_exact(width)) {
            to[first * WIDTH..][..width].copy_from_slice(from);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_whole_groups_and_as_even_as_can_be() {
        for (rows, block, group, threads) in [
            (0, 192, 12, 2),
            (1, 192, 12, 2),
            (13, 192, 12, 64),
            (1024, 192, 12, 2),
            (8192, 192, 32, 3),
            (8191, 180, 12, 16),
            (2048, gated_rows_in_8_bits(12), 12, 2),
            (2048, gated_rows_in_8_bits(32), 32, 2),
        ] {
            let found: Vec<_> = blocks(rows, block, group, threads).collect();
            let what = format!("{rows} rows: {found:?}");
            assert_eq!(found.iter().map(Range::len).sum::<usize>(), rows, "{what}");
            for pair in found.windows(2) {
                assert_eq!(pair[0].end, pair[1].start, "{what}");
                assert!(pair[0].end.is_multiple_of(group), "{what}");
            }
            let groups = |range: &Range<usize>| range.len().div_ceil(group);
            let sizes = found.iter().map(groups);
            let (least, most) = (sizes.clone().min(), sizes.max());
            assert!(most.unwrap_or(0) - least.unwrap_or(0) <= 1, "{what}");
            assert!(most.unwrap_or(0) * group <= block.max(group), "{what}");
        }
        // Two threads of 43 groups each; blocks of equal size would leave one with 45.
        let halves: Vec<_> = blocks(1024, 192, 12, 2).map(|rows| rows.end).collect();
        assert_eq!(halves, [168, 336, 516, 684, 852, 1024]);
    }
}
