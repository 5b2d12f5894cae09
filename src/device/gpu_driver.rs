//! What the drivers of GPUs say: which devices exist and what they support.

use std::sync::Once;

use burn::backend::DispatchDevice;
use burn::tensor::{DType, Device, DeviceType};
use cubecl::client::Client;
use cubecl::config::cache::CacheConfig;
use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};
use cubecl::ir::{ElemType, FloatKind};
use cubecl::records::RecordLevel;
use indicatif::HumanBytes;

use crate::device::api::Api;
use crate::support::cache_folder;
use crate::support::catch_panic::guarded;
use crate::support::error::one_line;

/// A device whose driver answers.
pub(super) struct FoundGpu {
    pub(super) device: Device,
    client: Client,
    /// The name that the driver gives.
    pub(super) model: String,
    /// Whether this is no card but a driver that computes on the CPU.
    pub(super) is_software: bool,
}

/// The devices of an interface, in the order of their numbers.
pub(super) fn enumerate(api: Api) -> Vec<Device> {
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
        // burn's `WebGpu` is the browser's.
        #[cfg(feature = "webgpu")]
        Api::WebGpu => DeviceType::Wgpu,
        #[allow(unreachable_patterns, reason = "some builds have them all")]
        _ => return Vec::new(),
    };
    // Broken drivers panic.
    guarded(|| Device::enumerate(kind).into_vec()).unwrap_or_default()
}

/// Sets where CubeCL keeps its autotune measurements and, where the driver supports it, compiled
/// kernels between runs: beside the cached verdicts. Must run before the first device is opened.
fn configure() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut config = CubeClRuntimeConfig::from_current_dir().override_from_env();
        // CubeCL would keep a record of all compilations for ever.
        config.environment.records.level = RecordLevel::Off;
        if let Some(folder) = cache_folder::folder() {
            config.environment.path = CacheConfig::Directory(cache_folder::kernels(&folder));
            config.compilation.cache = true;
        } else {
            config.compilation.cache = false;
            config.autotune.disable_cache = true;
            config.throughput.disable_cache = true;
        }
        // Does nothing where a configuration is set already, as in some tests.
        CubeClRuntimeConfig::try_set(config);
    });
}

/// Asks the driver about a device.
pub(super) fn query(device: Device) -> std::result::Result<FoundGpu, String> {
    let answer = guarded(|| {
        let identity = device.identity()?;
        let DispatchDevice::Cube(cube) = device.as_dispatch() else {
            return None;
        };
        Some((identity.name, identity.physical.is_none(), cube.client()))
    });
    let (model, is_software, client) = answer.flatten().ok_or("its driver fails")?;
    Ok(FoundGpu {
        device,
        client,
        model: one_line(&model),
        is_software,
    })
}

impl FoundGpu {
    /// Memory, types and matrix instructions, for `pairbench doctor`.
    pub(super) fn facts(&self, api: Api) -> String {
        let properties = self.client.properties();
        let shared = properties.hardware.max_shared_memory_size as u64;
        let parts = [
            Some(self.model.clone()),
            self.is_software.then(|| "software".to_owned()),
            driver_version(api, &self.model),
            properties
                .memory
                .max_memory()
                .map(|bytes| HumanBytes(bytes).to_string()),
            Some(format!("compiled as {}", self.client.name())),
            Some(format!("dtypes {}", self.dtypes())),
            Some(format!("matrix instructions {}", self.matrix_types())),
            Some(format!("{} of shared memory", HumanBytes(shared))),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Types that tensors can have.
    fn dtypes(&self) -> String {
        let dtypes = [
            ("f32", DType::F32),
            ("f16", DType::F16),
            ("bf16", DType::BF16),
        ];
        names_or_none(&dtypes, |dtype| self.device.supports_dtype(dtype))
    }

    /// Types that matrix instructions multiply.
    fn matrix_types(&self) -> String {
        let kinds = [
            ("f16", FloatKind::F16),
            ("bf16", FloatKind::BF16),
            ("tf32", FloatKind::TF32),
            ("f32", FloatKind::F32),
        ];
        let features = &self.client.properties().features.matmul;
        names_or_none(&kinds, |kind| {
            let element = ElemType::Float(kind);
            let mut configs = features.cmma.iter().chain(&features.mma);
            configs.any(|config| config.a_type == element)
        })
    }
}

/// The names of those entries for which `is_supported` holds.
fn names_or_none<T: Copy>(entries: &[(&str, T)], is_supported: impl Fn(T) -> bool) -> String {
    let supported = entries.iter().filter(|(_, entry)| is_supported(*entry));
    let names: Vec<&str> = supported.map(|(name, _)| *name).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(" ")
    }
}

/// The driver's version, where it can be read.
fn driver_version(api: Api, model: &str) -> Option<String> {
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
        Api::Metal | Api::Vulkan | Api::WebGpu => guarded(|| graphics_driver(model)).flatten(),
    }
}

#[cfg(any(feature = "metal", feature = "vulkan", feature = "webgpu"))]
fn graphics_driver(model: &str) -> Option<String> {
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
fn graphics_driver(_model: &str) -> Option<String> {
    None
}
