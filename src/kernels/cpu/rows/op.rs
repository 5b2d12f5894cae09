//! The operations on rows on burn's CPU backend.

use burn::backend::{Flex, ops::FloatTensorOps, tensor::FloatTensor};
use burn::tensor::{DType, TensorData};
use rayon::prelude::*;

use crate::kernels::rows::{GateActivation, RmsNormWeights, Rotation, RowOperations};

/// Rows that a thread takes at once.
const BLOCK: usize = 16;

impl RowOperations for Flex {
    fn rms_norm(x: FloatTensor<Self>, weights: RmsNormWeights, _dtype: DType) -> FloatTensor<Self> {
        changed(&x, &weights)
    }

    fn rotate(x: FloatTensor<Self>, rotation: Rotation) -> FloatTensor<Self> {
        changed(&x, &rotation)
    }

    fn gate(
        gate: FloatTensor<Self>,
        up: FloatTensor<Self>,
        activation: GateActivation,
    ) -> FloatTensor<Self> {
        let up = up.to_contiguous();
        let up = &up.storage::<f32>()[up.layout().start_offset()..];
        changed(&gate, &Gate { up, activation })
    }
}

/// What is done to rows, each by itself.
trait RowChange: Sync {
    /// Changes `rows`, `[rows, size]`, in place. `first`: the first one among all rows.
    fn change(&self, first: usize, rows: &mut [f32], size: usize);
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

/// A copy of `x` `[rows, size]` whose rows were changed, in blocks on all threads.
fn changed(x: &FloatTensor<Flex>, change: &impl RowChange) -> FloatTensor<Flex> {
    let x = x.to_contiguous();
    let [rows, size] = [x.layout().shape()[0], x.layout().shape()[1]];
    let from = &x.storage::<f32>()[x.layout().start_offset()..][..rows * size];
    let mut out = vec![0f32; rows * size];
    let block = BLOCK * size.max(1);
    out.par_chunks_mut(block)
        .zip(from.par_chunks(block))
        .enumerate()
        .for_each(|(at, (rows, from))| {
            rows.copy_from_slice(from);
            pulp::Arch::new().dispatch(BlockOfRows {
                change,
                first: at * BLOCK,
                rows,
                size,
            });
        });
    Flex::float_from_data(
        TensorData::new(out, [rows, size]),
        &burn::backend::flex::FlexDevice,
    )
}

/// A block of rows, for the processor's widest instructions.
struct BlockOfRows<'a, C> {
    change: &'a C,
    first: usize,
    rows: &'a mut [f32],
    size: usize,
}

impl<C: RowChange> pulp::NullaryFnOnce for BlockOfRows<'_, C> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.change.change(self.first, self.rows, self.size);
    }
}
