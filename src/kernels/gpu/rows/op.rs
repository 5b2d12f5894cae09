//! The operations on rows on burn's GPU backends.

use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;

use crate::kernels::gpu::rows::gate::gate;
use crate::kernels::gpu::rows::rms_norm::rms_norm;
use crate::kernels::gpu::rows::rotation::rotate;
use crate::kernels::rows::{GateActivation, RmsNormWeights, Rotation, RowOperations};

impl RowOperations for CubeBackend {
    fn rms_norm(x: CubeTensor, weights: RmsNormWeights, dtype: DType) -> CubeTensor {
        rms_norm(x, &weights, dtype)
    }

    fn rotate(x: CubeTensor, rotation: Rotation) -> CubeTensor {
        let x = match &rotation.norm {
            Some(norm) => {
                let dtype = x.dtype;
                rms_norm(x, norm, dtype)
            }
            None => x,
        };
        rotate(x, &rotation)
    }

    fn gate(by: CubeTensor, up: CubeTensor, activation: GateActivation) -> CubeTensor {
        gate(by, up, activation)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use burn::tensor::{Device, Distribution, Tensor};

    use super::*;
    use crate::device::devices_for_tests;
    use crate::kernels::rotary::RotaryTable;
    use crate::kernels::rows;

    /// Sums in another order move the last digits; f16 has 11 bits.
    const TOLERANCES: [(DType, f32); 2] = [(DType::F32, 2e-5), (DType::F16, 1e-2)];

    fn random(shape: [usize; 2]) -> Tensor<2> {
        Tensor::random(shape, Distribution::Normal(0.0, 1.5), &Device::flex())
    }

    /// Compares `compute` on every GPU with `compute` on the CPU.
    fn assert_as_on_the_cpu(
        inputs: &[Tensor<2>],
        what: &str,
        compute: impl Fn(&[Tensor<2>], DType) -> Tensor<2>,
    ) {
        let values = |x: Tensor<2>| x.cast(DType::F32).into_data().try_to_vec::<f32>().unwrap();
        for (dtype, tolerance) in TOLERANCES {
            for device in devices_for_tests()
                .iter()
                .filter(|device| device.supports_dtype(dtype))
            {
                // With values that the type has, so that only arithmetic can differ.
                let rounded = inputs
                    .iter()
                    .map(|x| x.clone().cast(dtype).cast(DType::F32));
                let rounded: Vec<Tensor<2>> = rounded.collect();
                let expected = values(compute(&rounded, DType::F32));
                let there = rounded.iter().map(|x| x.clone().into_data());
                let there = there.map(|data| Tensor::from_data(data, (device, dtype)));
                let found = values(compute(&there.collect::<Vec<_>>(), dtype));
                assert_eq!(found.len(), expected.len());
                for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
                    let off = (found - expected).abs() / expected.abs().max(1.0);
                    assert!(off < tolerance, "{what} {dtype:?} {at}: {found} {expected}");
                }
            }
        }
    }

    fn weights(size: usize) -> RmsNormWeights {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let weight = (0..size).map(|at| 0.5 + (at % 7) as f32 / 8.0).collect();
        RmsNormWeights { weight, eps: 1e-6 }
    }

    /// One element, sizes that no vector divides, more elements than a cube has units; more rows
    /// than a cube takes at once.
    #[test]
    fn norms() {
        for [count, size] in [[1, 1], [3, 10], [70_000, 6], [2, 1000], [5, 2051]] {
            assert_as_on_the_cpu(&[random([count, size])], "norm", |x, dtype| {
                rows::rms_norm(x[0].clone(), &weights(size), dtype)
            });
        }
    }

    #[test]
    fn rotations_with_and_without_norms() {
        for (half, heads) in [(1, 3), (5, 2), (12, 4), (64, 2)] {
            let count = 37;
            let rotation = |is_normed: bool| Rotation {
                table: Arc::new(RotaryTable::new(&vec![0.7; half], 50)).into(),
                positions: (0..count).map(|row| row * 7 % 50).collect(),
                norm: is_normed.then(|| weights(2 * half)),
            };
            let x = [random([count, 2 * half * heads])];
            for is_normed in [false, true] {
                assert_as_on_the_cpu(&x, "rotation", |x, _| {
                    rows::rotate(x[0].clone(), &rotation(is_normed))
                });
            }
        }
    }

    /// Far from 0, too, where exponentials overflow.
    #[test]
    fn gates() {
        for shape in [[1, 1], [7, 9], [33, 96]] {
            for scale in [1.0, 200.0] {
                let x = [random(shape) * scale, random(shape)];
                for activation in [GateActivation::Silu, GateActivation::GeluTanh] {
                    assert_as_on_the_cpu(&x, "gate", |x, _| {
                        rows::gate(x[0].clone(), x[1].clone(), activation)
                    });
                }
            }
        }
    }
}
