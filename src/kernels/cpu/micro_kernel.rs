//! The micro-kernel of the f32 matrix product: twelve rows by one panel, with all sums in
//! registers; and the packing of both factors into the order in which it reads them.

use pulp::Simd;

/// Rows of the left factor that are multiplied at once: with two registers of outputs, 24 of
/// AVX-512's 32 registers hold sums.
pub(crate) const ROWS: usize = 12;
/// Outputs of a panel of the right factor: two registers of AVX-512.
pub(crate) const WIDTH: usize = 32;

/// One depth of a group of the left factor: a value of each of [`ROWS`] rows. A group is
/// `[depth]` of them.
pub(crate) type GroupColumn = [f32; ROWS];

/// One depth of a panel of the right factor, on cache lines of its own. A panel is `[depth]` of
/// them.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct PanelRow(pub(crate) [f32; WIDTH]);

impl PanelRow {
    pub(crate) const ZERO: Self = Self([0.0; WIDTH]);
}

/// The sums of a group and a panel, `[ROWS, WIDTH]`.
pub(crate) type Accumulators = [PanelRow; ROWS];

/// The product of a group and a panel of the same depth: Σ over depth of `group` · `panel`.
#[inline(always)]
pub(crate) fn multiply<S: Simd>(
    simd: S,
    group: &[GroupColumn],
    panel: &[PanelRow],
) -> Accumulators {
    let mut sums = [PanelRow::ZERO; ROWS];
    // As many sums as fill the registers: 24 of 32 (AVX-512), 12 of 16 (AVX2), 24 of 32 (NEON).
    match S::F32_LANES {
        16 => multiply_by::<S, 12, 2>(simd, group, panel, &mut sums),
        8 => multiply_by::<S, 6, 2>(simd, group, panel, &mut sums),
        4 => multiply_by::<S, 6, 4>(simd, group, panel, &mut sums),
        _ => multiply_by::<S, 3, 4>(simd, group, panel, &mut sums),
    }
    sums
}

/// R rows and C registers at a time.
#[inline(always)]
fn multiply_by<S: Simd, const R: usize, const C: usize>(
    simd: S,
    group: &[GroupColumn],
    panel: &[PanelRow],
    to: &mut Accumulators,
) {
    let wide = C * S::F32_LANES;
    for row in (0..ROWS).step_by(R) {
        for from in (0..WIDTH).step_by(wide) {
            let mut sums = [[simd.splat_f32s(0.0); C]; R];
            for (column, weights) in group.iter().zip(panel) {
                let (weights, _) = S::as_simd_f32s(&weights.0[from..from + wide]);
                let weights: [S::f32s; C] = std::array::from_fn(|c| weights[c]);
                for (r, sums) in sums.iter_mut().enumerate() {
                    let x = simd.splat_f32s(column[row + r]);
                    for (sum, weight) in sums.iter_mut().zip(weights) {
                        *sum = simd.mul_add_f32s(x, weight, *sum);
                    }
                }
            }
            for (to, sums) in to[row..].iter_mut().zip(&sums) {
                let (to, _) = S::as_mut_simd_f32s(&mut to.0[from..from + wide]);
                to.copy_from_slice(sums);
            }
        }
    }
}

/// Appends a row-major matrix of so many columns as groups of [`ROWS`] rows, `[groups, depth]`;
/// missing rows are zeros.
pub(crate) fn pack_rows<'a>(
    rows: impl Iterator<Item = &'a [f32]>,
    depth: usize,
    groups: &mut Vec<GroupColumn>,
) {
    for (at, row) in rows.enumerate() {
        if at % ROWS == 0 {
            groups.resize(groups.len() + depth, [0.0; ROWS]);
        }
        let start = groups.len() - depth;
        for (column, value) in groups[start..].iter_mut().zip(row) {
            column[at % ROWS] = *value;
        }
    }
}

/// Appends a matrix `[outputs, depth]` as panels of [`WIDTH`] outputs, `[panels, depth]`; missing
/// outputs are zeros.
pub(crate) fn pack_outputs<'a>(
    outputs: impl Iterator<Item = &'a [f32]>,
    depth: usize,
    panels: &mut Vec<PanelRow>,
) {
    for (at, output) in outputs.enumerate() {
        if at % WIDTH == 0 {
            panels.resize(panels.len() + depth, PanelRow::ZERO);
        }
        let start = panels.len() - depth;
        for (row, value) in panels[start..].iter_mut().zip(output) {
            row.0[at % WIDTH] = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Multiply<'a>(&'a [GroupColumn], &'a [PanelRow]);

    impl pulp::WithSimd for Multiply<'_> {
        type Output = Accumulators;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Accumulators {
            multiply(simd, self.0, self.1)
        }
    }

    /// Small integers, whose sums are exact: every processor must find the same.
    #[test]
    fn every_processor_finds_the_same_sums() {
        let value = |i: usize| f32::from(u8::try_from(i * 7919 % 17).unwrap()) - 8.0;
        let rows: Vec<Vec<f32>> = (0..ROWS)
            .map(|r| (0..70).map(|k| value(r * 70 + k)).collect())
            .collect();
        let outputs: Vec<Vec<f32>> = (0..WIDTH)
            .map(|o| (0..70).map(|k| value(o * 31 + k * 5)).collect())
            .collect();
        let (mut groups, mut panels) = (Vec::new(), Vec::new());
        pack_rows(rows.iter().map(Vec::as_slice), 70, &mut groups);
        pack_outputs(outputs.iter().map(Vec::as_slice), 70, &mut panels);
        let mut found = vec![(
            "this one",
            pulp::Arch::new().dispatch(Multiply(&groups, &panels)),
        )];
        found.push((
            "none",
            Simd::vectorize(pulp::Scalar::new(), Multiply(&groups, &panels)),
        ));
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = pulp::x86::V3::try_new() {
            found.push(("AVX2", Simd::vectorize(avx2, Multiply(&groups, &panels))));
        }
        for (name, sums) in found {
            for (r, row) in rows.iter().enumerate() {
                for (o, output) in outputs.iter().enumerate() {
                    let expected: f32 = row.iter().zip(output).map(|(a, b)| a * b).sum();
                    assert_eq!(
                        sums[r].0[o].to_bits(),
                        expected.to_bits(),
                        "{name}: row {r}, output {o}"
                    );
                }
            }
        }
    }
}
