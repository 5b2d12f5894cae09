//! Products of tiles in the shared memory of a cube.
#![expect(clippy::cast_possible_truncation, reason = "sizes of a tile")]
#![allow(clippy::used_underscore_binding, reason = "names made by the macro")]

use cubecl::prelude::*;

use crate::kernels::gpu::tiles::tiling::Tiling;

/// a · bᵀ. `a`: `[tile, size]`; `b`: `[columns, size]`; `to`: `[tile, width]`, whose first columns
/// become the product.
#[cube]
pub(in crate::kernels::gpu) fn product<E: Float>(
    a: &Shared<[E]>,
    b: &Shared<[E]>,
    to: &mut Shared<[f32]>,
    columns: usize,
    #[comptime] width: usize,
    #[comptime] tiling: Tiling,
) {
    let stride = comptime!(tiling.stride);
    if comptime!(tiling.matrix) {
        let across = columns / 16;
        let mut part = UNIT_POS_Y as usize;
        while part < comptime!(tiling.tile / 16) * across {
            let (i, j) = (part / across * 16, part % across * 16);
            let sum = cmma::Matrix::<f32>::from_value(
                cmma::MatrixIdent::Accumulator,
                16usize,
                16usize,
                16usize,
                cmma::MatrixLayout::Undefined,
                0.0,
            );
            #[unroll]
            for k in 0..comptime!(tiling.size / 16) {
                let left = operand::<E>(
                    a,
                    i * stride + k * 16,
                    stride,
                    cmma::MatrixIdent::A,
                    cmma::MatrixLayout::RowMajor,
                );
                let right = operand::<E>(
                    b,
                    j * stride + k * 16,
                    stride,
                    cmma::MatrixIdent::B,
                    cmma::MatrixLayout::ColMajor,
                );
                cmma::execute(&left, &right, &sum, &sum);
            }
            let end = to.len();
            cmma::store(
                &mut to[i * width + j..end],
                &sum,
                comptime!(width as u32),
                cmma::MatrixLayout::RowMajor,
            );
            part += CUBE_DIM_Y as usize;
        }
    } else {
        let mut at = UNIT_POS as usize;
        while at < comptime!(tiling.tile) * columns {
            let (i, j) = (at / columns, at % columns);
            let mut sum = f32::new(0.0);
            for k in 0..comptime!(tiling.size) {
                sum += f32::cast_from(a[i * stride + k]) * f32::cast_from(b[j * stride + k]);
            }
            to[i * width + j] = sum;
            at += CUBE_DIM as usize;
        }
    }
}

/// Adds `weights` `[tile, tile]` · `values` `[tile, size]` to `context` `[tile, size]`.
#[cube]
pub(in crate::kernels::gpu) fn weigh<E: Float>(
    weights: &Shared<[E]>,
    values: &Shared<[E]>,
    context: &mut Shared<[f32]>,
    #[comptime] tiling: Tiling,
) {
    let tile = comptime!(tiling.tile);
    let size = comptime!(tiling.size);
    let stride = comptime!(tiling.stride);
    if comptime!(tiling.matrix) {
        let across = comptime!(size / 16);
        let mut part = UNIT_POS_Y as usize;
        while part < comptime!(tiling.tile / 16) * across {
            let (i, j) = (part / across * 16, part % across * 16);
            let mut sum = cmma::Matrix::<f32>::from_value(
                cmma::MatrixIdent::Accumulator,
                16usize,
                16usize,
                16usize,
                cmma::MatrixLayout::Undefined,
                0.0,
            );
            let end = context.len();
            cmma::load_with_layout(
                &mut sum,
                &context[i * size + j..end],
                comptime!(size as u32),
                cmma::MatrixLayout::RowMajor,
            );
            #[unroll]
            for k in 0..comptime!(tiling.tile / 16) {
                let left = operand::<E>(
                    weights,
                    i * tile + k * 16,
                    tile,
                    cmma::MatrixIdent::A,
                    cmma::MatrixLayout::RowMajor,
                );
                let right = operand::<E>(
                    values,
                    k * 16 * stride + j,
                    stride,
                    cmma::MatrixIdent::B,
                    cmma::MatrixLayout::RowMajor,
                );
                cmma::execute(&left, &right, &sum, &sum);
            }
            cmma::store(
                &mut context[i * size + j..end],
                &sum,
                comptime!(size as u32),
                cmma::MatrixLayout::RowMajor,
            );
            part += CUBE_DIM_Y as usize;
        }
    } else {
        let mut at = UNIT_POS as usize;
        while at < comptime!(tiling.tile * tiling.size) {
            let (i, c) = (at / size, at % size);
            let mut sum = context[at];
            for j in 0..tile {
                sum +=
                    f32::cast_from(weights[i * tile + j]) * f32::cast_from(values[j * stride + c]);
            }
            context[at] = sum;
            at += CUBE_DIM as usize;
        }
    }
}

/// 16 × 16 elements from `at` on as an operand of matrix instructions. `stride`: elements from one
/// row, or column, to the next.
#[cube]
fn operand<E: Float>(
    from: &Shared<[E]>,
    at: usize,
    #[comptime] stride: usize,
    #[comptime] ident: cmma::MatrixIdent,
    #[comptime] layout: cmma::MatrixLayout,
) -> cmma::Matrix<E> {
    cmma::Matrix::<E>::from_slice(
        ident,
        16usize,
        16usize,
        16usize,
        layout,
        &from[at..from.len()],
        comptime!(stride as u32),
    )
}
