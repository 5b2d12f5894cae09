//! What computes: the CPU, or GPUs of a kind that this build can reach.

pub mod backend;
mod batches;
#[cfg(feature = "_gpu")]
mod gpu;
#[cfg(feature = "_gpu")]
mod self_test;

pub use batches::Limits;

use std::fmt;
use std::str::FromStr;

use burn::tensor::{DType, Device};

#[cfg(target_arch = "x86_64")]
use crate::kernels::cpu::dot::Engine;
use crate::model::EncoderConfig;
use crate::support::error::{Error, Result};
use crate::support::terminal::say;

/// A way to reach GPUs, in the order in which `auto` tries them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    Cuda,
    Rocm,
    Metal,
    Vulkan,
    /// Whatever graphics interface the system has, by shaders in WGSL.
    WebGpu,
}

impl Api {
    pub const ALL: [Self; 5] = [
        Self::Cuda,
        Self::Rocm,
        Self::Metal,
        Self::Vulkan,
        Self::WebGpu,
    ];

    /// The word of `--device`, and the cargo feature.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cuda => "cuda",
            Self::Rocm => "rocm",
            Self::Metal => "metal",
            Self::Vulkan => "vulkan",
            Self::WebGpu => "webgpu",
        }
    }

    /// Whether it is part of this build.
    pub fn is_built(self) -> bool {
        match self {
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Rocm => cfg!(feature = "rocm"),
            Self::Metal => cfg!(feature = "metal"),
            Self::Vulkan => cfg!(feature = "vulkan"),
            Self::WebGpu => cfg!(feature = "webgpu"),
        }
    }
}

/// What `--device` names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// The first GPU that works, else the CPU.
    #[default]
    Auto,
    Cpu,
    /// GPUs of one kind by their numbers.
    Gpus(Api, Vec<usize>),
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let of_one = |word: &str| {
            let (name, number) = word.split_once(':').unwrap_or((word, "0"));
            let api = Api::ALL.into_iter().find(|api| api.name() == name);
            api.zip(number.parse().ok()).ok_or_else(|| {
                format!("`{word}` is none of auto, cpu, {}; a GPU may have its number: cuda:1; several are cuda:0,cuda:1", Api::ALL.map(Api::name).join(", "))
            })
        };
        match text {
            "auto" => return Ok(Self::Auto),
            "cpu" => return Ok(Self::Cpu),
            _ => {}
        }
        let gpus: Vec<(Api, usize)> = text
            .split(',')
            .map(of_one)
            .collect::<std::result::Result<_, _>>()?;
        let api = gpus[0].0;
        let mut numbers: Vec<usize> = gpus.iter().map(|(_, number)| *number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        if gpus.iter().any(|(other, _)| *other != api) || numbers.len() < gpus.len() {
            return Err(
                "GPUs that work together are of one kind and each is named once".to_owned(),
            );
        }
        Ok(Self::Gpus(api, numbers))
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Gpus(api, numbers) => f.write_str(
                &numbers
                    .iter()
                    .map(|number| format!("{}:{number}", api.name()))
                    .collect::<Vec<_>>()
                    .join(","),
            ),
        }
    }
}

/// A GPU that was found to work.
#[derive(Debug, Clone)]
pub struct Gpu {
    pub device: Device,
    api: Api,
    number: usize,
    /// As it calls itself.
    model: String,
}

/// What a run computes on.
#[derive(Debug, Clone)]
pub enum Devices {
    Cpu,
    /// At least one; all are of one kind.
    Gpus(Vec<Gpu>),
}

impl Devices {
    /// Opens what was asked for, or the best that works. An explicit device that cannot be had is
    /// an error.
    pub fn open(choice: &Choice) -> Result<Self> {
        match choice {
            Choice::Cpu => Ok(Self::Cpu),
            Choice::Auto => Ok(Self::best()),
            Choice::Gpus(api, numbers) => {
                let gpus: Vec<Gpu> = numbers
                    .iter()
                    .map(|number| open(*api, *number))
                    .collect::<Result<_>>()?;
                // They would round differently, and nobody could say which has found a verdict.
                if let Some(other) = gpus.iter().find(|gpu| gpu.model != gpus[0].model) {
                    return Err(Error::usage(format!(
                        "failed to put devices together: {} and {} are not alike",
                        gpus[0].model, other.model
                    ))
                    .hint("one run for each, with --shard"));
                }
                Ok(Self::Gpus(gpus))
            }
        }
    }

    /// Says which, and why, where there was a choice.
    fn best() -> Self {
        let mut passed: Vec<String> = Vec::new();
        for api in Api::ALL.into_iter().filter(|api| api.is_built()) {
            match first(api) {
                Ok(gpu) => {
                    let devices = Self::Gpus(vec![gpu]);
                    say(&format!(
                        "device: {}: {}",
                        devices.name(),
                        if passed.is_empty() {
                            "the first to try, and it works"
                        } else {
                            "the first that works"
                        }
                    ));
                    for why in &passed {
                        say(&format!("device: not {why}"));
                    }
                    return devices;
                }
                Err(why) => passed.push(format!("{}: {why}", api.name())),
            }
        }
        if !passed.is_empty() {
            say(&format!(
                "device: cpu: no GPU can be used: {}",
                passed.join("; ")
            ));
        }
        Self::Cpu
    }

    /// What a verdict depends on besides its plan: not which of several equal ones found it.
    pub fn kind(&self) -> String {
        match self {
            Self::Cpu => cpu(),
            Self::Gpus(gpus) => format!("{} {}", gpus[0].api.name(), gpus[0].model),
        }
    }

    /// For reports.
    pub fn name(&self) -> String {
        match self {
            Self::Cpu => cpu(),
            Self::Gpus(gpus) => {
                let names: Vec<String> = gpus
                    .iter()
                    .map(|gpu| format!("{}:{}", gpu.api.name(), gpu.number))
                    .collect();
                format!("{} ({})", names.join(","), gpus[0].model)
            }
        }
    }

    /// One or two words for a line of talk.
    pub fn short_name(&self) -> String {
        let name = self.name();
        name.split(" (").next().unwrap_or_default().to_owned()
    }

    pub fn burn(&self) -> Vec<Device> {
        match self {
            Self::Cpu => vec![Device::flex()],
            Self::Gpus(gpus) => gpus.iter().map(|gpu| gpu.device.clone()).collect(),
        }
    }

    pub fn is_gpu(&self) -> bool {
        matches!(self, Self::Gpus(_))
    }

    /// Whether all of them compute in a type of two bytes, after a trial; else why not.
    pub fn works_in(&self, dtype: DType) -> std::result::Result<(), String> {
        match self {
            Self::Cpu => Err("a CPU computes in f32 or int8".to_owned()),
            Self::Gpus(gpus) => gpus.iter().try_for_each(|gpu| works(gpu, dtype)),
        }
    }

    /// Refuses a model whose heads are too large for the attention's kernel: without it f32 would
    /// not be exact, and all slow.
    pub fn takes(&self, config: &EncoderConfig, dtype: DType) -> Result<()> {
        let Self::Gpus(gpus) = self else {
            return Ok(());
        };
        if gpus.iter().all(|gpu| fits(gpu, config, dtype)) {
            return Ok(());
        }
        let size = config.hidden_size / config.heads;
        Err(Error::unavailable(format!("failed to compute on {}: its shared memory is too small for heads of {size} dimensions", self.name()))
            .hint("add --device cpu"))
    }

    /// Tokens in the model at once, where nobody says how many: a GPU has more to do at a time.
    pub fn batch_tokens(&self) -> u32 {
        if self.is_gpu() { 16_384 } else { 2048 }
    }
}

/// Every device with what `pairbench doctor` says of it.
pub fn list() -> Vec<(String, String)> {
    let mut lines = vec![("cpu".to_owned(), cpu())];
    for api in Api::ALL {
        lines.extend(describe(api));
    }
    lines
}

/// The first GPU of each kind that this build has, software devices included; says what is skipped.
/// A kind named by `PAIRBENCH_TEST_DEVICE` must be there.
#[cfg(all(test, feature = "_gpu"))]
#[expect(clippy::missing_panics_doc, reason = "for tests")]
pub fn for_tests() -> Vec<Device> {
    let mut devices = Vec::new();
    for api in Api::ALL.into_iter().filter(|api| api.is_built()) {
        match open(api, 0) {
            Ok(gpu) => devices.push(gpu.device),
            Err(error)
                if std::env::var("PAIRBENCH_TEST_DEVICE").is_ok_and(|name| name == api.name()) =>
            {
                panic!("{}", error.render())
            }
            Err(error) => say(&format!("SKIPPED: {}", error.render())),
        }
    }
    devices
}

#[cfg(feature = "_gpu")]
use gpu::{describe, first, fits, open, works};

#[cfg(not(feature = "_gpu"))]
fn open(api: Api, _number: usize) -> Result<Gpu> {
    Err(not_built(api))
}

#[cfg(not(feature = "_gpu"))]
fn first(_api: Api) -> std::result::Result<Gpu, String> {
    Err("not built in".to_owned())
}

#[cfg(not(feature = "_gpu"))]
fn works(_gpu: &Gpu, _dtype: DType) -> std::result::Result<(), String> {
    Err("not built in".to_owned())
}

#[cfg(not(feature = "_gpu"))]
fn fits(_gpu: &Gpu, _config: &EncoderConfig, _dtype: DType) -> bool {
    false
}

#[cfg(not(feature = "_gpu"))]
fn describe(api: Api) -> Vec<(String, String)> {
    vec![(
        api.name().to_owned(),
        format!(
            "not in this build: cargo build --release --features {}",
            api.name()
        ),
    )]
}

fn not_built(api: Api) -> Error {
    let name = api.name();
    Error::unavailable(format!("failed to open device {name}: this build has no {name}"))
        .hint(format!("build it with `cargo build --release --features {name}` (docs/gpu.md says what that needs), or take --device cpu"))
}

/// The CPU with the instructions that kernels look for: with 8-bit weights, processors round the
/// attention differently.
fn cpu() -> String {
    #[cfg(target_arch = "x86_64")]
    let found = [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avxvnni", is_x86_feature_detected!("avxvnni")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512vnni", is_x86_feature_detected!("avx512vnni")),
        ("avx512bf16", is_x86_feature_detected!("avx512bf16")),
        ("amx", Engine::all_for_bf16().contains(&Engine::Amx)),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let found: [(&str, bool); 0] = [];
    let names: Vec<&str> = found
        .into_iter()
        .filter_map(|(name, there)| there.then_some(name))
        .collect();
    format!(
        "cpu ({})",
        [&[std::env::consts::ARCH], names.as_slice()]
            .concat()
            .join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_as_they_are_typed() {
        let choice = |text: &str| text.parse::<Choice>();
        assert_eq!(choice("auto"), Ok(Choice::Auto));
        assert_eq!(choice("cpu"), Ok(Choice::Cpu));
        assert_eq!(choice("cuda"), Ok(Choice::Gpus(Api::Cuda, vec![0])));
        assert_eq!(choice("vulkan:3").unwrap().to_string(), "vulkan:3");
        assert_eq!(
            choice("cuda:1,cuda:0").unwrap().to_string(),
            "cuda:0,cuda:1"
        );
        for wrong in [
            "",
            "gpu",
            "cuda:",
            "cuda:-1",
            "cuda:0,cuda:0",
            "cuda:0,vulkan:0",
            "cpu:1",
            "cuda:0,",
        ] {
            assert!(choice(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_kind_that_is_not_built_is_not_there() {
        for api in Api::ALL.into_iter().filter(|api| !api.is_built()) {
            let error = Devices::open(&Choice::Gpus(api, vec![0])).unwrap_err();
            assert_eq!(error.kind as u8, 5);
            assert!(
                error
                    .render()
                    .contains(&format!("--features {}", api.name())),
                "{}",
                error.render()
            );
        }
    }
}
