//! `spm.model` → the fast tokenizer that transformers builds from it.
//!
//! Follows `DebertaV2Converter` in transformers' `convert_slow_tokenizer.py`: the pieces with their
//! scores, the model's own character map, and the special tokens after them in the order of their
//! ids.

use std::collections::BTreeMap;

use prost::Message;
use serde_json::Value;
use tokenizers::models::unigram::Unigram;
use tokenizers::normalizers::{
    Lowercase, NormalizerWrapper, Precompiled, Replace, Sequence, Strip, replace::ReplacePattern,
};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::pre_tokenizers::punctuation::Punctuation;
use tokenizers::{AddedToken, SplitDelimiterBehavior};

use crate::support::error::{Error, Result};
use crate::support::input_file::Directory;
use crate::text::charsmap;
use crate::text::tokenizer_settings::TokenizerSettings;

/// The fields of `sentencepiece_model.proto` (google/sentencepiece) that are read.
#[derive(Message)]
struct ModelProto {
    #[prost(message, repeated, tag = "1")]
    pieces: Vec<Piece>,
    #[prost(message, optional, tag = "2")]
    trainer: Option<TrainerSpec>,
    #[prost(message, optional, tag = "3")]
    normalizer: Option<NormalizerSpec>,
}

#[derive(Message)]
struct Piece {
    #[prost(string, tag = "1")]
    piece: String,
    #[prost(float, tag = "2")]
    score: f32,
}

#[derive(Message)]
struct TrainerSpec {
    /// 1 is unigram, the default.
    #[prost(int32, optional, tag = "3")]
    model_type: Option<i32>,
    #[prost(int32, optional, tag = "40")]
    unk_id: Option<i32>,
}

#[derive(Message)]
struct NormalizerSpec {
    #[prost(bytes = "vec", tag = "2")]
    precompiled_charsmap: Vec<u8>,
}

/// Builds the tokenizer of a directory without `tokenizer.json`; also the names of the files that
/// were read. The tokenizers crate panics on some damaged files: call it within
/// [`crate::support::catch_panic::guarded`].
pub(crate) fn build(
    home: &Directory,
    settings: &TokenizerSettings,
) -> Result<(tokenizers::Tokenizer, Vec<&'static str>)> {
    if !home.has("spm.model") {
        return Err(home.missing("spm.model"));
    }
    let path = home.file("spm.model").path();
    let invalid = |what: &str| {
        Error::bad_input(format!(
            "failed to load tokenizer: {}: {what}",
            path.display()
        ))
    };
    let proto = ModelProto::decode(&*home.file("spm.model").bytes()?)
        .map_err(|e| invalid("not a SentencePiece model").caused_by(e))?;
    let trainer = proto.trainer.unwrap_or_default();
    if trainer.model_type.is_some_and(|kind| kind != 1) {
        return Err(invalid("its model type is not unigram"));
    }
    let pieces: Vec<(String, f64)> = proto
        .pieces
        .into_iter()
        .map(|p| (p.piece, f64::from(p.score)))
        .collect();
    let unk = usize::try_from(trainer.unk_id.unwrap_or(0))
        .ok()
        .filter(|id| *id < pieces.len())
        .ok_or_else(|| invalid("its unk_id is not one of its pieces"))?;
    let first_free = pieces.len();
    let model =
        Unigram::from(pieces, Some(unk), false).map_err(|e| invalid("its pieces").caused_by(e))?;

    let mut tokenizer = tokenizers::Tokenizer::new(model);
    let charsmap = proto.normalizer.unwrap_or_default().precompiled_charsmap;
    let normalizer = normalizer(&charsmap, settings, &invalid)?;
    tokenizer
        .with_normalizer(Some(normalizer))
        .map_err(|e| invalid("its normaliser").caused_by(e))?;
    let metaspace = Metaspace::new('▁', PrependScheme::Always, true);
    let mut splits: Vec<PreTokenizerWrapper> = Vec::new();
    if flag(settings, "split_by_punct") {
        splits.push(Punctuation::new(SplitDelimiterBehavior::Isolated).into());
    }
    splits.push(metaspace.clone().into());
    tokenizer.with_pre_tokenizer(Some(tokenizers::pre_tokenizers::sequence::Sequence::new(
        splits,
    )));
    tokenizer.with_decoder(Some(metaspace));

    let (tokens, mut files) = added_tokens(home, settings, &tokenizer, first_free)?;
    for (id, token) in tokens {
        let content = token.content.clone();
        tokenizer
            .add_tokens([token])
            .map_err(|e| invalid("its added tokens").caused_by(e))?;
        if tokenizer.token_to_id(&content) != Some(id) {
            return Err(invalid(&format!(
                "the added token {content} should have id {id}; ids must follow the pieces \
                 without a gap"
            )));
        }
    }
    files.push("spm.model");
    Ok((tokenizer, files))
}

fn flag(settings: &TokenizerSettings, key: &str) -> bool {
    settings.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// `charsmap`: the model's character map, empty where it has none.
fn normalizer(
    charsmap: &[u8],
    settings: &TokenizerSettings,
    invalid: &impl Fn(&str) -> Error,
) -> Result<Sequence> {
    let mut normalizers: Vec<NormalizerWrapper> = Vec::new();
    if flag(settings, "do_lower_case") {
        normalizers.push(Lowercase.into());
    }
    normalizers.push(Strip::new(true, true).into());
    if !charsmap.is_empty() {
        let map = charsmap::is_whole(charsmap).then(|| Precompiled::from(charsmap));
        let map = map.and_then(std::result::Result::ok);
        normalizers.push(map.ok_or_else(|| invalid("its character map"))?.into());
    }
    let spaces = Replace::new(ReplacePattern::Regex(" {2,}".to_owned()), " ")
        .map_err(|e| invalid("its normaliser").caused_by(e))?;
    normalizers.push(spaces.into());
    Ok(Sequence::new(normalizers))
}

/// The special tokens and the markers, by id: from `added_tokens_decoder` in
/// `tokenizer_config.json`, else the class's own five and `added_tokens.json`.
fn added_tokens(
    home: &Directory,
    settings: &TokenizerSettings,
    tokenizer: &tokenizers::Tokenizer,
    first_free: usize,
) -> Result<(BTreeMap<u32, AddedToken>, Vec<&'static str>)> {
    if let Some(tokens) = settings.added_tokens(|_| false)? {
        return Ok((tokens, Vec::new()));
    }
    let mut tokens = BTreeMap::new();
    // SPEC: of the five, only `[UNK]` is normalised.
    for name in ["[PAD]", "[CLS]", "[SEP]", "[UNK]"] {
        if let Some(id) = tokenizer.token_to_id(name) {
            tokens.insert(id, AddedToken::from(name, true).normalized(name == "[UNK]"));
        }
    }
    let read = if home.has("added_tokens.json") {
        vec!["added_tokens.json"]
    } else {
        Vec::new()
    };
    let listed = if read.is_empty() {
        Value::Null
    } else {
        home.json("added_tokens.json")?
    };
    let mask = listed
        .get("[MASK]")
        .and_then(Value::as_u64)
        .and_then(|id| u32::try_from(id).ok())
        .or(u32::try_from(first_free).ok());
    tokens.extend(mask.map(|id| (id, AddedToken::from("[MASK]", true).normalized(false))));
    for (content, id) in listed
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(content, _)| *content != "[MASK]")
    {
        let id = id
            .as_u64()
            .and_then(|id| u32::try_from(id).ok())
            .ok_or_else(|| {
                Error::bad_input(format!(
                    "failed to load tokenizer: {}: the id of {content}",
                    home.file("added_tokens.json").path().display()
                ))
            })?;
        tokens.insert(
            id,
            AddedToken::from(content.as_str(), false).normalized(true),
        );
    }
    Ok((tokens, read))
}
