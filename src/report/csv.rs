//! The table as comma-separated values.

use super::{Report, lines};
use crate::error::one_line;

/// `kind,name,n,MODEL…`; kind is subset, section or total. Six decimals.
pub fn csv(report: &Report) -> String {
    let mut text = "kind,name,n".to_owned();
    for model in &report.models {
        text.push_str(&format!(",{}", field(&model.name)));
    }
    text.push('\n');
    for (kind, block) in ["subset", "section", "total"].into_iter().zip(lines(report)) {
        for line in block {
            let cells: String = line.cells.iter().map(|v| v.map_or_else(|| ",".to_owned(), |v| format!(",{v:.6}"))).collect();
            text.push_str(&format!("{kind},{},{}{cells}\n", field(&line.label), line.n));
        }
    }
    text
}

/// Quoted where needed, and never a formula: spreadsheets run cells that begin with these.
fn field(text: &str) -> String {
    let text = one_line(text);
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text };
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
