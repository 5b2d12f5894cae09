//! Markdown for the step summary of a GitHub Actions job, or a comment: what a reader looks for
//! first stands first, the rest is folded. Comparisons end with workflow commands, which become
//! annotations when they are printed to the job's log; an HTML comment hides them in the summary.

use crate::comparison::gate::{RuleOutcome, Status};
use crate::report::comparison_report::ComparisonReport;
use crate::report::comparison_table::{self, flips_heading};
use crate::report::document::Document;
use crate::report::markdown_parts::{
    comparison_header, comparison_rows, escape, facts, flips, gate, list, run_header, run_rows,
};
use crate::report::measured_with;
use crate::report::notes;
use crate::report::run_report::RunReport;
use crate::report::run_table::{self, columns};
use crate::support::error::one_line;

/// Bytes that a step may add to its summary; less than GitHub's limit (1 MiB), because the
/// commands below the text need room too.
const LIMIT: usize = 1_000_000;

pub(super) fn github(document: Document) -> String {
    match document {
        Document::Run(report) => cut(run(report)),
        Document::Comparison(report) => cut(comparison(report)) + &annotations(&report.gate),
    }
}

/// Sections and totals, the subsets folded, the notes.
fn run(report: &RunReport) -> String {
    let columns = columns(report);
    let [subsets, sections, totals] = run_table::blocks(&columns);
    let header = run_header(&columns);
    [
        format!("## {}\n\n", escape(&report.heading())),
        header.clone(),
        run_rows(&sections, true),
        run_rows(&totals, true),
        "\n".to_owned(),
        folded(
            &format!("subsets ({})", subsets.len()),
            &(header + &run_rows(&subsets, false)),
        ),
        list(&notes::run_table(report)),
        "\n".to_owned(),
        provenance(&measured_with::of_run(report)),
    ]
    .concat()
}

/// The gate's outcomes, sections and totals, subsets and flipped verdicts folded, the notes.
fn comparison(report: &ComparisonReport) -> String {
    let mut out = format!(
        "## {} against {}\n\n",
        escape(&report.candidate),
        escape(&report.baseline)
    );
    if !report.gate.is_empty() {
        out.push_str(&format!("{}\n", gate(report)));
    }
    let [subsets, sections, totals] = comparison_table::blocks(report);
    let header = comparison_header(report);
    out.push_str(&format!(
        "{header}{}{}\n",
        comparison_rows(sections, true),
        comparison_rows(totals, true)
    ));
    out.push_str(&folded(
        &format!("subsets ({})", subsets.len()),
        &format!("{header}{}", comparison_rows(subsets, false)),
    ));
    if let Some(changed) = &report.flips {
        out.push_str(&folded(&flips_heading(report, changed), &flips(changed)));
    }
    out.push_str(&list(&notes::comparison(report)));
    out + "\n" + &provenance(&measured_with::of_comparison(report))
}

/// What the columns were measured with, folded.
fn provenance(columns: &[measured_with::Column]) -> String {
    folded(measured_with::HEADING, &facts(columns))
}

/// Text that a click on its label opens.
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
    let title = command_property(&format!("gate: {} {}", outcome.rule, outcome.status.name()));
    let message = std::iter::once(one_line(&outcome.reason)).chain(
        outcome
            .look_at
            .iter()
            .map(|pair| format!("look at {}", one_line(pair))),
    );
    // Nothing in a command may end the HTML comment around it.
    Some(
        format!(
            "::{command} title={title}::{}\n",
            command_message(&message.collect::<Vec<_>>().join("\n"))
        )
        .replace("-->", "-- >")
        .replace("--!>", "-- !>"),
    )
}

/// A command's message, as GitHub's toolkit escapes it.
fn command_message(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A command's property, as GitHub's toolkit escapes it.
fn command_property(text: &str) -> String {
    command_message(&one_line(text))
        .replace(':', "%3A")
        .replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::gate::Conclusion;
    use crate::report::samples;

    #[test]
    fn totals_stand_first_and_subsets_are_folded() {
        let text = github(Document::Run(&samples::run()));
        assert!(
            text.starts_with(
                "## a\\|b\n\n\
                 | subset | n | A | =B\\|&lt;x&gt; | longer |\n|:--|--:|--:|--:|--:|\n\
                 | **Reasoning** |  | 0.500 \\[0.400, 0.600\\] | **0.750** \\[0.650, 0.850\\] | 0.250 |\n\
                 | **average** | 4 | 0.500 \\[0.400, 0.600\\] | **0.750** \\[0.650, 0.850\\] | 0.250 |\n\
                 | **all pairs** | 4 | 0.500 \\[0.068, 0.932\\] | **0.750** \\[0.194, 0.994\\] | 0.250 |\n\n\
                 <details><summary>subsets (1)</summary>\n\n\
                 | subset | n | A | =B\\|&lt;x&gt; | longer |\n|:--|--:|--:|--:|--:|\n\
                 | hep-go | 4 | 0.500 \\[0.068, 0.932\\] | **0.750** \\[0.194, 0.994\\] | 0.250 |\n\n</details>\n\n\
                 - different precisions side by side: "
            ),
            "{text}"
        );
    }

    #[test]
    fn commands_stand_alone_at_the_end_and_nowhere_else() {
        let outcome = |status| {
            let reason = "50 % --> <script>\r\n::error::x";
            let look_at = "::warning::\u{1b}y --!>";
            RuleOutcome::sample("min:subset:a,b%:1", status, reason, look_at)
        };
        let mut report = samples::comparison();
        report.candidate = "::error::\n::error::x <script>".to_owned();
        report.gate = [Status::Pass, Status::Fail, Status::Inconclusive]
            .map(outcome)
            .into();
        report.conclusion = Conclusion::of(&report.gate, true, false);
        let text = github(Document::Comparison(&report));
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
        assert!(
            before.starts_with(
                "## ::error:: ::error::x &lt;script&gt; against old\\|model\n\n\
                 3 rules: 1 passed, 1 failed, 1 inconclusive; exit code 3: a rule failed\n\n\
                 - ✓ **pass** min:subset:a,b%:1: "
            ),
            "{before}"
        );
        report.gate.truncate(1);
        assert!(!github(Document::Comparison(&report)).contains("<!--"));
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
