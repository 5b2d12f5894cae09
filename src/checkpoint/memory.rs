//! Whether there is memory for a model, before it is loaded.

use burn::tensor::{DType, Device};
use indicatif::HumanBytes;

use crate::checkpoint::precision::{HalfType, Precision};
use crate::checkpoint::weights::Weights;
use crate::kernels::cpu::int8::Outliers;
use crate::kernels::{is_cpu, memory_of};
use crate::support::error::{Error, ErrorKind, Result};

/// Beside the weights: a batch, the tokenizer, and what is being read.
const BESIDE: u64 = 200 << 20;

/// Refuses a model whose weights do not fit into the memory of their device.
///
/// # Errors
/// With what it takes, what there is, and the precision that would fit.
pub(super) fn check_memory(name: &str, weights: &Weights, precision: Precision) -> Result<()> {
    let device = weights.device();
    let Some(there) = memory_of(device) else {
        return Ok(());
    };
    let fits = |precision| weights.bytes_in(precision) + BESIDE <= there;
    if fits(precision) {
        return Ok(());
    }
    let smaller = smaller_precisions(device);
    let takes = |precision| HumanBytes(weights.bytes_in(precision));
    let word = |precision: Precision| precision.name().as_str();
    let hint = if let Some(fitting) = smaller.iter().find(|precision| fits(**precision)) {
        format!(
            "--dtype {} takes {} and would fit",
            word(*fitting),
            takes(*fitting)
        )
    } else {
        let least = *smaller.last().unwrap_or(&precision);
        format!(
            "it fits in no precision (in {} it takes {}): take a larger machine or a smaller model",
            word(least),
            takes(least)
        )
    };
    let what = format!(
        "failed to load {name}: its weights take {} in {}, and {} of memory are {}",
        takes(precision),
        word(precision),
        HumanBytes(there),
        if is_cpu(device) { "free" } else { "on the GPU" }
    );
    Err(Error::new(ErrorKind::Resources, what).hint(hint))
}

/// Those in which weights take less than in f32, the largest first.
fn smaller_precisions(device: &Device) -> Vec<Precision> {
    if is_cpu(device) {
        return vec![Precision::F16Storage, Precision::Int8(Outliers::ByRow)];
    }
    let halves = [(HalfType::F16, DType::F16), (HalfType::Bf16, DType::BF16)];
    halves
        .into_iter()
        .filter(|(_, dtype)| device.supports_dtype(*dtype))
        .map(|(half, _)| Precision::Half(half))
        .collect()
}
