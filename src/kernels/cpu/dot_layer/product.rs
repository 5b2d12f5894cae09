//! The product of rows and the weights of a layer.

use std::borrow::Borrow;
use std::ops::Range;

use crate::kernels::cpu::dot::{DotType, Engine};
use crate::kernels::cpu::dot_layer::factors::Factors;
use crate::kernels::cpu::epilogue::{Epilogue, PanelEpilogue, write_panel};
use crate::kernels::cpu::micro_kernel::WIDTH;
use crate::kernels::cpu::row_blocks::{by_panels, by_rows};

/// `x`: `[rows, input]` → `[rows, output]`, on all threads: blocks of rows with all panels or, where
/// there are few rows, all of them with some panels.
pub(crate) fn product(
    engine: Engine,
    x: &[f32],
    factors: &impl Factors,
    epilogue: &Epilogue,
) -> Vec<f32> {
    let [input, output] = [factors.input(), factors.output()];
    let group = engine.rows();
    if x.len() <= group * input {
        let rows = factors.pack(engine, x);
        return by_panels(x.len() / input, output, |panels, out| {
            products(&rows, factors, panels, epilogue, out);
        });
    }
    by_rows(
        x,
        input,
        output,
        factors.block_rows(engine),
        group,
        |x, out| {
            let rows = factors.pack(engine, x);
            products(&rows, factors, 0..factors.panel_count(), epilogue, out);
        },
    )
}

/// `rows`: `[rows, input]` → `out`: `[rows, outputs of the panels]`, on this thread.
pub(super) fn products<F: Factors>(
    rows: &F::Rows,
    factors: &F,
    panels: Range<usize>,
    epilogue: &Epilogue,
    out: &mut [f32],
) {
    let packed = rows.borrow();
    let width = out.len() / packed.count();
    packed.products(factors.panels(panels.clone()), |first, at, sums| {
        let panel = panels.start + at;
        pulp::Arch::new().dispatch(Finish {
            factors,
            rows,
            first,
            panel,
            sums,
            epilogue: epilogue.of_panel(panel),
            out: &mut *out,
            width,
            from: at * WIDTH,
        });
    });
}

/// The sums of a group of rows and a panel, on their way to memory.
struct Finish<'a, F: Factors> {
    factors: &'a F,
    rows: &'a F::Rows,
    /// The group's first row.
    first: usize,
    panel: usize,
    /// `[rows, WIDTH]`
    sums: &'a [[<F::Dot as DotType>::Sum; WIDTH]],
    epilogue: PanelEpilogue,
    /// `[rows, width]`
    out: &'a mut [f32],
    width: usize,
    /// The panel's first column in `out`.
    from: usize,
}

impl<F: Factors> pulp::NullaryFnOnce for Finish<'_, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let out = self.out[self.first * self.width..].chunks_exact_mut(self.width);
        for (row, (out, sums)) in (self.first..).zip(out.zip(self.sums)) {
            let values = self
                .factors
                .finish(self.rows, row, self.panel, sums, &self.epilogue);
            write_panel(&values, &mut out[self.from..]);
        }
    }
}
