//! What people read in a terminal: figures as a table or as a plot, then what a reader must know.

mod comparison_grid;
mod grid;
mod paint;
mod plot;
mod run_grid;

use crate::comparison::{ALL, AVERAGE};
use crate::data::pair_texts::excerpt;
use crate::report::comparison_report::ComparisonReport;
use crate::report::comparison_table::{flips_heading, mark, texts};
use crate::report::document::Document;
use crate::report::run_report::RunReport;
use crate::report::style::Style;
use crate::report::terminal::paint::paint;
use crate::report::wrap::hanging;
use crate::report::{measured_with, notes};
use crate::support::error::{one_line, without_workflow_command};

/// Characters that are shown of a text in a list.
const EXCERPT: usize = 160;
/// What stands before it.
const LABEL: &str = "    rejected ";

/// How figures are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Figures {
    Table,
    /// A lane for each figure with its interval.
    Plot,
}

/// The figures and the notes below them, in colour where that is wanted. No line is a command to
/// the log of a CI job.
pub(super) fn text(document: Document, figures: Figures, style: Style) -> String {
    let text = match document {
        Document::Run(report) => run(report, figures, style),
        Document::Comparison(report) => comparison(report, figures, style),
    };
    let text: String = text
        .lines()
        .map(|line| without_workflow_command(line.to_owned()) + "\n")
        .collect();
    if style.colour {
        paint(&text, &strong(document))
    } else {
        text
    }
}

/// How lines begin that are printed bold.
fn strong(document: Document) -> Vec<String> {
    let headline = match document {
        Document::Run(report) => report
            .models
            .iter()
            .find_map(|m| m.scores.headline.as_ref()),
        Document::Comparison(_) => None,
    };
    let headline = headline.map(|(headline, _)| headline.label.as_str());
    let starts = ["subset", AVERAGE, ALL].into_iter().chain(headline);
    starts
        .map(|start| format!("{} ", one_line(start)))
        .collect()
}

/// Subsets by model, then sections, then totals.
fn run(report: &RunReport, figures: Figures, style: Style) -> String {
    let mut out = lines(style, [report.heading().as_str()]);
    let (shown, notes) = match figures {
        Figures::Table => (run_grid::text(report, style), notes::run_table(report)),
        Figures::Plot => (plot::run(report, style), notes::run(report)),
    };
    out.push_str(&shown);
    out.push('\n');
    out.push_str(&lines(style, notes.iter().map(String::as_str)));
    out + &provenance(&measured_with::of_run(report), style)
}

/// Both sides, the differences, the flipped verdicts and the gate's outcomes.
fn comparison(report: &ComparisonReport, figures: Figures, style: Style) -> String {
    let sides = [
        format!("baseline   {}", report.baseline),
        format!("candidate  {}", report.candidate),
    ];
    let mut out = lines(style, sides.iter().map(String::as_str));
    out.push_str(&match figures {
        Figures::Table => comparison_grid::text(report, style),
        Figures::Plot => plot::comparison(report, style),
    });
    out.push('\n');
    let notes = notes::comparison(report);
    out.push_str(&lines(style, notes.iter().map(String::as_str)));
    out.push_str(&provenance(&measured_with::of_comparison(report), style));
    out.push_str(&flips(report, style));
    out.push_str(&gate(report, style));
    out
}

/// Texts, each on a line, or on as many as the width makes of it.
fn lines<'a>(style: Style, texts: impl IntoIterator<Item = &'a str>) -> String {
    let line = |text: &str| hanging(&one_line(text), style.width);
    texts.into_iter().map(line).collect()
}

/// What the columns were measured with: a line for a fact that all share, else one for each.
fn provenance(columns: &[measured_with::Column], style: Style) -> String {
    let mut out = String::new();
    let facts = measured_with::lines(columns);
    if !facts.is_empty() {
        out.push_str(&format!("\n{}\n", measured_with::HEADING));
    }
    for fact in facts {
        let of = fact.of.map_or_else(String::new, |name| format!("{name}: "));
        let text = format!("{:<11}{of}{}", fact.key, fact.text);
        out.push_str(&lines(style, [text.as_str()]));
    }
    out
}

fn flips(report: &ComparisonReport, style: Style) -> String {
    let Some(flips) = &report.flips else {
        return String::new();
    };
    let heading = flips_heading(report, flips);
    let mut out = format!("\n{}", lines(style, [heading.as_str()]));
    let room = style
        .width
        .map_or(EXCERPT, |width| width.saturating_sub(LABEL.len()));
    for flip in flips {
        out.push_str(&lines(style, [flip.change.to_string().as_str()]));
        for (label, text) in flip.text.iter().flat_map(texts) {
            let text = excerpt(text, room.min(EXCERPT));
            out.push_str(&format!("    {label:<9}{text}\n"));
        }
    }
    out
}

fn gate(report: &ComparisonReport, style: Style) -> String {
    let mut out = String::new();
    if !report.gate.is_empty() {
        out.push('\n');
    }
    for outcome in &report.gate {
        let rule = format!(
            "{} {}  {}: {}",
            mark(outcome.status),
            outcome.status.name(),
            outcome.rule,
            outcome.reason
        );
        out.push_str(&lines(style, [rule.as_str()]));
        for pair in &outcome.look_at {
            out.push_str(&lines(style, [format!("    look at {pair}").as_str()]));
        }
    }
    if let Some(conclusion) = report.conclusion {
        out.push_str(&lines(style, [format!("gate: {conclusion}").as_str()]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::run_report::ModelReport;
    use crate::report::samples;

    fn plain<'a>(document: impl Into<Document<'a>>) -> String {
        text(document.into(), Figures::Table, Style::plain())
    }

    fn of_width<'a>(document: impl Into<Document<'a>>, width: usize) -> String {
        let style = Style {
            width: Some(width),
            ..Style::plain()
        };
        text(document.into(), Figures::Table, style)
    }

    #[test]
    fn no_line_is_wider_than_the_window() {
        let (run, published) = (samples::run(), samples::with_published());
        let comparison = samples::comparison();
        for document in [
            Document::from(&run),
            Document::from(&published),
            Document::from(&comparison),
        ] {
            for (figures, width) in [Figures::Table, Figures::Plot]
                .into_iter()
                .flat_map(|figures| [60, 80, 100, 120].map(|width| (figures, width)))
            {
                let style = Style {
                    colour: false,
                    width: Some(width),
                };
                let text = text(document, figures, style);
                let widest = text.lines().map(console::measure_text_width).max();
                assert!(widest <= Some(width), "{width}: {text}");
            }
        }
    }

    #[test]
    fn a_plot_has_each_figure_between_the_ends_of_its_interval() {
        let style = Style {
            colour: false,
            width: Some(76),
        };
        let run = text((&samples::run()).into(), Figures::Plot, style);
        // Labels take 11 columns, figures 20, spaces two: 43 are left for 0 to 1. scipy 1.17.1:
        // binomtest(2, 4).proportion_ci("exact") is 0.068 to 0.932.
        let lane: String = (0..43)
            .map(|at| match at {
                3 => '├',
                39 => '┤',
                21 => '●',
                4..39 => '─',
                _ => ' ',
            })
            .collect();
        let expected = format!("hep-go 4    {lane} 0.500 [0.068, 0.932]\n");
        assert!(run.contains(&expected), "{expected}{run}");
        assert!(
            run.contains("the two orders") && run.contains(measured_with::HEADING),
            "{run}"
        );
        let comparison = text((&samples::comparison()).into(), Figures::Plot, style);
        assert!(
            comparison.contains("-0.400 [-0.925, +0.521]") && comparison.contains("✓ pass"),
            "{comparison}"
        );
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
        assert_eq!(plain(&report).matches("the two orders").count(), 2);
        report.models[0].behaviour.position_bias = None;
        let text = plain(&report);
        assert!(
            text.contains("A: 1 tie (counted as not correct)\n")
                && text.matches("the two orders").count() == 1,
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
        assert!(narrow.contains("left out: the intervals"), "{narrow}");
        let wide = of_width(&report, 130);
        assert!(wide.contains("\nhep-go     4  0.500 [0.068, 0.932]  "));
        assert!(!wide.contains("left out"), "{wide}");
    }

    #[test]
    fn a_column_more_than_fits_does_not_cost_the_intervals() {
        let report = samples::run();
        let whole = plain(&report);
        let rule = whole.lines().find(|line| line.starts_with('─')).unwrap();
        let narrow = of_width(&report, rule.chars().count() - 1);
        let header = |name: &str| {
            let mut lines = narrow.lines();
            lines.position(|line| line.starts_with("subset") && line.contains(name))
        };
        assert!(
            narrow.contains("0.500 [0.068, 0.932]") && header(" A ") < header("longer"),
            "{narrow}"
        );
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let coloured = Style {
            colour: true,
            width: None,
        };
        let (run, comparison) = (samples::with_published(), samples::comparison());
        for document in [Document::from(&run), Document::from(&comparison)] {
            let text = text(document, Figures::Table, coloured);
            assert!(text.contains("\u{1b}["));
            assert_eq!(console::strip_ansi_codes(&text), plain(document));
        }
    }

    #[test]
    fn published_figures_stand_beside_with_their_difference_in_pairs() {
        let text = plain(&samples::with_published());
        assert!(text.contains("0.683 [0.606, 0.753]   0.689 -1~"), "{text}");
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
        // The models have texts of their own, and the same code, benchmark and share from the
        // cache.
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
            !narrow.contains("0.800 [")
                && narrow.contains("-0.400 [")
                && narrow.contains("left out: the intervals of both sides"),
            "{narrow}"
        );
    }
}
