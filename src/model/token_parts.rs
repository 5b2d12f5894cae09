//! Tokens that go through a part of a layer some at a time.

use std::ops::Range;

use burn::tensor::Tensor;

use crate::kernels::cpu::row_blocks::evenly;
use crate::kernels::is_on_gpu;
use crate::model::linear::Linear;

/// About as many tokens go through at once on a CPU: what lies between the products of a
/// feed-forward part is wider than all else. It would determine the peak of the memory, and the
/// matrices of so few tokens stay in the last cache.
const TOKENS: usize = 384;
/// But so many for each thread: every part reads all weights.
const OF_THREAD: usize = 32;

/// `compute` for parts of `x` `[tokens, hidden]` → `[tokens, hidden]`; all at once on a GPU, and
/// where a token's result depends on the batch. `layer` is one of the products that `compute` takes.
pub(super) fn in_parts_of_tokens(
    x: Tensor<2>,
    layer: &Linear,
    compute: impl Fn(Tensor<2>) -> Tensor<2>,
) -> Tensor<2> {
    let [tokens, hidden] = x.dims();
    let parts = parts(tokens, layer.group(), rayon::current_num_threads());
    if parts.len() == 1 || layer.depends_on_batch() || is_on_gpu(&x) {
        return compute(x);
    }
    let part = |part| compute(x.clone().slice([part, 0..hidden]));
    Tensor::cat(parts.into_iter().map(part).collect(), 0)
}

/// Parts as even as can be; all but the last are of whole groups of rows for every thread, so that
/// no thread waits for another's last group.
fn parts(tokens: usize, group: usize, threads: usize) -> Vec<Range<usize>> {
    let unit = group * threads;
    let most = TOKENS.max(OF_THREAD * threads).div_ceil(unit);
    let count = tokens.div_ceil(unit).div_ceil(most).max(1);
    evenly(tokens, unit, count).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::Arc;

    use burn::tensor::Device;

    use super::*;
    use crate::kernels::cpu::int8::{Int8Weights, Outliers};
    use crate::kernels::cpu::linear::LinearWeights;
    use crate::model::parameters::Matrix;

    #[test]
    fn every_token_is_in_one_part() {
        for (tokens, group, threads) in [
            (0, 12, 2),
            (1, 12, 2),
            (384, 12, 2),
            (1025, 12, 16),
            (2048, 12, 2),
            (2048, 12, 64),
            (8000, 32, 2),
            (8000, 1, 3),
        ] {
            let unit = group * threads;
            let found = parts(tokens, group, threads);
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
            let whole = most.unwrap_or(0) * unit;
            assert!(whole < TOKENS.max(OF_THREAD * threads) + unit, "{what}");
        }
        // Six equal parts would be of 342 tokens each, 15 groups for a thread and 14 for the other.
        let sizes: Vec<usize> = parts(2048, 12, 2).iter().map(Range::len).collect();
        assert_eq!(sizes, [336, 336, 360, 336, 336, 344]);
    }

    #[test]
    fn parts_go_through_in_order_and_alone_where_the_batch_counts() {
        let numbers = Tensor::<1, burn::tensor::Int>::arange(0..8000, &Device::flex())
            .float()
            .reshape([8000, 1]);
        for (outliers, in_parts) in [(Outliers::ByRow, true), (Outliers::ByBatch, false)] {
            let read = |_, weights: &mut [f32]| {
                weights.fill(1.0);
                Ok(())
            };
            let weights = Int8Weights::pack(1, 1, outliers, read).unwrap();
            let layer = Linear::new(Matrix::Packed(LinearWeights::Int8(Arc::new(weights))), None);
            let sizes = RefCell::new(Vec::new());
            let found = in_parts_of_tokens(numbers.clone(), &layer, |x| {
                sizes.borrow_mut().push(x.dims()[0]);
                x * 2.0
            });
            assert_eq!(found.into_data(), (numbers.clone() * 2.0).into_data());
            // Of 250 threads or more all tokens are one part.
            let expected = in_parts && rayon::current_num_threads() < 200;
            assert_eq!(sizes.borrow().len() > 1, expected, "{outliers:?}");
        }
    }
}
