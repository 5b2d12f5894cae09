//! The folder of everything that is kept from one run to the next.

use std::path::{Path, PathBuf};

use crate::support::files;

/// `PAIRBENCH_CACHE`, else `pairbench` in the user's cache directory; none where that variable is
/// empty.
pub fn folder() -> Option<PathBuf> {
    match std::env::var_os("PAIRBENCH_CACHE") {
        Some(folder) if folder.is_empty() => None,
        Some(folder) => Some(folder.into()),
        None => Some(files::user_caches().join("pairbench")),
    }
}

/// Where compiled kernels and autotune measurements of GPUs are kept.
pub fn kernels(folder: &Path) -> PathBuf {
    folder.join("kernels")
}
