//! The model: tensors in, logits out. Knows nothing of files, benchmarks or reports.

pub mod attention;
pub mod config;
pub mod encoder;
pub mod heads;
pub mod layers;

pub use config::{EncoderConfig, PairConfig};
pub use heads::pairwise::PairModel;

use burn::tensor::Tensor;

use crate::kernels::cpu::linear::Packed;
use crate::support::error::Result;

/// Where a model gets its parameters: a checkpoint, or an initialiser. Each name is asked for once.
pub trait Parameters {
    /// `D` dimensions with exactly the given sizes.
    fn tensor<const D: usize>(&mut self, name: &str, shape: [usize; D]) -> Result<Tensor<D>>;

    /// Rows to choose from, in the precision in which they are kept.
    fn table(&mut self, name: &str, shape: [usize; 2]) -> Result<Tensor<2>> {
        self.tensor(name, shape)
    }

    /// The weights of a linear layer, `[output, input]`, in the form in which the device multiplies
    /// them.
    fn matrix(&mut self, name: &str, shape: [usize; 2]) -> Result<Matrix> {
        Ok(Matrix::Plain(self.tensor(name, shape)?))
    }
}

/// The weights of a linear layer.
#[expect(
    clippy::large_enum_variant,
    reason = "tensors are handles, and one lives at a time"
)]
pub enum Matrix {
    /// `[output, input]`
    Plain(Tensor<2>),
    Packed(Packed),
}

/// Token rows of different lengths laid end to end, without padding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenRows {
    ids: Vec<u32>,
    /// Row r is `ids[offsets[r]..offsets[r + 1]]`; one entry more than rows.
    offsets: Vec<usize>,
}

impl TokenRows {
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

    /// With rows of padding after them, up to so many tokens in all. Their length is that of a
    /// tile: nobody looks at them, and their attention is to cost little.
    #[must_use]
    pub fn padded(mut self, tokens: usize) -> Self {
        while self.ids.len() < tokens {
            let row = (tokens - self.ids.len()).min(32);
            self.ids.resize(self.ids.len() + row, 0);
            self.offsets.push(self.ids.len());
        }
        self
    }

    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    pub fn rows(&self) -> impl Iterator<Item = &[u32]> {
        self.offsets
            .windows(2)
            .map(|ends| &self.ids[ends[0]..ends[1]])
    }

    pub fn longest(&self) -> usize {
        self.rows().map(<[u32]>::len).max().unwrap_or(0)
    }
}
