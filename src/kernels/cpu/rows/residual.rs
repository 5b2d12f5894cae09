//! Residual sums and the layer normalisation that follows them, as an extension of burn's CPU
//! backend: in one pass over the memory, where burn's own operations take one each.

use burn::backend::{Backend, Dispatch, Flex, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;

use crate::kernels::cpu::rows::change::{RowChange, changed, values};
use crate::kernels::cpu::rows::layer_norm::LayerNormWeights;

/// x + `residual`; both: `[rows, size]` → `[rows, size]`
pub(crate) fn add(x: Tensor<2>, residual: Tensor<2>) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as Residuals>::add(
        x.into_dispatch(),
        residual.into_dispatch(),
    ))
}

/// The normalisation of x. `x`: `[rows, size]`; `gamma`, `beta`: `[size]` → `[rows, size]`
pub(crate) fn layer_norm(x: Tensor<2>, gamma: Tensor<1>, beta: Tensor<1>, eps: f64) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as Residuals>::layer_norm(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        eps,
    ))
}

/// The normalisation of x + `residual`. `x`, `residual`: `[rows, size]`; `gamma`, `beta`: `[size]`
/// → `[rows, size]`
pub(crate) fn add_layer_norm(
    x: Tensor<2>,
    residual: Tensor<2>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    eps: f64,
) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as Residuals>::add_layer_norm(
        x.into_dispatch(),
        residual.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        eps,
    ))
}

/// The backends that have them; shapes as in the functions above. Float tensors are f32.
#[backend_extension(Flex)]
pub trait Residuals: Backend {
    fn add(x: FloatTensor<Self>, residual: FloatTensor<Self>) -> FloatTensor<Self>;
    fn layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        eps: f64,
    ) -> FloatTensor<Self>;
    fn add_layer_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        eps: f64,
    ) -> FloatTensor<Self>;
}

impl Residuals for Flex {
    fn add(x: FloatTensor<Self>, residual: FloatTensor<Self>) -> FloatTensor<Self> {
        let residual = residual.to_contiguous();
        changed(x, &Sum(values(&residual)))
    }

    fn layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        eps: f64,
    ) -> FloatTensor<Self> {
        let (gamma, beta) = (gamma.to_contiguous(), beta.to_contiguous());
        changed(x, &weights(&gamma, &beta, eps))
    }

    fn add_layer_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        eps: f64,
    ) -> FloatTensor<Self> {
        let [residual, gamma, beta] = [residual, gamma, beta].map(|tensor| tensor.to_contiguous());
        let sum = Sum(values(&residual));
        changed(x, &SumThenNorm(sum, weights(&gamma, &beta, eps)))
    }
}

/// `gamma`, `beta`: `[size]`, contiguous.
fn weights<'a>(
    gamma: &'a FloatTensor<Flex>,
    beta: &'a FloatTensor<Flex>,
    eps: f64,
) -> LayerNormWeights<'a> {
    #[expect(clippy::cast_possible_truncation, reason = "the model computes in f32")]
    let eps = eps as f32;
    LayerNormWeights {
        gamma: values(gamma),
        beta: values(beta),
        eps,
    }
}

/// Adds `[rows, size]`.
struct Sum<'a>(&'a [f32]);

impl RowChange for Sum<'_> {
    #[inline(always)]
    fn change(&self, first: usize, rows: &mut [f32], size: usize) {
        let residuals = &self.0[first * size..][..rows.len()];
        for (value, residual) in rows.iter_mut().zip(residuals) {
            *value += residual;
        }
    }
}

impl RowChange for LayerNormWeights<'_> {
    #[inline(always)]
    fn change(&self, _: usize, rows: &mut [f32], size: usize) {
        rows.chunks_exact_mut(size)
            .for_each(|row| self.normalise(row));
    }
}

struct SumThenNorm<'a>(Sum<'a>, LayerNormWeights<'a>);

impl RowChange for SumThenNorm<'_> {
    #[inline(always)]
    fn change(&self, first: usize, rows: &mut [f32], size: usize) {
        self.0.change(first, rows, size);
        self.1.change(first, rows, size);
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::module::layer_norm as burns;
    use burn::tensor::{Device, Distribution, Tensor};

    use super::*;

    const EPS: f64 = 1e-7;

    fn random(rows: usize, size: usize) -> Tensor<2> {
        Tensor::random(
            [rows, size],
            Distribution::Normal(3.0, 1.5),
            &Device::flex(),
        )
    }

    /// Sums in another order move the last digits, of summands up to 10.
    fn assert_near(found: Tensor<2>, expected: Tensor<2>, what: &str) {
        let values = |x: Tensor<2>| x.into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(found.dims(), expected.dims(), "{what}");
        for (found, expected) in values(found).into_iter().zip(values(expected)) {
            assert!(
                (found - expected).abs() < 1e-5 * expected.abs().max(1.0),
                "{what}: {found} {expected}"
            );
        }
    }

    /// Against burn's own operations, with rows that are no whole blocks and sizes that are no whole
    /// vectors, and with rows that begin within a tensor.
    #[test]
    fn as_burn_computes_it() {
        for (rows, size) in [(1, 1024), (17, 48), (40, 37), (33, 5)] {
            let what = format!("{rows} x {size}");
            let parameters = random(2, size);
            let [gamma, beta] = [0, 1].map(|at| parameters.clone().narrow(0, at, 1).squeeze_dim(0));
            let norm = |x: Tensor<2>| burns(x, gamma.clone(), Some(beta.clone()), EPS);
            let x = random(rows + 1, size).narrow(0, 1, rows);
            let residual = random(rows + 2, size).narrow(0, 2, rows);
            let sum = x.clone() + residual.clone();

            let found = layer_norm(x.clone(), gamma.clone(), beta.clone(), EPS);
            assert_near(found, norm(x.clone()), &what);
            let found = add_layer_norm(
                x.clone(),
                residual.clone(),
                gamma.clone(),
                beta.clone(),
                EPS,
            );
            assert_near(found, norm(sum.clone()), &what);
            assert_eq!(add(x, residual).into_data(), sum.into_data(), "{what}");
        }
    }

    /// The textbook's example: of 1, 2, 3, 4, mean 2.5 and variance 1.25.
    #[test]
    fn four_values() {
        let device = Device::flex();
        let x = Tensor::from_floats([[1.0, 2.0, 3.0, 4.0]], &device);
        let (gamma, beta) = (Tensor::ones([4], &device), Tensor::zeros([4], &device));
        let expected = Tensor::<2>::from_floats(
            [[-1.341_640_8, -0.447_213_6, 0.447_213_6, 1.341_640_8]],
            &device,
        );
        assert_near(layer_norm(x, gamma, beta, 0.0), expected, "four values");
    }
}
