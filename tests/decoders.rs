//! Decoders through the program: runs beside other models, gates, templates, refusals.

#[path = "common/binary.rs"]
mod binary;

use std::path::{Path, PathBuf};
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
    let (printed, stderr, code) = run(&[
        "bench",
        "--model",
        &decoder("tiny-gemma2-rm"),
        "--length",
        "16",
        "--tokens",
        "64",
        "--repeats",
        "1",
        "--format",
        "json",
    ]);
    assert_eq!(code, 0, "{stderr}");
    let document: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(document["runs"][0]["logits"].as_array().unwrap().len(), 4);
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
    let render = [
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

/// What cannot be scored is refused by name, with what can, before anything is computed.
#[test]
fn other_models_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let data = write_pairs(dir.path());
    let config = |changes: Value| move |to: &Path| set(&to.join("config.json"), &changes);
    let renamed = |name: &'static str| {
        move |to: &Path| {
            let path = to.join("model.safetensors");
            let bytes = std::fs::read(&path).unwrap();
            let from = b"\"score.weight\"";
            let at = bytes
                .windows(from.len())
                .position(|window| window == from)
                .unwrap();
            let size = u64::from_le_bytes(bytes[..8].try_into().unwrap());
            let header = [
                &bytes[8..at],
                format!("\"{name}\"").as_bytes(),
                &bytes[at + from.len()..8 + usize::try_from(size).unwrap()],
            ]
            .concat();
            let rest = &bytes[8 + usize::try_from(size).unwrap()..];
            let new = [&(header.len() as u64).to_le_bytes()[..], &header, rest].concat();
            std::fs::write(path, new).unwrap();
        }
    };
    let no_template = |to: &Path| {
        set(
            &to.join("tokenizer_config.json"),
            &json!({ "chat_template": null }),
        );
    };
    let no_tokenizer = |to: &Path| std::fs::remove_file(to.join("tokenizer.json")).unwrap();
    let cases: Vec<(Box<dyn Fn(&Path)>, &str, i32, Vec<&str>)> = vec![
        (
            Box::new(config(
                json!({ "architectures": ["LlamaForRewardModelWithGating"] }),
            )),
            "chat",
            4,
            vec![
                "LlamaForRewardModelWithGating",
                "Qwen3ForSequenceClassification",
            ],
        ),
        (
            Box::new(config(json!({
                "architectures": ["InternLM2ForRewardModel"], "model_type": "internlm2"
            }))),
            "chat",
            4,
            vec!["InternLM2ForRewardModel", "LlamaForSequenceClassification"],
        ),
        (
            Box::new(config(json!({ "architectures": ["Qwen3ForCausalLM"] }))),
            "chat",
            4,
            vec!["Qwen3ForCausalLM", "`architectures`"],
        ),
        (
            Box::new(config(json!({ "id2label": { "0": "a", "1": "b" } }))),
            "chat",
            4,
            vec!["`id2label`", "one label"],
        ),
        (
            Box::new(config(
                json!({ "rope_scaling": { "rope_type": "yarn", "factor": 4.0 } }),
            )),
            "chat",
            4,
            vec!["`rope_scaling`", "yarn", "llama3"],
        ),
        (
            Box::new(config(json!({ "num_key_value_heads": 3 }))),
            "chat",
            4,
            vec![
                "`num_key_value_heads`",
                "a divisor of num_attention_heads 4",
            ],
        ),
        (
            Box::new(config(json!({ "quantization_config": { "bits": 4 } }))),
            "chat",
            4,
            vec!["`quantization_config`"],
        ),
        (
            Box::new(renamed("v_head.weight")),
            "chat",
            4,
            vec!["v_head.weight", "value head"],
        ),
        (
            Box::new(renamed("score.0.weight")),
            "chat",
            4,
            vec!["two layers"],
        ),
        (
            Box::new(renamed("score.bias")),
            "chat",
            4,
            vec!["no tensor `score.weight`"],
        ),
        (
            Box::new(no_template),
            "chat",
            4,
            vec!["chat_template.jinja"],
        ),
        (
            Box::new(no_tokenizer),
            "chat",
            5,
            vec!["tokenizer.json", "save_pretrained"],
        ),
        (
            Box::new(|_| {}),
            "raw",
            2,
            vec!["scalar, on a decoder", "chat, card"],
        ),
    ];
    for (at, (change, template, exit, parts)) in cases.iter().enumerate() {
        let checkpoint = copy(
            "tiny-qwen3-rm",
            &dir.path().join(format!("case-{at}")),
            change,
        );
        let spec = format!("{checkpoint},template={template}");
        let (_, stderr, code) = run(&["run", "--data", &data, "--model", &spec]);
        assert_eq!(code, *exit, "{at}: {stderr}");
        for part in parts {
            assert!(stderr.contains(part), "{at}: {part}: {stderr}");
        }
    }
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
