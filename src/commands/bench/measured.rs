//! What one measurement gave.

/// Rows that are scored together, and how long that took.
pub(super) struct Measured {
    pub(super) label: String,
    pub(super) rows: usize,
    pub(super) tokens: usize,
    /// Of the model's arithmetic, not counting what a kernel does besides.
    pub(super) flops: f64,
    /// Medians over the repeats.
    pub(super) seconds: f64,
    pub(super) logits: Vec<f32>,
}
