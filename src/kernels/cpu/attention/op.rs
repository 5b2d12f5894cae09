//! The operation on burn's CPU backend: heads and token rows are divided among the threads.

use std::sync::Arc;

use burn::backend::{Flex, ops::FloatTensorOps, tensor::FloatTensor};
use burn::tensor::TensorData;
use rayon::prelude::*;

use crate::kernels::attention::{DisentangledAttention, Geometry, QuerySelection};
use crate::kernels::cpu::arithmetic::{Arithmetic, Bf16Factors, F32Factors};
use crate::kernels::cpu::attention::head_row::{HeadRow, RowScratch};
use crate::kernels::cpu::attention::tables::Tables;
use crate::kernels::cpu::matrix_view::MatrixView;
use crate::kernels::cpu::parts::side_by_side;

impl DisentangledAttention for Flex {
    fn disentangled_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        pos_keys: FloatTensor<Self>,
        pos_queries: FloatTensor<Self>,
        geometry: Geometry,
        selection: Option<Arc<QuerySelection>>,
        allow_bf16: bool,
    ) -> FloatTensor<Self> {
        let tensors = [query, key, value, pos_keys, pos_queries].map(|t| t.to_contiguous());
        let [query, key, value, pos_keys, pos_queries] = tensors.each_ref().map(|t| MatrixView {
            data: &t.storage::<f32>()[t.layout().start_offset()..],
            stride: t.layout().shape()[1],
        });
        let inputs = Inputs {
            query,
            key,
            value,
            pos_keys,
            pos_queries,
            geometry: &geometry,
            selection: selection.as_deref(),
        };
        let out = match Bf16Factors::new().filter(|_| allow_bf16) {
            Some(bf16) => inputs.attend(bf16),
            None => inputs.attend(F32Factors),
        };
        Self::float_from_data(
            TensorData::new(out, [inputs.queries(), query.stride]),
            &burn::backend::flex::FlexDevice,
        )
    }
}

/// Everything that the attention reads; shapes as in
/// [`fused`](crate::kernels::attention::fused).
struct Inputs<'a> {
    query: MatrixView<'a>,
    key: MatrixView<'a>,
    value: MatrixView<'a>,
    pos_keys: MatrixView<'a>,
    pos_queries: MatrixView<'a>,
    geometry: &'a Geometry,
    selection: Option<&'a QuerySelection>,
}

/// The queries of one head of one token row.
struct Task<'a> {
    /// The row's tokens among all tokens.
    tokens: std::ops::Range<usize>,
    /// The row's first query among all queries.
    first: usize,
    /// The queries' positions in the row.
    positions: &'a [usize],
    head: usize,
}

impl Inputs<'_> {
    /// Number of queries.
    fn queries(&self) -> usize {
        match self.selection {
            Some(selection) => selection.count(),
            None => self.geometry.offsets.last().copied().unwrap_or(0),
        }
    }

    /// → `[queries, hidden]`, on all threads.
    fn attend<A: Arithmetic>(&self, arithmetic: A) -> Vec<f32> {
        let (heads, hidden) = (self.geometry.heads, self.query.stride);
        let size = hidden / heads;
        let all_positions: Vec<usize> = (0..self.geometry.longest()).collect();
        let tasks = self.tasks(&all_positions);
        let pack_tables = |head: usize| {
            let (keys, queries) = (
                self.pos_keys.from(head * size),
                self.pos_queries.from(head * size),
            );
            Tables::pack(arithmetic, self.geometry, keys, queries, size)
        };
        let tables: Vec<Tables<A>> = (0..heads).into_par_iter().map(pack_tables).collect();
        let compute = |scratch: &mut RowScratch<A::Left>, task: &Task| {
            let start = |token: usize| token * hidden + task.head * size;
            let row = HeadRow {
                query: self.query.from(start(task.first)),
                positions: task.positions,
                key: self.key.from(start(task.tokens.start)),
                value: self.value.from(start(task.tokens.start)),
                tables: &tables[task.head],
                len: task.tokens.len(),
                size,
                geometry: self.geometry,
                arithmetic,
                scratch,
            };
            pulp::Arch::new().dispatch(row)
        };
        let contexts: Vec<Vec<f32>> = tasks
            .par_iter()
            .map_init(RowScratch::default, compute)
            .collect();
        side_by_side(&contexts, heads, size)
    }

    /// The heads of every row that has queries. `all_positions`: 0, 1, 2 … up to the longest row.
    fn tasks<'a>(&'a self, all_positions: &'a [usize]) -> Vec<Task<'a>> {
        let mut tasks = Vec::new();
        for (row, ends) in self.geometry.offsets.windows(2).enumerate() {
            let tokens = ends[0]..ends[1];
            let (first, positions) = match self.selection {
                Some(selection) => selection.row(row),
                None => (tokens.start, &all_positions[..tokens.len()]),
            };
            if tokens.is_empty() || positions.is_empty() {
                continue;
            }
            tasks.extend((0..self.geometry.heads).map(|head| Task {
                tokens: tokens.clone(),
                first,
                positions,
                head,
            }));
        }
        tasks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, Distribution, Tensor};

    use crate::kernels::attention::{PositionProjections, fused};
    use crate::kernels::relative_positions::{PositionTerms, RelativeConfig};
    use crate::model::TokenRows;
    use crate::model::deberta::{DebertaConfig, geometry, plain_attention};

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

    /// The same, with the fused version on another device and in another type than the plain one;
    /// `factors`: the type to which the random numbers are rounded before.
    fn worst_on(
        (other, dtype): (&Device, DType),
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
        let config = DebertaConfig {
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
        // Rounded products are compared on factors that rounding does not change.
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
        let expected = plain_attention(&q, &k, &v, &positions, &geometry);
        let positions_of_rows: Vec<Vec<usize>> = lengths
            .iter()
            .map(|n| {
                [0, n / 2, n.saturating_sub(1)]
                    .into_iter()
                    .filter(|p| p < n)
                    .collect()
            })
            .collect();
        let selection = Arc::new(rows.select(&positions_of_rows));
        let to_other = |t: Tensor<2>| t.to_device(other).cast(dtype);
        let back = |t: Tensor<2>| t.cast(DType::F32).to_device(&device);
        let moved = match positions {
            PositionProjections::None => PositionProjections::None,
            PositionProjections::C2p { keys } => PositionProjections::C2p {
                keys: to_other(keys),
            },
            PositionProjections::P2c { queries } => PositionProjections::P2c {
                queries: to_other(queries),
            },
            PositionProjections::Both { keys, queries } => PositionProjections::Both {
                keys: to_other(keys),
                queries: to_other(queries),
            },
        };
        let [some_q, q, k, v] = [selection.select(q.clone()), q, k, v].map(to_other);
        let some = back(fused(
            some_q,
            k.clone(),
            v.clone(),
            moved.clone(),
            &geometry,
            Some(&selection),
            rounded,
        )) - selection.select(expected.clone());
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

    /// On every GPU that this build supports and this machine has, software devices included.
    #[cfg(feature = "_gpu")]
    #[test]
    fn fused_on_a_gpu_equals_plain_on_the_cpu() {
        // In f16 weights, terms and results are rounded to 11 bits, in bf16 to 8.
        for (dtype, size, tolerance) in [
            (DType::F32, 8, TOLERANCE),
            (DType::F16, 32, 3e-3),
            (DType::F16, 64, 3e-3),
            (DType::BF16, 64, 3e-2),
        ] {
            for device in crate::device::devices_for_tests()
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
                        // Beyond the first half of the buckets a distance skips rows of the table.
                        (vec![70, 130, 201], 1, Some(64)),
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
