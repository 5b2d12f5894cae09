//! The kernels of a decoder, against those of the CPU.

use std::sync::Arc;

use burn::tensor::{DType, Device, Tensor};

use crate::device::self_test::compared::{agrees, wave};
use crate::kernels::causal_attention::{CausalGeometry, Piece, causal_attention};
use crate::kernels::rotary::RotaryTable;
use crate::kernels::rows;
use crate::kernels::rows::{GateActivation, RmsNormWeights, Rotation};

const HEADS: usize = 2;
/// Dimensions of a head, as in a full-size model, which then uses the same compiled kernels.
const SIZE: usize = 128;
const TOKENS: usize = 102;

/// The computations of one layer but for its products, in this type; else what is wrong.
pub(in crate::device) fn decoder(device: &Device, dtype: DType) -> Result<(), String> {
    let x = wave(TOKENS, HEADS * SIZE, 0.0, dtype);
    let expected = layer(x.clone(), DType::F32);
    let there = Tensor::from_data(x.into_data(), (device, DType::F32));
    agrees(expected, layer(there, dtype), dtype)
}

/// From the normalisation before the attention to the gate of the feed-forward part, without the
/// linear layers between them. `x`: `[TOKENS, HEADS · SIZE]` in f32 → the same shape
fn layer(x: Tensor<2>, dtype: DType) -> Tensor<2> {
    let y = rows::rms_norm(x, &weights(HEADS * SIZE), dtype);
    let key = rows::rotate(y.clone().slice([0..TOKENS, 0..SIZE]), &rotation(true));
    let value = y.clone().slice([0..TOKENS, SIZE..2 * SIZE]);
    let query = rows::rotate(y.clone(), &rotation(false));
    let context = causal_attention(query, key, value, &geometry(), None, false);
    rows::gate(context, y, GateActivation::Silu)
}

fn weights(size: usize) -> RmsNormWeights {
    RmsNormWeights {
        weight: (0..size)
            .map(|at| if at % 2 == 0 { 0.75 } else { 1.25 })
            .collect(),
        eps: 1e-6,
    }
}

fn rotation(normalises: bool) -> Rotation {
    Rotation {
        table: Arc::new(RotaryTable::new(&[0.3; SIZE / 2], TOKENS)).into(),
        positions: (0..TOKENS).collect(),
        norm: normalises.then(|| weights(SIZE)),
    }
}

/// Two pieces, one longer than a tile, the other after the first in its row; a window.
fn geometry() -> CausalGeometry {
    let first = Piece {
        tokens: 0..20,
        prefix: 0..0,
    };
    let second = Piece {
        tokens: 20..TOKENS,
        prefix: 0..20,
    };
    CausalGeometry {
        heads: HEADS,
        key_heads: 1,
        head_size: SIZE,
        scale: 0.1,
        soft_cap: None,
        window: Some(24),
        pieces: [first, second].as_slice().into(),
    }
}
