//! How many threads compute.

use std::error::Error as _;

use crate::support::error::{Error, ErrorKind, Result};

/// Beyond this, threads only slow each other down, and a system may refuse to start them.
const MOST: usize = 1024;

/// 0 leaves it to rayon, which starts one per core, or as many as `RAYON_NUM_THREADS` says.
pub(crate) fn use_threads(threads: usize) -> Result<()> {
    let of_environment = std::env::var("RAYON_NUM_THREADS").ok();
    let of_environment = of_environment.and_then(|value| value.parse::<usize>().ok());
    let wanted = if threads == 0 {
        of_environment.unwrap_or(0)
    } else {
        threads
    };
    if wanted > MOST {
        let what = format!("failed to start {wanted} threads: {MOST} are the most");
        return Err(Error::usage(what).hint("--threads and RAYON_NUM_THREADS say how many"));
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    match pool.build_global() {
        // Who uses the library may have started them before: that is no error of the system's.
        Err(e) if threads > 0 || e.source().is_some() => {
            Err(Error::new(ErrorKind::Resources, "failed to start threads")
                .caused_by(e)
                .hint("take fewer: --threads N"))
        }
        _ => Ok(()),
    }
}
