//! Whether there is memory for a batch.

use crate::model::EncoderConfig;
use crate::support::allocator::can_allocate;
use crate::support::test_hooks;

/// Whether so many tokens can be in the model at once.
pub fn suffices(tokens: usize, config: &EncoderConfig) -> bool {
    // What a token was measured to take in docs/performance.md: 49 kB in a model of hidden size
    // 1,024.
    let bytes = tokens
        .saturating_mul(8 * config.hidden_size + config.intermediate_size)
        .saturating_mul(size_of::<f32>());
    test_hooks::token_limit().is_none_or(|limit| tokens <= limit) && can_allocate(bytes)
}
