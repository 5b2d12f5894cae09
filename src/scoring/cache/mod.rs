//! Verdicts kept from one run to the next: the same pair, checkpoint, template, precision and kind
//! of arithmetic is not scored twice.
//!
//! One file of JSON Lines for each model, named by the hash of everything that decides its
//! verdicts; each line has the hash of a pair's text, what the model made of it, and a checksum.
//! Names and paths are nowhere in it, and nothing in it is ever executed. It is a convenience: a
//! line that is damaged is passed over, and a file that cannot be used is said once and done
//! without.

mod file;
mod folder;
mod line;
mod verdicts;

pub(crate) use folder::{clear, files, kernel_files, lines_of};
pub(crate) use line::key;
pub(crate) use verdicts::Cache;
