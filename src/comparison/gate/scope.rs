//! Scopes of rules.

use std::fmt;

use crate::benchmark::Aspect;
use crate::comparison::coverage::{Coverage, Gap};
use crate::comparison::figure::{AVERAGE, TOTAL};
use crate::comparison::gate::pattern::Pattern;
use crate::support::error::{Error, Result};

/// The figures of a comparison that a rule is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Scope {
    Average,
    /// The benchmark's headline figure: whichever it has, or the one with this key.
    Headline(Option<String>),
    Total,
    /// A part of the metric.
    Aspect(Aspect),
    /// The sections whose names match.
    Section(Pattern),
    /// The subsets whose names match.
    Subset(Pattern),
}

const HEADLINE: &str = "headline";

/// The part of a metric that is called so.
fn aspect(name: &str) -> Option<Aspect> {
    let mut all = Aspect::STYLES.into_iter();
    all.find(|aspect| aspect.name() == name)
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Average => f.write_str("average"),
            Self::Headline(key) => f.write_str(key.as_deref().unwrap_or(HEADLINE)),
            Self::Total => f.write_str("total"),
            Self::Aspect(aspect) => f.write_str(aspect.name()),
            Self::Section(names) => write!(f, "section:{names}"),
            Self::Subset(names) => write!(f, "subset:{names}"),
        }
    }
}

impl Scope {
    /// # Errors
    /// Why the text is no scope.
    pub(crate) fn parse(text: &str) -> std::result::Result<Self, String> {
        let unknown = || format!("unknown scope `{text}`");
        match text.split_once(':') {
            None => match text {
                "average" => Ok(Self::Average),
                HEADLINE => Ok(Self::Headline(None)),
                "rewardbench" => Ok(Self::Headline(Some(text.to_owned()))),
                "total" => Ok(Self::Total),
                _ => aspect(text).map(Self::Aspect).ok_or_else(unknown),
            },
            Some((_, "")) => Err(unknown()),
            Some(("section", names)) => Pattern::new(names).map(Self::Section),
            Some(("subset", names)) => Pattern::new(names).map(Self::Subset),
            Some(_) => Err(unknown()),
        }
    }

    /// The figures that it covers, of `[subsets, sections, totals]`; none where all of its pairs
    /// are missing. `key_of`: the name of a figure in rules.
    ///
    /// # Errors
    /// Where it names nothing that there is: a rule about nothing must not pass.
    pub(crate) fn among<'a, T>(
        &self,
        blocks: [&'a [T]; 3],
        key_of: impl Fn(&T) -> &str,
        coverage: &Coverage,
        rule: &impl fmt::Display,
    ) -> Result<Vec<&'a T>> {
        let [subsets, sections, totals] = blocks;
        let figures = match self {
            Self::Average | Self::Total | Self::Headline(_) | Self::Aspect(_) => totals,
            Self::Section(_) => sections,
            Self::Subset(_) => subsets,
        };
        let covers = |key: &str| match self {
            Self::Average => key == AVERAGE,
            Self::Total => key == TOTAL,
            Self::Headline(None) => key != AVERAGE && key != TOTAL && aspect(key).is_none(),
            Self::Headline(Some(name)) => key == name,
            Self::Aspect(own) => key == own.name(),
            Self::Section(names) | Self::Subset(names) => names.matches(key),
        };
        let covered: Vec<&T> = figures
            .iter()
            .filter(|figure| covers(key_of(figure)))
            .collect();
        if covered.is_empty() && !self.is_missing(coverage) {
            let as_scope = |key| match self {
                Self::Section(_) | Self::Subset(_) => key,
                _ if key == AVERAGE || key == TOTAL || aspect(key).is_some() => key,
                _ => HEADLINE,
            };
            let mut names: Vec<&str> = figures.iter().map(|own| as_scope(key_of(own))).collect();
            names.dedup();
            let names = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            return Err(Error::usage(format!(
                "failed to apply rule: {rule}: nothing that it names was compared"
            ))
            .hint(format!("compared were: {names}{}", self.why_none())));
        }
        Ok(covered)
    }

    /// What a scope needs that is not always there.
    fn why_none(&self) -> &'static str {
        match self {
            Self::Headline(Some(_)) => {
                "; `headline` is the headline figure of any benchmark, where all of its sections were \
                 compared"
            }
            Self::Headline(None) => {
                "; this benchmark has no headline figure, or not all of its sections"
            }
            Self::Aspect(_) => "; only the metric `styles` has it",
            Self::Total => "; subsets that are scored by different metrics have no total",
            _ => "",
        }
    }

    /// Whether pairs are missing of a figure that it names.
    fn is_missing(&self, coverage: &Coverage) -> bool {
        let has_headline = match self {
            Self::Headline(None) => coverage.headline.is_some(),
            Self::Headline(key) => coverage.headline == *key,
            _ => true,
        };
        has_headline && !self.gaps(coverage).is_empty()
    }

    /// The subsets of its figures of which pairs are missing. A mean lacks what one of its subsets
    /// lacks.
    pub(crate) fn gaps<'a>(&self, coverage: &'a Coverage) -> Vec<&'a Gap> {
        let concerns = |gap: &&Gap| match self {
            Self::Average | Self::Total | Self::Headline(_) | Self::Aspect(_) => true,
            Self::Section(names) => gap.sections.iter().any(|section| names.matches(section)),
            Self::Subset(names) => names.matches(&gap.subset),
        };
        coverage.gaps.iter().filter(concerns).collect()
    }
}
