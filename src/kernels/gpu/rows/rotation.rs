//! Rotary position embeddings.
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]

use burn::backend::cubecl::dtype_to_storage_type;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::ir::{ElemType, FloatKind};
use cubecl::prelude::*;

use crate::kernels::gpu::buffers::{Numbers, empty_like, vector_size, vectors_of};
use crate::kernels::rows::Rotation;

/// Rotates the heads of each row of `x`, `[rows, heads · head size]`; it does not normalise them.
pub(super) fn rotate(x: CubeTensor, rotation: &Rotation) -> CubeTensor {
    let client = x.client.clone();
    let (width, half) = (x.meta.shape()[1], rotation.table.half());
    let output = empty_like(&x, x.dtype);
    let wide = ElemType::Float(FloatKind::F32);
    let lanes = vector_size(client.properties(), wide, half);
    let element = dtype_to_storage_type(x.dtype);
    let pairs = x.meta.num_elements() / (2 * lanes);
    let cube_dim = CubeDim::new(&client, pairs);
    let [cos, sin] = rotation.table.get_or_upload(|table| {
        let (cos, sin) = table.values();
        [cos, sin].map(|values| Numbers::upload(&client, values))
    });
    let positions = rotation
        .positions
        .get_or_upload(|positions| Numbers::upload_indices(&client, positions.iter().copied()));
    rotation_kernel::launch(
        &client,
        calculate_cube_count_elemwise(&client, pairs, cube_dim),
        cube_dim,
        lanes,
        vectors_of(x, lanes),
        cos.vectors(lanes),
        sin.vectors(lanes),
        positions.vectors(1),
        vectors_of(output.clone(), lanes),
        width / (2 * lanes),
        half / lanes,
        element,
    );
    output
}

/// A unit for each pair of vectors that are rotated into each other. `x`, `output`: `[rows, 2 ·
/// pairs]`; `cos`, `sin`: `[table rows, half]`, in vectors; `positions`: `[rows]`.
#[cube(launch)]
#[expect(
    clippy::too_many_arguments,
    reason = "a kernel takes buffers one by one"
)]
fn rotation_kernel<E: Float, N: Size>(
    x: &[Vector<E, N>],
    cos: &[Vector<f32, N>],
    sin: &[Vector<f32, N>],
    positions: &[u32],
    output: &mut [Vector<E, N>],
    pairs: usize,
    #[comptime] half: usize,
    #[define(E)] _dtype: ElemType,
) {
    let at = ABSOLUTE_POS;
    if at >= output.len() / 2 {
        terminate!();
    }
    let (row, pair) = (at / pairs, at % pairs);
    let (head, part) = (pair / half, pair % half);
    let first = 2 * (row * pairs + head * half) + part;
    let second = first + half;
    let angle = positions[row] as usize * half + part;
    let (c, s) = (cos[angle], sin[angle]);
    let a = Vector::<f32, N>::cast_from(x[first]);
    let b = Vector::<f32, N>::cast_from(x[second]);
    output[first] = Vector::<E, N>::cast_from(a * c - b * s);
    output[second] = Vector::<E, N>::cast_from(b * c + a * s);
}
