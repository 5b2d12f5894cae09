//! The pair loss of the PairRM paper, its batches, and the loop that reduces it.

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
use pairbench::text::contract::PairContract;
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

/// Token rows with the better answer left or right.
pub struct Batch {
    pub rows: TokenRows,
    /// Of the tokens that the head reads, by row.
    pub positions: Vec<Vec<usize>>,
    /// 1 where the left answer is the better one, else −1. `[rows]`
    pub signs: Vec<f32>,
}

impl Batch {
    /// One row a pair, in a random order of its answers.
    pub fn new(
        examples: &[Example],
        template: PairContract,
        tokenizer: &Tokenizer,
        config: &ModelConfig,
        rng: &mut Rng,
    ) -> Result<Self> {
        let mut rows = Vec::new();
        let (mut positions, mut signs) = (Vec::new(), Vec::new());
        for example in examples {
            let conversation = |answer: &str| {
                [
                    Message::new("user", &example.prompt),
                    Message::new("assistant", answer),
                ]
            };
            let (better, worse) = (
                conversation(&example.chosen),
                conversation(&example.rejected),
            );
            let left = rng.bool();
            let (first, second) = if left {
                (&better, &worse)
            } else {
                (&worse, &better)
            };
            template
                .check(first, second)
                .map_err(|e| Error::bad_input("failed to write a pair").caused_by(e))?;
            let row = template.row(tokenizer, first, second)?;
            positions.push(
                config
                    .head
                    .positions(&row.ids)
                    .map_err(|e| Error::bad_input("failed to write a pair").caused_by(e))?,
            );
            signs.push(if left { 1.0 } else { -1.0 });
            rows.push(row.ids);
        }
        Ok(Self {
            rows: TokenRows::new(rows.iter().map(Vec::as_slice)),
            positions,
            signs,
        })
    }
}

/// Mean over the rows of −log σ(score of the better) − log σ(−score of the worse answer).
///
/// Equation 2 of LLM-Blender (arXiv:2306.02561): binary cross-entropy on either candidate's own
/// score. `[1]`
pub fn loss(model: &RewardModel, batch: &Batch) -> Tensor<1> {
    let Head::Pairwise(head) = &model.head else {
        panic!("the loss is that of a pairwise head");
    };
    let [first, second] = head.scores(&model.hidden(&batch.rows, &batch.positions));
    let signs = Tensor::<2>::from_data(
        TensorData::new(batch.signs.clone(), [batch.signs.len(), 1]),
        &first.device(),
    );
    -(log_sigmoid(first * signs.clone()) + log_sigmoid(-second * signs)).mean()
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
