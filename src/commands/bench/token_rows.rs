//! The token rows that are measured: made up, or of a file.

use std::path::Path;

use crate::model::ModelConfig;
use crate::model::heads::HeadConfig;
use crate::support::error::{Error, Result};
use crate::support::files;

/// At least three token ids by a fixed rule; the markers, which a pairwise head needs, at the
/// start, in the middle and late.
pub(super) fn synthetic(length: usize, row: usize, config: &ModelConfig) -> Vec<u32> {
    let markers = match &config.head {
        HeadConfig::Scalar(_) => Vec::new(),
        HeadConfig::Pairwise(head) => vec![
            (0, head.source_prefix_id),
            (length / 2, head.cand1_prefix_id),
            ((3 * length / 4).max(length / 2 + 1), head.cand2_prefix_id),
        ],
    };
    let vocabulary = u32::try_from(config.architecture().vocabulary()).unwrap_or(u32::MAX);
    let ids = markers.iter().map(|(_, id)| *id);
    let lowest = ids.chain([vocabulary]).min().unwrap_or(1).max(2);
    // Knuth's multiplicative hash spreads the ids over the vocabulary.
    let spread = |i: usize| {
        (u32::try_from(row * 8191 + i)
            .unwrap_or(0)
            .wrapping_mul(2_654_435_761)
            >> 8)
            % lowest
    };
    let mut ids: Vec<u32> = (0..length).map(spread).collect();
    for (at, id) in markers {
        ids[at] = id;
    }
    ids
}

/// One JSON list of ids a line.
pub(super) fn read(path: &Path) -> Result<Vec<Vec<u32>>> {
    let text = files::read_text(path)?;
    let row = |(at, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|e| {
            Error::bad_input(format!(
                "failed to parse token rows: {}:{}",
                path.display(),
                at + 1
            ))
            .caused_by(e)
        })
    };
    let rows: Vec<Vec<u32>> = text.lines().enumerate().map(row).collect::<Result<_>>()?;
    if rows.is_empty() {
        return Err(Error::bad_input(format!(
            "failed to read token rows: {}: the file has none",
            path.display()
        )));
    }
    Ok(rows)
}
