//! Keys of a definition that would change nothing: whoever writes one expects an effect.

use crate::benchmark::definition::{Benchmark, MeanOf, Section, Variant};
use crate::benchmark::published::Published;

impl Benchmark {
    /// # Errors
    /// The first key without effect, and what to do about it.
    pub(super) fn check_effects(&self) -> Result<(), String> {
        if self.subsets.is_empty() {
            return Err("[subsets] names none: list each with its number of rows".to_owned());
        }
        self.source.check_effects()?;
        self.columns.check_effects()?;
        if let Some(empty) = self.sections.iter().find(|own| own.subsets.is_empty()) {
            return Err(format!(
                "section `{}` has no figure: name its subsets, or remove it",
                empty.name
            ));
        }
        self.check_headline()?;
        for subset in self.weights.keys() {
            self.check_weight(subset)?;
        }
        if self.weights_note.is_some() && self.sections.is_empty() {
            return Err(
                "`weights_note` is shown nowhere: it is about sections, of which there are none; \
                 say it in `notes`"
                    .to_owned(),
            );
        }
        for variant in &self.variants {
            let mut sections = self.sections.iter();
            if let Some(section) = sections.find(|own| own.name == variant.section) {
                self.check_variant(variant, section)?;
            }
        }
        self.check_published()
    }

    /// Whether the headline figure can be computed, and the weights of sections are those in it.
    fn check_headline(&self) -> Result<(), String> {
        let mean = self.headline.as_ref().map(|own| own.mean);
        let remedy = "or say `mean = \"subsets\"` or `mean = \"items\"` in it";
        if mean == Some(MeanOf::Sections) {
            if self.sections.is_empty() {
                return Err(format!(
                    "`headline` is a mean of sections, of which there are none: add [[sections]], \
                     {remedy}"
                ));
            }
            if self.sections.iter().all(|own| own.weight == 0) {
                return Err(format!(
                    "`headline` is a mean of sections, of which each has `weight = 0`: give one \
                     another weight, {remedy}"
                ));
            }
            return Ok(());
        }
        match self.sections.iter().find(|own| own.weight != 1) {
            Some(section) => Err(format!(
                "`weight` of section `{}` has no effect: it counts in a `headline` that is a mean \
                 of sections; add one, or remove it",
                section.name
            )),
            None => Ok(()),
        }
    }

    /// Whether a section or a variant takes the weight of a subset.
    fn check_weight(&self, subset: &String) -> Result<(), String> {
        let mut sections = self.sections.iter();
        let Some(section) = sections.find(|own| own.subsets.contains(subset)) else {
            return Err(format!(
                "`{subset}` in [weights] has no effect: it is in no section, and weights are those \
                 in a section's score; remove it, or add a section"
            ));
        };
        let has_variant = self.variants.iter().any(|own| own.section == section.name);
        if section.pooled && !has_variant {
            return Err(format!(
                "`{subset}` in [weights] has no effect: section `{}` is `pooled`, so that each item \
                 has the same weight; remove one of the two",
                section.name
            ));
        }
        Ok(())
    }

    fn check_variant(&self, variant: &Variant, section: &Section) -> Result<(), String> {
        let label = &variant.label;
        if variant.weights.is_empty() {
            return Err(format!(
                "variant `{label}` has no `weights`: it would be section `{}` itself",
                section.name
            ));
        }
        let mut weighed = variant.weights.keys();
        if let Some(subset) = weighed.find(|own| !section.subsets.contains(own)) {
            return Err(format!(
                "variant `{label}`: `{subset}` is not in section `{}`, so that its weight has no \
                 effect; remove it",
                section.name
            ));
        }
        let weight = |subset: &String| {
            let own = variant.weights.get(subset).copied();
            own.unwrap_or_else(|| self.weight(subset))
        };
        if section.subsets.iter().all(|subset| weight(subset) == 0) {
            return Err(format!(
                "variant `{label}` has no figure: its weights are all 0; give a subset another one"
            ));
        }
        Ok(())
    }

    fn check_published(&self) -> Result<(), String> {
        // Without any, the tables need not be read.
        if self.published.is_empty() {
            return Ok(());
        }
        let known: Vec<String> = Published::all().into_iter().map(|own| own.name).collect();
        match self.published.iter().find(|own| !known.contains(own)) {
            Some(unknown) => Err(format!(
                "`published`: there is no table `{unknown}`; the tables are: {}",
                known.join(", ")
            )),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What is said of a definition of the subsets a and b with these lines.
    fn said(lines: &str) -> String {
        let text = format!("name = 'x'\n{lines}\n[subsets]\na = 4\nb = 8\n");
        let found = Benchmark::parse(&text, Path::new("x.toml"));
        let own = found.unwrap_or_else(|error| panic!("{text}: {}", error.render()));
        own.check_effects().err().unwrap_or_default()
    }

    const TWO: &str = "sections = [{name='S',subsets=['a']},{name='T',subsets=['b']}]\n";

    #[test]
    fn a_key_without_effect_is_named_with_a_remedy() {
        let two = |lines: &str| format!("{TWO}{lines}");
        let key = "headline = {key='k',label='l'}";
        let pooled = "sections = [{name='S',subsets=['a'],pooled=true}]\n";
        let variant = |weights: &str| {
            two(&format!(
                "variants = [{{section='S',label='v',note='n',weights={{{weights}}}}}]"
            ))
        };
        for (lines, says) in [
            (
                key.to_owned(),
                "`headline` is a mean of sections, of which there are none",
            ),
            (
                TWO.replace("'],", "']").replace("']}", "'],weight=0}") + key,
                "of which each has `weight = 0`",
            ),
            (
                "sections = [{name='S',subsets=['a'],weight=2}]".to_owned(),
                "`weight` of section `S` has no effect",
            ),
            (
                "sections = [{name='S',subsets=[]}]".to_owned(),
                "section `S` has no figure",
            ),
            (
                "weights = {a=1}".to_owned(),
                "`a` in [weights] has no effect: it is in no section",
            ),
            (
                format!("{pooled}weights = {{a=1}}"),
                "section `S` is `pooled`",
            ),
            ("weights_note = 'w'".to_owned(), "say it in `notes`"),
            (variant(""), "variant `v` has no `weights`"),
            (variant("b=1"), "`b` is not in section `S`"),
            (variant("a=0"), "its weights are all 0"),
            (
                "published = ['zzz']".to_owned(),
                "no table `zzz`; the tables are: model-card",
            ),
            ("source = {split='test'}".to_owned(), "`source.split`"),
            (
                "source = {revision='x',files=['a.csv']}".to_owned(),
                "`source.revision`",
            ),
            (
                "source = {dataset='a/b',split='test',files=['a.csv']}".to_owned(),
                "`source.split`",
            ),
            (
                "columns = {subset_is='a',subset='s'}".to_owned(),
                "`columns.subset`",
            ),
            (
                "columns = {subset_is='a',subset_begins_with=true}".to_owned(),
                "`columns.subset_begins_with`",
            ),
        ] {
            let found = said(&lines);
            assert!(found.contains(says), "{lines}: {found}");
        }
    }

    #[test]
    fn what_has_an_effect_is_taken() {
        for lines in [
            "headline = {key='k',label='l',mean='subsets'}",
            "headline = {key='k',label='l',mean='items'}",
            "sections = [{name='S',subsets=['a']}]\nweights = {a=1}\nweights_note = 'w'",
            "sections = [{name='S',subsets=['a'],weight=0},{name='T',subsets=['b']}]\n\
             headline = {key='k',label='l'}",
            "sections = [{name='S',subsets=['a','b'],pooled=true}]\nweights = {a=1}\n\
             variants = [{section='S',label='v',note='n',weights={b=0}}]",
            "published = ['model-card']",
        ] {
            assert_eq!(said(lines), "", "{lines}");
        }
        for own in Benchmark::built_in().unwrap() {
            assert_eq!(own.check_effects(), Ok(()), "{}", own.name);
        }
    }
}
