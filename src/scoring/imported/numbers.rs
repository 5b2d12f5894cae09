//! Numbers of result files, and whether they say what the file says that they do.

use crate::data::Id;
use crate::data::json_text::{self, JsonText};

/// A score as it is written. Some models' scores are lists of one number.
pub(super) fn score(written: &str) -> Result<f64, String> {
    let inner = if written.starts_with('[') {
        match JsonText::new(written).list().as_deref() {
            Some([only]) => *only,
            Some(list) => return Err(format!("expected one score, found {}", list.len())),
            None => return Err("expected a score".to_owned()),
        }
    } else {
        written
    };
    match inner {
        "null" => Err("no score".to_owned()),
        "NaN" | "Infinity" | "-Infinity" => Err(format!("{inner} is no score")),
        _ => number(inner).ok_or_else(|| format!("expected a score, found {}", short(inner))),
    }
}

/// A list of scores.
pub(super) fn scores(written: &str) -> Result<Vec<f64>, String> {
    let list = JsonText::new(written).list();
    let list =
        list.ok_or_else(|| format!("expected a list of scores, found {}", short(written)))?;
    list.into_iter().map(score).collect()
}

/// What a row counts, from 0 to 1: Python writes booleans, too.
pub(super) fn result(written: &str) -> Result<f64, String> {
    let number = match written {
        "true" => Some(1.0),
        "false" => Some(0.0),
        _ => number(written),
    };
    let found = number.filter(|found| (0.0..=1.0).contains(found));
    found.ok_or_else(|| format!("expected a number from 0 to 1, found {}", short(written)))
}

pub(super) fn count(written: &str) -> Result<usize, String> {
    let found = written.parse();
    found.map_err(|_| format!("expected a count, found {}", short(written)))
}

/// An id: a whole number or a text. `None` for null.
pub(super) fn id(written: &str) -> Result<Option<Id>, String> {
    if written == "null" {
        return Ok(None);
    }
    if let Ok(number) = written.parse() {
        return Ok(Some(Id::Number(number)));
    }
    match json_text::text(written) {
        Some(text) => Ok(Some(Id::Text(text))),
        None => Err(format!(
            "expected a whole number or a text, found {}",
            short(written)
        )),
    }
}

/// JSON's numbers alone: Rust would read `inf`, too.
fn number(written: &str) -> Option<f64> {
    let is_number = written.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    is_number.then(|| written.parse().ok()).flatten()
}

/// The beginning of a value.
pub(super) fn short(written: &str) -> String {
    let mut start: String = written.chars().take(30).collect();
    if start.len() < written.len() {
        start.push('…');
    }
    start
}

/// Scores in the precision in which pairbench keeps them: that of the models. Two that differ must
/// still differ.
pub(super) fn in_f32(scores: &[f64]) -> Result<Vec<f32>, String> {
    #[expect(clippy::cast_possible_truncation, reason = "what is lost is looked at")]
    let rounded: Vec<f32> = scores.iter().map(|score| *score as f32).collect();
    if let Some(at) = rounded.iter().position(|score| !score.is_finite()) {
        return Err(format!("{} is beyond single precision", scores[at]));
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let lost = order.windows(2).find(|two| {
        let [low, high] = [two[0], two[1]];
        scores[low] < scores[high] && rounded[low] >= rounded[high]
    });
    match lost {
        Some(two) => Err(format!(
            "{} and {} are equal in single precision, in which scores are kept",
            scores[two[0]], scores[two[1]]
        )),
        None => Ok(rounded),
    }
}

/// How many of these share the highest score, where the first one has it.
pub(super) fn sharing_with_first(scores: &[f64]) -> Option<usize> {
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let is_first = scores.first().is_some_and(|first| *first >= highest);
    is_first.then(|| scores.iter().filter(|score| **score >= highest).count())
}

/// What becomes of a row whose first score shares the highest place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TieRule {
    /// It counts 0: pairs of reward-bench, whose chosen score must be higher.
    Loses,
    /// It counts 1/k where k share the place, of two answers, too: rows of reward-bench 2.
    Shares,
    /// The other program may count it as it likes.
    Free,
}

/// What a row counts: 1 where the first score alone is the highest, by the rule where others share
/// the place, else 0.
pub(super) fn counted(scores: &[f64], ties: TieRule) -> f64 {
    match sharing_with_first(scores) {
        None => 0.0,
        Some(share) if share > 1 && ties == TieRule::Loses => 0.0,
        #[expect(clippy::cast_precision_loss, reason = "a few answers")]
        Some(share) => 1.0 / share as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_numbers_or_lists_of_one() {
        for (written, expected) in [("1.25", 1.25), ("[-0.5]", -0.5), ("3", 3.0), ("1e-3", 1e-3)] {
            assert!(
                (score(written).unwrap() - expected).abs() < 1e-12,
                "{written}"
            );
        }
        for written in [
            "null",
            "NaN",
            "-Infinity",
            "\"1\"",
            "[1, 2]",
            "[]",
            "true",
            "[[1]]",
        ] {
            assert!(score(written).is_err(), "{written}");
        }
    }

    /// The worked examples of RewardBench 2's rule.
    #[test]
    fn rows_count_as_reward_bench_counts_them() {
        use TieRule::{Loses, Shares};
        for (scores, ties, expected) in [
            (&[0.5, 0.5, 0.1, 0.2][..], Shares, 0.5),
            (&[1.0, 1.0, 1.0, -2.0], Shares, 1.0 / 3.0),
            (&[0.0, -0.0, -1.0, -2.0], Shares, 0.5),
            (&[0.1, 0.7, 0.7, 0.2], Shares, 0.0),
            (&[0.125, 0.125], Shares, 0.5),
            (&[1.25, -0.5], Shares, 1.0),
            (&[1.25, -0.5], Loses, 1.0),
            (&[0.125, 0.125], Loses, 0.0),
        ] {
            let found = counted(scores, ties);
            assert!((found - expected).abs() < 1e-15, "{scores:?} {ties:?}");
        }
    }

    #[test]
    fn scores_that_would_become_equal_are_refused() {
        assert_eq!(in_f32(&[0.1, 0.5]).unwrap(), [0.1, 0.5]);
        assert_eq!(in_f32(&[0.1, 0.1, -3.0]).unwrap(), [0.1, 0.1, -3.0]);
        assert!(in_f32(&[0.3, 0.300_000_000_000_000_04]).is_err());
        assert!(in_f32(&[1e39, 0.0]).is_err());
    }
}
