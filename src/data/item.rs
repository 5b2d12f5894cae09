//! An item of a benchmark: a prompt, with answers that are better and answers that are worse.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::benchmark::Comparisons;

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct Message {
    pub(crate) role: String,
    pub(crate) content: String,
}

impl Message {
    pub fn new(role: &str, content: &str) -> Self {
        Self {
            role: role.to_owned(),
            content: content.to_owned(),
        }
    }
}

/// A row's id as the source has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum Id {
    Number(i64),
    Text(String),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(n) => n.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// One answer or more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answers {
    first: String,
    others: Vec<String>,
}

impl Answers {
    pub(crate) fn new(first: String, others: Vec<String>) -> Self {
        Self { first, others }
    }

    /// `None` without an answer.
    pub(crate) fn from_list(all: Vec<String>) -> Option<Self> {
        let mut all = all.into_iter();
        Some(Self::new(all.next()?, all.collect()))
    }

    pub(crate) fn len(&self) -> usize {
        1 + self.others.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.first)
            .chain(&self.others)
            .map(String::as_str)
    }

    /// The answer, where there is just one.
    pub(crate) fn only(&self) -> Option<&str> {
        self.others.is_empty().then_some(&self.first)
    }
}

impl From<String> for Answers {
    fn from(only: String) -> Self {
        Self::new(only, Vec::new())
    }
}

/// A prompt with the answers to it. A *pair* is an item with one chosen and one rejected answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Row number in the source, from 0; over all files where there are several.
    pub row: usize,
    pub subset: String,
    pub id: Option<Id>,
    pub prompt: Vec<Message>,
    pub chosen: Answers,
    pub rejected: Answers,
    /// Whether the data says that neither answer is better: `chosen` is only the first one then.
    pub is_tie: bool,
    /// Which of the answers a pairwise model reads against each other.
    pub comparisons: Comparisons,
}

impl Item {
    /// Answers of which none is known to be better, which a pairwise model reads against each
    /// other: the first stands for the chosen ones.
    pub(crate) fn of_answers(
        row: usize,
        prompt: Vec<Message>,
        first: &str,
        others: Answers,
        comparisons: Comparisons,
    ) -> Self {
        Self {
            row,
            subset: String::new(),
            id: None,
            prompt,
            chosen: first.to_owned().into(),
            rejected: others,
            is_tie: false,
            comparisons,
        }
    }

    /// All answers, the chosen ones first.
    pub(crate) fn answers(&self) -> Vec<&str> {
        self.chosen.iter().chain(self.rejected.iter()).collect()
    }

    /// The left and the right answer, by their places among all, of every row that a pairwise model
    /// reads. A pair has two: the chosen answer left, then the rejected one.
    pub(crate) fn ordered_pairs(&self) -> Vec<[usize; 2]> {
        let all = self.chosen.len() + self.rejected.len();
        self.comparisons.ordered_pairs(self.chosen.len(), all)
    }

    /// The chosen and the rejected answer, where there is just one of each.
    pub(crate) fn pair(&self) -> Option<[&str; 2]> {
        Some([self.chosen.only()?, self.rejected.only()?])
    }

    /// The whole conversation that ends with this answer.
    pub(crate) fn conversation(&self, answer: &str) -> Vec<Message> {
        let mut messages = self.prompt.clone();
        messages.push(Message::new("assistant", answer));
        messages
    }
}
