//! Whether there is memory for a batch.

use crate::model::Architecture;
use crate::support::allocator::can_have;

/// Whether there is memory for this many tokens in the model at once.
pub fn suffices(tokens: usize, architecture: &dyn Architecture) -> bool {
    // Tests let memory end here.
    let limit = std::env::var("PAIRBENCH_TEST_MEMORY")
        .ok()
        .and_then(|tokens| tokens.parse().ok());
    let bytes = tokens.saturating_mul(architecture.bytes_per_token());
    limit.is_none_or(|limit: usize| tokens <= limit) && can_have(bytes)
}
