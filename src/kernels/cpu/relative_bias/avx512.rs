//! The look-up with AVX-512.

use std::arch::x86_64::{
    __m512, _mm512_add_ps, _mm512_castpd_ps, _mm512_castps_pd, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_permutexvar_ps, _mm512_set1_epi32, _mm512_setzero_ps, _mm512_shuffle_f32x4,
    _mm512_storeu_ps, _mm512_sub_epi32, _mm512_unpackhi_pd, _mm512_unpackhi_ps, _mm512_unpacklo_pd,
    _mm512_unpacklo_ps,
};

use crate::kernels::cpu::relative_bias::bias::{LANES, RelativeBias, ScoreBlock};

/// Adds the terms to sixteen queries by sixteen keys at a time. Such a tile may reach beyond the
/// last query and the last key, into scores that are not read.
#[target_feature(enable = "avx512f")]
pub(super) fn add(bias: &RelativeBias, block: &mut ScoreBlock) {
    let queries = block.positions.len().next_multiple_of(LANES);
    // What the loads below rely on.
    assert!(
        block.padded.is_multiple_of(LANES)
            && block.padded >= bias.len
            && block.padded < bias.len + LANES * 2
    );
    assert!(block.scores.len() >= queries * block.padded);
    assert!(
        block
            .by_query
            .is_none_or(|products| products.len() >= queries * bias.width + LANES)
    );
    assert!(
        bias.by_key
            .as_ref()
            .is_none_or(|(products, _)| products.len() >= block.padded * bias.width + LANES)
    );
    assert!(bias.places.len() == 2 * bias.len - 1 + 2 * LANES);
    for first in (0..block.positions.len()).step_by(LANES) {
        let last = (first + LANES).min(block.positions.len()) - 1;
        let (start, _) = bias.middle(block.positions[first]);
        let (_, end) = bias.middle(block.positions[last]);
        let start = start / LANES * LANES;
        let end = end.next_multiple_of(LANES).max(start);
        for r in first..=last {
            bias.add_ends(block, r, start, end.min(bias.len));
        }
        for key in (start..end).step_by(LANES) {
            add_tile(bias, block, first, key);
        }
    }
}

/// Adds the terms of the sixteen queries from `first` on to the sixteen keys from `key` on.
#[target_feature(enable = "avx512f")]
#[inline]
fn add_tile(bias: &RelativeBias, block: &mut ScoreBlock, first: usize, key: usize) {
    let width = bias.width;
    // Entries of the first query and the first key, in both directions. From here on indices are
    // computed without overflow checks; `add` has checked the sizes.
    let query = block.positions[0] + first;
    let forwards = LANES + bias.len - 1 + query - key;
    let backwards = LANES + bias.len - 1 + key - query;
    let mut by_key = [_mm512_setzero_ps(); LANES];
    if let Some((products, _)) = &bias.by_key {
        for (k, column) in by_key.iter_mut().enumerate() {
            let at = key.wrapping_add(k).wrapping_mul(width);
            *column = look_up(products, at, &bias.places, forwards.wrapping_sub(k), 0);
        }
        transpose(&mut by_key);
    }
    for (r, by_key) in by_key.into_iter().enumerate() {
        let row = first.wrapping_add(r);
        let by_query = match block.by_query {
            Some(products) => look_up(
                products,
                row.wrapping_mul(width),
                &bias.backwards,
                backwards.wrapping_sub(r),
                LANES - 1,
            ),
            None => _mm512_setzero_ps(),
        };
        let at = row.wrapping_mul(block.padded).wrapping_add(key);
        // SAFETY: the row is one of the padded ones, and so are its sixteen keys.
        unsafe {
            let scores = block.scores.as_mut_ptr().add(at);
            _mm512_storeu_ps(
                scores,
                _mm512_add_ps(_mm512_loadu_ps(scores), _mm512_add_ps(by_query, by_key)),
            );
        }
    }
}

/// Of the products from `at` on those at the sixteen places of `places[from..]`, of which number
/// `least` is the smallest.
#[target_feature(enable = "avx512f")]
#[inline]
fn look_up(products: &[f32], at: usize, places: &[u32], from: usize, least: usize) -> __m512 {
    debug_assert!(
        from + LANES <= places.len()
            && at + places[from + least] as usize + LANES <= products.len()
    );
    // SAFETY: `from` is at least 0 and at most `places.len()` − LANES by the repetitions at both
    // ends, and products have LANES more than their last row.
    unsafe {
        let base = *places.get_unchecked(from.wrapping_add(least));
        let window = _mm512_loadu_ps(products.as_ptr().add(at.wrapping_add(base as usize)));
        let places = _mm512_loadu_si512(places.as_ptr().add(from).cast());
        _mm512_permutexvar_ps(
            _mm512_sub_epi32(places, _mm512_set1_epi32(base.cast_signed())),
            window,
        )
    }
}

/// Sixteen registers as the rows of a matrix → its columns.
#[target_feature(enable = "avx512f")]
#[inline]
fn transpose(rows: &mut [__m512; LANES]) {
    // Pairs of rows, pairs of pairs as 64-bit halves, then quarters of registers twice.
    let mut t = [_mm512_setzero_ps(); LANES];
    for p in 0..8 {
        t[2 * p] = _mm512_unpacklo_ps(rows[2 * p], rows[2 * p + 1]);
        t[2 * p + 1] = _mm512_unpackhi_ps(rows[2 * p], rows[2 * p + 1]);
    }
    let mut u = [_mm512_setzero_ps(); LANES];
    for q in 0..4 {
        let [a, b, c, d] = [t[4 * q], t[4 * q + 1], t[4 * q + 2], t[4 * q + 3]];
        u[4 * q] = low_halves(a, c);
        u[4 * q + 1] = high_halves(a, c);
        u[4 * q + 2] = low_halves(b, d);
        u[4 * q + 3] = high_halves(b, d);
    }
    for l in 0..4 {
        let [a, b, c, d] = [u[l], u[4 + l], u[8 + l], u[12 + l]];
        let (ab0, ab1) = (
            _mm512_shuffle_f32x4::<0x88>(a, b),
            _mm512_shuffle_f32x4::<0xdd>(a, b),
        );
        let (cd0, cd1) = (
            _mm512_shuffle_f32x4::<0x88>(c, d),
            _mm512_shuffle_f32x4::<0xdd>(c, d),
        );
        rows[l] = _mm512_shuffle_f32x4::<0x88>(ab0, cd0);
        rows[8 + l] = _mm512_shuffle_f32x4::<0xdd>(ab0, cd0);
        rows[4 + l] = _mm512_shuffle_f32x4::<0x88>(ab1, cd1);
        rows[12 + l] = _mm512_shuffle_f32x4::<0xdd>(ab1, cd1);
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn low_halves(a: __m512, b: __m512) -> __m512 {
    _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)))
}

#[target_feature(enable = "avx512f")]
#[inline]
fn high_halves(a: __m512, b: __m512) -> __m512 {
    _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)))
}
