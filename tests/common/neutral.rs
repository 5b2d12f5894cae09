//! What differs between machines and versions of the code, replaced in reports that are committed.
#![allow(dead_code, reason = "each test binary uses its part")]

use serde_json::Value;

const DEVICE: &str = "cpu (x86_64 avx2 fma)";
const ENGINE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// `text` as a processor with AVX2 would have printed it, and code of another hash; `run` is the
/// `run.json` of this machine.
pub fn neutral(text: &str, run: &Value) -> String {
    let string = |value: &Value| value.as_str().unwrap().to_owned();
    let device = string(&run["sessions"][0]["device"]);
    let engine = string(&run["plan"]["content"]["engine"]);
    // As Markdown and LaTeX have it.
    let escaped = |text: &str| text.replace('_', "\\_");
    text.replace(&device, DEVICE)
        .replace(&escaped(&device), &escaped(DEVICE))
        .replace(&engine, &ENGINE[..engine.len().min(ENGINE.len())])
        .replace(&engine[..12], &ENGINE[..12])
}
