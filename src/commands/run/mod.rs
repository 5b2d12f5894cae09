//! `pairbench run`: models and items → a table, a run directory, a gate's answer.

mod against;
mod counterparts;
mod f32_run;
pub(crate) mod outputs;
mod prepared;
mod request;
mod scored;
mod stop_message;
mod this_process;

use crate::commands::finished::Finished;
use crate::commands::run::prepared::Prepared;
use crate::support::error::Result;

pub use request::{AgainstRequest, RunRequest};
pub(crate) use this_process::unix;

/// Scores every model on every item. Nothing is computed before everything that can be checked is.
pub fn run(request: &RunRequest) -> Result<Finished> {
    let mut prepared = Prepared::new(request)?;
    let mut scored = scored::score(&mut prepared)?;
    let record = outputs::record(&prepared, &scored)?;
    let report = scored.report(&prepared, &record)?;
    outputs::write(&prepared, &mut scored, &report, &record)?;
    scored.finish(&prepared, &report)
}
