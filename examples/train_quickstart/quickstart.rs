//! What is trained, for how long, and where it goes.

#![expect(clippy::print_stderr, reason = "a program that reports its progress")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use burn::tensor::Device;
use clap::Parser;
use fastrand::Rng;
use pairbench::benchmark::quickstart::checkpoints;
use pairbench::commands::run::RunRequest;
use pairbench::model::{ModelConfig, RewardModel};
use pairbench::report::Format;
use pairbench::support::error::{Error, Result};
use pairbench::support::files;
use pairbench::text::Tokenizer;
use pairbench::text::contract::{AnswerContract, InputContract, PairContract};
use serde_json::json;

use crate::corpus::{self, Example, Split};
use crate::tokenizer;
use crate::training::{self, Batch, Initialiser};

/// Writes the quickstart's pairs, trains its tokenizer and its checkpoints, and reports on them.
#[derive(Debug, Clone, Parser)]
struct Args {
    /// Root of what is written: benchmarks/, quickstart/ and reports/ below it
    #[arg(long, default_value = env!("CARGO_MANIFEST_DIR"))]
    root: PathBuf,
    /// Steps per checkpoint
    #[arg(long, default_value_t = 9000)]
    steps: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Trains only the checkpoint of this name; may be repeated
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

/// Test pairs of each subset, where there are so many.
const PER_SUBSET: usize = 60;
/// Pieces of the vocabulary.
const PIECES: usize = 2000;
/// Size of each encoder.
const HIDDEN: usize = 64;
const LAYERS: usize = 2;
const HEADS: usize = 4;
/// Pairs of a step.
const BATCH: usize = 16;
/// Learning rate at its highest.
const RATE: f64 = 1.5e-3;

/// A checkpoint to train. They differ in contract, head and everything that is drawn.
struct Plan {
    name: &'static str,
    contract: InputContract,
    seed: u64,
}

impl Plan {
    fn all(seed: u64) -> [Self; 3] {
        let plan = |name, contract, seed| Self {
            name,
            contract,
            seed,
        };
        let pairwise = InputContract::Pairwise;
        let scalar = InputContract::Scalar;
        [
            plan("pairrm", pairwise(PairContract::PairRm), seed + 2),
            plan(
                "better-pairrm",
                pairwise(PairContract::BetterPairRm),
                seed + 10,
            ),
            plan("deberta-rm", scalar(AnswerContract::Pair), seed + 20),
        ]
    }
}

pub fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", error.render());
            error.exit_code()
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let benchmark = args.root.join("benchmarks/quickstart");
    write(&benchmark.join("pairs.jsonl"), pairs(args.seed).as_bytes())?;
    let files = tokenizer::train(&corpus::examples(Split::Train, 300, args.seed + 1), PIECES)?;
    let plans = Plan::all(args.seed);
    let plans = plans
        .iter()
        .filter(|plan| args.only.is_empty() || args.only.iter().any(|name| name == plan.name));
    // One thread each: none reads anything of the others.
    let files = &files;
    std::thread::scope(|scope| {
        let running: Vec<_> = plans
            .map(|plan| scope.spawn(move || train(args, plan, files)))
            .collect();
        running.into_iter().try_for_each(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err(Error::bad_input("failed to train: a thread panicked")))
        })
    })?;
    report(&args.root)
}

/// The test pairs as JSON Lines.
pub fn pairs(seed: u64) -> String {
    let examples = corpus::examples(Split::Test, PER_SUBSET, seed);
    let line = |(id, e): (usize, &Example)| {
        json!({
            "subset": e.subset,
            "id": id,
            "prompt": e.prompt,
            "chosen": e.chosen,
            "rejected": e.rejected,
        })
        .to_string()
            + "\n"
    };
    examples.iter().enumerate().map(line).collect()
}

fn train(args: &Args, plan: &Plan, files: &tokenizer::Files) -> Result<()> {
    let dir = args.root.join("quickstart").join(plan.name);
    let config = config(files, plan.contract);
    write(&dir.join("config.json"), format!("{config:#}\n").as_bytes())?;
    write(&dir.join("tokenizer.json"), files.tokenizer.as_bytes())?;
    write(
        &dir.join("tokenizer_config.json"),
        files.settings.as_bytes(),
    )?;
    write(
        &dir.join("pairbench.toml"),
        format!("template = \"{}\"\n", plan.contract).as_bytes(),
    )?;
    let config = ModelConfig::parse(&config.to_string(), &dir.join("config.json"))?;
    let (tokenizer, _) = Tokenizer::load(&dir.as_path().into())?;

    let mut initialiser = Initialiser::new(plan.seed, &Device::flex().autodiff());
    let mut model = RewardModel::load(&mut initialiser, &config)?;
    let mut optimizer = training::optimizer();
    let mut rng = Rng::with_seed(plan.seed);
    let mut log = "step,pairs,loss\n".to_owned();
    let (started, mut recent) = (Instant::now(), Vec::<f32>::new());
    for step in 0..args.steps {
        let examples: Vec<Example> = (0..BATCH)
            .map(|_| corpus::training_example(&mut rng))
            .collect();
        let batch = Batch::new(&examples, plan.contract, &tokenizer, &config, &mut rng)?;
        let loss;
        (model, loss) = training::step(
            model,
            &mut optimizer,
            &batch,
            training::rate(RATE, step, args.steps),
        );
        recent.push(loss);
        if recent.len() == 50 || step + 1 == args.steps {
            #[expect(clippy::cast_precision_loss, reason = "at most fifty")]
            let mean = recent.iter().sum::<f32>() / recent.len() as f32;
            recent.clear();
            log.push_str(&format!("{},{},{mean:.4}\n", step + 1, (step + 1) * BATCH));
            eprintln!(
                "{}: step {} of {}, loss {mean:.4}, {:.0} s",
                plan.name,
                step + 1,
                args.steps,
                started.elapsed().as_secs_f64()
            );
        }
    }
    write(
        &dir.join("model.safetensors"),
        &training::to_safetensors(&model, &initialiser.names)?,
    )?;
    write(
        &args
            .root
            .join(format!("reports/quickstart/{}-loss.csv", plan.name)),
        log.as_bytes(),
    )
}

/// `config.json`, with the keys of published checkpoints with this kind of head.
fn config(files: &tokenizer::Files, contract: InputContract) -> serde_json::Value {
    let mut config = json!({
        "architectures": [],
        "model_type": "deberta-v2",
        "vocab_size": files.vocab_size,
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": 4 * HIDDEN,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-7,
        "max_position_embeddings": 512,
        "max_relative_positions": -1,
        "position_buckets": 32,
        "relative_attention": true,
        "pos_att_type": ["p2c", "c2p"],
        "share_att_key": true,
        "norm_rel_ebd": "layer_norm",
        "position_biased_input": false,
        "type_vocab_size": 0,
        "pad_token_id": 0,
    });
    match contract {
        InputContract::Pairwise(_) => {
            let [source, first, second] = files.markers;
            config["architectures"] = json!(["DebertaV2PairRM"]);
            config["n_tasks"] = json!(1);
            config["source_prefix_id"] = json!(source);
            config["cand1_prefix_id"] = json!(first);
            config["cand2_prefix_id"] = json!(second);
        }
        InputContract::Scalar(_) => {
            config["architectures"] = json!(["DebertaV2ForSequenceClassification"]);
            config["num_labels"] = json!(1);
            config["pooler_hidden_size"] = json!(HIDDEN);
            config["pooler_hidden_act"] = json!("gelu");
        }
    }
    config["torch_dtype"] = json!("float16");
    config
}

/// `reports/quickstart/report.md` and `report.html`, by the tool itself on what was written.
fn report(root: &Path) -> Result<()> {
    for (format, file) in [
        (Format::Markdown, "report.md"),
        (Format::Html, "report.html"),
    ] {
        write(
            &root.join("reports/quickstart").join(file),
            rendered(root, format)?.as_bytes(),
        )?;
    }
    Ok(())
}

fn rendered(root: &Path, format: Format) -> Result<String> {
    let at = |part: &str| root.join(part).display().to_string();
    let model = |name: &str| at(name).parse().map_err(|e: String| Error::usage(e));
    let request = RunRequest {
        benchmark: Some(at("benchmarks/quickstart/quickstart.toml")),
        models: checkpoints().map(model).collect::<Result<_>>()?,
        format,
        ..RunRequest::default()
    };
    Ok(pairbench::commands::run::run(&request)?.text)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)
            .map_err(|e| Error::io(format!("failed to make directory: {}", dir.display()), e))?;
    }
    files::write_atomic(path, bytes)
}
