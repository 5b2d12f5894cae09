//! The operation: whether the kernel suits, and its launch.

use burn::backend::cubecl::dtype_to_storage_type;
use burn_cubecl::tensor::CubeTensor;
use cubecl::ir::{DeviceProperties, ElemType};
use cubecl::prelude::*;

use crate::kernels::gpu::buffers::{empty, vectors_of};
use crate::kernels::gpu::fragments::{LANES, available};
use crate::kernels::gpu::matmul::NARROW;
use crate::kernels::gpu::wide_product::kernel::{INPUTS, OUTPUTS, ROWS, STEP, UNITS, product};

/// x · weight, plus `bias` if there is one, where device and sizes suit. `x`: `[rows, input]`;
/// `weight`: `[input, output]`, whose inputs are side by side in memory; `bias`: `[output]` →
/// `[rows, output]`
pub(in crate::kernels::gpu) fn wide_product(
    x: &CubeTensor,
    weight: &CubeTensor,
    bias: Option<&CubeTensor>,
) -> Option<CubeTensor> {
    let (client, element) = (&x.client, dtype_to_storage_type(x.dtype));
    let (rows, inputs) = (x.meta.shape()[0], x.meta.shape()[1]);
    let outputs = weight.meta.shape()[1];
    let [1, stride] = weight.meta.strides()[..] else {
        return None;
    };
    let suits = rows >= NARROW
        && exists(client.properties(), element)
        && inputs.is_multiple_of(INPUTS)
        && stride.is_multiple_of(LANES)
        && outputs.is_multiple_of(LANES)
        && outputs >= OUTPUTS
        && bias.is_none_or(|bias| bias.meta.num_elements() == outputs)
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
    let bias = bias.map(|bias| vectors_of(bias.clone(), 1));
    let x = vectors_of(x.clone(), LANES);
    let tiles = rows.div_ceil(ROWS) * outputs.div_ceil(OUTPUTS);
    // SAFETY: the lengths are the tensors'; the kernel reads rows, outputs and biases that are there,
    // and writes to those rows and outputs alone.
    unsafe {
        product::launch_unchecked(
            client,
            CubeCount::Static(count(tiles).min(cubes(client.properties())), 1, 1),
            CubeDim::new_1d(count(UNITS)),
            LANES,
            x,
            BufferArg::from_raw_parts(weight.handle.clone(), weight_vectors),
            // A kernel takes buffers, not options: without a bias this one is not read.
            bias.unwrap_or_else(|| BufferArg::from_raw_parts(weight.handle.clone(), 1)),
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

/// Whether the device has what the kernel needs, in a type.
pub(in crate::kernels::gpu) fn exists(properties: &DeviceProperties, element: ElemType) -> bool {
    available(properties, element, INPUTS, 2 * STEP * element.size())
}

/// How many cubes the device computes at once: one on each of its processors, whose registers it
/// fills. Where their number is not known, one for each tile.
fn cubes(properties: &DeviceProperties) -> u32 {
    let hardware = &properties.hardware;
    let processors = hardware.num_streaming_multiprocessors;
    processors.unwrap_or(hardware.max_cube_count.0)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, Distribution, Tensor};

    use crate::device::devices_for_tests;
    use crate::kernels::gpu::layers::linear;

    /// x · weightᵀ + bias in half precision against f64, with rows and outputs that fill no tile, and
    /// with more tiles than a device has cubes; on devices without the kernel's instructions this
    /// tests burn's products.
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
                    // Every 97th, which is prime to the sizes of all tiles.
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
                    settings(CubeDim::new_1d(u32::try_from(UNITS).unwrap())),
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
