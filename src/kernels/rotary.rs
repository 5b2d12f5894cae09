//! The table of a rotary position embedding (RoFormer, arXiv:2104.09864).

/// Cosines and sines of the angles at each position.
#[derive(Debug, Clone, PartialEq)]
pub struct RotaryTable {
    /// `[positions, half]`
    cos: Vec<f32>,
    /// `[positions, half]`
    sin: Vec<f32>,
    /// Pairs of a head's dimensions.
    half: usize,
}

impl RotaryTable {
    /// The table of the positions below `positions`. `frequencies`: of each pair of dimensions, in
    /// radians from one position to the next.
    ///
    /// The angle is an f32 product, as in transformers, whose rounding moves it by 1e-4 at position
    /// 2,000; its cosine and sine are rounded once.
    pub(crate) fn new(frequencies: &[f32], positions: usize) -> Self {
        let mut table = Self {
            cos: Vec::with_capacity(positions * frequencies.len()),
            sin: Vec::with_capacity(positions * frequencies.len()),
            half: frequencies.len(),
        };
        for position in 0..positions {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                reason = "f32 is the type of the table, as in transformers"
            )]
            for frequency in frequencies {
                let (sin, cos) = f64::from(position as f32 * frequency).sin_cos();
                table.cos.push(cos as f32);
                table.sin.push(sin as f32);
            }
        }
        table
    }

    /// Cosines and sines of a position, `[half]` each.
    pub(crate) fn at(&self, position: usize) -> (&[f32], &[f32]) {
        let range = position * self.half..(position + 1) * self.half;
        (&self.cos[range.clone()], &self.sin[range])
    }

    /// All cosines and all sines, `[positions, half]` each.
    #[cfg(feature = "_gpu")]
    pub(crate) fn values(&self) -> (&[f32], &[f32]) {
        (&self.cos, &self.sin)
    }

    /// Pairs of a head's dimensions.
    pub(crate) fn half(&self) -> usize {
        self.half
    }
}
