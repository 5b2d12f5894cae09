//! Comma-separated values.

use crate::comparison::Difference;
use crate::comparison::gate::RuleOutcome;
use crate::comparison::published::Beside;
use crate::metrics::Tally;
use crate::report::comparison_report::{ComparisonReport, Flip};
use crate::report::comparison_table;
use crate::report::document::Document;
use crate::report::measured_with;
use crate::report::run_report::RunReport;
use crate::report::run_table::{self, TableCell, TableColumn, columns};
use crate::support::error::{Error, ErrorKind, Result, one_line, without_workflow_command};

/// Names of the blocks of a table, in their order.
const KINDS: [&str; 3] = ["subset", "section", "total"];

/// Columns of a comparison's differences.
const DIFFERENCES: [&str; 20] = [
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
    // Of the rows for rules and notes alone.
    "limit",
    "status",
    "text",
];

/// Where the columns of rules and notes begin.
const LIMIT: usize = 17;

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
        Document::Run(report) => {
            let mut records = run(report);
            add_provenance(&mut records, &measured_with::of_run(report), " ");
            records
        }
        Document::Comparison(report) => {
            let flips = report.flips.as_deref();
            let mut records = flips.map_or_else(|| differences(report), flipped);
            add_provenance(&mut records, &measured_with::of_comparison(report), "_");
            records
        }
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
            TableColumn::Published(..) => {
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
    let width = records[0].len();
    records.extend(counts(report, &columns));
    records.extend(report.partial.iter().map(|why| {
        let mut record = vec!["note".to_owned(), field(&format!("PARTIAL: {why}"))];
        record.resize(width, String::new());
        record
    }));
    records
}

/// Ties and invalid verdicts, which no accuracy shows.
fn counts(report: &RunReport, columns: &[TableColumn]) -> Vec<Vec<String>> {
    let of: [(&str, fn(&Tally) -> usize); 2] = [("ties", |t| t.tie), ("invalid", |t| t.invalid)];
    let n = report.models.first().map(|model| model.scores.total.n());
    let row = |(name, of): (&str, fn(&Tally) -> usize)| {
        let mut record = vec![
            "count".to_owned(),
            name.to_owned(),
            optional(n, |n| n.to_string()),
        ];
        for column in columns {
            match column {
                TableColumn::Measured(_, scores) => record.push(of(&scores.total).to_string()),
                TableColumn::Published(..) => record.resize(record.len() + 3, String::new()),
            }
        }
        record
    };
    of.into_iter().map(row).collect()
}

/// The fields of a cell: three in a published column, else one.
fn values(cell: TableCell, column: &TableColumn) -> Vec<String> {
    let mut values = match cell {
        TableCell::Missing => vec![String::new()],
        TableCell::Accuracy(accuracy) => vec![six(accuracy)],
        TableCell::Published(beside) => published(beside),
    };
    let width = match column {
        TableColumn::Measured(..) => 1,
        TableColumn::Published(..) => 3,
    };
    values.resize(width, String::new());
    values
}

/// What was printed, measured minus published pairs, and how that stands or why it was not
/// compared. Of a mean, `equal` or `other` as it is printed.
fn published(beside: &Beside) -> Vec<String> {
    let pairs = beside.counts().map(|(pairs, _)| pairs.to_string());
    let standing = match beside {
        Beside::Counts { standing, .. } => standing.name().to_owned(),
        Beside::Means { difference, .. } if *difference == 0.0 => "equal".to_owned(),
        Beside::Means { .. } => "other".to_owned(),
        Beside::NotCompared { .. } | Beside::NotPublished => {
            format!("not compared: {}", beside.why_not().unwrap_or_default())
        }
    };
    vec![
        optional(beside.printed(), six),
        pairs.unwrap_or_default(),
        standing,
    ]
}

/// Columns behind the others, the same in every row: what each of the named columns was measured
/// with. A reader of tables keeps numbers as numbers that way, and needs no second file.
fn add_provenance(records: &mut [Vec<String>], columns: &[measured_with::Column], link: &str) {
    for (at, record) in records.iter_mut().enumerate() {
        for (name, facts) in columns {
            record.extend(facts.iter().map(|fact| {
                if at == 0 {
                    field(&format!("{name}{link}{}", fact.key))
                } else {
                    field(&fact.text)
                }
            }));
        }
    }
}

fn differences(report: &ComparisonReport) -> Vec<Vec<String>> {
    let mut records = vec![DIFFERENCES.map(str::to_owned).to_vec()];
    for (kind, block) in KINDS.into_iter().zip(comparison_table::blocks(report)) {
        records.extend(block.iter().map(|row| difference(kind, row)));
    }
    records.extend(counts_of_sides(report));
    records.extend(report.gate.iter().map(rule));
    records.extend(report.conclusion.map(|all| {
        let text = all.to_string();
        judged("gate", "all rules", all.status().name(), &text)
    }));
    let partial = report.partial_notes().into_iter();
    records.extend(partial.map(|why| judged("note", "PARTIAL", "", &why)));
    for record in &mut records {
        record.resize(DIFFERENCES.len(), String::new());
    }
    records
}

fn difference(kind: &str, row: &Difference) -> Vec<String> {
    let mut record = vec![kind.to_owned(), field(&row.name), row.n.to_string()];
    for side in [row.baseline, row.candidate] {
        record.extend([side.accuracy, side.low, side.high].map(six));
    }
    record.extend([row.value, row.interval.low, row.interval.high].map(six));
    if let Some(pairs) = row.pairs {
        record.extend([
            pairs.gained.to_string(),
            pairs.lost.to_string(),
            scientific(pairs.p),
            optional(pairs.holm, scientific),
            optional(pairs.detectable, six),
        ]);
    }
    record
}

/// Ties and invalid verdicts of both sides.
fn counts_of_sides(report: &ComparisonReport) -> Vec<Vec<String>> {
    let of: [(&str, fn(&Tally) -> usize); 2] = [("ties", |t| t.tie), ("invalid", |t| t.invalid)];
    let [baseline, candidate] = &report.comparison.tallies;
    let row = |(name, of): (&str, fn(&Tally) -> usize)| {
        let mut record = vec![
            "count".to_owned(),
            name.to_owned(),
            candidate.n().to_string(),
        ];
        record.extend([of(baseline).to_string(), String::new(), String::new()]);
        record.push(of(candidate).to_string());
        record
    };
    of.into_iter().map(row).collect()
}

/// A rule: what it measured stands under `difference`, `low`, `high` and `limit`.
fn rule(outcome: &RuleOutcome) -> Vec<String> {
    let mut record = judged(
        "gate",
        &outcome.rule,
        outcome.status.name(),
        &outcome.reason,
    );
    if let Some(measured) = &outcome.measured {
        let interval = measured.interval;
        record[2] = measured.pairs.to_string();
        record[9] = six(measured.value);
        record[10] = optional(interval, |interval| six(interval.low));
        record[11] = optional(interval, |interval| six(interval.high));
        record[LIMIT] = six(measured.limit);
    }
    record
}

/// A row of text.
fn judged(kind: &str, name: &str, status: &str, text: &str) -> Vec<String> {
    let mut record = vec![String::new(); DIFFERENCES.len()];
    record[0] = kind.to_owned();
    record[1] = field(name);
    record[LIMIT + 1] = status.to_owned();
    record[LIMIT + 2] = field(text);
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

    /// Records without the columns of provenance.
    fn figures(text: &str, columns: usize) -> String {
        let line = |line: &str| {
            let fields: Vec<&str> = line.split(',').take(columns).collect();
            fields.join(",") + "\n"
        };
        text.lines().map(line).collect()
    }

    #[test]
    fn a_run_has_no_formulas() {
        assert_eq!(
            figures(&text(&samples::run()), 6),
            "kind,name,n,A,'=B|<x> ,longer\n\
             subset,hep-go,4,0.500000,0.750000,0.250000\n\
             section,Reasoning,,0.500000,0.750000,0.250000\n\
             total,average,4,0.500000,0.750000,0.250000\n\
             count,ties,4,1,1,1\n\
             count,invalid,4,0,0,0\n"
        );
    }

    #[test]
    fn what_is_partial_says_so() {
        let mut report = samples::with_published();
        report.partial = Some("=3 of 9, \"x\"".to_owned());
        let run = text(&report);
        let columns = run.lines().next().unwrap().matches(',').count();
        assert!(
            run.ends_with(&format!(
                "count,invalid,4,0,,,,0,0\nnote,\"PARTIAL: =3 of 9, \"\"x\"\"\"{}\n",
                ",".repeat(columns - 1)
            )),
            "{run}"
        );
    }

    #[test]
    fn a_published_column_is_three() {
        let text = text(&samples::with_published());
        let lines = [
            "A,A published,A pairs,A standing",
            "hep-go,164,0.682927,0.689000,-1,within-spread,",
            "Reasoning,,0.682927,,,not compared: not published,",
            "average,164,0.682927,0.600000,,not compared: 22 of its subsets have other pairs,",
        ];
        assert!(lines.iter().all(|line| text.contains(line)), "{text}");
    }

    /// As a reader of tables wants it: the same in every row, numbers in columns of their own.
    #[test]
    fn provenance_is_columns_behind_the_figures() {
        let rows = text(&samples::run());
        let first = rows.lines().next().unwrap();
        assert!(
            first.contains(",longer,A model,A contract,A precision,A device,A engine,A cache,"),
            "{rows}"
        );
        let fact = ",\"A, weights A, arithmetic A\",";
        assert_eq!(
            rows.matches(fact).count(),
            rows.lines().count() - 1,
            "{rows}"
        );
        let flips = text(&samples::comparison());
        assert!(
            flips.contains(",rejected,baseline_model,baseline_contract,")
                && flips.contains(",candidate_data,candidate_pairs\n"),
            "{flips}"
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
        let first = figures(&differences, DIFFERENCES.len());
        assert!(first.starts_with(&DIFFERENCES.join(",")), "{differences}");
        // The baseline's and the candidate's, then the rules, each beside its limit.
        for expected in [
            "count,ties,9,0,,,0,,",
            "gate,drop:subset:*:0.01,5,",
            ",-0.010000,inconclusive,\"a|<b>  -0.4000",
            "gate,max-ties:0,9,,,,,,,0.000000,,,,,,,,0.000000,pass,\"0 ties of 9 pairs, limit 0\"",
            "gate,all rules,,,,,,,,,,,,,,,,,inconclusive,\"2 rules: 1 passed, 0 failed, 1 inconclusive; \
             exit code 8",
        ] {
            assert!(differences.contains(expected), "{expected}: {differences}");
        }
        assert!(
            differences.contains("subset,hep-go,4,0.750000,")
                && differences.contains(",0,0,1.000000e0,1.000000e0,"),
            "{differences}"
        );
    }
}
