//! Rounding to 8 bits.

/// 127 / scale; 0 for a row of zeros.
pub(super) fn factor(scale: f32) -> f32 {
    if scale > 0.0 { 127.0 / scale } else { 0.0 }
}

/// `value` · `factor`, at most 127 in magnitude, to the nearest integer, halves to the even one.
/// The sum with 1.5 · 2²³ is an integer, and its lowest byte is the result.
#[inline(always)]
pub(super) fn quantise(value: f32, factor: f32) -> i8 {
    (value * factor + 12_582_912.0).to_bits().to_le_bytes()[0].cast_signed()
}
