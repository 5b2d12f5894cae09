//! Tokens that go through a part of a layer some at a time.

use std::ops::Range;

use burn::tensor::Tensor;

use crate::kernels::is_on_gpu;
use crate::model::linear::Linear;

/// Tokens that go through at once on a CPU, at least: what lies between the products of a
/// feed-forward part is wider than all else. It would determine the peak of the memory, and the
/// matrices of so few tokens stay in the last cache.
const TOKENS: usize = 384;

/// `compute`, of which `layer` is a part, for parts of `x` `[tokens, hidden]` → `[tokens, hidden]`.
/// All at once on a GPU, and where a token's result depends on the batch.
pub(super) fn in_parts_of_tokens(
    x: Tensor<2>,
    layer: &Linear,
    compute: impl Fn(Tensor<2>) -> Tensor<2>,
) -> Tensor<2> {
    let [tokens, hidden] = x.dims();
    if layer.depends_on_batch() || is_on_gpu(&x) {
        return compute(x);
    }
    let unit = layer.group() * rayon::current_num_threads();
    let mut parts: Vec<_> = parts(tokens, unit)
        .map(|part| compute(x.clone().slice([part, 0..hidden])))
        .collect();
    if parts.len() == 1 {
        return parts.remove(0);
    }
    Tensor::cat(parts, 0)
}

/// Parts of [`TOKENS`] or little more, as even as can be. All but the last are multiples of `unit`,
/// a group for every thread: no thread waits for another's last group.
fn parts(tokens: usize, unit: usize) -> impl Iterator<Item = Range<usize>> {
    let (units, most) = (tokens.div_ceil(unit), TOKENS.div_ceil(unit));
    let count = units.div_ceil(most).max(1);
    let start = move |at: usize| (at * units / count * unit).min(tokens);
    (0..count).map(move |at| start(at)..start(at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_in_one_part() {
        for (tokens, unit) in [
            (0, 24),
            (1, 24),
            (384, 24),
            (1025, 192),
            (2048, 24),
            (8000, 64),
        ] {
            let found: Vec<_> = parts(tokens, unit).collect();
            let what = format!("{tokens} tokens: {found:?}");
            assert_eq!(found[0].start, 0, "{what}");
            assert_eq!(found.last().map(|part| part.end), Some(tokens), "{what}");
            for pair in found.windows(2) {
                assert_eq!(pair[0].end, pair[1].start, "{what}");
                assert!(pair[0].end.is_multiple_of(unit), "{what}");
            }
            let sizes = || found.iter().map(|part| part.len().div_ceil(unit));
            let (least, most) = (sizes().min(), sizes().max());
            assert!(most.unwrap_or(0) - least.unwrap_or(0) <= 1, "{what}");
            assert!(most.unwrap_or(0) * unit < TOKENS + unit, "{what}");
        }
        // Six equal parts would be of 342 tokens each, 15 groups for a thread and 14 for the other.
        let sizes = parts(2048, 24).map(|part| part.len());
        assert_eq!(sizes.collect::<Vec<_>>(), [336, 336, 360, 336, 336, 344]);
    }
}
