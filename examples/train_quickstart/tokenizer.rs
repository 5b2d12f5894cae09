//! Trains the tokenizer and writes it as `save_pretrained` of transformers would.

use pairbench::support::error::{Error, Result};
use serde_json::{Value, json};
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::normalizers::{Replace, Sequence, Strip, replace::ReplacePattern};
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::pre_tokenizers::punctuation::Punctuation;
use tokenizers::pre_tokenizers::sequence::Sequence as PreTokenizers;
use tokenizers::{AddedToken, SplitDelimiterBehavior, Tokenizer};

use crate::corpus::Example;

/// The special tokens that DeBERTa's vocabularies begin with.
const SPECIAL: [&str; 4] = ["[PAD]", "[CLS]", "[SEP]", "[UNK]"];
/// What follows the pieces: the mask and PairRM's markers.
const ADDED: [&str; 5] = [
    "[MASK]",
    "<|source|>",
    "<|candidate1|>",
    "<|candidate2|>",
    "<|candidate|>",
];
/// Fixed words of both templates.
const TEMPLATES: &str = "\
    Finish the following coversation in each i-th turn by filling in <Response i> with your \
    response.USER: \nAssistant: <Response 1> USER: \n    \n    ASSISTANT: <Response 1>:";

/// A trained tokenizer as files of a checkpoint.
pub struct Files {
    pub tokenizer: String,
    pub settings: String,
    pub vocab_size: usize,
    /// Ids of the source and of both candidate markers.
    pub markers: [usize; 3],
}

/// Byte-pair merges of whole words: with so few texts, nearly every word ends up as one piece. (A
/// unigram vocabulary, which DeBERTa's are, falls apart into single characters here.)
pub fn train(examples: &[Example], pieces: usize) -> Result<Files> {
    let failed =
        |e: tokenizers::Error| Error::bad_input("failed to train the tokenizer").caused_by(e);
    let model = BPE::builder()
        .unk_token("[UNK]".to_owned())
        .build()
        .map_err(failed)?;
    let mut tokenizer = Tokenizer::new(model);
    let spaces = Replace::new(ReplacePattern::Regex(" {2,}".to_owned()), " ").map_err(failed)?;
    tokenizer
        .with_normalizer(Some(Sequence::new(vec![
            Strip::new(true, true).into(),
            spaces.into(),
        ])))
        .map_err(failed)?;
    let metaspace = Metaspace::new('▁', PrependScheme::Always, true);
    // Spaces first: what punctuation cuts off carries none.
    let splits = vec![
        metaspace.clone().into(),
        Punctuation::new(SplitDelimiterBehavior::Isolated).into(),
    ];
    tokenizer.with_pre_tokenizer(Some(PreTokenizers::new(splits)));
    tokenizer.with_decoder(Some(metaspace));

    let special = SPECIAL.map(|token| AddedToken::from(token, true)).to_vec();
    let trainer = BpeTrainer::builder()
        .show_progress(false)
        .vocab_size(pieces)
        .special_tokens(special)
        .build();
    let texts = examples
        .iter()
        .flat_map(|e| [e.prompt.as_str(), &e.chosen, &e.rejected, TEMPLATES]);
    tokenizer
        .train(&mut TrainerWrapper::from(trainer), texts)
        .map_err(failed)?;
    // As in the checkpoints on the hub, the markers are not special.
    let added = ADDED.map(|token| {
        AddedToken::from(token, token.starts_with('[')).normalized(!token.starts_with('['))
    });
    tokenizer.add_tokens(added).map_err(failed)?;
    let id = |token: &str| tokenizer.token_to_id(token).map_or(0, |id| id as usize);
    Ok(Files {
        tokenizer: tokenizer.to_string(true).map_err(failed)? + "\n",
        settings: format!("{:#}\n", settings(&tokenizer)),
        vocab_size: tokenizer.get_vocab_size(true),
        markers: [id("<|source|>"), id("<|candidate1|>"), id("<|candidate2|>")],
    })
}

fn settings(tokenizer: &Tokenizer) -> Value {
    let mut added: Vec<_> = tokenizer.get_added_tokens_decoder().into_iter().collect();
    added.sort_by_key(|(id, _)| *id);
    let decoder: serde_json::Map<String, Value> = added
        .into_iter()
        .map(|(id, t)| {
            let entry = json!({
                "content": t.content,
                "lstrip": t.lstrip,
                "normalized": t.normalized,
                "rstrip": t.rstrip,
                "single_word": t.single_word,
                "special": t.special,
            });
            (id.to_string(), entry)
        })
        .collect();
    json!({
        "added_tokens_decoder": decoder,
        "bos_token": "[CLS]",
        "cls_token": "[CLS]",
        "eos_token": "[SEP]",
        "mask_token": "[MASK]",
        "pad_token": "[PAD]",
        "sep_token": "[SEP]",
        "unk_token": "[UNK]",
        "clean_up_tokenization_spaces": true,
        "do_lower_case": false,
        "split_by_punct": false,
        "tokenizer_class": "PreTrainedTokenizerFast",
    })
}
