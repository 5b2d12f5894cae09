//! Configuration and token rows → the geometry of their attention.

use std::sync::Arc;

use crate::kernels::attention::Geometry;
use crate::kernels::relative_positions::RelativeRows;
use crate::kernels::uploaded::Uploaded;
use crate::model::architecture::Architecture;
use crate::model::deberta::config::DebertaConfig;
use crate::model::token_rows::TokenRows;

/// The geometry of the attention over these rows.
pub fn geometry(config: &DebertaConfig, rows: &TokenRows) -> Geometry {
    let terms = config.position_terms();
    #[expect(
        clippy::cast_precision_loss,
        reason = "a head has at most some thousand dimensions"
    )]
    let scale = ((config.head_size() * terms.count()) as f32).sqrt();
    let relative = config
        .relative
        .as_ref()
        .map(|relative| Arc::new(RelativeRows::new(relative, rows.longest())));
    let (offsets, masked) = rows.pieces();
    Geometry {
        heads: config.heads,
        scale,
        terms,
        offsets: offsets.into(),
        masked: masked.into(),
        relative,
        uploaded: Uploaded::default(),
    }
}
