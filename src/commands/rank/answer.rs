//! The line that is written for a line that was read: `docs/schema/rank.v1.json`.

use serde::Serialize;

use crate::data::Id;
use crate::report::escaped;

/// One line of the output.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    /// From 1.
    pub(super) line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Id>,
    #[serde(flatten)]
    pub(super) found: Found,
}

/// What was found. Lists are in the order of the candidates, whose places count from 0.
#[derive(Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Found {
    Ranked {
        ranks: Vec<usize>,
        scores: Vec<f32>,
        best: usize,
        /// Logits of a pairwise model by the candidate on the left, then the one on the right.
        #[serde(skip_serializing_if = "Option::is_none")]
        matrix: Option<Vec<Vec<f32>>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        margins: Option<Vec<Vec<f32>>>,
    },
    RankedByReference {
        ranks: Vec<usize>,
        scores: Vec<f32>,
        best: usize,
        /// `None` where it is none of the candidates.
        reference: Option<usize>,
    },
    Top {
        best: usize,
        top: Vec<Place>,
    },
    Best {
        best: usize,
        candidate: String,
        /// The best first.
        order: Vec<usize>,
        /// In which order candidates met each other.
        #[serde(skip_serializing_if = "Option::is_none")]
        permutation: Option<Vec<usize>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        scores: Option<Vec<f32>>,
    },
    Compared {
        logit: f32,
        left_is_better: bool,
    },
    Scored {
        score: f32,
    },
    ScoredTwo {
        margin: f32,
        /// Of a scalar model.
        #[serde(skip_serializing_if = "Option::is_none")]
        scores: Option<[f32; 2]>,
        /// Of a pairwise one: the first answer left, then the second.
        #[serde(skip_serializing_if = "Option::is_none")]
        logits: Option<[f32; 2]>,
    },
    /// Why nothing was.
    Error {
        error: String,
    },
}

/// One of the best candidates.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Place {
    pub(super) index: usize,
    pub(super) rank: usize,
    pub(super) score: f32,
    pub(super) candidate: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) margins: Option<Vec<f32>>,
}

impl Answer {
    pub(super) fn is_error(&self) -> bool {
        matches!(self.found, Found::Error { .. })
    }

    /// With its end.
    pub(super) fn text(&self) -> String {
        let text = serde_json::to_string(self);
        // Nothing in it can fail: keys are strings, numbers are finite.
        let text = text.unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
        escaped(&text) + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::error::breaks_line;

    #[test]
    fn texts_come_back_and_drive_no_terminal() {
        let candidate = "a\u{1b}[31m\u{9b}2J\u{202e}\u{2028}\n\"é🙂".to_owned();
        let answer = Answer {
            line: 1,
            id: Some(Id::Text("x\u{85}".to_owned())),
            found: Found::Best {
                best: 0,
                candidate: candidate.clone(),
                order: vec![0],
                permutation: None,
                scores: Some(vec![0.1]),
            },
        };
        let text = answer.text();
        assert_eq!(text.chars().filter(|c| breaks_line(*c)).count(), 1);
        assert!(
            text.ends_with(",\"order\":[0],\"scores\":[0.1]}\n"),
            "{text}"
        );
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&read["candidate"], &read["id"]),
            (&candidate.into(), &"x\u{85}".into())
        );
    }
}
