//! The lines of a journal.

use serde::{Deserialize, Serialize};

use crate::scoring::fingerprint::Fingerprint;
use crate::scoring::verdict::Outcome;

pub const NAME: &str = "journal.jsonl";
/// 2: an outcome says of which head it is.
pub const SCHEMA: u64 = 2;

/// The first line.
#[derive(Serialize, Deserialize)]
pub struct Header {
    pub schema: u64,
    pub fingerprint: String,
    pub plan: Fingerprint,
}

/// A process that worked on the run, and what may change from one to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub pid: u32,
    /// Seconds since 1970.
    pub started: f64,
    pub device: String,
    pub threads: usize,
    pub batch_tokens: u32,
    /// How many verdicts it wrote; counted, not stored in the journal.
    #[serde(default)]
    pub verdicts: usize,
}

/// What one model said of one item.
#[derive(Serialize, Deserialize)]
pub struct Line {
    /// Place in the plan.
    pub model: usize,
    pub row: usize,
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A line with its end.
pub fn line(content: &impl Serialize) -> Vec<u8> {
    // Strings and finite numbers: JSON has them all.
    let mut line = serde_json::to_vec(content).unwrap_or_default();
    line.push(b'\n');
    line
}
