//! The fused disentangled attention for the CPU, behind burn's extension mechanism.
//!
//! The plain version gathers two `[length, length]` matrices per head from `[length, table]` scores,
//! through an index tensor of the same size. Here the index is computed as the scores are made: one
//! block of queries of one head at a time, so that what a core works on stays in its cache.

use std::sync::Arc;

use burn::backend::{Backend, Dispatch, Flex, backend_extension, ops::FloatTensorOps, tensor::FloatTensor};
use burn::tensor::{Tensor, TensorData};
use pulp::Simd;
use rayon::prelude::*;

use super::math::{exp, in_lanes};
use super::tile::{Column, Line, ROWS, WIDTH, multiply, pack_outputs, pack_rows};
use crate::model::attention::{Geometry, Positions, Wanted};

/// Queries per block: the scores of a block against 2,048 keys are 288 KiB.
const BLOCK: usize = 3 * ROWS;
/// Rows of the table that are whole panels and whole groups.
const STEP: usize = 96;

/// Attention over packed rows on the flex device; shapes as in [`crate::model::attention::plain`], but
/// for `query`, which has the wanted tokens only: `[wanted, hidden]` → `[wanted, hidden]`.
pub fn fused(query: Tensor<2>, key: Tensor<2>, value: Tensor<2>, positions: Positions, geometry: &Geometry, wanted: Option<&Arc<Wanted>>) -> Tensor<2> {
    // The extension takes tensors, not options: an absent table is stood in for by one that the
    // terms in `geometry` say is never read.
    let (keys, queries) = match positions {
        Positions::None => (query.clone(), query.clone()),
        Positions::C2p { keys } => (keys.clone(), keys),
        Positions::P2c { queries } => (queries.clone(), queries),
        Positions::Both { keys, queries } => (keys, queries),
    };
    Tensor::from_dispatch(<Dispatch as DisentangledAttention>::disentangled_attention(
        query.into_dispatch(),
        key.into_dispatch(),
        value.into_dispatch(),
        keys.into_dispatch(),
        queries.into_dispatch(),
        geometry.clone(),
        wanted.cloned(),
    ))
}

/// The backends that have a fused version. Float tensors are f32.
#[backend_extension(Flex)]
pub trait DisentangledAttention: Backend {
    /// `query`: `[tokens or wanted, hidden]`; `key`, `value`: `[tokens, hidden]`; `pos_keys`,
    /// `pos_queries`: `[2 · span, hidden]`, read as far as `geometry.terms` says.
    fn disentangled_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        pos_keys: FloatTensor<Self>,
        pos_queries: FloatTensor<Self>,
        geometry: Geometry,
        wanted: Option<Arc<Wanted>>,
    ) -> FloatTensor<Self>;
}

impl DisentangledAttention for Flex {
    fn disentangled_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        pos_keys: FloatTensor<Self>,
        pos_queries: FloatTensor<Self>,
        geometry: Geometry,
        wanted: Option<Arc<Wanted>>,
    ) -> FloatTensor<Self> {
        let tensors = [query, key, value, pos_keys, pos_queries].map(|t| t.to_contiguous());
        let [q, k, v, pk, pq] = tensors.each_ref().map(|t| Matrix { data: &t.storage::<f32>()[t.layout().start_offset()..], stride: t.layout().shape()[1] });
        let hidden = q.stride;
        let size = hidden / geometry.heads;
        // Of each row: where its queries begin, and where they stand in it.
        let everywhere: Vec<usize> = (0..geometry.longest()).collect();
        let rows = geometry.offsets.windows(2).enumerate().map(|(r, ends)| {
            let (first, at) = wanted.as_ref().map_or_else(|| (ends[0], &everywhere[..ends[1] - ends[0]]), |wanted| wanted.row(r));
            (ends[0]..ends[1], first, at)
        });
        let tasks: Vec<_> =
            rows.filter(|(row, _, at)| !row.is_empty() && !at.is_empty()).flat_map(|row| (0..geometry.heads).map(move |h| (row.clone(), h))).collect();
        let tables: Vec<Tables> =
            (0..geometry.heads).into_par_iter().map(|head| Tables::pack(&geometry, pk.from(head * size), pq.from(head * size), size)).collect();
        let contexts: Vec<Vec<f32>> = tasks
            .par_iter()
            .map(|((tokens, first, at), head)| {
                let begin = |token: usize| token * hidden + head * size;
                let row = HeadRow {
                    q: q.from(begin(*first)),
                    at,
                    k: k.from(begin(tokens.start)),
                    v: v.from(begin(tokens.start)),
                    tables: &tables[*head],
                    len: tokens.len(),
                    size,
                    geometry: &geometry,
                };
                pulp::Arch::new().dispatch(row)
            })
            .collect();

        let queries = wanted.as_ref().map_or(geometry.offsets.last().copied().unwrap_or(0), |wanted| wanted.count());
        let mut out = vec![0f32; queries * hidden];
        for (((_, first, _), head), context) in tasks.iter().zip(&contexts) {
            for (i, part) in context.chunks_exact(size).enumerate() {
                let to = (first + i) * hidden + head * size;
                out[to..to + size].copy_from_slice(part);
            }
        }
        Self::float_from_data(TensorData::new(out, [queries, hidden]), &burn::backend::flex::FlexDevice)
    }
}

/// A row-major view: row i starts at `i · stride`.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    data: &'a [f32],
    stride: usize,
}

impl<'a> Matrix<'a> {
    /// The view that begins `at` elements further.
    fn from(self, at: usize) -> Matrix<'a> {
        Matrix { data: &self.data[at..], stride: self.stride }
    }

    /// The first `size` elements of some rows.
    fn rows(self, range: std::ops::Range<usize>, size: usize) -> impl Iterator<Item = &'a [f32]> {
        range.map(move |i| &self.data[i * self.stride..][..size])
    }
}

/// One head's projected positions, packed, as far as the longest row of the batch reaches.
struct Tables {
    /// `[panels of table rows, size]`, from a multiple of [`WIDTH`] on
    keys: Vec<Line>,
    /// `[groups of table rows, size]`
    queries: Vec<Column>,
    /// The table row where both begin.
    first: usize,
}

impl Tables {
    /// `keys`, `queries`: `[2 · span, size]`
    fn pack(geometry: &Geometry, keys: Matrix, queries: Matrix, size: usize) -> Self {
        let by_distance = geometry.relative.as_deref().map_or(&[][..], |r| r.within(geometry.longest()));
        let (first, end) = reached(by_distance);
        let first = first / STEP * STEP;
        let mut tables = Self { keys: Vec::new(), queries: Vec::new(), first };
        if geometry.terms.c2p() {
            pack_outputs(keys.rows(first..end, size), size, &mut tables.keys);
        }
        if geometry.terms.p2c() {
            pack_rows(queries.rows(first..end, size), size, &mut tables.queries);
        }
        tables
    }
}

/// The part of the table that these distances reach: its first row, and the one after its last.
fn reached(by_distance: &[u32]) -> (usize, usize) {
    (by_distance.first().map_or(0, |row| *row as usize), by_distance.last().map_or(0, |row| *row as usize + 1))
}

/// One head of one packed row.
struct HeadRow<'a> {
    /// Queries, and the position of each in the row.
    q: Matrix<'a>,
    at: &'a [usize],
    k: Matrix<'a>,
    v: Matrix<'a>,
    tables: &'a Tables,
    len: usize,
    size: usize,
    geometry: &'a Geometry,
}

impl pulp::WithSimd for HeadRow<'_> {
    type Output = Vec<f32>;

    /// softmax(scores) · v, `[queries, size]`.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let (len, size, terms) = (self.len, self.size, self.geometry.terms);
        let by_distance = self.geometry.relative.as_deref().map_or(&[][..], |r| r.within(len));
        // What rows of this length reach, in whole panels and groups.
        let (first, end) = reached(by_distance);
        let first = (first - self.tables.first) / STEP * STEP;
        let width = (end - self.tables.first - first).next_multiple_of(STEP);
        let padded = len.next_multiple_of(WIDTH);

        let mut keys = Vec::with_capacity(padded / WIDTH * size);
        pack_outputs(self.k.rows(0..len, size), size, &mut keys);
        let mut values = vec![Line::ZERO; size.div_ceil(WIDTH) * len];
        for (j, row) in self.v.rows(0..len, size).enumerate() {
            for (panel, part) in row.chunks(WIDTH).enumerate() {
                values[panel * len + j].0[..part.len()].copy_from_slice(part);
            }
        }

        // Keys against position queries, position-major: for one query, neighbouring keys at one
        // bucket lie side by side.
        let mut by_key = Vec::new();
        if terms.p2c() {
            by_key = vec![0f32; width * padded];
            let table = &self.tables.queries[first / ROWS * size..];
            products(simd, &table[..table.len().min(width / ROWS * size)], &keys, size, &mut by_key, padded);
        }

        let mut context = vec![0f32; self.at.len() * size];
        let (mut scores, mut by_query) = (vec![0f32; BLOCK * padded], vec![0f32; BLOCK * width]);
        let (mut columns, mut sums) = (Vec::new(), vec![0f32; BLOCK * size.next_multiple_of(WIDTH)]);
        for (b, at) in self.at.chunks(BLOCK).enumerate() {
            let begin = b * BLOCK;
            columns.clear();
            pack_rows(self.q.rows(begin..begin + at.len(), size), size, &mut columns);
            products(simd, &columns, &keys, size, &mut scores, padded);
            if terms.c2p() {
                let table = &self.tables.keys[first / WIDTH * size..];
                products(simd, &columns, &table[..table.len().min(width / WIDTH * size)], size, &mut by_query, width);
            }
            let positional = Positional {
                by_query: terms.c2p().then_some(&by_query),
                by_key: terms.p2c().then_some(&by_key),
                by_distance,
                first: self.tables.first + first,
                width,
                len,
                padded,
            };
            let mut factors = [0f32; BLOCK];
            for (r, ((scores, at), factor)) in scores.chunks_exact_mut(padded).zip(at).zip(&mut factors).enumerate() {
                positional.add(&mut scores[..len], *at, r);
                *factor = exponentials(&mut scores[..len], 1.0 / self.geometry.scale);
            }
            columns.clear();
            pack_rows(scores.chunks_exact(padded).take(at.len()).map(|row| &row[..len]), len, &mut columns);
            let wide = size.next_multiple_of(WIDTH);
            products(simd, &columns, &values, len, &mut sums, wide);
            for ((to, from), factor) in context[begin * size..].chunks_exact_mut(size).zip(sums.chunks_exact(wide)).zip(factors).take(at.len()) {
                to.iter_mut().zip(from).for_each(|(to, from)| *to = from * factor);
            }
        }
        context
    }
}

/// All products of `columns` `[groups, depth]` and `lines` `[panels, depth]`: `out[rows, width]`.
#[inline(always)]
fn products<S: Simd>(simd: S, columns: &[Column], lines: &[Line], depth: usize, out: &mut [f32], width: usize) {
    for (lines, from) in lines.chunks_exact(depth).zip((0..width).step_by(WIDTH)) {
        for (columns, out) in columns.chunks_exact(depth).zip(out.chunks_mut(ROWS * width)) {
            let tile = multiply(simd, columns, lines);
            for (out, sums) in out.chunks_exact_mut(width).zip(&tile) {
                out[from..from + WIDTH].copy_from_slice(&sums.0);
            }
        }
    }
}

/// The relative-position terms of a block of queries.
struct Positional<'a> {
    /// Queries of the block against position keys, `[queries, width]`.
    by_query: Option<&'a [f32]>,
    /// Position queries against all keys, `[width, padded]`.
    by_key: Option<&'a [f32]>,
    /// Table row by distance, from −(keys−1) up.
    by_distance: &'a [u32],
    /// Table row that index 0 of `width` stands for.
    first: usize,
    width: usize,
    /// Number of keys.
    len: usize,
    /// Length of a row of `by_key`.
    padded: usize,
}

impl Positional<'_> {
    /// Adds the terms of query `i`, which is number `r` of the block. Far from the query on either
    /// side all keys share the table's last or first row, so most of a long row needs no look-up.
    #[inline(always)]
    fn add(&self, scores: &mut [f32], i: usize, r: usize) {
        let len = self.len;
        let (Some(lowest), Some(highest)) = (self.by_distance.first(), self.by_distance.last()) else { return };
        // Key j is at distance i − j, entry i + len − 1 − j of the table: it runs backwards.
        let first_above = self.by_distance.partition_point(|row| row <= lowest);
        let first_highest = self.by_distance.partition_point(|row| row < highest);
        let near = (i + len).saturating_sub(first_highest).min(len);
        let far = (i + len).saturating_sub(first_above).clamp(near, len);
        let row = |e: usize| self.by_distance[e] as usize - self.first;
        for (keys, row) in [(0..near, row(2 * len - 2)), (far..len, row(0))] {
            let c = self.by_query.map_or(0.0, |by_query| by_query[r * self.width + row]);
            match self.by_key {
                Some(by_key) => scores[keys.clone()].iter_mut().zip(&by_key[row * self.padded..][keys]).for_each(|(s, p)| *s += c + p),
                None => scores[keys].iter_mut().for_each(|s| *s += c),
            }
        }
        let middle = &mut scores[near..far];
        let rows = self.by_distance[i + len - far..i + len - near].iter().rev();
        if let Some(by_query) = self.by_query {
            let by_query = &by_query[r * self.width..][..self.width];
            middle.iter_mut().zip(rows.clone()).for_each(|(s, row)| *s += by_query[*row as usize - self.first]);
        }
        if let Some(by_key) = self.by_key {
            middle.iter_mut().zip(rows).enumerate().for_each(|(j, (s, row))| *s += by_key[(*row as usize - self.first) * self.padded + near + j]);
        }
    }
}

/// e to the power of (x − max x) · `scale`, in place → 1 / their sum: the softmax, but for a factor
/// that the product with the values gets instead.
#[inline(always)]
fn exponentials(x: &mut [f32], scale: f32) -> f32 {
    let highest = in_lanes(x, f32::NEG_INFINITY, |a, b| if b > a { b } else { a });
    let mut sums = [0f32; 16];
    let (chunks, rest) = x.as_chunks_mut::<16>();
    for chunk in chunks {
        for (sum, v) in sums.iter_mut().zip(chunk) {
            *v = exp((*v - highest) * scale);
            *sum += *v;
        }
    }
    for (sum, v) in sums.iter_mut().zip(rest) {
        *v = exp((*v - highest) * scale);
        *sum += *v;
    }
    1.0 / sums.iter().sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TokenRows;
    use crate::model::attention::plain;
    use crate::model::config::{EncoderConfig, PositionTerms, RelativeConfig};
    use burn::tensor::{Device, Distribution};

    /// The largest scores are near 20, where f32 steps by 1.9e-6, and the softmax raises e to them.
    const TOLERANCE: f32 = 1e-5;

    /// Largest difference between fused and plain on rows of these lengths, for all tokens and for some,
    /// as a part of the largest value.
    fn worst(lengths: &[usize], heads: usize, terms: PositionTerms, buckets: Option<usize>) -> f32 {
        let device = Device::flex();
        device.seed(7);
        let hidden = 8 * heads;
        let config = EncoderConfig {
            vocab_size: 8,
            hidden_size: hidden,
            embedding_size: hidden,
            layers: 1,
            heads,
            intermediate_size: 8,
            activation: crate::model::activation::Activation::Gelu,
            layer_norm_eps: 1e-7,
            absolute_positions: None,
            type_vocab_size: 0,
            relative: Some(RelativeConfig { terms, shared_keys: true, buckets, max_distance: 64, normalised: false }),
            conv: None,
        };
        let ids: Vec<Vec<u32>> = lengths.iter().map(|n| vec![1; *n]).collect();
        let rows = TokenRows::new(ids.iter().map(Vec::as_slice));
        let geometry = Geometry::new(&config, &rows);
        let random = |n: usize| Tensor::<2>::random([n, hidden], Distribution::Normal(0.0, 1.0), &device);
        let tokens = rows.ids().len();
        let table = 2 * config.relative.as_ref().unwrap().span();
        let (q, k, v) = (random(tokens), random(tokens), random(tokens));
        let positions = match terms {
            PositionTerms::None => Positions::None,
            PositionTerms::C2p => Positions::C2p { keys: random(table) },
            PositionTerms::P2c => Positions::P2c { queries: random(table) },
            PositionTerms::Both => Positions::Both { keys: random(table), queries: random(table) },
        };
        let expected = plain(&q, &k, &v, &positions, &geometry);
        let places: Vec<Vec<usize>> = lengths.iter().map(|n| [0, n / 2, n.saturating_sub(1)].into_iter().filter(|p| p < n).collect()).collect();
        let wanted = Arc::new(Wanted::new(&rows, places.iter().map(Vec::as_slice)));
        let some = fused(wanted.of(q.clone()), k.clone(), v.clone(), positions.clone(), &geometry, Some(&wanted)) - wanted.of(expected.clone());
        let all = fused(q, k, v, positions, &geometry, None) - expected.clone();
        let [some, all, whole] = [some, all, expected].map(|t| t.abs().max().into_scalar::<f32>());
        some.max(all) / whole
    }

    #[test]
    fn fused_equals_plain() {
        for terms in [PositionTerms::None, PositionTerms::C2p, PositionTerms::P2c, PositionTerms::Both] {
            for buckets in [None, Some(32)] {
                for lengths in [vec![1], vec![2, 31], vec![3, 65, 1], vec![63, 64], vec![130, 0, 32, 33], vec![255, 256, 257]] {
                    let worst = worst(&lengths, 3, terms, buckets);
                    assert!(worst < TOLERANCE, "{terms:?} {buckets:?} {lengths:?}: {worst}");
                }
            }
        }
    }

    #[test]
    fn fused_equals_plain_on_long_rows() {
        for terms in [PositionTerms::None, PositionTerms::C2p, PositionTerms::P2c, PositionTerms::Both] {
            for lengths in [vec![511, 512, 513], vec![2048], vec![3370]] {
                let worst = worst(&lengths, 1, terms, Some(32));
                assert!(worst < TOLERANCE, "{terms:?} {lengths:?}: {worst}");
            }
        }
    }
}
