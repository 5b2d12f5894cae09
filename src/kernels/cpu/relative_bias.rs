//! The relative-position terms of a block of scores, looked up by distance as they are added.
//!
//! A score needs two numbers that stand where its distance says: one in its query's products with
//! the position keys, one in its key's products with the position queries. Distances are apart by
//! one from score to score, and the table rows that they stand for by at most one (`log_bucket`),
//! so that the numbers of sixteen neighbours lie within sixteen neighbouring places: a load and a
//! permutation of a register replace sixteen look-ups.

/// Scores that are looked up together.
pub const LANES: usize = 16;

/// What one head of one row adds to its scores.
pub struct Positional<'a> {
    /// By distance + `len` − 1, with [`LANES`] repetitions of the first and the last before and
    /// after.
    rows: Vec<u32>,
    /// The same backwards.
    backwards: Vec<u32>,
    /// Keys against position queries, `[keys, width]` and [`LANES`] more, and what they are at the
    /// two ends of the table.
    by_key: Option<(&'a [f32], [Vec<f32>; 2])>,
    /// Places of a row of products.
    width: usize,
    /// Number of keys.
    len: usize,
    /// Whether neighbours are within reach of each other.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(dead_code, reason = "other processors look numbers up one by one")
    )]
    dense: bool,
}

/// Scores of some queries, and what is needed to place them.
pub struct Block<'a> {
    /// `[queries, padded keys]`
    pub scores: &'a mut [f32],
    pub padded: usize,
    /// Queries against position keys, `[queries, width]` and [`LANES`] more.
    pub by_query: Option<&'a [f32]>,
    /// The queries' positions.
    pub at: &'a [usize],
}

impl<'a> Positional<'a> {
    /// `by_distance`: table rows of −(len − 1) to len − 1, never decreasing; `first`: the one that
    /// stands at place 0 of the products, of `width` places each. `by_key`: at least as many keys
    /// as `padded` ones, a multiple of [`LANES`].
    pub fn new(by_distance: &[u32], first: usize, by_key: Option<&'a [f32]>, width: usize) -> Self {
        let place = |row: &u32| row - u32::try_from(first).unwrap_or(0);
        let ends = [by_distance.first(), by_distance.last()].map(|row| row.map_or(0, place));
        let [before, after] = ends.map(|row| std::iter::repeat_n(row, LANES));
        let rows: Vec<u32> = before
            .chain(by_distance.iter().map(place))
            .chain(after)
            .collect();
        let len = by_distance.len().div_ceil(2);
        let column = |by_key: &[f32], row: u32| {
            by_key
                .chunks_exact(width.max(1))
                .take(len)
                .map(|key| key[row as usize])
                .collect()
        };
        let by_key = by_key.map(|by_key| (by_key, ends.map(|row| column(by_key, row))));
        let dense = rows
            .windows(LANES)
            .all(|rows| rows[LANES - 1] - rows[0] < 16);
        Self {
            backwards: rows.iter().rev().copied().collect(),
            rows,
            by_key,
            width,
            len,
            dense,
        }
    }

    /// Adds the terms of all queries of the block.
    #[inline(always)]
    pub fn add(&self, block: &mut Block) {
        if block.by_query.is_none() && self.by_key.is_none() {
            return;
        }
        #[cfg(target_arch = "x86_64")]
        if self.dense
            && block.at.windows(2).all(|pair| pair[0] + 1 == pair[1])
            && is_x86_feature_detected!("avx512f")
        {
            // SAFETY: the processor has the instructions.
            return unsafe { x86::add(self, block) };
        }
        for r in 0..block.at.len() {
            let (near, far) = self.middle(block.at[r]);
            self.add_ends(block, r, near, far);
            self.add_middle(block, r, near, far);
        }
    }

    /// The keys of query `i` between those that share the table's last row and those that share its
    /// first.
    fn middle(&self, i: usize) -> (usize, usize) {
        let rows = &self.rows[LANES..self.rows.len() - LANES];
        // Key j is at distance i − j, entry i + len − 1 − j: the table runs backwards.
        let (Some(lowest), Some(highest)) = (rows.first(), rows.last()) else {
            return (0, 0);
        };
        let first_above = rows.partition_point(|row| row <= lowest);
        let first_highest = rows.partition_point(|row| row < highest);
        let near = (i + self.len).saturating_sub(first_highest).min(self.len);
        (
            near,
            (i + self.len)
                .saturating_sub(first_above)
                .clamp(near, self.len),
        )
    }

    /// Far from the query on either side all keys share one row of the table.
    #[inline(always)]
    fn add_ends(&self, block: &mut Block, r: usize, near: usize, far: usize) {
        for (keys, end) in [(0..near, 1), (far..self.len, 0)] {
            let row = [self.rows[0], self.rows[self.rows.len() - 1]][end] as usize;
            let c = block
                .by_query
                .map_or(0.0, |by_query| by_query[r * self.width + row]);
            let scores = &mut block.scores[r * block.padded..][keys.clone()];
            match &self.by_key {
                Some((_, ends)) => scores
                    .iter_mut()
                    .zip(&ends[end][keys])
                    .for_each(|(s, p)| *s += c + p),
                None => scores.iter_mut().for_each(|s| *s += c),
            }
        }
    }

    #[inline(always)]
    fn add_middle(&self, block: &mut Block, r: usize, near: usize, far: usize) {
        // The entry of key j in `backwards`.
        let from = LANES + self.len - 1 - block.at[r];
        let places = &self.backwards[from + near..from + far];
        let scores = &mut block.scores[r * block.padded..][near..far];
        let by_query = block
            .by_query
            .map(|by_query| &by_query[r * self.width..][..self.width]);
        match (by_query, &self.by_key) {
            (Some(by_query), Some((by_key, _))) => {
                let keys = by_key[near * self.width..].chunks_exact(self.width);
                scores
                    .iter_mut()
                    .zip(places)
                    .zip(keys)
                    .for_each(|((s, place), key)| {
                        *s += by_query[*place as usize] + key[*place as usize]
                    });
            }
            (Some(by_query), None) => scores
                .iter_mut()
                .zip(places)
                .for_each(|(s, place)| *s += by_query[*place as usize]),
            (None, Some((by_key, _))) => {
                let keys = by_key[near * self.width..].chunks_exact(self.width);
                scores
                    .iter_mut()
                    .zip(places)
                    .zip(keys)
                    .for_each(|((s, place), key)| *s += key[*place as usize]);
            }
            (None, None) => {}
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m512, _mm512_add_ps, _mm512_castpd_ps, _mm512_castps_pd, _mm512_loadu_ps,
        _mm512_loadu_si512, _mm512_permutexvar_ps, _mm512_set1_epi32, _mm512_setzero_ps,
        _mm512_shuffle_f32x4, _mm512_storeu_ps, _mm512_sub_epi32, _mm512_unpackhi_pd,
        _mm512_unpackhi_ps, _mm512_unpacklo_pd, _mm512_unpacklo_ps,
    };

    use super::{Block, LANES, Positional};

    /// Sixteen queries by sixteen keys at a time. Tiles may reach beyond the last query and the
    /// last key, into places that nobody reads.
    #[target_feature(enable = "avx512f")]
    pub fn add(terms: &Positional, block: &mut Block) {
        let queries = block.at.len().next_multiple_of(LANES);
        // What the loads below rely on.
        assert!(
            block.padded.is_multiple_of(LANES)
                && block.padded >= terms.len
                && block.padded < terms.len + LANES * 2
        );
        assert!(block.scores.len() >= queries * block.padded);
        assert!(
            block
                .by_query
                .is_none_or(|products| products.len() >= queries * terms.width + LANES)
        );
        assert!(
            terms
                .by_key
                .as_ref()
                .is_none_or(|(products, _)| products.len() >= block.padded * terms.width + LANES)
        );
        assert!(terms.rows.len() == 2 * terms.len - 1 + 2 * LANES);
        for first in (0..block.at.len()).step_by(LANES) {
            let last = (first + LANES).min(block.at.len()) - 1;
            let near = terms.middle(block.at[first]).0 / LANES * LANES;
            let far = terms
                .middle(block.at[last])
                .1
                .next_multiple_of(LANES)
                .max(near);
            for r in first..=last {
                terms.add_ends(block, r, near, far.min(terms.len));
            }
            for key in (near..far).step_by(LANES) {
                add_tile(terms, block, first, key);
            }
        }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn add_tile(terms: &Positional, block: &mut Block, first: usize, key: usize) {
        let (len, width) = (terms.len, terms.width);
        // The entry of query 0 and key 0 in both directions.
        let origin = LANES + len - 1;
        let i = block.at[0] + first;
        let mut by_key = [_mm512_setzero_ps(); LANES];
        if let Some((products, _)) = &terms.by_key {
            for (k, column) in by_key.iter_mut().enumerate() {
                let j = key + k;
                *column = look_up(products, j * width, &terms.rows, origin + i - j, 0);
            }
            transpose(&mut by_key);
        }
        for (r, by_key) in by_key.into_iter().enumerate() {
            let by_query = match block.by_query {
                Some(products) => look_up(
                    products,
                    (first + r) * width,
                    &terms.backwards,
                    origin + key - (i + r),
                    LANES - 1,
                ),
                None => _mm512_setzero_ps(),
            };
            // SAFETY: the row is one of the padded ones, and so are its sixteen keys.
            unsafe {
                let scores = block
                    .scores
                    .as_mut_ptr()
                    .add((first + r) * block.padded + key);
                _mm512_storeu_ps(
                    scores,
                    _mm512_add_ps(_mm512_loadu_ps(scores), _mm512_add_ps(by_query, by_key)),
                );
            }
        }
    }

    /// Of the products from `at` on those that stand at the sixteen places of `rows[from..]`, of
    /// which number `least` is the smallest.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn look_up(products: &[f32], at: usize, rows: &[u32], from: usize, least: usize) -> __m512 {
        debug_assert!(
            from + LANES <= rows.len()
                && at + rows[from + least] as usize + LANES <= products.len()
        );
        // SAFETY: `from` is at least 0 and at most `rows.len()` − LANES by the repetitions at both
        // ends, and products have LANES more than their last row.
        unsafe {
            let base = *rows.get_unchecked(from + least);
            let window = _mm512_loadu_ps(products.as_ptr().add(at + base as usize));
            let places = _mm512_loadu_si512(rows.as_ptr().add(from).cast());
            _mm512_permutexvar_ps(
                _mm512_sub_epi32(places, _mm512_set1_epi32(base.cast_signed())),
                window,
            )
        }
    }

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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::relative_positions::RelativeRows;
    use crate::kernels::relative_positions::{PositionTerms, RelativeConfig};

    fn number(i: usize) -> f32 {
        f32::from(u8::try_from(i * 7919 % 251).unwrap()) - 125.0
    }

    /// Whole numbers, whose sums are exact, added to the scores of some queries and as the
    /// definition says.
    fn compare(len: usize, at: &[usize], buckets: Option<usize>, max_distance: usize) {
        let relative = RelativeRows::new(
            &RelativeConfig {
                terms: PositionTerms::Both,
                shared_keys: true,
                buckets,
                max_distance,
                normalised: false,
            },
            len,
        );
        let by_distance = relative.within(len);
        let (first, end) = (
            by_distance[0] as usize,
            by_distance[2 * len - 2] as usize + 1,
        );
        let width = end - first + 3;
        let (padded, queries) = (len.next_multiple_of(32), at.len().next_multiple_of(LANES));
        let by_key: Vec<f32> = (0..padded * width + LANES).map(number).collect();
        let by_query: Vec<f32> = (0..queries * width + LANES)
            .map(|i| number(3 * i + 1))
            .collect();
        for (with_query, with_key) in [(true, true), (true, false), (false, true), (false, false)] {
            let (by_query, by_key) = (
                with_query.then_some(by_query.as_slice()),
                with_key.then_some(by_key.as_slice()),
            );
            let mut scores: Vec<f32> = (0..queries * padded).map(|i| number(5 * i)).collect();
            let before = scores.clone();
            Positional::new(by_distance, first, by_key, width).add(&mut Block {
                scores: &mut scores,
                padded,
                by_query,
                at,
            });
            for (r, i) in at.iter().enumerate() {
                for j in 0..len {
                    let place = by_distance[i + len - 1 - j] as usize - first;
                    let terms = by_query.map_or(0.0, |p| p[r * width + place])
                        + by_key.map_or(0.0, |p| p[j * width + place]);
                    let (found, expected) =
                        (scores[r * padded + j], before[r * padded + j] + terms);
                    assert!(
                        (found - expected).abs() < 0.5,
                        "{len} keys, query {i}, key {j}, {buckets:?}: {found} {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_score_gets_the_numbers_of_its_distance() {
        for len in [1, 2, 15, 16, 17, 33, 64, 100, 257] {
            let every: Vec<usize> = (0..len).collect();
            let some = [0, len / 2, len - 1].map(|i| i.min(len - 1));
            for buckets in [None, Some(32), Some(8)] {
                for at in every.chunks(48).chain([some.as_slice()]) {
                    compare(len, at, buckets, 64);
                }
            }
        }
    }

    /// 100 buckets for the distances up to 60 leave out rows of the table: neighbours are further
    /// apart.
    #[test]
    fn a_sparse_table_is_looked_up_one_by_one() {
        compare(90, &(0..48).collect::<Vec<_>>(), Some(100), 52);
    }
}
