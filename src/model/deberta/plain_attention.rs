//! The definition of disentangled self-attention (DeBERTa, arXiv:2006.03654, equation 4) over
//! packed rows, in tensor operations: the oracle of every fused version, and the path of devices
//! that have none.

use burn::tensor::{Int, Tensor, TensorData, activation};

use crate::kernels::attention::{Geometry, PositionProjections};

/// Attention of every packed row over itself. `query`, `key`, `value`: `[tokens, hidden]`, heads
/// side by side → `[tokens, hidden]`.
///
/// The position-to-content term multiplies the key's content by the projected table at the same
/// index as the content-to-position term: upstream gathers at −bucket(j − i) and transposes, and
/// the bucket function is odd.
pub fn plain_attention(
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

/// The attention of one row: the tokens `row` of `query`, `key` and `value` `[tokens, hidden]` →
/// `[row, hidden]`.
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
        // Table rows by query position − key position, from −(len − 1) to len − 1.
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

/// Rows of a table `[2 · span, hidden]` → `[rows, hidden]`.
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
/// Of row i of the products the columns from len − 1 − i on are needed. Reshaped to rows that are
/// one column shorter, the flat matrix shifts each row by exactly that (Music Transformer,
/// arXiv:1809.04281, 3.4.1), without a gather.
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
