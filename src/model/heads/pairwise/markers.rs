//! The tokens whose hidden states the pairwise head reads.

use crate::model::heads::pairwise::config::PairwiseConfig;

/// Why a row has no single position for each marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MarkerError {
    /// The reference fails an assertion here.
    #[error("no {0} marker is left in the token row")]
    Missing(&'static str),
    /// The reference raises an exception, or silently returns more logits than rows.
    #[error("the text contains the {0} marker token itself")]
    Repeated(&'static str),
}

impl PairwiseConfig {
    /// The positions of the source's, the first and the second candidate's marker in one token row,
    /// `[tokens]`.
    ///
    /// # Errors
    /// A marker that is missing or occurs more than once.
    pub fn markers(&self, ids: &[u32]) -> std::result::Result<[usize; 3], MarkerError> {
        let only = |id: u32, name: &'static str| {
            let mut positions = ids
                .iter()
                .enumerate()
                .filter(|(_, token)| **token == id)
                .map(|(i, _)| i);
            match (positions.next(), positions.next()) {
                (Some(position), None) => Ok(position),
                (None, _) => Err(MarkerError::Missing(name)),
                (Some(_), Some(_)) => Err(MarkerError::Repeated(name)),
            }
        };
        Ok([
            only(self.source_prefix_id, "source")?,
            only(self.cand1_prefix_id, "candidate1")?,
            only(self.cand2_prefix_id, "candidate2")?,
        ])
    }
}
