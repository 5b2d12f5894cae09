//! Token rows, packed for the model.

/// Token rows of different lengths laid end to end, without padding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenRows {
    ids: Vec<u32>,
    /// Row r is `ids[offsets[r]..offsets[r + 1]]`; one entry more than rows.
    offsets: Vec<usize>,
}

impl TokenRows {
    /// Packs `rows`, each `[tokens]`.
    pub fn new<'a>(rows: impl IntoIterator<Item = &'a [u32]>) -> Self {
        let mut packed = Self {
            ids: Vec::new(),
            offsets: vec![0],
        };
        for row in rows {
            packed.ids.extend_from_slice(row);
            packed.offsets.push(packed.ids.len());
        }
        packed
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

    /// The start of each row and the end of the last one, `[rows + 1]`.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
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
}
