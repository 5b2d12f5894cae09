//! Which tokens' outputs are needed.

use burn::tensor::{Int, Tensor, TensorData};

/// The tokens of each packed row whose output is needed: the queries of the last layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuerySelection {
    /// Positions of the selected tokens within their rows, row by row.
    positions: Vec<usize>,
    /// Those of row r are `positions[offsets[r]..offsets[r + 1]]`.
    offsets: Vec<usize>,
    /// The same tokens by their indices among all tokens.
    tokens: Vec<usize>,
}

impl QuerySelection {
    /// `offsets`: ends of the packed rows; `positions`: for each row, the positions within it. Rows
    /// after the last entry of `positions` have no selected tokens.
    pub fn new<'a>(offsets: &[usize], positions: impl IntoIterator<Item = &'a [usize]>) -> Self {
        let mut selection = Self {
            positions: Vec::new(),
            offsets: vec![0],
            tokens: Vec::new(),
        };
        let none: &[usize] = &[];
        let positions = positions.into_iter().chain(std::iter::repeat(none));
        for (ends, positions) in offsets.windows(2).zip(positions) {
            selection.positions.extend_from_slice(positions);
            selection
                .tokens
                .extend(positions.iter().map(|position| ends[0] + position));
            selection.offsets.push(selection.positions.len());
        }
        selection
    }

    /// The selected rows of `x`: `[tokens, hidden]` → `[selected, hidden]`
    pub(crate) fn select(&self, x: Tensor<2>) -> Tensor<2> {
        let tokens: Vec<i64> = self
            .tokens
            .iter()
            .map(|token| i64::try_from(*token).unwrap_or(i64::MAX))
            .collect();
        let count = tokens.len();
        let index = Tensor::<1, Int>::from_data(TensorData::new(tokens, [count]), &x.device());
        x.select(0, index)
    }

    /// The selected tokens by their indices among all tokens.
    pub(crate) fn tokens(&self) -> &[usize] {
        &self.tokens
    }

    /// The index of row `r`'s first selected token among all selected ones, and the positions of
    /// the row's selected tokens within the row.
    pub(crate) fn row(&self, r: usize) -> (usize, &[usize]) {
        (
            self.offsets[r],
            &self.positions[self.offsets[r]..self.offsets[r + 1]],
        )
    }

    /// Number of selected tokens.
    pub(crate) fn count(&self) -> usize {
        self.positions.len()
    }
}
