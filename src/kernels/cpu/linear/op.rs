//! The linear layer with packed weights as an extension of burn's CPU backend.

use std::sync::Arc;

use burn::backend::{
    Backend, Dispatch, Flex, backend_extension, ops::FloatTensorOps, tensor::FloatTensor,
};
use burn::tensor::{Tensor, TensorData};

use crate::kernels::activation::Activation;
use crate::kernels::cpu::affine;
use crate::kernels::cpu::bf16;
use crate::kernels::cpu::bf16::GatedLayers;
use crate::kernels::cpu::epilogue::Epilogue;
use crate::kernels::cpu::int8;
use crate::kernels::cpu::linear::LinearWeights;
use crate::kernels::cpu::linear::float;
use crate::kernels::cpu::rows::values;

/// x`[rows, input]` · Wᵀ + `bias[output]`, then the activation → `[rows, output]`
pub(crate) fn linear(
    x: Tensor<2>,
    weights: &LinearWeights,
    bias: Option<Arc<[f32]>>,
    activation: Option<Activation>,
) -> Tensor<2> {
    let epilogue = Epilogue { bias, activation };
    Tensor::from_dispatch(<Dispatch as PackedLinear>::packed_linear(
        x.into_dispatch(),
        weights.clone(),
        epilogue,
    ))
}

/// down(activation(gate · x) · (up · x)), with factors in bf16; `x`: `[rows, hidden]` →
/// `[rows, hidden]`
pub(crate) fn gated_feed_forward(x: Tensor<2>, layers: GatedLayers) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as PackedLinear>::gated_feed_forward(
        x.into_dispatch(),
        layers,
    ))
}

/// The backends that have these products. Float tensors are f32.
#[backend_extension(Flex)]
pub trait PackedLinear: Backend {
    /// `x`: `[rows, input]` → `[rows, output]`
    fn packed_linear(
        x: FloatTensor<Self>,
        weights: LinearWeights,
        epilogue: Epilogue,
    ) -> FloatTensor<Self>;

    /// `x`: `[rows, hidden]` → `[rows, hidden]`
    fn gated_feed_forward(x: FloatTensor<Self>, layers: GatedLayers) -> FloatTensor<Self>;
}

impl PackedLinear for Flex {
    fn packed_linear(
        x: FloatTensor<Self>,
        weights: LinearWeights,
        epilogue: Epilogue,
    ) -> FloatTensor<Self> {
        let x = x.to_contiguous();
        let values = values(&x);
        let (out, output) = match &weights {
            LinearWeights::Float(weights) => {
                (float::product(values, weights, &epilogue), weights.output())
            }
            LinearWeights::Bf16(weights) => {
                (bf16::product(values, weights, &epilogue), weights.output())
            }
            LinearWeights::Affine(weights) => (
                affine::product(values, weights, &epilogue),
                weights.output(),
            ),
            LinearWeights::Int8(weights) => {
                (int8::product(values, weights, &epilogue), weights.output())
            }
        };
        matrix(out, output)
    }

    fn gated_feed_forward(x: FloatTensor<Self>, layers: GatedLayers) -> FloatTensor<Self> {
        let x = x.to_contiguous();
        let out = bf16::gated_feed_forward(values(&x), &layers);
        matrix(out, layers.down.weights.output())
    }
}

/// `[rows, output]`
fn matrix(values: Vec<f32>, output: usize) -> FloatTensor<Flex> {
    let rows = values.len() / output;
    Flex::float_from_data(
        TensorData::new(values, [rows, output]),
        &burn::backend::flex::FlexDevice,
    )
}
