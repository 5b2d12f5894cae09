//! Disentangled self-attention (DeBERTa, arXiv:2006.03654, equation 4) over packed rows.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Int, Tensor, TensorData, activation};

use crate::kernels::attention::{
    Geometry, PositionProjections, QuerySelection, Uploaded, fused, is_fused,
};
use crate::kernels::relative_positions::PositionTerms;
use crate::kernels::relative_positions::RelativeRows;
use crate::model::config::EncoderConfig;
use crate::model::layers::Linear;
use crate::model::{Parameters, TokenRows};
use crate::support::error::Result;

/// What the attention of a batch is made from, besides tensors.
pub fn geometry(config: &EncoderConfig, rows: &TokenRows) -> Geometry {
    let terms = config
        .relative
        .as_ref()
        .map_or(PositionTerms::None, |r| r.terms);
    let head_size = config.hidden_size / config.heads;
    #[expect(
        clippy::cast_precision_loss,
        reason = "a head has at most some thousand dimensions"
    )]
    let scale = ((head_size * terms.count()) as f32).sqrt();
    let relative = config
        .relative
        .as_ref()
        .map(|r| Arc::new(RelativeRows::new(r, rows.longest())));
    Geometry {
        heads: config.heads,
        scale,
        terms,
        offsets: rows.offsets().into(),
        relative,
        uploaded: Uploaded::default(),
    }
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
    positions: Option<PositionProjections>,
}

impl SelfAttention {
    /// `table`: `[2 · span, hidden]`, with relative positions.
    pub fn load(
        from: &mut impl Parameters,
        name: &str,
        config: &EncoderConfig,
        table: Option<&Tensor<2>>,
    ) -> Result<Self> {
        let size = config.hidden_size;
        let mut linear = |part: &str| Linear::load(from, &format!("{name}.{part}"), size, size);
        let (query, key, value) = (
            linear("query_proj")?,
            linear("key_proj")?,
            linear("value_proj")?,
        );
        let own = match &config.relative {
            Some(relative) if !relative.shared_keys => Some(OwnProjections {
                key: relative
                    .terms
                    .c2p()
                    .then(|| linear("pos_key_proj"))
                    .transpose()?,
                query: relative
                    .terms
                    .p2c()
                    .then(|| linear("pos_query_proj"))
                    .transpose()?,
            }),
            _ => None,
        };
        let mut attention = Self {
            query,
            key,
            value,
            own,
            positions: None,
        };
        if let (Some(relative), Some(table)) =
            (&config.relative, table.filter(|table| !table.is_autodiff()))
        {
            attention.positions = Some(attention.project(table, relative.terms));
        }
        Ok(attention)
    }

    /// `x`: `[tokens, hidden]`; `table`: `[2 · span, hidden]` → `[tokens, hidden]`, or `[wanted,
    /// hidden]`.
    ///
    /// The fused operation where the device has it and no gradient is wanted, else [`plain`].
    pub fn forward(
        &self,
        x: &Tensor<2>,
        table: Option<&Tensor<2>>,
        geometry: &Geometry,
        wanted: Option<&Arc<QuerySelection>>,
    ) -> Tensor<2> {
        let positions = match (&self.positions, table) {
            (Some(positions), _) => positions.clone(),
            (None, Some(table)) => self.project(table, geometry.terms),
            (None, None) => PositionProjections::None,
        };
        let (key, value) = (self.key.forward(x.clone()), self.value.forward(x.clone()));
        if is_fused(x, geometry) {
            let query = self
                .query
                .forward(wanted.map_or_else(|| x.clone(), |wanted| wanted.of(x.clone())));
            return fused(
                query,
                key,
                value,
                positions,
                geometry,
                wanted,
                self.query.is_int8(),
            );
        }
        let context = plain(
            &self.query.forward(x.clone()),
            &key,
            &value,
            &positions,
            geometry,
        );
        wanted.map_or_else(|| context.clone(), |wanted| wanted.of(context.clone()))
    }

    /// The table as keys and queries, as far as the terms need them.
    fn project(&self, table: &Tensor<2>, terms: PositionTerms) -> PositionProjections {
        let (key, query) = match &self.own {
            None => (Some(&self.key), Some(&self.query)),
            Some(own) => (own.key.as_ref(), own.query.as_ref()),
        };
        let keys = key
            .filter(|_| terms.c2p())
            .map(|key| key.forward(table.clone()));
        let queries = query
            .filter(|_| terms.p2c())
            .map(|query| query.forward(table.clone()));
        match (keys, queries) {
            (None, None) => PositionProjections::None,
            (Some(keys), None) => PositionProjections::C2p { keys },
            (None, Some(queries)) => PositionProjections::P2c { queries },
            (Some(keys), Some(queries)) => PositionProjections::Both { keys, queries },
        }
    }
}

/// Attention of every packed row over itself. `query`, `key`, `value`: `[tokens, hidden]`, heads
/// side by side → `[tokens, hidden]`.
///
/// The definition, in tensor operations: the oracle of every fused version, and the path of devices
/// that have none.
///
/// The position-to-content term uses the key's content against the projected table at the same
/// index as content-to-position: upstream gathers at −bucket(j−i) and transposes, and the bucket
/// function is odd.
pub fn plain(
    query: &Tensor<2>,
    key: &Tensor<2>,
    value: &Tensor<2>,
    positions: &PositionProjections,
    geometry: &Geometry,
) -> Tensor<2> {
    let rows: Vec<Tensor<2>> = geometry
        .offsets
        .windows(2)
        .filter(|ends| ends[0] < ends[1])
        .map(|ends| plain_row(query, key, value, positions, geometry, ends[0]..ends[1]))
        .collect();
    Tensor::cat(rows, 0)
}

fn plain_row(
    query: &Tensor<2>,
    key: &Tensor<2>,
    value: &Tensor<2>,
    positions: &PositionProjections,
    geometry: &Geometry,
    row: std::ops::Range<usize>,
) -> Tensor<2> {
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
        PositionProjections::None => (None, None),
        PositionProjections::C2p { keys } => (Some(keys), None),
        PositionProjections::P2c { queries } => (None, Some(queries)),
        PositionProjections::Both { keys, queries } => (Some(keys), Some(queries)),
    };
    if let Some(relative) = &geometry.relative {
        // Row of the table by query position − key position, from −(len − 1) to len − 1.
        let by_distance = relative.within(len);
        if let Some(keys) = keys {
            scores = scores + by_offset(&q, split(table_rows(keys, by_distance.iter().rev())));
        }
        if let Some(queries) = queries {
            scores =
                scores + by_offset(&k, split(table_rows(queries, by_distance.iter()))).transpose();
        }
    }
    let weights = activation::softmax(scores / geometry.scale, 2);
    weights.matmul(v).swap_dims(0, 1).reshape([len, hidden])
}

/// The given rows of a table, `[rows, hidden]`.
fn table_rows<'a>(table: &Tensor<2>, rows: impl Iterator<Item = &'a u32>) -> Tensor<2> {
    let rows: Vec<i64> = rows.map(|row| i64::from(*row)).collect();
    let count = rows.len();
    table.clone().select(
        0,
        Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &table.device()),
    )
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
    flat.slice([0..heads, len - 1..len - 1 + len * width])
        .reshape([heads, len, width])
        .slice([0..heads, 0..len, 0..len])
}
