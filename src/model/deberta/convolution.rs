//! The convolution after the first layer of v2-xlarge and v2-xxlarge.

use burn::module::{Module, Param};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Int, Tensor, TensorData, module::conv1d};

use crate::kernels::attention::Geometry;
use crate::kernels::is_on_gpu;
use crate::model::deberta::config::{ConvConfig, DebertaConfig};
use crate::model::deberta::masked;
use crate::model::layer_norm::LayerNorm;
use crate::model::linear::Linear;
use crate::model::parameters::{Matrix, Parameters};
use crate::support::error::Result;

/// The convolution of v2-xlarge: over the embedding output, added to the first layer's output.
#[derive(Module, Debug)]
pub(super) struct ConvLayer {
    /// `[hidden, hidden / groups, kernel]`
    weight: Param<Tensor<3>>,
    /// `[hidden]`
    bias: Param<Tensor<1>>,
    norm: LayerNorm,
}

impl ConvLayer {
    pub(super) fn load(
        from: &mut impl Parameters,
        name: &str,
        conv: &ConvConfig,
        config: &DebertaConfig,
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
    pub(super) fn forward(
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
        let convolved = masked::zeroed(convolved, geometry);
        let out = self
            .norm
            .forward(first + conv.activation.forward(convolved));
        masked::zeroed(out, geometry)
    }

    /// The convolution row by row, without activation. Shapes as in [`Self::forward`].
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

    /// The same for all rows at once, as matrix products: a GPU's convolutions round their factors,
    /// and would be autotuned for every length.
    fn by_product(
        &self,
        embedded: &Tensor<2>,
        geometry: &Geometry,
        conv: &ConvConfig,
    ) -> Tensor<2> {
        let [tokens, hidden] = embedded.dims();
        let before = (conv.kernel - 1) / 2;
        // The indices of every token's neighbours; beyond the ends of its row, that of the zeros
        // after all tokens.
        let neighbours = |ends: &[usize]| {
            let row = ends[0]..ends[1];
            row.clone().flat_map(move |at| {
                let row = row.clone();
                (0..conv.kernel).map(move |k| {
                    (at + k)
                        .checked_sub(before)
                        .filter(|token| row.contains(token))
                        .unwrap_or(tokens)
                })
            })
        };
        let indices: Vec<i64> = geometry
            .offsets
            .windows(2)
            .flat_map(neighbours)
            .map(|token| i64::try_from(token).unwrap_or(i64::MAX))
            .collect();
        let count = indices.len();
        let device = embedded.device();
        let zeros = Tensor::zeros([1, hidden], (&device, embedded.dtype()));
        let index = Tensor::<1, Int>::from_data(TensorData::new(indices, [count]), &device);
        let around = Tensor::cat(vec![embedded.clone(), zeros], 0)
            .select(0, index)
            .reshape([tokens, conv.kernel, hidden]);
        // A group has as many inputs as outputs.
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
