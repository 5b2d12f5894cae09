//! Tables that people read in a terminal.

use console::Term;

use crate::data::pair_texts::excerpt;
use crate::report::comparison_report::ComparisonReport;
use crate::report::comparison_table::{cells, flips_heading, header, mark, texts};
use crate::report::document::Document;
use crate::report::grid::grid;
use crate::report::paint::paint;
use crate::report::run_report::RunReport;
use crate::report::run_table::{TableColumn, columns};
use crate::report::{comparison_table, measured_with, notes, run_table};
use crate::support::error::{one_line, without_workflow_command};

/// Characters that are shown of a text in a list.
const EXCERPT: usize = 160;

/// What the reader's terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub colour: bool,
    /// Characters in a line; no limit in files and pipes, where nothing breaks lines.
    pub width: Option<usize>,
}

impl Style {
    /// For files and pipes.
    pub fn plain() -> Self {
        Self {
            colour: false,
            width: None,
        }
    }

    /// Of stdout: colour unless `NO_COLOR` or `CLICOLOR` forbid it, as wide as the window.
    pub fn of_stdout() -> Self {
        let width = Term::stdout()
            .size_checked()
            .map(|(_, columns)| columns.into());
        Self {
            colour: console::colors_enabled(),
            width,
        }
    }

    /// Whether no line of the text is wider than the window.
    fn fits(self, text: &str) -> bool {
        self.width
            .is_none_or(|width| text.lines().all(|line| line.chars().count() <= width))
    }
}

/// The table and the notes below it, in colour where that is wanted. No line is a command to the
/// log of a CI job.
pub(super) fn table(document: Document, style: Style) -> String {
    let text = match document {
        Document::Run(report) => run(report, style),
        Document::Comparison(report) => comparison(report, style),
    };
    let text: String = text
        .lines()
        .map(|line| without_workflow_command(line.to_owned()) + "\n")
        .collect();
    if style.colour { paint(&text) } else { text }
}

/// Subsets by model, then sections, then totals. Columns that do not fit into the width follow in
/// further tables.
fn run(report: &RunReport, style: Style) -> String {
    let columns = columns(report);
    let mut out = format!("{}\n", one_line(&report.title));
    let mut rest = columns.as_slice();
    while !rest.is_empty() {
        let count = (1..=rest.len())
            .rev()
            .filter(|count| keeps_pairs(rest, *count))
            .find(|count| style.fits(&run_grid(&rest[..*count])))
            .unwrap_or(if keeps_pairs(rest, 1) { 1 } else { 2 });
        out.push_str(&run_grid(&rest[..count]));
        out.push('\n');
        rest = &rest[count..];
    }
    for note in notes::run(report) {
        out.push_str(&format!("{}\n", one_line(&note)));
    }
    out + &provenance(&measured_with::of_run(report))
}

/// What the columns were measured with: a line for a fact that all share, else one for each.
fn provenance(columns: &[measured_with::Column]) -> String {
    let mut out = String::new();
    let lines = measured_with::lines(columns);
    if !lines.is_empty() {
        out.push_str(&format!("\n{}\n", measured_with::HEADING));
    }
    for line in lines {
        let of = line.of.map_or_else(String::new, |name| format!("{name}: "));
        let text = one_line(&format!("{of}{}", line.text));
        out.push_str(&format!("{:<11}{text}\n", line.key));
    }
    out
}

/// Whether a cut before column `at` leaves every published column beside its model's.
fn keeps_pairs(columns: &[TableColumn], at: usize) -> bool {
    !matches!(columns.get(at), Some(TableColumn::Published(..)))
}

/// Some columns of a run's table.
fn run_grid(columns: &[TableColumn]) -> String {
    let names = columns.iter().map(|column| one_line(column.name()));
    let header = ["subset", "n"].into_iter().map(str::to_owned).chain(names);
    let blocks = run_table::blocks(columns).map(|block| {
        let row = |row: &run_table::TableRow| -> Vec<String> {
            let cells = row.cells.iter().map(|cell| cell.text());
            [one_line(&row.label), row.n_text()]
                .into_iter()
                .chain(cells)
                .collect()
        };
        block.iter().map(row).collect::<Vec<_>>()
    });
    grid(header.collect(), &blocks)
}

/// Both sides, the differences, the flipped verdicts and the gate's outcomes.
fn comparison(report: &ComparisonReport, style: Style) -> String {
    let mut out = format!(
        "baseline   {}\ncandidate  {}\n",
        one_line(&report.baseline),
        one_line(&report.candidate)
    );
    let wide = Some(comparison_grid(report, true)).filter(|grid| style.fits(grid));
    out.push_str(&wide.unwrap_or_else(|| comparison_grid(report, false)));
    out.push('\n');
    for note in notes::comparison(report) {
        out.push_str(&format!("{}\n", one_line(&note)));
    }
    out.push_str(&provenance(&measured_with::of_comparison(report)));
    out.push_str(&flips(report));
    out.push_str(&gate(report));
    out
}

/// `with_sides`: with the intervals of both sides, not only of the difference.
fn comparison_grid(report: &ComparisonReport, with_sides: bool) -> String {
    let blocks = comparison_table::blocks(report).map(|block| {
        let row = |row| -> Vec<String> {
            let cells = cells(row, with_sides).into_iter();
            cells.map(|cell| one_line(&cell)).collect()
        };
        block.iter().map(row).collect::<Vec<_>>()
    });
    let header = header(report).into_iter().map(str::to_owned);
    grid(header.collect(), &blocks)
}

fn flips(report: &ComparisonReport) -> String {
    let Some(flips) = &report.flips else {
        return String::new();
    };
    let mut out = format!("\n{}\n", flips_heading(report, flips));
    for flip in flips {
        out.push_str(&format!("{}\n", one_line(&flip.change.to_string())));
        for (label, text) in flip.text.iter().flat_map(texts) {
            out.push_str(&format!("    {label:<9}{}\n", excerpt(text, EXCERPT)));
        }
    }
    out
}

fn gate(report: &ComparisonReport) -> String {
    let mut out = String::new();
    if !report.gate.is_empty() {
        out.push('\n');
    }
    for outcome in &report.gate {
        out.push_str(&format!(
            "{} {}  {}: {}\n",
            mark(outcome.status),
            outcome.status.name(),
            one_line(&outcome.rule),
            one_line(&outcome.reason)
        ));
        for pair in &outcome.look_at {
            out.push_str(&format!("    look at {}\n", one_line(pair)));
        }
    }
    if let Some(conclusion) = report.conclusion {
        out.push_str(&format!("gate: {conclusion}\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::run_report::ModelReport;
    use crate::report::samples;

    fn plain<'a>(document: impl Into<Document<'a>>) -> String {
        table(document.into(), Style::plain())
    }

    fn of_width<'a>(document: impl Into<Document<'a>>, width: usize) -> String {
        let style = Style {
            width: Some(width),
            ..Style::plain()
        };
        table(document.into(), style)
    }

    #[test]
    fn the_table_fits_and_holds_no_escapes() {
        let text = plain(&samples::run());
        assert!(
            text.contains("hep-go")
                && text.contains("0.500")
                && text.contains("0.750")
                && text.contains("longer"),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'));
        assert!(
            text.contains("1 tie (counted")
                && text.contains("2 pairs truncated (prompt 1, chosen 0, rejected 2)"),
            "{text}"
        );
    }

    #[test]
    fn a_head_without_orders_has_no_note_on_position_bias() {
        let mut report = samples::run();
        assert_eq!(plain(&report).matches("both orders").count(), 2);
        report.models[0].behaviour.position_bias = None;
        let text = plain(&report);
        assert!(
            text.contains("A: 1 tie (counted as not correct)\n")
                && text.matches("both orders").count() == 1,
            "{text}"
        );
    }

    #[test]
    fn columns_that_do_not_fit_go_into_a_second_table() {
        let mut report = samples::run();
        let long = [
            "a-rather-long-name-of-a-model",
            "another-long-name-of-a-model",
        ];
        report.models.extend(long.map(|name| ModelReport {
            name: name.to_owned(),
            ..report.models[0].clone()
        }));
        let narrow = of_width(&report, 60);
        let rows: Vec<&str> = narrow
            .lines()
            .take_while(|l| !l.starts_with("different "))
            .collect();
        assert!(
            rows.iter().all(|line| line.chars().count() <= 60),
            "{narrow}"
        );
        assert_eq!(
            rows.iter()
                .filter(|line| line.starts_with("hep-go"))
                .count(),
            2,
            "{narrow}"
        );
        assert_eq!(of_width(&report, 200), plain(&report));
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let coloured = Style {
            colour: true,
            width: None,
        };
        let (run, comparison) = (samples::with_published(), samples::comparison());
        for document in [Document::from(&run), Document::from(&comparison)] {
            let text = table(document, coloured);
            assert!(text.contains("\u{1b}["));
            assert_eq!(console::strip_ansi_codes(&text), plain(document));
        }
    }

    #[test]
    fn published_figures_stand_beside_with_their_difference_in_pairs() {
        let text = plain(&samples::with_published());
        assert!(text.contains("0.683  0.689 -1~"), "{text}");
        let note = "A beside llm-blender/PairRM-hf of model-card: of 23 subsets 0 equal, 1 within";
        assert!(text.contains(note), "{text}");
        assert!(
            text.contains(": nothing published beside it: why <not>"),
            "{text}"
        );
    }

    #[test]
    fn what_columns_were_measured_with_stands_below() {
        let text = plain(&samples::run());
        let (_, block) = text.split_once(measured_with::HEADING).unwrap();
        // The models have texts of their own, and the same code, benchmark and share from the cache.
        assert!(
            block.contains("\nmodel      A: A, revision revision A, weights 0123456789ab\n")
                && block.contains("\nmodel      =B|<x> : =B|<x> , revision")
                && block.contains("\ncache      1 of 4 verdicts\n"),
            "{text}"
        );
    }

    #[test]
    fn a_comparison_shows_both_sides_and_the_difference() {
        let text = plain(&samples::comparison());
        let cells = |start: &str| {
            text.lines()
                .find(|l| l.starts_with(start))
                .unwrap()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        };
        // The intervals of 4/5, 2/5 and 3/4: scipy 1.17.1, binomtest(…).proportion_ci("exact");
        // that of the difference: 20 million draws by numpy.
        assert!(
            cells("a|<b>").starts_with(
                "a|<b> 5 0.800 [0.284, 0.995] 0.400 [0.053, 0.853] -0.400 [-0.925, +0.521] 1 3 \
                 0.6250 1.0000 "
            ),
            "{text}"
        );
        assert!(
            cells("hep-go")
                .starts_with("hep-go 4 0.750 [0.194, 0.994] 0.750 [0.194, 0.994] 0.000 ["),
            "{text}"
        );
        assert!(
            text.contains("✓ pass  max-ties:0: 0 ties") && text.contains("    prompt   =1+1"),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn a_narrow_comparison_keeps_the_interval_of_the_difference() {
        let narrow = of_width(&samples::comparison(), 100);
        assert!(
            !narrow.contains("0.800 [") && narrow.contains("-0.400 ["),
            "{narrow}"
        );
    }
}
