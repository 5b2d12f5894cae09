//! Memory that is used again, with what was in it.

/// The first `len` numbers of `memory`, which grows where it is too small.
pub(crate) fn at_least(memory: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if memory.len() < len {
        memory.resize(len, 0.0);
    }
    &mut memory[..len]
}
