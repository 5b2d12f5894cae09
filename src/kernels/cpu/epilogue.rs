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
    /// From the panel's first output on, or empty.
    pub(crate) bias: &'a [f32],
    /// Whether the sums start here; otherwise they are added to what `out` holds.
    pub(crate) first: bool,
    /// Whether the sums are complete afterwards and go through GELU.
    pub(crate) gelu: bool,
}

impl PanelOutput<'_> {
    /// Takes the sums of the rows from `row` on; those that `out` has not are passed over.
    #[inline(always)]
    pub(crate) fn put<'a>(&mut self, row: usize, sums: impl Iterator<Item = &'a [f32; WIDTH]>) {
        let wide = (self.width - self.from).min(WIDTH);
        let out = self.out[row * self.width..].chunks_exact_mut(self.width);
        for (out, sums) in out.zip(sums) {
            let out = &mut out[self.from..][..wide];
            if self.first {
                out.copy_from_slice(&sums[..wide]);
                out.iter_mut().zip(self.bias).for_each(|(o, b)| *o += b);
            } else {
                out.iter_mut().zip(sums).for_each(|(o, s)| *o += s);
            }
            if self.gelu {
                for value in out {
                    *value = math::gelu(*value);
                }
            }
        }
    }
}
