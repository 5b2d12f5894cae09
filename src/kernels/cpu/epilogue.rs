//! What happens to the sums of a product before they leave the cache.

use std::sync::Arc;

use crate::kernels::activation::Activation;
use crate::kernels::cpu::math;
use crate::kernels::cpu::micro_kernel::WIDTH;

/// Applied to a sum before it is written for the last time.
#[derive(Debug, Clone)]
pub struct Epilogue {
    /// `[output]`
    pub(crate) bias: Option<Arc<[f32]>>,
    /// [`Activation::Gelu`] only; see [`fuses`].
    pub(crate) activation: Option<Activation>,
}

/// Whether the product applies this activation itself.
pub(crate) fn fuses(activation: Activation) -> bool {
    activation == Activation::Gelu
}

/// The outputs of one panel, for every row of a block.
pub(crate) struct PanelOutput<'a> {
    /// `[rows, width]`
    pub(crate) out: &'a mut [f32],
    pub(crate) width: usize,
    /// The panel's first column in `out`.
    pub(crate) from: usize,
    pub(crate) bias: Option<[f32; WIDTH]>,
    /// Whether the sums start here; otherwise they are added to what `out` holds.
    pub(crate) first: bool,
    /// Whether the sums are complete afterwards and go through GELU.
    pub(crate) gelu: bool,
}

/// A panel's part of a row that begins with it; zeros where the row ends before.
#[inline(always)]
fn read_panel(row: &[f32]) -> [f32; WIDTH] {
    // A whole panel's length is known as the code is compiled.
    match row.first_chunk() {
        Some(values) => *values,
        None => read_last(row),
    }
}

/// Writes a panel's values into a row that begins with them, as many as it has.
#[inline(always)]
pub(crate) fn write_panel(values: &[f32; WIDTH], row: &mut [f32]) {
    match row.first_chunk_mut() {
        Some(row) => *row = *values,
        None => write_last(values, row),
    }
}

/// [`read_panel`] of a row that ends within the panel. Not inlined, as [`write_last`]: otherwise
/// the compiler merges whole and partial panels into one call of `memcpy`.
#[cold]
#[inline(never)]
fn read_last(row: &[f32]) -> [f32; WIDTH] {
    let mut values = [0.0; WIDTH];
    values[..row.len()].copy_from_slice(row);
    values
}

/// [`write_panel`] into a row that ends within the panel.
#[cold]
#[inline(never)]
fn write_last(values: &[f32; WIDTH], row: &mut [f32]) {
    row.copy_from_slice(&values[..row.len()]);
}

impl Epilogue {
    /// The bias of a panel's outputs; zeros beyond the last one.
    pub(crate) fn bias_of(&self, panel: usize) -> Option<[f32; WIDTH]> {
        self.bias.as_deref().map(|bias| {
            let mut of_panel = [0.0; WIDTH];
            let bias = &bias[panel * WIDTH..];
            of_panel.iter_mut().zip(bias).for_each(|(to, b)| *to = *b);
            of_panel
        })
    }
}

impl PanelOutput<'_> {
    /// Takes the sums of the rows from `row` on; those that `out` has not are passed over.
    #[inline(always)]
    pub(crate) fn put<'a>(&mut self, row: usize, sums: impl Iterator<Item = &'a [f32; WIDTH]>) {
        let (from, first, bias, gelu) = (self.from, self.first, self.bias.as_ref(), self.gelu);
        let out = self.out[row * self.width..].chunks_exact_mut(self.width);
        for (out, sums) in out.zip(sums) {
            let out = &mut out[from..];
            // By themselves, so that the compiler knows of no overlap and takes them in whole
            // registers.
            let mut values = *sums;
            if !first {
                let held = read_panel(out);
                values.iter_mut().zip(held).for_each(|(v, h)| *v += h);
            } else if let Some(bias) = bias {
                values.iter_mut().zip(bias).for_each(|(v, b)| *v += b);
            }
            if gelu {
                for value in &mut values {
                    *value = math::gelu(*value);
                }
            }
            write_panel(&values, out);
        }
    }
}
