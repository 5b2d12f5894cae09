//! The linear layer with packed weights as an extension of burn's CPU backend.

use burn::backend::{
    Backend, Dispatch, Flex, backend_extension, ops::FloatTensorOps, tensor::FloatTensor,
};
use burn::tensor::{Tensor, TensorData};

use crate::kernels::activation::Activation;
use crate::kernels::cpu::dot::DotType;
use crate::kernels::cpu::dot_layer;
use crate::kernels::cpu::dot_layer::Factors;
use crate::kernels::cpu::epilogue::Epilogue;
use crate::kernels::cpu::int8::Int8Factors;
use crate::kernels::cpu::linear::float;
use crate::kernels::cpu::linear::gated::GatedLayers;
use crate::kernels::cpu::linear::weights::{LinearWeights, PackedLayer};
use crate::kernels::cpu::rows::values;

/// x`[rows, input]` · Wᵀ + `bias[output]`, then the activation → `[rows, output]`
pub(crate) fn linear(
    x: Tensor<2>,
    layer: &PackedLayer,
    activation: Option<Activation>,
) -> Tensor<2> {
    let epilogue = Epilogue {
        bias: layer.bias.clone(),
        activation,
    };
    Tensor::from_dispatch(<Dispatch as PackedLinear>::packed_linear(
        x.into_dispatch(),
        layer.weights.clone(),
        epilogue,
    ))
}

/// down(activation(gate · x) · (up · x)); `x`: `[rows, hidden]` → `[rows, hidden]`
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
        match &weights {
            LinearWeights::Float(weights) => {
                matrix(float::product(values, weights, &epilogue), weights.output())
            }
            LinearWeights::Bf16(weights) => dot_product(values, weights.as_ref(), &epilogue),
            LinearWeights::Affine(weights) => dot_product(values, weights.as_ref(), &epilogue),
            LinearWeights::Int8(weights) => {
                let factors = Int8Factors::of_batch(weights, values);
                dot_product(values, &factors, &epilogue)
            }
        }
    }

    fn gated_feed_forward(x: FloatTensor<Self>, layers: GatedLayers) -> FloatTensor<Self> {
        let x = x.to_contiguous();
        let hidden = x.layout().shape()[1];
        matrix(layers.forward(values(&x)), hidden)
    }
}

/// `x`: `[rows, input]` → `[rows, output]`
fn dot_product<F: Factors>(x: &[f32], factors: &F, epilogue: &Epilogue) -> FloatTensor<Flex> {
    let out = dot_layer::product(F::Dot::engine(), x, factors, epilogue);
    matrix(out, factors.output())
}

/// `[rows, output]`
fn matrix(values: Vec<f32>, output: usize) -> FloatTensor<Flex> {
    let rows = values.len() / output;
    Flex::float_from_data(
        TensorData::new(values, [rows, output]),
        &burn::backend::flex::FlexDevice,
    )
}
