//! GPUs: found, asked what they have, and tried before they are trusted.

use std::sync::Once;

use burn::backend::DispatchDevice;
use burn::tensor::{DType, Device, DeviceType};
use cubecl::client::Client;
use cubecl::config::cache::CacheConfig;
use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};
use cubecl::ir::{ElemType, FloatKind};
use cubecl::records::RecordLevel;
use indicatif::HumanBytes;

use crate::device::{Api, Gpu, not_built};
use crate::kernels::gpu;
use crate::kernels::relative_positions::PositionTerms;
use crate::model::EncoderConfig;
use crate::scoring::cache;
use crate::support::catch_panic::guarded;
use crate::support::error::{Error, Result, one_line};

/// A device that answers.
struct Found {
    device: Device,
    client: Client,
    model: String,
    /// Not a card: a driver that computes on the CPU.
    is_software: bool,
}

/// What a machine must have for it.
fn needs(api: Api) -> &'static str {
    match api {
        Api::Cuda => {
            "it needs NVIDIA's driver (libcuda; `nvidia-smi` shows whether it works) and libdevice.10.bc of a CUDA toolkit, found through CUDA_PATH (docs/gpu.md)"
        }
        Api::Rocm => "it needs AMD's driver and ROCm's libamdhip64",
        Api::Metal => "it needs macOS",
        Api::Vulkan => "it needs a Vulkan driver; `vulkaninfo --summary` shows whether one works",
        Api::WebGpu => "it needs a driver for Vulkan, Metal or Direct3D 12",
    }
}

/// The device of this number, after a trial.
pub fn open(api: Api, number: usize) -> Result<Gpu> {
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
    let devices = devices(api);
    let count = devices.len();
    let device = devices.into_iter().nth(number).ok_or_else(|| {
        refuse(match count {
            0 => format!("this machine has no {} device", api.name()),
            n => format!("this machine has {n}, numbered from 0"),
        })
    })?;
    tried(api, number, look(device).map_err(refuse)?).map_err(refuse)
}

/// The first card that works; software is never chosen unasked.
pub fn first(api: Api) -> std::result::Result<Gpu, String> {
    let mut why = "no device".to_owned();
    for (number, device) in devices(api).into_iter().enumerate() {
        match look(device) {
            Ok(found) if found.is_software => {
                why = format!("{} is software on the CPU", found.model)
            }
            Ok(found) => match tried(api, number, found) {
                Ok(gpu) => return Ok(gpu),
                Err(reason) => why = reason,
            },
            Err(reason) => why = reason,
        }
    }
    Err(why)
}

/// What `pairbench doctor` says: each device's memory, types and matrix instructions.
pub fn describe(api: Api) -> Vec<(String, String)> {
    if !api.is_built() {
        return vec![(api.name().to_owned(), "not in this build".to_owned())];
    }
    let devices = devices(api);
    if devices.is_empty() {
        return vec![(api.name().to_owned(), format!("no device: {}", needs(api)))];
    }
    let line = |(number, device)| {
        (
            format!("{}:{number}", api.name()),
            look(device).map_or_else(|why| why, |found| found.facts(api)),
        )
    };
    devices.into_iter().enumerate().map(line).collect()
}

fn devices(api: Api) -> Vec<Device> {
    configure();
    let kind = match api {
        #[cfg(feature = "cuda")]
        Api::Cuda => DeviceType::Cuda,
        #[cfg(feature = "rocm")]
        Api::Rocm => DeviceType::Rocm,
        #[cfg(feature = "metal")]
        Api::Metal => DeviceType::Metal,
        #[cfg(feature = "vulkan")]
        Api::Vulkan => DeviceType::Vulkan,
        // burn's own WebGpu is the browser's.
        #[cfg(feature = "webgpu")]
        Api::WebGpu => DeviceType::Wgpu,
        #[allow(unreachable_patterns, reason = "some builds have them all")]
        _ => return Vec::new(),
    };
    // Drivers that are there but broken panic.
    guarded(|| Device::enumerate(kind).into_vec()).unwrap_or_default()
}

/// Where measurements of kernels and, where a driver takes them, compiled kernels are kept from one
/// run to the next: with the verdicts. Must come before the first device is asked for.
fn configure() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut config = CubeClRuntimeConfig::from_current_dir().override_from_env();
        // What was compiled when, for ever, is of no use here.
        config.environment.records.level = RecordLevel::Off;
        if let Some(folder) = cache::folder() {
            config.environment.path = CacheConfig::Directory(cache::kernels(&folder));
            config.compilation.cache = true;
        } else {
            config.compilation.cache = false;
            config.autotune.disable_cache = true;
            config.throughput.disable_cache = true;
        }
        // Whoever has set it before, a test for one, had reasons.
        CubeClRuntimeConfig::try_set(config);
    });
}

fn look(device: Device) -> std::result::Result<Found, String> {
    let asked = guarded(|| {
        let identity = device.identity()?;
        let DispatchDevice::Cube(cube) = device.as_dispatch() else {
            return None;
        };
        Some((identity.name, identity.physical.is_none(), cube.client()))
    });
    let (model, is_software, client) = asked.flatten().ok_or("its driver fails")?;
    Ok(Found {
        device,
        client,
        model: one_line(&model),
        is_software,
    })
}

impl Found {
    fn facts(&self, api: Api) -> String {
        let properties = self.client.properties();
        let matrix = [
            ("f16", FloatKind::F16),
            ("bf16", FloatKind::BF16),
            ("tf32", FloatKind::TF32),
            ("f32", FloatKind::F32),
        ];
        let multiplies = |kind: FloatKind| {
            let (features, element) = (&properties.features.matmul, ElemType::Float(kind));
            features
                .cmma
                .iter()
                .chain(&features.mma)
                .any(|config| config.a_type == element)
        };
        let names = |found: Vec<&str>| {
            if found.is_empty() {
                "none".to_owned()
            } else {
                found.join(" ")
            }
        };
        let dtypes = [
            ("f32", DType::F32),
            ("f16", DType::F16),
            ("bf16", DType::BF16),
        ];
        let parts = [
            Some(self.model.clone()),
            self.is_software.then(|| "software".to_owned()),
            driver(api, &self.model),
            properties
                .memory
                .max_memory()
                .map(|bytes| HumanBytes(bytes).to_string()),
            Some(format!("compiled as {}", self.client.name())),
            Some(format!(
                "dtypes {}",
                names(
                    dtypes
                        .into_iter()
                        .filter(|(_, dtype)| self.device.supports_dtype(*dtype))
                        .map(|(name, _)| name)
                        .collect()
                )
            )),
            Some(format!(
                "matrix instructions {}",
                names(
                    matrix
                        .into_iter()
                        .filter(|(_, kind)| multiplies(*kind))
                        .map(|(name, _)| name)
                        .collect()
                )
            )),
            Some(format!(
                "{} of shared memory",
                HumanBytes(properties.hardware.max_shared_memory_size as u64)
            )),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// The driver's version, where it can be read.
fn driver(api: Api, model: &str) -> Option<String> {
    match api {
        Api::Cuda => {
            // NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.124.06  ...
            let text = std::fs::read_to_string("/proc/driver/nvidia/version").ok()?;
            let version = text.split_whitespace().find(|word| {
                word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.')
            })?;
            Some(format!("driver {}", one_line(version)))
        }
        Api::Rocm => None,
        Api::Metal | Api::Vulkan | Api::WebGpu => guarded(|| of_graphics(model)).flatten(),
    }
}

#[cfg(any(feature = "metal", feature = "vulkan", feature = "webgpu"))]
fn of_graphics(model: &str) -> Option<String> {
    use burn::backend::wgpu::wgpu;
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapters = cubecl::future::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
    let info = adapters
        .iter()
        .map(wgpu::Adapter::get_info)
        .find(|info| info.name == model)?;
    Some(one_line(&format!(
        "driver {} {}",
        info.driver, info.driver_info
    )))
}

#[cfg(not(any(feature = "metal", feature = "vulkan", feature = "webgpu")))]
fn of_graphics(_model: &str) -> Option<String> {
    None
}

/// A driver can compile a kernel and compute something else.
fn tried(api: Api, number: usize, found: Found) -> std::result::Result<Gpu, String> {
    let gpu = Gpu {
        device: found.device,
        api,
        number,
        model: found.model,
    };
    works(&gpu, DType::F32)?;
    Ok(gpu)
}

/// Whether it computes in this type; else why not.
pub fn works(gpu: &Gpu, dtype: DType) -> std::result::Result<(), String> {
    if !gpu.device.supports_dtype(dtype) {
        return Err(format!("it has no {}", dtype.name()));
    }
    let trial = guarded(|| crate::device::self_test::run(&gpu.device, dtype))
        .unwrap_or_else(|| Err("its driver fails".to_owned()));
    trial.map_err(|why| one_line(&why))
}

/// Whether the attention's kernel can be had for a model's heads in this type.
pub fn fits(gpu: &Gpu, config: &EncoderConfig, dtype: DType) -> bool {
    let DispatchDevice::Cube(device) = gpu.device.as_dispatch() else {
        return false;
    };
    let terms = config
        .relative
        .as_ref()
        .map_or(PositionTerms::None, |relative| relative.terms);
    gpu::attention::fits(
        &device.client(),
        dtype,
        config.hidden_size / config.heads,
        terms,
    )
}
