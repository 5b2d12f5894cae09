//! Where a model gets its parameters.

use burn::tensor::Tensor;

use crate::kernels::cpu::linear::LinearWeights;
use crate::support::error::Result;

/// A source of parameters: a checkpoint, or an initialiser. A model asks for each name once.
///
/// # Errors
/// All methods with a result: a parameter that is missing, has another shape or cannot be read.
pub trait Parameters {
    /// Whether a parameter is there.
    fn has(&self, name: &str) -> bool;

    /// A tensor of exactly this shape.
    fn tensor<const D: usize>(&mut self, name: &str, shape: [usize; D]) -> Result<Tensor<D>>;

    /// A table `[rows, columns]` to select rows from, in the precision in which it is stored.
    fn table(&mut self, name: &str, shape: [usize; 2]) -> Result<Tensor<2>> {
        self.tensor(name, shape)
    }

    /// The weights of a linear layer, `[output, input]`, in the form that the device multiplies.
    fn matrix(&mut self, name: &str, shape: [usize; 2]) -> Result<Matrix> {
        Ok(Matrix::Plain(self.tensor(name, shape)?))
    }
}

/// The weights of a linear layer, `[output, input]`.
#[expect(
    clippy::large_enum_variant,
    reason = "tensors are handles, and one lives at a time"
)]
pub enum Matrix {
    Plain(Tensor<2>),
    Packed(LinearWeights),
}
