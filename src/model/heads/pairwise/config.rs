//! `config.json` → pairwise head.

use crate::model::config_keys::Keys;
use crate::support::error::Result;

/// The pairwise head of PairRM: how many tasks it has, and which tokens it reads.
#[derive(Debug, Clone, PartialEq)]
pub struct PairwiseConfig {
    pub n_tasks: usize,
    pub source_prefix_id: u32,
    pub cand1_prefix_id: u32,
    pub cand2_prefix_id: u32,
}

impl PairwiseConfig {
    /// Reads the head's part of a configuration whose encoder has this vocabulary.
    pub(in crate::model::heads) fn read(keys: &Keys, vocabulary: usize) -> Result<Self> {
        let id = |key: &str| -> Result<u32> {
            let id = keys.size(key, None)?;
            if id >= vocabulary {
                return Err(keys.refuse(key, &format!("an id below vocab_size {vocabulary}")));
            }
            Ok(u32::try_from(id).unwrap_or(u32::MAX))
        };
        let config = Self {
            n_tasks: keys.positive("n_tasks", Some(1))?,
            source_prefix_id: id("source_prefix_id")?,
            cand1_prefix_id: id("cand1_prefix_id")?,
            cand2_prefix_id: id("cand2_prefix_id")?,
        };
        if config.cand1_prefix_id == config.cand2_prefix_id
            || config.source_prefix_id == config.cand1_prefix_id
            || config.source_prefix_id == config.cand2_prefix_id
        {
            return Err(keys.refuse(
                "cand2_prefix_id",
                "three different ids for source, cand1 and cand2",
            ));
        }
        Ok(config)
    }
}
