//! The hyper-parameters of a decoder.

use crate::kernels::activation::Activation;
use crate::kernels::relative_positions::PositionTerms;
use crate::model::architecture::Architecture;
use crate::model::decoder::rotary::RotaryConfig;

/// A decoder, of whichever family.
#[derive(Debug, Clone, PartialEq)]
pub struct DecoderConfig {
    /// For people.
    pub family: &'static str,
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub intermediate_size: usize,
    /// Of the queries.
    pub heads: usize,
    /// Of the keys and values, a divisor of `heads`.
    pub key_heads: usize,
    /// Dimensions of a head, an even number. Those of all heads need not be `hidden_size`.
    pub head_size: usize,
    /// What a product of query and key is multiplied by.
    pub attention_scale: f32,
    /// c, where scores s become c · tanh(s / c).
    pub soft_cap: Option<f32>,
    /// The most keys that a query of each layer sees, itself included; one entry per layer.
    pub windows: Vec<Option<usize>>,
    pub activation: Activation,
    pub norm: RmsNormConfig,
    pub rotary: RotaryConfig,
    pub biases: Biases,
    /// Whether the queries and keys of each head are normalised.
    pub normalises_heads: bool,
    /// Whether the results of attention and feed-forward part are normalised, too.
    pub normalises_results: bool,
    /// What embeddings are multiplied by.
    pub embedding_scale: Option<f32>,
}

/// Root-mean-square normalisation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RmsNormConfig {
    pub eps: f32,
    /// Added to the weights that a checkpoint has.
    pub offset: f32,
}

/// Which linear layers have a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Biases {
    /// Queries, keys and values.
    pub attention: bool,
    pub attention_output: bool,
    pub feed_forward: bool,
}

impl DecoderConfig {
    /// Elements of the queries of a token.
    pub(super) fn query_size(&self) -> usize {
        self.heads * self.head_size
    }

    /// Elements of the keys of a token, and of its values.
    pub(super) fn key_size(&self) -> usize {
        self.key_heads * self.head_size
    }

    /// Weights of the linear layers of one layer.
    fn weights_of_layer(&self) -> usize {
        let attention = 2 * self.query_size() + 2 * self.key_size();
        self.hidden_size * (attention + 3 * self.intermediate_size)
    }
}

impl Architecture for DecoderConfig {
    fn vocabulary(&self) -> usize {
        self.vocab_size
    }

    fn hidden_size(&self) -> usize {
        self.hidden_size
    }

    fn head_size(&self) -> usize {
        self.head_size
    }

    fn position_terms(&self) -> PositionTerms {
        PositionTerms::None
    }

    /// Rotary positions have no end.
    fn position_limit(&self) -> Option<usize> {
        None
    }

    fn segment_limit(&self) -> Option<usize> {
        None
    }

    /// Queries, the context by heads and by tokens, keys and values as they are and packed, and five
    /// hidden states; the feed-forward part is computed for some tokens at a time.
    fn bytes_per_token(&self) -> usize {
        let attention = 3 * self.query_size() + 4 * self.key_size();
        (attention + 5 * self.hidden_size) * size_of::<f32>()
    }

    /// Of all layers: the linear layers, and the attention's two products as far as they are
    /// causal. The last layer is counted whole.
    #[expect(clippy::cast_precision_loss, reason = "sizes of a model")]
    fn operations(&self, tokens: usize) -> f64 {
        let of_layer = |window: &Option<usize>| {
            let reached = window.unwrap_or(tokens).min(tokens) as f64;
            // The first `reached` queries see half as many keys, the others all of a window.
            let keys = tokens as f64 * reached - reached * (reached - 1.0) / 2.0;
            let linear = tokens as f64 * self.weights_of_layer() as f64;
            2.0 * (linear + 2.0 * keys * self.query_size() as f64)
        };
        self.windows.iter().map(of_layer).sum()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let sizes = format!(
            "{}: {} layers, hidden size {}, {} heads of {} over {} of keys, intermediate size {}, \
             vocabulary {}",
            self.family,
            self.windows.len(),
            self.hidden_size,
            self.heads,
            self.head_size,
            self.key_heads,
            self.intermediate_size,
            self.vocab_size
        );
        let mut positions = self.rotary.describe();
        let windows = self.windows.iter().flatten();
        if let Some(window) = windows.clone().max() {
            let (some, all) = (windows.count(), self.windows.len());
            positions.push_str(&format!(", window {window} in {some} of {all} layers"));
        }
        vec![("decoder", sizes), ("positions", positions)]
    }

    fn is_causal(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::model::ModelConfig;

    /// Qwen3-0.6B: 440 million weights in its layers; causal attention reads half the square.
    #[test]
    fn operations_of_qwen3() {
        let text = serde_json::json!({
            "model_type": "qwen3", "architectures": ["Qwen3ForSequenceClassification"],
            "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28,
            "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128,
            "vocab_size": 151_669, "id2label": {"0": "LABEL_0"},
        });
        let config = ModelConfig::parse(&text.to_string(), Path::new("config.json")).unwrap();
        let config = config.architecture();
        let weights = 28.0 * 1024.0 * (2.0 * 2048.0 + 2.0 * 1024.0 + 3.0 * 3072.0);
        let of_keys = 4.0 * 28.0 * 2048.0;
        assert!((config.operations(1) - 2.0 * weights - of_keys).abs() < 1.0);
        let pairs = 512.0 * 513.0 / 2.0;
        let expected = 512.0 * 2.0 * weights + pairs * of_keys;
        assert!((config.operations(512) / expected - 1.0).abs() < 1e-12);
    }
}
