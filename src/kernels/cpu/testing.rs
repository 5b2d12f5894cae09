//! Helpers for tests of kernels.

use crate::kernels::cpu::dot::Engine;
use crate::support::error::Result;

/// From −1 to 1, with more digits than bf16 has.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
pub(crate) fn wave(i: usize) -> f32 {
    ((i * i % 9973) as f32 * 0.37).sin()
}

/// What the packing of weights `[output, input]` reads: `weight` of each place.
pub(crate) fn reader(
    input: usize,
    weight: impl Fn(usize) -> f32 + Sync,
) -> impl Fn(usize, &mut [f32]) -> Result<()> + Sync {
    move |first, rows| {
        for (at, value) in rows.iter_mut().enumerate() {
            *value = weight(first * input + at);
        }
        Ok(())
    }
}

/// Those for bf16 that this processor has, and the definition.
pub(crate) fn engines_for_bf16() -> Vec<Engine> {
    let mut engines = Engine::all_for_bf16();
    engines.push(Engine::Portable);
    engines
}

/// Those for 8-bit integers that this processor has, and the definition.
pub(crate) fn engines_for_int8() -> Vec<Engine> {
    let mut engines = Engine::all_for_int8();
    engines.push(Engine::Portable);
    engines
}

/// Small integers, whose sums of products are exact in any order.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
pub(crate) fn integer(i: usize) -> f32 {
    (i * 7919 % 17) as f32 - 8.0
}

/// Of each value, so that NaN and −0 are compared, too.
pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
