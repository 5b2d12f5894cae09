//! Rows of a table, which may be stored in half precision, as an extension of burn's CPU backend.

use std::sync::Arc;

use burn::backend::{
    Backend, Dispatch, Flex, backend_extension, ops::FloatTensorOps, tensor::FloatTensor,
};
use burn::tensor::{DType, Tensor, TensorData};
use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

use crate::kernels::cpu::parts::in_parts;
use crate::kernels::cpu::rows::change::values;

/// Rows of `table` `[all, size]` in f32: `[rows, size]`. `rows`: their numbers.
pub(crate) fn gather(table: Tensor<2>, rows: Arc<[u32]>) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as Gather>::gather(table.into_dispatch(), rows))
}

/// The backends that have it; shapes as in the function above.
#[backend_extension(Flex)]
pub trait Gather: Backend {
    fn gather(table: FloatTensor<Self>, rows: Arc<[u32]>) -> FloatTensor<Self>;
}

impl Gather for Flex {
    fn gather(table: FloatTensor<Self>, rows: Arc<[u32]>) -> FloatTensor<Self> {
        let table = table.to_contiguous();
        let size = table.layout().shape()[1];
        let out = match table.dtype() {
            DType::F16 => {
                let table = values::<f16>(&table);
                gathered(table, &rows, size, HalfFloatSliceExt::convert_to_f32_slice)
            }
            DType::BF16 => {
                let table = values::<bf16>(&table);
                gathered(table, &rows, size, HalfFloatSliceExt::convert_to_f32_slice)
            }
            _ => gathered(values::<f32>(&table), &rows, size, |from, to| {
                to.copy_from_slice(from);
            }),
        };
        Self::float_from_data(
            TensorData::new(out, [rows.len(), size]),
            &burn::backend::flex::FlexDevice,
        )
    }
}

/// `table`: `[all, size]` → `[rows, size]`
fn gathered<E: Sync>(
    table: &[E],
    rows: &[u32],
    size: usize,
    convert: impl Fn(&[E], &mut [f32]) + Sync,
) -> Vec<f32> {
    let rows = rows.iter().map(|row| (size, *row as usize));
    in_parts(rows, |row, to| {
        convert(&table[row * size..][..size], to);
    })
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, Int};

    use super::*;

    /// As burn selects and converts them, in every type that a checkpoint can have.
    #[test]
    fn rows_of_every_type() {
        let device = Device::flex();
        let rows = [7, 0, 7, 3];
        let index = Tensor::<1, Int>::from_ints(rows.map(u32::cast_signed), &device);
        for dtype in [DType::F32, DType::F16, DType::BF16] {
            let table = Tensor::<2>::random([9, 37], Distribution::Normal(0.0, 2.0), &device);
            // A table that begins within another one.
            let table = table.cast(dtype).narrow(0, 1, 8);
            let expected = table.clone().select(0, index.clone()).cast(DType::F32);
            let found = gather(table, rows.into());
            assert_eq!(found.into_data(), expected.into_data(), "{dtype:?}");
        }
    }
}
