//! The JSON files of a run directory.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::support::error::{Error, Result};
use crate::support::files;

/// A file of the schema that this version writes, or of an earlier one.
pub(super) fn read<T: DeserializeOwned>(
    file: &Path,
    newest: u64,
    schema: impl Fn(&T) -> u64,
) -> Result<T> {
    let invalid = || Error::bad_input(format!("failed to read run: {}", file.display()));
    let bytes = files::read(file)
        .map_err(|e| e.hint("a run directory is what `pairbench run --out DIR` writes"))?;
    let value: T = serde_json::from_slice(&bytes).map_err(|e| invalid().caused_by(e))?;
    let found = schema(&value);
    if (1..=newest).contains(&found) {
        return Ok(value);
    }
    let expected = if newest == 1 {
        "1".to_owned()
    } else {
        format!("at most {newest}")
    };
    Err(invalid()
        .caused_by(format!("key `schema`: expected {expected}, found {found}"))
        .hint("another version of pairbench wrote it"))
}
