//! Float weights in the order in which the product reads them.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use rayon::prelude::*;

use crate::kernels::cpu::micro_kernel::{PanelRow, WIDTH};
use crate::support::error::Result;

/// As [`PanelRow`], at two bytes a weight.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct HalfPanelRow([u16; WIDTH]);

impl HalfPanelRow {
    const ZERO: Self = Self([0; WIDTH]);
}

/// The type in which weights are stored in memory. Arithmetic is f32 in all three cases: half
/// precision is widened, exactly, as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    F32,
    F16,
    Bf16,
}

/// `[panels, input]`
#[derive(Debug)]
enum Panels {
    F32(Vec<PanelRow>),
    F16(Vec<HalfPanelRow>),
    Bf16(Vec<HalfPanelRow>),
}

/// A weight matrix `[output, input]` in panels of `WIDTH` outputs, each `[input, WIDTH]`; the
/// last one is filled up with zeros.
#[derive(Debug)]
pub struct PackedWeights {
    panels: Panels,
    input: usize,
    output: usize,
}

impl PackedWeights {
    /// Packs the panels in parallel. `read` fills its slice `[outputs, input]` with weights from
    /// the given output on.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn pack(
        output: usize,
        input: usize,
        storage: Storage,
        read: impl Fn(usize, &mut [f32]) -> Result<()> + Sync,
    ) -> Result<Self> {
        let put = |row: &mut PanelRow, at: usize, weight: f32| row.0[at] = weight;
        let put_f16 = |row: &mut HalfPanelRow, at: usize, weight: f32| {
            row.0[at] = f16::from_f32(weight).to_bits();
        };
        let put_bf16 = |row: &mut HalfPanelRow, at: usize, weight: f32| {
            row.0[at] = bf16::from_f32(weight).to_bits();
        };
        let zero = HalfPanelRow::ZERO;
        let panels = match storage {
            Storage::F32 => Panels::F32(transpose(output, input, read, PanelRow::ZERO, put)?),
            Storage::F16 => Panels::F16(transpose(output, input, read, zero, put_f16)?),
            Storage::Bf16 => Panels::Bf16(transpose(output, input, read, zero, put_bf16)?),
        };
        Ok(Self {
            panels,
            input,
            output,
        })
    }

    pub(crate) fn input(&self) -> usize {
        self.input
    }

    pub(crate) fn output(&self) -> usize {
        self.output
    }

    /// Number of panels.
    pub(crate) fn count(&self) -> usize {
        self.output.div_ceil(WIDTH)
    }

    /// Inputs `range` of panel `at`, `[range, WIDTH]`: a part of the stored panel, or widened into
    /// `buffer`.
    pub(crate) fn panel<'a>(
        &'a self,
        at: usize,
        range: std::ops::Range<usize>,
        buffer: &'a mut Vec<PanelRow>,
    ) -> &'a [PanelRow] {
        let (start, end) = (at * self.input + range.start, at * self.input + range.end);
        match &self.panels {
            Panels::F32(rows) => &rows[start..end],
            Panels::F16(rows) => {
                let rows = &rows[start..end];
                buffer.resize(rows.len(), PanelRow::ZERO);
                for (from, to) in rows.iter().zip(buffer.iter_mut()) {
                    let halves: &[f16] = bytemuck::cast_slice(&from.0);
                    halves.convert_to_f32_slice(&mut to.0);
                }
                buffer
            }
            Panels::Bf16(rows) => {
                let rows = &rows[start..end];
                buffer.resize(rows.len(), PanelRow::ZERO);
                pulp::Arch::new().dispatch(WidenBf16 { rows, to: buffer });
                buffer
            }
        }
    }
}

/// bf16 → f32, whose upper half it is: a shift, which all lanes of a register take at once.
struct WidenBf16<'a> {
    rows: &'a [HalfPanelRow],
    to: &'a mut [PanelRow],
}

impl pulp::NullaryFnOnce for WidenBf16<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (from, to) in self.rows.iter().zip(self.to) {
            // By themselves, so that the compiler knows of no overlap and takes whole registers.
            let mut wide = [0f32; WIDTH];
            for (wide, half) in wide.iter_mut().zip(from.0) {
                *wide = f32::from_bits(u32::from(half) << 16);
            }
            to.0 = wide;
        }
    }
}

/// Weights `[output, input]` → panels `[panels, input]`; `put` writes the weight of one output into
/// a row of a panel.
fn transpose<R: Copy + Send>(
    output: usize,
    input: usize,
    read: impl Fn(usize, &mut [f32]) -> Result<()> + Sync,
    zero: R,
    put: impl Fn(&mut R, usize, f32) + Sync,
) -> Result<Vec<R>> {
    let mut panels = vec![zero; output.div_ceil(WIDTH) * input];
    let rows = panels.par_chunks_mut(input.max(1));
    fill_panels(output, input, rows, read, |rows, weights| {
        for (at, weights) in weights.chunks_exact(input).enumerate() {
            for (row, weight) in rows.iter_mut().zip(weights) {
                put(row, at, *weight);
            }
        }
    })?;
    Ok(panels)
}

/// Fills panels of [`WIDTH`] outputs in parallel, with the weights `[outputs, input]` of each,
/// which `read` gives from the output on that it is told.
///
/// # Errors
/// Those of `read`.
pub(super) fn fill_panels<P>(
    output: usize,
    input: usize,
    panels: impl IndexedParallelIterator<Item = P>,
    read: impl Fn(usize, &mut [f32]) -> Result<()> + Sync,
    fill: impl Fn(P, &mut [f32]) + Sync,
) -> Result<()> {
    panels.enumerate().try_for_each(|(at, panel)| {
        let first = at * WIDTH;
        let mut weights = vec![0f32; WIDTH.min(output - first) * input];
        read(first, &mut weights)?;
        fill(panel, &mut weights);
        Ok(())
    })
}
