//! Rounding of weights to 8 bits, and the scale of both factors.

use crate::kernels::cpu::math;

/// 127 / scale; 0 for a row of zeros.
pub(super) fn factor(scale: f32) -> f32 {
    if scale > 0.0 { 127.0 / scale } else { 0.0 }
}

/// `value` · `factor`, at most 127 in magnitude, to the nearest integer, halves to the even one.
#[inline(always)]
pub(super) fn quantise(value: f32, factor: f32) -> i8 {
    math::low_byte(value * factor).cast_signed()
}
