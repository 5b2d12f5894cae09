//! PairRM on candle's DeBERTa-v2: a peer of pairbench, with the command line and the answer of
//! `../reference.py`.
//!
//! candle has the encoder only; the pair head below is the one of `../reference.py`. Rows are
//! batched as the Python peers batch theirs: sorted by length, padded on the right, under a budget
//! of padded tokens.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use candle_core::{DType, Device, Module, Tensor};
use candle_nn::{Linear, VarBuilder, linear};
use candle_transformers::models::debertav2::{Config, DebertaV2Model};
use clap::Parser;
use serde_json::{Value, json};

type Row = Vec<u32>;

const PAD: u32 = 0;

#[derive(Parser)]
#[command(version, about)]
struct Options {
    /// Checkpoint directory
    #[arg(long)]
    model: PathBuf,
    /// JSON Lines: one list of token ids a line
    #[arg(long)]
    ids: PathBuf,
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Padded tokens in a batch
    #[arg(long, default_value_t = 1024)]
    batch_tokens: usize,
}

struct PairModel {
    encoder: DebertaV2Model,
    inner: Linear,
    outer: Linear,
    markers: [u32; 3],
}

impl PairModel {
    /// `longest`: tokens of the longest row that will be scored.
    fn load(path: &Path, longest: usize) -> Result<Self> {
        let value: Value = read_json(&path.join("config.json"))?;
        let number = |key: &str| value.get(key).and_then(Value::as_u64);
        let marker = |key| {
            Ok::<_, anyhow::Error>(u32::try_from(
                number(key).with_context(|| format!("no {key} in config.json"))?,
            )?)
        };
        let markers = [
            marker("source_prefix_id")?,
            marker("cand1_prefix_id")?,
            marker("cand2_prefix_id")?,
        ];
        let mut config: Config =
            serde_json::from_value(value.clone()).context("candle cannot read config.json")?;
        // candle's layer is a `todo!`, and a table of absolute positions could not be lengthened as
        // below.
        ensure!(
            config.conv_kernel_size.unwrap_or(0) == 0,
            "candle has no convolution layer"
        );
        ensure!(
            !config.position_biased_input,
            "absolute positions are not supported here"
        );
        // candle lists the absolute positions even where no table reads them, and fails beyond this
        // number of tokens. The span of the relative ones, which it takes from the same field, is
        // fixed first.
        if config.max_relative_positions < 1 {
            config.max_relative_positions = config.max_position_embeddings.try_into()?;
        }
        config.max_position_embeddings = config.max_position_embeddings.max(longest);

        let weights = path.join("model.safetensors");
        // SAFETY: the file is mapped, and nobody writes to a checkpoint while it is measured.
        let vars =
            unsafe { VarBuilder::from_mmaped_safetensors(&[&weights], DType::F32, &Device::Cpu) }
                .with_context(|| format!("failed to read {}", weights.display()))?;
        let size = config.hidden_size;
        let tasks = usize::try_from(number("n_tasks").unwrap_or(1))?;
        Ok(Self {
            encoder: DebertaV2Model::load(vars.pp("pretrained_model"), &config)?,
            inner: linear(2 * size, size, vars.pp("head_layer.1"))?,
            outer: linear(size, tasks, vars.pp("head_layer.4"))?,
            markers,
        })
    }

    /// One logit a row: positive where the first candidate is the better one.
    fn logits(&self, rows: &[&Row]) -> Result<Vec<f32>> {
        let length = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let mut ids = vec![PAD; rows.len() * length];
        let mut mask = vec![0f32; ids.len()];
        for (i, row) in rows.iter().enumerate() {
            let real = i * length..i * length + row.len();
            ids[real.clone()].copy_from_slice(row);
            mask[real].fill(1.0);
        }
        let places: Vec<Vec<u32>> = self
            .markers
            .iter()
            .map(|marker| {
                ids.iter()
                    .enumerate()
                    .filter(|(_, id)| *id == marker)
                    .map(|(at, _)| at as u32)
                    .collect()
            })
            .collect();
        ensure!(
            places.iter().all(|found| found.len() == rows.len()),
            "a row has not each marker once"
        );

        let shape = (rows.len(), length);
        let ids = Tensor::from_vec(ids, shape, &Device::Cpu)?;
        let mask = Tensor::from_vec(mask, shape, &Device::Cpu)?;
        let hidden = self
            .encoder
            .forward(&ids, None, Some(mask))?
            .flatten(0, 1)?;
        let pick =
            |at: usize| hidden.index_select(&Tensor::new(places[at].as_slice(), &Device::Cpu)?, 0);
        let source = pick(0)?;
        let score = |candidate| {
            self.outer.forward(
                &self
                    .inner
                    .forward(&Tensor::cat(&[&source, &candidate], 1)?)?
                    .tanh()?,
            )
        };
        Ok((score(pick(1)?)? - score(pick(2)?)?)?.mean(1)?.to_vec1()?)
    }

    /// One logit a row, in the order of the rows.
    fn score(&self, rows: &[Row], budget: usize) -> Result<Vec<f32>> {
        let mut logits = vec![0.0; rows.len()];
        for batch in batches(rows, budget) {
            let values = self.logits(&batch.iter().map(|i| &rows[*i]).collect::<Vec<_>>())?;
            batch
                .iter()
                .zip(values)
                .for_each(|(i, value)| logits[*i] = value);
        }
        Ok(logits)
    }
}

/// Row numbers, longest first, so many that the padded tokens stay within `budget` (a longer row
/// goes alone).
fn batches(rows: &[Row], budget: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|i| Reverse(rows[*i].len()));
    let mut found: Vec<Vec<usize>> = Vec::new();
    for i in order {
        match found.last_mut() {
            Some(batch) if (batch.len() + 1) * rows[batch[0]].len() <= budget => batch.push(i),
            _ => found.push(vec![i]),
        }
    }
    found
}

fn read_json(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("no JSON: {}", path.display()))
}

fn read_rows(path: &Path) -> Result<Vec<Row>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read {}", path.display()))?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            serde_json::from_str(line).with_context(|| format!("not a list of ids: {line}"))
        })
        .collect()
}

fn main() -> Result<()> {
    let options = Options::parse();
    if options.threads == 0 {
        bail!("--threads starts at 1");
    }
    // SAFETY: no other thread runs yet. candle reads the width of its matrix products from this
    // variable alone.
    unsafe { std::env::set_var("RAYON_NUM_THREADS", options.threads.to_string()) };
    rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .build_global()?;

    let rows = read_rows(&options.ids)?;
    let model = PairModel::load(&options.model, rows.iter().map(Vec::len).max().unwrap_or(0))?;
    model.score(&rows[..rows.len().min(2)], options.batch_tokens)?;
    let start = Instant::now();
    let logits = model.score(&rows, options.batch_tokens)?;
    let seconds = start.elapsed().as_secs_f64();
    let tokens: usize = rows.iter().map(Vec::len).sum();
    let run = json!({"seconds": seconds, "tokens": tokens, "rows": rows.len(), "logits": logits});
    println!("{}", json!({"dtype": "f32", "runs": [run]}));
    Ok(())
}
