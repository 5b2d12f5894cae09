//! The fused disentangled attention for the CPU, behind burn's extension mechanism.
//!
//! The plain version gathers two `[length, length]` matrices per head from `[length, table]` scores,
//! through an index tensor of the same size. Here the index is computed as the scores are made: one
//! block of queries of one head at a time, so that what a core works on stays in its cache.

use burn::backend::{Backend, Dispatch, Flex, backend_extension, ops::FloatTensorOps, tensor::FloatTensor};
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use super::attention::{Geometry, Positions};

/// Queries per block: the scores of a block against 2,048 keys are 256 KiB.
const BLOCK: usize = 32;

/// Attention over packed rows on the flex device; see [`super::attention::disentangled`] for shapes.
pub fn fused(query: Tensor<2>, key: Tensor<2>, value: Tensor<2>, positions: Positions, geometry: &Geometry) -> Tensor<2> {
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
    ))
}

/// The backends that have a fused version. Float tensors are f32.
#[backend_extension(Flex)]
pub trait DisentangledAttention: Backend {
    /// `query`, `key`, `value`: `[tokens, hidden]`; `pos_keys`, `pos_queries`: `[table, hidden]`, read
    /// as far as `geometry.terms` says.
    fn disentangled_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        pos_keys: FloatTensor<Self>,
        pos_queries: FloatTensor<Self>,
        geometry: Geometry,
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
    ) -> FloatTensor<Self> {
        let tensors = [query, key, value, pos_keys, pos_queries].map(|t| t.to_contiguous());
        let [q, k, v, pk, pq] = tensors.each_ref().map(|t| Matrix { data: &t.storage::<f32>()[t.layout().start_offset()..], stride: t.layout().shape()[1] });
        let hidden = q.stride;
        let size = hidden / geometry.heads;
        let tokens = geometry.offsets.last().copied().unwrap_or(0);

        let tasks: Vec<(usize, usize, usize)> = geometry
            .offsets
            .windows(2)
            .flat_map(|ends| (0..geometry.heads).map(move |head| (ends[0], ends[1] - ends[0], head)))
            .filter(|(_, len, _)| *len > 0)
            .collect();
        let contexts: Vec<Vec<f32>> = tasks
            .par_iter()
            .map(|&(start, len, head)| {
                let at = start * hidden + head * size;
                let row = HeadRow {
                    q: q.from(at),
                    k: k.from(at),
                    v: v.from(at),
                    pos_keys: geometry.terms.c2p().then(|| pk.from(head * size)),
                    pos_queries: geometry.terms.p2c().then(|| pq.from(head * size)),
                    len,
                    size,
                };
                row.context(&geometry)
            })
            .collect();

        let mut out = vec![0f32; tokens * hidden];
        for ((start, _, head), context) in tasks.iter().zip(&contexts) {
            for (i, part) in context.chunks_exact(size).enumerate() {
                let at = (start + i) * hidden + head * size;
                out[at..at + size].copy_from_slice(part);
            }
        }
        Self::float_from_data(TensorData::new(out, [tokens, hidden]), &burn::backend::flex::FlexDevice)
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
}

/// One head of one packed row.
struct HeadRow<'a> {
    q: Matrix<'a>,
    k: Matrix<'a>,
    v: Matrix<'a>,
    pos_keys: Option<Matrix<'a>>,
    pos_queries: Option<Matrix<'a>>,
    len: usize,
    size: usize,
}

impl HeadRow<'_> {
    /// softmax(scores) · v, `[len, size]`.
    fn context(&self, geometry: &Geometry) -> Vec<f32> {
        let (len, size) = (self.len, self.size);
        let relative = geometry.relative.as_deref();
        let by_distance = relative.map_or(&[][..], |r| r.within(len));
        // The slice of the table that rows of this length reach; the batch's slice may be wider.
        let first = by_distance.first().map_or(0, |i| *i as usize);
        let width = by_distance.last().map_or(0, |i| *i as usize + 1 - first);
        let slice = |table: Matrix| -> Vec<f32> { (first..first + width).flat_map(|r| table.data[r * table.stride..][..size].iter().copied()).collect() };
        let pos_keys = self.pos_keys.map(slice);

        // Keys against position queries, position-major: for one query, neighbouring keys at one
        // bucket lie side by side.
        let by_key: Option<Vec<f32>> = self.pos_queries.map(slice).map(|table| {
            let mut scores = vec![0f32; width * len];
            let table = Matrix { data: &table, stride: size };
            product_transposed(&mut scores, table, width, self.k, len, size);
            scores
        });

        let mut context = vec![0f32; len * size];
        let mut scores = vec![0f32; BLOCK * len];
        let mut by_query = vec![0f32; BLOCK * width];
        for begin in (0..len).step_by(BLOCK) {
            let n = BLOCK.min(len - begin);
            let queries = self.q.from(begin * self.q.stride);
            let scores = &mut scores[..n * len];
            product_transposed(scores, queries, n, self.k, len, size);
            if let Some(table) = &pos_keys {
                product_transposed(&mut by_query[..n * width], queries, n, Matrix { data: table, stride: size }, width, size);
            }
            let positional =
                Positional { by_query: pos_keys.as_ref().map(|_| &by_query[..n * width]), by_key: by_key.as_deref(), by_distance, first, width, len };
            pulp::Arch::new().dispatch(Weigh { scores, positional, begin, scale: 1.0 / geometry.scale });
            product(&mut context[begin * size..][..n * size], scores, n, self.v, len, size);
        }
        context
    }
}

/// Content scores of a block of queries → attention weights, in the widest instructions of this
/// processor. A type and not a closure, so that all of it is inlined into the dispatched function.
struct Weigh<'a> {
    /// `[queries, keys]`
    scores: &'a mut [f32],
    positional: Positional<'a>,
    /// First query of the block.
    begin: usize,
    scale: f32,
}

impl pulp::NullaryFnOnce for Weigh<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let len = self.positional.len;
        for (r, scores) in self.scores.chunks_exact_mut(len).enumerate() {
            self.positional.add(scores, self.begin + r, r);
            softmax(scores, self.scale);
        }
    }
}

/// The relative-position terms of a block of queries.
struct Positional<'a> {
    /// Queries of the block against position keys, `[queries, width]`.
    by_query: Option<&'a [f32]>,
    /// Position queries against all keys, `[width, keys]`.
    by_key: Option<&'a [f32]>,
    /// Table row by distance, from −(keys−1) up.
    by_distance: &'a [u32],
    /// Table row that index 0 of `width` stands for.
    first: usize,
    width: usize,
    /// Number of keys.
    len: usize,
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
                Some(by_key) => scores[keys.clone()].iter_mut().zip(&by_key[row * len..][keys]).for_each(|(s, p)| *s += c + p),
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
            middle.iter_mut().zip(rows).enumerate().for_each(|(j, (s, row))| *s += by_key[(*row as usize - self.first) * len + near + j]);
        }
    }
}

/// softmax(`scale` · x) in place.
#[inline(always)]
fn softmax(x: &mut [f32], scale: f32) {
    let highest = in_lanes(x, f32::NEG_INFINITY, |a, b| if b > a { b } else { a });
    for v in x.iter_mut() {
        *v = exp((*v - highest) * scale);
    }
    let sum = in_lanes(x, 0.0, |a, b| a + b);
    for v in x.iter_mut() {
        *v /= sum;
    }
}

/// A fold in sixteen lanes: its order is fixed, and the compiler can vectorise it.
#[inline(always)]
fn in_lanes(x: &[f32], zero: f32, f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [zero; 16];
    let (chunks, rest) = x.as_chunks::<16>();
    for chunk in chunks {
        for (lane, v) in lanes.iter_mut().zip(chunk) {
            *lane = f(*lane, *v);
        }
    }
    lanes.iter().chain(rest).fold(zero, |a, b| f(a, *b))
}

/// eˣ for x ≤ 0 within 2 units in the last place of f32, 0 below −87.3; NaN stays NaN.
///
/// x = n·ln 2 + r with ln 2 split in two (Cody and Waite, 1980), then the Taylor polynomial of
/// degree 7 on |r| ≤ ln 2 / 2, whose remainder is below 6e-9.
#[inline(always)]
fn exp(x: f32) -> f32 {
    const HIGH: f32 = 355.0 / 512.0;
    const LOW: f32 = -2.121_944_4e-4;
    /// 1.5 · 2²³: a sum with it is an integer, which stands in its lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let clamped = if x < -87.3 { -87.3 } else { x };
    let shifted = clamped * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (clamped - n * HIGH) - n * LOW;
    let mut p = 1.0 / 5040.0;
    for c in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = p * r + c;
    }
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    if x < -87.3 { 0.0 } else { p * power }
}

/// `out[m, n]` = a`[m, k]` · b`[n, k]`ᵀ
fn product_transposed(out: &mut [f32], a: Matrix, m: usize, b: Matrix, n: usize, k: usize) {
    multiply(out, a, m, b, (1, b.stride), n, k, b.stride * (n - 1) + k);
}

/// `out[m, n]` = a`[m, k]` · b`[k, n]`, with a contiguous
fn product(out: &mut [f32], a: &[f32], m: usize, b: Matrix, k: usize, n: usize) {
    multiply(out, Matrix { data: a, stride: k }, m, b, (b.stride, 1), n, k, b.stride * (k - 1) + n);
}

/// One matrix product on this thread; `b_steps` are b's strides by row and column of the k × n operand.
#[expect(clippy::too_many_arguments, reason = "the sizes of a matrix product")]
#[expect(clippy::cast_possible_wrap, reason = "slice lengths fit isize")]
fn multiply(out: &mut [f32], a: Matrix, m: usize, b: Matrix, b_steps: (usize, usize), n: usize, k: usize, b_len: usize) {
    assert!(out.len() >= m * n && a.data.len() >= a.stride * (m - 1) + k && b.data.len() >= b_len);
    // SAFETY: the assertion above shows that the m × n elements written and the m × k and k × n
    // elements read at these strides lie within the three slices; `out` is borrowed exclusively.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.data.as_ptr(),
            1,
            a.stride as isize,
            b.data.as_ptr(),
            b_steps.1 as isize,
            b_steps.0 as isize,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TokenRows;
    use crate::model::attention::plain;
    use crate::model::config::{EncoderConfig, PositionTerms, RelativeConfig};
    use burn::tensor::{Device, Distribution};

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        for i in 0u16..60_000 {
            let x = -f32::from(i) * 1.45e-3;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) - exact).abs() / exact;
            assert!(error < 2.4e-7, "{x}: {error}");
        }
        assert!(exp(-100.0).to_bits() == 0 && exp(f32::NEG_INFINITY).to_bits() == 0);
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn fused_equals_plain() {
        let device = Device::flex();
        device.seed(7);
        for terms in [PositionTerms::None, PositionTerms::C2p, PositionTerms::P2c, PositionTerms::Both] {
            for buckets in [None, Some(32)] {
                for lengths in [vec![1], vec![3, 65, 1], vec![63, 64], vec![130, 0, 32, 33]] {
                    let config = EncoderConfig {
                        vocab_size: 8,
                        hidden_size: 24,
                        embedding_size: 24,
                        layers: 1,
                        heads: 3,
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
                    let random = |n: usize| Tensor::<2>::random([n, 24], Distribution::Normal(0.0, 2.0), &device);
                    let tokens = rows.ids().len();
                    let table = geometry.relative.as_ref().unwrap().count;
                    let (q, k, v) = (random(tokens), random(tokens), random(tokens));
                    let positions = match terms {
                        PositionTerms::None => Positions::None,
                        PositionTerms::C2p => Positions::C2p { keys: random(table) },
                        PositionTerms::P2c => Positions::P2c { queries: random(table) },
                        PositionTerms::Both => Positions::Both { keys: random(table), queries: random(table) },
                    };
                    let expected = plain(&q, &k, &v, &positions, &geometry);
                    let worst = (fused(q, k, v, positions, &geometry) - expected).abs().max().into_scalar::<f32>();
                    assert!(worst < 5e-6, "{terms:?} {buckets:?} {lengths:?}: {worst}");
                }
            }
        }
    }
}
