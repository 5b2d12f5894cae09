//! Whether a device computes what it should: all kernels on a few tokens, against the tensor
//! operations on the CPU.

use std::sync::Arc;

use burn::tensor::module::layer_norm;
use burn::tensor::{DType, Device, Tensor, TensorData, activation};

use crate::kernels::attention::{Geometry, PositionProjections, Uploaded};
use crate::kernels::attention::{fused, is_fused};
use crate::kernels::gpu::layers::{add_bias, add_norm, linear};
use crate::kernels::relative_positions::RelativeRows;
use crate::kernels::relative_positions::{PositionTerms, RelativeConfig};
use crate::model::attention::plain;

const HEADS: usize = 2;
/// As in a full-size model, which takes the same compiled kernels then.
const HIDDEN: usize = 64 * HEADS;
const TOKENS: usize = 52;

/// One layer's way from the intermediate product to the attention's normalisation, in the given
/// type.
pub fn run(device: &Device, dtype: DType) -> Result<(), String> {
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
        offsets: [0, 45, TOKENS].into(),
        relative: Some(Arc::new(RelativeRows::new(&relative, 45))),
        uploaded: Uploaded::default(),
    };
    let wave = |rows: usize, columns: usize, phase: f32| {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let values: Vec<f32> = (0..rows * columns)
            .map(|i| ((i * i % 997) as f32 * 0.37 + phase).sin())
            .collect();
        // What the device can hold, so that only its arithmetic counts.
        Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), &Device::flex())
            .cast(dtype)
            .cast(DType::F32)
    };
    let inputs = [
        wave(TOKENS, HIDDEN, 0.0),
        wave(HIDDEN, HIDDEN, 1.0) / 8.0,
        wave(1, HIDDEN, 2.0),
        wave(table_rows, HIDDEN, 3.0),
        wave(table_rows, HIDDEN, 4.0),
    ];

    let [x, weight, bias, keys, queries] = inputs.clone();
    let y = activation::gelu(x.clone().matmul(weight.transpose()) + bias.clone());
    let context = plain(
        &y,
        &x,
        &y,
        &PositionProjections::Both { keys, queries },
        &geometry,
    );
    let bias: Tensor<1> = bias.flatten(0, 1);
    let expected = layer_norm(
        context + bias.clone().unsqueeze() + y,
        bias.clone(),
        Some(bias),
        1e-7,
    );

    let [x, weight, bias, keys, queries] =
        inputs.map(|tensor| Tensor::<2>::from_data(tensor.into_data(), (device, dtype)));
    let bias: Tensor<1> = bias.flatten(0, 1);
    let y = add_bias(linear(x.clone(), weight), bias.clone(), true);
    if !is_fused(&y, &geometry) {
        return Err("its shared memory is too small for the attention".to_owned());
    }
    let context = fused(
        y.clone(),
        x,
        y.clone(),
        PositionProjections::Both { keys, queries },
        &geometry,
        None,
        false,
    );
    let found =
        add_norm(context, Some((bias.clone(), y)), bias.clone(), bias, 1e-7).cast(DType::F32);

    let read = |tensor: Tensor<2>| {
        tensor
            .try_into_data()
            .map_err(|e| e.to_string())?
            .try_to_vec::<f32>()
            .map_err(|e| format!("{e:?}"))
    };
    let (expected, found) = (read(expected)?, read(found)?);
    // Normalised values are about 1; three roundings to half precision lie between.
    let tolerance = match dtype {
        DType::F32 => 1e-4,
        DType::F16 => 2e-2,
        _ => 1e-1,
    };
    let worst = expected
        .iter()
        .zip(&found)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |worst: f32, d| {
            if d.is_nan() {
                f32::INFINITY
            } else {
                worst.max(d)
            }
        });
    if worst > tolerance {
        Err(format!(
            "it computes something else: off by {worst} in {}",
            dtype.name()
        ))
    } else {
        Ok(())
    }
}
