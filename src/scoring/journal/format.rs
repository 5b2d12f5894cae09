//! The lines of a journal.

use serde::{Deserialize, Serialize};

use crate::checkpoint::PrecisionName;
use crate::scoring::fingerprint::Fingerprint;
use crate::scoring::verdict::Outcome;
use crate::support::bounded_count::bounded;

pub(crate) const NAME: &str = "journal.jsonl";
/// 2: an outcome says of which head it is.
pub(crate) const SCHEMA: u64 = 2;

/// The first line.
#[derive(Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) schema: u64,
    pub(crate) fingerprint: String,
    pub(crate) plan: Fingerprint,
}

/// A process that worked on the run, and what may change from one to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) pid: u32,
    /// Seconds since 1970.
    pub(crate) started: f64,
    pub(crate) device: String,
    pub(crate) threads: usize,
    pub(crate) batch_tokens: u32,
    /// How many verdicts it wrote; counted, not stored in the journal.
    #[serde(default, deserialize_with = "bounded")]
    pub(crate) verdicts: usize,
}

/// What one model said of one item.
#[derive(Serialize, Deserialize)]
pub(crate) struct Line {
    /// Place in the plan.
    pub(crate) model: usize,
    pub(crate) row: usize,
    /// In a run that computes in two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) precision: Option<PrecisionName>,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

/// A line with its end.
pub(crate) fn line(content: &impl Serialize) -> Vec<u8> {
    // Strings and finite numbers: JSON has them all.
    let mut line = serde_json::to_vec(content).unwrap_or_default();
    line.push(b'\n');
    line
}
