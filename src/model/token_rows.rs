//! Token rows, packed for the model.

use std::ops::Range;

use crate::kernels::attention::QuerySelection;

/// The tokens of a row, and what an encoder must know of them besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenRow<'a> {
    pub ids: &'a [u32],
    /// Where a second segment begins, whose tokens are of type 1.
    pub second_segment: Option<usize>,
    /// Whether the first token is masked: the others are computed as if it were not there, and it
    /// has no embedding and attends to all alike.
    pub is_first_masked: bool,
}

impl<'a> From<&'a [u32]> for TokenRow<'a> {
    /// One segment, nothing masked.
    fn from(ids: &'a [u32]) -> Self {
        Self {
            ids,
            second_segment: None,
            is_first_masked: false,
        }
    }
}

/// A token row with the positions whose hidden states the head reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputRow<'a> {
    pub tokens: TokenRow<'a>,
    pub positions: Vec<usize>,
}

impl InputRow<'_> {
    pub fn len(&self) -> usize {
        self.tokens.ids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.tokens.ids.is_empty()
    }
}

/// Token rows of different lengths laid end to end, without padding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenRows {
    ids: Vec<u32>,
    /// Row r is `ids[offsets[r]..offsets[r + 1]]`; one entry more than rows.
    offsets: Vec<usize>,
    /// Tokens of type 1.
    second_segments: Vec<Range<usize>>,
    /// Rows whose first token is masked, in their order.
    masked: Vec<usize>,
}

impl TokenRows {
    /// Packs `rows`.
    pub fn new<'a, R: Into<TokenRow<'a>>>(rows: impl IntoIterator<Item = R>) -> Self {
        let mut packed = Self {
            offsets: vec![0],
            ..Self::default()
        };
        for row in rows {
            packed.push(row.into());
        }
        packed
    }

    fn push(&mut self, row: TokenRow) {
        let start = self.ids.len();
        self.ids.extend_from_slice(row.ids);
        if let Some(second) = row.second_segment {
            self.second_segments.push(start + second..self.ids.len());
        }
        if row.is_first_masked {
            self.masked.push(self.offsets.len() - 1);
        }
        self.offsets.push(self.ids.len());
    }

    /// Appends rows of padding up to `tokens` tokens in all. They are as short as a tile of the
    /// attention, so that they cost little; their results are not read.
    #[must_use]
    pub fn padded(mut self, tokens: usize) -> Self {
        while self.ids.len() < tokens {
            let row = (tokens - self.ids.len()).min(32);
            self.ids.resize(self.ids.len() + row, 0);
            self.offsets.push(self.ids.len());
        }
        self
    }

    /// All tokens, `[tokens]`.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// The rows, each `[tokens]`.
    pub fn rows(&self) -> impl Iterator<Item = &[u32]> {
        self.offsets
            .windows(2)
            .map(|ends| &self.ids[ends[0]..ends[1]])
    }

    /// Tokens of the longest row.
    pub fn longest(&self) -> usize {
        self.rows().map(<[u32]>::len).max().unwrap_or(0)
    }

    /// Tokens of type 1.
    pub(super) fn second_segments(&self) -> &[Range<usize>] {
        &self.second_segments
    }

    /// The rows by what attends to each other, as the ends of pieces: a row, or its masked first
    /// token alone and then the rest of it. Also the index of each piece that is a masked token.
    pub(super) fn pieces(&self) -> (Vec<usize>, Vec<usize>) {
        let (mut ends, mut masked) = (vec![0], Vec::new());
        for (row, of_row) in self.offsets.windows(2).enumerate() {
            if self.is_masked(row) {
                masked.push(ends.len() - 1);
                ends.push(of_row[0] + 1);
            }
            ends.push(of_row[1]);
        }
        (ends, masked)
    }

    /// The tokens at these positions of each row; rows after the last of them have none.
    pub fn select(&self, positions: &[Vec<usize>]) -> QuerySelection {
        let mut of_pieces = Vec::with_capacity(positions.len());
        for (row, positions) in positions.iter().enumerate() {
            if self.is_masked(row) {
                let first = positions.iter().copied().filter(|position| *position == 0);
                let rest = positions
                    .iter()
                    .filter_map(|position| position.checked_sub(1));
                of_pieces.push(first.collect());
                of_pieces.push(rest.collect());
            } else {
                of_pieces.push(positions.clone());
            }
        }
        QuerySelection::new(&self.pieces().0, of_pieces.iter().map(Vec::as_slice))
    }

    /// Whether the first token of a row is masked.
    pub(super) fn is_masked(&self, row: usize) -> bool {
        self.masked.binary_search(&row).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_first_token_is_a_piece_of_its_own() {
        let masked = TokenRow {
            is_first_masked: true,
            ..TokenRow::from([7, 8, 9].as_slice())
        };
        let rows = TokenRows::new([TokenRow::from([5, 6].as_slice()), masked]).padded(6);
        assert_eq!(rows.pieces(), (vec![0, 2, 3, 5, 6], vec![1]));
        let selection = rows.select(&[vec![0, 1], vec![0, 2]]);
        let pieces = [0, 1, 2, 3].map(|piece| selection.row(piece));
        assert_eq!(
            pieces,
            [(0, [0, 1].as_slice()), (2, &[0]), (3, &[1]), (4, &[])]
        );
    }
}
