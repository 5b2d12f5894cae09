//! The model's gradient path: what `examples/train_quickstart` relies on.

#[path = "../examples/train_quickstart/corpus.rs"]
#[allow(
    dead_code,
    reason = "the example's modules, of which a test uses its part"
)]
mod corpus;
#[path = "../examples/train_quickstart/training.rs"]
#[allow(
    dead_code,
    reason = "the example's modules, of which a test uses its part"
)]
mod training;

mod common;

use std::path::Path;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Tensor};
use common::golden;
use fastrand::Rng;
use pairbench::checkpoint::Weights;
use pairbench::model::{ModelConfig, RewardModel};
use pairbench::text::Tokenizer;
use pairbench::text::contract::{AnswerContract, InputContract, PairContract};
use polars::prelude::{ParquetReader, SerReader};
use training::{Batch, Initialiser};

/// A new model of a tiny golden checkpoint's shape, and a batch that stays the same.
struct Setup {
    model: RewardModel,
    names: Vec<String>,
    config: ModelConfig,
    batch: Batch,
}

fn pairwise(pairs: usize) -> Setup {
    let contract = InputContract::Pairwise(PairContract::PairRm);
    setup(&golden("models/tiny-pairrm"), contract, pairs)
}

fn scalar(pairs: usize) -> Setup {
    let contract = InputContract::Scalar(AnswerContract::Pair);
    setup(&golden("../scalar/models/tiny-deberta-rm"), contract, pairs)
}

fn setup(dir: &Path, contract: InputContract, pairs: usize) -> Setup {
    let path = dir.join("config.json");
    let config = ModelConfig::parse(&std::fs::read_to_string(&path).unwrap(), &path).unwrap();
    let (tokenizer, _) = Tokenizer::load(&dir.into()).unwrap();
    let mut initialiser = Initialiser::new(3, &Device::flex().autodiff());
    let model = RewardModel::load(&mut initialiser, &config).unwrap();
    let mut rng = Rng::with_seed(3);
    let examples: Vec<_> = (0..pairs)
        .map(|_| corpus::training_example(&mut rng))
        .collect();
    Setup {
        batch: Batch::new(&examples, contract, &tokenizer, &config, &mut rng).unwrap(),
        model,
        names: initialiser.names,
        config,
    }
}

/// The loss of a model that knows nothing is ln 2 for each choice between two.
#[test]
fn a_few_steps_on_a_fixed_batch_reduce_the_loss() {
    for (setup, choices) in [(pairwise(6), 2.0), (scalar(6), 1.0)] {
        let Setup {
            mut model, batch, ..
        } = setup;
        let mut optimizer = training::optimizer();
        let mut losses = Vec::new();
        for _ in 0..20 {
            let loss;
            (model, loss) = training::step(model, &mut optimizer, &batch, 5e-4);
            losses.push(loss);
        }
        let ignorant = choices * std::f32::consts::LN_2;
        assert!((losses[0] - ignorant).abs() < 0.5, "{losses:?}");
        assert!(losses[19] < 0.6 * losses[0], "{losses:?}");
    }
}

/// Gradient of the loss by backpropagation, and of every parameter the element where it is largest.
struct Largest<'a> {
    gradients: &'a mut burn::optim::GradientsParams,
    found: Vec<(ParamId, usize, f32)>,
}

impl ModuleVisitor for Largest<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient: Vec<f32> = self
            .gradients
            .remove::<D>(param.id)
            .expect("every parameter has a gradient")
            .into_data()
            .try_to_vec()
            .unwrap();
        let (at, value) = gradient
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
            .unwrap();
        self.found.push((param.id, at, *value));
    }
}

/// Adds `step` to one element of one parameter.
struct Nudge {
    param: ParamId,
    at: usize,
    step: f32,
}

impl ModuleMapper for Nudge {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if param.id != self.param {
            return param;
        }
        let (at, step) = (self.at, self.step);
        param.map(|tensor| {
            let (shape, device) = (tensor.dims(), tensor.device());
            let mut values: Vec<f32> = tensor.inner().into_data().try_to_vec().unwrap();
            values[at] += step;
            Tensor::<D>::from_data(burn::tensor::TensorData::new(values, shape), &device)
        })
    }
}

/// Every parameter's gradient against the central difference of the loss: the position table, its
/// normalisation and both attention terms included.
#[test]
fn gradients_are_the_slopes_of_the_loss() {
    check_gradients(pairwise(2));
    check_gradients(scalar(2));
}

fn check_gradients(setup: Setup) {
    let Setup {
        model,
        names,
        batch,
        ..
    } = setup;
    let value =
        |model: &RewardModel| f64::from(training::loss(model, &batch).inner().into_scalar::<f32>());
    let mut gradients =
        burn::optim::GradientsParams::from_grads(training::loss(&model, &batch).backward(), &model);
    let mut largest = Largest {
        gradients: &mut gradients,
        found: Vec::new(),
    };
    model.visit(&mut largest);
    assert_eq!(largest.found.len(), names.len());
    for ((param, at, gradient), name) in largest.found.into_iter().zip(names) {
        let step = 4e-3;
        let nudged = |step| value(&model.clone().map(&mut Nudge { param, at, step }));
        let slope = (nudged(step) - nudged(-step)) / (2.0 * f64::from(step));
        let gradient = f64::from(gradient);
        assert!(
            (slope - gradient).abs() < 0.02 * gradient.abs() + 3e-4,
            "{name}[{at}]: {gradient} by backpropagation, {slope} by difference"
        );
    }
}

#[test]
fn a_written_checkpoint_scores_as_the_model_that_was_trained() {
    for setup in [pairwise(4), scalar(4)] {
        check_written(&setup);
    }
}

fn check_written(setup: &Setup) {
    let Setup {
        model,
        names,
        config,
        batch,
    } = setup;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("model.safetensors"),
        training::to_safetensors(model, names).unwrap(),
    )
    .unwrap();
    let mut weights = Weights::open(&dir.path().into(), &Device::flex()).unwrap();
    assert_eq!(weights.dtypes(), ["f16"]);
    let read = RewardModel::load(&mut weights, config).unwrap();
    weights.finish().unwrap();
    let logits = |model: &RewardModel| {
        model
            .logits(&batch.rows, &batch.positions)
            .inner()
            .into_data()
            .try_to_vec::<f32>()
            .unwrap()
    };
    // Half precision keeps 11 bits of each weight.
    for (trained, read) in logits(model).iter().zip(logits(&read)) {
        assert!((trained - read).abs() < 0.02, "{trained} {read}");
    }
}

/// Trains for a quarter of an hour: `cargo test --release --features train --test train --
/// --ignored`.
#[test]
#[ignore = "trains the checkpoints again, which takes a quarter of an hour"]
fn retraining_gives_the_committed_verdicts() {
    let root = tempfile::tempdir().unwrap();
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::create_dir_all(root.path().join("benchmarks/quickstart")).unwrap();
    std::fs::copy(
        manifest.join("benchmarks/quickstart/quickstart.toml"),
        root.path().join("benchmarks/quickstart/quickstart.toml"),
    )
    .unwrap();
    let status = std::process::Command::new(env!("CARGO"))
        .args([
            "run",
            "--release",
            "--features",
            "train",
            "--example",
            "train_quickstart",
            "--",
            "--root",
        ])
        .arg(root.path())
        .status()
        .unwrap();
    assert!(status.success());
    let verdicts = |root: &Path| {
        let out = tempfile::tempdir().unwrap();
        let mut command = assert_cmd::Command::cargo_bin("pairbench").unwrap();
        command.args(["run", "--no-cache", "--out"]).arg(out.path());
        for name in ["pairrm", "better-pairrm", "deberta-rm"] {
            command
                .arg("--model")
                .arg(root.join("quickstart").join(name));
        }
        command.assert().success();
        let frame =
            ParquetReader::new(std::fs::File::open(out.path().join("verdicts.parquet")).unwrap())
                .finish()
                .unwrap();
        frame.select(["model", "row", "verdict"]).unwrap()
    };
    let (again, committed) = (verdicts(root.path()), verdicts(manifest));
    assert_eq!(committed.height(), 3 * 636);
    assert!(again.equals(&committed), "{again} {committed}");
}
