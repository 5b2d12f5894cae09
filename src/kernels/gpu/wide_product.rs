//! The product of a linear layer with many rows, in half precision.
//!
//! A cube computes 128 rows of 256 outputs, its eight planes 64 × 64 each, all of whose sums stay
//! in registers. While it multiplies 64 inputs of both sides from the shared memory, the next 64
//! are on their way from the device's: the layout is that of CUTLASS' products before Hopper
//! ("Efficient GEMM in CUDA", CUTLASS documentation).
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]

use burn::backend::cubecl::dtype_to_storage_type;
use burn_cubecl::tensor::CubeTensor;
use cubecl::ir::ElemType;
use cubecl::prelude::*;

use crate::kernels::gpu::buffers::{empty, vectors_of};
use crate::kernels::gpu::fragments::{
    LANES, PADDING, PLANE, Pair, ROW_ALIGNMENT, available, left, multiply, right_pair, zeros,
};

/// Rows of a cube.
const ROWS: usize = 128;
/// Outputs of a cube.
const OUTPUTS: usize = 256;
/// Inputs that are multiplied at a time: half as many would wait for the memory, 1.3 times as long
/// on an H200.
const INPUTS: usize = 64;
/// Rows and outputs of a plane.
const SIDE: usize = 64;
const UNITS: usize = ROWS * OUTPUTS / SIDE / SIDE * PLANE;
/// What is loaded for a step: rows of x and of the weight, one below the other.
const LINES: usize = ROWS + OUTPUTS;
/// Elements of the shared memory from one line to the next, and for a step.
const STRIDE: usize = INPUTS + PADDING;
const STEP: usize = LINES * STRIDE;
/// Units that load a line together, and lines that all load at once.
const LOADERS: usize = INPUTS / LANES;
const LOADED: usize = UNITS / LOADERS;

/// x · weight where device and sizes suit. `x`: `[rows, input]`; `weight`: `[input, output]`, whose
/// inputs are side by side in memory → `[rows, output]`
pub(super) fn wide_product(x: &CubeTensor, weight: &CubeTensor) -> Option<CubeTensor> {
    let (client, element) = (&x.client, dtype_to_storage_type(x.dtype));
    let (rows, inputs) = (x.meta.shape()[0], x.meta.shape()[1]);
    let outputs = weight.meta.shape()[1];
    let shared = 2 * STEP * element.size();
    let [1, stride] = weight.meta.strides()[..] else {
        return None;
    };
    let suits = available(client.properties(), element, inputs, shared)
        && inputs.is_multiple_of(INPUTS)
        && stride.is_multiple_of(LANES)
        && outputs.is_multiple_of(LANES)
        && outputs >= OUTPUTS
        // Indices are 32 bits wide.
        && [rows * outputs / 2, rows * inputs / LANES, outputs * stride / LANES]
            .into_iter()
            .all(|vectors| u32::try_from(vectors).is_ok());
    if !suits {
        return None;
    }
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let weight_vectors = ((outputs - 1) * stride + inputs) / LANES;
    let output = empty(x, [rows, outputs]);
    let x = vectors_of(x.clone(), LANES);
    // SAFETY: the lengths are the tensors'; the kernel reads rows and outputs that are there, and
    // writes to those alone.
    unsafe {
        product::launch_unchecked(
            client,
            CubeCount::Static(
                count(outputs.div_ceil(OUTPUTS)),
                count(rows.div_ceil(ROWS)),
                1,
            ),
            CubeDim::new_1d(count(UNITS)),
            LANES,
            x,
            BufferArg::from_raw_parts(weight.handle.clone(), weight_vectors),
            output.clone().into_buffer_arg(),
            rows,
            outputs,
            inputs,
            stride,
            element,
        );
    }
    Some(output)
}

/// `x`: `[rows, inputs]`, `weight`: `[outputs, inputs]`, in vectors → `output`: `[rows, outputs]`
#[cube(launch_unchecked)]
fn product<E: Float, N: Size>(
    x: &[Vector<E, N>],
    weight: &[Vector<E, N>],
    output: &mut [E],
    rows: usize,
    outputs: usize,
    inputs: usize,
    stride: usize,
    #[define(E)] _dtype: ElemType,
) {
    let mut tiles = Shared::<[E]>::new_aligned_slice(comptime!(2 * STEP), ROW_ALIGNMENT);
    let first_row = CUBE_POS_Y as usize * ROWS;
    let first_output = CUBE_POS_X as usize * OUTPUTS;
    let plane = UNIT_POS as usize / PLANE;
    let across = comptime!(OUTPUTS / SIDE);
    let own_row = plane / across * SIDE;
    let own_output = plane % across * SIDE;
    // Sixteens of rows by eights of outputs.
    let eights = comptime!(SIDE / 8);
    let mut sums = zeros(comptime!(SIDE / 16 * eights));
    let mut ahead = Array::<Vector<E, N>>::new(comptime!(LINES / LOADED));

    let steps = inputs / INPUTS;
    fetch::<E, N>(
        x,
        weight,
        &mut ahead,
        first_row,
        first_output,
        rows,
        outputs,
        inputs,
        stride,
        0usize,
    );
    put(&ahead, &mut tiles, 0usize);
    sync_cube();
    let mut step = 0usize;
    while step < steps {
        // The last step fetches itself again, so that none needs a branch.
        fetch::<E, N>(
            x,
            weight,
            &mut ahead,
            first_row,
            first_output,
            rows,
            outputs,
            inputs,
            stride,
            min(step + 1, steps - 1),
        );
        let begin = step % 2 * STEP;
        #[unroll]
        for k in 0..comptime!(INPUTS / 16) {
            let mut rights = Sequence::<Array<Vector<E, Pair>>>::new();
            #[unroll]
            for j in 0..comptime!(eights / 2) {
                let at = begin + (ROWS + own_output + j * 16) * STRIDE + k * 16;
                rights.push(right_pair::<E>(&tiles, at, STRIDE));
            }
            #[unroll]
            for i in 0..comptime!(SIDE / 16) {
                let at = begin + (own_row + i * 16) * STRIDE + k * 16;
                let rows_of_x = left::<E>(&tiles, at, STRIDE);
                #[unroll]
                for j in 0..eights {
                    multiply::<E>(
                        &rows_of_x,
                        &rights[comptime!(j / 2)],
                        comptime!(j % 2),
                        &mut sums[comptime!(i * eights + j)],
                    );
                }
            }
        }
        // The other half was read in the step before, which all have left.
        put(&ahead, &mut tiles, (step + 1) % 2 * STEP);
        sync_cube();
        step += 1;
    }

    let unit = UNIT_POS_PLANE as usize;
    let to = output.as_vectorized_mut().with_vector_size_mut::<Pair>();
    #[unroll]
    for i in 0..comptime!(SIDE / 16) {
        #[unroll]
        for j in 0..eights {
            #[unroll]
            for half in 0..2usize {
                let row = first_row + own_row + i * 16 + half * 8 + unit / 4;
                let column = first_output + own_output + j * 8 + unit % 4 * 2;
                if row < rows && column < outputs {
                    let sum = sums[comptime!(i * eights + j)][half];
                    to[row * (outputs / 2) + column / 2] = Vector::cast_from(sum);
                }
            }
        }
    }
}

/// Reads this unit's share of a step. Rows and outputs that are not there are the last one again,
/// and their sums are not stored.
#[cube]
#[expect(
    clippy::too_many_arguments,
    reason = "the numbers of a tile, one by one"
)]
fn fetch<E: Float, N: Size>(
    x: &[Vector<E, N>],
    weight: &[Vector<E, N>],
    ahead: &mut Array<Vector<E, N>>,
    first_row: usize,
    first_output: usize,
    rows: usize,
    outputs: usize,
    inputs: usize,
    stride: usize,
    step: usize,
) {
    let (line, part) = (UNIT_POS as usize / LOADERS, UNIT_POS as usize % LOADERS);
    let at = step * LOADERS + part;
    #[unroll]
    for i in 0..comptime!(LINES / LOADED) {
        let first = comptime!(i * LOADED);
        if comptime!(first < ROWS) {
            let row = min(first_row + first + line, rows - 1);
            ahead[i] = x[row * (inputs / LANES) + at];
        } else {
            let output = min(first_output + comptime!(first - ROWS) + line, outputs - 1);
            ahead[i] = weight[output * (stride / LANES) + at];
        }
    }
}

/// Writes it to the shared memory, from `begin` on.
#[cube]
fn put<E: Float, N: Size>(ahead: &Array<Vector<E, N>>, tiles: &mut Shared<[E]>, begin: usize) {
    let (line, part) = (UNIT_POS as usize / LOADERS, UNIT_POS as usize % LOADERS);
    let to = tiles.as_vectorized_mut().with_vector_size_mut::<N>();
    #[unroll]
    for i in 0..comptime!(LINES / LOADED) {
        to[(begin + (i * LOADED + line) * STRIDE) / LANES + part] = ahead[i];
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, Distribution, Tensor};

    use crate::device::devices_for_tests;
    use crate::kernels::gpu::layers::linear;

    /// x · weightᵀ in half precision against f64, with rows and outputs that fill no cube; on
    /// devices without the instructions of [`super::product`] this tests burn's products.
    #[test]
    fn wide_products_are_those_of_the_definition() {
        let random = |shape: [usize; 2], dtype: DType| {
            Tensor::<2>::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
                .cast(dtype)
                .cast(DType::F32)
        };
        let values =
            |x: Tensor<2>| -> Vec<f32> { x.cast(DType::F32).into_data().try_to_vec().unwrap() };
        for (dtype, digits) in [(DType::F16, 11), (DType::BF16, 8)] {
            for device in devices_for_tests()
                .iter()
                .filter(|device| device.supports_dtype(dtype))
            {
                for (rows, inputs, outputs) in
                    [(1024, 64, 256), (1100, 192, 520), (1300, 1024, 1000)]
                {
                    let (x, weight) = (
                        random([rows, inputs], dtype),
                        random([outputs, inputs], dtype),
                    );
                    let on = |x: &Tensor<2>| {
                        Tensor::<2>::from_data(x.clone().into_data(), (device, dtype))
                    };
                    let found = values(linear(on(&x), on(&weight)));
                    assert_eq!(found.len(), rows * outputs);
                    let (x, weight) = (values(x), values(weight));
                    // Every 97th: primes to the sizes of all tiles.
                    for at in (0..found.len()).step_by(97) {
                        let (row, output) = (at / outputs * inputs, at % outputs * inputs);
                        let exact: f64 = (0..inputs)
                            .map(|k| f64::from(x[row + k]) * f64::from(weight[output + k]))
                            .sum();
                        // Of the result's rounding, and of f32 sums.
                        let allowed = exact.abs() / f64::from(1 << digits) + 1e-4;
                        let off = (f64::from(found[at]) - exact).abs();
                        assert!(
                            off <= allowed,
                            "{device:?} {dtype:?} {rows} {inputs} {outputs} {at}: {off}"
                        );
                    }
                }
            }
        }
    }
}
