//! `pairbench published`: the tables that measured ones are compared with.

use crate::benchmark::Benchmark;
use crate::benchmark::published::Published;
use crate::comparison::published::scores;
use crate::report::{Format, RunReport, Style, render};
use crate::support::error::Result;

/// One table, or all, as the terminal shows them.
pub(crate) fn show(name: Option<&str>) -> Result<String> {
    let tables = name.map_or_else(
        || Ok(Published::all()),
        |name| Published::find(name).map(|table| vec![table]),
    )?;
    let mut text = Vec::new();
    for table in tables {
        let benchmark = Benchmark::find(&table.benchmark)?;
        let columns = table
            .models
            .iter()
            .map(|m| {
                (
                    m.name.rsplit('/').next().unwrap_or(&m.name).to_owned(),
                    scores(m, &benchmark),
                )
            })
            .collect();
        let about = RunReport::about(Some(&benchmark), []);
        let variants = benchmark
            .variants
            .iter()
            .map(|v| format!("{}: {}", v.label, v.note));
        let notes = std::iter::once(format!(
            "{}: {}; sections follow from its counts",
            table.name, table.source
        ))
        .chain(variants)
        .collect();
        let report = RunReport {
            title: table.title.clone(),
            others: columns,
            notes,
            ..about
        };
        text.push(render(&report, Format::Table, Style::of_stdout())?);
    }
    Ok(text.join("\n"))
}
