//! The operation on burn's CPU backend: heads and pieces are divided among the threads.

use std::sync::Arc;

use burn::backend::{Flex, ops::FloatTensorOps, tensor::FloatTensor};
use burn::tensor::TensorData;
use rayon::prelude::*;

use crate::kernels::attention::QuerySelection;
use crate::kernels::causal_attention::{CausalAttention, CausalGeometry, Piece};
use crate::kernels::cpu::arithmetic::{Arithmetic, Bf16Factors, F32Factors};
use crate::kernels::cpu::causal_attention::head_piece::HeadPiece;
use crate::kernels::cpu::matrix_view::MatrixView;
use crate::kernels::cpu::parts::side_by_side;
use crate::kernels::cpu::scratch::Scratch;

impl CausalAttention for Flex {
    fn causal_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        geometry: CausalGeometry,
        selection: Option<Arc<QuerySelection>>,
        allow_bf16: bool,
    ) -> FloatTensor<Self> {
        let tensors = [query, key, value].map(|t| t.to_contiguous());
        let [query, key, value] = tensors.each_ref().map(|t| MatrixView {
            data: &t.storage::<f32>()[t.layout().start_offset()..],
            stride: t.layout().shape()[1],
        });
        let queries = tensors[0].layout().shape()[0];
        let inputs = Inputs {
            query,
            key,
            value,
            geometry: &geometry,
            selection: selection.as_deref(),
        };
        let out = match Bf16Factors::new().filter(|_| allow_bf16) {
            Some(bf16) => inputs.attend(bf16),
            None => inputs.attend(F32Factors),
        };
        Self::float_from_data(
            TensorData::new(out, [queries, query.stride]),
            &burn::backend::flex::FlexDevice,
        )
    }
}

/// Everything that the attention reads; shapes as in
/// [`causal_attention`](crate::kernels::causal_attention::causal_attention).
struct Inputs<'a> {
    query: MatrixView<'a>,
    key: MatrixView<'a>,
    value: MatrixView<'a>,
    geometry: &'a CausalGeometry,
    selection: Option<&'a QuerySelection>,
}

/// A piece that has queries.
struct Queried<'a> {
    piece: &'a Piece,
    /// The piece's first query among all queries.
    first: usize,
    /// The queries' places among the keys.
    places: Vec<usize>,
}

/// Keys and values of a key head, packed.
struct Packed<A: Arithmetic> {
    keys: A::Right,
    values: A::Right,
}

impl Inputs<'_> {
    /// → `[queries, hidden]`, on all threads.
    fn attend<A: Arithmetic>(&self, arithmetic: A) -> Vec<f32> {
        let CausalGeometry {
            heads,
            key_heads,
            head_size,
            ..
        } = *self.geometry;
        let queried = self.queried();
        let packed: Vec<Packed<A>> = (0..queried.len() * key_heads)
            .into_par_iter()
            .map(|at| {
                pulp::Arch::new().dispatch(Pack {
                    inputs: self,
                    piece: queried[at / key_heads].piece,
                    head: at % key_heads,
                    arithmetic,
                })
            })
            .collect();
        let compute = |scratch: &mut Scratch<A::Left>, at: usize| {
            let (piece, head) = (at / heads, at % heads);
            let Queried { first, places, .. } = &queried[piece];
            let packed = &packed[piece * key_heads + head / (heads / key_heads)];
            pulp::Arch::new().dispatch(HeadPiece {
                query: self
                    .query
                    .from(first * self.query.stride + head * head_size),
                places,
                keys: &packed.keys,
                values: &packed.values,
                geometry: self.geometry,
                arithmetic,
                scratch,
            })
        };
        let contexts: Vec<Vec<f32>> = (0..queried.len() * heads)
            .into_par_iter()
            .map_init(Scratch::default, compute)
            .collect();
        side_by_side(&contexts, heads, head_size)
    }

    fn queried(&self) -> Vec<Queried<'_>> {
        let queries_of = |(at, piece): (usize, &'_ Piece)| match self.selection {
            None => (piece.tokens.start, (0..piece.tokens.len()).collect()),
            Some(selection) => {
                let (first, positions) = selection.row(at);
                (first, positions.to_vec())
            }
        };
        let mut queried = Vec::new();
        for (at, piece) in self.geometry.pieces.iter().enumerate() {
            let (first, mut places): (usize, Vec<usize>) = queries_of((at, piece));
            for place in &mut places {
                *place += piece.prefix.len();
            }
            if !places.is_empty() {
                queried.push(Queried {
                    piece,
                    first,
                    places,
                });
            }
        }
        queried
    }
}

/// The packing of a piece's keys and values for one key head.
///
/// A type instead of a closure, so that it is inlined into the function that is compiled for the
/// processor's widest instructions.
struct Pack<'a, A> {
    inputs: &'a Inputs<'a>,
    piece: &'a Piece,
    head: usize,
    arithmetic: A,
}

impl<A: Arithmetic> pulp::NullaryFnOnce for Pack<'_, A> {
    type Output = Packed<A>;

    #[inline(always)]
    fn call(self) -> Packed<A> {
        let (size, piece) = (self.inputs.geometry.head_size, self.piece);
        let [keys, values] = [self.inputs.key, self.inputs.value].map(|matrix| {
            let of_head = matrix.from(self.head * size);
            let prefix = of_head.rows(piece.prefix.clone(), size);
            prefix.chain(of_head.rows(piece.tokens.clone(), size))
        });
        Packed {
            keys: self.arithmetic.right(keys, size),
            values: self.arithmetic.right_by_depth(values, piece.keys(), size),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Distribution, Tensor};

    use crate::kernels::causal_attention::causal_attention;

    const SIZE: usize = 24;
    const HEADS: usize = 4;
    const KEY_HEADS: usize = 2;

    fn geometry(pieces: &[Piece], window: Option<usize>, cap: Option<f32>) -> CausalGeometry {
        CausalGeometry {
            heads: HEADS,
            key_heads: KEY_HEADS,
            head_size: SIZE,
            scale: 0.2,
            soft_cap: cap,
            window,
            pieces: pieces.into(),
        }
    }

    fn random(tokens: usize, width: usize) -> Tensor<2> {
        Tensor::random(
            [tokens, width],
            Distribution::Normal(0.0, 1.5),
            &Device::flex(),
        )
    }

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    /// The definition, in f64.
    fn defined(q: &[f32], k: &[f32], v: &[f32], g: &CausalGeometry) -> Vec<f64> {
        let (stride, key_stride) = (HEADS * SIZE, KEY_HEADS * SIZE);
        let mut out = vec![0.0; q.len()];
        for piece in g.pieces.iter() {
            let keys: Vec<usize> = piece.prefix.clone().chain(piece.tokens.clone()).collect();
            for (i, token) in piece.tokens.clone().enumerate() {
                let place = piece.prefix.len() + i;
                let first = g.window.map_or(0, |w| (place + 1).saturating_sub(w));
                for head in 0..HEADS {
                    let at = token * stride + head * SIZE;
                    let key_at = |key: usize| key * key_stride + head / 2 * SIZE;
                    let score = |key: &usize| {
                        let products = (0..SIZE)
                            .map(|d| f64::from(q[at + d]) * f64::from(k[key_at(*key) + d]));
                        let score = products.sum::<f64>() * f64::from(g.scale);
                        g.soft_cap.map_or(score, |cap| {
                            f64::from(cap) * (score / f64::from(cap)).tanh()
                        })
                    };
                    let seen = &keys[first..=place];
                    let weights: Vec<f64> = seen.iter().map(|key| score(key).exp()).collect();
                    let sum: f64 = weights.iter().sum();
                    for d in 0..SIZE {
                        let terms = seen.iter().zip(&weights);
                        out[at + d] = terms
                            .map(|(key, w)| w * f64::from(v[key_at(*key) + d]))
                            .sum::<f64>()
                            / sum;
                    }
                }
            }
        }
        out
    }

    fn pieces_of(lengths: &[usize]) -> Vec<Piece> {
        let mut end = 0;
        let piece = |length: &usize| {
            let start = end;
            end += length;
            Piece {
                tokens: start..end,
                prefix: 0..0,
            }
        };
        lengths.iter().map(piece).collect()
    }

    #[test]
    fn attention_is_its_definition() {
        Device::flex().seed(5);
        let mut pieces = pieces_of(&[40, 1, 33, 130]);
        // What follows the first piece in two rows.
        pieces[1].prefix = 0..40;
        pieces[3].prefix = 0..40;
        for window in [None, Some(1), Some(7), Some(32), Some(1000)] {
            for cap in [None, Some(2.0)] {
                let g = geometry(&pieces, window, cap);
                let [q, k, v] = [HEADS, KEY_HEADS, KEY_HEADS].map(|n| random(204, n * SIZE));
                let run = |bf16| {
                    let found = causal_attention(q.clone(), k.clone(), v.clone(), &g, None, bf16);
                    values(found)
                };
                let [q, k, v] = [&q, &k, &v].map(|t| values(t.clone()));
                let expected = defined(&q, &k, &v, &g);
                for (bf16, within) in [(false, 2e-5), (true, 0.05)] {
                    for (found, expected) in run(bf16).iter().zip(&expected) {
                        let off = (f64::from(*found) - expected).abs();
                        assert!(off < within, "{window:?} {cap:?} bf16 {bf16}: {off}");
                    }
                }
            }
        }
    }

    /// A query alone, after a shared prefix, or among all: the same to the bit.
    #[test]
    fn company_changes_no_bit() {
        Device::flex().seed(6);
        let [q, k, v] = [HEADS, KEY_HEADS, KEY_HEADS].map(|n| random(150, n * SIZE));
        let whole = pieces_of(&[150]);
        let mut shared = pieces_of(&[61, 89]);
        shared[1].prefix = 0..61;
        for window in [None, Some(50)] {
            for bf16 in [false, true] {
                let run = |pieces: &[Piece], q: Tensor<2>, selection: Option<&Arc<_>>| {
                    let g = geometry(pieces, window, None);
                    values(causal_attention(
                        q,
                        k.clone(),
                        v.clone(),
                        &g,
                        selection,
                        bf16,
                    ))
                };
                let all = run(&whole, q.clone(), None);
                assert_eq!(run(&shared, q.clone(), None), all);
                for place in [0, 60, 61, 100, 149] {
                    let selection = Arc::new(QuerySelection::new(&[0, 150], [&[place][..]]));
                    let one = run(&whole, selection.select(q.clone()), Some(&selection));
                    assert_eq!(one, all[place * HEADS * SIZE..][..HEADS * SIZE], "{place}");
                }
            }
        }
    }
}
