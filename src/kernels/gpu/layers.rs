//! Linear layers, and the operations between them, each in one pass over the memory.
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]
#![expect(clippy::cast_possible_truncation, reason = "sizes of a model")]

use burn::backend::cubecl::dtype_to_storage_type;
use burn::backend::{Backend, Dispatch, DispatchDevice, backend_extension, tensor::FloatTensor};
use burn::tensor::{DType, Device, Tensor};
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::ir::ElemType;
use cubecl::prelude::*;

use crate::kernels::gpu::buffers::{empty_like, vector_size, vectors_of};
use crate::kernels::gpu::cube_rows::{cubes_of_rows, sum_of_lanes, sum_of_units};
use crate::kernels::gpu::matmul;
use crate::kernels::gpu::wide_product::{self, wide_product};

/// x · `weight`ᵀ, plus `bias` if there is one. `x`: `[rows, input]`; `weight`: `[output, input]`;
/// `bias`: `[output]` → `[rows, output]`
pub(crate) fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
    let adds = bias.is_some();
    // An extension takes tensors, not options: this one is not read, and takes no memory.
    let bias = bias.unwrap_or_else(|| weight.clone().flatten(0, 1));
    Tensor::from_dispatch(<Dispatch as Layers>::linear(
        x.into_dispatch(),
        weight.transpose().into_dispatch(),
        bias.into_dispatch(),
        adds,
    ))
}

/// Whether products of many rows have a kernel of their own on this device in this type.
pub(crate) fn has_wide_product(device: &Device, dtype: DType) -> bool {
    let DispatchDevice::Cube(device) = device.as_dispatch() else {
        return false;
    };
    wide_product::exists(device.client().properties(), dtype_to_storage_type(dtype))
}

/// x + `bias`, through the exact GELU if `gelu`. `x`: `[rows, size]`; `bias`: `[size]` →
/// `[rows, size]`
pub(crate) fn add_bias(x: Tensor<2>, bias: Tensor<1>, gelu: bool) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as Layers>::add_bias(
        x.into_dispatch(),
        bias.into_dispatch(),
        gelu,
    ))
}

/// The normalisation of x, or of x + bias + residual. `x`: `[rows, size]`; `summands`: bias
/// `[size]` and residual `[rows, size]`; `gamma`, `beta`: `[size]` → `[rows, size]`
pub(crate) fn add_norm(
    x: Tensor<2>,
    summands: Option<(Tensor<1>, Tensor<2>)>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    eps: f64,
) -> Tensor<2> {
    let (adds, bias, residual) = match summands {
        Some((bias, residual)) => (true, bias, residual),
        // An extension takes tensors, not options: these are not read.
        None => (false, gamma.clone(), x.clone()),
    };
    Tensor::from_dispatch(<Dispatch as Layers>::add_norm(
        x.into_dispatch(),
        bias.into_dispatch(),
        residual.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        adds,
        eps,
    ))
}

/// The operations as an extension of burn's GPU backends; shapes as in the functions above.
#[backend_extension(Cube)]
pub trait Layers: Backend {
    /// `weight`: `[input, output]`; `adds`: whether `bias` is read.
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        adds: bool,
    ) -> FloatTensor<Self>;
    fn add_bias(x: FloatTensor<Self>, bias: FloatTensor<Self>, gelu: bool) -> FloatTensor<Self>;
    /// `adds`: whether `bias` and `residual` are read.
    fn add_norm(
        x: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        adds: bool,
        eps: f64,
    ) -> FloatTensor<Self>;
}

/// Units that share a row in the normalisation.
const UNITS: u32 = 128;

impl Layers for CubeBackend {
    fn linear(x: CubeTensor, weight: CubeTensor, bias: CubeTensor, adds: bool) -> CubeTensor {
        let bias = adds.then_some(bias);
        if let Some(y) = wide_product(&x, &weight, bias.as_ref()) {
            return y;
        }
        let y = matmul::linear(&x, &weight);
        match bias {
            Some(bias) => Self::add_bias(y, bias, false),
            None => y,
        }
    }

    fn add_bias(x: CubeTensor, bias: CubeTensor, gelu: bool) -> CubeTensor {
        let (client, element, width) = (
            x.client.clone(),
            dtype_to_storage_type(x.dtype),
            x.meta.shape()[1],
        );
        let output = empty_like(&x, x.dtype);
        let lanes = vector_size(client.properties(), element, width);
        let vectors = x.meta.num_elements() / lanes;
        let cube_dim = CubeDim::new(&client, vectors);
        let cube_count = calculate_cube_count_elemwise(&client, vectors, cube_dim);
        let [x, bias, to] = [x, bias, output.clone()].map(|tensor| vectors_of(tensor, lanes));
        bias_kernel::launch(
            &client,
            cube_count,
            cube_dim,
            lanes,
            x,
            bias,
            to,
            width / lanes,
            gelu,
            element,
        );
        output
    }

    fn add_norm(
        x: CubeTensor,
        bias: CubeTensor,
        residual: CubeTensor,
        gamma: CubeTensor,
        beta: CubeTensor,
        adds: bool,
        eps: f64,
    ) -> CubeTensor {
        let (client, element, shape) = (
            x.client.clone(),
            dtype_to_storage_type(x.dtype),
            x.meta.shape().clone(),
        );
        let output = empty_like(&x, x.dtype);
        let (rows, width) = (shape[0], shape[1]);
        let lanes = vector_size(client.properties(), element, width);
        let [x, bias, residual, gamma, beta, to] = [x, bias, residual, gamma, beta, output.clone()]
            .map(|tensor| vectors_of(tensor, lanes));
        let eps = eps as f32;
        norm_kernel::launch(
            &client,
            cubes_of_rows(&client, rows),
            CubeDim::new_1d(UNITS),
            lanes,
            x,
            bias,
            residual,
            gamma,
            beta,
            to,
            rows,
            eps,
            width / lanes,
            adds,
            element,
        );
        output
    }
}

/// `x`, `output`: `[rows, width]`; `bias`: `[width]`, in vectors.
#[cube(launch)]
fn bias_kernel<E: Float, N: Size>(
    x: &[Vector<E, N>],
    bias: &[Vector<E, N>],
    output: &mut [Vector<E, N>],
    width: usize,
    #[comptime] gelu: bool,
    #[define(E)] _dtype: ElemType,
) {
    let at = ABSOLUTE_POS;
    if at >= output.len() {
        terminate!();
    }
    let mut y = Vector::<f32, N>::cast_from(x[at]) + Vector::<f32, N>::cast_from(bias[at % width]);
    if gelu {
        let half = Vector::<f32, N>::new(0.5);
        let one = Vector::<f32, N>::new(1.0);
        let inverse_root = Vector::<f32, N>::new(std::f32::consts::FRAC_1_SQRT_2);
        y = half * y * (one + Erf::erf(y * inverse_root));
    }
    output[at] = Vector::<E, N>::cast_from(y);
}

/// A cube of [`UNITS`] units for each row; `x`, `residual`, `output`: `[rows, width]`, the others
/// `[width]`, in vectors.
#[cube(launch)]
#[expect(
    clippy::too_many_arguments,
    reason = "a kernel takes buffers one by one"
)]
fn norm_kernel<E: Float, N: Size>(
    x: &[Vector<E, N>],
    bias: &[Vector<E, N>],
    residual: &[Vector<E, N>],
    gamma: &[Vector<E, N>],
    beta: &[Vector<E, N>],
    output: &mut [Vector<E, N>],
    rows: usize,
    eps: f32,
    #[comptime] width: usize,
    #[comptime] adds: bool,
    #[define(E)] _dtype: ElemType,
) {
    let mut values = Shared::<[Vector<f32, N>]>::new_slice(width);
    let units = comptime!(UNITS as usize);
    let mut parts = Shared::<[f32]>::new_slice(units);
    let unit = UNIT_POS as usize;
    let lanes = N::value();
    let count = f32::cast_from((width * lanes) as u32);
    let mut row = CUBE_POS_X as usize;
    while row < rows {
        let begin = row * width;
        let mut sum = f32::new(0.0);
        let mut c = unit;
        while c < width {
            let mut y = Vector::<f32, N>::cast_from(x[begin + c]);
            if adds {
                y += Vector::<f32, N>::cast_from(bias[c])
                    + Vector::<f32, N>::cast_from(residual[begin + c]);
            }
            values[c] = y;
            sum += sum_of_lanes::<N>(y);
            c += UNITS as usize;
        }
        let mean = Vector::<f32, N>::new(sum_of_units(sum, &mut parts, units) / count);
        let mut squares = f32::new(0.0);
        let mut c = unit;
        while c < width {
            let y = values[c] - mean;
            squares += sum_of_lanes::<N>(y * y);
            c += UNITS as usize;
        }
        let deviation =
            Vector::<f32, N>::new((sum_of_units(squares, &mut parts, units) / count + eps).sqrt());
        let mut c = unit;
        while c < width {
            let y = (values[c] - mean) / deviation;
            output[begin + c] = Vector::<E, N>::cast_from(
                y * Vector::<f32, N>::cast_from(gamma[c]) + Vector::<f32, N>::cast_from(beta[c]),
            );
            c += UNITS as usize;
        }
        row += CUBE_COUNT_X as usize;
    }
}
