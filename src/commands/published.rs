//! `pairbench published`: the tables that measured ones are compared with.

use crate::benchmark::Benchmark;
use crate::benchmark::published::{Published, PublishedModel};
use crate::comparison::published::{PublishedComparison, printed};
use crate::report::{Format, RunReport, Style, render};
use crate::support::error::Result;

/// One table, or all, as the terminal shows them: what was printed, and nothing else.
pub(crate) fn show(name: Option<&str>) -> Result<String> {
    let tables = name.map_or_else(
        || Ok(Published::all()),
        |name| Published::find(name).map(|table| vec![table]),
    )?;
    let mut text = Vec::new();
    for table in tables {
        let benchmark = Benchmark::find(&table.benchmark)?;
        let column = |model: &PublishedModel| -> (String, PublishedComparison) {
            let name = model.name.rsplit('/').next().unwrap_or(&model.name);
            (name.to_owned(), printed(&table, model, &benchmark))
        };
        let models: Vec<&str> = table.models.iter().map(|m| m.name.as_str()).collect();
        let report = RunReport {
            title: table.title.clone(),
            printed: table.models.iter().map(column).collect(),
            notes: table
                .note
                .iter()
                .map(|note| format!("{}: {note}", table.name))
                .chain([
                    format!("{}: {}", table.name, table.source),
                    format!("models: {}", models.join(", ")),
                    format!(
                        "beside a run: --published {}[:MODEL]; – is not published there",
                        table.name
                    ),
                ])
                .collect(),
            ..RunReport::about(Some(&benchmark), [])
        };
        text.push(render(&report, Format::Table, Style::of_stdout())?);
    }
    Ok(text.join("\n"))
}
