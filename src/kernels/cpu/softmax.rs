//! The softmax of attention scores.

use crate::kernels::cpu::math::{exp, in_lanes};

/// e to the power of (x − max x) · `scale`, in place → 1 / their sum. This is the softmax without a
/// factor, which the product with the values gets instead. `x`: `[keys]`
#[inline(always)]
pub(crate) fn exponentials(x: &mut [f32], scale: f32) -> f32 {
    let highest = in_lanes(x, f32::NEG_INFINITY, |a, b| if b > a { b } else { a });
    let mut sums = [0f32; 16];
    let (chunks, rest) = x.as_chunks_mut::<16>();
    for chunk in chunks {
        for (sum, v) in sums.iter_mut().zip(chunk) {
            *v = exp((*v - highest) * scale);
            *sum += *v;
        }
    }
    for (sum, v) in sums.iter_mut().zip(rest) {
        *v = exp((*v - highest) * scale);
        *sum += *v;
    }
    1.0 / sums.iter().sum::<f32>()
}
