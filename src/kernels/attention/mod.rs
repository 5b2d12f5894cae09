//! The fused disentangled attention of whichever device has one.

mod op;

use std::sync::Arc;

use burn::backend::{Dispatch, DispatchDevice};
use burn::tensor::Tensor;

pub use op::{DisentangledAttention, Geometry, PositionProjections, QuerySelection, Uploaded};

/// Whether the device of `x` has a fused version for these heads, without a gradient.
#[cfg_attr(
    not(feature = "_gpu"),
    expect(unused_variables, reason = "a CPU takes all")
)]
pub fn is_fused(x: &Tensor<2>, geometry: &Geometry) -> bool {
    match x.device().as_dispatch() {
        DispatchDevice::Flex(_) => true,
        #[cfg(feature = "_gpu")]
        DispatchDevice::Cube(device) => crate::kernels::gpu::attention::fits(
            &device.client(),
            x.dtype(),
            x.dims()[1] / geometry.heads,
            geometry.terms,
        ),
        #[allow(unreachable_patterns, reason = "some builds have these two only")]
        _ => false,
    }
}

/// Attention over packed rows on a device that [`is_fused`]; shapes as in
/// [`crate::model::attention::plain`], but for `query`, which has the wanted tokens only: `[wanted,
/// hidden]` → `[wanted, hidden]`. `rounded`: the products may round their factors to bf16, where
/// that is faster.
pub fn fused(
    query: Tensor<2>,
    key: Tensor<2>,
    value: Tensor<2>,
    positions: PositionProjections,
    geometry: &Geometry,
    wanted: Option<&Arc<QuerySelection>>,
    rounded: bool,
) -> Tensor<2> {
    // The extension takes tensors, not options: an absent table is stood in for by one that the
    // terms in `geometry` say is never read.
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
        wanted.cloned(),
        rounded,
    ))
}
