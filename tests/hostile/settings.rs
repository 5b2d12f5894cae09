//! Checks 5 and 6: `config.json` and the tokenizer's files.

use serde_json::{Value, json};

use crate::tools::{Bench, MEGABYTE, pairbench, write};

#[test]
fn a_config_that_cannot_be_is_refused_by_key() {
    let bench = Bench::new();
    let whole = std::fs::read(bench.model("config.json")).unwrap();
    let baseline = bench.run(&[]).succeeded("nothing is wrong");
    let nothing = json!(null);
    let cases: Vec<(&str, Value)> = vec![
        ("model_type", json!("bert")),
        ("model_type", nothing.clone()),
        ("vocab_size", nothing.clone()),
        ("vocab_size", json!(-1)),
        ("vocab_size", json!(10)),
        ("hidden_size", json!("64")),
        ("hidden_size", json!(64.5)),
        ("hidden_size", json!([64])),
        ("hidden_size", json!(0)),
        ("hidden_size", json!(4_294_967_296_u64)),
        ("hidden_size", json!(u64::MAX)),
        ("num_attention_heads", json!(7)),
        ("num_attention_heads", json!(128)),
        ("attention_head_size", json!(3)),
        ("num_hidden_layers", json!(true)),
        ("num_hidden_layers", json!(1e300)),
        ("intermediate_size", json!({})),
        ("hidden_act", json!("swish2")),
        ("layer_norm_eps", json!(-1)),
        ("layer_norm_eps", json!("1e-7")),
        ("position_buckets", json!(1)),
        ("position_buckets", json!(100_000)),
        ("max_relative_positions", json!(1_u64 << 40)),
        ("relative_attention", json!("yes")),
        ("pos_att_type", json!(["p2p"])),
        ("pos_att_type", json!(3)),
        ("norm_rel_ebd", json!("batch_norm")),
        ("conv_kernel_size", json!(2)),
        ("conv_kernel_size", json!(1 << 20)),
        ("type_vocab_size", json!(-3)),
        ("n_tasks", json!(0)),
        ("source_prefix_id", nothing.clone()),
        ("source_prefix_id", json!(999_999)),
        ("cand2_prefix_id", json!(1658)),
    ];
    for (key, found) in cases {
        let case = format!("{key}: {found}");
        std::fs::write(bench.model("config.json"), &whole).unwrap();
        bench.edit("config.json", |config| config[key] = found);
        let done = bench.run(&[]);
        // A vocabulary smaller than the markers' ids is seen at the first of them.
        done.refused(
            &case,
            4,
            if case == "vocab_size: 10" {
                "`source_prefix_id`"
            } else {
                key
            },
        );
        assert!(
            done.err.contains("config.json: key `") && done.err.contains("accepted: "),
            "{case}: {}",
            done.err
        );
        done.within(&case, &baseline, 16 * MEGABYTE);
    }
}

/// What is possible, but not with these weights: the shape decides before memory is taken.
#[test]
fn a_config_of_other_weights_is_refused_before_memory_is_taken() {
    let bench = Bench::new();
    let whole = std::fs::read(bench.model("config.json")).unwrap();
    let baseline = bench.run(&[]).succeeded("nothing is wrong");
    for (key, found, says) in [
        ("hidden_size", json!(1 << 24), "found shape"),
        ("intermediate_size", json!(1 << 24), "found shape"),
        ("vocab_size", json!(1 << 24), "found shape"),
        (
            "num_hidden_layers",
            json!(1 << 24),
            "no tensor `pretrained_model.encoder.layer.2.",
        ),
        ("n_tasks", json!(1 << 24), "found shape"),
        (
            "conv_kernel_size",
            json!(3),
            "no tensor `pretrained_model.encoder.conv.conv.weight`",
        ),
        (
            "position_biased_input",
            json!(true),
            "no tensor `pretrained_model.embeddings.position_embeddings.weight`",
        ),
        (
            "type_vocab_size",
            json!(1 << 24),
            "no tensor `pretrained_model.embeddings.token_type_embeddings.weight`",
        ),
        ("position_buckets", json!(-1), "found shape"),
        ("embedding_size", json!(1 << 24), "found shape"),
        ("share_att_key", json!(false), "no tensor"),
        ("relative_attention", json!(false), "no place for"),
    ] {
        std::fs::write(bench.model("config.json"), &whole).unwrap();
        bench.edit("config.json", |config| config[key] = found);
        let done = bench.run(&[]);
        done.refused(key, 4, says);
        done.within(key, &baseline, 16 * MEGABYTE);
    }
}

#[test]
fn a_config_that_is_no_json_object_is_refused() {
    let bench = Bench::new();
    let whole = std::fs::read(bench.model("config.json")).unwrap();
    let baseline = bench.run(&[]).succeeded("nothing is wrong");
    for (case, text) in [
        ("empty", String::new()),
        ("list", "[]".to_owned()),
        ("null", "null".to_owned()),
        ("cut", String::from_utf8_lossy(&whole[..300]).into_owned()),
        ("nested", "[".repeat(1 << 20)),
        ("nested objects", "{\"a\":".repeat(1 << 18)),
        ("UTF-16", "\u{0}{\u{0}}".to_owned()),
    ] {
        std::fs::write(bench.model("config.json"), text).unwrap();
        let done = bench.run(&[]);
        done.refused(case, 4, "config.json");
        done.within(case, &baseline, 64 * MEGABYTE);
    }
    std::fs::write(bench.model("config.json"), b"{\"model_type\": \"\xff\"}").unwrap();
    bench.run(&[]).refused("not UTF-8", 4, "config.json:1");
}

/// As many heads as there are columns, and one.
#[test]
fn odd_but_possible_configs_are_computed() {
    let bench = Bench::new();
    let out = |bench: &Bench| -> serde_json::Value {
        let printed = bench.run(&["--format", "json"]).succeeded("run").out;
        let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
        printed["models"]["M"]["margins"].clone()
    };
    let whole = out(&bench);
    for (found, same) in [
        (json!("p2c|c2p"), true),
        (json!(" C2P | p2c"), true),
        (json!("c2p"), false),
    ] {
        bench.edit("config.json", |config| config["pos_att_type"] = found);
        assert_eq!(out(&bench) == whole, same);
    }
    for heads in [1, 2, 32, 64] {
        bench.edit("config.json", |config| {
            config["num_attention_heads"] = json!(heads);
        });
        out(&bench);
        bench.run(&["--dtype", "int8"]).succeeded("int8");
    }
}

/// Little-endian numbers in base64.
fn base64(words: impl IntoIterator<Item = u32>) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0_u32, |bits, b| bits << 8 | u32::from(*b))
            << (8 * (3 - chunk.len()));
        for digit in 0..=chunk.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * digit)) as usize & 63]));
        }
        text.push_str(&"=".repeat(3 - chunk.len()));
    }
    text
}

/// A change of a JSON file.
type Edit = Box<dyn Fn(&mut Value)>;

/// Changes to `tokenizer.json`, and what is said of each.
fn tokenizers() -> Vec<(&'static str, Edit, &'static str)> {
    let load = "failed to load tokenizer";
    let charsmap = |map: String| -> Edit {
        Box::new(move |t| {
            t["normalizer"] = json!({ "type": "Precompiled", "precompiled_charsmap": map });
        })
    };
    let set = |pointer: &'static str, value: Value| -> Edit {
        Box::new(move |t| *t.pointer_mut(pointer).unwrap() = value.clone())
    };
    let template = |single: Value| -> Edit {
        Box::new(move |t| {
            let tokens = json!({ "[CLS]": { "id": "[CLS]", "ids": [1], "tokens": ["[CLS]"] } });
            t["post_processor"] = json!({
                "type": "TemplateProcessing",
                "single": single,
                "pair": [
                    { "Sequence": { "id": "A", "type_id": 0 } },
                    { "Sequence": { "id": "B", "type_id": 0 } },
                ],
                "special_tokens": tokens,
            });
        })
    };
    let model = |model: Value| -> Edit { Box::new(move |t| t["model"] = model.clone()) };
    let rename = |from: &'static str, to: &'static str| -> Edit {
        Box::new(move |t| *t = t.to_string().replace(from, to).parse().unwrap())
    };
    vec![
        ("no object", Box::new(|t| *t = json!([])), load),
        ("nothing in it", Box::new(|t| *t = json!({})), load),
        // These three panic in tokenizers 0.23.2.
        ("empty character map", charsmap(String::new()), load),
        (
            "character map that is none",
            charsmap("AAAA".to_owned()),
            load,
        ),
        (
            "template with a token that is missing",
            template(json!([
                { "SpecialToken": { "id": "[NONE]", "type_id": 0 } },
                { "Sequence": { "id": "A", "type_id": 0 } },
            ])),
            "failed to load",
        ),
        (
            "template without the text",
            template(json!([{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } }])),
            "its post-processor does not make",
        ),
        (
            "template with one token less",
            template(json!([
                { "SpecialToken": { "id": "[CLS]", "type_id": 0 } },
                { "Sequence": { "id": "A", "type_id": 0 } },
            ])),
            "its post-processor does not make",
        ),
        (
            "merge beyond its token",
            model(json!({
                "type": "BPE",
                "vocab": { "a": 0, "b": 1, "ab": 2 },
                "merges": ["a b"],
                "continuing_subword_prefix": "####",
            })),
            load,
        ),
        (
            "character map of 4 GB",
            charsmap(base64([u32::MAX - 3, 0, 0])),
            load,
        ),
        (
            "character map that is cut",
            charsmap(base64([400, 0, 0])),
            load,
        ),
        (
            "character map that leads nowhere",
            charsmap(base64([4, u32::MAX])),
            "failed",
        ),
        (
            "character map that is no base64",
            charsmap("§§§§".to_owned()),
            load,
        ),
        (
            "pieces of length 0",
            set(
                "/pre_tokenizer",
                json!({ "type": "FixedLength", "length": 0 }),
            ),
            "failed",
        ),
        (
            "normaliser that is unknown",
            set("/normalizer", json!({ "type": "Eval", "code": "1" })),
            load,
        ),
        (
            "pattern that does not compile",
            set(
                "/normalizer",
                json!({ "type": "Replace", "pattern": { "Regex": "(" }, "content": "" }),
            ),
            load,
        ),
        (
            "pattern without end",
            set(
                "/normalizer",
                json!({
                    "type": "Replace",
                    "pattern": { "Regex": "((((a{1000}){1000}){1000}){1000})" },
                    "content": "",
                }),
            ),
            load,
        ),
        (
            "model that is unknown",
            model(json!({ "type": "Neural", "vocab": [] })),
            load,
        ),
        (
            "vocabulary that is empty",
            model(json!({ "type": "Unigram", "unk_id": 0, "vocab": [] })),
            load,
        ),
        (
            "unknown piece out of range",
            model(json!({ "type": "Unigram", "unk_id": 1_u64 << 40, "vocab": [["a", -1.0]] })),
            load,
        ),
        (
            "score that is no number",
            model(json!({ "type": "Unigram", "unk_id": 0, "vocab": [["a", "low"]] })),
            load,
        ),
        (
            "ids beyond the model's",
            Box::new(|t| {
                t["added_tokens"].as_array_mut().unwrap().push(json!({
                    "id": 1661,
                    "content": "<|more|>",
                    "single_word": false,
                    "lstrip": false,
                    "rstrip": false,
                    "normalized": false,
                    "special": false,
                }));
            }),
            "largest id is 1661",
        ),
        (
            "no [CLS]",
            rename("[CLS]", "[BOS]"),
            "gives [CLS] the id 1, which is 1661 after the tokens of tokenizer.json",
        ),
        (
            "no [SEP]",
            rename("[SEP]", "[EOS]"),
            "gives [SEP] the id 2, which is 1661 after the tokens of tokenizer.json",
        ),
        (
            "no marker",
            rename("<|source|>", "<|origin|>"),
            "gives <|source|> the id 1657, which is 1661 after the tokens of tokenizer.json",
        ),
        (
            "markers exchanged",
            Box::new(|t| {
                *t = t
                    .to_string()
                    .replace("<|candidate1|>", "<|x|>")
                    .replace("<|candidate2|>", "<|candidate1|>")
                    .replace("<|x|>", "<|candidate2|>")
                    .parse()
                    .unwrap();
            }),
            "`cand1_prefix_id` is 1658, the tokenizer has id 1659",
        ),
    ]
}

#[test]
fn a_tokenizer_that_is_broken_is_refused_and_does_not_panic() {
    let bench = Bench::new();
    let whole = std::fs::read(bench.model("tokenizer.json")).unwrap();
    let baseline = bench.run(&[]).succeeded("nothing is wrong");
    for (case, edit, says) in tokenizers() {
        std::fs::write(bench.model("tokenizer.json"), &whole).unwrap();
        bench.edit("tokenizer.json", edit);
        let done = bench.run(&[]);
        done.refused(case, 4, says);
        done.within(case, &baseline, 64 * MEGABYTE);
    }
    for (case, bytes) in [
        ("empty", &b""[..]),
        ("cut", &whole[..whole.len() / 2]),
        ("null", b"null"),
        ("nested", "[".repeat(100_000).as_bytes()),
        ("not UTF-8", b"\"\xff\""),
    ] {
        std::fs::write(bench.model("tokenizer.json"), bytes).unwrap();
        bench.run(&[]).refused(case, 4, "failed to load tokenizer");
    }
    std::fs::write(bench.model("tokenizer.json"), &whole).unwrap();
    for (case, text) in [("cut", "{"), ("nested", &"[".repeat(100_000))] {
        std::fs::write(bench.model("tokenizer_config.json"), text).unwrap();
        bench.run(&[]).refused(case, 4, "tokenizer_config.json");
    }
}

/// The marker is in the vocabulary, but no text would be cut at it: every pair would be invalid.
#[test]
fn a_marker_that_is_no_token_of_its_own_is_refused() {
    let bench = Bench::new();
    // Which would add them.
    bench.edit("tokenizer_config.json", |settings| {
        let named = settings["added_tokens_decoder"].as_object_mut().unwrap();
        named.retain(|_, token| !token["content"].as_str().unwrap().starts_with("<|"));
    });
    bench.edit("tokenizer.json", |t| {
        let tokens = t["added_tokens"].as_array_mut().unwrap();
        let markers: Vec<Value> = tokens
            .extract_if(.., |token| {
                token["content"].as_str().unwrap().starts_with("<|")
            })
            .collect();
        for marker in markers {
            t["model"]["vocab"][marker["content"].as_str().unwrap()] = marker["id"].clone();
        }
    });
    bench
        .run(&[])
        .refused("marker", 4, "does not find it in a text");
}

/// A map that knows ASCII and leads out of its table for all else panics only where a text has such
/// a letter.
#[test]
fn a_letter_that_the_tokenizer_fails_on_is_refused_with_its_row() {
    let bench = Bench::new();
    let map = base64(
        std::iter::once(4 * 128).chain((0..128).map(|c| if c == 0 { 0 } else { 0x8000_0000 })),
    );
    bench.edit("tokenizer.json", |t| {
        t["normalizer"] = json!({ "type": "Precompiled", "precompiled_charsmap": map });
    });
    bench.run(&[]).succeeded("ASCII");
    let rows = [("a", 1), ("b", 2), ("c é", 3), ("d", 4)].map(|(prompt, id)| {
        json!({ "prompt": prompt, "chosen": "x", "rejected": "y", "id": id }).to_string()
    });
    let data = write(&bench.path("letters.jsonl"), rows.join("\n"));
    bench
        .run_on(&data, &[])
        .refused("é", 4, "failed to turn row 2 (letters) into tokens");
}

#[test]
fn a_sentencepiece_model_that_is_broken_is_refused() {
    let bench = Bench::of("tests/data/golden/models/tiny-pairrm");
    std::fs::remove_file(bench.model("tokenizer.json")).unwrap();
    bench.run(&[]).succeeded("built from spm.model");
    let whole = std::fs::read(bench.model("spm.model")).unwrap();
    // The field `normalizer` (3) with `precompiled_charsmap` (2): a trie of 4 GB, in 8 bytes.
    let bomb = [
        &whole[..],
        &[0x1a, 10, 0x12, 8, 0xfc, 0xff, 0xff, 0xff, 0, 0, 0, 0],
    ]
    .concat();
    // One that leads out of its table, met when the first token is added.
    let astray = [
        &whole[..],
        &[0x1a, 10, 0x12, 8, 4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
    ]
    .concat();
    let unknown = [&whole[..], &[0x12, 5, 0xc0, 0x02, 0xff, 0xff, 0x7f]].concat();
    for (case, bytes) in [
        ("empty", &[][..]),
        ("cut", &whole[..whole.len() / 2]),
        ("noise", &[0xff; 64]),
        ("text", b"spm"),
        ("character map of 4 GB", &bomb),
        ("character map that leads nowhere", &astray),
        (
            "found by fuzzing",
            include_bytes!("../data/hostile/sentencepiece/charsmap-astray"),
        ),
        ("unknown piece", &unknown),
    ] {
        std::fs::write(bench.model("spm.model"), bytes).unwrap();
        bench.run(&[]).refused(case, 4, "spm.model");
    }
    std::fs::write(bench.model("spm.model"), &whole).unwrap();
    std::fs::remove_file(bench.model("tokenizer_config.json")).unwrap();
    for (case, text) in [
        ("gap", r#"{"<|source|>": 5000}"#),
        ("negative", r#"{"<|source|>": -1}"#),
        ("no id", r#"{"<|source|>": "x"}"#),
        ("cut", "{"),
    ] {
        write(&bench.model("added_tokens.json"), text);
        let done = bench.run(&[]);
        done.refused(case, 4, bench.path("model").to_str().unwrap());
    }
}

#[test]
fn a_sidecar_that_is_broken_is_refused() {
    let bench = Bench::new();
    let model = bench.path("model");
    for (case, text) in [
        ("key", "templat = 'pairrm'"),
        ("value", "template = 'none'"),
        ("type", "template = 1"),
        ("cut", "template ="),
        ("nested", &format!("a = {}", "[".repeat(100_000))),
    ] {
        write(&bench.model("pairbench.toml"), text);
        let done = pairbench([
            "run",
            "--model",
            model.to_str().unwrap(),
            "--data",
            bench.path("pairs.jsonl").to_str().unwrap(),
        ]);
        done.refused(case, 4, "failed to parse sidecar");
    }
}
