//! The JSON files of a run directory.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::support::error::{Error, Result};
use crate::support::files;

/// Version of their format.
pub(crate) const SCHEMA: u64 = 1;

/// A file of the schema that this version writes.
pub(super) fn read<T: DeserializeOwned>(file: &Path, schema: impl Fn(&T) -> u64) -> Result<T> {
    let invalid = || Error::bad_input(format!("failed to read run: {}", file.display()));
    let bytes = files::read(file)
        .map_err(|e| e.hint("a run directory is what `pairbench run --out DIR` writes"))?;
    let value: T = serde_json::from_slice(&bytes).map_err(|e| invalid().caused_by(e))?;
    match schema(&value) {
        SCHEMA => Ok(value),
        other => Err(invalid()
            .caused_by(format!("key `schema`: expected {SCHEMA}, found {other}"))
            .hint("another version of pairbench wrote it")),
    }
}
