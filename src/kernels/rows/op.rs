//! The operations on rows as an extension of burn's backends.

use burn::backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::{DType, Tensor};

use crate::kernels::rows::gate::GateActivation;
use crate::kernels::rows::rms_norm::RmsNormWeights;
use crate::kernels::rows::rotation::Rotation;

/// The normalised rows in this type. `x`: `[rows, size]` → `[rows, size]`
pub(crate) fn rms_norm(x: Tensor<2>, weights: &RmsNormWeights, dtype: DType) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as RowOperations>::rms_norm(
        x.into_dispatch(),
        weights.clone(),
        dtype,
    ))
}

/// The rotated heads. `x`: `[rows, heads · head size]` → the same shape
pub(crate) fn rotate(x: Tensor<2>, rotation: &Rotation) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as RowOperations>::rotate(
        x.into_dispatch(),
        rotation.clone(),
    ))
}

/// activation(gate) · up. Both: `[rows, size]` → `[rows, size]`
pub(crate) fn gate(gate: Tensor<2>, up: Tensor<2>, activation: GateActivation) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as RowOperations>::gate(
        gate.into_dispatch(),
        up.into_dispatch(),
        activation,
    ))
}

/// The backends that have them. Float tensors are f32 on a CPU.
#[backend_extension(Flex, Cube: cfg(feature = "_gpu"))]
pub trait RowOperations: Backend {
    /// Shapes as in [`rms_norm`].
    fn rms_norm(x: FloatTensor<Self>, weights: RmsNormWeights, dtype: DType) -> FloatTensor<Self>;

    /// Shapes as in [`rotate`].
    fn rotate(x: FloatTensor<Self>, rotation: Rotation) -> FloatTensor<Self>;

    /// Shapes as in [`gate`].
    fn gate(
        gate: FloatTensor<Self>,
        up: FloatTensor<Self>,
        activation: GateActivation,
    ) -> FloatTensor<Self>;
}
