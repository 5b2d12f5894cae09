//! x · Wᵀ + b for weights in panels, and what is done to each element of it while it is in cache.
//!
//! The blocking is that of Goto and van de Geijn (2008, ACM TOMS 34:12): 384 inputs of one panel
//! stay in the first-level cache while a block of rows, packed twelve at a time, passes by from the
//! second level. Every output is summed in the same order whatever else is in the batch, so a row's
//! result does not depend on its neighbours in a single bit.

use std::sync::Arc;

use burn::backend::{
    Backend, Dispatch, Flex, backend_extension, ops::FloatTensorOps, tensor::FloatTensor,
};
use burn::tensor::{Tensor, TensorData};
use pulp::Simd;
use rayon::prelude::*;

use crate::kernels::activation::Activation;
use crate::kernels::cpu::int8;
use crate::kernels::cpu::int8::Int8Panels;
use crate::kernels::cpu::math;
use crate::kernels::cpu::micro_kernel::{Column, Line, ROWS, WIDTH, multiply, pack_rows};
use crate::kernels::cpu::packed_weights::Panels;

/// Inputs summed before the sums go to memory.
const DEPTH: usize = 384;
/// Rows of x that a thread packs at once: 360 · 384 · 4 bytes are half of a second-level cache.
const BLOCK: usize = 360;

/// x`[rows, input]` · Wᵀ + `bias[output]`, then the activation → `[rows, output]`
pub fn linear(
    x: Tensor<2>,
    weights: &Packed,
    bias: Option<Arc<[f32]>>,
    activation: Option<Activation>,
) -> Tensor<2> {
    let epilogue = Epilogue { bias, activation };
    Tensor::from_dispatch(<Dispatch as PackedLinear>::packed_linear(
        x.into_dispatch(),
        weights.clone(),
        epilogue,
    ))
}

/// Weights `[output, input]` in the order in which the product reads them.
#[derive(Debug, Clone)]
pub enum Packed {
    Float(Arc<Panels>),
    Int8(Arc<Int8Panels>),
}

/// What happens to a sum before it is written for the last time.
#[derive(Debug, Clone)]
pub struct Epilogue {
    /// `[output]`
    pub bias: Option<Arc<[f32]>>,
    /// [`Activation::Gelu`] only; see [`fuses`].
    pub activation: Option<Activation>,
}

/// Whether the product applies this activation itself.
pub fn fuses(activation: Activation) -> bool {
    activation == Activation::Gelu
}

/// The backends that have it. Float tensors are f32.
#[backend_extension(Flex)]
pub trait PackedLinear: Backend {
    /// `x`: `[rows, input]` → `[rows, output]`
    fn packed_linear(
        x: FloatTensor<Self>,
        weights: Packed,
        epilogue: Epilogue,
    ) -> FloatTensor<Self>;
}

impl PackedLinear for Flex {
    fn packed_linear(
        x: FloatTensor<Self>,
        weights: Packed,
        epilogue: Epilogue,
    ) -> FloatTensor<Self> {
        let x = x.to_contiguous();
        let [rows, input] = [x.layout().shape()[0], x.layout().shape()[1]];
        let values = &x.storage::<f32>()[x.layout().start_offset()..][..rows * input];
        let (out, output) = match &weights {
            Packed::Float(panels) => (float_product(values, panels, &epilogue), panels.output()),
            Packed::Int8(panels) => (int8::product(values, panels, &epilogue), panels.output()),
        };
        Self::float_from_data(
            TensorData::new(out, [rows, output]),
            &burn::backend::flex::FlexDevice,
        )
    }
}

/// `x`: `[rows, input]` → `[rows, output]`, on all threads.
fn float_product(x: &[f32], weights: &Panels, epilogue: &Epilogue) -> Vec<f32> {
    if x.len() <= ROWS * weights.input() {
        return by_panels(x, weights, epilogue);
    }
    by_rows(
        x,
        weights.input(),
        weights.output(),
        BLOCK,
        ROWS,
        |x, out| block(x, weights, 0..weights.count(), epilogue, out),
    )
}

/// Shares the panels out to the threads, where there are too few rows to share.
fn by_panels(x: &[f32], weights: &Panels, epilogue: &Epilogue) -> Vec<f32> {
    let (rows, output) = (x.len() / weights.input(), weights.output());
    let mut out = vec![0f32; rows * output];
    if rows == 0 {
        return out;
    }
    let count = weights.count().div_ceil(rayon::current_num_threads());
    let firsts: Vec<usize> = (0..weights.count()).step_by(count).collect();
    let part = |first: &usize| {
        let panels = *first..(first + count).min(weights.count());
        let mut part = vec![0f32; rows * ((panels.end * WIDTH).min(output) - first * WIDTH)];
        block(x, weights, panels, epilogue, &mut part);
        part
    };
    let parts: Vec<Vec<f32>> = firsts.par_iter().map(part).collect();
    for (first, part) in firsts.iter().zip(&parts) {
        let width = part.len() / rows;
        for (to, from) in out.chunks_exact_mut(output).zip(part.chunks_exact(width)) {
            to[first * WIDTH..][..width].copy_from_slice(from);
        }
    }
    out
}

/// Shares `x[rows, input]` → `out[rows, output]` out to the threads, at most about `block` rows at
/// a time, in whole groups of `group` rows.
pub fn by_rows(
    x: &[f32],
    input: usize,
    output: usize,
    block: usize,
    group: usize,
    compute: impl Fn(&[f32], &mut [f32]) + Sync,
) -> Vec<f32> {
    let (rows, threads) = (x.len() / input, rayon::current_num_threads());
    let mut out = vec![0f32; rows * output];
    // Blocks of equal size, a multiple of the threads in number.
    let rounds = rows.div_ceil(threads * block).max(1);
    let size = rows
        .div_ceil(threads * rounds)
        .next_multiple_of(group)
        .max(group);
    out.par_chunks_mut(size * output)
        .zip(x.par_chunks(size * input))
        .for_each(|(out, x)| compute(x, out));
    out
}

/// Some rows by some panels on this thread. `x`: `[rows, input]`, `out`: `[rows, outputs of the
/// panels]`
fn block(
    x: &[f32],
    weights: &Panels,
    panels: std::ops::Range<usize>,
    epilogue: &Epilogue,
    out: &mut [f32],
) {
    let input = weights.input();
    let rows = x.len() / input;
    if rows == 0 {
        return;
    }
    let width = out.len() / rows;
    let (mut columns, mut buffer) = (Vec::new(), Vec::new());
    for start in (0..input).step_by(DEPTH) {
        let depth = start..(start + DEPTH).min(input);
        columns.clear();
        pack_rows(
            x.chunks_exact(input).map(|row| &row[depth.clone()]),
            depth.len(),
            &mut columns,
        );
        for (at, panel) in panels.clone().enumerate() {
            let lines = weights.lines(panel, depth.clone(), &mut buffer);
            let pass = Pass {
                columns: &columns,
                lines,
                out: &mut *out,
                width,
                from: at * WIDTH,
                bias: epilogue
                    .bias
                    .as_deref()
                    .map_or(&[], |bias| &bias[panel * WIDTH..]),
                first: start == 0,
                gelu: depth.end == input && epilogue.activation == Some(Activation::Gelu),
            };
            pulp::Arch::new().dispatch(pass);
        }
    }
}

/// One panel, [`DEPTH`] inputs deep, with every row of a block.
struct Pass<'a> {
    /// `[row groups, depth]`
    columns: &'a [Column],
    /// `[depth]`
    lines: &'a [Line],
    /// `[rows, width]`
    out: &'a mut [f32],
    width: usize,
    /// The panel's first column in `out`.
    from: usize,
    /// From the panel's first output on, or empty.
    bias: &'a [f32],
    /// Whether the sums begin here, else they go on from what `out` holds.
    first: bool,
    /// Whether they end here and pass through GELU.
    gelu: bool,
}

impl pulp::WithSimd for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let wide = (self.width - self.from).min(WIDTH);
        let groups = self
            .out
            .chunks_mut(ROWS * self.width)
            .zip(self.columns.chunks_exact(self.lines.len()));
        for (out, columns) in groups {
            let tile = multiply(simd, columns, self.lines);
            for (out, sums) in out.chunks_exact_mut(self.width).zip(&tile) {
                let out = &mut out[self.from..][..wide];
                if self.first {
                    out.copy_from_slice(&sums.0[..wide]);
                    out.iter_mut().zip(self.bias).for_each(|(o, b)| *o += b);
                } else {
                    out.iter_mut().zip(&sums.0).for_each(|(o, s)| *o += s);
                }
                if self.gelu {
                    for value in out {
                        *value = math::gelu(*value);
                    }
                }
            }
        }
    }
}
