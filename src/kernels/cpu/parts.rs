//! Results that several threads write, each its part.

use std::mem::MaybeUninit;

use rayon::prelude::*;

/// `len` numbers, in parts of `part`. `compute` gets a part's number and its zeros.
///
/// A part is zeroed where and when it is computed, so that its memory is in the cache of the core
/// that needs it; all at once it would go to the memory and come back.
pub(crate) fn in_parts(
    len: usize,
    part: usize,
    compute: impl Fn(usize, &mut [f32]) + Sync,
) -> Vec<f32> {
    let mut out = Vec::<f32>::with_capacity(len);
    out.spare_capacity_mut()[..len]
        .par_chunks_mut(part.max(1))
        .enumerate()
        .for_each(|(at, memory)| {
            memory.fill(MaybeUninit::new(0.0));
            // SAFETY: all of it has just been written.
            compute(at, unsafe { memory.assume_init_mut() });
        });
    // SAFETY: the parts are all of the `len` numbers, and each was written.
    unsafe { out.set_len(len) };
    out
}

/// The results of all heads of each token row, `[queries, size]` one after the other → all rows,
/// `[queries, heads · size]`.
pub(crate) fn side_by_side(contexts: &[Vec<f32>], heads: usize, size: usize) -> Vec<f32> {
    let mut out = vec![0f32; contexts.iter().map(Vec::len).sum()];
    let mut rows = Vec::new();
    let mut rest = out.as_mut_slice();
    for contexts in contexts.chunks(heads) {
        let (row, after) = rest.split_at_mut(contexts.iter().map(Vec::len).sum());
        rows.push((row, contexts));
        rest = after;
    }
    rows.into_par_iter().for_each(|(row, contexts)| {
        for (head, context) in contexts.iter().enumerate() {
            let queries = row.chunks_exact_mut(heads * size);
            for (query, from) in queries.zip(context.chunks_exact(size)) {
                query[head * size..][..size].copy_from_slice(from);
            }
        }
    });
    out
}
