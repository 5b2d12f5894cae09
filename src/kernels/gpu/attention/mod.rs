//! The fused disentangled attention for GPUs: one pass over the keys with the softmax taken along
//! (FlashAttention, arXiv:2205.14135), the position terms indexed inside the tile, rows of
//! different lengths without padding.
//!
//! One cube computes a tile of consecutive queries of one head. For every tile of keys it needs few
//! rows of the position table, those of the distances between the two tiles: their products with
//! the queries and with the keys are two more small matrices, from which each score takes its two
//! terms by query position − key position. Nothing of the size length × length or length × table is
//! ever in memory.

mod kernel;

use std::sync::Arc;

use burn::backend::cubecl::dtype_to_storage_type;
use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::client::Client;
use cubecl::ir::features::MmaConfig;
use cubecl::ir::{DeviceProperties, ElemType, FloatKind};
use cubecl::prelude::*;
use cubecl::server::Handle;

use crate::kernels::attention::DisentangledAttention;
use crate::kernels::attention::{Geometry, QuerySelection};
use crate::kernels::gpu::lanes;
use crate::kernels::gpu::layers::vectors_of;
use crate::kernels::relative_positions::PositionTerms;
use kernel::attend;

/// What the kernel is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Form {
    /// Queries of a cube, and keys that they meet at a time.
    tile: usize,
    /// Dimensions of a head.
    size: usize,
    /// From one row of queries, keys or table to the next: not a power of two, so that units that
    /// read a column do not meet in one bank of the shared memory.
    stride: usize,
    /// Elements that are read at once.
    lanes: usize,
    /// Products by matrix instructions of 16 × 16 × 16; else by units, an element at a time.
    matrix: bool,
    c2p: bool,
    p2c: bool,
}

/// Numbers of a block of queries: see [`blocks`].
const FIELDS: usize = 5;

/// Whether the kernel can be had for heads of so many dimensions.
pub fn fits(client: &Client, dtype: DType, size: usize, terms: PositionTerms) -> bool {
    Form::new(client, dtype_to_storage_type(dtype), size, terms).is_some()
}

impl Form {
    /// The form for a device; `None` where it has not the shared memory that the smallest tile
    /// needs.
    ///
    /// `size`: dimensions of a head.
    pub fn new(
        client: &Client,
        dtype: ElemType,
        size: usize,
        terms: PositionTerms,
    ) -> Option<Self> {
        Self::of(client.properties(), dtype, size, terms)
    }

    fn of(
        properties: &DeviceProperties,
        dtype: ElemType,
        size: usize,
        terms: PositionTerms,
    ) -> Option<Self> {
        let instruction = MmaConfig {
            a_type: dtype,
            b_type: dtype,
            cd_type: ElemType::Float(FloatKind::F32),
            m: 16,
            n: 16,
            k: 16,
        };
        // A plane computes a tile: its size must be known, which Intel and AMD decide as they
        // compile.
        let planes = properties.hardware.plane_size_min == properties.hardware.plane_size_max;
        let matrix = planes
            && size.is_multiple_of(16)
            && properties.features.matmul.cmma.contains(&instruction);
        let lanes = lanes(properties, dtype, size);
        let form = |tile| {
            // Matrices are loaded from multiples of 16 bytes.
            let stride = if matrix { size + 8 } else { size + 1 };
            Self {
                tile,
                size,
                stride,
                lanes,
                matrix,
                c2p: terms.c2p(),
                p2c: terms.p2c(),
            }
        };
        let room = properties.hardware.max_shared_memory_size;
        // Wider tiles read keys and values less often, but without matrix instructions it is the
        // products that take time.
        let tiles: &[usize] = if matrix { &[32, 16] } else { &[16] };
        tiles
            .iter()
            .map(|tile| form(*tile))
            .find(|form| form.shared_bytes(dtype.size()) <= room)
    }

    /// What [`attend`] takes of the shared memory, with elements of so many bytes.
    fn shared_bytes(&self, element: usize) -> usize {
        let Self {
            tile, size, stride, ..
        } = self;
        element * (4 * tile * stride + tile * tile) + 4 * (3 * tile * tile + tile * size + 7 * tile)
    }

    fn cube_dim(&self, properties: &DeviceProperties) -> CubeDim {
        let hardware = &properties.hardware;
        if self.matrix {
            CubeDim::new_2d(hardware.plane_size_max, 4)
        } else {
            CubeDim::new_1d(hardware.max_units_per_cube.min(128))
        }
    }
}

/// The tiles of queries: where the tokens of their row begin and how many they are, the first
/// query, its position in the row, how many queries.
fn blocks(geometry: &Geometry, wanted: Option<&QuerySelection>, tile: usize) -> Vec<u32> {
    let mut blocks: Vec<[usize; FIELDS]> = Vec::new();
    for (row, ends) in geometry.offsets.windows(2).enumerate() {
        let length = ends[1] - ends[0];
        match wanted {
            None => blocks.extend(
                (0..length)
                    .step_by(tile)
                    .map(|at| [ends[0], length, ends[0] + at, at, tile.min(length - at)]),
            ),
            Some(wanted) => {
                let (first, positions) = wanted.row(row);
                blocks.extend(
                    positions
                        .iter()
                        .enumerate()
                        .map(|(n, at)| [ends[0], length, first + n, *at, 1]),
                );
            }
        }
    }
    // Tokens of a batch fit in the memory of a device.
    blocks
        .as_flattened()
        .iter()
        .map(|n| u32::try_from(*n).unwrap_or(u32::MAX))
        .collect()
}

/// What [`attend`] reads besides tensors, on the device: the same in all layers.
#[derive(Debug, Clone)]
struct Plan {
    blocks: Handle,
    /// Numbers in `blocks`.
    fields: usize,
    table: Handle,
    /// Numbers in `table`.
    distances: usize,
}

impl Plan {
    fn upload(
        client: &Client,
        geometry: &Geometry,
        wanted: Option<&QuerySelection>,
        tile: usize,
    ) -> Self {
        let blocks = blocks(geometry, wanted, tile);
        let table = geometry
            .relative
            .as_ref()
            .map_or(&[0][..], |relative| relative.within(geometry.longest()));
        let buffer = |numbers: &[u32]| client.create_from_slice(bytemuck::cast_slice(numbers));
        Self {
            fields: blocks.len(),
            blocks: buffer(&blocks),
            distances: table.len(),
            table: buffer(table),
        }
    }
}

impl DisentangledAttention for CubeBackend {
    fn disentangled_attention(
        query: CubeTensor,
        key: CubeTensor,
        value: CubeTensor,
        pos_keys: CubeTensor,
        pos_queries: CubeTensor,
        geometry: Geometry,
        wanted: Option<Arc<QuerySelection>>,
        _rounded: bool,
    ) -> CubeTensor {
        let (client, dtype, shape) = (
            query.client.clone(),
            query.dtype,
            query.meta.shape().clone(),
        );
        let element = dtype_to_storage_type(dtype);
        let (hidden, heads) = (shape[1], geometry.heads);
        let output =
            empty_device_contiguous_dtype(client.clone(), query.device.clone(), shape, dtype);
        let form = Form::new(&client, element, hidden / heads, geometry.terms)
            .expect("the caller has asked `fits`");
        let plan = match wanted.as_deref() {
            None => geometry
                .uploaded
                .get_or_upload(|| Plan::upload(&client, &geometry, None, form.tile)),
            wanted => Plan::upload(&client, &geometry, wanted, form.tile),
        };
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let [query, key, value, pos_keys, pos_queries] =
            [query, key, value, pos_keys, pos_queries].map(|tensor| vectors_of(tensor, form.lanes));
        // SAFETY: the lengths are those of the slices that the buffers were made from.
        let (blocks, table) = unsafe {
            (
                BufferArg::from_raw_parts(plan.blocks, plan.fields),
                BufferArg::from_raw_parts(plan.table, plan.distances),
            )
        };
        attend::launch(
            &client,
            CubeCount::Static(count(plan.fields / FIELDS), count(heads), 1),
            form.cube_dim(client.properties()),
            form.lanes,
            query,
            key,
            value,
            pos_keys,
            pos_queries,
            blocks,
            table,
            output.clone().into_buffer_arg(),
            hidden,
            geometry.scale.recip(),
            form,
            element,
        );
        output
    }
}

#[cfg(all(test, feature = "cuda"))]
mod tests {
    use std::path::Path;

    use super::*;
    use cubecl::features::Features;
    use cubecl::ir::nvidia::SmArch;
    use cubecl::ir::{
        AddressType, DeviceIdentity, DeviceProperties, HardwareProperties, MemoryDeviceProperties,
        TargetProperties,
    };
    use cubecl::profile::TimingMethod;
    use cubecl::{Compiler, CubeKernel};
    use cubecl_llvm::nvptx::ptx_version::PtxVersion;
    use cubecl_llvm::{LlvmTarget, PlironArtifact, PlironCompiler, PlironOptions};

    /// A Hopper device, as far as a kernel asks.
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
        let form = Form::of(&properties, dtype, 64, PositionTerms::Both).unwrap();
        let settings = KernelSettings::new(
            *form.cube_dim(&properties),
            ExecutionMode::Checked,
            AddressType::U32,
        );
        let buffer = || BufferCompilationArg { inplace: None };
        let kernel = kernel::attend::Attend::new(
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
            form.lanes,
            form,
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

    /// NVIDIA's assembler takes it, where the toolkit has one.
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

    /// The products in half precision are NVIDIA's matrix instructions with sums in f32, those in
    /// f32 are not (TF32 rounds).
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
