//! A line of the cache.

use serde::{Deserialize, Serialize};

use crate::data::Item;
use crate::scoring::verdict::Outcome;
use crate::support::files;

/// Hexadecimal digits of a checksum: a damaged line passes for whole once in 2^64 times.
const DIGITS: usize = 16;

#[derive(Serialize, Deserialize)]
struct Line {
    pair: String,
    #[serde(flatten)]
    outcome: Outcome,
    check: String,
}

/// What the model sees of an item, as a hash; of several answers also which are compared.
pub(crate) fn key(item: &Item) -> String {
    let texts = (&item.prompt, &item.chosen, &item.rejected);
    let text = match item.pair() {
        Some(_) => serde_json::to_vec(&texts),
        None => serde_json::to_vec(&(texts, item.comparisons)),
    };
    files::digest(text.unwrap_or_default())
}

/// A line with its end. `model`: the name of the file.
pub(super) fn write(model: &str, pair: &str, outcome: &Outcome) -> Vec<u8> {
    let line = Line {
        pair: pair.to_owned(),
        outcome: outcome.clone(),
        check: checksum(model, pair, outcome),
    };
    // Strings and finite numbers: JSON has them all.
    let mut line = serde_json::to_vec(&line).unwrap_or_default();
    line.push(b'\n');
    line
}

/// `None` where a line is not what was written to the file of this model.
pub(super) fn read(model: &str, line: &[u8]) -> Option<(String, Outcome)> {
    let Line {
        pair,
        outcome,
        check,
    } = serde_json::from_slice(line).ok()?;
    (check == checksum(model, &pair, &outcome)).then_some((pair, outcome))
}

/// Over the content and not the bytes: numbers are written in one way only.
fn checksum(model: &str, pair: &str, outcome: &Outcome) -> String {
    let content = serde_json::to_vec(&(model, pair, outcome)).unwrap_or_default();
    let mut sum = files::digest(content);
    sum.truncate(DIGITS);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Message;
    use crate::scoring::verdict::tests::logits;

    #[test]
    fn a_key_is_the_text_and_nothing_else() {
        let pair = |row, prompt: &str, chosen: &str| Item {
            row,
            subset: row.to_string(),
            id: None,
            prompt: vec![Message::new("user", prompt)],
            chosen: chosen.to_owned().into(),
            rejected: String::new().into(),
            is_tie: false,
            comparisons: crate::data::Comparisons::default(),
        };
        assert_eq!(key(&pair(1, "a", "b")), key(&pair(2, "a", "b")));
        assert_ne!(key(&pair(1, "ab", "")), key(&pair(1, "a", "b")));
    }

    /// Whichever digit is changed, and whatever the file that a line is in.
    #[test]
    fn a_changed_line_is_no_line() {
        let outcome = logits(0.123_456_79, f32::NAN);
        let line = write("model", "0a1b", &outcome);
        assert!(read("model", &line).is_some() && read("other", &line).is_none());
        let mut refused = 0;
        for at in 0..line.len() {
            let mut changed = line.clone();
            changed[at] = match changed[at] {
                b'0'..=b'8' | b'a'..=b'e' => changed[at] + 1,
                b'9' => b'8',
                other => other,
            };
            match read("model", &changed) {
                None => refused += 1,
                // The last digit of an f32 may be another one and the number the same.
                Some(same) => assert_eq!(
                    write("model", &same.0, &same.1),
                    line,
                    "{}",
                    String::from_utf8_lossy(&changed)
                ),
            }
        }
        assert!(refused > 50, "{refused}");
    }
}
