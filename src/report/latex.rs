//! The table of a paper, for LaTeX's booktabs.

use crate::report::measured_with::{self, FactLine};
use crate::report::notes;
use crate::report::run_report::RunReport;
use crate::report::run_table::{TableCell, TableRow, blocks, columns};
use crate::support::error::one_line;

/// A `table` float: the title as its caption, the notes below in small type.
pub(super) fn latex(report: &RunReport) -> String {
    let columns = columns(report);
    let names: Vec<String> = columns.iter().map(|column| escape(column.name())).collect();
    let mut out = "% Needs \\usepackage{booktabs}\n".to_owned();
    out.push_str(&comments(report));
    out.push_str("\\begin{table}\n\\centering\n");
    out.push_str(&format!("\\caption{{{}}}\n", escape(&report.heading())));
    out.push_str(&format!(
        "\\begin{{tabular}}{{lr{}}}\n\\toprule\nsubset & n & {} \\\\\n",
        "r".repeat(names.len()),
        names.join(" & ")
    ));
    for block in blocks(&columns).iter().filter(|block| !block.is_empty()) {
        out.push_str("\\midrule\n");
        out.extend(block.iter().map(line));
    }
    out.push_str("\\bottomrule\n\\end{tabular}\n\n\\raggedright\\footnotesize\n");
    for note in notes::run_table(report) {
        out.push_str(&format!("{}\\par\n", escape(&note)));
    }
    out + "\\end{table}\n"
}

/// What the columns were measured with.
fn comments(report: &RunReport) -> String {
    let lines = measured_with::lines(&measured_with::of_run(report));
    let mut comments = String::new();
    for text in lines.iter().map(FactLine::sentence) {
        comments.push_str(&format!("% {}\n", escape(&text)));
    }
    comments
}

fn line(row: &TableRow) -> String {
    let cell = |cell: &TableCell| {
        let text = escape(&cell.text());
        let text = if cell.is_best() {
            format!("\\textbf{{{text}}}")
        } else {
            text
        };
        let interval = cell.interval();
        let interval = interval.map(|own| format!(" {{\\scriptsize {}}}", escape(&own)));
        text + &interval.unwrap_or_default()
    };
    let cells: Vec<String> = row.cells.iter().map(cell).collect();
    format!(
        "{} & {} & {} \\\\\n",
        escape(&row.label),
        row.n_text(),
        cells.join(" & ")
    )
}

/// Text that stays text. Brackets and asterisks are escaped because `\\` would take them for its
/// arguments, and signs that the common fonts lack are written as commands.
fn escape(text: &str) -> String {
    let text = one_line(text);
    // An empty group: nothing to LaTeX, and the line is no command to the log of a CI job.
    let mut out = if text.trim_start().starts_with("::") {
        "{}".to_owned()
    } else {
        String::new()
    };
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
            '[' | ']' | '*' => out.extend(['{', c, '}']),
            '\\' => out.push_str("\\textbackslash{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            '|' => out.push_str("\\textbar{}"),
            '`' => out.push_str("\\textasciigrave{}"),
            // Two hyphens in a row would become a dash.
            '-' if out.ends_with('-') => out.push_str("{}-"),
            '–' => out.push_str("--"),
            '−' => out.push_str("$-$"),
            '→' => out.push_str("$\\to$"),
            '✓' => out.push_str("$\\surd$"),
            '✗' => out.push_str("$\\times$"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{run, with_published};

    #[test]
    fn a_table_with_rules_between_its_blocks() {
        let text = latex(&run());
        let start = text.find("\\begin{table}").unwrap();
        let end = text.find("\\end{tabular}").unwrap();
        let comments: Vec<&str> = text[..start].lines().collect();
        assert!(
            comments.iter().all(|line| line.starts_with("% "))
                && comments.contains(&"% precision of A: A, weights A, arithmetic A")
                && comments.contains(&"% cache: 1 of 4 verdicts"),
            "{text}"
        );
        assert_eq!(
            &text[start..end],
            r"\begin{table}
\centering
\caption{a\textbar{}b}
\begin{tabular}{lrrrr}
\toprule
subset & n & A & =B\textbar{}\textless{}x\textgreater{}  & longer \\
\midrule
hep-go & 4 & 0.500 {\scriptsize {[}0.068, 0.932{]}} & \textbf{0.750} {\scriptsize {[}0.194, 0.994{]}} & 0.250 \\
\midrule
Reasoning &  & 0.500 {\scriptsize {[}0.400, 0.600{]}} & \textbf{0.750} {\scriptsize {[}0.650, 0.850{]}} & 0.250 \\
\midrule
average & 4 & 0.500 {\scriptsize {[}0.400, 0.600{]}} & \textbf{0.750} {\scriptsize {[}0.650, 0.850{]}} & 0.250 \\
all pairs & 4 & 0.500 {\scriptsize {[}0.068, 0.932{]}} & \textbf{0.750} {\scriptsize {[}0.194, 0.994{]}} & 0.250 \\
\bottomrule
"
        );
        assert!(
            text.contains("\naverage: plain mean of 1 subset, as model cards give it\\par\n")
                && text.ends_with("\\par\n\\end{table}\n"),
            "{text}"
        );
    }

    #[test]
    fn marks_of_published_figures_are_in_every_font() {
        assert!(
            latex(&with_published()).contains("& 0.689 -1\\textasciitilde{} & "),
            "{}",
            latex(&with_published())
        );
        assert_eq!(escape("✓ ✗ – − a--b"), "$\\surd$ $\\times$ -- $-$ a-{}-b");
    }

    #[test]
    fn names_are_no_commands() {
        assert_eq!(
            escape("\\input{x} a_b 5% $1 & #2 ^~ [1] *\u{1b}[0m\n<script>|`"),
            concat!(
                "\\textbackslash{}input\\{x\\} a\\_b 5\\% \\$1 \\& \\#2 ",
                "\\textasciicircum{}\\textasciitilde{} {[}1{]} {*} {[}0m ",
                "\\textless{}script\\textgreater{}\\textbar{}\\textasciigrave{}"
            )
        );
    }
}
