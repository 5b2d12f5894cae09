//! Causal attention as an extension of burn's backends.

use std::sync::Arc;

use burn::backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;

use crate::kernels::attention::QuerySelection;
use crate::kernels::causal_attention::CausalGeometry;

/// Attention of every piece over itself and its prefix.
///
/// `query`: `[queries, heads · head size]`, the tokens of `selection` or all tokens; `key`,
/// `value`: `[tokens, key heads · head size]` → `[queries, heads · head size]`. `allow_bf16`: the
/// products may round their factors to bf16 where that is faster.
pub fn causal_attention(
    query: Tensor<2>,
    key: Tensor<2>,
    value: Tensor<2>,
    geometry: &CausalGeometry,
    selection: Option<&Arc<QuerySelection>>,
    allow_bf16: bool,
) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as CausalAttention>::causal_attention(
        query.into_dispatch(),
        key.into_dispatch(),
        value.into_dispatch(),
        geometry.clone(),
        selection.cloned(),
        allow_bf16,
    ))
}

/// The backends that have it. Float tensors are f32 on a CPU.
#[backend_extension(Flex, Cube: cfg(feature = "_gpu"))]
pub trait CausalAttention: Backend {
    /// Shapes as in [`causal_attention`].
    fn causal_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        geometry: CausalGeometry,
        selection: Option<Arc<QuerySelection>>,
        allow_bf16: bool,
    ) -> FloatTensor<Self>;
}
