//! The records of a run.

use std::collections::BTreeSet;

use crate::comparison::published::Beside;
use crate::report::csv::fields::{COUNTS, KINDS, Part, field, optional, six};
use crate::report::notes;
use crate::report::run_report::{ModelReport, RunReport};
use crate::report::run_table::{self, TableCell, TableColumn, columns};

/// The first columns.
const NAMES: [&str; 3] = ["kind", "name", "n"];

/// What stands behind a name in the headings of its three columns.
const MEASURED: [&str; 3] = ["", " low", " high"];
const PUBLISHED: [&str; 3] = [" published", " pairs", " standing"];

fn heading(label: &str, part: &str) -> String {
    field(&format!("{label}{part}"))
}

/// What each model's columns are called: as the model, or `model NAME` where another column would
/// have the same heading. A reader of tables finds columns by their headings.
pub(super) fn labels(report: &RunReport) -> Vec<String> {
    let others = report.others.iter();
    let others = others.flat_map(|(name, _)| MEASURED.map(|part| heading(name, part)));
    let mut taken: BTreeSet<String> = NAMES.map(str::to_owned).into_iter().chain(others).collect();
    let label = |model: &ModelReport| {
        let facts = model.provenance.facts();
        let keys: Vec<String> = facts.iter().map(|fact| format!(" {}", fact.key)).collect();
        let headings = |label: &str| -> Vec<String> {
            let figures = MEASURED.into_iter().chain(PUBLISHED);
            let parts = figures.chain(keys.iter().map(String::as_str));
            parts.map(|part| heading(label, part)).collect()
        };
        let mut label = model.name.clone();
        while headings(&label).iter().any(|own| taken.contains(own)) {
            label = format!("model {label}");
        }
        taken.extend(headings(&label));
        label
    };
    report.models.iter().map(label).collect()
}

/// `kind,name,n,MODEL…`; accuracies have six decimals. A measured column is three: its accuracy and
/// the bounds of its interval. So is a published one: its accuracy, measured minus published pairs,
/// and how that stands.
/// `labels`: what each model is called here.
pub(super) fn run(report: &RunReport, labels: &[String]) -> Vec<Vec<String>> {
    let columns = columns(report);
    let mut header = NAMES.map(str::to_owned).to_vec();
    let mut labels = labels.iter();
    let mut label = "";
    for column in &columns {
        let parts = match column {
            TableColumn::Model(name, _) => {
                label = labels.next().map_or(name, |own| own);
                MEASURED
            }
            TableColumn::Baseline(name, _) => {
                label = name;
                MEASURED
            }
            TableColumn::Published(..) => PUBLISHED,
        };
        header.extend(parts.map(|part| heading(label, part)));
    }
    let mut records = vec![header];
    for (kind, block) in KINDS.into_iter().zip(run_table::blocks(&columns)) {
        for row in block {
            let mut record = vec![kind.to_owned(), field(&row.label), row.n_text()];
            for cell in &row.cells {
                record.extend(values(cell));
            }
            records.push(record);
        }
    }
    let width = records[0].len();
    records.extend(counts(report, &columns));
    records.extend(notes::run(report).iter().map(|note| {
        let mut record = vec!["note".to_owned(), field(note)];
        record.resize(width, String::new());
        record
    }));
    records
}

/// Ties and invalid verdicts, which no accuracy shows.
fn counts(report: &RunReport, columns: &[TableColumn]) -> Vec<Vec<String>> {
    let n = report.models.first().map(|model| model.scores.total.n());
    let row = |(name, of): (&str, Part)| {
        let mut record = vec![
            "count".to_owned(),
            name.to_owned(),
            optional(n, |n| n.to_string()),
        ];
        for column in columns {
            let width = record.len() + 3;
            if let TableColumn::Model(_, scores) | TableColumn::Baseline(_, scores) = column {
                record.push(of(&scores.total).to_string());
            }
            record.resize(width, String::new());
        }
        record
    };
    COUNTS.into_iter().map(row).collect()
}

/// The three fields of a cell.
fn values(cell: &TableCell) -> [String; 3] {
    match cell {
        TableCell::Missing => Default::default(),
        TableCell::Model { estimate, .. } | TableCell::Baseline(estimate) => {
            [estimate.accuracy, estimate.low, estimate.high].map(six)
        }
        TableCell::Published(beside) => published(beside),
    }
}

/// What was printed, measured minus published pairs, and how that stands or why it was not
/// compared. Of a mean, `equal` or `other` as it is printed.
fn published(beside: &Beside) -> [String; 3] {
    let pairs = beside.counts().map(|(pairs, _)| pairs.to_string());
    let standing = match beside {
        Beside::Counts { standing, .. } => standing.name().to_owned(),
        Beside::Means { difference, .. } if *difference == 0.0 => "equal".to_owned(),
        Beside::Means { .. } => "other".to_owned(),
        Beside::Alone { .. } | Beside::NotCompared { .. } | Beside::NotPublished => {
            format!("not compared: {}", beside.why_not().unwrap_or_default())
        }
    };
    [
        optional(beside.printed(), six),
        pairs.unwrap_or_default(),
        standing,
    ]
}
