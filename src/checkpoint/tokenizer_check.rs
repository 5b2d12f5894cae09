//! Whether the tokenizer and the configuration of a checkpoint belong together.

use std::path::Path;

use crate::model::ModelConfig;
use crate::model::heads::HeadConfig;
use crate::model::heads::pairwise::PairwiseConfig;
use crate::model::heads::scalar::ScalarConfig;
use crate::support::error::{Error, Result};
use crate::text::Tokenizer;

/// Refuses a tokenizer that does not belong to the configuration. `directory` is for the errors.
///
/// # Errors
/// A marker that has another id, is not in the vocabulary or is not found in a text, or an id that
/// the model does not have.
pub fn check_tokenizer(
    tokenizer: &Tokenizer,
    config: &ModelConfig,
    directory: &Path,
) -> Result<()> {
    let refuse = |reason: String| {
        Error::bad_input(format!(
            "failed to match tokenizer and config: {}: {reason}",
            directory.display()
        ))
    };
    match &config.head {
        HeadConfig::Pairwise(head) => check_markers(tokenizer, head, refuse)?,
        HeadConfig::Scalar(ScalarConfig::LastToken(_)) => {}
        HeadConfig::Scalar(ScalarConfig::Pooled(_)) => {
            if !tokenizer.frames_as_pair()? {
                return Err(refuse(
                    "the tokenizer's post-processor does not make [CLS] text [SEP] text [SEP]"
                        .to_owned(),
                ));
            }
        }
    }
    let vocabulary = config.architecture().vocabulary();
    let (largest, token) = tokenizer.largest_id();
    if largest as usize >= vocabulary {
        return Err(refuse(format!(
            "the tokenizer's largest id is {largest}, of {token}, config.json key `vocab_size` is \
             {vocabulary}"
        )));
    }
    Ok(())
}

/// Each marker has the id that the head looks for, and is found in a text.
fn check_markers(
    tokenizer: &Tokenizer,
    head: &PairwiseConfig,
    refuse: impl Fn(String) -> Error,
) -> Result<()> {
    for (token, id, key) in [
        ("<|source|>", head.source_prefix_id, "source_prefix_id"),
        ("<|candidate1|>", head.cand1_prefix_id, "cand1_prefix_id"),
        ("<|candidate2|>", head.cand2_prefix_id, "cand2_prefix_id"),
    ] {
        let found = tokenizer.id_of(token);
        if found != Some(id) {
            let found = found.map_or_else(|| "no such token".to_owned(), |id| format!("id {id}"));
            return Err(refuse(format!(
                "config.json key `{key}` is {id}, the tokenizer has {found} for {token}"
            )));
        }
        let ids = tokenizer.encode(token)?;
        if ids.iter().filter(|found| **found == id).count() != 1 {
            return Err(refuse(format!(
                "the tokenizer has {token} in its vocabulary but does not find it in a text"
            )));
        }
    }
    Ok(())
}
