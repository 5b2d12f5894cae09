//! The losses of both heads, their batches, and the step that reduces them.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::grad_clipping::GradientClippingConfig;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData, activation::log_sigmoid};
use fastrand::Rng;
use half::f16;
use pairbench::data::Message;
use pairbench::model::heads::Head;
use pairbench::model::{ModelConfig, Parameters, RewardModel, TokenRows};
use pairbench::support::error::{Error, Result};
use pairbench::text::Tokenizer;
use pairbench::text::contract::{AnswerContract, InputContract, PairContract};
use safetensors::tensor::{Dtype, TensorView};

use crate::corpus::Example;

/// Draws new parameters, and keeps their names in the order in which the model asked.
pub struct Initialiser {
    rng: Rng,
    device: Device,
    pub names: Vec<String>,
}

impl Initialiser {
    pub fn new(seed: u64, device: &Device) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            device: device.clone(),
            names: Vec::new(),
        }
    }
}

/// Standard normal, by Box and Muller (1958).
fn normal(rng: &mut Rng) -> f32 {
    let (u, v) = (1.0 - rng.f32(), rng.f32());
    (-2.0 * u.ln()).sqrt() * (std::f32::consts::TAU * v).cos()
}

impl Parameters for Initialiser {
    /// Every parameter is made when it is asked for.
    fn has(&self, _name: &str) -> bool {
        true
    }

    /// Ones and zeros for normalisations and biases, else normal with variance 1 / inputs.
    fn tensor<const D: usize>(&mut self, name: &str, shape: [usize; D]) -> Result<Tensor<D>> {
        self.names.push(name.to_owned());
        let count = shape.iter().product();
        #[expect(clippy::cast_precision_loss, reason = "layers are small")]
        let deviation = 1.0 / (shape[D - 1] as f32).sqrt();
        let values = if name.ends_with("bias") {
            vec![0.0; count]
        } else if name.ends_with("LayerNorm.weight") {
            vec![1.0; count]
        } else {
            (0..count)
                .map(|_| normal(&mut self.rng) * deviation)
                .collect()
        };
        Ok(Tensor::from_data(
            TensorData::new(values, shape),
            &self.device,
        ))
    }
}

/// Token rows of some examples.
pub struct Batch {
    pub rows: TokenRows,
    /// Of the tokens that the head reads, by row.
    pub positions: Vec<Vec<usize>>,
    /// What the score of a row is multiplied with so that more is better: 1 or −1. `[rows]`
    pub signs: Vec<f32>,
}

impl Batch {
    /// For a pairwise head one row a pair, in a random order of its answers; for a scalar head the
    /// row of the better answer and that of the worse one.
    pub fn new(
        examples: &[Example],
        contract: InputContract,
        tokenizer: &Tokenizer,
        config: &ModelConfig,
        rng: &mut Rng,
    ) -> Result<Self> {
        let (mut rows, mut signs) = (Vec::new(), Vec::new());
        for example in examples {
            let conversation = |answer: &str| {
                [
                    Message::new("user", &example.prompt),
                    Message::new("assistant", answer),
                ]
            };
            let better = conversation(&example.chosen);
            let worse = conversation(&example.rejected);
            match contract {
                InputContract::Pairwise(contract) => {
                    let left = rng.bool();
                    let (first, second) = if left {
                        (&better, &worse)
                    } else {
                        (&worse, &better)
                    };
                    rows.push(pair_row(contract, tokenizer, first, second)?);
                    signs.push(if left { 1.0 } else { -1.0 });
                }
                InputContract::Scalar(contract) => {
                    rows.push(answer_row(contract, tokenizer, &better)?);
                    rows.push(answer_row(contract, tokenizer, &worse)?);
                    signs.extend([1.0, -1.0]);
                }
            }
        }
        let positions = rows.iter().map(|ids| config.head.positions(ids));
        Ok(Self {
            positions: positions
                .collect::<std::result::Result<_, _>>()
                .map_err(|e| Error::bad_input("failed to write a pair").caused_by(e))?,
            rows: TokenRows::new(rows.iter().map(Vec::as_slice)),
            signs,
        })
    }
}

fn pair_row(
    contract: PairContract,
    tokenizer: &Tokenizer,
    first: &[Message],
    second: &[Message],
) -> Result<Vec<u32>> {
    contract
        .check(first, second)
        .map_err(|e| Error::bad_input("failed to write a pair").caused_by(e))?;
    Ok(contract.row(tokenizer, first, second)?.ids)
}

fn answer_row(
    contract: AnswerContract,
    tokenizer: &Tokenizer,
    conversation: &[Message],
) -> Result<Vec<u32>> {
    contract
        .check(tokenizer, conversation)
        .map_err(|e| Error::bad_input("failed to write an answer").caused_by(e))?;
    Ok(contract.row(tokenizer, conversation)?.ids)
}

/// What training reduces, as the authors of either kind of model define it. `[1]`
pub fn loss(model: &RewardModel, batch: &Batch) -> Tensor<1> {
    let hidden = model.hidden(&batch.rows, &batch.positions);
    let rows = batch.signs.len();
    let signs = TensorData::new(batch.signs.clone(), [rows, 1]);
    let signs = Tensor::<2>::from_data(signs, &hidden.device());
    match &model.head {
        // Mean over the rows of −log σ(score of the better) − log σ(−score of the worse answer):
        // binary cross-entropy on either candidate's own score, equation 2 of LLM-Blender
        // (arXiv:2306.02561).
        Head::Pairwise(head) => {
            let [first, second] = head.scores(&hidden);
            -(log_sigmoid(first * signs.clone()) + log_sigmoid(-second * signs)).mean()
        }
        // Mean over the pairs of −log σ(score of the better − score of the worse answer), equation
        // 1 of InstructGPT (arXiv:2203.02155).
        Head::Scalar(_) => {
            let scores = model.head.forward(hidden).reshape([rows, 1]) * signs;
            -log_sigmoid(scores.reshape([rows / 2, 2]).sum_dim(1)).mean()
        }
    }
}

/// AdamW with clipped gradients.
pub fn optimizer() -> ModuleOptimizer {
    AdamWConfig::new()
        .with_weight_decay(0.01)
        .with_grad_clipping(Some(GradientClippingConfig::Norm(1.0)))
        .init()
}

/// One step; returns the improved model and the loss before the step.
pub fn step(
    model: RewardModel,
    optimizer: &mut ModuleOptimizer,
    batch: &Batch,
    rate: f64,
) -> (RewardModel, f32) {
    let loss = loss(&model, batch);
    let value = loss.clone().inner().into_scalar();
    let gradients = GradientsParams::from_grads(loss.backward(), &model);
    (optimizer.step(rate, model, gradients), value)
}

/// Linear warm-up over the first twentieth, then half a cosine down to zero.
#[expect(clippy::cast_precision_loss, reason = "steps are few")]
pub fn rate(peak: f64, step: usize, steps: usize) -> f64 {
    let warm = (steps / 20).max(1);
    if step < warm {
        return peak * (step + 1) as f64 / warm as f64;
    }
    let done = (step - warm) as f64 / (steps - warm).max(1) as f64;
    peak * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
}

/// The parameters as a half-precision safetensors file. `names` as the model asked for them: fields
/// are visited in the same order.
pub fn to_safetensors(model: &RewardModel, names: &[String]) -> Result<Vec<u8>> {
    struct Collect(Vec<(Vec<usize>, Vec<u8>)>);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let data = param.val().inner().into_data();
            let bytes = data
                .iter::<f32>()
                .flat_map(|v| f16::from_f32(v).to_le_bytes())
                .collect();
            self.0.push((param.val().dims().to_vec(), bytes));
        }
    }
    let mut collected = Collect(Vec::new());
    model.visit(&mut collected);
    assert_eq!(collected.0.len(), names.len(), "every parameter has a name");
    let invalid =
        |e: safetensors::SafeTensorError| Error::bad_input("failed to write weights").caused_by(e);
    let views: Vec<(&str, TensorView)> = names
        .iter()
        .zip(&collected.0)
        .map(|(name, (shape, bytes))| {
            Ok((
                name.as_str(),
                TensorView::new(Dtype::F16, shape.clone(), bytes)?,
            ))
        })
        .collect::<std::result::Result<_, _>>()
        .map_err(invalid)?;
    // transformers refuses files that do not say which framework's layout they have.
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    safetensors::serialize(views, Some(metadata)).map_err(invalid)
}
