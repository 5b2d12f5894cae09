//! What a run computes with: the devices, the precision, how much at a time.

use burn::tensor::{DType, Device};

use crate::checkpoint::Checkpoint;
use crate::checkpoint::weights::{Half, Precision};
use crate::device::batches::Limits;
use crate::device::{Choice, Devices};
use crate::kernels::cpu::int8::Outliers;
use crate::model::PairModel;
use crate::support::error::{Error, Result};
use crate::support::terminal::say;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct BackendRequest {
    pub device: Choice,
    pub dtype: DtypeChoice,
    /// Tokens in the model at once; the device's own number where there is none.
    pub batch_tokens: Option<u32>,
    /// With int8: pairs of a batch that share their outlier columns.
    pub int8_batch: Option<u32>,
}

/// A working precision, by the words of `--dtype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DtypeChoice {
    #[default]
    Auto,
    F32,
    F16,
    Bf16,
    Int8,
}

#[derive(Debug, Clone)]
pub struct Backend {
    pub devices: Devices,
    pub precision: Precision,
    pub limits: Limits,
}

impl Backend {
    /// Opens the devices.
    pub fn open(request: &BackendRequest) -> Result<Self> {
        // Only the CPU has it: there is nothing to choose.
        let choice = if request.dtype == DtypeChoice::Int8 && request.device == Choice::Auto {
            &Choice::Cpu
        } else {
            &request.device
        };
        let devices = Devices::open(choice)?;
        let precision = precision(&devices, request.dtype, request.int8_batch)?;
        let batch_tokens = request.batch_tokens.unwrap_or(devices.batch_tokens()) as usize;
        Ok(Self {
            devices,
            precision,
            limits: Limits {
                batch_tokens,
                items: request.int8_batch.map(|n| n as usize),
                ..Limits::default()
            },
        })
    }

    /// The model on each device.
    pub fn load(&self, checkpoint: &Checkpoint) -> Result<Vec<PairModel>> {
        self.devices.takes(&checkpoint.config.encoder, DType::F32)?;
        self.devices
            .burn()
            .iter()
            .map(|device| checkpoint.load_model(device, self.precision))
            .collect()
    }

    /// The model in f32 on the device of this place.
    pub fn load_exact(&self, checkpoint: &Checkpoint, at: usize) -> Result<PairModel> {
        let device: &Device = &self.devices.burn()[at];
        checkpoint.load_model(device, Precision::F32)
    }

    /// Gives back what devices hold for a model that is done with.
    pub fn tidy(&self) {
        if self.devices.is_gpu() {
            self.devices.burn().iter().for_each(Device::memory_cleanup);
        }
    }

    /// Whether a logit can be not finite for want of range.
    pub fn is_half(&self) -> bool {
        matches!(self.precision, Precision::Half(_))
    }

    /// Devices and precision, for a line of talk.
    pub fn short_name(&self) -> String {
        format!("{}, {}", self.devices.short_name(), self.precision.name())
    }
}

fn precision(devices: &Devices, dtype: DtypeChoice, int8_batch: Option<u32>) -> Result<Precision> {
    let named = |half: Half, dtype: DType| match devices.works_in(dtype) {
        Ok(()) => Ok(Precision::Half(half)),
        Err(why) => Err(Error::unavailable(format!(
            "failed to compute in {} on {}: {why}",
            dtype.name(),
            devices.name()
        ))
        .hint("take --dtype f32, or leave it to --dtype auto")),
    };
    Ok(match (dtype, devices.is_gpu()) {
        (DtypeChoice::Auto, true) => named(Half::F16, DType::F16).unwrap_or_else(|error| {
            say(&format!("device: in f32: {error}"));
            Precision::F32
        }),
        (DtypeChoice::Auto | DtypeChoice::F32, _) => Precision::F32,
        (DtypeChoice::F16, true) => named(Half::F16, DType::F16)?,
        (DtypeChoice::Bf16, true) => named(Half::Bf16, DType::BF16)?,
        (DtypeChoice::F16, false) => Precision::F16,
        (DtypeChoice::Bf16, false) => {
            return Err(Error::usage(
                "failed to understand --dtype bf16: a CPU computes in f32 or int8",
            )
            .hint("--dtype f16 halves the memory; for bf16 name a GPU with --device"));
        }
        (DtypeChoice::Int8, false) => Precision::Int8(if int8_batch.is_some() {
            Outliers::ByBatch
        } else {
            Outliers::ByRow
        }),
        (DtypeChoice::Int8, true) => {
            return Err(
                Error::usage("failed to understand --dtype int8: only the CPU has it")
                    .hint("add --device cpu"),
            );
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precisions_of_a_cpu() {
        let of = |dtype, batch| precision(&Devices::Cpu, dtype, batch);
        assert_eq!(of(DtypeChoice::Auto, None).unwrap(), Precision::F32);
        assert_eq!(of(DtypeChoice::F16, None).unwrap(), Precision::F16);
        assert_eq!(
            of(DtypeChoice::Int8, Some(64)).unwrap(),
            Precision::Int8(Outliers::ByBatch)
        );
        assert_eq!(of(DtypeChoice::Bf16, None).unwrap_err().kind as u8, 2);
    }
}
