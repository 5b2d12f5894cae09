//! How the rows of a product are divided among the threads.

use rayon::prelude::*;

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
    let (rows, threads) = (x.len() / input, rayon::current_num_threads());
    let mut out = vec![0f32; rows * output];
    // Blocks of equal size, a multiple of the threads in number.
    let rounds = rows.div_ceil(threads * block).max(1);
    let size = rows
        .div_ceil(threads * rounds)
        .next_multiple_of(group)
        .max(group);
    out.par_chunks_mut(size * output)
        .zip(x.par_chunks(size * input))
        .for_each(|(out, x)| compute(x, out));
    out
}
