//! The tiles of queries that cubes compute.

use crate::kernels::attention::QuerySelection;
use crate::kernels::causal_attention::Piece;

/// Numbers of a tile, see [`query_tiles`].
pub(super) const FIELDS: usize = 6;

/// The tiles of queries, `[tiles, FIELDS]`: the index of the first token of their piece's prefix,
/// the number of its tokens, the index of the piece's first token, the index of the first query,
/// its place among the keys of prefix and piece, and the number of queries.
pub(super) fn query_tiles(
    pieces: &[Piece],
    selection: Option<&QuerySelection>,
    tile: usize,
) -> Vec<[usize; FIELDS]> {
    let mut tiles: Vec<[usize; FIELDS]> = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let (prefix, tokens) = (&piece.prefix, &piece.tokens);
        let of_queries = |first: usize, position: usize, count: usize| {
            let place = prefix.len() + position;
            [
                prefix.start,
                prefix.len(),
                tokens.start,
                first,
                place,
                count,
            ]
        };
        match selection {
            None => tiles.extend((0..tokens.len()).step_by(tile).map(|position| {
                let count = tile.min(tokens.len() - position);
                of_queries(tokens.start + position, position, count)
            })),
            Some(selection) => {
                let (first, positions) = selection.row(at);
                let positions = positions.iter().enumerate();
                tiles.extend(positions.map(|(n, position)| of_queries(first + n, *position, 1)));
            }
        }
    }
    tiles
}
