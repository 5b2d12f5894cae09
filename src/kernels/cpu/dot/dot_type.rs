//! The types of numbers that a lane can hold.

use crate::kernels::cpu::dot::dispatch;
use crate::kernels::cpu::dot::engine::Engine;
use crate::kernels::cpu::dot::layout::{GroupSums, Lane, PanelLanes};

/// A type of numbers and of their sums.
pub(crate) trait DotType: Copy + Send + Sync + 'static {
    type Sum: Copy + Default + Send + Sync;

    /// The fastest engine that this processor has.
    fn engine() -> Engine;

    /// `sum` + `left` · `right`: the definition.
    fn add(sum: Self::Sum, left: Lane, right: Lane) -> Self::Sum;

    /// Sums of a group of rows, laid out as in [`PackedRows`](super::packed_rows::PackedRows), and
    /// a panel, on an engine other than the portable one.
    ///
    /// # Safety
    /// The processor has the engine's instructions; `group` is as deep as `panel`, whose depth is a
    /// multiple of `TILE_DEPTH`.
    unsafe fn dot(
        engine: Engine,
        group: &[Lane],
        panel: &[PanelLanes],
        sums: &mut GroupSums<Self::Sum>,
    );
}

/// Signed integers by integers raised by 128.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Int8;

/// Sums are f32; the order of the products differs from engine to engine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bf16;

impl DotType for Int8 {
    type Sum = i32;

    fn engine() -> Engine {
        Engine::for_int8()
    }

    /// Wraps around as the processors' instructions do.
    fn add(sum: i32, left: Lane, right: Lane) -> i32 {
        left.iter().zip(right).fold(sum, |sum, (x, weight)| {
            let product = i32::from(x.cast_signed()).wrapping_mul(i32::from(weight));
            sum.wrapping_add(product)
        })
    }

    unsafe fn dot(engine: Engine, group: &[Lane], panel: &[PanelLanes], sums: &mut GroupSums<i32>) {
        // SAFETY: as the caller promises.
        unsafe { dispatch::dot_int8(engine, group, panel, sums) }
    }
}

impl DotType for Bf16 {
    type Sum = f32;

    fn engine() -> Engine {
        Engine::for_bf16()
    }

    fn add(sum: f32, left: Lane, right: Lane) -> f32 {
        let [left, right] = [left, right].map(|[a, b, c, d]| {
            [[a, b], [c, d]].map(|bytes| half::bf16::from_le_bytes(bytes).to_f32())
        });
        sum + left[0] * right[0] + left[1] * right[1]
    }

    unsafe fn dot(engine: Engine, group: &[Lane], panel: &[PanelLanes], sums: &mut GroupSums<f32>) {
        // SAFETY: as the caller promises.
        unsafe { dispatch::dot_bf16(engine, group, panel, sums) }
    }
}
