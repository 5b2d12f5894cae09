//! The comparative table of a run: columns, rows and cells, the same in every format.

use crate::comparison::published::{Beside, PublishedComparison};
use crate::metrics::{Estimate, Scores, Tally};
use crate::report::run_report::RunReport;

/// A column of the table.
#[derive(Clone, Copy)]
pub(super) enum TableColumn<'a> {
    /// A name, and what was measured.
    Measured(&'a str, &'a Scores),
    /// A published column, beside the model that it is about.
    Published(&'a PublishedComparison),
}

/// What stands in a cell.
#[derive(Debug, Clone, Copy)]
pub(super) enum TableCell {
    Missing,
    /// A fraction from 0 to 1.
    Accuracy(f64),
    Published(Beside),
}

/// A row of the table: a subset, a section or a total.
pub(super) struct TableRow {
    pub(super) label: String,
    /// Pairs; `None` where the row is a mean of other rows.
    pub(super) n: Option<usize>,
    /// One for each column.
    pub(super) cells: Vec<TableCell>,
}

impl TableColumn<'_> {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Measured(name, _) => name,
            Self::Published(_) => "published",
        }
    }

    pub(super) fn scores(&self) -> &Scores {
        match self {
            Self::Measured(_, scores) => scores,
            Self::Published(comparison) => &comparison.scores,
        }
    }

    fn subset(&self, name: &str) -> TableCell {
        match self {
            Self::Measured(_, scores) => scores
                .subsets
                .iter()
                .find(|(known, _)| known == name)
                .map_or(TableCell::Missing, |(_, tally)| {
                    TableCell::Accuracy(tally.accuracy())
                }),
            Self::Published(comparison) => comparison
                .subsets
                .get(name)
                .map_or(TableCell::Missing, |beside| TableCell::Published(*beside)),
        }
    }
}

impl TableCell {
    /// The accuracy of this name; missing where there is none.
    fn named(estimates: &[(String, Estimate)], name: &str) -> Self {
        estimates
            .iter()
            .find(|(known, _)| known == name)
            .map_or(Self::Missing, |(_, estimate)| {
                Self::Accuracy(estimate.accuracy)
            })
    }

    /// Three decimals; in a published column also the difference in pairs and its mark.
    pub(super) fn text(self) -> String {
        match self {
            Self::Missing => "–".to_owned(),
            Self::Accuracy(accuracy) => format!("{accuracy:.3}"),
            Self::Published(beside) => match (beside.pairs, beside.standing) {
                (Some(pairs), Some(standing)) => {
                    format!("{:.3} {pairs:+}{}", beside.accuracy, standing.mark())
                }
                _ => format!("{:.3}", beside.accuracy),
            },
        }
    }
}

impl TableRow {
    fn new(
        label: &str,
        n: Option<usize>,
        columns: &[TableColumn],
        cell: impl Fn(&TableColumn) -> TableCell,
    ) -> Self {
        Self {
            label: label.to_owned(),
            n,
            cells: columns.iter().map(cell).collect(),
        }
    }

    /// The number of pairs; empty where the row is a mean of other rows.
    pub(super) fn n_text(&self) -> String {
        self.n.map(|n| n.to_string()).unwrap_or_default()
    }
}

/// All columns: each model's own followed by its published one, then those that no model made.
pub(super) fn columns(report: &RunReport) -> Vec<TableColumn<'_>> {
    let models = report.models.iter().flat_map(|model| {
        [
            Some(TableColumn::Measured(&model.name, &model.scores)),
            model.published.as_ref().map(TableColumn::Published),
        ]
    });
    let others = report
        .others
        .iter()
        .map(|(name, scores)| TableColumn::Measured(name, scores));
    models.flatten().chain(others).collect()
}

/// The benchmark's headline figure.
fn headline(column: &TableColumn) -> TableCell {
    let headline = column.scores().headline.as_ref();
    headline.map_or(TableCell::Missing, |(_, estimate)| {
        TableCell::Accuracy(estimate.accuracy)
    })
}

/// The rows, in the order of every table: subsets, sections, totals. Those of the first column:
/// all measured columns have the same pairs, and a published one may have more subsets.
pub(super) fn blocks(columns: &[TableColumn]) -> [Vec<TableRow>; 3] {
    let Some(first) = columns.first().map(TableColumn::scores) else {
        return [Vec::new(), Vec::new(), Vec::new()];
    };
    let subset = |(name, tally): &(String, Tally)| {
        TableRow::new(name, Some(tally.n()), columns, |c| c.subset(name))
    };
    let section = |(name, _): &(String, Estimate)| {
        TableRow::new(name, None, columns, |c| {
            TableCell::named(&c.scores().sections, name)
        })
    };
    let variant = |(name, _): &(String, Estimate)| {
        TableRow::new(name, None, columns, |c| {
            TableCell::named(&c.scores().variants, name)
        })
    };
    let average = TableRow::new("average", Some(first.total.n()), columns, |c| {
        TableCell::Accuracy(c.scores().average.accuracy)
    });
    let headlines = first
        .headline
        .iter()
        .map(|(known, _)| TableRow::new(&known.label, None, columns, headline));
    [
        first.subsets.iter().map(subset).collect(),
        (first.sections.iter().map(section))
            .chain(first.variants.iter().map(variant))
            .collect(),
        std::iter::once(average).chain(headlines).collect(),
    ]
}
