//! The fused disentangled attention of the device that holds the tensors.

use std::sync::Arc;

use burn::backend::{Dispatch, DispatchDevice};
use burn::tensor::Tensor;

use crate::kernels::attention::{
    DisentangledAttention, Geometry, PositionProjections, QuerySelection,
};

/// Whether the device of `x` `[tokens, hidden]` has a fused version for heads of this size. Devices
/// with autodiff have none.
#[cfg_attr(
    not(feature = "_gpu"),
    expect(unused_variables, reason = "the CPU takes heads of every size")
)]
pub(crate) fn is_fused(x: &Tensor<2>, geometry: &Geometry) -> bool {
    match x.device().as_dispatch() {
        DispatchDevice::Flex(_) => true,
        #[cfg(feature = "_gpu")]
        DispatchDevice::Cube(device) => crate::kernels::gpu::attention::fits(
            &device.client(),
            x.dtype(),
            x.dims()[1] / geometry.heads,
            geometry.terms,
        ),
        #[allow(
            unreachable_patterns,
            reason = "some builds have only these two devices"
        )]
        _ => false,
    }
}

/// Attention of every packed row over itself, on a device for which `is_fused` holds.
///
/// `query`: `[queries, hidden]`, the tokens of `selection` or all tokens; `key`, `value`:
/// `[tokens, hidden]`, heads side by side → `[queries, hidden]`. `allow_bf16`: the products may
/// round their factors to bf16 where that is faster.
pub fn fused(
    query: Tensor<2>,
    key: Tensor<2>,
    value: Tensor<2>,
    positions: PositionProjections,
    geometry: &Geometry,
    selection: Option<&Arc<QuerySelection>>,
    allow_bf16: bool,
) -> Tensor<2> {
    // An extension takes tensors, not options. In place of an absent table it gets a tensor that
    // is at hand; `geometry.terms` says that it is not read.
    let (keys, queries) = match positions {
        PositionProjections::None => (query.clone(), query.clone()),
        PositionProjections::C2p { keys } => (keys.clone(), keys),
        PositionProjections::P2c { queries } => (queries.clone(), queries),
        PositionProjections::Both { keys, queries } => (keys, queries),
    };
    Tensor::from_dispatch(<Dispatch as DisentangledAttention>::disentangled_attention(
        query.into_dispatch(),
        key.into_dispatch(),
        value.into_dispatch(),
        keys.into_dispatch(),
        queries.into_dispatch(),
        geometry.clone(),
        selection.cloned(),
        allow_bf16,
    ))
}
