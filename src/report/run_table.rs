//! The comparative table of a run: columns, rows and cells, the same in every format.

use crate::comparison::AVERAGE;
use crate::comparison::published::{Beside, PublishedComparison};
use crate::metrics::{FigureKey, Scores};
use crate::report::run_report::RunReport;

/// A column of the table.
#[derive(Clone, Copy)]
pub(super) enum TableColumn<'a> {
    /// A name, and what was measured.
    Measured(&'a str, &'a Scores),
    /// A name, and what was published.
    Published(&'a str, &'a PublishedComparison),
}

/// What stands in a cell.
#[derive(Debug, Clone, Copy)]
pub(super) enum TableCell<'a> {
    Missing,
    /// A fraction from 0 to 1.
    Accuracy(f64),
    Published(&'a Beside),
}

/// A row of the table: a subset, a section or a total.
pub(super) struct TableRow<'a> {
    pub(super) label: String,
    /// Pairs; `None` where the row is a mean of other rows.
    pub(super) n: Option<usize>,
    /// One for each column.
    pub(super) cells: Vec<TableCell<'a>>,
}

/// What a row is of: its label, pairs and key.
type RowName<'a> = (&'a str, Option<usize>, FigureKey<'a>);

impl<'a> TableColumn<'a> {
    pub(super) fn name(&self) -> &'a str {
        match self {
            Self::Measured(name, _) | Self::Published(name, _) => name,
        }
    }

    fn cell(&self, key: FigureKey) -> TableCell<'a> {
        match self {
            Self::Measured(_, scores) => scores
                .estimate(key)
                .map_or(TableCell::Missing, |own| TableCell::Accuracy(own.accuracy)),
            Self::Published(_, comparison) => comparison
                .figure(key)
                .map_or(TableCell::Missing, TableCell::Published),
        }
    }

    /// Its rows, in the order of every table: subsets, sections, totals.
    fn rows(&self) -> [Vec<RowName<'a>>; 3] {
        match self {
            Self::Measured(_, scores) => measured_rows(scores),
            Self::Published(_, comparison) => published_rows(comparison),
        }
    }
}

fn measured_rows(scores: &Scores) -> [Vec<RowName<'_>>; 3] {
    let subsets = scores.subsets.iter();
    let sections = scores.sections.iter().map(|(name, _)| name);
    let variants = scores.variants.iter().map(|(name, _)| name);
    let headline = scores.headline.iter().map(|(known, _)| &known.label);
    [
        subsets
            .map(|(name, tally)| (name.as_str(), Some(tally.n()), FigureKey::Subset(name)))
            .collect(),
        mean_rows(sections, variants),
        total_rows(scores.total.n(), headline),
    ]
}

fn published_rows(comparison: &PublishedComparison) -> [Vec<RowName<'_>>; 3] {
    let subsets = comparison.subsets.iter();
    let sections = comparison.sections.iter().map(|(name, _)| name);
    let variants = comparison.variants.iter().map(|(name, _)| name);
    let headline = comparison.headline.iter().map(|(label, _)| label);
    let pairs = subsets.clone().map(|(_, n, _)| n).sum();
    [
        subsets
            .map(|(name, n, _)| (name.as_str(), Some(*n), FigureKey::Subset(name)))
            .collect(),
        mean_rows(sections, variants),
        total_rows(pairs, headline),
    ]
}

fn mean_rows<'a>(
    sections: impl Iterator<Item = &'a String>,
    variants: impl Iterator<Item = &'a String>,
) -> Vec<RowName<'a>> {
    let sections = sections.map(|name| (name.as_str(), None, FigureKey::Section(name)));
    let variants = variants.map(|name| (name.as_str(), None, FigureKey::Variant(name)));
    sections.chain(variants).collect()
}

fn total_rows<'a>(pairs: usize, headline: impl Iterator<Item = &'a String>) -> Vec<RowName<'a>> {
    let headline = headline.map(|label| (label.as_str(), None, FigureKey::Headline));
    std::iter::once((AVERAGE, Some(pairs), FigureKey::Average))
        .chain(headline)
        .collect()
}

impl TableCell<'_> {
    /// Three decimals; in a published column also what was measured minus what was published: of a
    /// subset in pairs, with a mark.
    pub(super) fn text(self) -> String {
        match self {
            Self::Missing | Self::Published(Beside::NotPublished) => "–".to_owned(),
            Self::Accuracy(accuracy) => format!("{accuracy:.3}"),
            Self::Published(Beside::NotCompared { printed, .. }) => format!("{printed:.3}"),
            Self::Published(Beside::Counts {
                printed,
                pairs,
                standing,
            }) => format!("{printed:.3} {pairs:+}{}", standing.mark()),
            Self::Published(Beside::Means {
                printed,
                difference,
            }) => format!("{printed:.3} {difference:+.3}"),
        }
    }
}

impl TableRow<'_> {
    /// The number of pairs; empty where the row is a mean of other rows.
    pub(super) fn n_text(&self) -> String {
        self.n.map(|n| n.to_string()).unwrap_or_default()
    }
}

/// All columns: each model's own followed by its published one, then those that no model made.
pub(super) fn columns(report: &RunReport) -> Vec<TableColumn<'_>> {
    let models = report.models.iter().flat_map(|model| {
        let published = model.published.column();
        [
            Some(TableColumn::Measured(&model.name, &model.scores)),
            published.map(|own| TableColumn::Published("published", own)),
        ]
    });
    let others = report
        .others
        .iter()
        .map(|(name, scores)| TableColumn::Measured(name, scores));
    let printed = report
        .printed
        .iter()
        .map(|(name, own)| TableColumn::Published(name, own));
    models.flatten().chain(others).chain(printed).collect()
}

/// The rows of the first column, in three blocks: all measured columns have the same pairs, and a
/// published one may have more subsets.
pub(super) fn blocks<'a>(columns: &[TableColumn<'a>]) -> [Vec<TableRow<'a>>; 3] {
    let Some(first) = columns.first() else {
        return [Vec::new(), Vec::new(), Vec::new()];
    };
    let row = |(label, n, key): RowName| TableRow {
        label: label.to_owned(),
        n,
        cells: columns.iter().map(|column| column.cell(key)).collect(),
    };
    first
        .rows()
        .map(|block| block.into_iter().map(row).collect())
}
