//! The fused disentangled attention for the CPU, behind burn's extension mechanism.
//!
//! The plain version gathers two `[length, length]` matrices per head from `[length, table]`
//! scores, through an index tensor of the same size. Here the index is computed as the scores are
//! made: one block of queries of one head at a time, so that what a core works on stays in its
//! cache.

use std::sync::Arc;

use burn::backend::{Flex, ops::FloatTensorOps, tensor::FloatTensor};
use burn::tensor::TensorData;
use pulp::Simd;
use rayon::prelude::*;

use crate::kernels::attention::{DisentangledAttention, Geometry, QuerySelection};
use crate::kernels::cpu::arithmetic::{Arithmetic, Bf16Factors, F32};
use crate::kernels::cpu::math::{exp, in_lanes};
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::relative_bias::{Block, LANES, Positional};

impl DisentangledAttention for Flex {
    fn disentangled_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        pos_keys: FloatTensor<Self>,
        pos_queries: FloatTensor<Self>,
        geometry: Geometry,
        wanted: Option<Arc<QuerySelection>>,
        rounded: bool,
    ) -> FloatTensor<Self> {
        let tensors = [query, key, value, pos_keys, pos_queries].map(|t| t.to_contiguous());
        let [q, k, v, pk, pq] = tensors.each_ref().map(|t| Matrix {
            data: &t.storage::<f32>()[t.layout().start_offset()..],
            stride: t.layout().shape()[1],
        });
        let inputs = Inputs {
            q,
            k,
            v,
            pk,
            pq,
            geometry: &geometry,
            wanted: wanted.as_deref(),
        };
        let [rows, hidden] = [
            wanted
                .as_ref()
                .map_or(geometry.offsets.last().copied().unwrap_or(0), |wanted| {
                    wanted.count()
                }),
            q.stride,
        ];
        let out = match Bf16Factors::new().filter(|_| rounded) {
            Some(bf16) => inputs.attend(bf16, rows),
            None => inputs.attend(F32, rows),
        };
        Self::float_from_data(
            TensorData::new(out, [rows, hidden]),
            &burn::backend::flex::FlexDevice,
        )
    }
}

/// All that the attention reads.
struct Inputs<'a> {
    q: Matrix<'a>,
    k: Matrix<'a>,
    v: Matrix<'a>,
    pk: Matrix<'a>,
    pq: Matrix<'a>,
    geometry: &'a Geometry,
    wanted: Option<&'a QuerySelection>,
}

impl Inputs<'_> {
    /// → `[queries, hidden]`, on all threads.
    fn attend<A: Arithmetic>(&self, arithmetic: A, queries: usize) -> Vec<f32> {
        let Self {
            q,
            k,
            v,
            pk,
            pq,
            geometry,
            wanted,
        } = *self;
        let hidden = q.stride;
        let size = hidden / geometry.heads;
        // Of each row: where its queries begin, and where they stand in it.
        let everywhere: Vec<usize> = (0..geometry.longest()).collect();
        let rows = geometry.offsets.windows(2).enumerate().map(|(r, ends)| {
            let (first, at) = wanted.map_or_else(
                || (ends[0], &everywhere[..ends[1] - ends[0]]),
                |wanted| wanted.row(r),
            );
            (ends[0]..ends[1], first, at)
        });
        let tasks: Vec<_> = rows
            .filter(|(row, _, at)| !row.is_empty() && !at.is_empty())
            .flat_map(|row| (0..geometry.heads).map(move |h| (row.clone(), h)))
            .collect();
        let tables: Vec<Tables<A>> = (0..geometry.heads)
            .into_par_iter()
            .map(|head| {
                Tables::pack(
                    arithmetic,
                    geometry,
                    pk.from(head * size),
                    pq.from(head * size),
                    size,
                )
            })
            .collect();
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
                    geometry,
                    arithmetic,
                };
                pulp::Arch::new().dispatch(row)
            })
            .collect();

        let mut out = vec![0f32; queries * hidden];
        for (((_, first, _), head), context) in tasks.iter().zip(&contexts) {
            for (i, part) in context.chunks_exact(size).enumerate() {
                let to = (first + i) * hidden + head * size;
                out[to..to + size].copy_from_slice(part);
            }
        }
        out
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
        Matrix {
            data: &self.data[at..],
            stride: self.stride,
        }
    }

    /// The first `size` elements of some rows.
    fn rows(self, range: std::ops::Range<usize>, size: usize) -> impl Iterator<Item = &'a [f32]> {
        range.map(move |i| &self.data[i * self.stride..][..size])
    }
}

/// One head's projected positions, packed, as far as the longest row of the batch reaches.
struct Tables<A: Arithmetic> {
    /// `[table rows, size]`, from a multiple of [`WIDTH`] on
    keys: Option<A::Right>,
    /// The same rows.
    queries: Option<A::Right>,
    /// The table row where both begin.
    first: usize,
}

impl<A: Arithmetic> Tables<A> {
    /// `keys`, `queries`: `[2 · span, size]`
    fn pack(
        arithmetic: A,
        geometry: &Geometry,
        keys: Matrix,
        queries: Matrix,
        size: usize,
    ) -> Self {
        let by_distance = geometry
            .relative
            .as_deref()
            .map_or(&[][..], |r| r.within(geometry.longest()));
        let (first, end) = reached(by_distance);
        let first = first / WIDTH * WIDTH;
        let pack = |table: Matrix| arithmetic.right(table.rows(first..end, size), size);
        let keys = geometry.terms.c2p().then(|| pack(keys));
        let queries = geometry.terms.p2c().then(|| pack(queries));
        Self {
            keys,
            queries,
            first,
        }
    }
}

/// The part of the table that these distances reach: its first row, and the one after its last.
fn reached(by_distance: &[u32]) -> (usize, usize) {
    (
        by_distance.first().map_or(0, |row| *row as usize),
        by_distance.last().map_or(0, |row| *row as usize + 1),
    )
}

/// One head of one packed row.
struct HeadRow<'a, A: Arithmetic> {
    /// Queries, and the position of each in the row.
    q: Matrix<'a>,
    at: &'a [usize],
    k: Matrix<'a>,
    v: Matrix<'a>,
    tables: &'a Tables<A>,
    len: usize,
    size: usize,
    geometry: &'a Geometry,
    arithmetic: A,
}

impl<A: Arithmetic> pulp::WithSimd for HeadRow<'_, A> {
    type Output = Vec<f32>;

    /// softmax(scores) · v, `[queries, size]`.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let (len, size, arithmetic) = (self.len, self.size, self.arithmetic);
        let by_distance = self
            .geometry
            .relative
            .as_deref()
            .map_or(&[][..], |r| r.within(len));
        // What rows of this length reach, in whole panels and groups.
        let (first, end) = reached(by_distance);
        let first = (first - self.tables.first) / WIDTH * WIDTH;
        let width = (end - self.tables.first - first).next_multiple_of(WIDTH);
        let padded = len.next_multiple_of(WIDTH);
        let keys = arithmetic.right(self.k.rows(0..len, size), size);
        let values = arithmetic.right_by_depth(self.v.rows(0..len, size), len, size);

        let mut left = A::Left::default();
        // Keys against position queries.
        let by_key = self.tables.queries.as_ref().map(|table| {
            let mut by_key = vec![0f32; padded * width + LANES];
            arithmetic.left(self.k.rows(0..len, size), size, &mut left);
            arithmetic.products(
                simd,
                &left,
                table,
                first,
                &mut by_key[..padded * width],
                width,
            );
            by_key
        });
        let positional = Positional::new(
            by_distance,
            self.tables.first + first,
            by_key.as_deref(),
            width,
        );

        let (block, wide) = (arithmetic.block(), size.next_multiple_of(WIDTH));
        let mut context = vec![0f32; self.at.len() * size];
        let (mut scores, mut by_query) = (
            vec![0f32; block * padded],
            vec![0f32; block * width + LANES],
        );
        let (mut sums, mut factors) = (vec![0f32; block * wide], vec![0f32; block]);
        for (b, at) in self.at.chunks(block).enumerate() {
            let begin = b * block;
            arithmetic.left(self.q.rows(begin..begin + at.len(), size), size, &mut left);
            arithmetic.products(simd, &left, &keys, 0, &mut scores, padded);
            if let Some(table) = &self.tables.keys {
                arithmetic.products(
                    simd,
                    &left,
                    table,
                    first,
                    &mut by_query[..block * width],
                    width,
                );
            }
            let by_query = self.tables.keys.as_ref().map(|_| by_query.as_slice());
            positional.add(&mut Block {
                scores: &mut scores,
                padded,
                by_query,
                at,
            });
            for (scores, factor) in scores
                .chunks_exact_mut(padded)
                .zip(&mut factors)
                .take(at.len())
            {
                *factor = exponentials(&mut scores[..len], 1.0 / self.geometry.scale);
            }
            arithmetic.left(
                scores
                    .chunks_exact(padded)
                    .take(at.len())
                    .map(|row| &row[..len]),
                len,
                &mut left,
            );
            arithmetic.products(simd, &left, &values, 0, &mut sums, wide);
            for ((to, from), factor) in context[begin * size..]
                .chunks_exact_mut(size)
                .zip(sums.chunks_exact(wide))
                .zip(&factors)
                .take(at.len())
            {
                to.iter_mut()
                    .zip(from)
                    .for_each(|(to, from)| *to = from * factor);
            }
        }
        context
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
    use crate::kernels::attention::{PositionProjections, QuerySelection, fused};
    use crate::kernels::relative_positions::{PositionTerms, RelativeConfig};
    use crate::model::TokenRows;
    use crate::model::attention::geometry;
    use crate::model::attention::plain;
    use crate::model::config::EncoderConfig;
    use burn::tensor::Tensor;
    use burn::tensor::{DType, Device, Distribution};

    /// The largest scores are near 20, where f32 steps by 1.9e-6, and the softmax raises e to them.
    const TOLERANCE: f32 = 1e-5;

    /// Largest difference between fused and plain on rows of these lengths, for all tokens and for
    /// some, as a part of the largest value.
    fn worst(
        lengths: &[usize],
        heads: usize,
        terms: PositionTerms,
        buckets: Option<usize>,
        rounded: bool,
    ) -> f32 {
        let factors = if rounded { DType::BF16 } else { DType::F32 };
        worst_on(
            (&Device::flex(), DType::F32),
            factors,
            lengths,
            [heads, 8],
            terms,
            buckets,
        )
    }

    /// The same, fused on another device than the plain one and in another type; `factors`: what
    /// the random numbers are rounded to before.
    fn worst_on(
        (there, dtype): (&Device, DType),
        factors: DType,
        lengths: &[usize],
        [heads, size]: [usize; 2],
        terms: PositionTerms,
        buckets: Option<usize>,
    ) -> f32 {
        let rounded = factors == DType::BF16;
        let device = Device::flex();
        device.seed(7);
        let hidden = size * heads;
        let config = EncoderConfig {
            vocab_size: 8,
            hidden_size: hidden,
            embedding_size: hidden,
            layers: 1,
            heads,
            intermediate_size: 8,
            activation: crate::kernels::activation::Activation::Gelu,
            layer_norm_eps: 1e-7,
            absolute_positions: None,
            type_vocab_size: 0,
            relative: Some(RelativeConfig {
                terms,
                shared_keys: true,
                buckets,
                max_distance: 64,
                normalised: false,
            }),
            conv: None,
        };
        let ids: Vec<Vec<u32>> = lengths.iter().map(|n| vec![1; *n]).collect();
        let rows = TokenRows::new(ids.iter().map(Vec::as_slice));
        let geometry = geometry(&config, &rows);
        // What is rounded is compared on factors that rounding does not change.
        let random = |n: usize| {
            Tensor::<2>::random([n, hidden], Distribution::Normal(0.0, 1.0), &device)
                .cast(factors)
                .cast(DType::F32)
        };
        let tokens = rows.ids().len();
        let table = 2 * config.relative.as_ref().unwrap().span();
        let (q, k, v) = (random(tokens), random(tokens), random(tokens));
        let positions = match terms {
            PositionTerms::None => PositionProjections::None,
            PositionTerms::C2p => PositionProjections::C2p {
                keys: random(table),
            },
            PositionTerms::P2c => PositionProjections::P2c {
                queries: random(table),
            },
            PositionTerms::Both => PositionProjections::Both {
                keys: random(table),
                queries: random(table),
            },
        };
        let expected = plain(&q, &k, &v, &positions, &geometry);
        let places: Vec<Vec<usize>> = lengths
            .iter()
            .map(|n| {
                [0, n / 2, n.saturating_sub(1)]
                    .into_iter()
                    .filter(|p| p < n)
                    .collect()
            })
            .collect();
        let wanted = Arc::new(QuerySelection::new(
            rows.offsets(),
            places.iter().map(Vec::as_slice),
        ));
        let move_there = |t: Tensor<2>| t.to_device(there).cast(dtype);
        let back = |t: Tensor<2>| t.cast(DType::F32).to_device(&device);
        let moved = match positions {
            PositionProjections::None => PositionProjections::None,
            PositionProjections::C2p { keys } => PositionProjections::C2p {
                keys: move_there(keys),
            },
            PositionProjections::P2c { queries } => PositionProjections::P2c {
                queries: move_there(queries),
            },
            PositionProjections::Both { keys, queries } => PositionProjections::Both {
                keys: move_there(keys),
                queries: move_there(queries),
            },
        };
        let [some_q, q, k, v] = [wanted.of(q.clone()), q, k, v].map(move_there);
        let some = back(fused(
            some_q,
            k.clone(),
            v.clone(),
            moved.clone(),
            &geometry,
            Some(&wanted),
            rounded,
        )) - wanted.of(expected.clone());
        let all = back(fused(q, k, v, moved, &geometry, None, rounded)) - expected.clone();
        let [some, all, whole] = [some, all, expected].map(|t| t.abs().max().into_scalar::<f32>());
        some.max(all) / whole
    }

    #[test]
    fn fused_equals_plain() {
        for terms in [
            PositionTerms::None,
            PositionTerms::C2p,
            PositionTerms::P2c,
            PositionTerms::Both,
        ] {
            for buckets in [None, Some(32)] {
                for lengths in [
                    vec![1],
                    vec![2, 31],
                    vec![3, 65, 1],
                    vec![63, 64],
                    vec![130, 0, 32, 33],
                    vec![255, 256, 257],
                ] {
                    let worst = worst(&lengths, 3, terms, buckets, false);
                    assert!(
                        worst < TOLERANCE,
                        "{terms:?} {buckets:?} {lengths:?}: {worst}"
                    );
                }
            }
        }
    }

    /// On every GPU that this build and this machine have, a software device included.
    #[cfg(feature = "_gpu")]
    #[test]
    fn fused_on_a_gpu_equals_plain_on_the_cpu() {
        // In f16 weights, sums and results are rounded to 11 bits.
        for (dtype, size, tolerance) in [(DType::F32, 8, TOLERANCE), (DType::F16, 32, 3e-3)] {
            for device in crate::device::for_tests()
                .iter()
                .filter(|device| device.supports_dtype(dtype))
            {
                for terms in [
                    PositionTerms::None,
                    PositionTerms::C2p,
                    PositionTerms::P2c,
                    PositionTerms::Both,
                ] {
                    for (lengths, heads, buckets) in [
                        (vec![1], 2, None),
                        (vec![2, 31], 2, Some(32)),
                        (vec![63, 64, 65], 3, Some(32)),
                        (vec![130, 0, 32, 33], 1, None),
                        (vec![255, 256, 257], 1, Some(32)),
                        (vec![511, 513], 1, Some(32)),
                    ] {
                        let worst = worst_on(
                            (device, dtype),
                            dtype,
                            &lengths,
                            [heads, size],
                            terms,
                            buckets,
                        );
                        assert!(
                            worst < tolerance,
                            "{device:?} {dtype:?} {terms:?} {buckets:?} {lengths:?}: {worst}"
                        );
                    }
                }
            }
        }
    }

    /// Only the softmax's numerators are rounded here, to 8 bits: by a part of 2⁻⁹ at most.
    #[test]
    fn rounded_factors_move_results_by_no_more_than_their_rounding() {
        for terms in [
            PositionTerms::None,
            PositionTerms::C2p,
            PositionTerms::P2c,
            PositionTerms::Both,
        ] {
            for lengths in [
                vec![1],
                vec![2, 31],
                vec![63, 64],
                vec![130, 0, 32, 33],
                vec![511, 512, 513],
            ] {
                let worst = worst(&lengths, 3, terms, Some(32), true);
                assert!(worst < 2.0 / 512.0, "{terms:?} {lengths:?}: {worst}");
            }
        }
    }

    #[test]
    fn fused_equals_plain_on_long_rows() {
        for terms in [
            PositionTerms::None,
            PositionTerms::C2p,
            PositionTerms::P2c,
            PositionTerms::Both,
        ] {
            for lengths in [vec![511, 512, 513], vec![2048], vec![3370]] {
                let worst = worst(&lengths, 1, terms, Some(32), false);
                assert!(worst < TOLERANCE, "{terms:?} {lengths:?}: {worst}");
            }
        }
    }
}
