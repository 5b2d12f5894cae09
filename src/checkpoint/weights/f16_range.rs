//! What f16 cannot hold of a tensor that another type stores.

use std::sync::atomic::{AtomicU32, Ordering};

use half::f16;
use safetensors::Dtype;

use crate::checkpoint::weights::tensor_file::{TensorEntry, TensorFile};
use crate::support::error::{Error, Result};

/// A tensor whose values are to be stored as f16, read in pieces.
pub(super) struct F16Range<'a> {
    file: &'a TensorFile,
    entry: &'a TensorEntry,
    /// The bits of the largest magnitude, which are ordered as the magnitudes are.
    largest: AtomicU32,
}

impl<'a> F16Range<'a> {
    pub(super) fn new(file: &'a TensorFile, entry: &'a TensorEntry) -> Self {
        Self {
            file,
            entry,
            largest: AtomicU32::new(0),
        }
    }

    /// Fills `into` with the values from element `first` on.
    ///
    /// # Errors
    /// Those of the file, or a value that f16 makes infinite.
    pub(super) fn read(&self, first: usize, into: &mut [f32]) -> Result<()> {
        self.file.read(self.entry, first, into)?;
        if self.entry.dtype == Dtype::F16 {
            return Ok(());
        }
        let magnitude = |value: &f32| value.abs().to_bits();
        let largest = into.iter().map(magnitude).max().unwrap_or(0);
        if f16::from_f32(f32::from_bits(largest)).is_infinite() {
            let at = into.iter().position(|value| magnitude(value) == largest);
            let at = at.unwrap_or(0);
            let (value, at) = (into[at], first + at);
            return Err(self.refuse(&format!("value {value} at index {at} is infinite")));
        }
        self.largest.fetch_max(largest, Ordering::Relaxed);
        Ok(())
    }

    /// Looks at the whole tensor, once all of it was read. Biases and the like may vanish, as they
    /// change nothing then; a matrix of zeros says nothing any more.
    ///
    /// # Errors
    /// A matrix of which f16 leaves zeros only.
    pub(super) fn finish(&self) -> Result<()> {
        let largest = f32::from_bits(self.largest.load(Ordering::Relaxed));
        let vanishes = largest > 0.0 && f16::from_f32(largest) == f16::ZERO;
        if vanishes && self.entry.shape.len() > 1 {
            let reason = format!("all values are zero: the largest is {largest}");
            return Err(self.refuse(&reason));
        }
        Ok(())
    }

    fn refuse(&self, reason: &str) -> Error {
        self.file
            .refuse(self.entry, &format!("as f16, {reason}"))
            .hint("`--dtype f32` holds all values; f16 and int8 keep some of them in f16")
    }
}
