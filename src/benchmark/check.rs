//! Whether the parts of a definition agree with each other, and every figure has a name of its own.

use std::collections::BTreeSet;

use crate::benchmark::definition::{Benchmark, MeanOf};
use crate::support::bounded_count::MOST;

/// Keys of a model in `summary.json`, beside which the headline figure stands: another figure
/// under one of them would take its place, or would be replaced.
pub(crate) const RESERVED_KEYS: [&str; 15] = [
    "subsets",
    "sections",
    "variants",
    "average",
    "easy",
    "normal",
    "hard",
    "total",
    "position_bias",
    "truncated",
    "margins",
    "not_scored",
    "provenance",
    "published",
    "not_published",
];

/// Rows that every table has.
const RESERVED_NAMES: [&str; 2] = ["average", "all pairs"];

impl Benchmark {
    /// # Errors
    /// What contradicts what.
    pub(super) fn check(&self) -> Result<(), String> {
        self.columns.map()?;
        for (subset, n) in &self.subsets {
            if *n > MOST {
                return Err(format!("`{subset}` has {n} rows, accepted: up to {MOST}"));
            }
        }
        let sections = self.sections.iter().flat_map(|s| &s.subsets);
        for subset in sections
            .clone()
            .chain(self.weights.keys())
            .chain(self.metrics.keys())
            .chain(&self.columns.subset_is)
            .chain(self.variants.iter().flat_map(|v| v.weights.keys()))
        {
            if !self.subsets.contains_key(subset) {
                return Err(format!("`{subset}` is not listed in [subsets]"));
            }
        }
        for variant in &self.variants {
            if self.sections.iter().all(|s| s.name != variant.section) {
                return Err(format!("`{}` is not a section", variant.section));
            }
        }
        let mut seen = BTreeSet::new();
        for subset in sections {
            if !seen.insert(subset) {
                return Err(format!("`{subset}` is in two sections, or in one twice"));
            }
        }
        self.check_weights()
    }

    /// Whether no two figures have one name: readers, rules of gates and other programs find
    /// figures by it.
    pub(crate) fn check_names(&self) -> Result<(), String> {
        let headline = self.headline.as_ref();
        if let Some(key) = headline.map(|own| own.key.as_str())
            && RESERVED_KEYS.contains(&key)
        {
            return Err(format!(
                "`headline.key = \"{key}\"`: summary.json has another value under this key; choose \
                 one of your own"
            ));
        }
        let metrics = self.metrics();
        let aspects = metrics.iter().flat_map(|own| own.aspects());
        let mut taken: BTreeSet<&str> = RESERVED_NAMES.into_iter().collect();
        taken.extend(aspects.map(|aspect| aspect.name()));
        let sections = self.sections.iter().map(|own| &own.name);
        let names = sections
            .chain(self.variants.iter().map(|own| &own.label))
            .chain(headline.map(|own| &own.label));
        for name in names {
            if !taken.insert(name) {
                return Err(format!(
                    "two figures are called `{name}`: each section, each `label` of a variant and \
                     `headline.label` must have a name of its own, which is not that of a row of \
                     every table ({})",
                    RESERVED_NAMES.join(", ")
                ));
            }
        }
        Ok(())
    }

    /// Whether every mean of it can be computed.
    fn check_weights(&self) -> Result<(), String> {
        for section in &self.sections {
            let of = |subset: &String| self.metric_of(subset);
            let is_by_item = section.subsets.iter().all(|subset| of(subset).is_by_item());
            if section.pooled && !is_by_item {
                return Err(format!(
                    "section `{}` cannot be pooled: the metric `ties` is no mean over items",
                    section.name
                ));
            }
            if section.pooled {
                continue;
            }
            if let Some(subset) = section.subsets.iter().find(|own| self.weight(own) == 0) {
                return Err(format!(
                    "`{subset}` has no weight in section `{}`: give its rows in [subsets], a \
                     weight in [weights], or `pooled = true` in the section",
                    section.name
                ));
            }
        }
        let headline = self.headline.as_ref();
        if headline.is_some_and(|own| own.mean == MeanOf::Items) && !self.is_one_sample() {
            return Err("`headline.mean = \"items\"` needs one metric for all subsets".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_definition_that_contradicts_itself_is_refused() {
        for text in [
            "name='x'\nsections=[{name='a',subsets=['b']}]\n[subsets]\na=1",
            "name='x'\ncolour=1\n[subsets]\na=1",
            "name='x'\n[subsets]\na=9223372036854775807\nb=9223372036854775807",
            "name='x'\nvariants=[{section='s',label='t',note='n',weights={a=1}}]\n[subsets]\na=1",
            "name='x'\nsections=[{name='s',subsets=['a']},{name='t',subsets=['a']}]\n[subsets]\na=1",
            "name='x'\nmetric='best'\n[subsets]\na=1",
            "name='x'\nmetrics={b='ties'}\n[subsets]\na=1",
            "name='x'\nmetric='ties'\nsections=[{name='s',subsets=['a'],pooled=true}]\n[subsets]\na=1",
            "name='x'\nsections=[{name='s',subsets=['a']}]\n[subsets]\na=0",
            "name='x'\nmetrics={a='ties'}\nheadline={key='k',label='l',mean='items'}\n[subsets]\na=1\nb=1",
            "name='x'\n[columns]\nchosen='a,b'\n[subsets]\na=1",
            "name='x'\n[columns]\nanswer='a'\n[subsets]\na=1",
        ] {
            assert!(
                Benchmark::parse(text, Path::new("x.toml")).is_err(),
                "{text}"
            );
        }
    }

    /// The error of a definition of the subsets a and b with these lines; empty where it is taken.
    fn said(lines: &str) -> String {
        let text = format!("name = 'x'\n{lines}\n[subsets]\na = 4\nb = 8\n");
        match Benchmark::parse(&text, Path::new("x.toml")) {
            Ok(own) => own.check_names().err().unwrap_or_default(),
            Err(error) => error.render(),
        }
    }

    #[test]
    fn figures_have_names_of_their_own() {
        let sections = |one: &str, other: &str| {
            format!(
                "sections = [{{name='{one}',subsets=['a']}},{{name='{other}',subsets=['b']}}]\n"
            )
        };
        let variant = |label: &str| {
            format!("variants = [{{section='S',label='{label}',note='n',weights={{a=1}}}}]\n")
        };
        let headline = |label: &str| format!("headline = {{key='k',label='{label}'}}\n");
        let whole = sections("S", "T") + &variant("V") + &headline("L");
        assert_eq!(said(&whole), "");
        for (lines, name) in [
            (sections("S", "S"), "S"),
            (sections("S", "average"), "average"),
            (sections("S", "T") + &variant("T"), "T"),
            (sections("S", "T") + &headline("S"), "S"),
            (sections("S", "T") + &headline("all pairs"), "all pairs"),
            (sections("S", "T") + &variant("V") + &headline("V"), "V"),
            (
                sections("S", "hard") + "metrics = {a='styles',b='styles'}",
                "hard",
            ),
        ] {
            let says = format!("two figures are called `{name}`");
            assert!(said(&lines).contains(&says), "{lines}: {}", said(&lines));
        }
        // Without the metric that has such a part it is a name like others.
        assert_eq!(said(&sections("easy", "hard")), "");
    }

    #[test]
    fn the_headline_takes_no_others_key() {
        for key in RESERVED_KEYS {
            let lines = format!("headline = {{key='{key}',label='L',mean='items'}}");
            assert!(
                said(&lines).contains(&format!("`headline.key = \"{key}\"`")),
                "{key}"
            );
        }
    }

    #[test]
    fn a_value_of_another_type_is_said_in_plain_words() {
        for (lines, says) in [
            ("weights = {a='1'}", "expected a whole number from 0"),
            ("weights = {a=-1}", "expected a whole number from 0"),
            ("sections = 1", "expected a list"),
            ("headline = 1", "expected a table"),
            ("sections = [{name='s',subsets='a'}]", "expected a list"),
        ] {
            let found = said(lines);
            assert!(
                found.contains(says) && !found.contains("usize"),
                "{lines}: {found}"
            );
        }
    }
}
