//! The disentangled attention as an operation: what it takes, and the trait of devices that have it
//! fused.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use burn::backend::{Backend, backend_extension, tensor::FloatTensor};
use burn::tensor::{Int, Tensor, TensorData};

use crate::kernels::relative_positions::{PositionTerms, RelativeRows};

/// What the attention scores are made from besides tensors; one per batch, shared by all layers.
#[derive(Debug, Clone)]
pub struct Geometry {
    pub heads: usize,
    /// √(head size · number of terms), rounded to f32 as upstream.
    pub scale: f32,
    pub terms: PositionTerms,
    /// Ends of the packed rows; row r is `offsets[r]..offsets[r + 1]`.
    pub offsets: Arc<[usize]>,
    pub relative: Option<Arc<RelativeRows>>,
    /// What the device has of this already.
    pub uploaded: Uploaded,
}

impl Geometry {
    /// Tokens of the longest row.
    pub fn longest(&self) -> usize {
        self.offsets
            .windows(2)
            .map(|ends| ends[1] - ends[0])
            .max()
            .unwrap_or(0)
    }
}

/// What a device keeps of a [`Geometry`] from one layer to the next, in a form that only its own
/// code knows.
#[derive(Clone, Default)]
pub struct Uploaded(Arc<OnceLock<Box<dyn Any + Send + Sync>>>);

impl Uploaded {
    /// What is kept; `upload` makes it the first time. Every caller asks for the same type.
    pub fn get_or_upload<T: Clone + Send + Sync + 'static>(&self, upload: impl Fn() -> T) -> T {
        let kept = self.0.get_or_init(|| Box::new(upload()));
        kept.downcast_ref::<T>().cloned().unwrap_or_else(upload)
    }
}

impl fmt::Debug for Uploaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uploaded")
            .field("done", &self.0.get().is_some())
            .finish()
    }
}

/// Tokens of each packed row whose output is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuerySelection {
    /// PositionProjections within their rows, row by row.
    positions: Vec<usize>,
    /// Row r's are `positions[offsets[r]..offsets[r + 1]]`.
    offsets: Vec<usize>,
    /// The same tokens by their place among all.
    places: Vec<usize>,
}

impl QuerySelection {
    /// `offsets`: ends of the packed rows; `positions`: for each of them, positions within it; none
    /// for rows after the last.
    pub fn new<'a>(offsets: &[usize], positions: impl IntoIterator<Item = &'a [usize]>) -> Self {
        let mut wanted = Self {
            positions: Vec::new(),
            offsets: vec![0],
            places: Vec::new(),
        };
        for (ends, positions) in offsets
            .windows(2)
            .zip(positions.into_iter().chain(std::iter::repeat(&[][..])))
        {
            wanted.positions.extend_from_slice(positions);
            wanted.places.extend(positions.iter().map(|p| ends[0] + p));
            wanted.offsets.push(wanted.positions.len());
        }
        wanted
    }

    /// `[tokens, hidden]` → `[wanted, hidden]`
    pub fn of(&self, x: Tensor<2>) -> Tensor<2> {
        let places: Vec<i64> = self
            .places
            .iter()
            .map(|place| i64::try_from(*place).unwrap_or(i64::MAX))
            .collect();
        let count = places.len();
        let index = Tensor::<1, Int>::from_data(TensorData::new(places, [count]), &x.device());
        x.select(0, index)
    }

    /// Where the wanted tokens of row `r` stand among all wanted ones, and their positions in the
    /// row.
    pub fn row(&self, r: usize) -> (usize, &[usize]) {
        (
            self.offsets[r],
            &self.positions[self.offsets[r]..self.offsets[r + 1]],
        )
    }

    pub fn count(&self) -> usize {
        self.positions.len()
    }
}

/// Projected relative positions of one layer, `[2 · span, hidden]` each.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "one lives per layer at a time; tensors are handles"
)]
pub enum PositionProjections {
    None,
    C2p { keys: Tensor<2> },
    P2c { queries: Tensor<2> },
    Both { keys: Tensor<2>, queries: Tensor<2> },
}

/// The backends that have a fused version. Float tensors are f32 on a CPU.
#[backend_extension(Flex, Cube: cfg(feature = "_gpu"))]
#[expect(
    clippy::too_many_arguments,
    reason = "an extension takes tensors one by one"
)]
pub trait DisentangledAttention: Backend {
    /// `query`: `[tokens or wanted, hidden]`; `key`, `value`: `[tokens, hidden]`; `pos_keys`,
    /// `pos_queries`: `[2 · span, hidden]`, read as far as `geometry.terms` says.
    fn disentangled_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        pos_keys: FloatTensor<Self>,
        pos_queries: FloatTensor<Self>,
        geometry: Geometry,
        wanted: Option<Arc<QuerySelection>>,
        rounded: bool,
    ) -> FloatTensor<Self>;
}
