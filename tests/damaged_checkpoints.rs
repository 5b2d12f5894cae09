//! Checkpoints that are damaged are refused by what is wrong in them.
#![allow(clippy::too_many_lines, reason = "one table of cases a test")]

#[path = "common/binary.rs"]
mod binary;
mod common;
#[path = "common/tiny.rs"]
mod tiny;

use std::path::Path;

use common::golden;
use tiny::{ROW, file};

/// Copies the tiny checkpoint and lets `change` damage it.
fn damaged(change: impl FnOnce(&Path)) -> (String, i32) {
    let dir = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(golden("models/tiny-pairrm")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
    }
    change(dir.path());
    let data = file(dir.path(), "a.jsonl", ROW);
    let output = binary::pairbench()
        .args(["run", "--template", "pairrm", "--model"])
        .arg(dir.path())
        .arg("--data")
        .arg(&data)
        .output()
        .unwrap();
    (
        String::from_utf8(output.stderr).unwrap(),
        output.status.code().unwrap(),
    )
}

/// Rewrites the safetensors header through its JSON, keeping the data.
fn edit_header(dir: &Path, edit: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>)) {
    let path = dir.join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    let n = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let mut header = serde_json::from_slice(&bytes[8..8 + n]).unwrap();
    edit(&mut header);
    let header = serde_json::to_vec(&header).unwrap();
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend(header);
    out.extend(&bytes[8 + n..]);
    std::fs::write(path, out).unwrap();
}

type Change<'a> = Box<dyn FnOnce(&Path) + 'a>;

#[test]
fn damaged_checkpoints_are_exit_4_with_the_key() {
    let rewrite = |dir: &Path, name: &str, from: &str, to: &str| {
        let path = dir.join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    };
    let weight = "head_layer.4.weight";
    let cases: Vec<(&str, Change)> = vec![
        (
            "header",
            Box::new(|d| std::fs::write(d.join("model.safetensors"), b"abc").unwrap()),
        ),
        (
            "header",
            Box::new(|d| std::fs::write(d.join("model.safetensors"), [0xff; 64]).unwrap()),
        ),
        (
            "header",
            Box::new(|d| {
                let path = d.join("model.safetensors");
                let bytes = std::fs::read(&path).unwrap();
                std::fs::write(path, &bytes[..bytes.len() - 9]).unwrap();
            }),
        ),
        (
            "no tensor `head_layer.4.weight`",
            Box::new(|d| {
                edit_header(d, |h| {
                    let moved = h.remove(weight).unwrap();
                    h.insert("head_layer.9.weight".into(), moved);
                });
            }),
        ),
        (
            "dtype I32",
            Box::new(|d| edit_header(d, |h| h[weight]["dtype"] = "I32".into())),
        ),
        (
            "found shape [64, 1]",
            Box::new(|d| edit_header(d, |h| h[weight]["shape"] = serde_json::json!([64, 1]))),
        ),
        (
            "no place for",
            Box::new(|d| {
                rewrite(
                    d,
                    "config.json",
                    "\"num_hidden_layers\": 3",
                    "\"num_hidden_layers\": 2",
                );
            }),
        ),
        (
            "`hidden_act`",
            Box::new(|d| rewrite(d, "config.json", "\"gelu\"", "\"geluu\"")),
        ),
        (
            "`source_prefix_id`",
            Box::new(|d| {
                rewrite(
                    d,
                    "config.json",
                    "\"source_prefix_id\": 4097",
                    "\"source_prefix_id\": 4096",
                );
            }),
        ),
        (
            "failed to parse config",
            Box::new(|d| std::fs::write(d.join("config.json"), "{").unwrap()),
        ),
        (
            "failed to load tokenizer",
            Box::new(|d| std::fs::write(d.join("tokenizer.json"), "{}").unwrap()),
        ),
        (
            "failed to load tokenizer",
            Box::new(|d| {
                let path = d.join("tokenizer.json");
                let mut json: serde_json::Value =
                    serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
                json["normalizer"]["normalizers"][1]["precompiled_charsmap"] = "AAAA".into();
                std::fs::write(path, json.to_string()).unwrap();
            }),
        ),
        (
            "pickle",
            Box::new(|d| {
                std::fs::rename(d.join("model.safetensors"), d.join("pytorch_model.bin")).unwrap();
            }),
        ),
    ];
    for (expected, change) in cases {
        let (stderr, code) = damaged(change);
        assert_eq!(code, 4, "{expected}: {stderr}");
        assert!(
            stderr.contains(expected) && !stderr.contains("panicked"),
            "{expected}: {stderr}"
        );
    }
}

#[test]
fn nan_weights_are_refused_by_name() {
    let (stderr, code) = damaged(|dir| {
        let path = dir.join("model.safetensors");
        let mut bytes = std::fs::read(&path).unwrap();
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        std::fs::write(path, bytes).unwrap();
    });
    assert_eq!(code, 4, "{stderr}");
    assert!(
        stderr.contains("tensor `") && stderr.contains("is not finite"),
        "{stderr}"
    );
}
