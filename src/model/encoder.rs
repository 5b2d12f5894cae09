//! The DeBERTa-v2/v3 encoder: `DebertaV2Model` in transformers' `modeling_deberta_v2.py`, for
//! evaluation (no dropout), over packed rows (so without an attention mask).

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Int, Tensor, TensorData, module::conv1d};

use crate::kernels::attention::{Geometry, QuerySelection};
use crate::kernels::is_on_gpu;
use crate::model::attention::{self, SelfAttention};
use crate::model::config::{ConvConfig, EncoderConfig};
use crate::model::layers::{LayerNorm, Linear};
use crate::model::{Matrix, Parameters, TokenRows};
use crate::support::error::Result;

/// Word, absolute position and token type embeddings.
#[derive(Module, Debug)]
struct Embeddings {
    /// `[vocabulary, embedding]`
    words: Param<Tensor<2>>,
    /// `[max positions, embedding]`, with `position_biased_input`
    positions: Option<Param<Tensor<2>>>,
    /// `[types, embedding]`, where there are types; every token here is of type 0
    types: Option<Param<Tensor<2>>>,
    /// Embedding size to hidden size, where they differ
    projection: Option<Linear>,
    norm: LayerNorm,
}

impl Embeddings {
    fn load(from: &mut impl Parameters, name: &str, config: &EncoderConfig) -> Result<Self> {
        let size = config.embedding_size;
        let words = Param::from_tensor(from.table(
            &format!("{name}.word_embeddings.weight"),
            [config.vocab_size, size],
        )?);
        let mut table = |part: &str, rows: usize| -> Result<_> {
            Ok(Param::from_tensor(
                from.tensor(&format!("{name}.{part}.weight"), [rows, size])?,
            ))
        };
        let positions = config
            .absolute_positions
            .map(|rows| table("position_embeddings", rows))
            .transpose()?;
        let types = (config.type_vocab_size > 0)
            .then(|| table("token_type_embeddings", config.type_vocab_size))
            .transpose()?;
        let projection = (size != config.hidden_size)
            .then(|| {
                Linear::load_unbiased(
                    from,
                    &format!("{name}.embed_proj"),
                    size,
                    config.hidden_size,
                )
            })
            .transpose()?;
        let norm = LayerNorm::load(
            from,
            &format!("{name}.LayerNorm"),
            config.hidden_size,
            config.layer_norm_eps,
        )?;
        Ok(Self {
            words,
            positions,
            types,
            projection,
            norm,
        })
    }

    /// → `[tokens, hidden]`
    fn forward(&self, rows: &TokenRows) -> Tensor<2> {
        let device = self.words.val().device();
        let index = |values: Vec<i64>| {
            let count = values.len();
            Tensor::<1, Int>::from_data(TensorData::new(values, [count]), &device)
        };
        // The table may be kept in half precision where arithmetic is f32.
        let mut x = self
            .words
            .val()
            .select(
                0,
                index(rows.ids().iter().map(|id| i64::from(*id)).collect()),
            )
            .cast(self.norm.dtype());
        if let Some(positions) = &self.positions {
            let places = rows
                .rows()
                .flat_map(|row| (0..row.len()).map(|i| i64::try_from(i).unwrap_or(i64::MAX)))
                .collect();
            x = x + positions.val().select(0, index(places));
        }
        if let Some(types) = &self.types {
            let size = types.val().dims()[1];
            x = x + types.val().slice([0..1, 0..size]);
        }
        if let Some(projection) = &self.projection {
            x = projection.forward(x);
        }
        self.norm.forward(x)
    }
}

/// Tokens that go through the feed-forward part at once on a CPU: what is between its two products
/// is four times as wide as all else, and would set the peak of the memory.
const FEED: usize = 1024;

/// One transformer layer; normalisation after each residual sum.
#[derive(Module, Debug)]
struct Layer {
    attention: SelfAttention,
    attention_output: Linear,
    attention_norm: LayerNorm,
    intermediate: Linear,
    output: Linear,
    output_norm: LayerNorm,
}

impl Layer {
    fn load(
        from: &mut impl Parameters,
        name: &str,
        config: &EncoderConfig,
        table: Option<&Tensor<2>>,
    ) -> Result<Self> {
        let (hidden, inner, eps) = (
            config.hidden_size,
            config.intermediate_size,
            config.layer_norm_eps,
        );
        Ok(Self {
            attention: SelfAttention::load(from, &format!("{name}.attention.self"), config, table)?,
            attention_output: Linear::load(
                from,
                &format!("{name}.attention.output.dense"),
                hidden,
                hidden,
            )?,
            attention_norm: LayerNorm::load(
                from,
                &format!("{name}.attention.output.LayerNorm"),
                hidden,
                eps,
            )?,
            intermediate: Linear::load(from, &format!("{name}.intermediate.dense"), hidden, inner)?,
            output: Linear::load(from, &format!("{name}.output.dense"), inner, hidden)?,
            output_norm: LayerNorm::load(from, &format!("{name}.output.LayerNorm"), hidden, eps)?,
        })
    }

    /// `[tokens, hidden]` → `[tokens, hidden]`, or `[wanted, hidden]`
    fn forward(
        &self,
        x: &Tensor<2>,
        table: Option<&Tensor<2>>,
        geometry: &Geometry,
        config: &EncoderConfig,
        wanted: Option<&Arc<QuerySelection>>,
    ) -> Tensor<2> {
        let context = self.attention.forward(x, table, geometry, wanted);
        let x = wanted.map_or_else(|| x.clone(), |wanted| wanted.of(x.clone()));
        let x = self
            .attention_norm
            .forward_residual(&self.attention_output, context, x);
        self.feed_forward(&x, config)
    }

    /// `[tokens, hidden]` → `[tokens, hidden]`
    fn feed_forward(&self, x: &Tensor<2>, config: &EncoderConfig) -> Tensor<2> {
        let through = |x: Tensor<2>| {
            self.output_norm.forward_residual(
                &self.output,
                self.intermediate
                    .forward_activated(x.clone(), config.activation),
                x,
            )
        };
        let [tokens, hidden] = x.dims();
        if tokens <= FEED || self.output.depends_on_batch() || is_on_gpu(x) {
            return through(x.clone());
        }
        let parts = (0..tokens).step_by(FEED).map(|from| {
            through(
                x.clone()
                    .slice([from..(from + FEED).min(tokens), 0..hidden]),
            )
        });
        Tensor::cat(parts.collect(), 0)
    }
}

/// The convolution of v2-xlarge: over the embedding output, added to the first layer's output.
#[derive(Module, Debug)]
struct ConvLayer {
    /// `[hidden, hidden / groups, kernel]`
    weight: Param<Tensor<3>>,
    /// `[hidden]`
    bias: Param<Tensor<1>>,
    norm: LayerNorm,
}

impl ConvLayer {
    fn load(
        from: &mut impl Parameters,
        name: &str,
        conv: &ConvConfig,
        config: &EncoderConfig,
    ) -> Result<Self> {
        let hidden = config.hidden_size;
        Ok(Self {
            weight: Param::from_tensor(from.tensor(
                &format!("{name}.conv.weight"),
                [hidden, hidden / conv.groups, conv.kernel],
            )?),
            bias: Param::from_tensor(from.tensor(&format!("{name}.conv.bias"), [hidden])?),
            norm: LayerNorm::load(
                from,
                &format!("{name}.LayerNorm"),
                hidden,
                config.layer_norm_eps,
            )?,
        })
    }

    /// `embedded`, `first`: `[tokens, hidden]` → `[tokens, hidden]`
    fn forward(
        &self,
        embedded: &Tensor<2>,
        first: Tensor<2>,
        geometry: &Geometry,
        conv: &ConvConfig,
    ) -> Tensor<2> {
        let convolved = if is_on_gpu(embedded) {
            self.by_product(embedded, geometry, conv)
        } else {
            self.by_row(embedded, geometry, conv)
        };
        self.norm
            .forward(first + conv.activation.forward(convolved))
    }

    /// Row by row.
    fn by_row(&self, embedded: &Tensor<2>, geometry: &Geometry, conv: &ConvConfig) -> Tensor<2> {
        let hidden = embedded.dims()[1];
        let options = ConvOptions::new([1], [(conv.kernel - 1) / 2], [1], conv.groups);
        let rows = geometry
            .offsets
            .windows(2)
            .filter(|ends| ends[0] < ends[1])
            .map(|ends| {
                let row = embedded
                    .clone()
                    .slice([ends[0]..ends[1], 0..hidden])
                    .transpose()
                    .unsqueeze::<3>();
                conv1d(
                    row,
                    self.weight.val(),
                    Some(self.bias.val()),
                    options.clone(),
                )
                .squeeze_dim::<2>(0)
                .transpose()
            });
        Tensor::cat(rows.collect(), 0)
    }

    /// All rows at once, as products: a GPU's convolutions round their factors, and would be
    /// measured for every length.
    fn by_product(
        &self,
        embedded: &Tensor<2>,
        geometry: &Geometry,
        conv: &ConvConfig,
    ) -> Tensor<2> {
        let [tokens, hidden] = embedded.dims();
        let before = (conv.kernel - 1) / 2;
        // Of every token: the places of its neighbours; beyond the ends of its row, that of the
        // zeros after all tokens.
        let neighbours = |ends: &[usize]| {
            let row = ends[0]..ends[1];
            row.clone().flat_map(move |at| {
                let row = row.clone();
                (0..conv.kernel).map(move |k| {
                    (at + k)
                        .checked_sub(before)
                        .filter(|place| row.contains(place))
                        .unwrap_or(tokens)
                })
            })
        };
        let places: Vec<i64> = geometry
            .offsets
            .windows(2)
            .flat_map(neighbours)
            .map(|place| i64::try_from(place).unwrap_or(i64::MAX))
            .collect();
        let count = places.len();
        let device = embedded.device();
        let zeros = Tensor::zeros([1, hidden], (&device, embedded.dtype()));
        let index = Tensor::<1, Int>::from_data(TensorData::new(places, [count]), &device);
        let around = Tensor::cat(vec![embedded.clone(), zeros], 0)
            .select(0, index)
            .reshape([tokens, conv.kernel, hidden]);
        // Of a group: as many inputs as outputs.
        let size = hidden / conv.groups;
        let group = |g: usize| {
            let x = around
                .clone()
                .slice([0..tokens, 0..conv.kernel, g * size..(g + 1) * size])
                .reshape([tokens, conv.kernel * size]);
            let weight =
                self.weight
                    .val()
                    .slice([g * size..(g + 1) * size, 0..size, 0..conv.kernel]);
            let bias = self.bias.val().narrow(0, g * size, size);
            Linear::new(
                Matrix::Plain(weight.swap_dims(1, 2).reshape([size, conv.kernel * size])),
                Some(bias),
            )
            .forward(x)
        };
        Tensor::cat((0..conv.groups).map(group).collect(), 1)
    }
}

/// Embeddings and layers.
#[derive(Module, Debug)]
pub struct Encoder {
    embeddings: Embeddings,
    /// `[2 · span, hidden]`, with `relative_attention`
    table: Option<Param<Tensor<2>>>,
    table_norm: Option<LayerNorm>,
    layers: Vec<Layer>,
    conv: Option<ConvLayer>,
    #[module(skip)]
    config: EncoderConfig,
}

impl Encoder {
    /// Takes every parameter below `{name}.`
    pub fn load(from: &mut impl Parameters, name: &str, config: &EncoderConfig) -> Result<Self> {
        let relative = config.relative.as_ref();
        let embeddings = Embeddings::load(from, &format!("{name}.embeddings"), config)?;
        let table = relative
            .map(|r| {
                from.tensor(
                    &format!("{name}.encoder.rel_embeddings.weight"),
                    [2 * r.span(), config.hidden_size],
                )
            })
            .transpose()?;
        let table_norm = relative
            .filter(|r| r.normalised)
            .map(|_| {
                LayerNorm::load(
                    from,
                    &format!("{name}.encoder.LayerNorm"),
                    config.hidden_size,
                    config.layer_norm_eps,
                )
            })
            .transpose()?;
        let normalised = normalised(table.as_ref(), table_norm.as_ref());
        Ok(Self {
            embeddings,
            table: table.map(Param::from_tensor),
            table_norm,
            layers: (0..config.layers)
                .map(|i| {
                    Layer::load(
                        from,
                        &format!("{name}.encoder.layer.{i}"),
                        config,
                        normalised.as_ref(),
                    )
                })
                .collect::<Result<_>>()?,
            conv: config
                .conv
                .as_ref()
                .map(|conv| ConvLayer::load(from, &format!("{name}.encoder.conv"), conv, config))
                .transpose()?,
            config: config.clone(),
        })
    }

    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// Output of the last layer for the wanted tokens, `[wanted, hidden]`. That layer computes no
    /// others.
    pub fn forward(&self, rows: &TokenRows, wanted: &Arc<QuerySelection>) -> Tensor<2> {
        // The convolution needs all of the first layer, and so does a product that looks at the
        // batch.
        let narrows = |last: &usize| {
            (*last > 0 || self.conv.is_none()) && !self.layers[*last].output.depends_on_batch()
        };
        let last = self.layers.len().checked_sub(1).filter(narrows);
        let x = self.layers(rows, last.map(|last| (last, wanted)), |_| {});
        if last.is_some() { x } else { wanted.of(x) }
    }

    /// Output of the last layer, `[tokens, hidden]`, showing the embedding output and the output of
    /// each layer as it comes.
    pub fn forward_each(&self, rows: &TokenRows, see: impl FnMut(&Tensor<2>)) -> Tensor<2> {
        self.layers(rows, None, see)
    }

    /// `narrow`: the layer of which only some tokens are wanted.
    fn layers(
        &self,
        rows: &TokenRows,
        narrow: Option<(usize, &Arc<QuerySelection>)>,
        mut see: impl FnMut(&Tensor<2>),
    ) -> Tensor<2> {
        let geometry = attention::geometry(&self.config, rows);
        let table = self.table.as_ref().map(Param::val);
        let table = normalised(table.as_ref(), self.table_norm.as_ref());
        let embedded = self.embeddings.forward(rows);
        see(&embedded);
        let mut x = embedded.clone();
        let conv = self
            .conv
            .as_ref()
            .zip(self.config.conv.as_ref())
            .map(|(layer, config)| (layer, config, embedded));
        for (i, layer) in self.layers.iter().enumerate() {
            let wanted = narrow.filter(|(at, _)| *at == i).map(|(_, wanted)| wanted);
            x = layer.forward(&x, table.as_ref(), &geometry, &self.config, wanted);
            if let (0, Some((layer, config, embedded))) = (i, &conv) {
                x = layer.forward(embedded, x, &geometry, config);
            }
            see(&x);
        }
        x
    }
}

/// The relative table, normalised once for all layers. `[2 · span, hidden]`
fn normalised(table: Option<&Tensor<2>>, norm: Option<&LayerNorm>) -> Option<Tensor<2>> {
    let table = table?.clone();
    Some(match norm {
        Some(norm) => norm.forward(table),
        None => table,
    })
}
