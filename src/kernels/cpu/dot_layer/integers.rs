//! Rows rounded to 8 bits.

use crate::kernels::cpu::dot::{Engine, Int8, Lane, PackedRows, TILE_DEPTH};
use crate::kernels::cpu::math;

/// Rows of integers from −128 to 127.
pub(crate) struct IntegerRows {
    packed: PackedRows<Int8>,
    /// Sum of each row, times 128: what the panels' weights, raised by 128, add to its sums.
    ///
    /// On very long rows these wrap around, as sums of products do: their difference is right as
    /// long as the sum proper fits into 32 bits.
    raised: Vec<i32>,
    /// Four rows before they are packed, filled up with zeros: `[4, depth]`
    four: Vec<Lane>,
}

/// A value's integer is value · `factor` + `zero`, to the nearest, halves to the even one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rounding {
    pub(crate) factor: f32,
    pub(crate) zero: f32,
}

impl IntegerRows {
    /// Room for so many rows `[rows, input]`.
    pub(crate) fn new(engine: Engine, rows: usize, input: usize) -> Self {
        let mut packed = PackedRows::new(engine, input.div_ceil(4));
        packed.reserve(rows);
        Self {
            four: vec![[0; 4]; 4 * packed.depth()],
            packed,
            raised: Vec::with_capacity(rows),
        }
    }

    pub(crate) fn packed(&self) -> &PackedRows<Int8> {
        &self.packed
    }

    /// What to take from a row's sums; see the field.
    #[inline(always)]
    pub(crate) fn raised(&self, row: usize) -> i32 {
        self.raised[row]
    }

    /// Appends four rows, or the last ones of all. Each is of the same number of values.
    pub(crate) fn push(&mut self, rows: &[(impl AsRef<[f32]>, Rounding)]) {
        let depth = self.packed.depth();
        for ((row, rounding), lanes) in rows.iter().zip(self.four.chunks_exact_mut(depth)) {
            let sum = pulp::Arch::new().dispatch(ToIntegers {
                values: row.as_ref(),
                rounding: *rounding,
                integers: lanes.as_flattened_mut(),
            });
            self.raised.push(sum.wrapping_mul(128));
        }
        let first = self.packed.count();
        self.packed.grow(rows.len());
        pulp::Arch::new().dispatch(PackFour {
            four: &self.four,
            first,
            packed: &mut self.packed,
        });
    }
}

/// Rounds a row → the sum of its integers.
///
/// A type instead of a closure, as in all these loops, so that it is inlined into the function that
/// is compiled for the processor's widest instructions. Two loops over a whole row: of a tile's 64
/// values, the compiler would gather every sixteenth into a register.
struct ToIntegers<'a> {
    values: &'a [f32],
    rounding: Rounding,
    integers: &'a mut [u8],
}

impl pulp::NullaryFnOnce for ToIntegers<'_> {
    type Output = i32;

    #[inline(always)]
    fn call(self) -> i32 {
        let Rounding { factor, zero } = self.rounding;
        for (integer, value) in self.integers.iter_mut().zip(self.values) {
            *integer = math::low_byte(value * factor + zero);
        }
        // At most 128 · 2²⁴: wrapping only spares the check.
        self.integers.iter().fold(0, |sum: i32, integer| {
            sum.wrapping_add(i32::from(integer.cast_signed()))
        })
    }
}

/// Packs four rows, of which some may lie after the last.
struct PackFour<'a> {
    /// `[4, depth]`
    four: &'a [Lane],
    first: usize,
    packed: &'a mut PackedRows<Int8>,
}

impl pulp::NullaryFnOnce for PackFour<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let depth = self.packed.depth();
        for tile in 0..depth / TILE_DEPTH {
            let mut lanes = [[[0; 4]; TILE_DEPTH]; 4];
            for (lanes, row) in lanes.iter_mut().zip(self.four.chunks_exact(depth)) {
                lanes.copy_from_slice(&row[tile * TILE_DEPTH..][..TILE_DEPTH]);
            }
            self.packed.put(self.first, tile, &lanes);
        }
    }
}
