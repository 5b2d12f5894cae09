//! GPUs that are looked for and tested before they are used.

use burn::backend::DispatchDevice;
use burn::tensor::DType;

use crate::device::api::{Api, not_built};
use crate::device::gpu::Gpu;
use crate::device::gpu_driver::{FoundGpu, enumerate, query};
use crate::device::self_test;
use crate::kernels::gpu;
use crate::model::Architecture;
use crate::support::catch_panic::guarded;
use crate::support::error::{Error, Result, one_line};

/// What a machine needs for an interface.
fn needs(api: Api) -> &'static str {
    match api {
        Api::Cuda => {
            "it needs NVIDIA's driver (libcuda; `nvidia-smi` shows whether it works) and \
             libdevice.10.bc of a CUDA toolkit, found through CUDA_PATH (docs/gpu.md)"
        }
        Api::Rocm => "it needs AMD's driver and ROCm's libamdhip64",
        Api::Metal => "it needs macOS",
        Api::Vulkan => "it needs a Vulkan driver; `vulkaninfo --summary` shows whether one works",
        Api::WebGpu => "it needs a driver for Vulkan, Metal or Direct3D 12",
    }
}

/// The device of this number, after its self-test.
///
/// # Errors
/// An interface that is not built, a device that does not exist, or one that fails.
pub(super) fn open(api: Api, number: usize) -> Result<Gpu> {
    if !api.is_built() {
        return Err(not_built(api));
    }
    let refuse = |why: String| {
        Error::unavailable(format!(
            "failed to open device {}:{number}: {why}",
            api.name()
        ))
        .hint(format!("{}; --device cpu always works", needs(api)))
    };
    let devices = enumerate(api);
    let count = devices.len();
    let device = devices.into_iter().nth(number).ok_or_else(|| {
        refuse(match count {
            0 => format!("this machine has no {} device", api.name()),
            n => format!("this machine has {n}, numbered from 0"),
        })
    })?;
    tested(api, number, query(device).map_err(refuse)?).map_err(refuse)
}

/// The first card that works, else why none does; software devices are passed over.
pub(super) fn first(api: Api) -> std::result::Result<Gpu, String> {
    let mut why = "no device".to_owned();
    for (number, device) in enumerate(api).into_iter().enumerate() {
        match query(device) {
            Ok(found) if found.is_software => {
                why = format!("{} is software on the CPU", found.model);
            }
            Ok(found) => match tested(api, number, found) {
                Ok(gpu) => return Ok(gpu),
                Err(reason) => why = reason,
            },
            Err(reason) => why = reason,
        }
    }
    Err(why)
}

/// Each device of an interface: its name, and what `pairbench doctor` says about it.
pub(super) fn describe(api: Api) -> Vec<(String, String)> {
    if !api.is_built() {
        return vec![(api.name().to_owned(), "not in this build".to_owned())];
    }
    let devices = enumerate(api);
    if devices.is_empty() {
        return vec![(api.name().to_owned(), format!("no device: {}", needs(api)))];
    }
    let line = |(number, device)| {
        (
            format!("{}:{number}", api.name()),
            query(device).map_or_else(|why| why, |found| found.facts(api)),
        )
    };
    devices.into_iter().enumerate().map(line).collect()
}

/// The GPU, if it passes the self-test in f32: a driver can compile a kernel and compute something
/// else.
fn tested(api: Api, number: usize, found: FoundGpu) -> std::result::Result<Gpu, String> {
    let gpu = Gpu {
        device: found.device,
        api,
        number,
        model: found.model,
    };
    works(&gpu, DType::F32)?;
    Ok(gpu)
}

/// Whether a GPU passes the self-test in this type; else why not.
pub(super) fn works(gpu: &Gpu, dtype: DType) -> std::result::Result<(), String> {
    if !gpu.device.supports_dtype(dtype) {
        return Err(format!("it has no {}", dtype.name()));
    }
    passes(|| self_test::encoder(&gpu.device, dtype))
}

/// Whether a GPU passes the self-test of this architecture's own kernels in this type; else why
/// not.
pub(super) fn works_for(
    gpu: &Gpu,
    architecture: &dyn Architecture,
    dtype: DType,
) -> std::result::Result<(), String> {
    if architecture.is_causal() {
        passes(|| self_test::decoder(&gpu.device, dtype))
    } else {
        Ok(())
    }
}

fn passes(test: impl Fn() -> std::result::Result<(), String>) -> std::result::Result<(), String> {
    let result = guarded(test).unwrap_or_else(|| Err("its driver fails".to_owned()));
    result.map_err(|why| one_line(&why))
}

/// Whether the attention's kernel exists for the heads of an architecture in this type.
pub(super) fn fits(gpu: &Gpu, architecture: &dyn Architecture, dtype: DType) -> bool {
    let DispatchDevice::Cube(device) = gpu.device.as_dispatch() else {
        return false;
    };
    let (client, size) = (device.client(), architecture.head_size());
    if architecture.is_causal() {
        gpu::causal_attention::fits(&client, dtype, size)
    } else {
        gpu::attention::fits(&client, dtype, size, architecture.position_terms())
    }
}
