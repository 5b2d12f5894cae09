//! The operation on burn's GPU backends.

use std::sync::Arc;

use burn::backend::cubecl::dtype_to_storage_type;
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use crate::kernels::attention::QuerySelection;
use crate::kernels::causal_attention::{CausalAttention, CausalGeometry, Piece};
use crate::kernels::gpu::buffers::{Numbers, empty_like, vectors_of};
use crate::kernels::gpu::causal_attention::fragment_kernel::{FragmentConfig, attend_in_fragments};
use crate::kernels::gpu::causal_attention::kernel::attend;
use crate::kernels::gpu::causal_attention::kernel_config::KernelConfig;
use crate::kernels::gpu::causal_attention::query_tiles::{FIELDS, query_tiles};
use crate::kernels::gpu::fragments::{LANES, Plan, UNITS};

impl CausalAttention for CubeBackend {
    fn causal_attention(
        query: CubeTensor,
        key: CubeTensor,
        value: CubeTensor,
        geometry: CausalGeometry,
        selection: Option<Arc<QuerySelection>>,
        _allow_bf16: bool,
    ) -> CubeTensor {
        let CausalGeometry {
            heads,
            key_heads,
            head_size,
            scale,
            soft_cap,
            window,
            pieces,
        } = geometry;
        let client = query.client.clone();
        let element = dtype_to_storage_type(query.dtype);
        let output = empty_like(&query, query.dtype);
        let tokens = key.meta.shape()[0];
        let caps = soft_cap.is_some();
        let plan = Plan::new(
            FragmentConfig::new(client.properties(), element, head_size, caps),
            || KernelConfig::new(&client, element, head_size, caps),
        );
        let upload = |pieces: &[Piece], selection: Option<&QuerySelection>| {
            let tiles = query_tiles(pieces, selection, plan.tile());
            Numbers::upload_indices(&client, tiles.into_iter().flatten())
        };
        let tiles = match selection.as_deref() {
            // The same in all layers.
            None => pieces.get_or_upload(|pieces| upload(pieces, None)),
            selection => upload(&pieces, selection),
        };
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let cubes = CubeCount::Static(count(tiles.count / FIELDS), count(heads), 1);
        let [query, key, value] = [query, key, value].map(|x| vectors_of(x, plan.lanes()));
        let (tiles, to) = (tiles.vectors(1), output.clone().into_buffer_arg());
        let [width, key_width] = [heads, key_heads].map(|heads| heads * head_size);
        let group = heads / key_heads;
        let window = window.unwrap_or(tokens).min(tokens);
        let cap = soft_cap.unwrap_or(1.0);
        match plan {
            // SAFETY: tiles name rows of the tensors, of `width` and `key_width` elements.
            Plan::InFragments(config) => unsafe {
                attend_in_fragments::launch_unchecked(
                    &client,
                    cubes,
                    CubeDim::new_1d(count(UNITS)),
                    LANES,
                    query,
                    key,
                    value,
                    tiles,
                    to,
                    width,
                    key_width,
                    group,
                    window,
                    scale,
                    cap,
                    config,
                    element,
                );
            },
            Plan::ByTiles(config) => attend::launch(
                &client,
                cubes,
                config.tiling.cube_dim(client.properties()),
                config.tiling.lanes,
                query,
                key,
                value,
                tiles,
                to,
                width,
                key_width,
                group,
                window,
                scale,
                cap,
                config,
                element,
            ),
        }
        output
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, Distribution, Tensor};

    use super::*;
    use crate::device::devices_for_tests;
    use crate::kernels::causal_attention::causal_attention;

    /// Pieces of these lengths; those that are marked follow the first one in their rows.
    fn pieces(lengths: &[(usize, bool)]) -> Vec<Piece> {
        let mut end = 0;
        let piece = |(length, follows): &(usize, bool)| {
            let start = end;
            end += length;
            Piece {
                tokens: start..end,
                prefix: 0..if *follows { lengths[0].0 } else { 0 },
            }
        };
        lengths.iter().map(piece).collect()
    }

    fn geometry(pieces: &[Piece], head_size: usize) -> CausalGeometry {
        CausalGeometry {
            heads: 4,
            key_heads: 2,
            head_size,
            scale: 0.2,
            soft_cap: None,
            window: None,
            pieces: pieces.into(),
        }
    }

    /// Query, key and value, with values that a type has, on the CPU in f32.
    fn random(tokens: usize, head_size: usize, dtype: DType) -> [Tensor<2>; 3] {
        [4, 2, 2].map(|heads| {
            let shape = [tokens, heads * head_size];
            Tensor::<2>::random(shape, Distribution::Normal(0.0, 1.5), &Device::flex())
                .cast(dtype)
                .cast(DType::F32)
        })
    }

    fn values(x: Tensor<2>) -> Vec<f32> {
        x.cast(DType::F32).into_data().try_to_vec().unwrap()
    }

    fn attended(
        inputs: &[Tensor<2>; 3],
        geometry: &CausalGeometry,
        selection: Option<&Arc<QuerySelection>>,
        (device, dtype): (&Device, DType),
    ) -> Vec<f32> {
        let [query, key, value] = inputs
            .clone()
            .map(|x| Tensor::<2>::from_data(x.into_data(), (device, dtype)));
        let query = match selection {
            Some(selection) => selection.select(query),
            None => query,
        };
        values(causal_attention(
            query, key, value, geometry, selection, false,
        ))
    }

    /// The CPU's, which is compared with the definition in f64 (`cpu::causal_attention`): rows
    /// shorter and longer than a tile, shared beginnings, windows, caps, heads of several sizes.
    #[test]
    fn attention_is_that_of_the_cpu() {
        let lengths = [(40, false), (1, true), (0, false), (33, false), (130, true)];
        let pieces = pieces(&lengths);
        // In f16 weights and results are rounded to 11 bits, in bf16 to 8.
        for (dtype, tolerance) in [(DType::F32, 2e-5), (DType::F16, 1e-2), (DType::BF16, 3e-2)] {
            for device in devices_for_tests()
                .iter()
                .filter(|device| device.supports_dtype(dtype))
            {
                for (head_size, window, soft_cap) in [
                    (24, None, None),
                    (48, None, None),
                    (64, Some(1), None),
                    (128, Some(7), Some(2.0)),
                    (32, Some(50), None),
                    (256, Some(1000), Some(5.0)),
                    (2, Some(16), None),
                ] {
                    let geometry = CausalGeometry {
                        soft_cap,
                        window,
                        ..geometry(&pieces, head_size)
                    };
                    let inputs = random(204, head_size, dtype);
                    let cpu = (&Device::flex(), DType::F32);
                    let expected = attended(&inputs, &geometry, None, cpu);
                    let found = attended(&inputs, &geometry, None, (device, dtype));
                    assert_eq!(found.len(), expected.len());
                    for (found, expected) in found.iter().zip(&expected) {
                        let off = (found - expected).abs();
                        assert!(
                            off < tolerance,
                            "{device:?} {dtype:?} {head_size} {window:?} {soft_cap:?}: {off}"
                        );
                    }
                }
            }
        }
    }

    /// A query alone, after a shared beginning, or among all: the same to the bit.
    #[test]
    fn company_changes_no_bit() {
        for (dtype, size) in [(DType::F32, 24), (DType::F16, 64), (DType::BF16, 128)] {
            for device in devices_for_tests()
                .iter()
                .filter(|device| device.supports_dtype(dtype))
            {
                let on = (device, dtype);
                let inputs = random(150, size, dtype);
                let (whole, shared) = (pieces(&[(150, false)]), pieces(&[(61, false), (89, true)]));
                for window in [None, Some(50)] {
                    let geometry = |pieces: &[Piece]| CausalGeometry {
                        window,
                        ..geometry(pieces, size)
                    };
                    let all = attended(&inputs, &geometry(&whole), None, on);
                    assert_eq!(attended(&inputs, &geometry(&shared), None, on), all);
                    for place in [0, 60, 61, 100, 149] {
                        let selection = Arc::new(QuerySelection::new(&[0, 150], [&[place][..]]));
                        let one = attended(&inputs, &geometry(&whole), Some(&selection), on);
                        let expected = &all[place * 4 * size..][..4 * size];
                        assert_eq!(one, expected, "{dtype:?} {window:?} {place}");
                    }
                }
            }
        }
    }
    #[cfg(feature = "cuda")]
    fn in_fragments(dtype: cubecl::ir::FloatKind, size: usize) -> String {
        use crate::kernels::gpu::assembly::{assembly, buffer, hopper, settings, target};
        use cubecl::ir::ElemType;

        let (properties, dtype) = (hopper(232_448), ElemType::Float(dtype));
        let config = FragmentConfig::new(&properties, dtype, size, true).unwrap();
        let [b, c, d, e, f] = std::array::from_fn(|_| buffer());
        assembly(&attend_in_fragments::AttendInFragments::new(
            settings(CubeDim::new_1d(128)),
            properties,
            target(),
            b,
            c,
            d,
            e,
            f,
            (),
            (),
            (),
            (),
            (),
            (),
            LANES,
            config,
            dtype,
        ))
    }

    /// Scores and values by NVIDIA's matrix instructions, in registers that suffice.
    #[cfg(feature = "cuda")]
    #[test]
    fn half_precision_stays_in_registers() {
        use crate::kernels::gpu::assembly::{assembles, toolkit};
        use cubecl::ir::FloatKind;

        let Some(toolkit) = toolkit() else { return };
        for (name, dtype) in [("f16", FloatKind::F16), ("bf16", FloatKind::BF16)] {
            for (size, instructions) in [(64, 2 * 32), (128, 2 * 64)] {
                let assembly = in_fragments(dtype, size);
                let found = assembly.matches("mma.sync.aligned.m16n8k16").count();
                assert_eq!(found, instructions, "{name} {size}");
                assembles(name, &assembly, &toolkit);
            }
        }
    }
}
