//! For tests: kernels as assembly for NVIDIA's Hopper, without a device.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cubecl::cmma::MatrixLayout;
use cubecl::features::Features;
use cubecl::ir::features::MmaConfig;
use cubecl::ir::nvidia::SmArch;
use cubecl::ir::{
    AddressType, ContiguousElements, DeviceIdentity, DeviceProperties, ElemType, FloatKind,
    HardwareProperties, MemoryDeviceProperties, TargetProperties,
};
use cubecl::prelude::*;
use cubecl::profile::TimingMethod;
use cubecl::{Compiler, CubeKernel};
use cubecl_llvm::nvptx::ptx_version::PtxVersion;
use cubecl_llvm::{LlvmTarget, PlironArtifact, PlironCompiler, PlironOptions};

use crate::support::terminal::say;

/// The properties of a Hopper device that a kernel depends on; `shared`: bytes of shared memory
/// that a cube may have.
pub(super) fn hopper(shared: usize) -> Arc<DeviceProperties> {
    let hardware = HardwareProperties {
        load_width: 128,
        vector_register_count: None,
        plane_size_min: 32,
        plane_size_max: 32,
        max_bindings: 32,
        max_shared_memory_size: shared,
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
        let instruction = |n| MmaConfig {
            a_type: dtype,
            b_type: dtype,
            cd_type: ElemType::Float(FloatKind::F32),
            m: 16,
            n,
            k: 16,
        };
        features.matmul.cmma.insert(instruction(16));
        features.matmul.mma.insert(instruction(8));
        features.matmul.ldmatrix.insert(dtype);
    }
    let identity = DeviceIdentity {
        name: String::new(),
        fingerprint: String::new(),
        physical: None,
    };
    Arc::new(DeviceProperties::new(
        features,
        MemoryDeviceProperties::new(u64::MAX, 256),
        hardware,
        TimingMethod::Device,
        identity,
    ))
}

/// Where a unit finds its elements of a fragment: as in `cubecl-cuda`'s runtime.
pub(super) fn target() -> Arc<TargetProperties> {
    let mut target = TargetProperties::default();
    let mma = &mut target.mma;
    mma.register_size_bits = 32;
    mma.const_plane_size = 32;
    mma.register_layout_a = MatrixLayout::RowMajor;
    mma.register_layout_b = MatrixLayout::ColMajor;
    mma.register_layout_acc = MatrixLayout::RowMajor;
    mma.register_duplication_a = 1;
    mma.register_duplication_b = 1;
    mma.register_duplication_acc = 1;
    mma.contiguous_elements = ContiguousElements::new(|_, _, _| 2);
    Arc::new(target)
}

pub(super) fn settings(cube_dim: CubeDim) -> KernelSettings {
    KernelSettings::new(*cube_dim, ExecutionMode::Checked, AddressType::U32)
}

pub(super) fn buffer() -> BufferCompilationArg {
    BufferCompilationArg { inplace: None }
}

/// The kernel's assembly for sm_90.
pub(super) fn assembly(kernel: &impl CubeKernel) -> String {
    let mut compiler = PlironCompiler {
        target: LlvmTarget::Nvptx,
    };
    let options = PlironOptions {
        sm_arch: Some(SmArch::new(90, false)),
        ptx_version: PtxVersion::for_driver(12_080),
        ..PlironOptions::default()
    };
    let PlironArtifact::NvptxCode(module) = compiler.compile(kernel.define(), &options).unwrap()
    else {
        panic!("no PTX")
    };
    module
        .ptx
        .iter()
        .map(|byte| char::from(byte.cast_unsigned()))
        .collect()
}

/// The CUDA toolkit, whose `libdevice.10.bc` kernels need; `None`, which is said, where there is
/// none.
pub(super) fn toolkit() -> Option<PathBuf> {
    let path = std::env::var("CUDA_PATH").unwrap_or_else(|_| "/usr/local/cuda".to_owned());
    let path = PathBuf::from(path);
    let is_there = path.join("nvvm/libdevice/libdevice.10.bc").exists();
    if !is_there {
        say(&format!(
            "SKIPPED: no libdevice.10.bc in {}: docs/gpu.md says where it comes from",
            path.display()
        ));
    }
    is_there.then_some(path)
}

/// NVIDIA's assembler accepts it and spills no register, where the toolkit has one.
pub(super) fn assembles(name: &str, assembly: &str, toolkit: &Path) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("kernel.ptx");
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
            assert!(said.contains(" 0 bytes spill stores"), "{name}: {said}");
            say(&format!("{name}: {said}"));
        }
        Err(error) => say(&format!("SKIPPED: ptxas: {error}")),
    }
}
