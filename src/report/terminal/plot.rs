//! Figures as dots between the ends of their intervals, on one scale.

use console::{Alignment, measure_text_width, pad_str, truncate_str};

use crate::report::chart::{ChartMark, ChartRow, Glyph, of_comparison, of_run};
use crate::report::comparison_report::ComparisonReport;
use crate::report::comparison_table::blocks;
use crate::report::run_report::RunReport;
use crate::report::scale::Scale;
use crate::report::style::Style;
use crate::report::wrap::hanging;
use crate::support::error::one_line;

/// Columns where nothing says how many there are, and the least of a lane.
const WIDTH: usize = 100;
const LEAST: usize = 16;

/// The widest label, and its widest share of a line; longer ones are cut.
const LABEL: usize = 28;
const LABEL_SHARE: usize = 3;

const MODELS: [char; 6] = ['●', '○', '■', '□', '▲', '△'];
const PUBLISHED: char = '◇';

/// Rows between blanks, each a lane of the same scale.
struct Lanes {
    scale: Scale,
    /// Marked in every lane, such as what guessing scores.
    line: f64,
    label: usize,
    figures: usize,
    lane: usize,
}

/// Accuracies by model. Models are told apart by their marks.
pub(super) fn run(report: &RunReport, style: Style) -> String {
    let blocks = of_run(report);
    let mut out = String::new();
    for (at, model) in report.models.iter().enumerate() {
        let text = format!("{} {}", Glyph::Model(at).character(), one_line(&model.name));
        out.push_str(&hanging(&text, style.width));
    }
    if report
        .models
        .iter()
        .any(|model| model.published.column().is_some())
    {
        out.push_str(&format!("{PUBLISHED} published\n"));
    }
    out + &draw(&blocks, Scale::WHOLE, 0.5, style)
}

/// Candidate minus baseline.
pub(super) fn comparison(report: &ComparisonReport, style: Style) -> String {
    let blocks = of_comparison(blocks(report));
    let marks = blocks.iter().flatten().flat_map(|row| &row.marks);
    let scale = Scale::around(marks.flat_map(|mark| mark.ends).chain([0.0]));
    let mut legend =
        "▲ better: the interval is above 0   ▼ worse: below 0   ● open: 0 lies in it".to_owned();
    if report
        .comparison
        .totals
        .iter()
        .any(|row| row.pairs.is_some())
    {
        legend.push_str("   +gained -lost");
    }
    hanging(&legend, style.width) + &draw(&blocks, scale, 0.0, style)
}

fn draw(blocks: &[Vec<ChartRow>; 3], scale: Scale, line: f64, style: Style) -> String {
    let rows = || blocks.iter().flatten();
    let label = rows()
        .map(|row| measure_text_width(&label(row, usize::MAX)))
        .max();
    let figures = rows().flat_map(|row| &row.marks);
    let figures = figures.map(|mark| figure(mark).chars().count()).max();
    let [label, figures] = [label, figures].map(Option::unwrap_or_default);
    let width = style.width.unwrap_or(WIDTH);
    let label = label.min(LABEL.max(width / LABEL_SHARE));
    let taken = label + figures + 2;
    let lanes = Lanes {
        scale,
        line,
        label,
        figures,
        lane: width.saturating_sub(taken).max(LEAST),
    };
    let mut out = lanes.axis();
    for (at, block) in blocks.iter().enumerate() {
        if at > 0 && !block.is_empty() {
            out.push('\n');
        }
        for row in block {
            out.push_str(&lanes.row(row));
        }
    }
    out
}

impl Lanes {
    /// The column of a value in a lane.
    fn column(&self, value: f64) -> usize {
        // At most 100 % of a terminal's width: exact.
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss
        )]
        let column = (self.scale.percent(value) / 100.0 * (self.lane - 1) as f64).round() as usize;
        column
    }

    /// Values along the lanes, as many as there is room for.
    fn axis(&self) -> String {
        let mut text = " ".repeat(self.label + 1);
        for tick in self.scale.ticks() {
            let name = Scale::label(tick);
            let at = self.label + 1 + self.column(tick).min(self.lane - name.len().min(self.lane));
            let end = measure_text_width(&text);
            if at >= end {
                text.push_str(&" ".repeat(at - end));
                text.push_str(&name);
                text.push(' ');
            }
        }
        text.trim_end().to_owned() + "\n"
    }

    fn row(&self, row: &ChartRow) -> String {
        let mut out = String::new();
        for (at, mark) in row.marks.iter().enumerate() {
            let label = if at == 0 {
                label(row, self.label)
            } else {
                String::new()
            };
            let label = pad_str(&label, self.label, Alignment::Left, None);
            let line = format!(
                "{label} {} {:>width$}",
                self.lane(mark),
                figure(mark),
                width = self.figures
            );
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    fn lane(&self, mark: &ChartMark) -> String {
        let mut lane = vec![' '; self.lane];
        lane[self.column(self.line)] = '┊';
        let [low, high] = mark.ends.map(|end| self.column(end));
        lane[low..=high].fill('─');
        lane[low] = '├';
        lane[high] = '┤';
        if let Some(published) = mark.published {
            lane[self.column(published)] = PUBLISHED;
        }
        lane[self.column(mark.value)] = mark.glyph.character();
        lane.into_iter().collect()
    }
}

impl Glyph {
    /// As a character that takes one column.
    fn character(self) -> char {
        match self {
            Self::Model(at) => MODELS[at % MODELS.len()],
            Self::Better => '▲',
            Self::Worse => '▼',
            Self::Undecided => '●',
            Self::Published => PUBLISHED,
        }
    }
}

/// The name and its pairs, in at most so many columns: the name is cut.
fn label(row: &ChartRow, width: usize) -> String {
    let note = one_line(&row.note);
    let left = width.saturating_sub(measure_text_width(&note) + 1);
    let name = one_line(&row.label);
    let name = truncate_str(&name, left, "…");
    format!("{name} {note}").trim_end().to_owned()
}

fn figure(mark: &ChartMark) -> String {
    format!("{} {}", mark.figure, mark.interval)
}
