//! Rules of a gate and their syntax: `KIND:SCOPE:NUMBER` or `KIND:NUMBER`, on the command line or
//! in a TOML file.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::Deserialize;

use crate::comparison::gate::scope::Scope;
use crate::stats::{LEVEL, holm};
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::toml_text::from_toml;

/// The forms of rules, for errors.
const FORMS: &str = "drop:SCOPE:X, significant-drop:SCOPE:ALPHA, min:SCOPE:X, max-ties:N, \
    max-invalid:N, max-position-bias:X; SCOPE is average, headline, rewardbench, total, easy, \
    normal, hard, section:GLOB or subset:GLOB, as section:*; X and ALPHA are shares from 0 to 1";

/// How rules begin, to be suggested while one is typed.
pub(crate) const BEGINNINGS: [&str; 11] = [
    "drop:average:",
    "drop:headline:",
    "drop:total:",
    "drop:section:",
    "drop:subset:",
    "significant-drop:average:",
    "min:average:",
    "min:section:",
    "max-ties:",
    "max-invalid:",
    "max-position-bias:",
];

/// A rule that a candidate must meet; the documentation of [`crate::comparison::gate`] says how
/// each is evaluated.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    Drop { scope: Scope, limit: f64 },
    SignificantDrop { scope: Scope, alpha: f64 },
    Min { scope: Scope, least: f64 },
    MaxTies(usize),
    MaxInvalid(usize),
    MaxPositionBias(f64),
}

/// Rules from the command line: each a rule, or a TOML file with a list `rules`.
pub fn rules(arguments: &[String]) -> Result<Vec<Rule>> {
    let mut rules = Vec::new();
    for argument in arguments {
        let path = Path::new(argument);
        if path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("toml"))
        {
            rules.extend(rules_of_file(path)?);
        } else {
            rules.push(argument.parse()?);
        }
    }
    Ok(rules)
}

/// A gate's TOML file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GateFile {
    rules: Vec<String>,
}

fn rules_of_file(path: &Path) -> Result<Vec<Rule>> {
    let text = files::read_text(path)?;
    let invalid = || Error::usage(format!("failed to parse gate: {}", path.display()));
    let file: GateFile = from_toml(&text).map_err(|e| {
        invalid()
            .caused_by(e)
            .hint("a gate file holds rules = [\"drop:average:0.03\", …]")
    })?;
    if file.rules.is_empty() {
        return Err(invalid()
            .caused_by("it holds no rule")
            .hint("a gate without rules judges nothing: rules = [\"drop:average:0.03\", …]"));
    }
    file.rules
        .iter()
        .map(|rule| {
            rule.parse().map_err(|e: Error| {
                invalid()
                    .caused_by(e)
                    .hint(format!("the forms are: {FORMS}"))
            })
        })
        .collect()
}

impl FromStr for Rule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |what: &str| {
            Error::usage(format!("failed to parse rule: {text}: {what}"))
                .hint(format!("the forms are: {FORMS}"))
        };
        let (kind, rest) = text
            .split_once(':')
            .ok_or_else(|| wrong("expected KIND:…").or_hint("a file of rules ends in .toml"))?;
        let share = |text: &str| {
            let value = text
                .parse::<f64>()
                .ok()
                .filter(|value| (0.0..=1.0).contains(value));
            value.ok_or_else(|| wrong(&format!("expected a share from 0 to 1, found `{text}`")))
        };
        let whole = |text: &str| {
            text.parse::<usize>()
                .map_err(|_| wrong(&format!("expected a count, found `{text}`")))
        };
        // Names may contain colons: the number follows the last one.
        let scoped = || {
            let (scope, number) = rest
                .rsplit_once(':')
                .ok_or_else(|| wrong("expected SCOPE:NUMBER"))?;
            let scope = Scope::parse(scope).map_err(|why| wrong(&why))?;
            Ok((scope, share(number)?))
        };
        match kind {
            "drop" => scoped().map(|(scope, limit)| Self::Drop { scope, limit }),
            "significant-drop" => match scoped()? {
                (_, 0.0) => Err(wrong("no p-value is below 0: ALPHA must be above 0")),
                (scope, alpha) => Ok(Self::SignificantDrop { scope, alpha }),
            },
            "min" => scoped().map(|(scope, least)| Self::Min { scope, least }),
            "max-ties" => whole(rest).map(Self::MaxTies),
            "max-invalid" => whole(rest).map(Self::MaxInvalid),
            "max-position-bias" => share(rest).map(Self::MaxPositionBias),
            _ => Err(wrong(&format!("unknown kind `{kind}`"))),
        }
    }
}

impl Rule {
    /// # Errors
    /// Where no p-value can be below the rule's error rate: it would pass whatever happens.
    /// `least`: of each figure, the p-value with every pair lost.
    pub(crate) fn check_reachable(&self, least: &[f64], error_rate: f64) -> Result<()> {
        let reachable = holm(least).into_iter().reduce(f64::min);
        let Some(least) = reachable.filter(|least| *least >= error_rate) else {
            return Ok(());
        };
        Err(Error::usage(format!(
            "failed to apply rule: {self}: so few pairs cannot have a p-value below {error_rate}"
        ))
        .hint(format!(
            "with every pair lost it would be {least:.2e}: take a larger ALPHA, or more pairs"
        )))
    }

    /// How often it may be wrong by chance; bounds on what was measured are never wrong.
    pub(crate) fn error_rate(&self) -> f64 {
        match self {
            Self::Drop { .. } => 1.0 - LEVEL,
            Self::SignificantDrop { alpha, .. } => *alpha,
            Self::Min { .. }
            | Self::MaxTies(_)
            | Self::MaxInvalid(_)
            | Self::MaxPositionBias(_) => 0.0,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drop { scope, limit } => write!(f, "drop:{scope}:{limit}"),
            Self::SignificantDrop { scope, alpha } => write!(f, "significant-drop:{scope}:{alpha}"),
            Self::Min { scope, least } => write!(f, "min:{scope}:{least}"),
            Self::MaxTies(most) => write!(f, "max-ties:{most}"),
            Self::MaxInvalid(most) => write!(f, "max-invalid:{most}"),
            Self::MaxPositionBias(most) => write!(f, "max-position-bias:{most}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::gate::pattern::Pattern;

    #[test]
    fn rules_are_read_and_written_alike() {
        for text in [
            "drop:average:0.01",
            "drop:section:Chat Hard:0.02",
            "drop:subset:a:b:0.5",
            "drop:subset:*:0",
            "significant-drop:subset:*:0.05",
            "significant-drop:total:0.001",
            "min:rewardbench:1",
            "min:headline:1",
            "min:section:*:0.65",
            "max-ties:3",
            "max-invalid:0",
            "max-position-bias:0.25",
        ] {
            assert_eq!(text.parse::<Rule>().unwrap().to_string(), text);
        }
        assert_eq!(
            "drop:subset:a:b:0.5".parse::<Rule>().unwrap(),
            Rule::Drop {
                scope: Scope::Subset(Pattern::new("a:b").unwrap()),
                limit: 0.5
            }
        );
    }

    #[test]
    fn what_is_no_rule_is_named_with_the_forms() {
        for text in [
            "",
            "drop",
            "drop:average",
            "drop:avg:0.1",
            "drop:average:1.5",
            "drop:average:-0.1",
            "drop:average:NaN",
            "significant-drop:average:0",
            "significant-drop:subset:*:-0",
            "significant-drop:total:1e-400",
            "drop:subset::0.1",
            "drop:subset:a[:0.1",
            "fall:average:0.1",
            "max-ties:-1",
            "max-ties:x",
        ] {
            let error = text.parse::<Rule>().unwrap_err();
            let shown = error.render();
            assert!(
                error.kind as u8 == 2
                    && shown.contains(&format!("failed to parse rule: {text}:"))
                    && shown.contains("significant-drop:SCOPE:ALPHA"),
                "{shown}"
            );
        }
    }

    #[test]
    fn files_hold_lists_of_rules() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gate.toml");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            rules(&[path.display().to_string(), "max-ties:1".to_owned()])
        };
        assert_eq!(
            read("rules = ['drop:average:0.01', 'max-invalid:0']")
                .unwrap()
                .len(),
            3
        );
        for (text, expected) in [
            ("rules = ['drop']", "drop: expected KIND"),
            ("rule = []", "rule"),
            ("rules = 1", "list"),
            ("rules = []", "it holds no rule"),
        ] {
            let error = read(text).unwrap_err();
            assert!(
                error.kind as u8 == 2 && error.render().contains(expected),
                "{}",
                error.render()
            );
        }
        assert_eq!(
            rules(&[dir.path().join("none.toml").display().to_string()])
                .unwrap_err()
                .kind as u8,
            5
        );
    }
}
