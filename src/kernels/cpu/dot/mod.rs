//! Products of short numbers. At each step of depth stands a *unit*: four 8-bit integers, or two
//! bf16 numbers, whose products are summed in 32 bits. Processors take both in the same layout.

mod engine;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod tiles;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::marker::PhantomData;

pub use engine::Engine;

use crate::kernels::cpu::micro_kernel::WIDTH;

/// Four signed 8-bit integers, or two bf16 numbers.
pub type Unit = [u8; 4];

/// One unit of each output of a panel. 8-bit integers are raised by 128 here: the processors'
/// products are of signed and unsigned ones.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Line(pub [Unit; WIDTH]);

impl Line {
    pub const ZERO: Self = Self([[0; 4]; WIDTH]);
}

/// Units that a tile of AMX is deep. Panels are filled up to it; what stands there meets zeros.
const DEEP: usize = 16;

/// Units of depth of a panel with so many.
pub fn padded(depth: usize) -> usize {
    depth.next_multiple_of(DEEP)
}

/// What a unit is.
pub trait Kind: Copy + Send + Sync + 'static {
    type Sum: Copy + Default + Send + Sync;

    /// The fastest that this processor has.
    fn engine() -> Engine;

    /// `sum` + `left` · `right`, the definition.
    fn add(sum: Self::Sum, left: Unit, right: Unit) -> Self::Sum;

    /// Sums of `left`, laid out as [`Left`] says, and a panel, on an engine other than the portable
    /// one.
    ///
    /// # Safety
    /// The processor has what the engine needs; `left` has a group of rows as deep as `lines`,
    /// whose number is a multiple of what [`padded`] says.
    unsafe fn dot(engine: Engine, left: &[Unit], lines: &[Line], sums: &mut Sums<Self::Sum>);
}

/// Signed integers by integers raised by 128.
#[derive(Debug, Clone, Copy)]
pub struct Int8;

/// Sums are f32; the products' order differs from engine to engine.
#[derive(Debug, Clone, Copy)]
pub struct Bf16;

impl Kind for Int8 {
    type Sum = i32;

    fn engine() -> Engine {
        Engine::for_int8()
    }

    fn add(sum: i32, left: Unit, right: Unit) -> i32 {
        left.iter().zip(right).fold(sum, |sum, (x, weight)| {
            sum + i32::from(x.cast_signed()) * i32::from(weight)
        })
    }

    unsafe fn dot(engine: Engine, left: &[Unit], lines: &[Line], sums: &mut Sums<i32>) {
        // SAFETY: the caller's word.
        unsafe { engine::dot_int8(engine, left, lines, sums) }
    }
}

impl Kind for Bf16 {
    type Sum = f32;

    fn engine() -> Engine {
        Engine::for_bf16()
    }

    fn add(sum: f32, left: Unit, right: Unit) -> f32 {
        let [left, right] = [left, right].map(|unit| {
            unit.as_chunks::<2>()
                .0
                .iter()
                .map(|b| half::bf16::from_le_bytes(*b).to_f32())
                .collect::<Vec<_>>()
        });
        sum + left[0] * right[0] + left[1] * right[1]
    }

    unsafe fn dot(engine: Engine, left: &[Unit], lines: &[Line], sums: &mut Sums<f32>) {
        // SAFETY: the caller's word.
        unsafe { engine::dot_bf16(engine, left, lines, sums) }
    }
}

/// The most rows of a group.
const MOST: usize = 32;

/// Sums of a group of rows and a panel.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Sums<T>(pub [[T; WIDTH]; MOST]);

/// Rows of units, group by group in the order in which the engine reads them: `[groups, depth,
/// rows]`, or in AMX's tiles `[groups · 2, depth / 16, 16 rows, 16]`. Missing rows and units are
/// zeros.
#[derive(Debug, Clone)]
pub struct Left<K> {
    units: Vec<Unit>,
    rows: usize,
    depth: usize,
    engine: Engine,
    kind: PhantomData<K>,
}

impl<K: Kind> Left<K> {
    /// No rows yet, of so many units.
    pub fn new(depth: usize) -> Self {
        Self {
            units: Vec::new(),
            rows: 0,
            depth: padded(depth),
            engine: K::engine(),
            kind: PhantomData,
        }
    }

    /// No rows any more; the memory stays.
    pub fn clear(&mut self, depth: usize) {
        self.units.clear();
        (self.rows, self.depth) = (0, padded(depth));
    }

    pub fn push(&mut self, row: &[Unit]) {
        let (group, depth) = (self.engine.rows(), self.depth);
        if self.rows.is_multiple_of(group) {
            self.units.resize(self.units.len() + group * depth, [0; 4]);
        }
        if self.engine == Engine::Amx {
            let tiles = &mut self.units[self.rows / DEEP * DEEP * depth..];
            let at = self.rows % DEEP * DEEP;
            for (tile, part) in tiles.chunks_exact_mut(DEEP * DEEP).zip(row.chunks(DEEP)) {
                tile[at..at + part.len()].copy_from_slice(part);
            }
        } else {
            let columns = &mut self.units[self.rows / group * group * depth..];
            for (column, unit) in columns.chunks_exact_mut(group).zip(row) {
                column[self.rows % group] = *unit;
            }
        }
        self.rows += 1;
    }

    /// A unit of a row.
    #[cfg(test)]
    pub fn unit(&self, row: usize, at: usize) -> Unit {
        let group = self.engine.rows();
        match self.engine {
            Engine::Amx => {
                self.units[row / DEEP * DEEP * self.depth
                    + at / DEEP * DEEP * DEEP
                    + row % DEEP * DEEP
                    + at % DEEP]
            }
            _ => self.units[row / group * group * self.depth + at * group + row % group],
        }
    }

    /// Sums of every group of rows with every panel of `lines`, `[panels, depth]`. `each` is given
    /// the first row of the group, the panel, and the sums of the group's rows.
    pub fn products(&self, lines: &[Line], mut each: impl FnMut(usize, usize, &[[K::Sum; WIDTH]])) {
        let rows = self.engine.rows();
        let mut sums = Sums([[K::Sum::default(); WIDTH]; MOST]);
        let _tiles = self.engine.start();
        for (panel, lines) in lines.chunks_exact(self.depth).enumerate() {
            for (group, left) in self.units.chunks_exact(rows * self.depth).enumerate() {
                if self.engine == Engine::Portable {
                    anywhere::<K>(left, lines, &mut sums);
                } else {
                    // SAFETY: the engine is one that the processor has, `left` a group, and the
                    // depth is padded.
                    unsafe { K::dot(self.engine, left, lines, &mut sums) };
                }
                each(group * rows, panel, &sums.0[..rows]);
            }
        }
    }
}

/// The sums by their definition.
fn anywhere<K: Kind>(left: &[Unit], lines: &[Line], sums: &mut Sums<K::Sum>) {
    let rows = left.len() / lines.len();
    for (r, sums) in sums.0[..rows].iter_mut().enumerate() {
        *sums = [K::Sum::default(); WIDTH];
        for (column, line) in left.chunks_exact(rows).zip(lines) {
            for (sum, unit) in sums.iter_mut().zip(line.0) {
                *sum = K::add(*sum, column[r], unit);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums of 40 rows and 64 outputs, 20 units deep, on an engine: `[rows][outputs]`.
    fn sums<K: Kind>(
        engine: Engine,
        unit: impl Fn(usize, usize) -> Unit,
        weight: impl Fn(usize, usize) -> Unit,
    ) -> Vec<Vec<K::Sum>> {
        let mut left = Left::<K> {
            engine,
            ..Left::new(20)
        };
        for row in 0..40 {
            left.push(&(0..20).map(|k| unit(row, k)).collect::<Vec<_>>());
        }
        let mut lines = vec![Line([[77; 4]; WIDTH]); 2 * padded(20)];
        for panel in 0..2 {
            for k in 0..20 {
                lines[panel * padded(20) + k] =
                    Line(std::array::from_fn(|o| weight(panel * WIDTH + o, k)));
            }
        }
        let mut found = vec![vec![K::Sum::default(); 2 * WIDTH]; 40];
        left.products(&lines, |first, panel, sums| {
            for (found, sums) in found[first..].iter_mut().zip(sums) {
                found[panel * WIDTH..][..WIDTH].copy_from_slice(sums);
            }
        });
        found
    }

    fn byte(i: usize) -> u8 {
        u8::try_from(i * 7919 % 251).unwrap()
    }

    #[test]
    fn every_engine_gives_the_same_integers() {
        let unit = |row: usize, k: usize| {
            std::array::from_fn(|i| byte(row * 131 + k * 4 + i).wrapping_sub(125))
        };
        let weight =
            |output: usize, k: usize| std::array::from_fn(|i| byte(output * 17 + k * 4 + i));
        let expected = sums::<Int8>(Engine::Portable, unit, weight);
        let by_hand: i32 = (0..20)
            .flat_map(|k| (0..4).map(move |i| (k, i)))
            .map(|(k, i)| i32::from(unit(39, k)[i].cast_signed()) * i32::from(weight(63, k)[i]))
            .sum();
        assert_eq!(expected[39][63], by_hand);
        for engine in Engine::all_for_int8() {
            assert_eq!(sums::<Int8>(engine, unit, weight), expected, "{engine:?}");
        }
    }

    /// Small integers, whose sums are exact.
    #[test]
    fn every_engine_gives_the_same_sums_of_bf16() {
        let value = |i: usize| half::bf16::from_f32(f32::from(byte(i) % 17) - 8.0).to_le_bytes();
        let unit = |row: usize, k: usize| {
            let [a, b] = [value(row * 131 + k * 2), value(row * 131 + k * 2 + 1)];
            [a[0], a[1], b[0], b[1]]
        };
        let weight = |output: usize, k: usize| unit(output + 5, k + 3);
        let expected = sums::<Bf16>(Engine::Portable, unit, weight);
        let bits = |sums: Vec<Vec<f32>>| {
            sums.into_iter()
                .flatten()
                .map(f32::to_bits)
                .collect::<Vec<_>>()
        };
        let expected = bits(expected);
        for engine in Engine::all_for_bf16() {
            assert_eq!(
                bits(sums::<Bf16>(engine, unit, weight)),
                expected,
                "{engine:?}"
            );
        }
    }
}
