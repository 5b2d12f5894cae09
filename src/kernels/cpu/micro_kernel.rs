//! The innermost product: twelve rows by one panel, in registers.

use pulp::Simd;

/// Rows of the left matrix in the registers at once: with two registers of outputs, 24 of AVX-512's
/// 32 hold sums.
pub const ROWS: usize = 12;
/// Columns of a panel of the right matrix: two registers of AVX-512.
pub const WIDTH: usize = 32;

/// The values of [`ROWS`] rows at one depth.
pub type Column = [f32; ROWS];

/// The values of a panel at one depth, on cache lines of its own.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Line(pub [f32; WIDTH]);

impl Line {
    pub const ZERO: Self = Self([0.0; WIDTH]);
}

/// The sums of [`ROWS`] rows and one panel.
pub type Tile = [Line; ROWS];

/// Σ over depth of columns · lines.
#[inline(always)]
pub fn multiply<S: Simd>(simd: S, columns: &[Column], lines: &[Line]) -> Tile {
    let mut tile = [Line::ZERO; ROWS];
    // As many sums as fill the registers: 24 of 32 (AVX-512), 12 of 16 (AVX2), 24 of 32 (NEON).
    match S::F32_LANES {
        16 => multiply_by::<S, 12, 2>(simd, columns, lines, &mut tile),
        8 => multiply_by::<S, 6, 2>(simd, columns, lines, &mut tile),
        4 => multiply_by::<S, 6, 4>(simd, columns, lines, &mut tile),
        _ => multiply_by::<S, 3, 4>(simd, columns, lines, &mut tile),
    }
    tile
}

/// R rows and C registers at a time.
#[inline(always)]
fn multiply_by<S: Simd, const R: usize, const C: usize>(
    simd: S,
    columns: &[Column],
    lines: &[Line],
    tile: &mut Tile,
) {
    let wide = C * S::F32_LANES;
    for row in (0..ROWS).step_by(R) {
        for from in (0..WIDTH).step_by(wide) {
            let mut sums = [[simd.splat_f32s(0.0); C]; R];
            for (column, line) in columns.iter().zip(lines) {
                let (line, _) = S::as_simd_f32s(&line.0[from..from + wide]);
                let line: [S::f32s; C] = std::array::from_fn(|c| line[c]);
                for (r, sums) in sums.iter_mut().enumerate() {
                    let x = simd.splat_f32s(column[row + r]);
                    for (sum, value) in sums.iter_mut().zip(line) {
                        *sum = simd.mul_add_f32s(x, value, *sum);
                    }
                }
            }
            for (line, sums) in tile[row..].iter_mut().zip(&sums) {
                let (to, _) = S::as_mut_simd_f32s(&mut line.0[from..from + wide]);
                to.copy_from_slice(sums);
            }
        }
    }
}

/// Appends a row-major matrix as columns: [`ROWS`] rows together, `[row groups, depth]`; missing
/// rows are zeros.
pub fn pack_rows<'a>(
    rows: impl Iterator<Item = &'a [f32]>,
    depth: usize,
    columns: &mut Vec<Column>,
) {
    for (at, row) in rows.enumerate() {
        if at % ROWS == 0 {
            columns.resize(columns.len() + depth, [0.0; ROWS]);
        }
        let start = columns.len() - depth;
        for (column, value) in columns[start..].iter_mut().zip(row) {
            column[at % ROWS] = *value;
        }
    }
}

/// Appends a matrix `[outputs, depth]` as panels: [`WIDTH`] outputs together, `[panels, depth]`;
/// missing outputs are zeros.
pub fn pack_outputs<'a>(
    outputs: impl Iterator<Item = &'a [f32]>,
    depth: usize,
    lines: &mut Vec<Line>,
) {
    for (at, output) in outputs.enumerate() {
        if at % WIDTH == 0 {
            lines.resize(lines.len() + depth, Line::ZERO);
        }
        let start = lines.len() - depth;
        for (line, value) in lines[start..].iter_mut().zip(output) {
            line.0[at % WIDTH] = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Multiply<'a>(&'a [Column], &'a [Line]);

    impl pulp::WithSimd for Multiply<'_> {
        type Output = Tile;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Tile {
            multiply(simd, self.0, self.1)
        }
    }

    /// Small integers, whose sums are exact: each kind of processor has to find the same.
    #[test]
    fn every_processor_finds_the_same_sums() {
        let value = |i: usize| f32::from(u8::try_from(i * 7919 % 17).unwrap()) - 8.0;
        let rows: Vec<Vec<f32>> = (0..ROWS)
            .map(|r| (0..70).map(|k| value(r * 70 + k)).collect())
            .collect();
        let outputs: Vec<Vec<f32>> = (0..WIDTH)
            .map(|o| (0..70).map(|k| value(o * 31 + k * 5)).collect())
            .collect();
        let (mut columns, mut lines) = (Vec::new(), Vec::new());
        pack_rows(rows.iter().map(Vec::as_slice), 70, &mut columns);
        pack_outputs(outputs.iter().map(Vec::as_slice), 70, &mut lines);
        let mut found = vec![(
            "this one",
            pulp::Arch::new().dispatch(Multiply(&columns, &lines)),
        )];
        found.push((
            "none",
            Simd::vectorize(pulp::Scalar::new(), Multiply(&columns, &lines)),
        ));
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = pulp::x86::V3::try_new() {
            found.push(("AVX2", Simd::vectorize(avx2, Multiply(&columns, &lines))));
        }
        for (name, tile) in found {
            for (r, row) in rows.iter().enumerate() {
                for (o, output) in outputs.iter().enumerate() {
                    let expected: f32 = row.iter().zip(output).map(|(a, b)| a * b).sum();
                    assert_eq!(
                        tile[r].0[o].to_bits(),
                        expected.to_bits(),
                        "{name}: row {r}, output {o}"
                    );
                }
            }
        }
    }
}
