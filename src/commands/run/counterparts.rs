//! What is published beside the models of a run, known before anything is scored.

use crate::benchmark::Benchmark;
use crate::benchmark::published::PublishedChoice;
use crate::checkpoint::Checkpoint;
use crate::comparison::published::{Named, find};
use crate::support::error::Result;
use crate::support::terminal::say;

/// Says beside which models nothing is published, and why.
///
/// # Errors
/// A published model that is named where several models may be meant.
pub(super) fn check(
    choice: Option<&PublishedChoice>,
    checkpoints: &[Checkpoint],
    benchmark: Option<&Benchmark>,
) -> Result<()> {
    let Some(choice) = choice else {
        return Ok(());
    };
    let models: Vec<Named> = checkpoints.iter().map(named).collect();
    for (model, found) in models.iter().zip(find(choice, &models, benchmark)?) {
        if let Err(why) = found {
            say(&format!(
                "{}: nothing published beside it: {why}",
                model.name
            ));
        }
    }
    Ok(())
}

fn named(checkpoint: &Checkpoint) -> Named<'_> {
    Named {
        name: &checkpoint.name,
        repository: checkpoint.facts.repository(),
    }
}
