//! First tokens of rows that are masked, as `DebertaV2Model` treats them: zero after the embeddings
//! and after the convolution, seen by no other token, and attending to all of their row alike. (The
//! scores of a masked query are all set to one number, and the softmax of equal scores is uniform.)
//!
//! In a [`Geometry`] such a token is a row of its own before the rest of its row.

use burn::tensor::Tensor;

use crate::kernels::attention::{Geometry, QuerySelection};

/// The masked tokens of `x` `[tokens, hidden]` become zero.
pub(super) fn zeroed(x: Tensor<2>, geometry: &Geometry) -> Tensor<2> {
    let hidden = x.dims()[1];
    let zero = Tensor::zeros([1, hidden], (&x.device(), x.dtype()));
    let token_of = |row: &usize| geometry.offsets[*row];
    geometry
        .masked
        .iter()
        .map(token_of)
        .fold(x, |x, token| put(x, token, zero.clone()))
}

/// The context of masked tokens becomes the mean of their row's values. `context`: `[queries,
/// hidden]`, the tokens of `selection` or all; `value`: `[tokens, hidden]`.
pub(super) fn averaged(
    context: Tensor<2>,
    value: &Tensor<2>,
    geometry: &Geometry,
    selection: Option<&QuerySelection>,
) -> Tensor<2> {
    let hidden = context.dims()[1];
    geometry.masked.iter().fold(context, |context, row| {
        let (start, end) = (geometry.offsets[*row], geometry.offsets[*row + 2]);
        let query = match selection.map(|selection| selection.row(*row)) {
            None => start,
            Some((query, [_, ..])) => query,
            Some((_, [])) => return context,
        };
        let mean = value.clone().slice([start..end, 0..hidden]).mean_dim(0);
        put(context, query, mean)
    })
}

/// `row`: `[1, hidden]`
fn put(x: Tensor<2>, at: usize, row: Tensor<2>) -> Tensor<2> {
    let hidden = x.dims()[1];
    x.slice_assign([at..at + 1, 0..hidden], row)
}
