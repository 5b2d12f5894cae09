//! Figures with their intervals as rows of marks: what every chart shows, whoever draws it.

use crate::comparison::published::Beside;
use crate::comparison::{ALL, AVERAGE, Difference};
use crate::metrics::{Estimate, FigureKey, Scores};
use crate::report::comparison_table::signed;
use crate::report::run_report::{ModelReport, RunReport};

/// What a mark looks like. No two differ in colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Glyph {
    /// A model, by its place in the report.
    Model(usize),
    /// A difference whose interval is above 0.
    Better,
    /// Below 0.
    Worse,
    /// On both sides of 0.
    Undecided,
    Published,
}

/// A figure and its interval.
pub(super) struct ChartMark {
    pub(super) glyph: Glyph,
    /// Whose figure it is, for readers who do not see the glyph.
    pub(super) name: String,
    pub(super) value: f64,
    /// The bounds of the interval.
    pub(super) ends: [f64; 2],
    /// The published figure to mark beside it, where it is of the same pairs.
    pub(super) published: Option<f64>,
    /// The value and the interval as text.
    pub(super) figure: String,
    pub(super) interval: String,
}

/// A name with its marks, each in a lane of its own.
pub(super) struct ChartRow {
    pub(super) label: String,
    /// What stands beside the label, such as the number of pairs; may be empty.
    pub(super) note: String,
    pub(super) marks: Vec<ChartMark>,
}

/// The subsets, sections and totals of a run, in the order of its table.
pub(super) fn of_run(report: &RunReport) -> [Vec<ChartRow>; 3] {
    let Some(first) = report.models.first().map(|model| &model.scores) else {
        return [Vec::new(), Vec::new(), Vec::new()];
    };
    [
        subsets(report, first),
        sections(report, first),
        totals(report, first),
    ]
}

/// Those of a comparison.
pub(super) fn of_comparison(blocks: [&[Difference]; 3]) -> [Vec<ChartRow>; 3] {
    blocks.map(|block| block.iter().map(difference).collect())
}

fn subsets(report: &RunReport, first: &Scores) -> Vec<ChartRow> {
    let subsets = first.subsets.iter();
    subsets
        .map(|(name, score)| row(report, name, score.n().to_string(), FigureKey::Subset(name)))
        .collect()
}

fn sections(report: &RunReport, first: &Scores) -> Vec<ChartRow> {
    let sections = first.sections.iter();
    sections
        .map(|(name, _)| row(report, name, String::new(), FigureKey::Section(name)))
        .collect()
}

/// The average, the headline figure where the benchmark has one, all pairs.
fn totals(report: &RunReport, first: &Scores) -> Vec<ChartRow> {
    let pairs = || first.total.n().to_string();
    let headline = first
        .headline
        .iter()
        .map(|(headline, _)| row(report, &headline.label, String::new(), FigureKey::Headline));
    let aspects = first.aspects.iter();
    let aspects =
        aspects.map(|(own, _)| row(report, own.name(), String::new(), FigureKey::Aspect(*own)));
    let all = first.all.iter();
    let all = all.map(|_| row(report, ALL, pairs(), FigureKey::Total));
    std::iter::once(row(report, AVERAGE, pairs(), FigureKey::Average))
        .chain(headline)
        .chain(aspects)
        .chain(all)
        .collect()
}

/// A figure of every model, with the published one where there is one.
fn row(report: &RunReport, label: &str, note: String, key: FigureKey) -> ChartRow {
    let mark = |(at, model): (usize, &ModelReport)| {
        let Estimate {
            accuracy,
            low,
            high,
        } = model.scores.estimate(key)?;
        let published = model.published.column();
        let published = published
            .and_then(|own| own.figure(key))
            .filter(|own| own.is_compared());
        let published = published.and_then(Beside::printed);
        Some(ChartMark {
            glyph: Glyph::Model(at),
            name: model.name.clone(),
            value: accuracy,
            ends: [low, high],
            published,
            figure: format!("{accuracy:.3}"),
            interval: format!("[{low:.3}, {high:.3}]"),
        })
    };
    ChartRow {
        label: label.to_owned(),
        note,
        marks: report.models.iter().enumerate().filter_map(mark).collect(),
    }
}

/// Candidate minus baseline.
fn difference(row: &Difference) -> ChartRow {
    let changed = row.pairs.map_or_else(String::new, |pairs| {
        format!(", +{} -{}", pairs.gained, pairs.lost)
    });
    let [low, high] = [row.interval.low, row.interval.high];
    let mark = ChartMark {
        glyph: direction(row),
        name: "difference".to_owned(),
        value: row.value,
        ends: [low, high],
        published: None,
        figure: signed(row.value),
        interval: format!("[{}, {}]", signed(low), signed(high)),
    };
    ChartRow {
        label: row.name.clone(),
        note: format!("{}{changed}", row.n),
        marks: vec![mark],
    }
}

/// Where the interval of a difference lies.
pub(super) fn direction(row: &Difference) -> Glyph {
    if row.is_unchanged() {
        Glyph::Undecided
    } else if row.interval.low > 0.0 {
        Glyph::Better
    } else if row.interval.high < 0.0 {
        Glyph::Worse
    } else {
        Glyph::Undecided
    }
}
