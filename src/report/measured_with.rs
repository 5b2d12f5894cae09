//! The provenance of several columns together: what they share is said once, what differs by name,
//! and where a difference of precision or input contract makes columns unlike, that is said too.

use crate::report::comparison_report::ComparisonReport;
use crate::report::origin::Origin;
use crate::report::provenance::Fact;
use crate::report::run_report::RunReport;

/// The heading of the block.
pub(super) const HEADING: &str = "measured with (hashes: the first 12 digits)";

/// Facts that make figures unlike although everything else is the same.
const UNLIKE: [(&str, &str); 2] = [("precision", "precisions"), ("contract", "input contracts")];

/// A column's name, and everything known of it.
pub(super) type Column = (String, Vec<Fact>);

/// A line of the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FactLine {
    pub(super) key: &'static str,
    /// Whose fact it is; `None` where all columns share it.
    pub(super) of: Option<String>,
    pub(super) text: String,
}

pub(super) fn of_run(report: &RunReport) -> Vec<Column> {
    let models = report.models.iter();
    models
        .map(|model| (model.name.clone(), model.provenance.facts()))
        .collect()
}

pub(super) fn of_comparison(report: &ComparisonReport) -> Vec<Column> {
    let sides = ["baseline", "candidate"].map(str::to_owned).into_iter();
    let facts = report.origins.iter().map(Origin::facts);
    sides.zip(facts).collect()
}

/// The lines of the block.
pub(super) fn lines(columns: &[Column]) -> Vec<FactLine> {
    let Some((_, first)) = columns.first() else {
        return Vec::new();
    };
    let of_fact = |at: usize| {
        let own = |(name, facts): &Column| FactLine {
            key: facts[at].key,
            of: Some(name.clone()),
            text: facts[at].text.clone(),
        };
        let mut lines: Vec<FactLine> = columns.iter().map(own).collect();
        if lines.iter().all(|line| line.text == lines[0].text) {
            lines.truncate(1);
            lines[0].of = None;
        }
        lines
    };
    (0..first.len()).flat_map(of_fact).collect()
}

/// Notes on columns that are known to be unlike.
pub(super) fn unlike(columns: &[Column]) -> Vec<String> {
    let note = |(key, name): (&str, &str)| {
        let known = columns.iter().filter_map(|(name, facts)| {
            let fact = facts.iter().find(|fact| fact.key == key)?;
            Some((name, &fact.text, fact.alike.as_ref()?))
        });
        let known: Vec<_> = known.collect();
        let is_unlike = known.iter().any(|(.., alike)| *alike != known[0].2);
        is_unlike.then(|| {
            let own: Vec<String> = known
                .iter()
                .map(|(name, text, _)| format!("{name}: {text}"))
                .collect();
            format!("different {name} side by side: {}", own.join("; "))
        })
    };
    UNLIKE.into_iter().filter_map(note).collect()
}

impl FactLine {
    /// `KEY of NAME: TEXT`, or without the name.
    pub(super) fn sentence(&self) -> String {
        match &self.of {
            Some(name) => format!("{} of {name}: {}", self.key, self.text),
            None => format!("{}: {}", self.key, self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, precision: &str) -> Column {
        let fact = |key, text: &str| Fact {
            key,
            text: text.to_owned(),
            alike: Some(text.to_owned()),
        };
        let facts = vec![fact("device", "cpu"), fact("precision", precision)];
        (name.to_owned(), facts)
    }

    #[test]
    fn what_is_shared_is_said_once_and_what_differs_by_name() {
        let alike = [column("a", "f32"), column("b", "f32")];
        let sentences = |columns: &[Column]| -> Vec<String> {
            lines(columns).iter().map(FactLine::sentence).collect()
        };
        assert_eq!(sentences(&alike), ["device: cpu", "precision: f32"]);
        assert_eq!(unlike(&alike), Vec::<String>::new());
        let different = [column("a", "f32"), column("b", "int8")];
        assert_eq!(
            sentences(&different),
            ["device: cpu", "precision of a: f32", "precision of b: int8"]
        );
        assert_eq!(
            unlike(&different),
            ["different precisions side by side: a: f32; b: int8"]
        );
        assert_eq!(sentences(&[]), Vec::<String>::new());
    }
}
