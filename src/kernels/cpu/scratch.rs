//! Memory that is used again, with what was in it.

/// What one head of an attention leaves to the next: where products are not asked for, old ones
/// remain, and reach no result.
#[derive(Default)]
pub(crate) struct Scratch<L> {
    /// The left factor of a product, packed.
    pub(crate) left: L,
    pub(crate) scores: Vec<f32>,
    /// Of scores and values.
    pub(crate) sums: Vec<f32>,
    /// What each query's sums are multiplied by.
    pub(crate) factors: Vec<f32>,
}

/// The first `len` numbers of `memory`, which grows where it is too small.
pub(crate) fn at_least(memory: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if memory.len() < len {
        memory.resize(len, 0.0);
    }
    &mut memory[..len]
}
