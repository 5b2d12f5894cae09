//! Tokens that go through a part of a layer some at a time.

use burn::tensor::Tensor;

use crate::kernels::is_on_gpu;

/// Tokens that go through at once on a CPU, at least: what lies between the products of a
/// feed-forward part is wider than all else. It would determine the peak of the memory, and the
/// matrices of so few tokens stay in the last cache.
const TOKENS: usize = 384;
/// Rows that no thread divides: the largest group of a product.
const GROUP: usize = 32;

/// `compute` for parts of `x` `[tokens, hidden]`, as even as can be and with work for every thread
/// → `[tokens, hidden]`. All at once on a GPU, and where a token's result `depends_on_batch`.
pub(super) fn in_parts_of_tokens(
    x: Tensor<2>,
    depends_on_batch: bool,
    compute: impl Fn(Tensor<2>) -> Tensor<2>,
) -> Tensor<2> {
    let [tokens, hidden] = x.dims();
    let most = TOKENS.next_multiple_of(GROUP * rayon::current_num_threads());
    if tokens <= most || depends_on_batch || is_on_gpu(&x) {
        return compute(x);
    }
    let size = tokens.div_ceil(tokens.div_ceil(most));
    let parts = (0..tokens).step_by(size).map(|from| {
        let part = from..(from + size).min(tokens);
        compute(x.clone().slice([part, 0..hidden]))
    });
    Tensor::cat(parts.collect(), 0)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use burn::tensor::Device;

    use super::*;

    #[test]
    fn every_token_goes_through_once_and_in_order() {
        let numbers = |tokens: usize| {
            let end = i64::try_from(tokens).unwrap();
            Tensor::<1, burn::tensor::Int>::arange(0..end, &Device::flex())
                .float()
                .reshape([tokens, 1])
        };
        for tokens in [1, 384, 1025, 8000] {
            let sizes = RefCell::new(Vec::new());
            let found = in_parts_of_tokens(numbers(tokens), false, |x| {
                sizes.borrow_mut().push(x.dims()[0]);
                x * 2.0
            });
            assert_eq!(found.into_data(), (numbers(tokens) * 2.0).into_data());
            let sizes = sizes.into_inner();
            let least = sizes.iter().min().unwrap();
            assert!(
                sizes.iter().max().unwrap() - least < sizes.len(),
                "{sizes:?}"
            );
        }
        let whole = in_parts_of_tokens(numbers(5000), true, |x| {
            assert_eq!(x.dims(), [5000, 1]);
            x
        });
        assert_eq!(whole.dims(), [5000, 1]);
    }
}
