//! Whether there is memory for a batch.

use crate::model::EncoderConfig;
use crate::support::allocator::can_have;

/// Whether so many tokens can be in the model at once.
pub fn suffices(tokens: usize, config: &EncoderConfig) -> bool {
    // Tests let memory end here.
    let limit = std::env::var("PAIRBENCH_TEST_MEMORY")
        .ok()
        .and_then(|tokens| tokens.parse().ok());
    // What a token was measured to take in docs/performance.md: 49 kB in a model of hidden size
    // 1,024.
    let bytes = tokens
        .saturating_mul(8 * config.hidden_size + config.intermediate_size)
        .saturating_mul(size_of::<f32>());
    limit.is_none_or(|limit: usize| tokens <= limit) && can_have(bytes)
}
