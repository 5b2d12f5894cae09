//! How a product of bf16 factors is divided: rows are rounded and packed block by block.

use std::ops::Range;

use crate::kernels::cpu::bf16::rounding::pack_rows;
use crate::kernels::cpu::dot::{Bf16, Engine, PackedRows};
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::row_blocks::{by_panels, by_rows};

/// Bytes of packed rows that a thread works on: part of a second-level cache. A sum stays in a
/// register from the first input to the last.
const BLOCK: usize = 400_000;
/// Rows of a block at least: each block reads all weights.
const ROWS: usize = 96;

/// `x`: `[rows, input]` → `[rows, output]`, on all threads: blocks of rows with all panels of
/// [`WIDTH`] outputs or, where there are few rows, all of them with some panels. `compute` gets the
/// rows, the panels, and `[rows, outputs of the panels]`.
pub(super) fn by_blocks(
    engine: Engine,
    x: &[f32],
    [input, output]: [usize; 2],
    compute: impl Fn(&PackedRows<Bf16>, Range<usize>, &mut [f32]) + Sync,
) -> Vec<f32> {
    let group = engine.rows();
    if x.len() <= group * input {
        return by_panels(x.len() / input, output, |panels, out| {
            compute(&pack(engine, x, input), panels, out);
        });
    }
    let size = (BLOCK / (2 * input)).max(ROWS);
    by_rows(x, input, output, size, group, |x, out| {
        compute(&pack(engine, x, input), 0..output.div_ceil(WIDTH), out);
    })
}

/// Rounds rows `x` `[rows, input]` and packs them.
pub(super) fn pack(engine: Engine, x: &[f32], input: usize) -> PackedRows<Bf16> {
    pulp::Arch::new().dispatch(Pack { engine, x, input })
}

/// The packing, compiled for the processor's widest instructions.
struct Pack<'a> {
    engine: Engine,
    /// `[rows, input]`
    x: &'a [f32],
    input: usize,
}

impl pulp::NullaryFnOnce for Pack<'_> {
    type Output = PackedRows<Bf16>;

    #[inline(always)]
    fn call(self) -> PackedRows<Bf16> {
        let mut rows = PackedRows::on(self.engine, self.input.div_ceil(2));
        rows.reserve(self.x.len() / self.input);
        pack_rows(self.x.chunks_exact(self.input), self.input, &mut rows);
        rows
    }
}
