//! The fused disentangled attention for GPUs: one pass over the keys with the softmax taken along (FlashAttention,
//! arXiv:2205.14135), the position terms indexed inside the tile, rows of different lengths without padding.
//!
//! One cube computes a tile of consecutive queries of one head. For every tile of keys it needs few rows of the
//! position table, those of the distances between the two tiles: their products with the queries and with the keys are
//! two more small matrices, from which each score takes its two terms by query position − key position. Nothing of the
//! size length × length or length × table is ever in memory.

use std::sync::{Arc, OnceLock};

use burn::backend::cubecl::dtype_to_storage_type;
use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::client::Client;
use cubecl::ir::features::MmaConfig;
use cubecl::ir::{DeviceProperties, ElemType, FloatKind};
use cubecl::prelude::*;
use cubecl::server::Handle;

use crate::model::attention::{Geometry, Wanted};
use crate::model::config::PositionTerms;
use crate::model::kernel::attention::DisentangledAttention;

/// What a kernel is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Form {
    /// Queries of a cube, and keys that they meet at a time.
    tile: usize,
    /// Dimensions of a head.
    size: usize,
    /// From one row of queries, keys or table to the next: not a power of two, so that units that read a column do not
    /// meet in one bank of the shared memory.
    stride: usize,
    /// Products by matrix instructions of 16 × 16 × 16; else by units, an element at a time.
    matrix: bool,
    c2p: bool,
    p2c: bool,
}

/// A score that no softmax sees, far below any: WGSL has no infinity.
const NEVER: f32 = -1e30;

/// Numbers of a block of queries: see [`blocks`].
const FIELDS: usize = 5;

/// `query`: `[queries, hidden]`; `key`, `value`: `[tokens, hidden]`; `pos_keys`, `pos_queries`: `[2 · span, hidden]`;
/// `blocks`: `[blocks, FIELDS]`; `table`: `[2 · reach + 1]`, the row of the position table by query position − key
/// position, from −reach → `[queries, hidden]`.
#[cube(launch)]
#[expect(clippy::too_many_arguments, reason = "a kernel takes buffers one by one")]
fn attend<E: Float>(
    query: &[E],
    key: &[E],
    value: &[E],
    pos_keys: &[E],
    pos_queries: &[E],
    blocks: &[u32],
    table: &[u32],
    output: &mut [E],
    hidden: usize,
    inverse_scale: f32,
    #[comptime] form: Form,
    #[define(E)] _dtype: ElemType,
) {
    let tile = comptime!(form.tile);
    let size = comptime!(form.size);
    let stride = comptime!(form.stride);
    let block = CUBE_POS_X as usize * FIELDS;
    let tokens = blocks[block] as usize;
    let length = blocks[block + 1] as usize;
    let first = blocks[block + 2] as usize;
    let position = blocks[block + 3] as usize;
    let count = blocks[block + 4] as usize;
    let column = CUBE_POS_Y as usize * size;

    let mut queries = Shared::<[E]>::new_slice(tile * stride);
    let mut keys = Shared::<[E]>::new_slice(tile * stride);
    let mut window = Shared::<[E]>::new_slice(2 * tile * stride);
    let mut weights = Shared::<[E]>::new_slice(tile * tile);
    let mut scores = Shared::<[f32]>::new_slice(tile * tile);
    let mut terms = Shared::<[f32]>::new_slice(2 * tile * tile);
    let mut context = Shared::<[f32]>::new_slice(tile * size);
    // Of each query: the largest score so far, the sum of the weights relative to it, what both change by now.
    let mut maxima = Shared::<[f32]>::new_slice(tile);
    let mut sums = Shared::<[f32]>::new_slice(tile);
    let mut factors = Shared::<[f32]>::new_slice(tile);
    // Of each distance in the tile: its row of the window; of each row of the window: its row of the table.
    let mut places = Shared::<[u32]>::new_slice(2 * tile);
    let mut rows = Shared::<[u32]>::new_slice(2 * tile);

    load::<E>(query, &mut queries, first, count, hidden, column, form);
    let mut at = UNIT_POS as usize;
    while at < tile * size {
        context[at] = 0.0;
        at += CUBE_DIM as usize;
    }
    if (UNIT_POS as usize) < tile {
        maxima[UNIT_POS as usize] = f32::new(NEVER);
        sums[UNIT_POS as usize] = 0.0;
    }

    let reach = (table.len() - 1) / 2;
    let mut start = 0usize;
    while start < length {
        let there = min(length - start, tile);
        let window_rows = if comptime!(form.c2p || form.p2c) {
            // Distance d of the tile, from 0 to 2 · tile − 2, is position − start − (tile − 1) + d; beyond the reach
            // there are only scores that nobody wants.
            let lowest = table[min(max_zero(position + reach + 1, start + tile), 2 * reach)];
            let highest = table[min(max_zero(position + reach + tile, start + 1), 2 * reach)];
            // Rows follow each other where all between the ends fit; far from the diagonal that is few. Tables that skip
            // rows get one for every distance.
            let consecutive = (highest - lowest) as usize + 1 <= 2 * tile - 1;
            let mut d = UNIT_POS as usize;
            while d < 2 * tile {
                let row = table[min(max_zero(position + reach + 1 + d, start + tile), 2 * reach)];
                if consecutive {
                    places[d] = min(row - lowest, comptime!(2 * tile as u32 - 1));
                    rows[d] = min(lowest + d as u32, highest);
                } else {
                    places[d] = d as u32;
                    rows[d] = row;
                }
                d += CUBE_DIM as usize;
            }
            let needed = if consecutive { (highest - lowest) as usize + 1 } else { 2 * tile };
            needed.div_ceil(16) * 16
        } else {
            0usize.runtime()
        };

        load::<E>(key, &mut keys, tokens + start, there, hidden, column, form);
        sync_cube();
        if comptime!(form.c2p) {
            gather::<E>(pos_keys, &rows, &mut window, window_rows, hidden, column, form);
            sync_cube();
        }
        product::<E>(&queries, &keys, &mut scores, tile, tile, form);
        if comptime!(form.c2p) {
            product::<E>(&queries, &window, &mut terms, window_rows, comptime!(2 * tile), form);
            sync_cube();
            let mut at = UNIT_POS as usize;
            while at < tile * tile {
                let (i, j) = (at / tile, at % tile);
                scores[at] += terms[i * 2 * tile + places[i + tile - 1 - j] as usize];
                at += CUBE_DIM as usize;
            }
            sync_cube();
        }
        if comptime!(form.p2c) {
            gather::<E>(pos_queries, &rows, &mut window, window_rows, hidden, column, form);
            sync_cube();
            product::<E>(&keys, &window, &mut terms, window_rows, comptime!(2 * tile), form);
        }
        sync_cube();

        // The keys are done with.
        load::<E>(value, &mut keys, tokens + start, there, hidden, column, form);
        let mut at = UNIT_POS as usize;
        while at < tile * tile {
            let (i, j) = (at / tile, at % tile);
            let mut score = scores[at];
            if comptime!(form.p2c) {
                score += terms[j * 2 * tile + places[i + tile - 1 - j] as usize];
            }
            scores[at] = if j < there { score * inverse_scale } else { f32::new(NEVER) };
            at += CUBE_DIM as usize;
        }
        sync_cube();
        if (UNIT_POS as usize) < tile {
            let i = UNIT_POS as usize;
            let before = maxima[i];
            let mut maximum = before;
            for j in 0..tile {
                maximum = max(maximum, scores[i * tile + j]);
            }
            maxima[i] = maximum;
            factors[i] = (before - maximum).exp();
        }
        sync_cube();
        let mut at = UNIT_POS as usize;
        while at < tile * tile {
            let weight = (scores[at] - maxima[at / tile]).exp();
            scores[at] = weight;
            weights[at] = E::cast_from(weight);
            at += CUBE_DIM as usize;
        }
        let mut at = UNIT_POS as usize;
        while at < tile * size {
            context[at] *= factors[at / size];
            at += CUBE_DIM as usize;
        }
        sync_cube();
        if (UNIT_POS as usize) < tile {
            let i = UNIT_POS as usize;
            let mut sum = sums[i] * factors[i];
            for j in 0..tile {
                sum += scores[i * tile + j];
            }
            sums[i] = sum;
        }
        weigh::<E>(&weights, &keys, &mut context, form);
        sync_cube();
        start += tile;
    }

    let mut at = UNIT_POS as usize;
    while at < tile * size {
        let (i, c) = (at / size, at % size);
        if i < count {
            output[(first + i) * hidden + column + c] = E::cast_from(context[at] / sums[i]);
        }
        at += CUBE_DIM as usize;
    }
}

/// a − b, or 0 where that is less.
#[cube]
fn max_zero(a: usize, b: usize) -> usize {
    if a > b { a - b } else { 0usize.runtime() }
}

/// `count` rows of one head from `first` on into `[tile, size]`; the others are 0.
#[cube]
fn load<E: Float>(from: &[E], to: &mut Shared<[E]>, first: usize, count: usize, hidden: usize, column: usize, #[comptime] form: Form) {
    let size = comptime!(form.size);
    let mut at = UNIT_POS as usize;
    while at < comptime!(form.tile * form.size) {
        let (row, c) = (at / size, at % size);
        let mut x = E::new(0.0);
        if row < count {
            x = from[(first + row) * hidden + column + c];
        }
        to[row * comptime!(form.stride) + c] = x;
        at += CUBE_DIM as usize;
    }
}

/// The rows of one head that the first `count` of `rows` name into `[2 · tile, size]`.
#[cube]
fn gather<E: Float>(from: &[E], rows: &Shared<[u32]>, to: &mut Shared<[E]>, count: usize, hidden: usize, column: usize, #[comptime] form: Form) {
    let size = comptime!(form.size);
    let mut at = UNIT_POS as usize;
    while at < count * size {
        let (row, c) = (at / size, at % size);
        to[row * comptime!(form.stride) + c] = from[rows[row] as usize * hidden + column + c];
        at += CUBE_DIM as usize;
    }
}

/// `a`: `[tile, size]`; `b`: `[columns, size]`; `to`: `[tile, width]`, whose first columns become a · bᵀ.
#[cube]
fn product<E: Float>(a: &Shared<[E]>, b: &Shared<[E]>, to: &mut Shared<[f32]>, columns: usize, #[comptime] width: usize, #[comptime] form: Form) {
    let stride = comptime!(form.stride);
    if comptime!(form.matrix) {
        let across = columns / 16;
        let mut part = UNIT_POS_Y as usize;
        while part < comptime!(form.tile / 16) * across {
            let (i, j) = (part / across * 16, part % across * 16);
            let sum = cmma::Matrix::<f32>::from_value(cmma::MatrixIdent::Accumulator, 16usize, 16usize, 16usize, cmma::MatrixLayout::Undefined, 0.0);
            #[unroll]
            for k in 0..comptime!(form.size / 16) {
                let left = cmma::Matrix::<E>::from_slice(
                    cmma::MatrixIdent::A,
                    16usize,
                    16usize,
                    16usize,
                    cmma::MatrixLayout::RowMajor,
                    &a[i * stride + k * 16..a.len()],
                    comptime!(stride as u32),
                );
                let right = cmma::Matrix::<E>::from_slice(
                    cmma::MatrixIdent::B,
                    16usize,
                    16usize,
                    16usize,
                    cmma::MatrixLayout::ColMajor,
                    &b[j * stride + k * 16..b.len()],
                    comptime!(stride as u32),
                );
                cmma::execute(&left, &right, &sum, &sum);
            }
            let end = to.len();
            cmma::store(&mut to[i * width + j..end], &sum, comptime!(width as u32), cmma::MatrixLayout::RowMajor);
            part += CUBE_DIM_Y as usize;
        }
    } else {
        let mut at = UNIT_POS as usize;
        while at < comptime!(form.tile) * columns {
            let (i, j) = (at / columns, at % columns);
            let mut sum = f32::new(0.0);
            for k in 0..comptime!(form.size) {
                sum += f32::cast_from(a[i * stride + k]) * f32::cast_from(b[j * stride + k]);
            }
            to[i * width + j] = sum;
            at += CUBE_DIM as usize;
        }
    }
}

/// Adds `weights` `[tile, tile]` · `values` `[tile, size]` to `context` `[tile, size]`.
#[cube]
fn weigh<E: Float>(weights: &Shared<[E]>, values: &Shared<[E]>, context: &mut Shared<[f32]>, #[comptime] form: Form) {
    let tile = comptime!(form.tile);
    let size = comptime!(form.size);
    let stride = comptime!(form.stride);
    if comptime!(form.matrix) {
        let across = comptime!(size / 16);
        let mut part = UNIT_POS_Y as usize;
        while part < comptime!(form.tile / 16) * across {
            let (i, j) = (part / across * 16, part % across * 16);
            let mut sum = cmma::Matrix::<f32>::from_value(cmma::MatrixIdent::Accumulator, 16usize, 16usize, 16usize, cmma::MatrixLayout::Undefined, 0.0);
            let end = context.len();
            cmma::load_with_layout(&mut sum, &context[i * size + j..end], comptime!(size as u32), cmma::MatrixLayout::RowMajor);
            #[unroll]
            for k in 0..comptime!(form.tile / 16) {
                let left = cmma::Matrix::<E>::from_slice(
                    cmma::MatrixIdent::A,
                    16usize,
                    16usize,
                    16usize,
                    cmma::MatrixLayout::RowMajor,
                    &weights[i * tile + k * 16..weights.len()],
                    comptime!(tile as u32),
                );
                let right = cmma::Matrix::<E>::from_slice(
                    cmma::MatrixIdent::B,
                    16usize,
                    16usize,
                    16usize,
                    cmma::MatrixLayout::RowMajor,
                    &values[k * 16 * stride + j..values.len()],
                    comptime!(stride as u32),
                );
                cmma::execute(&left, &right, &sum, &sum);
            }
            cmma::store(&mut context[i * size + j..end], &sum, comptime!(size as u32), cmma::MatrixLayout::RowMajor);
            part += CUBE_DIM_Y as usize;
        }
    } else {
        let mut at = UNIT_POS as usize;
        while at < comptime!(form.tile * form.size) {
            let (i, c) = (at / size, at % size);
            let mut sum = context[at];
            for j in 0..tile {
                sum += f32::cast_from(weights[i * tile + j]) * f32::cast_from(values[j * stride + c]);
            }
            context[at] = sum;
            at += CUBE_DIM as usize;
        }
    }
}

/// Whether the kernel can be had for these heads; `hidden`: of all of them.
pub fn fits(client: &Client, dtype: DType, geometry: &Geometry, hidden: usize) -> bool {
    Form::new(client, dtype_to_storage_type(dtype), hidden / geometry.heads, geometry.terms).is_some()
}

impl Form {
    /// The form for a device; `None` where it has not the shared memory that the smallest tile needs.
    ///
    /// `size`: dimensions of a head.
    pub fn new(client: &Client, dtype: ElemType, size: usize, terms: PositionTerms) -> Option<Self> {
        Self::of(client.properties(), dtype, size, terms)
    }

    fn of(properties: &DeviceProperties, dtype: ElemType, size: usize, terms: PositionTerms) -> Option<Self> {
        let instruction = MmaConfig { a_type: dtype, b_type: dtype, cd_type: ElemType::Float(FloatKind::F32), m: 16, n: 16, k: 16 };
        let matrix = size.is_multiple_of(16) && properties.features.matmul.cmma.contains(&instruction);
        let form = |tile| {
            // Matrices are loaded from multiples of 16 bytes.
            let stride = if matrix { size + 8 } else { size + 1 };
            Self { tile, size, stride, matrix, c2p: terms.c2p(), p2c: terms.p2c() }
        };
        let room = properties.hardware.max_shared_memory_size;
        // Wider tiles read keys and values less often, but without matrix instructions it is the products that take time.
        let tiles: &[usize] = if matrix { &[32, 16] } else { &[16] };
        tiles.iter().map(|tile| form(*tile)).find(|form| form.shared_bytes(dtype.size()) <= room)
    }

    /// What [`attend`] takes of the shared memory, with elements of so many bytes.
    fn shared_bytes(&self, element: usize) -> usize {
        let Self { tile, size, stride, .. } = self;
        element * (4 * tile * stride + tile * tile) + 4 * (3 * tile * tile + tile * size + 7 * tile)
    }

    fn cube_dim(&self, properties: &DeviceProperties) -> CubeDim {
        let hardware = &properties.hardware;
        if self.matrix { CubeDim::new_2d(hardware.plane_size_max, 4) } else { CubeDim::new_1d(hardware.max_units_per_cube.min(128)) }
    }
}

/// The tiles of queries: where the tokens of their row begin and how many they are, the first query, its position in the
/// row, how many queries.
fn blocks(geometry: &Geometry, wanted: Option<&Wanted>, tile: usize) -> Vec<u32> {
    let mut blocks: Vec<[usize; FIELDS]> = Vec::new();
    for (row, ends) in geometry.offsets.windows(2).enumerate() {
        let length = ends[1] - ends[0];
        match wanted {
            None => blocks.extend((0..length).step_by(tile).map(|at| [ends[0], length, ends[0] + at, at, tile.min(length - at)])),
            Some(wanted) => {
                let (first, positions) = wanted.row(row);
                blocks.extend(positions.iter().enumerate().map(|(n, at)| [ends[0], length, first + n, *at, 1]));
            }
        }
    }
    // Tokens of a batch fit in the memory of a device.
    blocks.as_flattened().iter().map(|n| u32::try_from(*n).unwrap_or(u32::MAX)).collect()
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
    fn upload(client: &Client, geometry: &Geometry, wanted: Option<&Wanted>, tile: usize) -> Self {
        let blocks = blocks(geometry, wanted, tile);
        let table = geometry.relative.as_ref().map_or(&[0][..], |relative| relative.within(geometry.longest()));
        let buffer = |numbers: &[u32]| client.create_from_slice(bytemuck::cast_slice(numbers));
        Self { fields: blocks.len(), blocks: buffer(&blocks), distances: table.len(), table: buffer(table) }
    }
}

/// What a [`Geometry`] keeps for its layers: the plan of all tokens.
#[derive(Debug, Clone, Default)]
pub struct Kept(Arc<OnceLock<Plan>>);

impl DisentangledAttention for CubeBackend {
    fn disentangled_attention(
        query: CubeTensor,
        key: CubeTensor,
        value: CubeTensor,
        pos_keys: CubeTensor,
        pos_queries: CubeTensor,
        geometry: Geometry,
        wanted: Option<Arc<Wanted>>,
        _rounded: bool,
    ) -> CubeTensor {
        let (client, dtype, shape) = (query.client.clone(), query.dtype, query.meta.shape().clone());
        let element = dtype_to_storage_type(dtype);
        let (hidden, heads) = (shape[1], geometry.heads);
        let output = empty_device_contiguous_dtype(client.clone(), query.device.clone(), shape, dtype);
        let form = Form::new(&client, element, hidden / heads, geometry.terms).expect("the caller has asked `fits`");
        let plan = match wanted.as_deref() {
            None => geometry.kept.0.get_or_init(|| Plan::upload(&client, &geometry, None, form.tile)).clone(),
            wanted => Plan::upload(&client, &geometry, wanted, form.tile),
        };
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let [query, key, value, pos_keys, pos_queries] = [query, key, value, pos_keys, pos_queries].map(|t| into_contiguous(t).into_buffer_arg());
        // SAFETY: the lengths are those of the slices that the buffers were made from.
        let (blocks, table) = unsafe { (BufferArg::from_raw_parts(plan.blocks, plan.fields), BufferArg::from_raw_parts(plan.table, plan.distances)) };
        attend::launch(
            &client,
            CubeCount::Static(count(plan.fields / FIELDS), count(heads), 1),
            form.cube_dim(client.properties()),
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
    use cubecl::ir::{AddressType, DeviceIdentity, DeviceProperties, HardwareProperties, MemoryDeviceProperties, TargetProperties};
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
            features.matmul.cmma.insert(MmaConfig { a_type: dtype, b_type: dtype, cd_type: ElemType::Float(FloatKind::F32), m: 16, n: 16, k: 16 });
        }
        let identity = DeviceIdentity { name: String::new(), fingerprint: String::new(), physical: None };
        DeviceProperties::new(features, MemoryDeviceProperties::new(u64::MAX, 256), hardware, TimingMethod::Device, identity)
    }

    /// The kernel as assembly for sm_90, without a device.
    fn assembly<E: Float>(dtype: FloatKind) -> String {
        let (properties, dtype) = (Arc::new(hopper()), ElemType::Float(dtype));
        let form = Form::of(&properties, dtype, 64, PositionTerms::Both).unwrap();
        let settings = KernelSettings::new(*form.cube_dim(&properties), ExecutionMode::Checked, AddressType::U32);
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
            form,
            dtype,
        );
        let mut compiler = PlironCompiler { target: LlvmTarget::Nvptx };
        let options = PlironOptions { sm_arch: Some(SmArch::new(90, false)), ptx_version: PtxVersion::for_driver(12_080), ..PlironOptions::default() };
        let PlironArtifact::NvptxCode(module) = compiler.compile(kernel.define(), &options).unwrap() else { panic!("no PTX") };
        module.ptx.iter().map(|byte| char::from(*byte as u8)).collect()
    }

    /// NVIDIA's assembler takes it, where the toolkit has one.
    fn assembles(name: &str, assembly: &str, toolkit: &Path) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("attention.ptx");
        std::fs::write(&file, assembly.trim_end_matches('\0')).unwrap();
        match std::process::Command::new(toolkit.join("bin/ptxas")).args(["-v", "-arch=sm_90a", "-o"]).arg(dir.path().join("cubin")).arg(&file).output() {
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(output.status.success(), "{name}: {said}");
                eprintln!("{name}: {said}");
            }
            Err(error) => eprintln!("SKIPPED: ptxas: {error}"),
        }
    }

    /// The products in half precision are NVIDIA's matrix instructions with sums in f32, those in f32 are not (TF32 rounds).
    #[test]
    fn half_precision_multiplies_by_matrix_instructions_and_f32_does_not() {
        let toolkit = std::env::var("CUDA_PATH").unwrap_or_else(|_| "/usr/local/cuda".to_owned());
        let toolkit = Path::new(&toolkit);
        if !toolkit.join("nvvm/libdevice/libdevice.10.bc").exists() {
            eprintln!("SKIPPED: no libdevice.10.bc in {}: docs/gpu.md says where it comes from", toolkit.display());
            return;
        }
        let halves = [("f16", assembly::<half::f16>(FloatKind::F16)), ("bf16", assembly::<half::bf16>(FloatKind::BF16))];
        for (name, assembly) in &halves {
            let instructions = assembly.lines().filter(|line| line.contains("wmma.mma.sync.aligned") && line.contains(".f32")).count();
            // Scores, both position terms, and the values: four products.
            assert!(instructions >= 4, "{name}: {instructions}\n{assembly}");
            assembles(name, assembly, toolkit);
        }
        let f32 = assembly::<f32>(FloatKind::F32);
        assert!(!f32.contains("wmma"));
        assembles("f32", &f32, toolkit);
    }
}
