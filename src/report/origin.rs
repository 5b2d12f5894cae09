//! What one side of a comparison is: a model of a run, or a published column.

use crate::report::provenance::{Fact, Provenance, hash};
use crate::scoring::run_dir::RunDir;

/// What one side of a comparison is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Run(Box<Provenance>),
    Published {
        model: String,
        table: String,
        source: String,
        benchmark: String,
    },
}

impl Default for Origin {
    /// A run of which nothing is known.
    fn default() -> Self {
        Self::Run(Box::default())
    }
}

impl Origin {
    /// A note where both sides are the same model, read and computed alike: only its name differs.
    pub(crate) fn same_model(&self, other: &Self) -> Option<String> {
        let (Self::Run(own), Self::Run(other)) = (self, other) else {
            return None;
        };
        let key = |of: &Provenance| {
            let checkpoint = of.checkpoint.clone()?;
            Some((checkpoint, of.contract.clone(), of.precision_text()))
        };
        let same = key(own)?;
        (Some(&same) == key(other).as_ref()).then(|| {
            format!(
                "both sides are the same model: weights {}",
                hash(Some(&same.0))
            )
        })
    }

    /// As [`Provenance::import_note`].
    pub(super) fn import_note(&self) -> Option<String> {
        match self {
            Self::Run(provenance) => provenance.import_note(),
            Self::Published { .. } => None,
        }
    }

    /// A model of a finished run.
    pub(crate) fn of_run(run: &RunDir, model: &str) -> Self {
        let partial = run.summary().ok().and_then(|summary| summary.partial);
        Self::Run(Box::new(Provenance::of(
            &run.record,
            model,
            partial.as_deref(),
        )))
    }

    /// As [`Provenance::facts`]: a published column has as many, most of them unknown.
    pub(super) fn facts(&self) -> Vec<Fact> {
        let (model, table, source, benchmark) = match self {
            Self::Run(provenance) => return provenance.facts(),
            Self::Published {
                model,
                table,
                source,
                benchmark,
            } => (model, table, source, benchmark),
        };
        let text = |key| match key {
            "model" => format!("{model}, as printed in {table}"),
            "pairs" => "as the table counts them".to_owned(),
            "data" => source.clone(),
            "benchmark" => benchmark.clone(),
            _ => "not published".to_owned(),
        };
        let facts = Provenance::default().facts().into_iter();
        let published = facts.map(|fact| Fact {
            text: text(fact.key),
            ..fact
        });
        published.collect()
    }
}
