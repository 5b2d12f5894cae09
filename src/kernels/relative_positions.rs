//! Relative distances → rows of the table of relative position embeddings. Integers only.

/// Which relative-position terms the attention scores have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PositionTerms {
    None,
    C2p,
    P2c,
    Both,
}

impl PositionTerms {
    /// Content to position.
    pub(crate) fn c2p(self) -> bool {
        matches!(self, Self::C2p | Self::Both)
    }

    /// Position to content.
    pub(crate) fn p2c(self) -> bool {
        matches!(self, Self::P2c | Self::Both)
    }

    /// Number of terms in the score, the content term included: the factor under the square root
    /// of the scale (`DisentangledSelfAttention.scale_factor`).
    pub(crate) fn count(self) -> usize {
        1 + usize::from(self.c2p()) + usize::from(self.p2c())
    }
}

/// How the attention uses relative positions; absent with `relative_attention: false`.
#[derive(Debug, Clone, PartialEq)]
pub struct RelativeConfig {
    pub terms: PositionTerms,
    /// `share_att_key`: the table is projected by the content's own projections.
    pub shared_keys: bool,
    /// Number of logarithmic buckets (`position_buckets`), if any.
    pub buckets: Option<usize>,
    /// `max_relative_positions`, or `max_position_embeddings` where that is below 1.
    pub max_distance: usize,
    /// Whether the table is normalised: `norm_rel_ebd` contains `layer_norm`.
    pub normalised: bool,
}

impl RelativeConfig {
    /// Half the number of rows of the relative embedding table.
    pub fn span(&self) -> usize {
        self.buckets.unwrap_or(self.max_distance)
    }
}

/// Logarithmic bucket of the distance `d` = query position − key position: exact up to
/// `buckets / 2`, then of growing width.
///
/// `make_log_bucket_position` in transformers' `modeling_deberta_v2.py`, which rounds up and
/// evaluates in float32. Double precision gives the same integers up to a distance of 3,400 for
/// every published setting (`log_buckets.json`).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    reason = "distances are far below 2^52"
)]
pub fn log_bucket(d: i64, buckets: usize, max_distance: usize) -> i64 {
    let mid = (buckets / 2) as i64;
    if d.abs() <= mid {
        return d;
    }
    let ratio =
        (d.abs() as f64 / mid as f64).ln() / ((max_distance as f64 - 1.0) / mid as f64).ln();
    d.signum() * ((ratio * (mid - 1) as f64).ceil() as i64 + mid)
}

/// The table row of every distance that occurs in token rows of up to a given length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelativeRows {
    /// Indexed by `distance + longest − 1`; never decreasing.
    by_distance: Vec<u32>,
}

impl RelativeRows {
    #[expect(
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::cast_possible_truncation,
        reason = "clamped to the table"
    )]
    /// For token rows of up to `longest` tokens.
    pub fn new(config: &RelativeConfig, longest: usize) -> Self {
        let span = config.span() as i64;
        let reach = longest.max(1) as i64 - 1;
        // Beyond `max_distance` buckets exceed the span and are clamped. The largest positive
        // distance with a row of its own is span − 1.
        let row = |d: i64| {
            let bucket = config
                .buckets
                .map_or(d, |b| log_bucket(d, b, config.max_distance));
            (bucket + span).clamp(0, 2 * span - 1) as u32
        };
        Self {
            by_distance: (-reach..=reach).map(row).collect(),
        }
    }

    /// The table rows of the distances from −(len − 1) to len − 1, `[2 · len − 1]`. `len` is at
    /// most the `longest` that was given to [`Self::new`].
    pub fn within(&self, len: usize) -> &[u32] {
        let centre = self.by_distance.len() / 2;
        &self.by_distance[centre + 1 - len..centre + len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(buckets: Option<usize>, max_distance: usize) -> RelativeConfig {
        RelativeConfig {
            terms: PositionTerms::Both,
            shared_keys: true,
            buckets,
            max_distance,
            normalised: true,
        }
    }

    #[test]
    fn long_inputs_saturate_at_the_ends_of_the_table() {
        let rows = RelativeRows::new(&config(Some(256), 512), 3400);
        let all = rows.within(3400);
        assert_eq!((all[0], all[3399], all[6798]), (0, 256, 511));
        assert_eq!(rows.within(2), &[255, 256, 257]);
    }

    #[test]
    fn short_inputs_reach_the_middle_of_the_table() {
        let rows = RelativeRows::new(&config(None, 24), 4);
        assert_eq!(rows.within(4), &[21, 22, 23, 24, 25, 26, 27]);
        assert_eq!(RelativeRows::new(&config(None, 24), 1).within(1), &[24]);
    }
}
