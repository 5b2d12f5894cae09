//! A change of each row of a matrix by itself.

use burn::backend::{Flex, ops::FloatTensorOps, tensor::FloatTensor};
use burn::tensor::{Element, TensorData};
use rayon::prelude::*;

use crate::kernels::cpu::parts::{BLOCK, in_blocks};

/// What is done to rows, each by itself.
pub(super) trait RowChange: Sync {
    /// Changes `rows`, `[rows, size]`, in place. `first`: the first one among all rows.
    fn change(&self, first: usize, rows: &mut [f32], size: usize);
}

/// `x` `[rows, size]` with its rows changed, in blocks on all threads: in its own memory where
/// nothing else holds that, else in a copy.
pub(super) fn changed(mut x: FloatTensor<Flex>, change: &impl RowChange) -> FloatTensor<Flex> {
    let [rows, size] = [x.layout().shape()[0], x.layout().shape()[1]];
    let block = |first: usize, rows: &mut [f32]| {
        pulp::Arch::new().dispatch(BlockOfRows {
            change,
            first,
            rows,
            size,
        });
    };
    if !x.is_contiguous() {
        x = x.to_contiguous();
    }
    let own = x.layout().start_offset()..x.layout().start_offset() + rows * size;
    if let Some(memory) = x.try_storage_mut::<f32>() {
        let blocks = memory[own].par_chunks_mut((BLOCK * size).max(1));
        blocks
            .enumerate()
            .for_each(|(at, rows)| block(at * BLOCK, rows));
        return x;
    }
    let from = values::<f32>(&x);
    let out = in_blocks(rows, size, |first, rows| {
        rows.copy_from_slice(&from[first * size..][..rows.len()]);
        block(first, rows);
    });
    Flex::float_from_data(
        TensorData::new(out, [rows, size]),
        &burn::backend::flex::FlexDevice,
    )
}

/// The values of a contiguous tensor of any shape, which has this type.
pub(crate) fn values<E: Element + bytemuck::Pod>(x: &FloatTensor<Flex>) -> &[E] {
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

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, Tensor};

    use crate::kernels::cpu::rows::add;

    /// In place or in a copy, whole or a part of a larger tensor: the same numbers, and what others
    /// hold stays.
    #[test]
    fn memory_of_others_is_left_alone() {
        let random =
            |rows: usize| Tensor::<2>::random([rows, 37], Distribution::Default, &Device::flex());
        let (held, residual) = (random(50), random(40));
        let before = held.to_data();
        let part = || held.clone().slice([10..50, 0..37]);
        let expected = (part() + residual.clone()).into_data();
        assert_eq!(add(part(), residual.clone()).into_data(), expected);
        assert_eq!(held.to_data(), before);
        let own = part() * 1.0;
        assert_eq!(add(own, residual.clone()).into_data(), expected);
        let rest = held.slice([10..50, 0..37]);
        assert_eq!(add(rest, residual).into_data(), expected);
    }
}
