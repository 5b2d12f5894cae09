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

/// The epilogue of one panel's sums.
pub(crate) struct PanelEpilogue {
    bias: Option<[f32; WIDTH]>,
    pub(crate) gelu: bool,
}

/// A panel's part of a row that begins with it; zeros where the row ends before.
#[inline(always)]
pub(crate) fn read_panel(row: &[f32]) -> [f32; WIDTH] {
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
    /// That of a panel; beyond the last output, its bias is 0.
    pub(crate) fn of_panel(&self, panel: usize) -> PanelEpilogue {
        let bias = self.bias.as_deref().map(|bias| {
            let mut of_panel = [0.0; WIDTH];
            let bias = &bias[panel * WIDTH..];
            of_panel.iter_mut().zip(bias).for_each(|(to, b)| *to = *b);
            of_panel
        });
        PanelEpilogue {
            bias,
            gelu: self.activation == Some(Activation::Gelu),
        }
    }
}

impl PanelEpilogue {
    /// Adds the bias to a row's sums.
    #[inline(always)]
    pub(crate) fn add_bias(&self, values: &mut [f32; WIDTH]) {
        if let Some(bias) = &self.bias {
            values.iter_mut().zip(bias).for_each(|(v, b)| *v += b);
        }
    }

    /// GELU, where the layer has it.
    #[inline(always)]
    pub(crate) fn apply_gelu(&self, values: &mut [f32; WIDTH]) {
        if self.gelu {
            for value in values {
                *value = math::gelu(*value);
            }
        }
    }
}
