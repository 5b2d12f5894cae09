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
use crate::kernels::gpu::fragments::{LANES, TILE, UNITS};

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
        let size = hidden / heads;
        let properties = client.properties();
        let in_fragments = FragmentConfig::new(properties, element, size, geometry.terms);
        let by_tiles = || {
            KernelConfig::new(&client, element, size, geometry.terms)
                .expect("the caller has checked `fits`")
        };
        let tile = in_fragments.map_or_else(|| by_tiles().tiling.tile, |_| TILE);
        let inputs = match selection.as_deref() {
            None => geometry
                .uploaded
                .get_or_upload(|| LaunchInputs::upload(&client, &geometry, None, tile)),
            selection => LaunchInputs::upload(&client, &geometry, selection, tile),
        };
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let cubes = CubeCount::Static(count(inputs.tiles.count / FIELDS), count(heads), 1);
        let (tiles, table) = (inputs.tiles.vectors(1), inputs.table.vectors(1));
        let to = output.clone().into_buffer_arg();
        let inverse_scale = geometry.scale.recip();
        let tensors = [query, key, value, pos_keys, pos_queries];
        if let Some(config) = in_fragments {
            let [query, key, value, pos_keys, pos_queries] =
                tensors.map(|tensor| vectors_of(tensor, LANES));
            // SAFETY: tiles and table name rows of the tensors, whose heads have `size` dimensions.
            unsafe {
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
            }
            return output;
        }
        let config = by_tiles();
        let lanes = config.tiling.lanes;
        let [query, key, value, pos_keys, pos_queries] =
            tensors.map(|tensor| vectors_of(tensor, lanes));
        attend::launch(
            &client,
            cubes,
            config.tiling.cube_dim(properties),
            lanes,
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
        output
    }
}

#[cfg(all(test, feature = "cuda"))]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::kernels::relative_positions::PositionTerms;
    use cubecl::features::Features;
    use cubecl::ir::features::MmaConfig;
    use cubecl::ir::nvidia::SmArch;
    use cubecl::ir::{
        AddressType, DeviceIdentity, DeviceProperties, HardwareProperties, MemoryDeviceProperties,
        TargetProperties,
    };
    use cubecl::ir::{ElemType, FloatKind};
    use cubecl::profile::TimingMethod;
    use cubecl::{Compiler, CubeKernel};
    use cubecl_llvm::nvptx::ptx_version::PtxVersion;
    use cubecl_llvm::{LlvmTarget, PlironArtifact, PlironCompiler, PlironOptions};

    /// The properties of a Hopper device that a kernel depends on.
    fn hopper() -> DeviceProperties {
        let hardware = HardwareProperties {
            load_width: 128,
            vector_register_count: None,
            plane_size_min: 32,
            plane_size_max: 32,
            max_bindings: 32,
            max_shared_memory_size: 49_152,
            max_cube_count: (u32::MAX, 65_535, 65_535),
            max_units_per_cube: 1024,
            max_cube_dim: (1024, 1024, 64),
            num_streaming_multiprocessors: None,
            num_tensor_cores: None,
            min_tensor_cores_dim: None,
            num_cpu_cores: None,
            last_level_cache_size: None,
            max_vector_size: 16,
            cube_mma_reserved_shared_memory: 0,
        };
        let mut features = Features::default();
        for kind in [FloatKind::F16, FloatKind::BF16] {
            let dtype = ElemType::Float(kind);
            features.matmul.cmma.insert(MmaConfig {
                a_type: dtype,
                b_type: dtype,
                cd_type: ElemType::Float(FloatKind::F32),
                m: 16,
                n: 16,
                k: 16,
            });
        }
        let identity = DeviceIdentity {
            name: String::new(),
            fingerprint: String::new(),
            physical: None,
        };
        DeviceProperties::new(
            features,
            MemoryDeviceProperties::new(u64::MAX, 256),
            hardware,
            TimingMethod::Device,
            identity,
        )
    }

    /// The kernel as assembly for sm_90, without a device.
    fn assembly(dtype: FloatKind) -> String {
        let (properties, dtype) = (Arc::new(hopper()), ElemType::Float(dtype));
        let config =
            KernelConfig::for_properties(&properties, dtype, 64, PositionTerms::Both).unwrap();
        let settings = KernelSettings::new(
            *config.tiling.cube_dim(&properties),
            ExecutionMode::Checked,
            AddressType::U32,
        );
        let buffer = || BufferCompilationArg { inplace: None };
        let kernel = attend::Attend::new(
            settings,
            properties,
            Arc::new(TargetProperties::default()),
            buffer(),
            buffer(),
            buffer(),
            buffer(),
            buffer(),
            buffer(),
            buffer(),
            buffer(),
            (),
            (),
            config.tiling.lanes,
            config,
            dtype,
        );
        let mut compiler = PlironCompiler {
            target: LlvmTarget::Nvptx,
        };
        let options = PlironOptions {
            sm_arch: Some(SmArch::new(90, false)),
            ptx_version: PtxVersion::for_driver(12_080),
            ..PlironOptions::default()
        };
        let PlironArtifact::NvptxCode(module) =
            compiler.compile(kernel.define(), &options).unwrap()
        else {
            panic!("no PTX")
        };
        module
            .ptx
            .iter()
            .map(|byte| char::from(byte.cast_unsigned()))
            .collect()
    }

    /// NVIDIA's assembler accepts it, where the toolkit has one.
    fn assembles(name: &str, assembly: &str, toolkit: &Path) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("attention.ptx");
        std::fs::write(&file, assembly.trim_end_matches('\0')).unwrap();
        match std::process::Command::new(toolkit.join("bin/ptxas"))
            .args(["-v", "-arch=sm_90a", "-o"])
            .arg(dir.path().join("cubin"))
            .arg(&file)
            .output()
        {
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(output.status.success(), "{name}: {said}");
                crate::support::terminal::say(&format!("{name}: {said}"));
            }
            Err(error) => crate::support::terminal::say(&format!("SKIPPED: ptxas: {error}")),
        }
    }

    /// Products in half precision use NVIDIA's matrix instructions with sums in f32; those in f32
    /// do not, since TF32 rounds.
    #[test]
    fn half_precision_multiplies_by_matrix_instructions_and_f32_does_not() {
        let toolkit = std::env::var("CUDA_PATH").unwrap_or_else(|_| "/usr/local/cuda".to_owned());
        let toolkit = Path::new(&toolkit);
        if !toolkit.join("nvvm/libdevice/libdevice.10.bc").exists() {
            crate::support::terminal::say(&format!(
                "SKIPPED: no libdevice.10.bc in {}: docs/gpu.md says where it comes from",
                toolkit.display()
            ));
            return;
        }
        let halves = [
            ("f16", assembly(FloatKind::F16)),
            ("bf16", assembly(FloatKind::BF16)),
        ];
        for (name, assembly) in &halves {
            let instructions = assembly
                .lines()
                .filter(|line| line.contains("wmma.mma.sync.aligned") && line.contains(".f32"))
                .count();
            // Scores, both position terms, and the values: four products.
            assert!(instructions >= 4, "{name}: {instructions}\n{assembly}");
            assembles(name, assembly, toolkit);
        }
        let exact = assembly(FloatKind::F32);
        assert!(!exact.contains("wmma"));
        assembles("f32", &exact, toolkit);
    }
}
