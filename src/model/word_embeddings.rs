//! The table of word embeddings.

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use crate::kernels::cpu::rows;
use crate::kernels::is_on_cpu;
use crate::model::parameters::Parameters;
use crate::support::error::Result;

/// A row for each word; it may be stored in half precision where arithmetic is f32.
#[derive(Module, Debug)]
pub(crate) struct WordEmbeddings {
    /// `[vocabulary, size]`
    table: Param<Tensor<2>>,
}

impl WordEmbeddings {
    /// Takes `{name}.weight`.
    pub(crate) fn load(
        from: &mut impl Parameters,
        name: &str,
        vocabulary: usize,
        size: usize,
    ) -> Result<Self> {
        let table = from.table(&format!("{name}.weight"), [vocabulary, size])?;
        Ok(Self {
            table: Param::from_tensor(table),
        })
    }

    pub(crate) fn device(&self) -> Device {
        self.table.val().device()
    }

    /// The rows of these words, `[words, size]`; on the CPU in f32, elsewhere in this type.
    pub(crate) fn forward(&self, ids: &[u32], dtype: DType) -> Tensor<2> {
        let table = self.table.val();
        if is_on_cpu(&table) {
            return rows::gather(table, ids.into());
        }
        let index: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
        let index = TensorData::new(index, [ids.len()]);
        let index = Tensor::<1, Int>::from_data(index, &table.device());
        table.select(0, index).cast(dtype)
    }
}
