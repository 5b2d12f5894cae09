//! The comparative table of a run: columns, rows and cells, the same in every format.

use crate::comparison::published::{Beside, PublishedComparison};
use crate::comparison::{ALL, AVERAGE};
use crate::metrics::{Estimate, FigureKey, Scores};
use crate::report::run_report::RunReport;

/// A column of the table.
#[derive(Clone, Copy)]
pub(super) enum TableColumn<'a> {
    /// A name, and what was measured.
    Model(&'a str, &'a Scores),
    /// A name, and what a rule without a model scores.
    Baseline(&'a str, &'a Scores),
    /// A name, and what was published.
    Published(&'a str, &'a PublishedComparison),
}

/// What stands in a cell.
#[derive(Debug, Clone, Copy)]
pub(super) enum TableCell<'a> {
    Missing,
    Model {
        estimate: Estimate,
        /// No other model of several is above it, and one is below.
        best: bool,
    },
    Baseline(Estimate),
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
            Self::Model(name, _) | Self::Baseline(name, _) | Self::Published(name, _) => name,
        }
    }

    fn cell(&self, key: FigureKey) -> TableCell<'a> {
        match self {
            Self::Model(_, scores) => {
                let own = scores.estimate(key);
                own.map_or(TableCell::Missing, |estimate| TableCell::Model {
                    estimate,
                    best: false,
                })
            }
            Self::Baseline(_, scores) => {
                let own = scores.estimate(key);
                own.map_or(TableCell::Missing, TableCell::Baseline)
            }
            Self::Published(_, comparison) => comparison
                .figure(key)
                .map_or(TableCell::Missing, TableCell::Published),
        }
    }

    /// Its rows, in the order of every table: subsets, sections, totals.
    fn rows(&self) -> [Vec<RowName<'a>>; 3] {
        match self {
            Self::Model(_, scores) | Self::Baseline(_, scores) => measured_rows(scores),
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
            .map(|(name, score)| (name.as_str(), Some(score.n()), FigureKey::Subset(name)))
            .collect(),
        mean_rows(sections, variants),
        total_rows(scores.total.n(), headline, scores),
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
        published_totals(pairs, headline),
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

fn total_rows<'a>(
    items: usize,
    headline: impl Iterator<Item = &'a String>,
    scores: &Scores,
) -> Vec<RowName<'a>> {
    let headline = headline.map(|label| (label.as_str(), None, FigureKey::Headline));
    let aspects = scores.aspects.iter();
    let aspects = aspects.map(|(own, _)| (own.name(), None, FigureKey::Aspect(*own)));
    let all = scores.all.map(|_| (ALL, Some(items), FigureKey::Total));
    std::iter::once((AVERAGE, Some(items), FigureKey::Average))
        .chain(headline)
        .chain(aspects)
        .chain(all)
        .collect()
}

fn published_totals<'a>(
    pairs: usize,
    headline: impl Iterator<Item = &'a String>,
) -> Vec<RowName<'a>> {
    let headline = headline.map(|label| (label.as_str(), None, FigureKey::Headline));
    // A table of headline figures alone has nothing to sum up.
    let sum = |name, key| (pairs > 0).then_some((name, Some(pairs), key));
    sum(AVERAGE, FigureKey::Average)
        .into_iter()
        .chain(headline)
        .chain(sum(ALL, FigureKey::Total))
        .collect()
}

impl TableCell<'_> {
    /// What was measured, if anything.
    fn model(self) -> Option<f64> {
        match self {
            Self::Model { estimate, .. } => Some(estimate.accuracy),
            _ => None,
        }
    }

    pub(super) fn is_best(self) -> bool {
        matches!(self, Self::Model { best: true, .. })
    }

    /// Of a model's figure.
    pub(super) fn interval(self) -> Option<String> {
        match self {
            Self::Model { estimate, .. } => {
                Some(format!("[{:.3}, {:.3}]", estimate.low, estimate.high))
            }
            _ => None,
        }
    }

    /// Three decimals; in a published column also what was measured minus what was published: of a
    /// subset in pairs, with a mark.
    pub(super) fn text(self) -> String {
        match self {
            Self::Missing | Self::Published(Beside::NotPublished) => "–".to_owned(),
            Self::Model { estimate, .. } | Self::Baseline(estimate) => {
                format!("{:.3}", estimate.accuracy)
            }
            Self::Published(Beside::Alone { printed }) => format!("{printed:.3}"),
            Self::Published(Beside::NotCompared { printed, .. }) => format!("({printed:.3})"),
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
            Some(TableColumn::Model(&model.name, &model.scores)),
            published.map(|own| TableColumn::Published("published", own)),
        ]
    });
    let others = report
        .others
        .iter()
        .map(|(name, scores)| TableColumn::Baseline(name, scores));
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
        cells: with_best(columns.iter().map(|column| column.cell(key)).collect()),
    };
    first
        .rows()
        .map(|block| block.into_iter().map(row).collect())
}

/// Marks the highest of several models, unless all are equal.
fn with_best(mut cells: Vec<TableCell>) -> Vec<TableCell> {
    let accuracies = || cells.iter().copied().filter_map(TableCell::model);
    let highest = accuracies().fold(f64::NEG_INFINITY, f64::max);
    if accuracies().any(|own| own < highest) {
        for cell in &mut cells {
            if let TableCell::Model { estimate, best } = cell {
                *best = estimate.accuracy >= highest;
            }
        }
    }
    cells
}
