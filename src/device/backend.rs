//! What a run computes with: devices, precision, and how much at a time.

use burn::tensor::{DType, Device};

use crate::checkpoint::{Checkpoint, HalfType, Precision};
use crate::device::batches::Limits;
use crate::device::choice::Choice;
use crate::device::devices::Devices;
use crate::kernels::cpu::int8::Outliers;
use crate::model::RewardModel;
use crate::support::error::{Error, Result};
use crate::support::terminal::say;

/// A request for devices and a precision.
#[derive(Debug, Clone, Default)]
pub struct BackendRequest {
    pub device: Choice,
    pub dtype: DtypeChoice,
    /// Tokens in the model at once; by default what suits the device.
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
    Int8Affine,
    /// The fastest half precision or 8 bits, and f32 where that could turn a verdict.
    Verified,
}

/// Devices that were opened, with the precision and the limits to use on them.
#[derive(Debug, Clone)]
pub struct Backend {
    pub devices: Devices,
    /// With `verified`, the fast one.
    pub precision: Precision,
    /// Whether verdicts that f32 could turn are computed in f32 as well.
    pub verified: bool,
    pub limits: Limits,
}

impl Backend {
    /// Opens the devices.
    ///
    /// # Errors
    /// A device that cannot be used, or a precision that it does not have.
    pub fn open(request: &BackendRequest) -> Result<Self> {
        // Only the CPU has int8, so that `auto` means the CPU.
        let is_int8 = matches!(request.dtype, DtypeChoice::Int8 | DtypeChoice::Int8Affine);
        let choice = if is_int8 && request.device == Choice::Auto {
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
            verified: request.dtype == DtypeChoice::Verified,
            limits: Limits {
                batch_tokens,
                items: request.int8_batch.map(|n| n as usize),
                ..Limits::default()
            },
        })
    }

    /// Loads the model onto each device.
    ///
    /// # Errors
    /// A model that a device cannot take, or those of [`Checkpoint::load_model`].
    pub fn load(&self, checkpoint: &Checkpoint) -> Result<Vec<RewardModel>> {
        let architecture = checkpoint.config.architecture();
        let dtype = self.precision.tensor_dtype();
        self.devices.check_architecture(architecture, dtype)?;
        self.devices
            .burn()
            .iter()
            .map(|device| checkpoint.load_model(device, self.precision))
            .collect()
    }

    /// Loads the model in f32 onto the device with index `at`.
    ///
    /// # Errors
    /// Those of [`Checkpoint::load_model`].
    pub fn load_exact(&self, checkpoint: &Checkpoint, at: usize) -> Result<RewardModel> {
        let device: &Device = &self.devices.burn()[at];
        checkpoint.load_model(device, Precision::F32)
    }

    /// The same devices in one precision throughout.
    pub(crate) fn only(&self, precision: Precision) -> Self {
        Self {
            precision,
            verified: false,
            ..self.clone()
        }
    }

    /// The word of `--dtype`.
    pub(crate) fn dtype_name(&self) -> &'static str {
        if self.verified {
            "verified"
        } else {
            self.precision.name().as_str()
        }
    }

    /// Frees the memory that GPUs keep for reuse, once a model is no longer needed.
    pub fn tidy(&self) {
        if self.devices.is_gpu() {
            self.devices.burn().iter().for_each(Device::memory_cleanup);
        }
    }

    /// Whether the arithmetic has so small a range that a logit can overflow.
    pub fn is_half(&self) -> bool {
        matches!(self.precision, Precision::Half(_))
    }

    /// The kind of arithmetic: with the same one, a model finds the same verdicts.
    pub(crate) fn arithmetic(&self) -> String {
        self.devices.arithmetic(self.precision)
    }

    /// Devices and precision, for messages.
    pub fn short_name(&self) -> String {
        format!("{}, {}", self.devices.short_name(), self.dtype_name())
    }
}

/// The precision for a choice on these devices.
fn precision(devices: &Devices, dtype: DtypeChoice, int8_batch: Option<u32>) -> Result<Precision> {
    let half_precision = |half: HalfType, dtype: DType| match devices.works_in(dtype) {
        Ok(()) => Ok(Precision::Half(half)),
        Err(why) => Err(Error::unavailable(format!(
            "failed to compute in {} on {}: {why}",
            dtype.name(),
            devices.name()
        ))
        .hint("take --dtype f32, or leave it to --dtype auto")),
    };
    Ok(match (dtype, devices.is_gpu()) {
        (DtypeChoice::Auto, true) => {
            half_precision(HalfType::F16, DType::F16).unwrap_or_else(|error| {
                say(&format!("device: in f32: {error}"));
                Precision::F32
            })
        }
        (DtypeChoice::Auto | DtypeChoice::F32, _) => Precision::F32,
        (DtypeChoice::F16 | DtypeChoice::Verified, true) => {
            half_precision(HalfType::F16, DType::F16)?
        }
        (DtypeChoice::Bf16, true) => half_precision(HalfType::Bf16, DType::BF16)?,
        (DtypeChoice::F16, false) => Precision::F16Storage,
        (DtypeChoice::Bf16, false) => {
            half_precision(HalfType::Bf16, DType::BF16)?;
            Precision::Bf16Factors
        }
        (DtypeChoice::Verified, false) => match devices.works_in(DType::BF16) {
            Ok(()) => Precision::Bf16Factors,
            Err(_) => Precision::Int8Affine,
        },
        (DtypeChoice::Int8, false) => Precision::Int8(if int8_batch.is_some() {
            Outliers::ByBatch
        } else {
            Outliers::ByRow
        }),
        (DtypeChoice::Int8Affine, false) => Precision::Int8Affine,
        (DtypeChoice::Int8 | DtypeChoice::Int8Affine, true) => {
            return Err(
                Error::usage("failed to understand --dtype: only the CPU has 8 bits")
                    .hint("add --device cpu"),
            );
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cpu::dot::Engine;

    #[test]
    fn precisions_of_a_cpu() {
        let of = |dtype, batch| precision(&Devices::Cpu, dtype, batch);
        assert_eq!(of(DtypeChoice::Auto, None).unwrap(), Precision::F32);
        assert_eq!(of(DtypeChoice::F16, None).unwrap(), Precision::F16Storage);
        assert_eq!(
            of(DtypeChoice::Int8, Some(64)).unwrap(),
            Precision::Int8(Outliers::ByBatch)
        );
        match of(DtypeChoice::Bf16, None) {
            Ok(precision) => assert_eq!(precision, Precision::Bf16Factors),
            Err(error) => {
                assert_eq!(error.kind as u8, 5);
                assert!(error.render().contains("AVX512-BF16"), "{}", error.render());
            }
        }
        let has_bf16 = !Engine::all_for_bf16().is_empty();
        assert_eq!(of(DtypeChoice::Bf16, None).is_ok(), has_bf16);
    }
}
