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
    let (rows, threads) = (x.len() / input, rayon::current_num_threads());
    // Blocks of equal size, a multiple of the threads in number.
    let rounds = rows.div_ceil(threads * block).max(1);
    let size = rows
        .div_ceil(threads * rounds)
        .next_multiple_of(group)
        .max(group);
    in_parts(rows * output, size * output, |at, out| {
        let x = &x[at * size * input..];
        compute(&x[..x.len().min(size * input)], out);
    })
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
