//! `pairbench bench`: how fast a model is here, and how near to what this processor can do.

mod measured;
mod peak;
mod printed;
mod token_rows;

use std::path::PathBuf;
use std::time::Instant;

use crate::checkpoint::{Checkpoint, ModelSpec};
use crate::commands::bench::measured::Measured;
use crate::commands::bench::peak::Peak;
use crate::commands::bench::printed::{json, table};
use crate::commands::bench::token_rows::{read, synthetic};
use crate::commands::hub_request::HubRequest;
use crate::commands::threads::use_threads;
use crate::device::Limits;
use crate::device::backend::{Backend, BackendRequest};
use crate::model::{InputRow, ModelConfig, TokenRow};
use crate::scoring;
use crate::scoring::Scorer;
use crate::support::error::{Error, Result};
use crate::support::terminal::say;

/// What to measure.
#[derive(Debug)]
pub struct BenchRequest {
    pub(crate) model: ModelSpec,
    /// Lengths of the token rows, each measured by itself.
    pub(crate) lengths: Vec<u32>,
    /// Tokens in all rows of one length.
    pub(crate) tokens: usize,
    /// Token rows instead: a JSON list of ids on each line.
    pub(crate) ids: Option<PathBuf>,
    pub(crate) backend: BackendRequest,
    /// Times that the rows are scored; the median counts.
    pub(crate) repeats: u32,
    /// 0 is one per core.
    pub(crate) threads: usize,
    pub(crate) format: BenchFormat,
    pub(crate) hub: HubRequest,
}

/// What is printed; JSON has the logits, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BenchFormat {
    Table,
    Json,
}

/// Scores rows of each length, or of a file, once to warm up and then `--repeats` times.
pub(crate) fn bench(request: &BenchRequest) -> Result<String> {
    use_threads(request.threads)?;
    let hub = request.hub.open();
    let files = request
        .model
        .resolve(&hub, request.hub.revision.as_deref())?;
    // Rows are made of ids: which template would write them does not matter.
    let mut checkpoint = Checkpoint::open_under_any(&request.model, files)?;
    checkpoint.identify()?;
    let begun = Instant::now();
    let computing = Backend::open(&request.backend)?;
    if computing.verified {
        return Err(Error::usage(
            "failed to measure --dtype verified: how many pairs are scored twice depends on them",
        )
        .hint("measure its two precisions: --dtype f32, and bf16 or int8-affine"));
    }
    if computing.devices.burn().len() > 1 {
        return Err(
            Error::usage("failed to measure several devices: bench measures one")
                .hint("name one with --device"),
        );
    }
    let scorer = Scorer {
        models: computing.load(&checkpoint)?,
        exact: None,
        queues: computing.devices.is_gpu(),
    };
    say(&format!(
        "{}: loaded in {:.1} s",
        checkpoint.name,
        begun.elapsed().as_secs_f64()
    ));
    let peak = (!computing.devices.is_gpu()).then(Peak::measured);

    let config = &checkpoint.config;
    let sets: Vec<(String, Vec<Vec<u32>>)> = if let Some(path) = &request.ids {
        vec![("file".to_owned(), read(path)?)]
    } else {
        let lengths = request.lengths.iter().map(|n| *n as usize);
        let of_length = |length: usize| {
            let rows = 0..(request.tokens / length).max(1);
            let rows = rows.map(|row| synthetic(length, row, config)).collect();
            (length.to_string(), rows)
        };
        lengths.map(of_length).collect()
    };
    let measured: Vec<Measured> = sets
        .iter()
        .map(|(label, rows)| {
            measure(
                label.clone(),
                rows,
                config,
                &scorer,
                computing.limits,
                request.repeats,
            )
        })
        .collect::<Result<_>>()?;
    Ok(match request.format {
        BenchFormat::Json => json(&measured, &checkpoint, &computing, peak),
        BenchFormat::Table => table(&measured, &checkpoint, &computing, peak),
    })
}

fn measure<'a>(
    label: String,
    rows: &'a [Vec<u32>],
    config: &ModelConfig,
    scorer: &Scorer,
    limits: Limits,
    repeats: u32,
) -> Result<Measured> {
    let input_row = |(at, ids): (usize, &'a Vec<u32>)| -> Result<InputRow<'a>> {
        let refuse = || Error::bad_input(format!("failed to read token rows: row {at}"));
        if let Some(id) = ids
            .iter()
            .find(|id| **id as usize >= config.architecture().vocabulary())
        {
            return Err(refuse().caused_by(format!(
                "id {id}, the vocabulary ends at {}",
                config.architecture().vocabulary()
            )));
        }
        if let Some(limit) = config
            .architecture()
            .position_limit()
            .filter(|limit| ids.len() > *limit)
        {
            return Err(refuse().caused_by(format!(
                "{} tokens, the model's absolute positions end at {limit}",
                ids.len()
            )));
        }
        config
            .input_row(TokenRow::from(ids.as_slice()))
            .map_err(|e| {
                refuse()
                    .caused_by(e)
                    .hint("each row needs each marker once")
            })
    };
    let inputs: Vec<InputRow> = rows
        .iter()
        .enumerate()
        .map(input_row)
        .collect::<Result<_>>()?;
    let batches = limits.batches(&inputs.iter().map(InputRow::len).collect::<Vec<_>>());
    // Once through all, so that every kernel is compiled and every buffer there.
    scoring::logits(
        &inputs,
        if scorer.queues {
            &batches
        } else {
            &batches[..1]
        },
        scorer,
        limits,
    )?;
    let mut seconds = Vec::new();
    let mut logits = Vec::new();
    for _ in 0..repeats {
        let begun = Instant::now();
        logits = scoring::logits(&inputs, &batches, scorer, limits)?;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(Measured {
        label,
        rows: rows.len(),
        tokens: rows.iter().map(Vec::len).sum(),
        flops: rows
            .iter()
            .map(|row| config.architecture().operations(row.len()))
            .sum(),
        seconds: seconds[seconds.len() / 2],
        logits,
    })
}
