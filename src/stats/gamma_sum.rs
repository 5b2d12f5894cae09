//! Tail probabilities of weighted sums of gamma variables.

use std::f64::consts::PI;

/// A term of a sum: coefficient · Γ(shape), with a coefficient other than 0 and a shape of 1 or
/// more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Term {
    pub(crate) coefficient: f64,
    pub(crate) shape: f64,
}

/// The step of the integral, in standard deviations of the integrand near its peak.
const STEP: f64 = 0.2;
/// The integral ends where the integrand is this small, against its peak.
const NEGLIGIBLE: f64 = 1e-10;
/// More steps than any sum of this kind takes: some dozens, and hundreds where shapes are 1.
const STEPS: u32 = 100_000;
/// How near to the pole at 0 the path may come, in the standard deviation of the sum.
const NEAREST: f64 = 0.7;

/// P(Σ bᵢ Γ(aᵢ) ≤ 0) of independent variables, to about 6 digits however small it is.
pub(crate) fn at_most_zero(terms: &[Term]) -> f64 {
    if terms.iter().all(|term| term.coefficient < 0.0) {
        1.0
    } else if terms.iter().all(|term| term.coefficient > 0.0) {
        0.0
    } else if derivatives(terms, 0.0)[0] < 0.0 {
        let mirrored = |term: &Term| Term {
            coefficient: -term.coefficient,
            ..*term
        };
        1.0 - lower_tail(&terms.iter().map(mirrored).collect::<Vec<_>>())
    } else {
        lower_tail(terms)
    }
}

/// The same for sums with both signs and a mean of 0 or more.
///
/// With K(s) = −Σ aᵢ ln(1 − bᵢ s), the logarithm of the moment-generating function, the probability
/// is the integral of exp(K(s)) / (−2πi s) along any path that crosses the real axis below 0 and
/// above every 1/bᵢ < 0. It is the smallest in size near the saddle point, where K′ = 0: there the
/// terms of the integral do not cancel, and tails keep their digits (Daniels, 1954, Annals of
/// Mathematical Statistics 25:631). The path is a parabola, on which the trapezoidal rule
/// converges exponentially (Trefethen and Weideman, 2014, SIAM Review 56:385).
fn lower_tail(terms: &[Term]) -> f64 {
    let centre = saddle(terms).min(-NEAREST / derivatives(terms, 0.0)[1].sqrt());
    let step = STEP / derivatives(terms, centre)[1].sqrt();
    let bend = bend(terms, centre);
    // The lower half of the path mirrors the upper one; the middle is half of a step in each.
    let (mut sum, mut largest) = (0.0, 0.0_f64);
    for at in 0..STEPS {
        let y = f64::from(at) * step;
        // s = x + iy, and ds = (1 − i slope) i dy.
        let (x, slope) = (centre + bend * y * y, 2.0 * bend * y);
        let (size, angle) = exp_k(terms, x, y);
        let norm = x * x + y * y;
        // The real part of exp(K) (1 − i slope) / −s.
        let value = angle.cos() * (slope * y - x) - angle.sin() * (y + slope * x);
        sum += value * size / norm * if at == 0 { 0.5 } else { 1.0 };
        let size = size * ((1.0 + slope * slope) / norm).sqrt();
        largest = largest.max(size);
        if size <= NEGLIGIBLE * largest {
            break;
        }
    }
    (sum * step / PI).clamp(0.0, 1.0)
}

/// How the path bends: x = centre + bend · y². It leads around the singularities 1/bᵢ of one side.
/// With 1 / 2d, where the farthest of them has the distance d, no factor |1 − bᵢ s| of the
/// integrand ever falls below its value at the centre; of the two sides it is the one that bends
/// the most.
fn bend(terms: &[Term], centre: f64) -> f64 {
    let farthest = |side: f64| {
        let distances = terms.iter().filter(|term| term.coefficient * side > 0.0);
        distances
            .map(|term| (1.0 / term.coefficient - centre) * side)
            .fold(0.0, f64::max)
    };
    let (left, right) = (farthest(-1.0), farthest(1.0));
    if left < right {
        -0.5 / left
    } else {
        0.5 / right
    }
}

/// The first two derivatives of K at a real s.
fn derivatives(terms: &[Term], s: f64) -> [f64; 2] {
    terms.iter().fold([0.0; 2], |[first, second], term| {
        let ratio = term.coefficient / (1.0 - term.coefficient * s);
        [
            first + term.shape * ratio,
            second + term.shape * ratio * ratio,
        ]
    })
}

/// Where K′ is 0, between the nearest singularities of both sides, where it rises from −∞ to ∞:
/// Newton's method, and bisection where that leaves the bracket.
fn saddle(terms: &[Term]) -> f64 {
    let (least, most) = terms
        .iter()
        .fold((0.0_f64, 0.0_f64), |(least, most), term| {
            (least.min(term.coefficient), most.max(term.coefficient))
        });
    let (mut low, mut high, mut at) = (1.0 / least, 1.0 / most, 0.0);
    for _ in 0..200 {
        let [first, second] = derivatives(terms, at);
        if first > 0.0 {
            high = at;
        } else {
            low = at;
        }
        let newton = at - first / second;
        let next = if low < newton && newton < high {
            newton
        } else {
            f64::midpoint(low, high)
        };
        let moved = (next - at).abs();
        at = next;
        if moved <= 1e-9 * at.abs() {
            break;
        }
    }
    at
}

/// exp(K(s)) at s = x + iy, as its absolute value and its angle.
fn exp_k(terms: &[Term], x: f64, y: f64) -> (f64, f64) {
    let (log, angle) = terms.iter().fold((0.0, 0.0), |(log, angle), term| {
        let (re, im) = (1.0 - term.coefficient * x, -term.coefficient * y);
        (
            log - term.shape * 0.5 * (re * re + im * im).ln(),
            angle - term.shape * im.atan2(re),
        )
    });
    (log.exp(), angle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::near;

    fn probability(terms: &[(f64, f64)]) -> f64 {
        let term = |(coefficient, shape): &(f64, f64)| Term {
            coefficient: *coefficient,
            shape: *shape,
        };
        at_most_zero(&terms.iter().map(term).collect::<Vec<_>>())
    }

    /// Γ(m) ≤ Γ(1) with probability 2⁻ᵐ.
    #[test]
    fn tails_of_any_size_have_their_digits() {
        for (m, power) in [(1.0, 1), (2.0, 2), (6.0, 6), (40.0, 40), (1000.0, 1000)] {
            let expected = 0.5_f64.powi(power);
            near(probability(&[(1.0, m), (-1.0, 1.0)]) / expected, 1.0, 1e-6);
            near(probability(&[(-1.0, m), (1.0, 1.0)]), 1.0 - expected, 1e-6);
        }
    }

    /// Γ(a) / (Γ(a) + Γ(b)) has a beta distribution: with a = 1, P(X > x) = (1 − x)ᵇ.
    #[test]
    fn shares_of_two_are_beta_distributed() {
        for b in [1.0_f64, 2.0, 20.0, 3000.0, 1e6] {
            for tail in [0.5_f64, 0.025, 1e-9] {
                let x = 1.0 - tail.powf(1.0 / b);
                near(probability(&[(x - 1.0, 1.0), (x, b)]) / tail, 1.0, 1e-6);
            }
        }
    }

    /// Three exponential variables by partial fractions: the sum of two of different scale has
    /// the tail (p e^(−t/p) − q e^(−t/q)) / (p − q), of which t = r · Exp takes the mean.
    #[test]
    fn three_scales_by_partial_fractions() {
        for (p, q, r) in [(1.0, 0.2, 3.0), (5.0, 0.1, 0.02), (0.5, 0.4, 40.0)] {
            let expected = (p * p / (p + r) - q * q / (q + r)) / (p - q);
            near(
                probability(&[(-p, 1.0), (-q, 1.0), (r, 1.0)]) / expected,
                1.0,
                1e-6,
            );
        }
    }

    #[test]
    fn one_sign_is_certain() {
        assert!(probability(&[(1.0, 3.0), (0.1, 1.0)]) <= 0.0);
        assert!(probability(&[(-1.0, 3.0), (-0.1, 1.0)]) >= 1.0);
    }
}
