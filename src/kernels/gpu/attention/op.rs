//! The operation on burn's GPU backends.

use std::sync::Arc;

use burn::backend::cubecl::dtype_to_storage_type;
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use crate::kernels::attention::{DisentangledAttention, Geometry, QuerySelection};
use crate::kernels::gpu::attention::fragment_kernel::{FragmentConfig, attend_in_fragments};
use crate::kernels::gpu::attention::kernel::attend;
use crate::kernels::gpu::attention::kernel_config::KernelConfig;
use crate::kernels::gpu::attention::query_tiles::{FIELDS, LaunchInputs};
use crate::kernels::gpu::buffers::{empty_like, vectors_of};
use crate::kernels::gpu::fragments::{LANES, Plan, UNITS};

impl DisentangledAttention for CubeBackend {
    fn disentangled_attention(
        query: CubeTensor,
        key: CubeTensor,
        value: CubeTensor,
        pos_keys: CubeTensor,
        pos_queries: CubeTensor,
        geometry: Geometry,
        selection: Option<Arc<QuerySelection>>,
        _allow_bf16: bool,
    ) -> CubeTensor {
        let (client, dtype) = (query.client.clone(), query.dtype);
        let element = dtype_to_storage_type(dtype);
        let (hidden, heads) = (query.meta.shape()[1], geometry.heads);
        let output = empty_like(&query, dtype);
        let (size, terms) = (hidden / heads, geometry.terms);
        let plan = Plan::new(
            FragmentConfig::new(client.properties(), element, size, terms),
            || KernelConfig::new(&client, element, size, terms),
        );
        let inputs = match selection.as_deref() {
            None => geometry
                .uploaded
                .get_or_upload(|| LaunchInputs::upload(&client, &geometry, None, plan.tile())),
            selection => LaunchInputs::upload(&client, &geometry, selection, plan.tile()),
        };
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let cubes = CubeCount::Static(count(inputs.tiles.count / FIELDS), count(heads), 1);
        let [query, key, value, pos_keys, pos_queries] = [query, key, value, pos_keys, pos_queries]
            .map(|tensor| vectors_of(tensor, plan.lanes()));
        let (tiles, table) = (inputs.tiles.vectors(1), inputs.table.vectors(1));
        let to = output.clone().into_buffer_arg();
        let inverse_scale = geometry.scale.recip();
        match plan {
            // SAFETY: tiles and table name rows of the tensors, whose rows have `hidden` elements.
            Plan::InFragments(config) => unsafe {
                attend_in_fragments::launch_unchecked(
                    &client,
                    cubes,
                    CubeDim::new_1d(count(UNITS)),
                    LANES,
                    query,
                    key,
                    value,
                    pos_keys,
                    pos_queries,
                    tiles,
                    table,
                    to,
                    hidden,
                    inverse_scale,
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
                pos_keys,
                pos_queries,
                tiles,
                table,
                to,
                hidden,
                inverse_scale,
                config,
                element,
            ),
        }
        output
    }
}

#[cfg(all(test, feature = "cuda"))]
mod tests {
    use cubecl::ir::{ElemType, FloatKind};

    use super::*;
    use crate::kernels::gpu::assembly::{
        assembles, assembly, buffer, hopper, settings, target, toolkit,
    };
    use crate::kernels::relative_positions::PositionTerms;

    /// The kernel for devices without fragments.
    fn by_tiles(dtype: FloatKind) -> String {
        let (properties, dtype) = (hopper(49_152), ElemType::Float(dtype));
        let config =
            KernelConfig::for_properties(&properties, dtype, 64, PositionTerms::Both).unwrap();
        let [b, c, d, e, f, g, h, i] = std::array::from_fn(|_| buffer());
        assembly(&attend::Attend::new(
            settings(config.tiling.cube_dim(&properties)),
            properties,
            target(),
            b,
            c,
            d,
            e,
            f,
            g,
            h,
            i,
            (),
            (),
            config.tiling.lanes,
            config,
            dtype,
        ))
    }

    fn in_fragments(dtype: FloatKind) -> String {
        let (properties, dtype) = (hopper(232_448), ElemType::Float(dtype));
        let config = FragmentConfig::new(&properties, dtype, 64, PositionTerms::Both).unwrap();
        let [b, c, d, e, f, g, h, i] = std::array::from_fn(|_| buffer());
        assembly(&attend_in_fragments::AttendInFragments::new(
            settings(CubeDim::new_1d(128)),
            properties,
            target(),
            b,
            c,
            d,
            e,
            f,
            g,
            h,
            i,
            (),
            (),
            LANES,
            config,
            dtype,
        ))
    }

    fn instructions(assembly: &str, name: &str) -> usize {
        let sums_in_f32 = |line: &&str| line.contains(name) && line.contains(".f32");
        assembly.lines().filter(sums_in_f32).count()
    }

    /// Products in half precision use NVIDIA's matrix instructions with sums in f32; those in f32
    /// do not, since TF32 rounds.
    #[test]
    fn half_precision_multiplies_by_matrix_instructions_and_f32_does_not() {
        let Some(toolkit) = toolkit() else { return };
        for (name, dtype) in [("f16", FloatKind::F16), ("bf16", FloatKind::BF16)] {
            // Scores, both position terms, and the values: four products.
            let assembly = by_tiles(dtype);
            assert!(
                instructions(&assembly, "wmma.mma.sync.aligned") >= 4,
                "{name}"
            );
            assembles(name, &assembly, &toolkit);
            // 64 keys by 64 dimensions are 32 instructions, for scores and for values; of the terms
            // sixteen rows, and a loop around them.
            let assembly = in_fragments(dtype);
            let found = instructions(&assembly, "mma.sync.aligned.m16n8k16");
            assert_eq!(found, 2 * 32 + 2 * 8, "{name}");
            assembles(name, &assembly, &toolkit);
        }
        let exact = by_tiles(FloatKind::F32);
        assert!(!exact.contains("mma.sync"));
        assembles("f32", &exact, &toolkit);
    }

    /// Not every device and head has fragments.
    #[test]
    fn fragments_need_their_instructions_memory_and_size() {
        let half = ElemType::Float(FloatKind::F16);
        let suits = |shared, dtype, size| {
            FragmentConfig::new(&hopper(shared), dtype, size, PositionTerms::Both).is_some()
        };
        assert!(suits(232_448, half, 64));
        assert!(suits(232_448, half, 128));
        assert!(!suits(49_152, half, 64));
        assert!(!suits(232_448, half, 24));
        assert!(!suits(232_448, half, 256));
        assert!(!suits(232_448, ElemType::Float(FloatKind::F32), 64));
    }
}
