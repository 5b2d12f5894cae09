//! The operations on rows on burn's CPU backend.

use burn::backend::{Flex, tensor::FloatTensor};
use burn::tensor::DType;

use crate::kernels::activation::{Activation, Activations};
use crate::kernels::cpu::rows::change::{RowChange, changed, values};
use crate::kernels::rows::{GateActivation, RmsNormWeights, Rotation, RowOperations};

impl RowOperations for Flex {
    fn rms_norm(x: FloatTensor<Self>, weights: RmsNormWeights, _dtype: DType) -> FloatTensor<Self> {
        changed(x, &weights)
    }

    fn rotate(x: FloatTensor<Self>, rotation: Rotation) -> FloatTensor<Self> {
        changed(x, &rotation)
    }

    fn gate(
        gate: FloatTensor<Self>,
        up: FloatTensor<Self>,
        activation: GateActivation,
    ) -> FloatTensor<Self> {
        let up = up.to_contiguous();
        let up = values(&up);
        changed(gate, &Gate { up, activation })
    }
}

impl Activations for Flex {
    fn activate(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self> {
        changed(x, &activation)
    }
}

impl RowChange for Activation {
    #[inline(always)]
    fn change(&self, _: usize, rows: &mut [f32], _: usize) {
        self.apply(rows);
    }
}

impl RowChange for RmsNormWeights {
    #[inline(always)]
    fn change(&self, _: usize, rows: &mut [f32], size: usize) {
        rows.chunks_exact_mut(size)
            .for_each(|row| self.normalise(row));
    }
}

impl RowChange for Rotation {
    #[inline(always)]
    fn change(&self, first: usize, rows: &mut [f32], size: usize) {
        for (row, position) in rows.chunks_exact_mut(size).zip(&self.positions[first..]) {
            self.apply(*position, row);
        }
    }
}

struct Gate<'a> {
    /// `[rows, size]`
    up: &'a [f32],
    activation: GateActivation,
}

impl RowChange for Gate<'_> {
    #[inline(always)]
    fn change(&self, first: usize, rows: &mut [f32], size: usize) {
        self.activation.apply(rows, &self.up[first * size..]);
    }
}
