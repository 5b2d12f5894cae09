//! What becomes of what an output directory holds already.

/// The choice of whoever names the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// It stays: an unfinished run, a finished one of another plan and files that pairbench did
    /// not write are refused. A finished run of the same plan is replaced by its equal.
    #[default]
    Keep,
    /// The run there goes on.
    Resume,
    /// A new run takes its place. Files of other names stay.
    Overwrite,
}
