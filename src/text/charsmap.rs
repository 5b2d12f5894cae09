//! Checks the size that a SentencePiece character map claims, before memory is reserved for it.

use serde::Deserialize;
use serde_json::Value;

/// Whether the map's trie lies within the map. The first four bytes are the trie's size, and
/// spm_precompiled 0.1.4 reserves twice as much before it reads further: up to 8 GB for a file of a
/// few bytes.
pub(crate) fn is_whole(map: &[u8]) -> bool {
    map.first_chunk()
        .is_some_and(|size| u32::from_le_bytes(*size) as usize <= map.len() - 4)
}

/// The same for all maps of a `tokenizer.json`. A file that cannot be parsed passes: the tokenizer
/// reports it.
pub(crate) fn are_whole(tokenizer: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct File {
        normalizer: Value,
    }
    serde_json::from_slice(tokenizer).map_or(true, |file: File| all(&file.normalizer))
}

fn all(normalizer: &Value) -> bool {
    match normalizer {
        Value::Object(map) => map.iter().all(|(key, value)| {
            value
                .as_str()
                .filter(|_| key == "precompiled_charsmap")
                .map_or_else(|| all(value), fits)
        }),
        Value::Array(items) => items.iter().all(all),
        _ => true,
    }
}

/// [`is_whole`] for base64, whose first six digits hold the four bytes.
fn fits(base64: &str) -> bool {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = base64.bytes().take(6).try_fold(0_u64, |bits, digit| {
        Some(bits << 6 | DIGITS.iter().position(|d| *d == digit)? as u64)
    });
    let size = bits
        .and_then(|bits| u32::try_from(bits >> 4).ok())
        .map_or(0, u32::swap_bytes);
    size as usize <= base64.len() / 4 * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trie_larger_than_its_map_is_found() {
        assert!(
            is_whole(&[4, 0, 0, 0, 1, 2, 3, 4, b'x'])
                && !is_whole(&[5, 0, 0, 0, 1, 2, 3, 4])
                && !is_whole(&[0, 0, 0])
        );
        let tokenizer = |map: &str| {
            let normalizers = [serde_json::json!({ "precompiled_charsmap": map })];
            serde_json::json!({ "normalizer": { "normalizers": normalizers } }).to_string()
        };
        // 0x00000004 and 0xffffffff, little-endian.
        assert!(are_whole(tokenizer("BAAAAAECAwQ=").as_bytes()));
        assert!(!are_whole(tokenizer("/////wECAwQ=").as_bytes()));
        assert!(are_whole(b"{") && are_whole(b"{\"normalizer\": null}"));
    }
}
