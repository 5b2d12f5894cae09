//! The product of a linear layer with many rows, in half precision, and its bias.
//!
//! A cube computes 128 rows of 256 outputs at a time, its eight planes 64 × 64 each, all of whose
//! sums stay in registers. While it multiplies 64 inputs of both sides from the shared memory, the
//! next 64 are on their way from the device's: the layout is that of CUTLASS' products before Hopper
//! ("Efficient GEMM in CUDA", CUTLASS documentation). There are as many cubes as the device computes
//! at once; each goes on to its next tile with that one's first inputs already there.
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]

use burn::backend::cubecl::dtype_to_storage_type;
use burn_cubecl::tensor::CubeTensor;
use cubecl::ir::{DeviceProperties, ElemType};
use cubecl::prelude::*;

use crate::kernels::gpu::buffers::{empty, vectors_of};
use crate::kernels::gpu::fragments::{
    LANES, PADDING, PLANE, Pair, ROW_ALIGNMENT, available, left, multiply, right_pair, zeros,
};
use crate::kernels::gpu::matmul::NARROW;

/// Rows of a tile.
const ROWS: usize = 128;
/// Outputs of a tile.
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
/// Parts in which the next step is put into the shared memory, one beside each product of sixteen
/// inputs but the first, when it may not have come yet.
const PARTS: usize = INPUTS / 16 - 1;
/// Rows of its sums that a plane puts into the shared memory at a time, to write them from there row
/// by row.
const STORED: usize = 32;
const _: () = assert!(UNITS / PLANE * STORED * STRIDE <= STEP && SIDE == INPUTS);

/// x · weight, plus `bias` if there is one, where device and sizes suit. `x`: `[rows, input]`;
/// `weight`: `[input, output]`, whose inputs are side by side in memory; `bias`: `[output]` →
/// `[rows, output]`
pub(super) fn wide_product(
    x: &CubeTensor,
    weight: &CubeTensor,
    bias: Option<&CubeTensor>,
) -> Option<CubeTensor> {
    let (client, element) = (&x.client, dtype_to_storage_type(x.dtype));
    let (rows, inputs) = (x.meta.shape()[0], x.meta.shape()[1]);
    let outputs = weight.meta.shape()[1];
    let shared = 2 * STEP * element.size();
    let [1, stride] = weight.meta.strides()[..] else {
        return None;
    };
    let suits = rows >= NARROW
        && available(client.properties(), element, inputs, shared)
        && inputs.is_multiple_of(INPUTS)
        && stride.is_multiple_of(LANES)
        && outputs.is_multiple_of(LANES)
        && outputs >= OUTPUTS
        // Indices are 32 bits wide.
        && [rows * outputs / LANES, rows * inputs / LANES, outputs * stride / LANES]
            .into_iter()
            .all(|vectors| u32::try_from(vectors).is_ok());
    if !suits {
        return None;
    }
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let weight_vectors = ((outputs - 1) * stride + inputs) / LANES;
    let output = empty(x, [rows, outputs]);
    let adds = bias.is_some();
    // A kernel takes buffers, not options: without a bias this one is not read.
    let bias = vectors_of(bias.unwrap_or(x).clone(), 1);
    let x = vectors_of(x.clone(), LANES);
    let tiles = rows.div_ceil(ROWS) * outputs.div_ceil(OUTPUTS);
    // SAFETY: the lengths are the tensors'; the kernel reads rows and outputs that are there, and
    // writes to those alone.
    unsafe {
        product::launch_unchecked(
            client,
            CubeCount::Static(count(tiles).min(cubes(client.properties())), 1, 1),
            CubeDim::new_1d(count(UNITS)),
            LANES,
            x,
            BufferArg::from_raw_parts(weight.handle.clone(), weight_vectors),
            bias,
            vectors_of(output.clone(), LANES),
            rows,
            outputs,
            inputs,
            stride,
            adds,
            element,
        );
    }
    Some(output)
}

/// How many cubes the device computes at once: one on each of its processors, whose registers it
/// fills. Where their number is not known, as many as there can be tiles.
fn cubes(properties: &DeviceProperties) -> u32 {
    let hardware = &properties.hardware;
    let processors = hardware.num_streaming_multiprocessors;
    processors.unwrap_or(hardware.max_cube_count.0)
}

/// `x`: `[rows, inputs]`, `weight`: `[outputs, inputs]`, in vectors; `bias`: `[outputs]`, which is
/// read and added if `adds` → `output`: `[rows, outputs]`, in vectors
#[cube(launch_unchecked)]
#[expect(
    clippy::too_many_arguments,
    reason = "a kernel takes buffers one by one"
)]
fn product<E: Float, N: Size>(
    x: &[Vector<E, N>],
    weight: &[Vector<E, N>],
    bias: &[E],
    output: &mut [Vector<E, N>],
    rows: usize,
    outputs: usize,
    inputs: usize,
    stride: usize,
    #[comptime] adds: bool,
    #[define(E)] _dtype: ElemType,
) {
    let mut memory = Shared::<[E]>::new_aligned_slice(comptime!(2 * STEP), ROW_ALIGNMENT);
    let mut ahead = Array::<Vector<E, N>>::new(comptime!(LINES / LOADED));
    let plane = UNIT_POS as usize / PLANE;
    let across = comptime!(OUTPUTS / SIDE);
    let own_row = plane / across * SIDE;
    let own_output = plane % across * SIDE;
    // Sixteens of rows by eights of outputs.
    let eights = comptime!(SIDE / 8);

    let tiles_across = outputs.div_ceil(OUTPUTS);
    let tiles = rows.div_ceil(ROWS) * tiles_across;
    let steps = inputs / INPUTS;
    let mut tile = CUBE_POS_X as usize;
    // Where the inputs that are multiplied begin, and where the next ones do.
    let mut begin = 0usize.runtime();
    let mut next = STEP.runtime();
    // What is read from the device's memory, two steps ahead; in the end the last tile again, so that
    // nothing needs a branch.
    let mut ahead_tile = tile;
    let mut ahead_step = 0usize.runtime();
    #[unroll]
    for first in 0..2usize {
        if comptime!(first == 1) {
            #[unroll]
            for part in 0..PARTS {
                put(&ahead, &mut memory, begin, part);
            }
        }
        fetch::<E, N>(
            x, weight, &mut ahead, ahead_tile, ahead_step, rows, outputs, inputs, stride,
        );
        ahead_step += 1;
        if ahead_step == steps {
            ahead_step = 0;
            ahead_tile = min(ahead_tile + CUBE_COUNT_X as usize, tiles - 1);
        }
    }
    sync_cube();
    while tile < tiles {
        let mut sums = zeros(comptime!(SIDE / 16 * eights));
        let mut step = 0usize;
        while step < steps {
            #[unroll]
            for k in 0..comptime!(INPUTS / 16) {
                let mut rights = Sequence::<Array<Vector<E, Pair>>>::new();
                #[unroll]
                for j in 0..comptime!(eights / 2) {
                    let at = begin + (ROWS + own_output + j * 16) * STRIDE + k * 16;
                    rights.push(right_pair::<E>(&memory, at, STRIDE));
                }
                if comptime!(k > 0) {
                    // Where it goes was read in the step before, which all have left.
                    put(&ahead, &mut memory, next, comptime!(k - 1));
                }
                if comptime!(k == PARTS) {
                    fetch::<E, N>(
                        x, weight, &mut ahead, ahead_tile, ahead_step, rows, outputs, inputs,
                        stride,
                    );
                }
                #[unroll]
                for i in 0..comptime!(SIDE / 16) {
                    let at = begin + (own_row + i * 16) * STRIDE + k * 16;
                    let rows_of_x = left::<E>(&memory, at, STRIDE);
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
            ahead_step += 1;
            if ahead_step == steps {
                ahead_step = 0;
                ahead_tile = min(ahead_tile + CUBE_COUNT_X as usize, tiles - 1);
            }
            sync_cube();
            let read = begin;
            begin = next;
            next = read;
            step += 1;
        }
        // What was multiplied last is read no more: its place takes the sums.
        store::<E, N>(
            &sums,
            bias,
            output,
            &mut memory,
            next + plane * comptime!(STORED * STRIDE),
            tile / tiles_across * ROWS + own_row,
            tile % tiles_across * OUTPUTS + own_output,
            rows,
            outputs,
            adds,
        );
        sync_cube();
        tile += CUBE_COUNT_X as usize;
    }
}

/// Reads this unit's share of a part of a step. Rows and outputs that are not there are the last one
/// again, and their sums are not stored.
#[cube]
#[expect(
    clippy::too_many_arguments,
    reason = "the numbers of a tile, one by one"
)]
fn fetch<E: Float, N: Size>(
    x: &[Vector<E, N>],
    weight: &[Vector<E, N>],
    ahead: &mut Array<Vector<E, N>>,
    tile: usize,
    step: usize,
    rows: usize,
    outputs: usize,
    inputs: usize,
    stride: usize,
) {
    let tiles_across = outputs.div_ceil(OUTPUTS);
    let (line, column) = (UNIT_POS as usize / LOADERS, UNIT_POS as usize % LOADERS);
    let at = step * LOADERS + column;
    #[unroll]
    for i in 0..comptime!(LINES / LOADED) {
        let first = comptime!(i * LOADED);
        if comptime!(first < ROWS) {
            let row = min(tile / tiles_across * ROWS + first + line, rows - 1);
            ahead[i] = x[row * (inputs / LANES) + at];
        } else {
            let output = min(
                tile % tiles_across * OUTPUTS + comptime!(first - ROWS) + line,
                outputs - 1,
            );
            ahead[i] = weight[output * (stride / LANES) + at];
        }
    }
}

/// Writes it to the shared memory, from `begin` on.
#[cube]
fn put<E: Float, N: Size>(
    ahead: &Array<Vector<E, N>>,
    memory: &mut Shared<[E]>,
    begin: usize,
    #[comptime] part: usize,
) {
    let (line, column) = (UNIT_POS as usize / LOADERS, UNIT_POS as usize % LOADERS);
    let to = memory.as_vectorized_mut().with_vector_size_mut::<N>();
    #[unroll]
    for n in 0..comptime!(LINES / LOADED / PARTS) {
        let i = comptime!(part * (LINES / LOADED / PARTS) + n);
        to[(begin + (i * LOADED + line) * STRIDE) / LANES + column] = ahead[i];
    }
}

/// Adds the bias to a plane's sums and writes them to the rows and outputs from `first_row` and
/// `first_output` on, those that are there. They go through the plane's own part of the shared
/// memory, which begins at `begin`: from there eight units write a row together.
#[cube]
#[expect(
    clippy::too_many_arguments,
    reason = "the numbers of a tile, one by one"
)]
fn store<E: Float, N: Size>(
    sums: &Sequence<Array<Vector<f32, Pair>>>,
    bias: &[E],
    output: &mut [Vector<E, N>],
    memory: &mut Shared<[E]>,
    begin: usize,
    first_row: usize,
    first_output: usize,
    rows: usize,
    outputs: usize,
    #[comptime] adds: bool,
) {
    let unit = UNIT_POS_PLANE as usize;
    let eights = comptime!(SIDE / 8);
    #[unroll]
    for part in 0..comptime!(SIDE / STORED) {
        #[unroll]
        for j in 0..eights {
            let column = j * 8 + unit % 4 * 2;
            let mut summand = Vector::<f32, Pair>::new(0.0);
            if adds {
                // Outputs that are not there are not stored.
                let at = min(first_output + column, outputs - 2);
                summand.insert(0usize, f32::cast_from(bias[at]));
                summand.insert(1usize, f32::cast_from(bias[at + 1]));
            }
            #[unroll]
            for half in 0..comptime!(STORED / 8) {
                let of = comptime!((part * STORED / 16 + half / 2) * eights + j);
                let mut sum = sums[of][comptime!(half % 2)];
                if adds {
                    sum += summand;
                }
                let at = begin + (half * 8 + unit / 4) * STRIDE + column;
                let to = memory.as_vectorized_mut().with_vector_size_mut::<Pair>();
                to[at / 2] = Vector::cast_from(sum);
            }
        }
        sync_plane();
        #[unroll]
        for i in 0..comptime!(STORED * LOADERS / PLANE) {
            let line = i * (PLANE / LOADERS) + unit / LOADERS;
            let row = first_row + part * STORED + line;
            let column = first_output + unit % LOADERS * LANES;
            if row < rows && column < outputs {
                let from = memory.as_vectorized().with_vector_size::<N>();
                output[(row * outputs + column) / LANES] =
                    from[(begin + line * STRIDE) / LANES + unit % LOADERS];
            }
        }
        sync_plane();
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, Distribution, Tensor};

    use crate::device::devices_for_tests;
    use crate::kernels::gpu::layers::linear;

    /// x · weightᵀ + bias in half precision against f64, with rows and outputs that fill no tile, and
    /// with more tiles than a device has cubes; on devices without the instructions of
    /// [`super::product`] this tests burn's products.
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
                for (rows, inputs, outputs, adds) in [
                    (1024, 64, 256, false),
                    (1100, 192, 520, true),
                    (1300, 1024, 1000, true),
                    (9000, 128, 1032, false),
                    (20_011, 64, 1032, true),
                ] {
                    let (x, weight, bias) = (
                        random([rows, inputs], dtype),
                        random([outputs, inputs], dtype),
                        random([1, outputs], dtype),
                    );
                    let on = |x: &Tensor<2>| {
                        Tensor::<2>::from_data(x.clone().into_data(), (device, dtype))
                    };
                    let summand = adds.then(|| on(&bias).flatten(0, 1));
                    let found = values(linear(on(&x), on(&weight), summand));
                    assert_eq!(found.len(), rows * outputs);
                    let (x, weight, bias) = (values(x), values(weight), values(bias));
                    // Every 97th: primes to the sizes of all tiles.
                    for at in (0..found.len()).step_by(97) {
                        let (row, output) = (at / outputs * inputs, at % outputs);
                        let product: f64 = (0..inputs)
                            .map(|k| f64::from(x[row + k]) * f64::from(weight[output * inputs + k]))
                            .sum();
                        let summand = if adds { f64::from(bias[output]) } else { 0.0 };
                        let exact = product + summand;
                        // Of the rounding of the result, or of product and result, and of f32 sums.
                        let allowed = (product.abs() + exact.abs()) / f64::from(1 << digits) + 1e-4;
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

#[cfg(all(test, feature = "cuda"))]
mod assembly_tests {
    use cubecl::ir::FloatKind;

    use super::*;
    use crate::kernels::gpu::assembly::{
        assembles, assembly, buffer, hopper, settings, target, toolkit,
    };

    /// All sums stay in registers: 32 matrix instructions for every sixteen inputs, and nothing
    /// spilled.
    #[test]
    fn a_product_keeps_its_sums_in_registers() {
        let Some(toolkit) = toolkit() else { return };
        for (name, dtype) in [("f16", FloatKind::F16), ("bf16", FloatKind::BF16)] {
            for adds in [false, true] {
                let [x, weight, bias, output] = std::array::from_fn(|_| buffer());
                let assembly = assembly(&product::Product::new(
                    settings(CubeDim::new_1d(256)),
                    hopper(232_448),
                    target(),
                    x,
                    weight,
                    bias,
                    output,
                    (),
                    (),
                    (),
                    (),
                    LANES,
                    adds,
                    ElemType::Float(dtype),
                ));
                let found = assembly.matches("mma.sync.aligned.m16n8k16").count();
                assert_eq!(found, INPUTS / 16 * 32, "{name}");
                assembles(name, &assembly, &toolkit);
            }
        }
    }
}
