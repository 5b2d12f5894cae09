//! Functions of one f32, written so that loops over them become vector instructions: no calls, no
//! branches, no overflow checks, no fused multiply-add (a slow call on a processor that lacks it).

/// eˣ for x ≤ 0 within 2 units in the last place of f32, 0 below −87.3; NaN stays NaN.
///
/// x = n·ln 2 + r with ln 2 split in two (Cody and Waite, 1980), then the Taylor polynomial of
/// degree 7 on |r| ≤ ln 2 / 2, whose remainder is below 6e-9.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const HIGH: f32 = 355.0 / 512.0;
    const LOW: f32 = -2.121_944_4e-4;
    /// 1.5 · 2²³: adding it rounds to an integer, which is then in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let clamped = if x < -87.3 { -87.3 } else { x };
    let shifted = clamped * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (clamped - n * HIGH) - n * LOW;
    let mut p = 1.0 / 5040.0;
    for c in [
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        p = p * r + c;
    }
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    if x < -87.3 { 0.0 } else { p * power }
}

/// 1 / (1 + e⁻ˣ) within 4 units in the last place.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    let e = exp(-x.abs());
    (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
}

/// The hyperbolic tangent within 1.5e-7.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let e = exp(-2.0 * x.abs());
    let magnitude = (1.0 - e) / (1.0 + e);
    if x < 0.0 { -magnitude } else { magnitude }
}

/// x · sigmoid(x).
#[inline(always)]
pub(crate) fn silu(x: f32) -> f32 {
    x * sigmoid(x)
}

/// x · tanh(ln(1 + eˣ)). With e = eˣ that is x · (e² + 2 e) / (e² + 2 e + 2); above 0 both parts
/// are divided by e², which would overflow.
#[inline(always)]
pub(crate) fn mish(x: f32) -> f32 {
    let e = exp(-x.abs());
    let (above, rest) = if x > 0.0 {
        (1.0 + 2.0 * e, 2.0 * e * e)
    } else {
        (e * e + 2.0 * e, 2.0)
    };
    x * (above / (above + rest))
}

/// GELU with the tanh approximation: ½ (1 + tanh u) is sigmoid(2 u).
#[inline(always)]
pub(crate) fn gelu_tanh(x: f32) -> f32 {
    /// 2 · √(2 / π).
    const TWICE_ROOT: f32 = 1.595_769_2;
    x * sigmoid(TWICE_ROOT * (x + 0.044_715 * (x * x * x)))
}

/// x · Φ(x), the exact GELU (not its tanh approximation), within 2.5e-7 and, from −4 up, within 9
/// units in the last place.
///
/// Φ(−|x|) = ½ erfc(a) with a = |x|/√2, and erfc(a) = e^(−a²) · t · P(t) with t = 1 / (1 + 0.4 a),
/// as in Abramowitz and Stegun 7.1.26 but with a polynomial of degree 9, fitted by us to the
/// largest relative error on 0 ≤ a ≤ 9.4: 6.5e-9.
#[inline(always)]
pub(crate) fn gelu(x: f32) -> f32 {
    const P: [f32; 10] = [
        -0.015_400_914,
        0.102_303_11,
        -0.257_204_2,
        0.284_188_36,
        -0.150_958_75,
        0.140_784_36,
        0.063_181_18,
        0.107_818_91,
        0.112_432_23,
        0.112_855_74,
    ];
    let t = 1.0 / (1.0 + 0.4 * (x.abs() * std::f32::consts::FRAC_1_SQRT_2));
    let mut p = P[0];
    for c in &P[1..] {
        p = p * t + c;
    }
    let tail = x * (t * p * exp(-0.5 * (x * x)));
    if x > 0.0 { x - tail } else { tail }
}

/// To the nearest half-precision number, halves to the even one; infinite from 65,520 on. As
/// `f16::from_f32` and back, without the call.
#[inline(always)]
pub(crate) fn half(x: f32) -> f32 {
    let bits = x.to_bits();
    let (size, sign) = (x.abs(), bits & 0x8000_0000);
    // Normal numbers lose 13 bits. Below 2⁻¹⁴ all are multiples of 2⁻²⁴, the step of f32 beside
    // 0.75.
    let normal = f32::from_bits(bits.wrapping_add(0xfff + ((bits >> 13) & 1)) & !0x1fff);
    let small = f32::from_bits(((x + 0.75) - 0.75).to_bits() | sign);
    let finite = if size < 6.103_515_6e-5 { small } else { normal };
    // Infinite, or NaN.
    let beyond = x * f32::INFINITY;
    if size < 65_520.0 { finite } else { beyond }
}

/// The lowest byte of the nearest integer, halves to the even one; `x` is from −128 to 127. The sum
/// with 1.5 · 2²³ is an integer whose lowest bits it is.
#[inline(always)]
pub(crate) fn low_byte(x: f32) -> u8 {
    let [lowest, ..] = (x + 12_582_912.0).to_bits().to_le_bytes();
    lowest
}

/// The bits of the nearest bf16 number, halves to the even one. As `bf16::from_f32`, without its
/// branches.
#[inline(always)]
pub(crate) fn bf16(x: f32) -> u16 {
    let bits = x.to_bits();
    // Only the bits of a NaN can wrap around, and those are not used.
    let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1));
    // A NaN must not be rounded to infinity.
    let bits = if x.is_nan() {
        bits | 0x0040_0000
    } else {
        rounded
    };
    let [_, _, low, high] = bits.to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// A fold in sixteen lanes: its order is fixed, and the compiler can vectorise it. `x`: any length.
#[inline(always)]
pub(crate) fn in_lanes(x: &[f32], zero: f32, f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [zero; 16];
    let (chunks, rest) = x.as_chunks::<16>();
    for chunk in chunks {
        for (lane, v) in lanes.iter_mut().zip(chunk) {
            *lane = f(*lane, *v);
        }
    }
    lanes.iter().chain(rest).fold(zero, |a, b| f(a, *b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        for i in 0u16..60_000 {
            let x = -f32::from(i) * 1.45e-3;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) - exact).abs() / exact;
            assert!(error < 2.4e-7, "{x}: {error}");
        }
        assert!(exp(-100.0).to_bits() == 0 && exp(f32::NEG_INFINITY).to_bits() == 0);
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn sigmoid_and_its_kin_are_the_textbooks() {
        for i in -60_000i32..=60_000 {
            let x = f64::from(i) * 4e-4;
            #[expect(clippy::cast_possible_truncation, reason = "24 bits are enough")]
            let single = x as f32;
            let x = f64::from(single);
            let exact = 1.0 / (1.0 + (-x).exp());
            let close = |found: f32, exact: f64, within: f64| {
                assert!(
                    (f64::from(found) - exact).abs() < within,
                    "{x}: {found} {exact}"
                );
            };
            close(sigmoid(single), exact, 5e-7 * exact);
            close(silu(single), x * exact, 5e-7 * x.abs() * exact + 1e-30);
            close(tanh(single), x.tanh(), 1.5e-7);
            let exact = x * x.exp().ln_1p().tanh();
            close(mish(single), exact, 5e-7 * exact.abs() + 1e-30);
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            close(gelu_tanh(single), 0.5 * x * (1.0 + u.tanh()), 1e-6);
        }
        assert!(
            [sigmoid, tanh, silu, mish, gelu_tanh]
                .map(|f| f(f32::NAN))
                .iter()
                .all(|v| v.is_nan())
        );
        assert!((tanh(40.0) - 1.0).abs() < 1e-9 && (tanh(-40.0) + 1.0).abs() < 1e-9);
        assert!(silu(-1e30).abs() < 1e-20 && (silu(1e30) - 1e30).abs() < 1e24);
    }

    #[test]
    fn half_is_the_half_crates_rounding() {
        // Every half-precision number, its neighbours in f32, and the middles between two.
        for bits in 0..=u16::MAX {
            let value = half::f16::from_bits(bits).to_f32();
            for bits in [0, 1, 0x0fff, 0x1000, 0x1001, 0x1fff]
                .map(|more| value.to_bits().wrapping_add(more))
            {
                let x = f32::from_bits(bits);
                let expected = half::f16::from_f32(x).to_f32();
                assert!(
                    super::half(x).to_bits() == expected.to_bits()
                        || (x.is_nan() && super::half(x).is_nan()),
                    "{x:e}"
                );
            }
        }
    }

    #[test]
    fn bf16_is_the_half_crates_rounding() {
        for high in 0..=u16::MAX {
            for low in [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff] {
                let x = f32::from_bits(u32::from(high) << 16 | low);
                assert_eq!(super::bf16(x), half::bf16::from_f32(x).to_bits(), "{x:e}");
            }
        }
    }

    /// Φ(x) as ½ + φ(x) · (x + x³/3 + x⁵/15 + …) (Marsaglia, 2004, Journal of Statistical Software
    /// 11:4), in double precision: good to 1e-15 as far out as it is asked here.
    fn exact(x: f64) -> f64 {
        let (mut term, mut sum, mut k) = (x, x, 1.0);
        while term.abs() > 1e-18 * sum.abs() && k < 400.0 {
            k += 2.0;
            term *= x * x / k;
            sum += term;
        }
        x * (0.5 + sum * (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt())
    }

    #[test]
    fn gelu_is_the_exact_one() {
        for i in -50_000i32..=50_000 {
            #[expect(clippy::cast_precision_loss, reason = "small integers")]
            let x = i as f32 * 1.3e-4;
            let (found, exact) = (f64::from(gelu(x)), exact(f64::from(x)));
            assert!(
                (found - exact).abs() < 2.5e-7 * f64::from(x.abs()).max(1.0),
                "{x}: {found} {exact}"
            );
            if x > -4.0 && x != 0.0 {
                assert!(
                    (found - exact).abs() < 9.0 * 1.2e-7 * exact.abs(),
                    "{x}: {found} {exact}"
                );
            }
        }
        assert!(gelu(f32::NAN).is_nan());
        assert_eq!(
            [gelu(0.0), gelu(40.0), -gelu(-40.0)].map(f32::to_bits),
            [0.0, 40.0, 0.0].map(f32::to_bits)
        );
        assert!(gelu(f32::MAX).is_finite() && !gelu(f32::INFINITY).is_finite());
    }
}
