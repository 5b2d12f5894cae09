//! Whether there is memory for a model, before it is loaded.

use indicatif::HumanBytes;

use crate::checkpoint::precision::Precision;
use crate::checkpoint::weights::Weights;
use crate::kernels::cpu::int8::Outliers;
use crate::support::error::{Error, ErrorKind, Result};
use crate::support::memory::available;

/// Beside the weights: a batch, the tokenizer, and what is being read.
const BESIDE: u64 = 200 << 20;

/// Refuses a model whose weights do not fit into the memory of this machine.
///
/// # Errors
/// With what it takes, what there is, and the precision that would fit.
pub(super) fn check_memory(name: &str, weights: &Weights, precision: Precision) -> Result<()> {
    let Some(there) = available() else {
        return Ok(());
    };
    let fits = |precision| weights.bytes_in(precision) + BESIDE <= there;
    if fits(precision) {
        return Ok(());
    }
    let smaller = [Precision::F16Storage, Precision::Int8(Outliers::ByRow)];
    let takes = |precision| HumanBytes(weights.bytes_in(precision));
    let hint = match smaller.into_iter().find(|precision| fits(*precision)) {
        Some(fitting) => format!(
            "--dtype {} takes {} and would fit",
            fitting.name().as_str(),
            takes(fitting)
        ),
        None => format!(
            "it fits in no precision (in int8 it takes {}): take a larger machine or a smaller \
             model",
            takes(Precision::Int8(Outliers::ByRow))
        ),
    };
    let what = format!(
        "failed to load {name}: its weights take {} in {}, and {} of memory are free",
        takes(precision),
        precision.name().as_str(),
        HumanBytes(there)
    );
    Err(Error::new(ErrorKind::Resources, what).hint(hint))
}
