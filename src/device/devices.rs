//! The devices of a run.

use burn::tensor::{DType, Device};

use crate::checkpoint::Precision;
use crate::device::api::Api;
use crate::device::choice::Choice;
use crate::device::cpu::{self, cpu_name};
use crate::device::gpu::Gpu;
#[cfg(not(feature = "_gpu"))]
use crate::device::no_gpu::{describe, first, fits, open, works, works_for};
#[cfg(feature = "_gpu")]
use crate::device::probe::{describe, first, fits, open, works, works_for};
use crate::model::Architecture;
use crate::support::error::{Error, Result};
use crate::support::terminal::say;

/// What a run computes on.
#[derive(Debug, Clone)]
pub enum Devices {
    Cpu,
    /// At least one; all are of one kind.
    Gpus(Vec<Gpu>),
}

impl Devices {
    /// Opens the devices of a choice, or the best that works.
    ///
    /// # Errors
    /// A device that was named and cannot be used, or several that are not equal.
    pub fn open(choice: &Choice) -> Result<Self> {
        match choice {
            Choice::Cpu => Ok(Self::Cpu),
            Choice::Auto => Ok(Self::best()),
            Choice::Gpus(api, numbers) => {
                let gpus: Vec<Gpu> = numbers
                    .iter()
                    .map(|number| open(*api, *number))
                    .collect::<Result<_>>()?;
                // They would round differently, and a verdict would depend on which one computed
                // it.
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

    /// The first GPU that works, else the CPU. Prints which it is and why, where the build has a
    /// choice.
    fn best() -> Self {
        let mut rejected: Vec<String> = Vec::new();
        for api in Api::ALL.into_iter().filter(|api| api.is_built()) {
            match first(api) {
                Ok(gpu) => {
                    let devices = Self::Gpus(vec![gpu]);
                    devices.announce(&rejected);
                    return devices;
                }
                Err(why) => rejected.push(format!("{}: {why}", api.name())),
            }
        }
        if !rejected.is_empty() {
            say(&format!(
                "device: cpu: no GPU can be used: {}",
                rejected.join("; ")
            ));
        }
        Self::Cpu
    }

    /// Prints that these were chosen, and why not those that were tried before.
    fn announce(&self, rejected: &[String]) {
        let why = if rejected.is_empty() {
            "the first to try, and it works"
        } else {
            "the first that works"
        };
        say(&format!("device: {}: {why}", self.name()));
        for why in rejected {
            say(&format!("device: not {why}"));
        }
    }

    /// The kind of arithmetic in a precision, which decides verdicts: not which of several equal
    /// devices it is.
    pub(super) fn arithmetic(&self, precision: Precision) -> String {
        match self {
            Self::Cpu => cpu::arithmetic(precision),
            Self::Gpus(gpus) => format!("{} {}", gpus[0].api.name(), gpus[0].model),
        }
    }

    /// The name for reports.
    pub fn name(&self) -> String {
        match self {
            Self::Cpu => cpu_name(),
            Self::Gpus(gpus) => {
                let names: Vec<String> = gpus
                    .iter()
                    .map(|gpu| format!("{}:{}", gpu.api.name(), gpu.number))
                    .collect();
                format!("{} ({})", names.join(","), gpus[0].model)
            }
        }
    }

    /// One or two words for messages.
    pub fn short_name(&self) -> String {
        let name = self.name();
        name.split(" (").next().unwrap_or_default().to_owned()
    }

    /// The devices as burn has them.
    pub fn burn(&self) -> Vec<Device> {
        match self {
            Self::Cpu => vec![Device::flex()],
            Self::Gpus(gpus) => gpus.iter().map(|gpu| gpu.device.clone()).collect(),
        }
    }

    pub fn is_gpu(&self) -> bool {
        matches!(self, Self::Gpus(_))
    }

    /// Whether all of them pass the self-test in a type of two bytes; else why not.
    pub fn works_in(&self, dtype: DType) -> std::result::Result<(), String> {
        match self {
            Self::Cpu => cpu::works_in(dtype),
            Self::Gpus(gpus) => gpus.iter().try_for_each(|gpu| works(gpu, dtype)),
        }
    }

    /// Refuses a model whose heads are too large for the attention's kernel, or whose own kernels a
    /// device computes wrongly in the type of its products. Without the attention's kernel f32, in
    /// which half precision may be computed again, would not be exact, and everything slow.
    ///
    /// # Errors
    /// Heads that are too large for a device's shared memory, or a failed self-test.
    pub(crate) fn check_architecture(
        &self,
        architecture: &dyn Architecture,
        dtype: DType,
    ) -> Result<()> {
        let Self::Gpus(gpus) = self else {
            return Ok(());
        };
        let refuse = |why: String| {
            let what = format!("failed to compute on {}: {why}", self.name());
            Error::unavailable(what).hint("add --device cpu")
        };
        let has_room = |gpu: &Gpu| {
            [dtype, DType::F32]
                .iter()
                .all(|dtype| fits(gpu, architecture, *dtype))
        };
        if !gpus.iter().all(has_room) {
            let size = architecture.head_size();
            let why = format!("its shared memory is too small for heads of {size} dimensions");
            return Err(refuse(why));
        }
        let test = |gpu: &Gpu| works_for(gpu, architecture, dtype).map_err(refuse);
        gpus.iter().try_for_each(test)
    }

    /// The default for the tokens in the model at once: a GPU needs more work at a time.
    pub fn batch_tokens(&self) -> u32 {
        if self.is_gpu() { 32_768 } else { 2048 }
    }
}

/// Every device: its name, and what `pairbench doctor` says about it.
pub fn list() -> Vec<(String, String)> {
    let mut lines = vec![("cpu".to_owned(), cpu_name())];
    for api in Api::ALL {
        lines.extend(describe(api));
    }
    lines
}

/// The first GPU of each interface of this build, software devices included; prints what is
/// skipped. The interface that `PAIRBENCH_TEST_DEVICE` names must have one.
#[cfg(all(test, feature = "_gpu"))]
pub(crate) fn devices_for_tests() -> Vec<Device> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
