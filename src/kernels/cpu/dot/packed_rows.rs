//! Rows of lanes, packed, and their products with panels.

use std::marker::PhantomData;

use crate::kernels::cpu::dot::dispatch;
use crate::kernels::cpu::dot::dot_type::DotType;
use crate::kernels::cpu::dot::engine::Engine;
use crate::kernels::cpu::dot::layout::{
    GROUP, GroupSums, Lane, MAX_ROWS, PanelLanes, TILE_DEPTH, padded,
};
use crate::kernels::cpu::micro_kernel::WIDTH;

/// Rows of lanes, group by group in the order in which the engine reads them: `[groups, depth,
/// rows]`, or in AMX's tiles `[groups · 2, depth / 16, 16 rows, 16]`. Missing lanes are zeros; the
/// missing rows of the last group hold anything.
#[derive(Debug, Clone)]
pub(crate) struct PackedRows<K> {
    /// Those of all groups, and maybe more, from before the last [`Self::clear`].
    lanes: Vec<Lane>,
    rows: usize,
    depth: usize,
    engine: Engine,
    dot_type: PhantomData<K>,
}

impl<K: DotType> PackedRows<K> {
    /// No rows yet; rows will have `depth` lanes, and be multiplied by an engine that the processor
    /// has.
    pub(crate) fn new(engine: Engine, depth: usize) -> Self {
        Self {
            lanes: Vec::new(),
            rows: 0,
            depth: padded(depth),
            engine,
            dot_type: PhantomData,
        }
    }

    /// Number of rows.
    pub(crate) fn count(&self) -> usize {
        self.rows
    }

    /// Lanes of a row, with those that fill it up.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Memory for so many rows.
    pub(crate) fn reserve(&mut self, rows: usize) {
        let lanes = rows.next_multiple_of(self.engine.rows()) * self.depth;
        self.lanes.reserve(lanes.saturating_sub(self.lanes.len()));
    }

    /// Removes all rows and keeps the memory.
    pub(crate) fn clear(&mut self, depth: usize) {
        (self.rows, self.depth) = (0, padded(depth));
    }

    /// Appends so many rows, which hold anything.
    pub(crate) fn grow(&mut self, rows: usize) {
        self.rows += rows;
        let end = self.rows.next_multiple_of(self.engine.rows()) * self.depth;
        if self.lanes.len() < end {
            self.lanes.resize(end, [0; 4]);
        }
    }

    /// Writes [`TILE_DEPTH`] lanes of each of N rows from `row` on, those from lane `tile` ·
    /// [`TILE_DEPTH`] on. Rows after the last may be among them, up to the end of its group. N
    /// divides `row`, and the rows of every group.
    #[inline(always)]
    pub(crate) fn put<const N: usize>(
        &mut self,
        row: usize,
        tile: usize,
        lanes: &[[Lane; TILE_DEPTH]; N],
    ) {
        const { assert!(GROUP.is_multiple_of(N) && TILE_DEPTH.is_multiple_of(N)) }
        if self.engine == Engine::Amx {
            let start = (row / TILE_DEPTH * self.depth + tile * TILE_DEPTH) * TILE_DEPTH;
            let tile = &mut self.lanes[start..start + TILE_DEPTH * TILE_DEPTH];
            let rows = &mut tile.as_chunks_mut().0[row % TILE_DEPTH..][..N];
            rows.copy_from_slice(lanes);
        } else {
            let start = (row / GROUP * self.depth + tile * TILE_DEPTH) * GROUP;
            let columns = &mut self.lanes[start..start + TILE_DEPTH * GROUP];
            let columns = columns.as_chunks_mut::<GROUP>().0;
            for (at, column) in (0..TILE_DEPTH).zip(columns) {
                // Together, so that the compiler transposes in registers.
                let mut of_rows = [[0; 4]; N];
                for (to, lanes) in of_rows.iter_mut().zip(lanes) {
                    *to = lanes[at];
                }
                column[row % GROUP..][..N].copy_from_slice(&of_rows);
            }
        }
    }

    /// Appends a row of at most `depth` lanes.
    #[cfg(test)]
    pub(crate) fn push(&mut self, row: &[Lane]) {
        let at = self.rows;
        self.grow(1);
        for tile in 0..self.depth / TILE_DEPTH {
            let mut lanes = [[0; 4]; TILE_DEPTH];
            let part = row.get(tile * TILE_DEPTH..).unwrap_or_default();
            lanes
                .iter_mut()
                .zip(part)
                .for_each(|(to, lane)| *to = *lane);
            self.put(at, tile, &[lanes]);
        }
    }

    /// A lane of a row.
    #[cfg(test)]
    pub(crate) fn lane(&self, row: usize, at: usize) -> Lane {
        let group = self.engine.rows();
        match self.engine {
            Engine::Amx => {
                self.lanes[row / TILE_DEPTH * TILE_DEPTH * self.depth
                    + at / TILE_DEPTH * TILE_DEPTH * TILE_DEPTH
                    + row % TILE_DEPTH * TILE_DEPTH
                    + at % TILE_DEPTH]
            }
            _ => self.lanes[row / group * group * self.depth + at * group + row % group],
        }
    }

    /// Sums of every group of rows with every panel, as deep as the rows. `each` gets the group's
    /// first row, the panel's number, and the sums of the group's rows, `[rows, WIDTH]`; those of
    /// rows after the last hold anything.
    pub(crate) fn products<'a>(
        &self,
        panels: impl Iterator<Item = &'a [PanelLanes]>,
        mut each: impl FnMut(usize, usize, &[[K::Sum; WIDTH]]),
    ) {
        let rows = self.engine.rows();
        let mut sums = GroupSums([[K::Sum::default(); WIDTH]; MAX_ROWS]);
        let _configured = dispatch::configure(self.engine);
        let lanes = &self.lanes[..self.rows.div_ceil(rows) * rows * self.depth];
        for (at, panel) in panels.enumerate() {
            for (number, group) in lanes.chunks_exact(rows * self.depth).enumerate() {
                if self.engine == Engine::Portable {
                    portable_dot::<K>(group, panel, &mut sums);
                } else {
                    assert_eq!(panel.len(), self.depth, "a panel is as deep as the rows");
                    // SAFETY: the engine is one that the processor has, `group` a whole group as
                    // deep as the panel, and the depth is padded.
                    unsafe { K::dot(self.engine, group, panel, &mut sums) };
                }
                each(number * rows, at, &sums.0[..rows]);
            }
        }
    }
}

/// The sums by their definition. `group`: `[depth, rows]`
fn portable_dot<K: DotType>(group: &[Lane], panel: &[PanelLanes], sums: &mut GroupSums<K::Sum>) {
    let rows = group.len() / panel.len();
    for (r, sums) in sums.0[..rows].iter_mut().enumerate() {
        *sums = [K::Sum::default(); WIDTH];
        for (column, lanes) in group.chunks_exact(rows).zip(panel) {
            for (sum, lane) in sums.iter_mut().zip(lanes.0) {
                *sum = K::add(*sum, column[r], lane);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cpu::dot::{Bf16, Int8};
    use crate::kernels::cpu::testing::engines_for_bf16;

    /// Sums of 40 rows and 64 outputs, 20 lanes deep, on an engine: `[rows][outputs]`.
    fn sums<K: DotType>(
        engine: Engine,
        lane: impl Fn(usize, usize) -> Lane,
        weight: impl Fn(usize, usize) -> Lane,
    ) -> Vec<Vec<K::Sum>> {
        let mut rows = PackedRows::<K>::new(engine, 20);
        for row in 0..40 {
            rows.push(&(0..20).map(|k| lane(row, k)).collect::<Vec<_>>());
        }
        let mut panels = vec![PanelLanes([[77; 4]; WIDTH]); 2 * padded(20)];
        for panel in 0..2 {
            for k in 0..20 {
                panels[panel * padded(20) + k] =
                    PanelLanes(std::array::from_fn(|o| weight(panel * WIDTH + o, k)));
            }
        }
        let mut found = vec![vec![K::Sum::default(); 2 * WIDTH]; 40];
        rows.products(panels.chunks_exact(padded(20)), |first, panel, sums| {
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
        let lane = |row: usize, k: usize| {
            std::array::from_fn(|i| byte(row * 131 + k * 4 + i).wrapping_sub(125))
        };
        let weight =
            |output: usize, k: usize| std::array::from_fn(|i| byte(output * 17 + k * 4 + i));
        let expected = sums::<Int8>(Engine::Portable, lane, weight);
        let by_hand: i32 = (0..20)
            .flat_map(|k| (0..4).map(move |i| (k, i)))
            .map(|(k, i)| i32::from(lane(39, k)[i].cast_signed()) * i32::from(weight(63, k)[i]))
            .sum();
        assert_eq!(expected[39][63], by_hand);
        for engine in Engine::all_for_int8() {
            assert_eq!(sums::<Int8>(engine, lane, weight), expected, "{engine:?}");
        }
    }

    /// Four at a time or each by itself, in every layout, of which only writing and reading are
    /// tested here.
    #[test]
    fn lanes_are_where_they_are_looked_for() {
        let lane = |row: usize, at: usize| [byte(row), byte(at), byte(row * at), 1];
        for engine in [Engine::Amx, Engine::Avx512, Engine::Avx, Engine::Portable] {
            let [mut together, mut alone] = [0; 2].map(|_| PackedRows::<Bf16>::new(engine, 20));
            for row in 0..33 {
                alone.push(&(0..20).map(|at| lane(row, at)).collect::<Vec<_>>());
            }
            together.grow(33);
            for row in (0..33).step_by(4) {
                for tile in 0..2 {
                    let lanes: [[Lane; TILE_DEPTH]; 4] = std::array::from_fn(|r| {
                        std::array::from_fn(|at| lane(row + r, tile * TILE_DEPTH + at))
                    });
                    together.put(row, tile, &lanes);
                }
            }
            for row in 0..33 {
                for at in 0..20 {
                    let expected = lane(row, at);
                    assert_eq!(alone.lane(row, at), expected, "{engine:?}, row {row}, {at}");
                    assert_eq!(
                        together.lane(row, at),
                        expected,
                        "{engine:?}, row {row}, {at}"
                    );
                }
                for at in 20..32 {
                    assert_eq!(alone.lane(row, at), [0; 4], "{engine:?}, row {row}, {at}");
                }
            }
        }
    }

    /// What the rows before left behind, NaN too, reaches no sum.
    #[test]
    fn memory_can_be_used_again() {
        let one = [0, 0, 0x80, 0x3f];
        let panel = [PanelLanes([one; WIDTH]); 32];
        for engine in engines_for_bf16() {
            let mut rows = PackedRows::<Bf16>::new(engine, 32);
            for _ in 0..40 {
                rows.push(&[[0xff; 4]; 32]);
            }
            rows.clear(20);
            for row in 0..33 {
                rows.push(&vec![one; row % 21]);
            }
            rows.products([&panel[..]].into_iter(), |first, _, sums| {
                for (row, sums) in (first..rows.count()).zip(sums) {
                    let expected = f32::from(u8::try_from(row % 21).unwrap()).to_bits();
                    assert_eq!(
                        sums.map(f32::to_bits),
                        [expected; WIDTH],
                        "{engine:?}, row {row}"
                    );
                }
            });
        }
    }

    /// Small integers, whose sums are exact.
    #[test]
    fn every_engine_gives_the_same_sums_of_bf16() {
        let value = |i: usize| half::bf16::from_f32(f32::from(byte(i) % 17) - 8.0).to_le_bytes();
        let lane = |row: usize, k: usize| {
            let [a, b] = [value(row * 131 + k * 2), value(row * 131 + k * 2 + 1)];
            [a[0], a[1], b[0], b[1]]
        };
        let weight = |output: usize, k: usize| lane(output + 5, k + 3);
        let expected = sums::<Bf16>(Engine::Portable, lane, weight);
        let bits = |sums: Vec<Vec<f32>>| {
            sums.into_iter()
                .flatten()
                .map(f32::to_bits)
                .collect::<Vec<_>>()
        };
        let expected = bits(expected);
        for engine in Engine::all_for_bf16() {
            assert_eq!(
                bits(sums::<Bf16>(engine, lane, weight)),
                expected,
                "{engine:?}"
            );
        }
    }
}
