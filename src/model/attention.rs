//! Disentangled self-attention (DeBERTa, arXiv:2006.03654, equation 4) over packed rows.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Int, Tensor, TensorData, activation};

use super::config::{EncoderConfig, PositionTerms};
use super::kernel::attention::{fused, is_fused};
#[cfg(feature = "_gpu")]
use super::kernel::cube::attention::Kept;
use super::layers::Linear;
use super::position::RelativeRows;
use super::{Parameters, TokenRows};
use crate::error::Result;

/// What the attention scores are made from besides tensors; one per batch, shared by all layers.
#[derive(Debug, Clone)]
pub struct Geometry {
    pub heads: usize,
    /// √(head size · number of terms), rounded to f32 as upstream.
    pub scale: f32,
    pub terms: PositionTerms,
    /// Ends of the packed rows; see [`TokenRows`].
    pub offsets: Arc<[usize]>,
    pub relative: Option<Arc<RelativeRows>>,
    /// What a GPU has of this already.
    #[cfg(feature = "_gpu")]
    pub kept: Kept,
}

impl Geometry {
    pub fn new(config: &EncoderConfig, rows: &TokenRows) -> Self {
        let terms = config.relative.as_ref().map_or(PositionTerms::None, |r| r.terms);
        let head_size = config.hidden_size / config.heads;
        #[expect(clippy::cast_precision_loss, reason = "a head has at most some thousand dimensions")]
        let scale = ((head_size * terms.count()) as f32).sqrt();
        let relative = config.relative.as_ref().map(|r| Arc::new(RelativeRows::new(r, rows.longest())));
        Self {
            heads: config.heads,
            scale,
            terms,
            offsets: rows.offsets().into(),
            relative,
            #[cfg(feature = "_gpu")]
            kept: Kept::default(),
        }
    }

    /// Tokens of the longest row.
    pub fn longest(&self) -> usize {
        self.offsets.windows(2).map(|ends| ends[1] - ends[0]).max().unwrap_or(0)
    }
}

/// Tokens of each packed row whose output is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Positions within their rows, row by row.
    positions: Vec<usize>,
    /// Row r's are `positions[offsets[r]..offsets[r + 1]]`.
    offsets: Vec<usize>,
    /// The same tokens by their place among all.
    places: Vec<usize>,
}

impl Wanted {
    /// `positions`: for each of `rows`, positions within it; none for rows after the last.
    pub fn new<'a>(rows: &TokenRows, positions: impl IntoIterator<Item = &'a [usize]>) -> Self {
        let mut wanted = Self { positions: Vec::new(), offsets: vec![0], places: Vec::new() };
        for (ends, positions) in rows.offsets().windows(2).zip(positions.into_iter().chain(std::iter::repeat(&[][..]))) {
            wanted.positions.extend_from_slice(positions);
            wanted.places.extend(positions.iter().map(|p| ends[0] + p));
            wanted.offsets.push(wanted.positions.len());
        }
        wanted
    }

    /// `[tokens, hidden]` → `[wanted, hidden]`
    pub fn of(&self, x: Tensor<2>) -> Tensor<2> {
        let places: Vec<i64> = self.places.iter().map(|place| i64::try_from(*place).unwrap_or(i64::MAX)).collect();
        let count = places.len();
        let index = Tensor::<1, Int>::from_data(TensorData::new(places, [count]), &x.device());
        x.select(0, index)
    }

    /// Where the wanted tokens of row `r` stand among all wanted ones, and their positions in the row.
    pub fn row(&self, r: usize) -> (usize, &[usize]) {
        (self.offsets[r], &self.positions[self.offsets[r]..self.offsets[r + 1]])
    }

    pub fn count(&self) -> usize {
        self.positions.len()
    }
}

/// Projected relative positions of one layer, `[2 · span, hidden]` each.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "one lives per layer at a time; tensors are handles")]
pub enum Positions {
    None,
    C2p { keys: Tensor<2> },
    P2c { queries: Tensor<2> },
    Both { keys: Tensor<2>, queries: Tensor<2> },
}

/// Projections of the position table without `share_att_key`; those that the terms need.
#[derive(Module, Debug)]
struct OwnProjections {
    key: Option<Linear>,
    query: Option<Linear>,
}

/// `DisentangledSelfAttention` in transformers' `modeling_deberta_v2.py`.
#[derive(Module, Debug)]
pub struct SelfAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    /// Absent with `share_att_key`: the content's own projections serve, with their biases.
    own: Option<OwnProjections>,
    /// Computed once where no gradient is wanted: they do not depend on the input.
    #[module(skip)]
    positions: Option<Positions>,
}

impl SelfAttention {
    /// `table`: `[2 · span, hidden]`, with relative positions.
    pub fn load(from: &mut impl Parameters, name: &str, config: &EncoderConfig, table: Option<&Tensor<2>>) -> Result<Self> {
        let size = config.hidden_size;
        let mut linear = |part: &str| Linear::load(from, &format!("{name}.{part}"), size, size);
        let (query, key, value) = (linear("query_proj")?, linear("key_proj")?, linear("value_proj")?);
        let own = match &config.relative {
            Some(relative) if !relative.shared_keys => Some(OwnProjections {
                key: relative.terms.c2p().then(|| linear("pos_key_proj")).transpose()?,
                query: relative.terms.p2c().then(|| linear("pos_query_proj")).transpose()?,
            }),
            _ => None,
        };
        let mut attention = Self { query, key, value, own, positions: None };
        if let (Some(relative), Some(table)) = (&config.relative, table.filter(|table| !table.is_autodiff())) {
            attention.positions = Some(attention.project(table, relative.terms));
        }
        Ok(attention)
    }

    /// `x`: `[tokens, hidden]`; `table`: `[2 · span, hidden]` → `[tokens, hidden]`, or `[wanted, hidden]`.
    ///
    /// The fused operation where the device has it and no gradient is wanted, else [`plain`].
    pub fn forward(&self, x: &Tensor<2>, table: Option<&Tensor<2>>, geometry: &Geometry, wanted: Option<&Arc<Wanted>>) -> Tensor<2> {
        let positions = match (&self.positions, table) {
            (Some(positions), _) => positions.clone(),
            (None, Some(table)) => self.project(table, geometry.terms),
            (None, None) => Positions::None,
        };
        let (key, value) = (self.key.forward(x.clone()), self.value.forward(x.clone()));
        if is_fused(x, geometry) {
            let query = self.query.forward(wanted.map_or_else(|| x.clone(), |wanted| wanted.of(x.clone())));
            return fused(query, key, value, positions, geometry, wanted, self.query.is_int8());
        }
        let context = plain(&self.query.forward(x.clone()), &key, &value, &positions, geometry);
        wanted.map_or_else(|| context.clone(), |wanted| wanted.of(context.clone()))
    }

    /// The table as keys and queries, as far as the terms need them.
    fn project(&self, table: &Tensor<2>, terms: PositionTerms) -> Positions {
        let (key, query) = match &self.own {
            None => (Some(&self.key), Some(&self.query)),
            Some(own) => (own.key.as_ref(), own.query.as_ref()),
        };
        let keys = key.filter(|_| terms.c2p()).map(|key| key.forward(table.clone()));
        let queries = query.filter(|_| terms.p2c()).map(|query| query.forward(table.clone()));
        match (keys, queries) {
            (None, None) => Positions::None,
            (Some(keys), None) => Positions::C2p { keys },
            (None, Some(queries)) => Positions::P2c { queries },
            (Some(keys), Some(queries)) => Positions::Both { keys, queries },
        }
    }
}

/// Attention of every packed row over itself. `query`, `key`, `value`: `[tokens, hidden]`, heads side
/// by side → `[tokens, hidden]`.
///
/// The definition, in tensor operations: the oracle of every fused version, and the path of devices
/// that have none.
///
/// The position-to-content term uses the key's content against the projected table at the same index
/// as content-to-position: upstream gathers at −bucket(j−i) and transposes, and the bucket function is odd.
pub fn plain(query: &Tensor<2>, key: &Tensor<2>, value: &Tensor<2>, positions: &Positions, geometry: &Geometry) -> Tensor<2> {
    let rows: Vec<Tensor<2>> =
        geometry.offsets.windows(2).filter(|ends| ends[0] < ends[1]).map(|ends| plain_row(query, key, value, positions, geometry, ends[0]..ends[1])).collect();
    Tensor::cat(rows, 0)
}

fn plain_row(query: &Tensor<2>, key: &Tensor<2>, value: &Tensor<2>, positions: &Positions, geometry: &Geometry, row: std::ops::Range<usize>) -> Tensor<2> {
    let (heads, len, hidden) = (geometry.heads, row.len(), query.dims()[1]);
    // [rows, hidden] → [heads, rows, head size]
    let split = |t: Tensor<2>| {
        let n = t.dims()[0];
        t.reshape([n, heads, hidden / heads]).swap_dims(0, 1)
    };
    let q = split(query.clone().slice([row.clone(), 0..hidden]));
    let k = split(key.clone().slice([row.clone(), 0..hidden]));
    let v = split(value.clone().slice([row, 0..hidden]));
    let mut scores = q.clone().matmul(k.clone().transpose());
    let (keys, queries) = match positions {
        Positions::None => (None, None),
        Positions::C2p { keys } => (Some(keys), None),
        Positions::P2c { queries } => (None, Some(queries)),
        Positions::Both { keys, queries } => (Some(keys), Some(queries)),
    };
    if let Some(relative) = &geometry.relative {
        // Row of the table by query position − key position, from −(len − 1) to len − 1.
        let by_distance = relative.within(len);
        if let Some(keys) = keys {
            scores = scores + by_offset(&q, split(table_rows(keys, by_distance.iter().rev())));
        }
        if let Some(queries) = queries {
            scores = scores + by_offset(&k, split(table_rows(queries, by_distance.iter()))).transpose();
        }
    }
    let weights = activation::softmax(scores / geometry.scale, 2);
    weights.matmul(v).swap_dims(0, 1).reshape([len, hidden])
}

/// The given rows of a table, `[rows, hidden]`.
fn table_rows<'a>(table: &Tensor<2>, rows: impl Iterator<Item = &'a u32>) -> Tensor<2> {
    let rows: Vec<i64> = rows.map(|row| i64::from(*row)).collect();
    let count = rows.len();
    table.clone().select(0, Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &table.device()))
}

/// `x`: `[heads, len, size]`; `table`: `[heads, 2·len − 1, size]`, by offset + len − 1 →
/// `[heads, len, len]` with x(i) · table(j − i) at (i, j).
///
/// Row i of the products is wanted from column len − 1 − i on. Cut one column shorter, the rows of
/// the flat matrix shift by just that (Music Transformer, arXiv:1809.04281, 3.4.1): no gather.
fn by_offset(x: &Tensor<3>, table: Tensor<3>) -> Tensor<3> {
    let [heads, len, _] = x.dims();
    let products = x.clone().matmul(table.transpose());
    if len == 1 {
        return products;
    }
    let (row, width) = (2 * len - 1, 2 * len - 2);
    let flat = products.reshape([heads, len * row]);
    flat.slice([0..heads, len - 1..len - 1 + len * width]).reshape([heads, len, width]).slice([0..heads, 0..len, 0..len])
}
