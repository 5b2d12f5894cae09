//! The gate of a gated feed-forward layer.
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use burn::backend::cubecl::dtype_to_storage_type;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::ir::ElemType;
use cubecl::prelude::*;

use crate::kernels::gpu::buffers::{empty_like, vector_size, vectors_of};
use crate::kernels::rows::GateActivation;

/// Of x in the exponent of SiLU.
const SILU: f32 = -1.0;

/// Of x + 0.044715 x³ in the exponent of GELU: −2 √(2 / π).
const GELU: f32 = -2.0 * (FRAC_2_SQRT_PI * FRAC_1_SQRT_2);
const GELU_CUBE: f32 = 0.044_715;

/// activation(gate) · up; both of any shape.
pub(super) fn gate(gate: CubeTensor, up: CubeTensor, activation: GateActivation) -> CubeTensor {
    let client = gate.client.clone();
    let output = empty_like(&gate, gate.dtype);
    let element = dtype_to_storage_type(gate.dtype);
    let elements = gate.meta.num_elements();
    let lanes = vector_size(client.properties(), element, elements);
    let cube_dim = CubeDim::new(&client, elements / lanes);
    let [gate, up, to] = [gate, up, output.clone()].map(|tensor| vectors_of(tensor, lanes));
    gate_kernel::launch(
        &client,
        calculate_cube_count_elemwise(&client, elements / lanes, cube_dim),
        cube_dim,
        lanes,
        gate,
        up,
        to,
        activation == GateActivation::GeluTanh,
        element,
    );
    output
}

/// With SiLU, or the tanh approximation of GELU if `gelu`. Both are x · σ(y): a hyperbolic tangent,
/// which some drivers do not have for large numbers, is not needed.
#[cube(launch)]
fn gate_kernel<E: Float, N: Size>(
    gate: &[Vector<E, N>],
    up: &[Vector<E, N>],
    output: &mut [Vector<E, N>],
    #[comptime] gelu: bool,
    #[define(E)] _dtype: ElemType,
) {
    let at = ABSOLUTE_POS;
    if at >= output.len() {
        terminate!();
    }
    let one = Vector::<f32, N>::new(1.0);
    let x = Vector::<f32, N>::cast_from(gate[at]);
    let mut exponent = x * Vector::<f32, N>::new(SILU);
    if gelu {
        let cube = x * x * x * Vector::<f32, N>::new(GELU_CUBE);
        exponent = (x + cube) * Vector::<f32, N>::new(GELU);
    }
    let activated = x / (one + exponent.exp());
    output[at] = Vector::<E, N>::cast_from(activated * Vector::<f32, N>::cast_from(up[at]));
}
