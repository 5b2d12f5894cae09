//! The kernels of a DeBERTa, against plain tensor operations.

use std::sync::Arc;

use burn::tensor::module::layer_norm;
use burn::tensor::{DType, Device, Tensor, activation};

use crate::device::self_test::compared::{agrees, wave};
use crate::kernels::attention::{Geometry, PositionProjections, fused, is_fused};
use crate::kernels::gpu::layers::{add_bias, add_norm, has_wide_product, linear};
use crate::kernels::relative_positions::{PositionTerms, RelativeConfig, RelativeRows};
use crate::kernels::uploaded::Uploaded;
use crate::model::deberta::plain_attention;

const HEADS: usize = 2;
/// A head has 64 dimensions as in a full-size model, which then uses the same compiled kernels.
const HIDDEN: usize = 64 * HEADS;
const TOKENS: usize = 82;

/// The computations of one layer from the intermediate product to the normalisation after the
/// attention, and a product of many rows, in this type; else what is wrong.
pub(in crate::device) fn encoder(device: &Device, dtype: DType) -> Result<(), String> {
    let inputs = Inputs::new(dtype);
    let expected = expected(inputs.clone());
    let found = computed(inputs.on(device, dtype))?;
    agrees(expected, found, dtype)?;
    if has_wide_product(device, dtype) {
        wide_product(device, dtype)
    } else {
        Ok(())
    }
}

/// A product of so many rows that it has a kernel of its own: of 216 tiles, more than devices compute
/// at once.
fn wide_product(device: &Device, dtype: DType) -> Result<(), String> {
    const OUTPUTS: usize = 6008;
    let wave = |rows, columns, phase| wave(rows, columns, phase, dtype);
    let x = wave(1100, HIDDEN, 5.0);
    let weight = wave(OUTPUTS, HIDDEN, 6.0) / 8.0;
    let bias: Tensor<1> = wave(1, OUTPUTS, 7.0).flatten(0, 1);
    let expected = x.clone().matmul(weight.clone().transpose()) + bias.clone().unsqueeze();
    let place = (device, dtype);
    let found = linear(
        Tensor::from_data(x.into_data(), place),
        Tensor::from_data(weight.into_data(), place),
        Some(Tensor::from_data(bias.into_data(), place)),
    );
    agrees(expected, found, dtype)
}

/// What the computations start from.
#[derive(Clone)]
struct Inputs {
    geometry: Geometry,
    /// `[TOKENS, HIDDEN]`
    x: Tensor<2>,
    /// `[HIDDEN, HIDDEN]`
    weight: Tensor<2>,
    /// `[HIDDEN]`
    bias: Tensor<1>,
    /// `[2 · span, HIDDEN]`
    keys: Tensor<2>,
    /// `[2 · span, HIDDEN]`
    queries: Tensor<2>,
}

impl Inputs {
    /// On the CPU in f32, with values that `dtype` has, so that only arithmetic can differ.
    fn new(dtype: DType) -> Self {
        let relative = RelativeConfig {
            terms: PositionTerms::Both,
            shared_keys: true,
            buckets: Some(16),
            max_distance: 32,
            normalised: true,
        };
        let table_rows = 2 * relative.span();
        let geometry = Geometry {
            heads: HEADS,
            scale: 14.0,
            terms: relative.terms,
            // One row is longer than a tile, one shorter.
            offsets: [0, 70, TOKENS].into(),
            masked: [].into(),
            relative: Some(Arc::new(RelativeRows::new(&relative, 70))),
            uploaded: Uploaded::default(),
        };
        let wave = |rows, columns, phase| wave(rows, columns, phase, dtype);
        Self {
            geometry,
            x: wave(TOKENS, HIDDEN, 0.0),
            weight: wave(HIDDEN, HIDDEN, 1.0) / 8.0,
            bias: wave(1, HIDDEN, 2.0).flatten(0, 1),
            keys: wave(table_rows, HIDDEN, 3.0),
            queries: wave(table_rows, HIDDEN, 4.0),
        }
    }

    /// The same on a device in a type.
    fn on(self, device: &Device, dtype: DType) -> Self {
        Self {
            geometry: self.geometry,
            x: Tensor::from_data(self.x.into_data(), (device, dtype)),
            weight: Tensor::from_data(self.weight.into_data(), (device, dtype)),
            bias: Tensor::from_data(self.bias.into_data(), (device, dtype)),
            keys: Tensor::from_data(self.keys.into_data(), (device, dtype)),
            queries: Tensor::from_data(self.queries.into_data(), (device, dtype)),
        }
    }
}

/// `[TOKENS, HIDDEN]` by tensor operations.
fn expected(inputs: Inputs) -> Tensor<2> {
    let Inputs {
        geometry,
        x,
        weight,
        bias,
        keys,
        queries,
    } = inputs;
    let y = activation::gelu(x.clone().matmul(weight.transpose()) + bias.clone().unsqueeze());
    let positions = PositionProjections::Both { keys, queries };
    let context = plain_attention(&y, &x, &y, &positions, &geometry);
    layer_norm(
        context + bias.clone().unsqueeze() + y,
        bias.clone(),
        Some(bias),
        1e-7,
    )
}

/// `[TOKENS, HIDDEN]` by the kernels, or why they cannot be used.
fn computed(inputs: Inputs) -> Result<Tensor<2>, String> {
    let Inputs {
        geometry,
        x,
        weight,
        bias,
        keys,
        queries,
    } = inputs;
    let y = add_bias(linear(x.clone(), weight, None), bias.clone(), true);
    if !is_fused(&y, &geometry) {
        return Err("its shared memory is too small for the attention".to_owned());
    }
    let positions = PositionProjections::Both { keys, queries };
    let context = fused(y.clone(), x, y.clone(), positions, &geometry, None, false);
    let sum = Some((bias.clone(), y));
    Ok(add_norm(context, sum, bias.clone(), bias, 1e-7))
}
