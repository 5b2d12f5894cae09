//! Results that several threads write, each its part.

use std::mem::MaybeUninit;
use std::ops::Range;

use rayon::prelude::*;

/// Rows that a thread takes at once where little is done to each.
pub(crate) const BLOCK: usize = 16;

/// `rows` rows in blocks of [`BLOCK`].
fn blocks(rows: usize) -> impl Iterator<Item = Range<usize>> {
    let firsts = (0..rows).step_by(BLOCK);
    firsts.map(move |first| first..(first + BLOCK).min(rows))
}

/// `[rows, size]`, in blocks on all threads. `compute` gets a block's first row, and its zeros.
pub(crate) fn in_blocks(
    rows: usize,
    size: usize,
    compute: impl Fn(usize, &mut [f32]) + Sync,
) -> Vec<f32> {
    let parts = blocks(rows).map(|rows| (rows.len() * size, rows.start));
    in_parts(parts, compute)
}

/// Numbers in parts of these lengths, one after the other. `compute` gets what a part is made of,
/// and its zeros.
///
/// A part is zeroed where and when it is computed, so that its memory is in the cache of the core
/// that needs it; all at once it would go to the memory and come back.
pub(crate) fn in_parts<P: Send>(
    parts: impl Iterator<Item = (usize, P)>,
    compute: impl Fn(P, &mut [f32]) + Sync,
) -> Vec<f32> {
    let parts: Vec<(usize, P)> = parts.collect();
    let len = parts.iter().map(|(len, _)| len).sum();
    let mut out = Vec::<f32>::with_capacity(len);
    let mut rest = &mut out.spare_capacity_mut()[..len];
    let mut memory_of_parts = Vec::with_capacity(parts.len());
    for (len, part) in parts {
        let (memory, after) = rest.split_at_mut(len);
        memory_of_parts.push((part, memory));
        rest = after;
    }
    memory_of_parts.into_par_iter().for_each(|(part, memory)| {
        memory.fill(MaybeUninit::new(0.0));
        // SAFETY: all of it has just been written.
        compute(part, unsafe { memory.assume_init_mut() });
    });
    // SAFETY: the parts are all of the `len` numbers, and each was written.
    unsafe { out.set_len(len) };
    out
}

/// The results of all heads of each token row, `[queries, size]` one after the other → all rows,
/// `[queries, heads · size]`.
pub(crate) fn side_by_side(contexts: &[Vec<f32>], heads: usize, size: usize) -> Vec<f32> {
    let width = heads * size;
    let parts = contexts.chunks(heads).flat_map(|contexts| {
        let queries = contexts[0].len() / size;
        blocks(queries).map(move |rows| (rows.len() * width, (contexts, rows.start)))
    });
    in_parts(parts, |(contexts, first), out| {
        for (head, context) in contexts.iter().enumerate() {
            let queries = out.chunks_exact_mut(width);
            for (query, from) in queries.zip(context.chunks_exact(size).skip(first)) {
                query[head * size..][..size].copy_from_slice(from);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    fn heads_stand_side_by_side() {
        let (heads, size, queries) = (3, 2, [1, 40, 16]);
        let value = |row: usize, query: usize, head: usize, at: usize| {
            (row * 1000 + query * 10 + head * 2 + at) as f32
        };
        let mut contexts = Vec::new();
        let mut expected = Vec::new();
        for (row, queries) in queries.into_iter().enumerate() {
            for head in 0..heads {
                let of_head = (0..queries)
                    .flat_map(|query| (0..size).map(move |at| value(row, query, head, at)));
                contexts.push(of_head.collect());
            }
            for query in 0..queries {
                let of_query = (0..heads)
                    .flat_map(|head| (0..size).map(move |at| value(row, query, head, at)));
                expected.extend(of_query);
            }
        }
        assert_eq!(side_by_side(&contexts, heads, size), expected);
    }
}
