//! Whether there is memory for a batch.

use crate::model::Architecture;
use crate::support::allocator::can_allocate;
use crate::support::test_hooks;

/// Whether there is memory for this many tokens in the model at once.
pub(crate) fn suffices(tokens: usize, architecture: &dyn Architecture) -> bool {
    let bytes = tokens.saturating_mul(architecture.bytes_per_token());
    test_hooks::token_limit().is_none_or(|limit| tokens <= limit) && can_allocate(bytes)
}
