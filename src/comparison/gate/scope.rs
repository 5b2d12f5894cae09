//! Scopes of rules.

use std::fmt;

use crate::comparison::figure::{AVERAGE, TOTAL};
use crate::support::error::{Error, Result};

/// The figures of a comparison that a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    Average,
    /// The benchmark's headline figure: whichever it has, or the one with this key.
    Headline(Option<String>),
    Total,
    /// The section of this name, or all.
    Section(Option<String>),
    /// The subset of this name, or all.
    Subset(Option<String>),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Average => f.write_str("average"),
            Self::Headline(key) => f.write_str(key.as_deref().unwrap_or("headline")),
            Self::Total => f.write_str("total"),
            Self::Section(name) => write!(f, "section:{}", name.as_deref().unwrap_or("*")),
            Self::Subset(name) => write!(f, "subset:{}", name.as_deref().unwrap_or("*")),
        }
    }
}

impl Scope {
    /// `None` where the text is no scope.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let one = |name: &str| (name != "*").then(|| name.to_owned());
        match text.split_once(':') {
            None => match text {
                "average" => Some(Self::Average),
                "headline" => Some(Self::Headline(None)),
                "rewardbench" => Some(Self::Headline(Some(text.to_owned()))),
                "total" => Some(Self::Total),
                _ => None,
            },
            Some((_, "")) => None,
            Some(("section", name)) => Some(Self::Section(one(name))),
            Some(("subset", name)) => Some(Self::Subset(one(name))),
            Some(_) => None,
        }
    }

    /// The figures that it covers, of `[subsets, sections, totals]`. `key_of`: the name of a figure
    /// in rules.
    ///
    /// # Errors
    /// Where it covers none: a rule about something that was not compared must not pass.
    pub(crate) fn among<'a, T>(
        &self,
        blocks: [&'a [T]; 3],
        key_of: impl Fn(&T) -> &str,
        rule: &impl fmt::Display,
    ) -> Result<Vec<&'a T>> {
        let [subsets, sections, totals] = blocks;
        let figures = match self {
            Self::Average | Self::Total | Self::Headline(_) => totals,
            Self::Section(_) => sections,
            Self::Subset(_) => subsets,
        };
        let covers = |key: &str| match self {
            Self::Average => key == AVERAGE,
            Self::Total => key == TOTAL,
            Self::Headline(None) => key != AVERAGE && key != TOTAL,
            Self::Headline(Some(name)) => key == name,
            Self::Section(name) | Self::Subset(name) => {
                name.as_ref().is_none_or(|name| key == name)
            }
        };
        let covered: Vec<&T> = figures
            .iter()
            .filter(|figure| covers(key_of(figure)))
            .collect();
        if covered.is_empty() {
            let names: Vec<&str> = figures.iter().map(key_of).collect();
            let names = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            return Err(Error::usage(format!(
                "failed to apply rule: {rule}: nothing that it names was compared"
            ))
            .hint(format!("compared were: {names}")));
        }
        Ok(covered)
    }
}
