//! Scalar models through the program: runs, run directories, shards, comparisons, refusals.

#[path = "common/binary.rs"]
mod binary;

use std::path::{Path, PathBuf};

use binary::{assert_same_run, json_file, question, run};
use polars::prelude::*;
use serde_json::{Value, json};

const RM: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/scalar/models/tiny-deberta-rm"
);

fn model(name: &str) -> PathBuf {
    Path::new(RM).with_file_name(name)
}

/// The same under a contract.
fn under(contract: &str) -> String {
    format!("{contract}={RM},template={contract}")
}

/// Two subsets, a pair with equal answers, and one that `raw` and `tulu` refuse.
fn write_pairs(dir: &Path) -> String {
    let mut lines: Vec<String> = (0..24)
        .map(|id| question(if id % 2 == 0 { "odd" } else { "even" }, id))
        .collect();
    lines.push(
        json!({ "subset": "even", "id": 24, "prompt": "q", "chosen": "a", "rejected": "a" })
            .to_string(),
    );
    let turn = |role: &str| json!({ "role": role, "content": role });
    lines.push(
        json!({ "subset": "odd", "id": 25, "prompt": [turn("system"), turn("user")],
            "chosen": "yes", "rejected": "no" })
        .to_string(),
    );
    let file = dir.join("pairs.jsonl");
    std::fs::write(&file, lines.join("\n")).unwrap();
    file.to_str().unwrap().to_owned()
}

fn in_dir(dir: &Path, name: &str) -> String {
    dir.join(name).to_str().unwrap().to_owned()
}

fn verdicts(run: &str) -> DataFrame {
    let file = std::fs::File::open(Path::new(run).join("verdicts.parquet")).unwrap();
    ParquetReader::new(file).finish().unwrap()
}

/// Scored once, resumed, in shards: one run. Its margins are those of the scores, the columns of
/// the other head are null, and no document speaks of position bias.
#[test]
fn a_run_has_scores_and_no_order() {
    let dir = tempfile::tempdir().unwrap();
    let data = write_pairs(dir.path());
    let [whole, first, second, merged] =
        ["whole", "first", "second", "merged"].map(|name| in_dir(dir.path(), name));
    let base = [
        "run",
        "--model",
        &under("raw"),
        "--data",
        &data,
        "--format",
        "json",
    ];
    let (printed, stderr, code) = run(&[&base[..], &["--out", &whole]].concat());
    assert_eq!(code, 6, "{stderr}");
    let document: Value = serde_json::from_str(&printed).unwrap();
    let column = &document["models"]["raw"];
    assert!(column["position_bias"].is_null());
    assert_eq!(column["subsets"]["even"]["tie"], 1);
    assert_eq!(column["subsets"]["odd"]["invalid"], 1);
    assert!(
        column["not_scored"][0]
            .as_str()
            .unwrap()
            .contains("not at a turn of the user"),
        "{column}"
    );
    for file in ["report.md", "report.html"] {
        let text = std::fs::read_to_string(Path::new(&whole).join(file)).unwrap();
        assert!(
            !text.contains("both orders") && !text.contains("chosen first"),
            "{file}"
        );
        assert!(text.contains("raw"), "{file}");
    }

    let frame = verdicts(&whole);
    for name in ["logit_ab", "logit_ba", "tokens_ab", "tokens_ba"] {
        assert_eq!(frame.column(name).unwrap().null_count(), 26, "{name}");
    }
    let floats = |name: &str| frame.column(name).unwrap().f32().unwrap().clone();
    let (chosen, rejected, margin) = (
        floats("score_chosen"),
        floats("score_rejected"),
        floats("margin"),
    );
    let tokens = frame
        .column("tokens_chosen")
        .unwrap()
        .i64()
        .unwrap()
        .clone();
    for row in 0..25 {
        let of = |column: &Float32Chunked| column.get(row).unwrap();
        let expected = of(&chosen) - of(&rejected);
        assert_eq!(of(&margin).to_bits(), expected.to_bits());
        assert!(tokens.get(row).unwrap() > 2);
    }
    assert_eq!(margin.get(24), Some(0.0));

    for (shard, out) in [("1/2", &first), ("2/2", &second)] {
        let (_, stderr, code) = run(&[&base[..], &["--shard", shard, "--out", out]].concat());
        assert!(code == 0 || code == 6, "{stderr}");
    }
    let (_, stderr, code) = run(&["merge", &first, &second, "--out", &merged]);
    assert_eq!(code, 6, "{stderr}");
    assert_same_run(Path::new(&whole), Path::new(&merged));
    let (_, stderr, code) = run(&[&base[..], &["--resume", "--out", &merged]].concat());
    assert_eq!(code, 6, "{stderr}");
    assert_same_run(Path::new(&whole), Path::new(&merged));
}

/// A journal that a process left is gone on with: its scores count as they are.
#[test]
#[cfg_attr(not(feature = "_test-hooks"), ignore = "needs --features _test-hooks")]
fn an_unfinished_run_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let data = write_pairs(dir.path());
    let [whole, part] = ["whole", "part"].map(|name| in_dir(dir.path(), name));
    let base = ["run", "--model", &under("pair"), "--data", &data];
    assert_eq!(run(&[&base[..], &["--out", &whole]].concat()).2, 0);
    let stopped = binary::pairbench()
        .args([&base[..], &["--out", &part, "--batch-tokens", "64"]].concat())
        .env("PAIRBENCH_TEST_ABORT", "verdicts.parquet")
        .output()
        .unwrap();
    assert!(!stopped.status.success());
    let journal = std::fs::read_to_string(Path::new(&part).join("journal.jsonl")).unwrap();
    assert!(journal.contains(r#""head":"scalar""#), "{journal}");
    let (_, stderr, code) = run(&[&base[..], &["--out", &part, "--resume"]].concat());
    assert_eq!(code, 0, "{stderr}");
    assert_same_run(Path::new(&whole), Path::new(&part));
}

/// A pairwise and a scalar model are columns of one table, compared pair by pair, and a gate on
/// position bias says that a scalar model has none.
#[test]
fn beside_and_against_a_pairwise_model() {
    let dir = tempfile::tempdir().unwrap();
    let data = write_pairs(dir.path());
    let out = in_dir(dir.path(), "run");
    let (printed, stderr, code) = run(&[
        "run",
        "--model",
        "quickstart/pairrm",
        "--model",
        &under("pair"),
        "--data",
        &data,
        "--out",
        &out,
    ]);
    assert_eq!(code, 6, "{stderr}");
    assert!(
        printed.contains("pairrm: the two orders disagree"),
        "{printed}"
    );
    assert!(
        !printed.contains("pair: the two orders disagree"),
        "{printed}"
    );
    let frame = verdicts(&out);
    assert_eq!(frame.column("logit_ab").unwrap().null_count(), 26);
    assert_eq!(frame.column("score_chosen").unwrap().null_count(), 26);

    let (sides, gate) = (
        [format!("{out}:pairrm"), format!("{out}:pair")],
        ["--gate", "drop:average:0.9", "--format", "json"],
    );
    let (printed, stderr, code) = run(&[&["compare", &sides[0], &sides[1]], &gate[..]].concat());
    assert_eq!(code, 0, "{stderr}");
    let document: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(document["totals"]["average"]["n"], 26, "{printed}");
    let (printed, stderr, code) = run(&[
        "compare",
        &sides[0],
        &sides[1],
        "--gate",
        "max-position-bias:0.5",
    ]);
    assert!(code == 0 || code == 2, "{code} {printed} {stderr}");

    let (printed, stderr, code) = run(&["show", &out, "--row", "0", "--format", "json"]);
    assert_eq!(code, 0, "{stderr}");
    let pairs: Value = serde_json::from_str(&printed).unwrap();
    let models = &pairs["pairs"][0]["models"];
    assert!(models[0]["logit_ab"].is_number() && models[0]["score_chosen"].is_null());
    assert!(models[1]["logit_ab"].is_null() && models[1]["score_chosen"].is_number());
    let (printed, _, _) = run(&["show", &out, "--row", "0"]);
    assert!(
        printed.contains("of chosen, ") && printed.contains("with chosen first"),
        "{printed}"
    );
}

/// A run directory that was written before there were scalar heads.
#[test]
fn verdicts_without_the_columns_of_scores_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let data = write_pairs(dir.path());
    let out = in_dir(dir.path(), "run");
    let base = [
        "--model",
        "quickstart/pairrm",
        "--data",
        &data,
        "--out",
        &out,
    ];
    assert_eq!(run(&[&["run"], &base[..]].concat()).2, 6);
    let before = run(&["report", &out]).0;
    let columns = [
        "score_chosen",
        "score_rejected",
        "tokens_chosen",
        "tokens_rejected",
    ];
    let mut frame = verdicts(&out).drop_many(columns);
    let file = std::fs::File::create(Path::new(&out).join("verdicts.parquet")).unwrap();
    ParquetWriter::new(file).finish(&mut frame).unwrap();
    let (after, stderr, code) = run(&["report", &out]);
    assert_eq!((code, after), (0, before), "{stderr}");
    // A row needs the numbers of one head.
    let mut frame = frame.drop_many(["logit_ab", "logit_ba", "tokens_ab", "tokens_ba"]);
    let file = std::fs::File::create(Path::new(&out).join("verdicts.parquet")).unwrap();
    ParquetWriter::new(file).finish(&mut frame).unwrap();
    let (_, stderr, code) = run(&["report", &out]);
    assert!(
        code == 4 && stderr.contains("neither logits nor scores"),
        "{stderr}"
    );
}

/// Copies a checkpoint with a changed configuration.
fn changed(dir: &Path, name: &str, change: impl Fn(&mut Value)) -> String {
    let copy = dir.join(name);
    std::fs::create_dir(&copy).unwrap();
    for entry in std::fs::read_dir(RM).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
    }
    let mut config = json_file(&copy.join("config.json"));
    change(&mut config);
    std::fs::write(copy.join("config.json"), config.to_string()).unwrap();
    copy.to_str().unwrap().to_owned()
}

/// Rewrites the header of the weights.
fn retensor(checkpoint: &str, change: impl Fn(&mut serde_json::Map<String, Value>)) {
    let path = Path::new(checkpoint).join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    let size = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let mut header = serde_json::from_slice(&bytes[8..8 + size]).unwrap();
    change(&mut header);
    let mut text = serde_json::to_string(&header).unwrap();
    while !text.len().is_multiple_of(8) {
        text.push(' ');
    }
    let size = (text.len() as u64).to_le_bytes();
    std::fs::write(
        path,
        [
            &size[..],
            text.as_bytes(),
            &bytes[8 + usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap()))
                .unwrap()..],
        ]
        .concat(),
    )
    .unwrap();
}

/// The key, tensor or template that is the reason stands in the error.
#[test]
fn what_gives_no_score_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let data = write_pairs(dir.path());
    let labels = |n: usize| -> Value {
        (0..n)
            .map(|at| (at.to_string(), json!("L")))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let three = changed(dir.path(), "three", |config| config["id2label"] = labels(3));
    let no_labels = changed(dir.path(), "no-labels", |config| {
        config.as_object_mut().unwrap().remove("id2label");
    });
    let tokens = changed(dir.path(), "tokens", |config| {
        config["architectures"] = json!(["DebertaV2ForTokenClassification"]);
    });
    let pooler = changed(dir.path(), "pooler", |config| {
        config["pooler_hidden_size"] = json!(32);
    });
    let packed = changed(dir.path(), "packed", |config| {
        config["quantization_config"] = json!({ "load_in_8bit": true });
    });
    let value_head = changed(dir.path(), "value-head", |_| {});
    retensor(&value_head, |header| {
        for part in ["weight", "bias"] {
            let tensor = header.remove(&format!("classifier.{part}")).unwrap();
            header.insert(format!("v_head.summary.{part}"), tensor);
        }
    });
    let no_pooler = changed(dir.path(), "no-pooler", |_| {});
    retensor(&no_pooler, |header| {
        let tensor = header.remove("pooler.dense.bias").unwrap();
        header.insert("deberta.embeddings.position_ids".to_owned(), tensor);
    });
    for (model, parts) in [
        (&three, &["`id2label`", "one label"][..]),
        (&no_labels, &["`num_labels`", "one label"]),
        (
            &tokens,
            &["`architectures`", "DebertaV2ForTokenClassification"],
        ),
        (&pooler, &["`pooler_hidden_size`", "64"]),
        (&packed, &["`quantization_config`"]),
        (&value_head, &["`v_head.summary.bias`", "a value head"]),
        (&no_pooler, &["`pooler.dense.bias`", "trained pooler"]),
    ] {
        let model = format!("{model},template=pair");
        let (_, stderr, code) = run(&["run", "--model", &model, "--data", &data]);
        assert_eq!(code, 4, "{model}: {stderr}");
        for part in parts {
            assert!(stderr.contains(part), "{part}: {stderr}");
        }
    }
    let one = changed(dir.path(), "one", |config| {
        config.as_object_mut().unwrap().remove("id2label");
        config["num_labels"] = json!(1);
    });
    let model = format!("{one},template=pair");
    assert_eq!(run(&["run", "--model", &model, "--data", &data]).2, 0);
}

/// A contract belongs to a head, and none is guessed.
#[test]
fn templates_are_those_of_the_head() {
    let dir = tempfile::tempdir().unwrap();
    let data = write_pairs(dir.path());
    let refused = |model: &str, more: &[&str]| {
        let base = ["run", "--model", model, "--data", &data];
        let (_, stderr, code) = run(&[&base[..], more].concat());
        assert_eq!(code, 2, "{stderr}");
        stderr
    };
    let none = refused(RM, &[]);
    assert!(
        none.contains("pair, raw, tulu, blender") && !none.contains("pairrm"),
        "{none}"
    );
    let other = refused(&format!("{RM},template=pairrm"), &[]);
    assert!(
        other.contains("its head is scalar") && other.contains("tulu"),
        "{other}"
    );
    let flag = refused("quickstart/pairrm,template=raw", &[]);
    assert!(
        flag.contains("its head is pairwise") && flag.contains("better-pairrm"),
        "{flag}"
    );
}

/// A multiple-choice model whose labels are integers, and a legacy one without a tokenizer.
#[test]
fn inspect_and_bench_know_the_head() {
    let multiple_choice = model("tiny-deberta-mc-rm");
    let (printed, stderr, code) = run(&["inspect", multiple_choice.to_str().unwrap()]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        printed.contains("scalar") && printed.contains("blender"),
        "{printed}"
    );
    assert!(!printed.contains("markers"), "{printed}");
    assert_eq!(binary::benched(RM), 4);
}

/// What a checkpoint in LLM-Blender's layout needs is said where it lacks.
#[test]
fn a_ranker_needs_its_backbone_and_safetensors() {
    let dir = tempfile::tempdir().unwrap();
    let data = write_pairs(dir.path());
    let [ranker, backbone] = ["tiny-pair-ranker", "tiny-deberta-backbone"]
        .map(|name| model(name).to_str().unwrap().to_owned());
    let run_on = |spec: &str| run(&["run", "--offline", "--model", spec, "--data", &data]);

    let complete = format!("r={ranker},backbone={backbone},template=pairranker");
    let out = in_dir(dir.path(), "run");
    let (stdout, stderr, code) =
        run(&["run", "--model", &complete, "--data", &data, "--out", &out]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.contains(&format!(", backbone {backbone}, weights ")),
        "{stdout}"
    );
    let record = binary::record(Path::new(&out));
    let facts = &record["models"][0]["facts"];
    assert_eq!(facts["backbone"], backbone);
    assert!(
        facts["files"]["backbone/tokenizer.json"].is_string(),
        "{facts}"
    );
    let truncation = &record["plan"]["content"]["models"][0]["truncation"];
    assert_eq!(truncation, "source 128, candidate 128");

    let (_, stderr, code) = run_on(&format!("{ranker},template=pairranker"));
    assert!(
        code == 5 && stderr.contains("backbone=DIR"),
        "{code} {stderr}"
    );
    let (_, stderr, code) = run_on(&format!("{RM},template=pair,backbone={backbone}"));
    assert!(
        code == 2 && stderr.contains("own layout"),
        "{code} {stderr}"
    );
    let other = format!("{ranker},template=pairranker,backbone={RM}");
    let (_, stderr, code) = run_on(&other);
    assert!(
        code == 4 && stderr.contains("another backbone"),
        "{code} {stderr}"
    );

    let pickled = dir.path().join("pickled");
    std::fs::create_dir(&pickled).unwrap();
    let config = Path::new(&ranker).join("config.json");
    std::fs::copy(config, pickled.join("config.json")).unwrap();
    std::fs::write(pickled.join("pytorch_model.bin"), "x").unwrap();
    let spec = format!(
        "{},template=pairranker,backbone={backbone}",
        pickled.display()
    );
    let (_, stderr, code) = run_on(&spec);
    assert!(
        code == 4 && stderr.contains("torch.load"),
        "{code} {stderr}"
    );
}

/// One model under each template that it can take, in one table; a model with a template of its own
/// once.
#[test]
fn every_template_is_a_column() {
    let dir = tempfile::tempdir().unwrap();
    let data = write_pairs(dir.path());
    let base = [
        "run",
        "--every-template",
        "--data",
        &data,
        "--format",
        "json",
        "--model",
    ];
    let (printed, stderr, code) = run(&[&base[..], &[&format!("rm={RM}")]].concat());
    assert_eq!(code, 6, "{stderr}");
    let document: Value = serde_json::from_str(&printed).unwrap();
    let names: Vec<&String> = document["models"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["rm-pair", "rm-raw", "rm-tulu", "rm-blender"]);
    for name in names {
        let contract = document["models"][name]["provenance"]["contract"].to_string();
        assert!(
            contract.contains(name.strip_prefix("rm-").unwrap()),
            "{name}: {contract}"
        );
    }
    let (printed, stderr, code) = run(&[&base[..], &[&under("pair")]].concat());
    assert_eq!(code, 0, "{stderr}");
    let document: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(document["models"].as_object().unwrap().len(), 1);
}

/// Rows as the model reads them, special tokens and all, with what may be wrong.
#[test]
fn inspect_shows_rows_under_every_template() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pairs.jsonl");
    let pairs = [
        json!({ "prompt": "[CLS] hello", "chosen": "yes", "rejected": "" }),
        json!({ "prompt": "<|user|>\nhi", "chosen": "word ".repeat(3000), "rejected": "no" }),
    ];
    std::fs::write(&file, pairs.map(|pair| pair.to_string()).join("\n")).unwrap();
    let data = file.to_str().unwrap();
    let (printed, stderr, code) = run(&["inspect", RM, "--data", data]);
    assert_eq!(code, 0, "{stderr}");
    for part in [
        "template pair (most tokens: none)",
        "template raw (most tokens: row 2048)",
        "[CLS]",
        "[SEP]",
        "1 pair: doubled [CLS]",
        "1 pair: a text contains [CLS]",
        "1 pair: a text contains <|user|>",
        "1 pair: an empty answer: its row is `[CLS] question [SEP]`",
        "truncated: 1 of 2 pairs (50.0 %): prompt 1, chosen 1, rejected 0",
        "truncated: 0 of 2 pairs (0.0 %)",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    assert!(!printed.contains("template pairrm"), "{printed}");
    // Two answers a row: nothing else changes.
    let pairwise = "quickstart/pairrm";
    let (printed, stderr, code) = run(&["inspect", pairwise, "--data", data]);
    assert_eq!(code, 0, "{stderr}");
    assert!(printed.contains("template pairranker") && printed.contains("<|candidate1|>"));
    assert!(!printed.contains("template raw"), "{printed}");
}
