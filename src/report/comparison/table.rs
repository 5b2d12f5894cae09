//! The comparison that people read in a terminal.

use crate::report::comparison::{
    ComparisonReport, blocks, cells, header, heading, mark, notes, texts,
};
use crate::report::table::{Style, finish, finished, ruled};
use crate::support::error::one_line;

pub fn table(report: &ComparisonReport, style: Style) -> String {
    let mut out = format!(
        "baseline   {}\ncandidate  {}\n",
        one_line(&report.baseline),
        one_line(&report.candidate)
    );
    let fits = |grid: &String| {
        style
            .width
            .is_none_or(|width| grid.lines().all(|line| line.chars().count() <= width))
    };
    let wide = Some(grid(report, true)).filter(fits);
    out.push_str(&wide.unwrap_or_else(|| grid(report, false)));
    out.push('\n');
    for note in notes(report) {
        out.push_str(&format!("{}\n", one_line(&note)));
    }
    if let Some(flips) = &report.flips {
        out.push_str(&format!("\n{}\n", heading(report, flips)));
        for flip in flips {
            out.push_str(&format!("{}\n", one_line(&flip.change.to_string())));
            for (label, text) in flip.text.iter().flat_map(texts) {
                out.push_str(&format!("    {label:<9}{}\n", one_line(text)));
            }
        }
    }
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
    finished(&out, style)
}

/// `wide`: with the intervals of both sides, not only of the difference.
fn grid(report: &ComparisonReport, wide: bool) -> String {
    let mut table = ruled();
    table.set_header(header(report));
    for (b, block) in blocks(report)
        .into_iter()
        .enumerate()
        .filter(|(_, block)| !block.is_empty())
    {
        if b > 0 {
            table.add_row(vec![""; header(report).len()]);
        }
        for line in block {
            table.add_row(cells(line, wide).into_iter().map(|cell| one_line(&cell)));
        }
    }
    finish(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::comparison::tests::sample;

    #[test]
    fn the_table_shows_both_sides_and_the_difference() {
        let text = table(&sample(), Style::plain());
        let cells = |start: &str| {
            text.lines()
                .find(|l| l.starts_with(start))
                .unwrap()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        };
        // Wilson's intervals of 4/5, 2/5 and 3/4, and the interval of 2/5 − 4/5: statsmodels 0.15.0
        // and the formula in Python.
        assert!(cells("a|<b>").starts_with("a|<b> 5 0.800 [0.376, 0.964] 0.400 [0.118, 0.769] -0.400 [-0.804, +0.313] 1 3 0.6250 1.0000 "), "{text}");
        assert!(
            cells("hep-go")
                .starts_with("hep-go 4 0.750 [0.301, 0.954] 0.750 [0.301, 0.954] 0.000 ["),
            "{text}"
        );
        assert!(
            text.contains("✓ pass  max-ties:0: 0 ties") && text.contains("    prompt   =1+1"),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn a_narrow_table_keeps_the_interval_of_the_difference() {
        let narrow = table(
            &sample(),
            Style {
                width: Some(100),
                ..Style::plain()
            },
        );
        assert!(
            !narrow.contains("0.800 [") && narrow.contains("-0.400 ["),
            "{narrow}"
        );
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let coloured = table(
            &sample(),
            Style {
                colour: true,
                width: None,
            },
        );
        assert_eq!(
            console::strip_ansi_codes(&coloured),
            table(&sample(), Style::plain())
        );
    }
}
