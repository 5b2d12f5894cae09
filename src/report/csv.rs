//! The table as comma-separated values.

use crate::report::{Cell, Column, Report, columns, lines};
use crate::support::error::{one_line, without_workflow_command};

/// `kind,name,n,MODEL…`; kind is subset, section or total. Six decimals. A published column is
/// three: its accuracy, measured minus published pairs, and how that stands.
pub fn csv(report: &Report) -> String {
    let columns = columns(report);
    let mut header = "kind,name,n".to_owned();
    let mut model = "";
    for column in &columns {
        match column {
            Column::Scores(name, _) => {
                model = name;
                header.push_str(&format!(",{}", field(name)));
            }
            Column::Published(_) => {
                header.extend(
                    ["published", "pairs", "standing"]
                        .map(|part| format!(",{}", field(&format!("{model} {part}")))),
                );
            }
        }
    }
    let mut out = header + "\n";
    for (kind, block) in ["subset", "section", "total"]
        .into_iter()
        .zip(lines(&columns))
    {
        for line in block {
            let cells: String = line
                .cells
                .iter()
                .zip(&columns)
                .map(|(cell, column)| values(*cell, column))
                .collect();
            out.push_str(&format!(
                "{kind},{},{}{cells}\n",
                field(&line.label),
                line.n
            ));
        }
    }
    out
}

fn values(cell: Cell, column: &Column) -> String {
    let accuracy = match cell {
        Cell::Missing => ",".to_owned(),
        Cell::Accuracy(accuracy) => format!(",{accuracy:.6}"),
        Cell::Published(beside) => {
            let pairs = beside
                .pairs
                .map_or_else(String::new, |pairs| pairs.to_string());
            let standing = beside.standing.map_or("", |standing| standing.name());
            return format!(",{:.6},{pairs},{standing}", beside.accuracy);
        }
    };
    accuracy
        + if matches!(column, Column::Published(_)) {
            ",,"
        } else {
            ""
        }
}

/// Quoted where needed, and never a formula: spreadsheets run cells that begin with these (OWASP,
/// CSV injection).
pub(super) fn field(text: &str) -> String {
    let is_formula = text.starts_with(['\t', '\r'])
        || text
            .trim_start()
            .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let text = one_line(text);
    let text = if is_formula {
        format!("'{text}")
    } else {
        without_workflow_command(text)
    };
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}
