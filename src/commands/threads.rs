//! How many threads compute.

use crate::support::error::{Error, ErrorKind, Result};

/// 0 leaves it to rayon, which starts one per core.
pub(crate) fn use_threads(threads: usize) -> Result<()> {
    if threads == 0 {
        return Ok(());
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    let failed = |e| Error::new(ErrorKind::Resources, "failed to start threads").caused_by(e);
    pool.build_global().map_err(failed)
}
