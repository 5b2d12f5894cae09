//! The relative-position terms of one head of one token row.

/// Scores that are looked up together.
pub(crate) const LANES: usize = 16;

/// What one head of one token row adds to its scores.
pub(crate) struct RelativeBias<'a> {
    /// The place in a row of products by distance + `len` − 1, with [`LANES`] repetitions of the
    /// first and of the last before and after.
    pub(super) places: Vec<u32>,
    /// The same backwards.
    pub(super) backwards: Vec<u32>,
    /// Keys against position queries, `[keys, width]` and [`LANES`] more, and their values at the
    /// two ends of the table.
    pub(super) by_key: Option<(&'a [f32], [Vec<f32>; 2])>,
    /// Places of a row of products.
    pub(super) width: usize,
    /// Number of keys.
    pub(super) len: usize,
    /// Whether the places of [`LANES`] neighbours are always within [`LANES`] places.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(dead_code, reason = "other processors look up one number at a time")
    )]
    pub(super) dense: bool,
}

/// Scores of some queries, and what is needed to add to them.
pub(crate) struct ScoreBlock<'a> {
    /// `[queries, padded keys]`
    pub(crate) scores: &'a mut [f32],
    /// Number of padded keys.
    pub(crate) padded: usize,
    /// Queries against position keys, `[queries, width]` and [`LANES`] more.
    pub(crate) by_query: Option<&'a [f32]>,
    /// The queries' positions, `[queries]`.
    pub(crate) positions: &'a [usize],
}

impl<'a> RelativeBias<'a> {
    /// `by_distance`: table rows of the distances from −(len − 1) to len − 1, never decreasing;
    /// `first`: the table row at place 0 of the products, which have `width` places each. `by_key`:
    /// `[keys, width]` and [`LANES`] more, for at least as many keys as there are padded ones, a
    /// multiple of [`LANES`].
    pub(crate) fn new(
        by_distance: &[u32],
        first: usize,
        by_key: Option<&'a [f32]>,
        width: usize,
    ) -> Self {
        let place = |row: &u32| row - u32::try_from(first).unwrap_or(0);
        let ends = [by_distance.first(), by_distance.last()].map(|row| row.map_or(0, place));
        let [before, after] = ends.map(|place| std::iter::repeat_n(place, LANES));
        let places: Vec<u32> = before
            .chain(by_distance.iter().map(place))
            .chain(after)
            .collect();
        let len = by_distance.len().div_ceil(2);
        let column = |by_key: &[f32], place: u32| {
            by_key
                .chunks_exact(width.max(1))
                .take(len)
                .map(|key| key[place as usize])
                .collect()
        };
        let by_key = by_key.map(|by_key| (by_key, ends.map(|place| column(by_key, place))));
        let dense = places
            .windows(LANES)
            .all(|places| places[LANES - 1] - places[0] < 16);
        Self {
            backwards: places.iter().rev().copied().collect(),
            places,
            by_key,
            width,
            len,
            dense,
        }
    }

    /// The range of keys of the query at position `i` between those that share the table's last row
    /// and those that share its first: its start and end.
    pub(super) fn middle(&self, i: usize) -> (usize, usize) {
        let places = &self.places[LANES..self.places.len() - LANES];
        // Key j is at distance i − j, entry i + len − 1 − j: the table runs backwards.
        let (Some(lowest), Some(highest)) = (places.first(), places.last()) else {
            return (0, 0);
        };
        let first_above = places.partition_point(|place| place <= lowest);
        let first_highest = places.partition_point(|place| place < highest);
        let start = (i + self.len).saturating_sub(first_highest).min(self.len);
        let end = (i + self.len)
            .saturating_sub(first_above)
            .clamp(start, self.len);
        (start, end)
    }

    /// Adds the terms of query `r` of the block to the keys outside `start..end`: on either side
    /// all keys share one row of the table.
    #[inline(always)]
    pub(super) fn add_ends(&self, block: &mut ScoreBlock, r: usize, start: usize, end: usize) {
        for (keys, side) in [(0..start, 1), (end..self.len, 0)] {
            let place = [self.places[0], self.places[self.places.len() - 1]][side] as usize;
            let of_query = block
                .by_query
                .map_or(0.0, |by_query| by_query[r * self.width + place]);
            let scores = &mut block.scores[r * block.padded..][keys.clone()];
            match &self.by_key {
                Some((_, ends)) => scores
                    .iter_mut()
                    .zip(&ends[side][keys])
                    .for_each(|(score, of_key)| *score += of_query + of_key),
                None => scores.iter_mut().for_each(|score| *score += of_query),
            }
        }
    }

    /// Adds the terms of query `r` of the block to the keys `start..end`.
    #[inline(always)]
    pub(super) fn add_middle(&self, block: &mut ScoreBlock, r: usize, start: usize, end: usize) {
        // The entry of key 0 in `backwards`.
        let from = LANES + self.len - 1 - block.positions[r];
        let places = &self.backwards[from + start..from + end];
        let scores = &mut block.scores[r * block.padded..][start..end];
        let by_query = block
            .by_query
            .map(|by_query| &by_query[r * self.width..][..self.width]);
        let by_key = self
            .by_key
            .as_ref()
            .map(|(by_key, _)| by_key[start * self.width..].chunks_exact(self.width));
        let scores = scores.iter_mut().zip(places);
        match (by_query, by_key) {
            (Some(by_query), Some(keys)) => scores.zip(keys).for_each(|((score, place), key)| {
                *score += by_query[*place as usize] + key[*place as usize];
            }),
            (Some(by_query), None) => {
                scores.for_each(|(score, place)| *score += by_query[*place as usize]);
            }
            (None, Some(keys)) => scores
                .zip(keys)
                .for_each(|((score, place), key)| *score += key[*place as usize]),
            (None, None) => {}
        }
    }
}
