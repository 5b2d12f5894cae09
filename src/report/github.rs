//! Markdown for the step summary of a GitHub Actions job, or a comment: what a reader looks for
//! first stands first, the rest is folded. Comparisons end with workflow commands, which become
//! annotations when they are printed to the job's log; an HTML comment hides them in the summary.

use crate::comparison::gate::{RuleOutcome, Status};
use crate::report::comparison::{
    ComparisonReport, blocks, changed, gate, head as comparison_head, heading,
    notes as comparison_notes, rows as comparison_rows,
};
use crate::report::markdown::{escape, head, list, row};
use crate::report::{Report, columns, lines, notes};
use crate::support::error::one_line;

/// Bytes that a step may add to its summary; the commands behind the text need room, too.
const LIMIT: usize = 1_000_000;

/// Sections and totals, the subsets folded, the notes.
pub fn github(report: &Report) -> String {
    let columns = columns(report);
    let [subsets, sections, totals] = lines(&columns);
    let summary: String = sections
        .iter()
        .chain(&totals)
        .map(|line| row(line, "**"))
        .collect();
    let detail: String = subsets.iter().map(|line| row(line, "")).collect();
    let head = head(&columns);
    let mut out = format!("## {}\n\n{head}{summary}\n", escape(&report.title));
    out.push_str(&folded(
        &format!("subsets ({})", subsets.len()),
        &format!("{head}{detail}"),
    ));
    out.push_str(&list(&notes(report)));
    cut(out)
}

/// The gate's outcomes, sections and totals, subsets and changed pairs folded, the notes, the
/// annotations.
pub fn comparison(report: &ComparisonReport) -> String {
    let mut out = format!(
        "## {} against {}\n\n",
        escape(&report.candidate),
        escape(&report.baseline)
    );
    if !report.gate.is_empty() {
        out.push_str(&format!("{}\n", gate(report)));
    }
    let [subsets, sections, totals] = blocks(report);
    let head = comparison_head(report);
    out.push_str(&format!(
        "{head}{}{}\n",
        comparison_rows(sections, true),
        comparison_rows(totals, true)
    ));
    out.push_str(&folded(
        &format!("subsets ({})", subsets.len()),
        &format!("{head}{}", comparison_rows(subsets, false)),
    ));
    if let Some(flips) = &report.flips {
        out.push_str(&folded(&heading(report, flips), &changed(flips)));
    }
    out.push_str(&list(&comparison_notes(report)));
    cut(out) + &annotations(&report.gate)
}

/// Behind a line that opens it.
fn folded(label: &str, text: &str) -> String {
    format!("<details><summary>{label}</summary>\n\n{text}\n</details>\n\n")
}

/// At most [`LIMIT`] bytes, in whole lines.
fn cut(mut text: String) -> String {
    if text.len() > LIMIT {
        let end = text.floor_char_boundary(LIMIT);
        text.truncate(text[..end].rfind('\n').map_or(0, |at| at + 1));
        text.push_str("\n**Cut here: a step summary holds no more.**\n");
    }
    text
}

/// Errors for rules that failed, warnings for those that are inconclusive.
fn annotations(gate: &[RuleOutcome]) -> String {
    let lines: String = gate.iter().filter_map(annotation).collect();
    if lines.is_empty() {
        lines
    } else {
        format!("\n<!--\n{lines}-->\n")
    }
}

fn annotation(outcome: &RuleOutcome) -> Option<String> {
    let command = match outcome.status {
        Status::Pass => return None,
        Status::Fail => "error",
        Status::Inconclusive => "warning",
    };
    let title = property(&format!("gate: {} {}", outcome.rule, outcome.status.name()));
    let message = std::iter::once(one_line(&outcome.reason)).chain(
        outcome
            .look_at
            .iter()
            .map(|pair| format!("look at {}", one_line(pair))),
    );
    // Nothing here may end the HTML comment.
    Some(
        format!(
            "::{command} title={title}::{}\n",
            data(&message.collect::<Vec<_>>().join("\n"))
        )
        .replace("-->", "-- >")
        .replace("--!>", "-- !>"),
    )
}

/// A command's message, as GitHub's toolkit escapes it.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A command's property, as GitHub's toolkit escapes it.
fn property(text: &str) -> String {
    data(&one_line(text))
        .replace(':', "%3A")
        .replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::comparison::tests::sample as compared;
    use crate::report::tests::sample;

    #[test]
    fn totals_stand_first_and_subsets_are_folded() {
        let text = github(&sample());
        assert!(
            text.starts_with(
                "## a\\|b\n\n\
                 | subset | n | A | =B\\|&lt;x&gt; | longer |\n|:--|--:|--:|--:|--:|\n\
                 | **Reasoning** |  | 0.500 | 0.750 | 0.250 |\n| **average** | 4 | 0.500 | 0.750 | 0.250 |\n\n\
                 <details><summary>subsets (1)</summary>\n\n\
                 | subset | n | A | =B\\|&lt;x&gt; | longer |\n|:--|--:|--:|--:|--:|\n\
                 | hep-go | 4 | 0.500 | 0.750 | 0.250 |\n\n</details>\n\n\
                 - average: plain mean"
            ),
            "{text}"
        );
    }

    #[test]
    fn commands_stand_alone_at_the_end_and_nowhere_else() {
        let outcome = |status| RuleOutcome {
            rule: "min:subset:a,b%:1".to_owned(),
            status,
            reason: "50 % --> <script>\r\n::error::x".to_owned(),
            look_at: vec!["::warning::\u{1b}y --!>".to_owned()],
        };
        let mut report = compared();
        report.candidate = "::error::\n::error::x <script>".to_owned();
        report.gate = [Status::Pass, Status::Fail, Status::Inconclusive]
            .map(outcome)
            .into();
        let text = comparison(&report);
        let message = "50 %25 -- > <script>  ::error::x%0Alook at ::warning:: y -- !>";
        let end = format!(
            "\n<!--\n::error title=gate%3A min%3Asubset%3Aa%2Cb%25%3A1 fail::{message}\n\
             ::warning title=gate%3A min%3Asubset%3Aa%2Cb%25%3A1 inconclusive::{message}\n-->\n"
        );
        assert!(text.ends_with(&end), "{text}");
        let before = text.strip_suffix(&end).unwrap();
        assert!(
            !before.contains("<script>")
                && !before.contains('\u{1b}')
                && before
                    .lines()
                    .all(|line| !line.trim_start().starts_with("::")),
            "{before}"
        );
        assert!(before.starts_with("## ::error:: ::error::x &lt;script&gt; against old\\|model\n\n- ✓ **pass** min:subset:a,b%:1: "), "{before}");
        report.gate.truncate(1);
        assert!(!comparison(&report).contains("<!--"));
    }

    #[test]
    fn a_long_text_is_cut_between_lines() {
        assert_eq!(cut("a\n".to_owned()), "a\n");
        let text = cut("é éé\n".repeat(LIMIT / 6));
        assert!(
            text.len() < LIMIT + 100 && text.contains("é éé\n\n**Cut here"),
            "{}",
            text.len()
        );
    }
}
