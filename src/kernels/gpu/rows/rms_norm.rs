//! Root-mean-square normalisation.
#![expect(clippy::cast_possible_truncation, reason = "sizes of a model")]
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]

use burn::backend::cubecl::dtype_to_storage_type;
use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::ir::{ElemType, FloatKind};
use cubecl::prelude::*;

use crate::kernels::gpu::buffers::{Numbers, empty_like, vector_size, vectors_of};
use crate::kernels::gpu::cube_rows::{cubes_of_rows, sum_of_lanes, sum_of_units};
use crate::kernels::rows::RmsNormWeights;

/// Units that share a row, at most.
const UNITS: usize = 128;

/// Normalises each stretch of as many elements as there are weights; the result has the shape of
/// `x` and this type.
pub(super) fn rms_norm(x: CubeTensor, weights: &RmsNormWeights, dtype: DType) -> CubeTensor {
    let client = x.client.clone();
    let size = weights.weight.len();
    let rows = x.meta.num_elements() / size;
    let output = empty_like(&x, dtype);
    let wide = ElemType::Float(FloatKind::F32);
    let lanes = vector_size(client.properties(), wide, size);
    let units = (size / lanes).next_power_of_two().min(UNITS);
    let x_type = x.dtype;
    let weight = weights
        .weight
        .get_or_upload(|weight| Numbers::upload(&client, weight));
    norm_kernel::launch(
        &client,
        cubes_of_rows(&client, rows),
        CubeDim::new_1d(units as u32),
        lanes,
        vectors_of(x, lanes),
        weight.vectors(lanes),
        vectors_of(output.clone(), lanes),
        rows,
        weights.eps,
        size / lanes,
        units,
        [x_type, dtype].map(dtype_to_storage_type),
    );
    output
}

/// A cube of `units` units for each row; `x`, `output`: `[rows, width]`, `weight`: `[width]`, in
/// vectors. In transformers' order: first the root, then the weight.
#[cube(launch)]
fn norm_kernel<I: Float, O: Float, N: Size>(
    x: &[Vector<I, N>],
    weight: &[Vector<f32, N>],
    output: &mut [Vector<O, N>],
    rows: usize,
    eps: f32,
    #[comptime] width: usize,
    #[comptime] units: usize,
    #[define(I, O)] _dtypes: [ElemType; 2],
) {
    let mut parts = Shared::<[f32]>::new_slice(units);
    let unit = UNIT_POS as usize;
    let lanes = N::value();
    let count = f32::cast_from((width * lanes) as u32);
    let mut row = CUBE_POS_X as usize;
    while row < rows {
        let begin = row * width;
        let mut squares = f32::new(0.0);
        let mut c = unit;
        while c < width {
            let y = Vector::<f32, N>::cast_from(x[begin + c]);
            squares += sum_of_lanes::<N>(y * y);
            c += units;
        }
        let mean = sum_of_units(squares, &mut parts, units) / count;
        let root = Vector::<f32, N>::new((mean + eps).sqrt());
        let mut c = unit;
        while c < width {
            let y = Vector::<f32, N>::cast_from(x[begin + c]) / root;
            output[begin + c] = Vector::<O, N>::cast_from(y * weight[c]);
            c += units;
        }
        row += CUBE_COUNT_X as usize;
    }
}
