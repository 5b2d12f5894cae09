//! Whether there is memory for a batch, asked before it is computed.
//!
//! Rust ends the process where an allocation fails: afterwards nothing can be caught. A system that refuses what it lacks
//! (a limit of the address space, strict accounting, Windows) answers the question; Linux as it usually is promises more
//! than it has and kills later, which the journal survives.

use crate::model::EncoderConfig;

/// Whether so many tokens can be in the model at once.
pub fn suffices(tokens: usize, config: &EncoderConfig) -> bool {
    // What a token was measured to take in docs/performance.md: 49 kB in a model of hidden size 1,024.
    let floats = tokens.saturating_mul(8 * config.hidden_size + config.intermediate_size);
    // Tests let memory end here.
    let limit = std::env::var("PAIRBENCH_TEST_MEMORY").ok().and_then(|tokens| tokens.parse().ok());
    let mut room: Vec<f32> = Vec::new();
    let found = room.try_reserve_exact(floats).is_ok();
    // A compiler may leave out an allocation that nothing looks at.
    std::hint::black_box(room);
    found && limit.is_none_or(|limit: usize| tokens <= limit)
}
