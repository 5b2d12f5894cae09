//! This process, as the journal and `run.json` have it.

use std::time::{Duration, SystemTime};

use crate::device::backend::Backend;
use crate::scoring::journal::Session;

/// The session that begins now; it has written nothing yet.
pub(crate) fn session(computing: &Backend, started: SystemTime) -> Session {
    Session {
        pid: std::process::id(),
        started: unix(started),
        device: computing.devices.name(),
        threads: rayon::current_num_threads(),
        batch_tokens: u32::try_from(computing.limits.batch_tokens).unwrap_or(u32::MAX),
        verdicts: 0,
    }
}

/// Seconds since 1970.
pub(crate) fn unix(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs_f64()
}
