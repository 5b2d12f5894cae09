//! Comma-separated values.

use crate::comparison::Difference;
use crate::report::comparison_report::{ComparisonReport, Flip};
use crate::report::comparison_table;
use crate::report::document::Document;
use crate::report::run_report::RunReport;
use crate::report::run_table::{self, TableCell, TableColumn, columns};
use crate::support::error::{Error, ErrorKind, Result, one_line, without_workflow_command};

/// Names of the blocks of a table, in their order.
const KINDS: [&str; 3] = ["subset", "section", "total"];

/// Columns of a comparison's differences.
const DIFFERENCES: [&str; 17] = [
    "kind",
    "name",
    "n",
    "baseline",
    "baseline_low",
    "baseline_high",
    "candidate",
    "candidate_low",
    "candidate_high",
    "difference",
    "low",
    "high",
    "gained",
    "lost",
    "p",
    "holm",
    "showable",
];

/// Columns of a comparison's flipped verdicts.
const FLIPS: [&str; 11] = [
    "subset",
    "id",
    "row",
    "baseline",
    "baseline_margin",
    "candidate",
    "candidate_margin",
    "change",
    "prompt",
    "chosen",
    "rejected",
];

/// One kind of rows: of a comparison the flipped verdicts where they were asked for, else the
/// differences.
pub(super) fn csv(document: Document) -> Result<String> {
    let records = match document {
        Document::Run(report) => run(report),
        Document::Comparison(report) => match &report.flips {
            Some(flips) => flipped(flips),
            None => differences(report),
        },
    };
    written(&records).map_err(|cause| {
        Error::new(
            ErrorKind::Resources,
            "failed to write comma-separated values",
        )
        .caused_by(cause)
    })
}

fn written(
    records: &[Vec<String>],
) -> std::result::Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        writer.write_record(record)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    Ok(String::from_utf8(bytes)?)
}

/// `kind,name,n,MODEL…`; accuracies have six decimals. A published column is three: its accuracy,
/// measured minus published pairs, and how that stands.
fn run(report: &RunReport) -> Vec<Vec<String>> {
    let columns = columns(report);
    let mut header = ["kind", "name", "n"].map(str::to_owned).to_vec();
    let mut model = "";
    for column in &columns {
        match column {
            TableColumn::Measured(name, _) => {
                model = name;
                header.push(field(name));
            }
            TableColumn::Published(_) => {
                let parts = ["published", "pairs", "standing"];
                header.extend(parts.map(|part| field(&format!("{model} {part}"))));
            }
        }
    }
    let mut records = vec![header];
    for (kind, block) in KINDS.into_iter().zip(run_table::blocks(&columns)) {
        for row in block {
            let mut record = vec![kind.to_owned(), field(&row.label), row.n_text()];
            for (cell, column) in row.cells.iter().zip(&columns) {
                record.extend(values(*cell, column));
            }
            records.push(record);
        }
    }
    records
}

/// The fields of a cell: three in a published column, else one.
fn values(cell: TableCell, column: &TableColumn) -> Vec<String> {
    let mut values = match cell {
        TableCell::Missing => vec![String::new()],
        TableCell::Accuracy(accuracy) => vec![six(accuracy)],
        TableCell::Published(beside) => vec![
            six(beside.accuracy),
            optional(beside.pairs, |pairs| pairs.to_string()),
            optional(beside.standing, |standing| standing.name().to_owned()),
        ],
    };
    let width = match column {
        TableColumn::Measured(..) => 1,
        TableColumn::Published(_) => 3,
    };
    values.resize(width, String::new());
    values
}

fn differences(report: &ComparisonReport) -> Vec<Vec<String>> {
    let mut records = vec![DIFFERENCES.map(str::to_owned).to_vec()];
    for (kind, block) in KINDS.into_iter().zip(comparison_table::blocks(report)) {
        records.extend(block.iter().map(|row| difference(kind, row)));
    }
    records
}

fn difference(kind: &str, row: &Difference) -> Vec<String> {
    let mut record = vec![kind.to_owned(), field(&row.name), row.n.to_string()];
    for side in [row.baseline, row.candidate] {
        record.extend([side.accuracy, side.low, side.high].map(six));
    }
    record.extend([row.value, row.interval.low, row.interval.high].map(six));
    match row.pairs {
        Some(pairs) => record.extend([
            pairs.gained.to_string(),
            pairs.lost.to_string(),
            scientific(pairs.p),
            optional(pairs.holm, scientific),
            optional(pairs.detectable, six),
        ]),
        None => record.resize(DIFFERENCES.len(), String::new()),
    }
    record
}

fn flipped(flips: &[Flip]) -> Vec<Vec<String>> {
    let header = FLIPS.map(str::to_owned).to_vec();
    std::iter::once(header)
        .chain(flips.iter().map(flip))
        .collect()
}

fn flip(Flip { change, text }: &Flip) -> Vec<String> {
    let (before, after) = (change.baseline, change.candidate);
    let mut record = vec![
        field(&change.subset),
        optional(change.id.as_ref(), |id| field(&id.to_string())),
        change.row.to_string(),
        before.0.name().to_owned(),
        before.1.to_string(),
        after.0.name().to_owned(),
        after.1.to_string(),
        change.margin().to_string(),
    ];
    match text {
        Some(text) => record.extend([&text.prompt, &text.chosen, &text.rejected].map(|t| whole(t))),
        None => record.resize(FLIPS.len(), String::new()),
    }
    record
}

fn six(value: f64) -> String {
    format!("{value:.6}")
}

fn scientific(value: f64) -> String {
    format!("{value:.6e}")
}

/// Empty where there is no value.
fn optional<T>(value: Option<T>, text: impl Fn(T) -> String) -> String {
    value.map_or_else(String::new, text)
}

/// Text on one line that no spreadsheet takes for a formula.
fn field(text: &str) -> String {
    let line = one_line(text);
    if is_formula(text) {
        format!("'{line}")
    } else {
        without_workflow_command(line)
    }
}

/// Text with its lines that no spreadsheet takes for a formula, and no log of a CI job for commands.
fn whole(text: &str) -> String {
    let line = |line: &str| without_workflow_command(one_line(line));
    let lines: Vec<String> = text.replace("\r\n", "\n").split('\n').map(line).collect();
    let lines = lines.join("\n");
    if is_formula(text) {
        format!("'{lines}")
    } else {
        lines
    }
}

/// Spreadsheets run cells that begin with these characters (OWASP, CSV injection).
fn is_formula(text: &str) -> bool {
    text.starts_with(['\t', '\r'])
        || text
            .trim_start()
            .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    fn text<'a>(document: impl Into<Document<'a>>) -> String {
        csv(document.into()).unwrap()
    }

    #[test]
    fn a_run_has_no_formulas() {
        assert_eq!(
            text(&samples::run()),
            "kind,name,n,A,'=B|<x> ,longer\n\
             subset,hep-go,4,0.500000,0.750000,0.250000\n\
             section,Reasoning,,0.500000,0.750000,0.250000\n\
             total,average,4,0.500000,0.750000,0.250000\n"
        );
    }

    #[test]
    fn a_published_column_is_three() {
        let text = text(&samples::with_published());
        assert!(
            text.contains("hep-go,4,0.500000,0.750000,-1,within-noise,0.750000"),
            "{text}"
        );
    }

    #[test]
    fn a_comparison_has_one_kind_of_rows() {
        let flips = text(&samples::comparison());
        assert!(
            flips.starts_with("subset,id,row,") && flips.contains("\"'=1+1, \"\"x\"\"\n\""),
            "{flips}"
        );
        let differences = text(&ComparisonReport {
            flips: None,
            ..samples::comparison()
        });
        let columns = |line: &str| line.split(',').count();
        assert!(
            differences.lines().all(|line| columns(line) == 17),
            "{differences}"
        );
        assert!(
            differences.contains("subset,hep-go,4,0.750000,")
                && differences.contains(",0,0,1.000000e0,1.000000e0,"),
            "{differences}"
        );
    }
}
