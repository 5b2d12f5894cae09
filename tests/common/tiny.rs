//! A tiny golden checkpoint, a row for it, and a run of both.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::binary;
use crate::common::golden;

pub const ROW: &str = concat!(
    r#"{"prompt":"hello!","chosen":"hi!","rejected":"go away!","#,
    r#""subset":"hep-go","id":1,"extra":[1]}"#
);

/// As `--model` has it.
pub fn tiny() -> String {
    format!(
        "T={},template=pairrm",
        golden("models/tiny-pairrm").display()
    )
}

pub fn file(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// stdout, stderr and exit code of a run of the tiny checkpoint on this file.
pub fn run(data: &Path, more: &[&str]) -> (String, String, i32) {
    let output = binary::pairbench()
        .args(["run", "--model", &tiny(), "--data"])
        .arg(data)
        .args(more)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        text(&output.stdout),
        text(&output.stderr),
        output.status.code().unwrap(),
    )
}

/// By row: both logits and both token counts.
pub fn verdicts(path: &Path) -> HashMap<i64, (f32, f32, i64, i64)> {
    use polars::prelude::*;
    let frame = ParquetReader::new(std::fs::File::open(path).unwrap())
        .finish()
        .unwrap();
    let ints = |name: &str| frame.column(name).unwrap().i64().unwrap().clone();
    let floats = |name: &str| frame.column(name).unwrap().f32().unwrap().clone();
    let (rows, ab, ba, tokens_ab, tokens_ba) = (
        ints("row"),
        floats("logit_ab"),
        floats("logit_ba"),
        ints("tokens_ab"),
        ints("tokens_ba"),
    );
    (0..frame.height())
        .map(|i| {
            (
                rows.get(i).unwrap(),
                (
                    ab.get(i).unwrap(),
                    ba.get(i).unwrap(),
                    tokens_ab.get(i).unwrap(),
                    tokens_ba.get(i).unwrap(),
                ),
            )
        })
        .collect()
}
