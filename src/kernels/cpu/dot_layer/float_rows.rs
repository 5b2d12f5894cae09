//! Rows of floats that come panel by panel.

use crate::kernels::cpu::dot::Engine;
use crate::kernels::cpu::dot_layer::factors::ComingRows;
use crate::kernels::cpu::epilogue::write_panel;
use crate::kernels::cpu::micro_kernel::WIDTH;

/// For factors that need a whole row before they can round it.
pub(crate) struct FloatRows {
    /// `[rows, size]`
    values: Vec<f32>,
    size: usize,
}

impl ComingRows for FloatRows {
    fn new(_: Engine, rows: usize, size: usize) -> Self {
        Self {
            values: vec![0.0; rows * size],
            size,
        }
    }

    /// Values of rows after the last are passed over.
    #[inline(always)]
    fn put(&mut self, row: usize, panel: usize, values: &[[f32; WIDTH]; 4]) {
        let rows = self.values.chunks_exact_mut(self.size).skip(row);
        for (row, values) in rows.zip(values) {
            write_panel(values, &mut row[panel * WIDTH..]);
        }
    }
}

impl FloatRows {
    /// `[rows, size]`
    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }
}
