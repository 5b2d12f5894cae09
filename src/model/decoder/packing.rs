//! Token rows as a decoder computes them: what neighbours begin with alike, once.
//!
//! Rows of one item begin with the same prompt. A token sees only those before it, so that the
//! states of a common beginning are the same in all of these rows, to the bit.

use std::ops::Range;
use std::sync::Arc;

use crate::kernels::attention::QuerySelection;
use crate::kernels::causal_attention::Piece;
use crate::model::token_rows::TokenRows;

/// A shorter beginning is not worth a piece of its own.
const SHORTEST: usize = 16;

/// Tokens laid end to end, in pieces.
pub(super) struct Packing {
    pub(super) ids: Vec<u32>,
    /// Of each token in its row, `[tokens]`.
    pub(super) positions: Vec<usize>,
    pub(super) pieces: Vec<Piece>,
    /// The tokens whose states are asked for, in the order of their rows.
    pub(super) selection: Arc<QuerySelection>,
}

impl Packing {
    /// What neighbours begin with alike stands before them once. `asked`: the positions of each row
    /// whose states are asked for; rows after the last entry have none.
    pub(super) fn sharing(rows: &TokenRows, asked: &[Vec<usize>]) -> Self {
        Self::new(rows, asked, group)
    }

    /// Each row by itself.
    pub(super) fn apart(rows: &TokenRows, asked: &[Vec<usize>]) -> Self {
        Self::new(rows, asked, |_, _| Group { rows: 1, shared: 0 })
    }

    fn new(
        rows: &TokenRows,
        asked: &[Vec<usize>],
        group: impl Fn(&[Row], &[Vec<usize>]) -> Group,
    ) -> Self {
        let rows: Vec<Row> = rows
            .rows()
            .enumerate()
            .map(|(at, ids)| (ids, rows.is_masked(at)))
            .collect();
        let mut builder = Builder::default();
        let mut at = 0;
        while at < rows.len() {
            let asked = &asked[at.min(asked.len())..];
            let group = group(&rows[at..], asked);
            builder.add(&rows[at..at + group.rows], asked, group.shared);
            at += group.rows;
        }
        builder.finish()
    }
}

/// The ids of a row, and whether the first of them is masked.
type Row<'a> = (&'a [u32], bool);

/// Rows that are packed together, and how many tokens they begin with alike.
struct Group {
    rows: usize,
    shared: usize,
}

/// How many of the first rows begin alike. What is asked for stays behind the common beginning.
fn group(rows: &[Row], asked: &[Vec<usize>]) -> Group {
    let end = |at: usize| asked.get(at).and_then(|asked| asked.iter().min()).copied();
    let mut found = Group { rows: 1, shared: 0 };
    let Some(mut shared) = end(0) else {
        return found;
    };
    let (first, is_masked) = rows[0];
    for (at, (ids, masked)) in rows.iter().enumerate().skip(1) {
        let (Some(end), true) = (end(at), *masked == is_masked) else {
            break;
        };
        let alike = first.iter().zip(*ids).take_while(|(a, b)| a == b).count();
        let with_it = shared.min(alike).min(end);
        // Not at the price of what the rows before have in common.
        if with_it < SHORTEST || (at > 1 && with_it < shared / 2) {
            break;
        }
        shared = with_it;
        found = Group {
            rows: at + 1,
            shared,
        };
    }
    found
}

#[derive(Default)]
struct Builder {
    ids: Vec<u32>,
    positions: Vec<usize>,
    pieces: Vec<Piece>,
    /// What is asked for of each piece, by the places in it.
    asked: Vec<Vec<usize>>,
}

impl Builder {
    /// Rows that begin with `shared` tokens alike.
    fn add(&mut self, rows: &[Row], asked: &[Vec<usize>], shared: usize) {
        let mut prefix = 0..0;
        if shared > 0 {
            let (ids, is_masked) = rows[0];
            prefix = self.add_row(&ids[..shared], is_masked, &[]);
        }
        for (at, (ids, is_masked)) in rows.iter().enumerate() {
            let asked = asked.get(at).map_or(&[][..], Vec::as_slice);
            if shared > 0 {
                self.push(&ids[shared..], shared, prefix.clone(), asked);
            } else {
                self.add_row(ids, *is_masked, asked);
            }
        }
    }

    /// A row from its first token on, which is a piece of its own where it is masked → the tokens
    /// that are not.
    fn add_row(&mut self, ids: &[u32], is_masked: bool, asked: &[usize]) -> Range<usize> {
        let masked = usize::from(is_masked).min(ids.len());
        if masked > 0 {
            self.push(&ids[..masked], 0, 0..0, asked);
        }
        self.push(&ids[masked..], masked, 0..0, asked)
    }

    /// A piece whose first token is at a position of its row; `asked` may have others. → Its
    /// tokens.
    fn push(
        &mut self,
        ids: &[u32],
        position: usize,
        prefix: Range<usize>,
        asked: &[usize],
    ) -> Range<usize> {
        let tokens = self.ids.len()..self.ids.len() + ids.len();
        self.ids.extend_from_slice(ids);
        self.positions.extend(position..position + ids.len());
        self.pieces.push(Piece {
            tokens: tokens.clone(),
            prefix,
        });
        let here = asked.iter().filter_map(|asked| asked.checked_sub(position));
        self.asked
            .push(here.filter(|place| *place < ids.len()).collect());
        tokens
    }

    fn finish(self) -> Packing {
        let starts = self.pieces.iter().map(|piece| piece.tokens.start);
        let ends: Vec<usize> = starts.chain([self.ids.len()]).collect();
        let asked = self.asked.iter().map(Vec::as_slice);
        Packing {
            selection: Arc::new(QuerySelection::new(&ends, asked)),
            ids: self.ids,
            positions: self.positions,
            pieces: self.pieces,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::token_rows::TokenRow;

    fn row(shared: usize, own: &[u32], is_first_masked: bool) -> (Vec<u32>, bool) {
        let ids = (0..u32::try_from(shared).unwrap()).chain(own.iter().copied());
        (ids.collect(), is_first_masked)
    }

    fn packing(rows: &[(Vec<u32>, bool)], asked: &[Vec<usize>]) -> Packing {
        let rows = rows.iter().map(|(ids, is_first_masked)| TokenRow {
            is_first_masked: *is_first_masked,
            ..TokenRow::from(ids.as_slice())
        });
        Packing::sharing(&TokenRows::new(rows), asked)
    }

    fn spans(packing: &Packing) -> Vec<(Range<usize>, Range<usize>)> {
        let pieces = packing.pieces.iter();
        pieces
            .map(|p| (p.tokens.clone(), p.prefix.clone()))
            .collect()
    }

    #[test]
    fn a_common_beginning_stands_once() {
        let rows = [
            row(20, &[77, 78], false),
            row(20, &[79], false),
            row(3, &[80], false),
        ];
        let found = packing(&rows, &[vec![21], vec![20], vec![3]]);
        assert_eq!(
            spans(&found),
            [
                (0..20, 0..0),
                (20..22, 0..20),
                (22..23, 0..20),
                (23..27, 0..0)
            ]
        );
        assert_eq!(found.positions[20..], [20, 21, 20, 0, 1, 2, 3]);
        assert_eq!(found.selection.tokens(), [21, 22, 26]);
    }

    /// The masked token is in no prefix, and counts as a position.
    #[test]
    fn a_masked_first_token_is_no_part_of_it() {
        let rows = [
            row(30, &[77], true),
            row(30, &[79], true),
            row(30, &[81], false),
        ];
        let found = packing(&rows, &[vec![30], vec![30], vec![30]]);
        assert_eq!(
            spans(&found),
            [
                (0..1, 0..0),
                (1..30, 0..0),
                (30..31, 1..30),
                (31..32, 1..30),
                (32..63, 0..0)
            ]
        );
        assert_eq!(found.positions[29..33], [29, 30, 30, 0]);
        assert_eq!(found.selection.tokens(), [30, 31, 62]);
    }

    /// Where one row is the beginning of the other, what is read of it stays its own.
    #[test]
    fn what_is_asked_for_is_never_shared() {
        let rows = [
            row(40, &[], false),
            row(40, &[5, 6], false),
            row(40, &[], false),
        ];
        let found = packing(&rows, &[vec![39], vec![30], vec![39]]);
        assert_eq!(found.selection.tokens().len(), 3);
        let of_tokens = found.selection.tokens().iter();
        let positions: Vec<usize> = of_tokens.map(|token| found.positions[*token]).collect();
        assert_eq!(positions, [39, 30, 39]);
        assert!(found.pieces.iter().all(|piece| piece.prefix.len() <= 30));
    }
}
