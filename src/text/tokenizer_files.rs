//! The files of a tokenizer → the tokenizers crate's own.

use tokenizers::models::ModelWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;

use crate::support::catch_panic::guarded;
use crate::support::error::{Error, Result};
use crate::support::input_file::Directory;
use crate::text::tokenizer_settings::TokenizerSettings;
use crate::text::{charsmap, sentencepiece};

/// A tokenizer, and what says how it is used.
pub(super) struct Found {
    pub(super) inner: tokenizers::Tokenizer,
    /// The content of `tokenizer_config.json`.
    pub(super) settings: TokenizerSettings,
    /// The padding token of `tokenizer.json`.
    pub(super) padding: Option<String>,
    /// The names of the files that were read.
    pub(super) files: Vec<&'static str>,
}

impl Found {
    /// From `tokenizer.json`, else built from `spm.model`.
    ///
    /// # Errors
    /// Where a file is missing or damaged.
    pub(super) fn read(home: &Directory) -> Result<Self> {
        let (settings, mut files) = TokenizerSettings::read(home)?;
        let (mut inner, read) = if home.has("tokenizer.json") {
            (read_tokenizer_json(home)?, vec!["tokenizer.json"])
        } else {
            build_from_spm_model(home, &settings)?
        };
        files.extend(read);
        inner
            .with_truncation(None)
            .map_err(|e| invalid(home, "its truncation settings").caused_by(e))?;
        let padding = inner.get_padding().map(|padding| padding.pad_token.clone());
        inner.with_padding(None);
        without_dropout(&mut inner);
        with_prefix_space(&mut inner, &settings)?;
        let splits = settings.flag("split_special_tokens")?.unwrap_or(false);
        inner.set_encode_special_tokens(splits);
        Ok(Self {
            inner,
            settings,
            padding,
            files,
        })
    }

    /// The most ids that the settings allow.
    pub(super) fn model_max_length(&self) -> Option<usize> {
        // transformers writes 1e30, a float, where there is no limit.
        let max = self.settings.get("model_max_length")?.as_u64()?;
        usize::try_from(max).ok()
    }
}

/// Dropout is for training: with it the tokens of a text are random.
fn without_dropout(inner: &mut tokenizers::Tokenizer) {
    let ModelWrapper::BPE(model) = inner.get_model() else {
        return;
    };
    if model.dropout.is_some() {
        let mut model = model.clone();
        model.dropout = None;
        inner.with_model(model);
    }
}

/// Whether a text begins with a further space is for the settings to say, where a pre-tokenizer of
/// bytes is all there is; it does not, where they are silent. (`PreTrainedTokenizerFast.__init__`
/// of 4.51, where null and a Llama's silence leave the pre-tokenizer as it is.)
fn with_prefix_space(
    inner: &mut tokenizers::Tokenizer,
    settings: &TokenizerSettings,
) -> Result<()> {
    const KEY: &str = "add_prefix_space";
    let stays = match settings.get(KEY) {
        None => settings.class() == "LlamaTokenizer",
        Some(value) => value.is_null(),
    };
    let bytes = match inner.get_pre_tokenizer() {
        Some(PreTokenizerWrapper::ByteLevel(bytes)) if !stays => *bytes,
        _ => return Ok(()),
    };
    let adds = settings.flag(KEY)?.unwrap_or(false);
    inner.with_pre_tokenizer(Some(bytes.add_prefix_space(adds)));
    Ok(())
}

/// The error for a tokenizer that cannot be used.
pub(super) fn invalid(home: &Directory, what: &str) -> Error {
    let path = home.path().display();
    Error::bad_input(format!("failed to load tokenizer: {path}: {what}"))
}

/// tokenizers 0.23 panics on some malformed files: any damaged character map, or a template that
/// names a token which the file lacks.
fn read_tokenizer_json(home: &Directory) -> Result<tokenizers::Tokenizer> {
    let file = home.file("tokenizer.json");
    let bytes = file.bytes()?;
    let invalid = || {
        let path = file.path();
        Error::bad_input(format!("failed to load tokenizer: {}", path.display()))
    };
    let read = charsmap::are_whole(&bytes)
        .then(|| guarded(|| tokenizers::Tokenizer::from_bytes(&bytes)))
        .flatten();
    read.ok_or_else(|| invalid().hint("the file is damaged; download it again"))?
        .map_err(|e| invalid().caused_by(e))
}

/// Also the names of the files that were read. Adding a token normalises it, which panics where the
/// character map is damaged.
fn build_from_spm_model(
    home: &Directory,
    settings: &TokenizerSettings,
) -> Result<(tokenizers::Tokenizer, Vec<&'static str>)> {
    let damaged = || {
        let path = home.file("spm.model").path();
        Error::bad_input(format!("failed to load tokenizer: {}", path.display()))
            .hint("the file is damaged; download it again")
    };
    guarded(|| sentencepiece::build(home, settings)).ok_or_else(damaged)?
}
