//! Embeddings and layers in their order.

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::kernels::attention::QuerySelection;
use crate::model::deberta::config::DebertaConfig;
use crate::model::deberta::convolution::ConvLayer;
use crate::model::deberta::embeddings::Embeddings;
use crate::model::deberta::geometry::geometry;
use crate::model::deberta::layer::Layer;
use crate::model::deberta::masked;
use crate::model::layer_norm::LayerNorm;
use crate::model::parameters::Parameters;
use crate::model::token_rows::TokenRows;
use crate::support::error::Result;

/// Embeddings and layers.
#[derive(Module, Debug)]
pub struct Encoder {
    embeddings: Embeddings,
    /// `[2 · span, hidden]`, with `relative_attention`.
    table: Option<Param<Tensor<2>>>,
    table_norm: Option<LayerNorm>,
    layers: Vec<Layer>,
    conv: Option<ConvLayer>,
    #[module(skip)]
    config: DebertaConfig,
}

impl Encoder {
    /// Takes every parameter below `{name}.`
    ///
    /// # Errors
    /// Those of `from`.
    pub fn load(from: &mut impl Parameters, name: &str, config: &DebertaConfig) -> Result<Self> {
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

    /// Output of the last layer for the selected tokens, `[selected, hidden]`. The last layer
    /// computes no others.
    pub fn forward(&self, rows: &TokenRows, selection: &Arc<QuerySelection>) -> Tensor<2> {
        // The convolution needs the whole output of the first layer, and a product that depends on
        // the batch needs the whole batch.
        let can_narrow = |last: &usize| {
            (*last > 0 || self.conv.is_none()) && !self.layers[*last].depends_on_batch()
        };
        let last = self.layers.len().checked_sub(1).filter(can_narrow);
        let x = self.layers(rows, last.map(|last| (last, selection)), |_| {});
        if last.is_some() {
            x
        } else {
            selection.select(x)
        }
    }

    /// Output of the last layer, `[tokens, hidden]`. `inspect` gets the output of the embeddings
    /// and then that of each layer, `[tokens, hidden]` each.
    pub fn forward_each(&self, rows: &TokenRows, inspect: impl FnMut(&Tensor<2>)) -> Tensor<2> {
        self.layers(rows, None, inspect)
    }

    /// Embeddings and all layers. `narrow`: a layer that computes only the selected tokens.
    fn layers(
        &self,
        rows: &TokenRows,
        narrow: Option<(usize, &Arc<QuerySelection>)>,
        mut inspect: impl FnMut(&Tensor<2>),
    ) -> Tensor<2> {
        let geometry = geometry(&self.config, rows);
        let table = self.table.as_ref().map(Param::val);
        let table = normalised(table.as_ref(), self.table_norm.as_ref());
        let embedded = masked::zeroed(self.embeddings.forward(rows), &geometry);
        inspect(&embedded);
        let mut x = embedded.clone();
        let conv = self
            .conv
            .as_ref()
            .zip(self.config.conv.as_ref())
            .map(|(layer, config)| (layer, config, embedded));
        for (i, layer) in self.layers.iter().enumerate() {
            let selection = narrow
                .filter(|(at, _)| *at == i)
                .map(|(_, selection)| selection);
            x = layer.forward(&x, table.as_ref(), &geometry, &self.config, selection);
            if let (0, Some((layer, config, embedded))) = (i, &conv) {
                x = layer.forward(embedded, x, &geometry, config);
            }
            inspect(&x);
        }
        x
    }
}

/// The table of relative positions, normalised once for all layers, `[2 · span, hidden]`.
fn normalised(table: Option<&Tensor<2>>, norm: Option<&LayerNorm>) -> Option<Tensor<2>> {
    let table = table?.clone();
    Some(match norm {
        Some(norm) => norm.forward(table),
        None => table,
    })
}
