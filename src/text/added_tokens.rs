//! The tokens that a tokenizer's other files name and `tokenizer.json` lacks: transformers adds
//! them when it loads a tokenizer (`PreTrainedTokenizerFast.__init__` of 4.51).

use std::collections::{BTreeMap, HashSet};

use tokenizers::AddedToken;

use crate::support::catch_panic::guarded;
use crate::support::error::{Error, Result};
use crate::support::input_file::Directory;
use crate::text::special_tokens::{SpecialToken, SpecialTokens};
use crate::text::tokenizer_files::invalid;
use crate::text::tokenizer_settings::TokenizerSettings;

const OLD: &str = "added_tokens.json";

/// Adds what `tokenizer.json` lacks, and gives tokens that it has the flags of the settings; the
/// names of other files that were read.
///
/// # Errors
/// A damaged file, or a token that does not get the id of its file.
pub(super) fn complete(
    inner: &mut tokenizers::Tokenizer,
    home: &Directory,
    settings: &TokenizerSettings,
    special: &SpecialTokens,
) -> Result<Vec<&'static str>> {
    let named: HashSet<&str> = special.all().map(|s| s.token.content.as_str()).collect();
    let is_named = |content: &str| named.contains(content);
    let own: BTreeMap<u32, AddedToken> = inner
        .get_added_tokens_decoder()
        .iter()
        .map(|(id, token)| (*id, token.clone()))
        .collect();
    let of_settings = settings.added_tokens(is_named)?;
    let (listed, read, file) = if let Some(listed) = &of_settings {
        (listed.clone(), Vec::new(), "tokenizer_config.json")
    } else {
        let (listed, read) = old_list(home, &own, is_named)?;
        (listed, read, OLD)
    };
    // The flags of their tokens hold for special tokens, too.
    let decided = of_settings.as_ref().unwrap_or(&own);
    let tokens = in_order(&own, &listed, decided, special);
    let lacks = |token: &&AddedToken| inner.token_to_id(&token.content).is_none();
    let new: HashSet<String> = tokens
        .iter()
        .filter(lacks)
        .map(content)
        .map(str::to_owned)
        .collect();
    let failed = || invalid(home, "its added tokens");
    guarded(|| inner.add_tokens(tokens))
        .ok_or_else(failed)?
        .map_err(|e| failed().caused_by(e))?;
    for (id, token) in &listed {
        let found = inner.token_to_id(&token.content);
        if let Some(found) = found.filter(|found| found != id && new.contains(&token.content)) {
            return Err(other_id(home, file, &token.content, *id, found));
        }
    }
    Ok(read)
}

/// What is added, in the order in which ids are given: the `listed` ones, and special ones that are
/// not among them.
fn in_order(
    own: &BTreeMap<u32, AddedToken>,
    listed: &BTreeMap<u32, AddedToken>,
    decided: &BTreeMap<u32, AddedToken>,
    special: &SpecialTokens,
) -> Vec<AddedToken> {
    let decided: HashSet<&str> = decided.values().map(content).collect();
    let known: HashSet<&str> = own.values().chain(listed.values()).map(content).collect();
    let mut seen = HashSet::new();
    let is_further = |further: &&SpecialToken| {
        let content = content(&further.token);
        let is_known = further.is_text && known.contains(content);
        !is_known && !decided.contains(content) && seen.insert(content.to_owned())
    };
    let further = special
        .all()
        .filter(is_further)
        .map(|further| &further.token);
    listed.values().chain(further).cloned().collect()
}

fn content(token: &AddedToken) -> &str {
    &token.content
}

/// Releases of transformers differ in which of the two they take.
fn other_id(home: &Directory, file: &str, token: &str, id: u32, found: u32) -> Error {
    let path = home.file(file).path();
    Error::bad_input(format!(
        "failed to load tokenizer: {}: it gives {token} the id {id}, which is {found} after the \
         tokens of tokenizer.json, which lacks it",
        path.display()
    ))
    .hint("add it to `added_tokens` of tokenizer.json, in the order of ids")
}

/// The tokens of `added_tokens.json`, which old checkpoints have, and those of `tokenizer.json`,
/// which win; also the names of the files that were read.
fn old_list(
    home: &Directory,
    own: &BTreeMap<u32, AddedToken>,
    is_named: impl Fn(&str) -> bool,
) -> Result<(BTreeMap<u32, AddedToken>, Vec<&'static str>)> {
    let promoted = own.iter().map(|(id, token)| {
        let special = token.special || is_named(&token.content);
        (*id, token.clone().special(special))
    });
    if !home.has(OLD) {
        return Ok((promoted.collect(), Vec::new()));
    }
    let invalid = |what: &str| {
        let path = home.file(OLD).path();
        Error::bad_input(format!(
            "failed to load tokenizer: {}: {what}",
            path.display()
        ))
    };
    let list = home.json(OLD)?;
    let list = list
        .as_object()
        .ok_or_else(|| invalid("it is not a JSON object"))?;
    let mut tokens = BTreeMap::new();
    for (token, id) in list {
        let id = id.as_u64().and_then(|id| u32::try_from(id).ok());
        let id = id.ok_or_else(|| invalid(&format!("the id of {token}")))?;
        tokens.insert(id, AddedToken::from(token.as_str(), is_named(token)));
    }
    tokens.extend(promoted);
    Ok((tokens, vec![OLD]))
}
