//! Decoders through the program: runs beside other models, gates, templates, refusals.

#[path = "common/binary.rs"]
mod binary;

use std::path::Path;
use std::time::{Duration, Instant};

use binary::{assert_same_run, json_file, question, run};
use serde_json::{Value, json};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

fn decoder(name: &str) -> String {
    format!("{DATA}/decoders/models/{name}")
}

fn in_dir(dir: &Path, name: &str) -> String {
    dir.join(name).to_str().unwrap().to_owned()
}

/// Short questions in two subsets, and a conversation of three turns.
fn write_pairs(dir: &Path) -> String {
    let mut lines: Vec<String> = (0..30)
        .map(|id| question(if id % 2 == 0 { "odd" } else { "even" }, id))
        .collect();
    let turn = |role: &str, text: &str| json!({ "role": role, "content": text });
    let prompt = [
        turn("user", "One?"),
        turn("assistant", "Two."),
        turn("user", "Three?"),
    ];
    lines.push(
        json!({ "subset": "odd", "id": 30, "prompt": prompt, "chosen": "Four.", "rejected": "" })
            .to_string(),
    );
    let file = dir.join("pairs.jsonl");
    std::fs::write(&file, lines.join("\n")).unwrap();
    file.to_str().unwrap().to_owned()
}

/// A copy of a checkpoint, which `change` may change.
fn copy(name: &str, to: &Path, change: impl Fn(&Path)) -> String {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(decoder(name)).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
    change(to);
    to.to_str().unwrap().to_owned()
}

/// Changes keys of a JSON file; null removes one.
fn set(file: &Path, changes: &Value) {
    let mut document = json_file(file);
    for (key, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(document.as_object_mut().unwrap().remove(key)),
            value => document[key] = value.clone(),
        }
    }
    std::fs::write(file, document.to_string()).unwrap();
}

/// PairRM, a DeBERTa with a scalar head and a Qwen3: three columns of one table, each by its own
/// contract, and a gate between two of them.
#[test]
fn three_kinds_of_models_in_one_table_and_a_gate_between_two() {
    let dir = tempfile::tempdir().unwrap();
    let data = write_pairs(dir.path());
    let models = [
        format!("ranker={DATA}/golden/models/tiny-pairrm,template=pairrm"),
        format!("encoder={DATA}/scalar/models/tiny-deberta-rm,template=raw"),
        format!("decoder={},template=chat", decoder("tiny-qwen3-rm")),
    ];
    let mut arguments = vec!["run", "--data", &data, "--format", "json"];
    arguments.extend(models.iter().flat_map(|model| ["--model", model]));
    let (printed, stderr, code) = run(&arguments);
    assert_eq!(code, 0, "{stderr}");
    let document: Value = serde_json::from_str(&printed).unwrap();
    for (name, template) in [
        ("ranker", "pairrm"),
        ("encoder", "raw"),
        ("decoder", "chat"),
    ] {
        let column = &document["models"][name];
        let counts = &column["subsets"]["odd"];
        assert_eq!(counts["n"], 16, "{name}: {counts}");
        assert_eq!(
            column["position_bias"].is_null(),
            name != "ranker",
            "{name}"
        );
        assert!(printed.contains(&format!("\"{template}\"")), "{template}");
    }

    let runs = ["encoder", "decoder"].map(|name| in_dir(dir.path(), name));
    for (model, out) in models[1..].iter().zip(&runs) {
        let (_, stderr, code) = run(&["run", "--data", &data, "--model", model, "--out", out]);
        assert_eq!(code, 0, "{stderr}");
    }
    let gate = |rule: &str| run(&["compare", &runs[0], &runs[1], "--gate", rule]).2;
    assert_eq!([gate("max-invalid:0"), gate("drop:total:1")], [0, 0]);
    assert_eq!(gate("min:total:1"), 3);
}

/// How much is computed at once, and what is shared by the two rows of a pair, changes no byte.
#[test]
fn batches_change_no_byte() {
    let dir = tempfile::tempdir().unwrap();
    let data = write_pairs(dir.path());
    for (name, template) in [("tiny-llama3-rm", "chat"), ("tiny-mistral-rm", "card")] {
        for dtype in ["f32", "int8"] {
            let model = format!("m={},template={template}", decoder(name));
            let [large, small] = ["large", "small"]
                .map(|size| in_dir(dir.path(), &format!("{name}-{dtype}-{size}")));
            for (out, tokens) in [(&large, "4096"), (&small, "1")] {
                let (_, stderr, code) = run(&[
                    "run",
                    "--data",
                    &data,
                    "--model",
                    &model,
                    "--out",
                    out,
                    "--batch-tokens",
                    tokens,
                    "--dtype",
                    dtype,
                ]);
                assert_eq!(code, 0, "{stderr}");
            }
            assert_same_run(Path::new(&large), Path::new(&small));
        }
    }
}

#[test]
fn inspect_shows_the_doubled_token_and_bench_the_speed() {
    let dir = tempfile::tempdir().unwrap();
    let data = write_pairs(dir.path());
    let (printed, stderr, code) = run(&["inspect", &decoder("tiny-llama3-rm"), "--data", &data]);
    assert_eq!(code, 0, "{stderr}");
    for part in [
        "Llama: 3 layers, hidden size 64, 4 heads of 16 over 2 of keys",
        "llama3 scaling by 8 beyond 256 tokens",
        "<|begin_of_text|> 1100 before a text",
        "template chat (most tokens: row 2048)",
        "template card (most tokens: none)",
        "31 pairs: doubled BOS",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    assert_eq!(printed.matches("doubled BOS").count(), 1, "{printed}");
    assert_eq!(binary::benched(&decoder("tiny-gemma2-rm")), 4);
}

/// The same template in the configuration, in a list, or in its own file, which wins.
#[test]
fn a_template_is_found_where_transformers_finds_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = write_pairs(dir.path());
    let text = "{% for m in messages %}{{ m.content }}|{% endfor %}";
    let other = "{{ raise_exception('the wrong template') }}";
    let settings = |chat_template: Value| {
        move |to: &Path| {
            let changes = json!({ "chat_template": chat_template });
            set(&to.join("tokenizer_config.json"), &changes);
        }
    };
    let list =
        json!([{ "name": "tool_use", "template": other }, { "name": "default", "template": text }]);
    let in_file = |to: &Path| {
        settings(other.into())(to);
        std::fs::write(to.join("chat_template.jinja"), text).unwrap();
    };
    let checkpoints = [
        copy(
            "tiny-qwen2-rm",
            &dir.path().join("config"),
            settings(text.into()),
        ),
        copy("tiny-qwen2-rm", &dir.path().join("list"), settings(list)),
        copy("tiny-qwen2-rm", &dir.path().join("file"), in_file),
    ];
    let printed = checkpoints.map(|checkpoint| {
        let (printed, stderr, code) = run(&["inspect", &checkpoint, "--data", &data]);
        assert_eq!(code, 0, "{stderr}");
        printed.split_once("template chat").unwrap().1.to_owned()
    });
    assert!(
        printed[0].contains("What is 0?|a number|"),
        "{}",
        printed[0]
    );
    assert_eq!(printed[0], printed[1]);
    assert_eq!(printed[0], printed[2]);
}

/// A template reads no file, and comes to an end; what it cannot render is invalid by name.
#[test]
fn a_hostile_template_is_harmless() {
    let dir = tempfile::tempdir().unwrap();
    let data = write_pairs(dir.path());
    std::fs::write(dir.path().join("secret.txt"), "do not read").unwrap();
    let secret = in_dir(dir.path(), "secret.txt");
    let many = "{% for a in range(9999) %}{% for b in range(9999) %}";
    let deep = "{% set ns = namespace(x=[]) %}{% for a in range(9999) %}{% for b in range(9999) %}\
        {% set ns.x = [ns.x] %}{% endfor %}{% endfor %}{{ ns.x }}";
    // Values in which one list stands many times, and one that would hold itself.
    let doubled = "{% set ns = namespace(x='a') %}{% for a in range(40) %}\
        {% set ns.x = [ns.x, ns.x] %}{% endfor %}";
    let render = [
        format!("{doubled}{{{{ ns.x }}}}"),
        format!("{doubled}{{% if ns.x == ns.x[:] %}}{{% endif %}}"),
        "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns.x }}".to_owned(),
        "{{ '{:1000000000}'.format('a') }}".to_owned(),
        "{{ ('a' * 300000).strip('b' * 300000 ~ 'a') }}".to_owned(),
        format!("{{% include '{secret}' %}}"),
        format!("{many}x{{% endfor %}}{{% endfor %}}"),
        format!("{many}{{% set x = 'y' * 99999999 %}}{{% endfor %}}{{% endfor %}}"),
        "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}".to_owned(),
        "{{ 'x' * 9999999999 }}".to_owned(),
        deep.to_owned(),
        "{{ range(9999999999) | list }}".to_owned(),
        "{{ messages[0].content.replace('', 'x' * 99999) }}".to_owned(),
        "{{ messages.append(1) }}{{ messages[99].content }}".to_owned(),
        "{{ self.__init__.__globals__ }}{{ ''.__class__.__mro__ }}".to_owned(),
        "{{ strftime_now('%c') }}".to_owned(),
        "{% if %}".to_owned(),
        "{{ ".repeat(5000),
        format!("{{{{ {}1 }}}}", "-".repeat(60_000)),
        format!("{{{{ {}1 }}}}", "-".repeat(8000)),
        format!("{{{{ a{} }}}}", ".b".repeat(4000)),
        format!("{{% if 1 %}}{}{{% endif %}}", "{%elif 1%}".repeat(6000)),
        "{{ messages | pprint }}".to_owned(),
        "(".repeat(100_000),
        format!("{{{{ {}1{} }}}}", "(".repeat(50_000), ")".repeat(50_000)),
        "{% if 1 %}".repeat(20_000),
        "x".repeat(300_000),
    ];
    for (at, template) in render.iter().enumerate() {
        let to = dir.path().join(format!("hostile-{at}"));
        let checkpoint = copy("tiny-qwen2-rm", &to, |to| {
            std::fs::write(to.join("chat_template.jinja"), template).unwrap();
        });
        let begun = Instant::now();
        let spec = format!("{checkpoint},template=chat");
        let (printed, stderr, code) = run(&["run", "--data", &data, "--model", &spec]);
        let shown: String = template.chars().take(80).collect();
        assert!(
            (code == 6 || code == 4 || code == 0) && !printed.contains("do not read"),
            "{shown}: {code} {stderr}"
        );
        assert!(!stderr.contains("do not read"), "{stderr}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{shown}");
    }
}

/// Runs a changed checkpoint, which must fail with this exit code and these words.
#[track_caller]
fn assert_refused(template: &str, change: impl Fn(&Path), exit: i32, words: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let data = write_pairs(dir.path());
    let checkpoint = copy("tiny-qwen3-rm", &dir.path().join("changed"), change);
    let spec = format!("{checkpoint},template={template}");
    let (_, stderr, code) = run(&["run", "--data", &data, "--model", &spec]);
    assert_eq!(code, exit, "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "{word}: {stderr}");
    }
    stderr
}

/// What cannot be scored is refused by name, with what can, before anything is computed.
#[test]
fn configurations_of_other_models_are_refused_by_name() {
    for (changes, words) in [
        (
            json!({ "architectures": ["LlamaForRewardModelWithGating"] }),
            [
                "LlamaForRewardModelWithGating",
                "Qwen3ForSequenceClassification",
            ],
        ),
        (
            json!({ "architectures": ["InternLM2ForRewardModel"], "model_type": "internlm2" }),
            ["InternLM2ForRewardModel", "LlamaForSequenceClassification"],
        ),
        (
            json!({ "architectures": ["Qwen3ForCausalLM"] }),
            ["Qwen3ForCausalLM", "`architectures`"],
        ),
        (
            json!({ "id2label": { "0": "a", "1": "b" } }),
            ["`id2label`", "one label"],
        ),
        (json!({ "rope_scaling": "x" }), ["rope_scaling", "llama3"]),
        (
            json!({ "rope_scaling": { "rope_type": "yarn", "factor": 4.0 } }),
            ["yarn", "llama3"],
        ),
        (
            json!({ "num_key_value_heads": 3 }),
            [
                "`num_key_value_heads`",
                "a divisor of num_attention_heads 4",
            ],
        ),
        (json!({ "head_dim": 23 }), ["`head_dim`", "an even number"]),
        (
            json!({ "is_causal": false }),
            ["`is_causal`: found false", "later tokens"],
        ),
        (
            json!({ "use_bidirectional_attention": true }),
            ["`use_bidirectional_attention`: found true", "later tokens"],
        ),
        (
            json!({ "quantization_config": { "bits": 4 } }),
            ["`quantization_config`", "must not be packed"],
        ),
        (
            json!({ "pad_token_id": 5000 }),
            ["`pad_token_id`", "below vocab_size"],
        ),
    ] {
        let change = |to: &Path| set(&to.join("config.json"), &changes);
        assert_refused("chat", change, 4, &words);
    }
}

/// The margins of a changed checkpoint.
fn margins(change: impl Fn(&Path)) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let data = write_pairs(dir.path());
    let checkpoint = copy("tiny-qwen3-rm", &dir.path().join("changed"), change);
    let spec = format!("m={checkpoint},template=chat");
    let (printed, stderr, code) =
        run(&["run", "--data", &data, "--model", &spec, "--format", "json"]);
    assert_eq!(code, 0, "{stderr}");
    let printed: Value = serde_json::from_str(&printed).unwrap();
    let margins = printed["models"]["m"]["margins"].clone();
    assert!(margins.is_object(), "{printed}");
    margins
}

/// As in transformers: the last token is read, whichever it is.
#[test]
fn a_padding_token_of_minus_one_is_no_token() {
    let padded =
        |pad: i64| margins(|to| set(&to.join("config.json"), &json!({ "pad_token_id": pad })));
    // No text ends in token 0.
    assert_eq!(padded(-1), padded(0));
}

/// As transformers 5 loads it.
#[test]
fn tensors_without_the_name_that_a_decoder_has_under_a_head_are_found() {
    let unnamed = |to: &Path| edit_header(to, |header| header.replace("\"model.", "\""));
    assert_eq!(margins(unnamed), margins(|_| {}));
}

/// Changes the text that describes the tensors.
fn edit_header(to: &Path, change: impl Fn(&str) -> String) {
    let path = to.join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    let size = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let header = change(std::str::from_utf8(&bytes[8..8 + size]).unwrap());
    let length = (header.len() as u64).to_le_bytes();
    let new = [&length, header.as_bytes(), &bytes[8 + size..]].concat();
    std::fs::write(path, new).unwrap();
}

/// Gives the tensor `score.weight` another name.
fn rename_head(to: &Path, name: &str) {
    edit_header(to, |header| {
        header.replace("\"score.weight\"", &format!("\"{name}\""))
    });
}

#[test]
fn files_of_other_models_are_refused_by_name() {
    for (name, words) in [
        ("v_head.weight", ["v_head.weight", "value head"]),
        ("score.0.weight", ["score.0.weight", "two layers"]),
        ("score.bias", ["no tensor `score.weight`", "random numbers"]),
    ] {
        assert_refused("chat", |to| rename_head(to, name), 4, &words);
    }
    // The head is there: transformers takes no random numbers.
    let of_integers = |to: &Path| {
        let [floats, integers] =
            ["F32", "I32"].map(|dtype| format!("\"score.weight\":{{\"dtype\":\"{dtype}\""));
        edit_header(to, |header| header.replace(&floats, &integers));
    };
    let stderr = assert_refused("chat", of_integers, 4, &["found dtype I32"]);
    assert!(!stderr.contains("random numbers"), "{stderr}");
    let wrapped = |to: &Path| {
        edit_header(to, |header| {
            let header = header.replace("\"model.", "\"base_model.model.");
            header.replace("\"score.", "\"base_model.score.")
        });
    };
    let words = ["have `base_model.` in front", "rename its tensors"];
    assert_refused("chat", wrapped, 4, &words);
    let no_template = |to: &Path| {
        let changes = json!({ "chat_template": null });
        set(&to.join("tokenizer_config.json"), &changes);
    };
    assert_refused("chat", no_template, 4, &["chat_template.jinja"]);
    let no_tokenizer = |to: &Path| std::fs::remove_file(to.join("tokenizer.json")).unwrap();
    assert_refused(
        "chat",
        no_tokenizer,
        5,
        &["tokenizer.json", "save_pretrained"],
    );
    let adapter = |to: &Path| {
        std::fs::remove_file(to.join("config.json")).unwrap();
        std::fs::write(to.join("adapter_config.json"), "{}").unwrap();
    };
    assert_refused(
        "chat",
        adapter,
        5,
        &["config.json", "merge it into its base model"],
    );
    // transformers with peft would load another model.
    let beside = |to: &Path| std::fs::write(to.join("adapter_config.json"), "{}").unwrap();
    let without_model = |to: &Path| {
        beside(to);
        std::fs::remove_file(to.join("model.safetensors")).unwrap();
    };
    let words = ["adapter_config.json", "merge it into its base model"];
    assert_refused("chat", beside, 4, &words);
    assert_refused("chat", without_model, 4, &words);
    assert_refused("raw", |_| {}, 2, &["scalar, on a decoder", "chat, card"]);
}

/// With the number, and the precision that would fit.
#[test]
fn a_model_that_does_not_fit_is_refused_before_it_is_loaded() {
    let dir = tempfile::tempdir().unwrap();
    let data = write_pairs(dir.path());
    let model = format!("{},template=chat", decoder("tiny-qwen3-rm"));
    let with = |bytes: u64| {
        let output = binary::pairbench()
            .args(["run", "--data", &data, "--model", &model])
            .env("PAIRBENCH_TEST_AVAILABLE", bytes.to_string())
            .output()
            .unwrap();
        (
            String::from_utf8(output.stderr).unwrap(),
            output.status.code().unwrap(),
        )
    };
    let beside = 200 << 20;
    let (stderr, code) = with(beside + 800_000);
    assert_eq!(code, 0, "{stderr}");
    // 183,000 weights: 0.73 MB in f32, half of that in f16.
    let (stderr, code) = with(beside + 500_000);
    assert!(
        code == 7 && stderr.contains("--dtype f16") && stderr.contains("in f32"),
        "{stderr}"
    );
    let (stderr, code) = with(beside);
    assert!(
        code == 7 && stderr.contains("fits in no precision"),
        "{stderr}"
    );
}

/// The published name has its contract.
#[test]
fn the_known_models_are_listed() {
    let (printed, _, code) = run(&["list", "models"]);
    let line = printed
        .lines()
        .find(|line| line.contains("Skywork/Skywork-Reward-V2-Qwen3-0.6B"))
        .unwrap();
    assert!(code == 0 && line.contains("card") && line.contains("Qwen3ForSequenceClassification"));
}
