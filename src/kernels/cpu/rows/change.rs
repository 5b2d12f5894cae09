//! A change of each row of a matrix by itself.

use burn::backend::{Flex, ops::FloatTensorOps, tensor::FloatTensor};
use burn::tensor::{Element, TensorData};

use crate::kernels::cpu::parts::in_parts;

/// Rows that a thread takes at once.
const BLOCK: usize = 16;

/// What is done to rows, each by itself.
pub(super) trait RowChange: Sync {
    /// Changes `rows`, `[rows, size]`, in place. `first`: the first one among all rows.
    fn change(&self, first: usize, rows: &mut [f32], size: usize);
}

/// A copy of `x` `[rows, size]` whose rows were changed, in blocks on all threads.
pub(super) fn changed(x: &FloatTensor<Flex>, change: &impl RowChange) -> FloatTensor<Flex> {
    let x = x.to_contiguous();
    let [rows, size] = [x.layout().shape()[0], x.layout().shape()[1]];
    let from = values::<f32>(&x);
    let out = in_parts(rows * size, BLOCK * size, |at, rows| {
        rows.copy_from_slice(&from[at * BLOCK * size..][..rows.len()]);
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

/// The values of a contiguous tensor of any shape, which has this type.
pub(super) fn values<E: Element + bytemuck::Pod>(x: &FloatTensor<Flex>) -> &[E] {
    &x.storage::<E>()[x.layout().start_offset()..][..x.layout().num_elements()]
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
