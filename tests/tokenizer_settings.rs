//! What the files beside `tokenizer.json` say of a tokenizer, against transformers 4.51:
//! `tokenizer_settings.json` has changes of the golden checkpoints' files, and the text and the ids
//! that it makes of one conversation then; of encoders the ids of a text.

#[path = "common/binary.rs"]
mod binary;

use std::path::{Path, PathBuf};

use binary::{json_file, run};
use pairbench::data::Message;
use pairbench::text::contract::AnswerContract;
use pairbench::text::{Side, Tokenizer};
use serde_json::{Value, json};

const DECODERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/decoders");
const ENCODERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/scalar");

fn checkpoint(name: &str) -> PathBuf {
    Path::new(DECODERS).join("models").join(name)
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// An edit is a file, the pointer of a value, and the value, without which it is removed.
fn apply(edit: &Value, to: &Path) {
    let file = to.join(edit[0].as_str().unwrap());
    let pointer = edit[1].as_str().unwrap();
    let mut document = if file.exists() {
        json_file(&file)
    } else {
        Value::Null
    };
    match (pointer.rsplit_once('/'), edit.get(2)) {
        (None, value) => document = value.unwrap().clone(),
        (Some((parent, key)), value) => match (document.pointer_mut(parent).unwrap(), value) {
            (Value::Object(map), Some(value)) => drop(map.insert(key.to_owned(), value.clone())),
            (Value::Object(map), None) => drop(map.remove(key)),
            (Value::Array(list), None) => drop(list.remove(key.parse().unwrap())),
            _ => panic!("{edit}"),
        },
    }
    std::fs::write(file, document.to_string()).unwrap();
}

/// A changed copy of a decoder.
fn changed(name: &str, edits: &[Value]) -> tempfile::TempDir {
    changed_copy(&checkpoint(name), edits)
}

fn changed_copy(of: &Path, edits: &[Value]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy(of, dir.path());
    for edit in edits {
        apply(edit, dir.path());
    }
    dir
}

#[test]
fn texts_and_ids_are_those_of_transformers() {
    let recorded = json_file(&Path::new(DECODERS).join("tokenizer_settings.json"));
    let conversation = [("user", "prompt"), ("assistant", "answer")]
        .map(|(role, key)| Message::new(role, recorded[key].as_str().unwrap()));
    let cases = recorded["cases"].as_array().unwrap();
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let of = case["of"].as_str().unwrap();
        let dir = changed(of, case["edits"].as_array().unwrap());
        let (tokenizer, files) = Tokenizer::load_of_decoder(&dir.path().into()).unwrap();
        let text = AnswerContract::Chat
            .text(&tokenizer, &conversation)
            .unwrap();
        assert_eq!(text, case["text"].as_str().unwrap(), "{name}");
        let ids = tokenizer.segment(&text, usize::MAX, Side::Right).unwrap().0;
        let expected: Vec<u32> = serde_json::from_value(case["ids"].clone()).unwrap();
        assert_eq!(ids, expected, "{name}");
        let is_read = |file| files.contains(&file);
        let is_old = name.starts_with("old, ");
        assert_eq!(
            is_read("special_tokens_map.json"),
            is_old && name.contains("map"),
            "{name}"
        );
        assert_eq!(
            is_read("added_tokens.json"),
            is_old && !name.contains("map"),
            "{name}"
        );
    }
    assert!(cases.len() > 30);
}

/// Tokens that `tokenizer.json` lacks, and flags that it has otherwise.
#[test]
fn an_encoders_ids_are_those_of_transformers() {
    let home = Path::new(ENCODERS);
    let recorded = json_file(&home.join("tokenizer_settings.json"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let model = home.join("models").join(text(&recorded["model"]));
    let cases = recorded["cases"].as_array().unwrap();
    for case in cases {
        let dir = changed_copy(&model, case["edits"].as_array().unwrap());
        let (tokenizer, _) = Tokenizer::load(&dir.path().into()).unwrap();
        let found = tokenizer.segment(&text(&recorded["text"]), usize::MAX, Side::Right);
        let expected: Vec<u32> = serde_json::from_value(case["ids"].clone()).unwrap();
        assert_eq!(found.unwrap().0, expected, "{}", case["name"]);
    }
    assert_eq!(cases.len(), 10);
}

/// The same ids whenever a text is tokenized.
#[test]
fn dropout_is_none() {
    let changed = changed(
        "tiny-llama3-rm",
        &[json!(["tokenizer.json", "/model/dropout", 0.5])],
    );
    let ids = |dir: &Path| {
        let tokenizer = Tokenizer::load_of_decoder(&dir.into()).unwrap().0;
        tokenizer
            .encode("A text of some words, each of several letters.")
            .unwrap()
    };
    assert_eq!(ids(changed.path()), ids(&checkpoint("tiny-llama3-rm")));
}

/// Lengths without a limit, as Python writes them.
#[test]
fn infinite_lengths_are_read() {
    let dir = changed("tiny-qwen3-rm", &[]);
    let file = dir.path().join("tokenizer_config.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let infinite = text.replace("131072", "Infinity");
    assert_ne!(text, infinite);
    std::fs::write(file, infinite).unwrap();
    Tokenizer::load_of_decoder(&dir.path().into()).unwrap();
}

/// `run_rm.py` pads with EOS where the tokenizer has no padding token, whatever `config.json` says:
/// scores of transformers 4.51.
#[test]
fn padding_is_eos_under_chat_where_the_tokenizer_has_none() {
    let row = json!({ "prompt": "Hello there", "answer": "An answer." }).to_string();
    let scores = ["chat", "card"].map(|template| {
        let dir = changed(
            "tiny-llama3-rm",
            &[json!(["tokenizer_config.json", "/pad_token"])],
        );
        let rows = dir.path().join("rows.jsonl");
        std::fs::write(&rows, &row).unwrap();
        let model = format!("m={},template={template}", dir.path().display());
        let rows = rows.to_str().unwrap();
        let (printed, stderr, code) = run(&["score", "--model", &model, rows]);
        assert_eq!(code, 0, "{stderr}");
        serde_json::from_str::<Value>(printed.trim()).unwrap()["score"]
            .as_f64()
            .unwrap()
    });
    for (score, expected) in scores.iter().zip(CHAT_AND_CARD) {
        assert!((score - expected).abs() < 5e-5, "{scores:?}");
    }
}

const CHAT_AND_CARD: [f64; 2] = [0.030_773_8, 1.150_811_2];

const SETTINGS: &str = "tokenizer_config.json";

/// A changed checkpoint does not load, and these words say why.
#[track_caller]
fn assert_refused(of: &str, edits: &Value, words: &str) {
    let dir = changed(of, edits.as_array().unwrap());
    let rows = dir.path().join("rows.jsonl");
    std::fs::write(&rows, json!({ "prompt": "a", "answer": "b" }).to_string()).unwrap();
    let model = format!("m={},template=chat", dir.path().display());
    let (_, stderr, code) = run(&["score", "--model", &model, rows.to_str().unwrap()]);
    assert_eq!(code, 4, "{edits}: {stderr}");
    assert!(stderr.contains(words), "{edits}: {stderr}");
}

/// What transformers refuses as well is refused by file and key.
#[test]
fn wrong_settings_are_refused() {
    let [llama3, mistral] = ["tiny-llama3-rm", "tiny-mistral-rm"];
    for (of, edits, words) in [
        (
            llama3,
            json!([[SETTINGS, "/tokenizer_class", 5]]),
            "key `tokenizer_class`: found 5",
        ),
        (llama3, json!([[SETTINGS, "", []]]), "is not a JSON object"),
        (
            llama3,
            json!([[SETTINGS, "/bos_token", 5]]),
            "key `bos_token`: found 5, accepted: a text",
        ),
        (
            llama3,
            json!([[SETTINGS, "/pad_token", {"text": "x"}]]),
            "key `pad_token`",
        ),
        (
            llama3,
            json!([[SETTINGS, "/additional_special_tokens", "x"]]),
            "key `additional_special",
        ),
        (
            llama3,
            json!([[SETTINGS, "/extra_special_tokens", {"x": 1}]]),
            "key `extra_special_tok",
        ),
        (
            llama3,
            json!([[SETTINGS, "/added_tokens_decoder", null]]),
            "key `added_tokens_decoder`",
        ),
        (
            llama3,
            json!([[SETTINGS, "/added_tokens_decoder/1105/lstrip", "no"]]),
            "entry 1105",
        ),
        (
            llama3,
            json!([[SETTINGS, "/split_special_tokens", "no"]]),
            "key `split_special_tokens`",
        ),
        (
            mistral,
            json!([[SETTINGS, "/add_bos_token", 1]]),
            "key `add_bos_token`: found 1",
        ),
        (
            mistral,
            json!([[SETTINGS, "/bos_token", null]]),
            "a LlamaTokenizer adds `bos_token` to a text, but it is not set",
        ),
        (
            mistral,
            json!([[SETTINGS, "/bos_token", ""]]),
            "adds `bos_token` to a text",
        ),
        (
            llama3,
            json!([
                [SETTINGS, "/auto_map", {"AutoTokenizer": ["x.X", null]}],
                [SETTINGS, "/tokenizer_class", "MyTokenizer"]
            ]),
            "key `auto_map`",
        ),
    ] {
        assert_refused(of, &edits, words);
    }
}

/// What would be guessed, or is not in the model, is refused.
#[test]
fn tokens_of_no_certain_id_are_refused() {
    let [llama3, qwen3] = ["tiny-llama3-rm", "tiny-qwen3-rm"];
    for (of, edits, words) in [
        // 4.51 would give it 1105, 5.24 what the configuration says.
        (
            qwen3,
            json!([["tokenizer.json", "/added_tokens/2"]]),
            "it gives <|im_end|> the id 1102, which is 1105 after the tokens of tokenizer.json",
        ),
        (
            llama3,
            json!([
                [SETTINGS, "/added_tokens_decoder"],
                ["added_tokens.json", "", {"river": 1110}]
            ]),
            "added_tokens.json: it gives river the id 1110",
        ),
        (
            llama3,
            json!([[
                SETTINGS,
                "/additional_special_tokens",
                (0..8).map(|n| format!("river-{n}")).collect::<Vec<_>>()
            ]]),
            "largest id is 1113, of river-7, config.json key `vocab_size` is 1113",
        ),
        (
            llama3,
            json!([
                [SETTINGS, "/added_tokens_decoder"],
                ["special_tokens_map.json", "", {"bos_token": 5}]
            ]),
            "special_tokens_map.json: key `bos_token`: found 5",
        ),
        (
            llama3,
            json!([[SETTINGS, "/pad_token"], [SETTINGS, "/eos_token"]]),
            "neither `pad_token` nor `eos_token`",
        ),
    ] {
        assert_refused(of, &edits, words);
    }
}
