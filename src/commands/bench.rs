//! `pairbench bench`: how fast a model is here, and how near to what this processor can do.

use std::path::{Path, PathBuf};
use std::time::Instant;

use comfy_table::{ContentArrangement, Table, TableStyle};
use pulp::Simd;
use serde_json::json;

use crate::checkpoint::{Checkpoint, ModelSpec};
use crate::commands::hub_request::HubRequest;
use crate::commands::threads::use_threads;
use crate::device::backend::{Backend, BackendRequest};
use crate::device::{Limits, physical_cores};
use crate::model::heads::HeadConfig;
use crate::model::{InputRow, ModelConfig, TokenRow};
use crate::report::aligned;
use crate::scoring;
use crate::scoring::Scorer;
use crate::support::count::count;
use crate::support::error::{Error, Result};
use crate::support::files;
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

/// Rows that are scored together, and how long that took.
struct Measured {
    label: String,
    rows: usize,
    tokens: usize,
    /// Of the model's arithmetic, not counting what a kernel does besides.
    flops: f64,
    /// Medians over the repeats.
    seconds: f64,
    logits: Vec<f32>,
}

/// Scores rows of each length, or of a file, once to warm up and then `--repeats` times.
pub(crate) fn bench(request: &BenchRequest) -> Result<String> {
    use_threads(request.threads)?;
    let hub = request.hub.open();
    let files = request
        .model
        .resolve(&hub, request.hub.revision.as_deref())?;
    // Rows are made of ids: which template would write them does not matter.
    let checkpoint = Checkpoint::open_under_any(&request.model, files)?;
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

    let mut measured = Vec::new();
    if let Some(path) = &request.ids {
        let rows = read(path)?;
        measured.push(measure(
            "file".to_owned(),
            &rows,
            &checkpoint.config,
            &scorer,
            computing.limits,
            request.repeats,
        )?);
    } else {
        for length in request.lengths.iter().map(|n| *n as usize) {
            let count = (request.tokens / length).max(1);
            let rows: Vec<Vec<u32>> = (0..count)
                .map(|row| synthetic(length, row, &checkpoint.config))
                .collect();
            measured.push(measure(
                length.to_string(),
                &rows,
                &checkpoint.config,
                &scorer,
                computing.limits,
                request.repeats,
            )?);
        }
    }
    Ok(match request.format {
        BenchFormat::Json => json(&measured, &computing, peak),
        BenchFormat::Table => table(&measured, &computing, peak),
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

/// At least three token ids by a fixed rule; the markers, which a pairwise head needs, at the
/// start, in the middle and late.
fn synthetic(length: usize, row: usize, config: &ModelConfig) -> Vec<u32> {
    let markers = match &config.head {
        HeadConfig::Scalar(_) => Vec::new(),
        HeadConfig::Pairwise(head) => vec![
            (0, head.source_prefix_id),
            (length / 2, head.cand1_prefix_id),
            ((3 * length / 4).max(length / 2 + 1), head.cand2_prefix_id),
        ],
    };
    let vocabulary = u32::try_from(config.architecture().vocabulary()).unwrap_or(u32::MAX);
    let ids = markers.iter().map(|(_, id)| *id);
    let lowest = ids.chain([vocabulary]).min().unwrap_or(1).max(2);
    // Knuth's multiplicative hash spreads the ids over the vocabulary.
    let spread = |i: usize| {
        (u32::try_from(row * 8191 + i)
            .unwrap_or(0)
            .wrapping_mul(2_654_435_761)
            >> 8)
            % lowest
    };
    let mut ids: Vec<u32> = (0..length).map(spread).collect();
    for (at, id) in markers {
        ids[at] = id;
    }
    ids
}

/// One JSON list of ids a line.
fn read(path: &Path) -> Result<Vec<Vec<u32>>> {
    let text = files::read_text(path)?;
    let row = |(at, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|e| {
            Error::bad_input(format!(
                "failed to parse token rows: {}:{}",
                path.display(),
                at + 1
            ))
            .caused_by(e)
        })
    };
    let rows: Vec<Vec<u32>> = text.lines().enumerate().map(row).collect::<Result<_>>()?;
    if rows.is_empty() {
        return Err(Error::bad_input(format!(
            "failed to read token rows: {}: the file has none",
            path.display()
        )));
    }
    Ok(rows)
}

/// Floating-point operations a second in registers alone, in f32.
#[derive(Clone, Copy)]
struct Peak {
    all_threads: f64,
    /// While the others rest.
    one_thread: f64,
}

impl Peak {
    fn measured() -> Self {
        Self {
            all_threads: peak(true),
            one_thread: peak(false),
        }
    }

    /// How many threads' work all threads do: 1 where two are logical cores of one physical core
    /// or share its time.
    fn in_parallel(self) -> f64 {
        self.all_threads / self.one_thread
    }
}

/// `all`: of all threads together, else of one.
fn peak(all: bool) -> f64 {
    struct Spin;
    impl pulp::WithSimd for Spin {
        type Output = (f64, f32);
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> (f64, f32) {
            const ROUNDS: u32 = 20_000_000;
            let (a, b) = (
                simd.splat_f32s(std::hint::black_box(0.999)),
                simd.splat_f32s(std::hint::black_box(0.001)),
            );
            let mut sums = [b; 12];
            for _ in 0..ROUNDS {
                for sum in &mut sums {
                    *sum = simd.mul_add_f32s(*sum, a, b);
                }
            }
            #[expect(clippy::cast_precision_loss, reason = "a few registers")]
            let flops = f64::from(ROUNDS) * (2 * sums.len() * S::F32_LANES) as f64;
            (
                flops,
                sums.into_iter().map(|sum| simd.reduce_sum_f32s(sum)).sum(),
            )
        }
    }
    // On every thread at once; a thread that wakes up late, or a busy machine, only makes it less.
    let round = || {
        let begun = Instant::now();
        let spin = || std::hint::black_box(pulp::Arch::new().dispatch(Spin)).0;
        let flops: f64 = if all {
            rayon::broadcast(|_| spin()).into_iter().sum()
        } else {
            spin()
        };
        flops / begun.elapsed().as_secs_f64()
    };
    (0..5).map(|_| round()).fold(0.0, f64::max)
}

#[expect(clippy::cast_precision_loss, reason = "rates for people")]
fn table(measured: &[Measured], computing: &Backend, peak: Option<Peak>) -> String {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header([
        "length", "rows", "tokens", "seconds", "tokens/s", "pairs/s", "GFLOP/s", "of peak",
    ]);
    for m in measured {
        table.add_row([
            m.label.clone(),
            m.rows.to_string(),
            m.tokens.to_string(),
            format!("{:.3}", m.seconds),
            format!("{:.0}", m.tokens as f64 / m.seconds),
            format!("{:.2}", m.rows as f64 / 2.0 / m.seconds),
            format!("{:.0}", m.flops / m.seconds / 1e9),
            peak.map_or_else(String::new, |peak| {
                format!("{:.0} %", 100.0 * m.flops / m.seconds / peak.all_threads)
            }),
        ]);
    }
    let lines = aligned(table, 0, 2);
    match peak {
        Some(peak) => {
            let (threads, dtype) = (rayon::current_num_threads(), computing.dtype_name());
            let cores = physical_cores()
                .map_or_else(String::new, |cores| format!(" on {}", count(cores, "core")));
            format!(
                "{lines}{}{cores}, {dtype}; in registers alone {:.0} GFLOP/s in f32, {:.2} times \
                 what one thread does alone\n",
                count(threads, "thread"),
                peak.all_threads / 1e9,
                peak.in_parallel()
            )
        }
        None => format!(
            "{lines}{}, {}\n",
            computing.devices.name(),
            computing.dtype_name()
        ),
    }
}

fn json(measured: &[Measured], computing: &Backend, peak: Option<Peak>) -> String {
    let runs: Vec<_> = measured
        .iter()
        .map(|m| {
            json!({
                "length": m.label,
                "rows": m.rows,
                "tokens": m.tokens,
                "seconds": m.seconds,
                "flops": m.flops,
                "logits": m.logits,
            })
        })
        .collect();
    format!(
        "{}\n",
        json!({
            "device": computing.devices.name(),
            "threads": rayon::current_num_threads(),
            "dtype": computing.dtype_name(),
            "physical_cores": physical_cores(),
            "peak_flops": peak.map(|peak| peak.all_threads),
            "peak_flops_of_one_thread": peak.map(|peak| peak.one_thread),
            "runs": runs,
        })
    )
}
