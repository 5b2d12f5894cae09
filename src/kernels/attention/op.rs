//! Disentangled attention as an extension of burn's backends.

use std::sync::Arc;

use burn::backend::{Backend, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;

use crate::kernels::attention::{Geometry, QuerySelection};

/// Projected relative positions of one layer, `[2 · span, hidden]` each.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "one lives per layer at a time; tensors are handles"
)]
pub enum PositionProjections {
    None,
    C2p { keys: Tensor<2> },
    P2c { queries: Tensor<2> },
    Both { keys: Tensor<2>, queries: Tensor<2> },
}

/// The backends that have a fused version. Float tensors are f32 on a CPU.
#[backend_extension(Flex, Cube: cfg(feature = "_gpu"))]
#[expect(
    clippy::too_many_arguments,
    reason = "an extension takes tensors one by one"
)]
pub trait DisentangledAttention: Backend {
    /// Shapes as in [`fused`](crate::kernels::attention::fused); `pos_keys`, `pos_queries`:
    /// `[2 · span, hidden]`, read as far as `geometry.terms` says.
    fn disentangled_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        pos_keys: FloatTensor<Self>,
        pos_queries: FloatTensor<Self>,
        geometry: Geometry,
        selection: Option<Arc<QuerySelection>>,
        allow_bf16: bool,
    ) -> FloatTensor<Self>;
}
