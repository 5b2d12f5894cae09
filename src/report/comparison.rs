//! A comparison, the pairs that changed and a gate's outcomes, in every format.

use serde_json::{Map, Value, json};

use super::csv::field;
use super::markdown::{escape, list};
use super::table::{Style, finish, finished, ruled};
use crate::comparison::{Change, Comparison, Difference, Key, Matching};
use crate::error::one_line;
use crate::gate::{Outcome, Status};
use crate::metrics::Estimate;
use crate::stats::bootstrap;

/// What `pairbench compare` found, ready to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparisonReport {
    /// What the sides are: `MODEL (DIR)`.
    pub baseline: String,
    pub candidate: String,
    pub comparison: Comparison,
    /// The first of the changed pairs, where they were asked for.
    pub flips: Option<Vec<Flip>>,
    pub gate: Vec<Outcome>,
    /// What a reader must know beyond the comparison's own notes.
    pub notes: Vec<String>,
}

/// A changed pair, with its texts where they can be had.
#[derive(Debug, Clone, PartialEq)]
pub struct Flip {
    pub change: Change,
    pub text: Option<Excerpt>,
}

/// Shortened texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    pub prompt: String,
    pub chosen: String,
    pub rejected: String,
}

const MISSING: &str = "–";

pub fn table(report: &ComparisonReport, style: Style) -> String {
    let mut out = format!("baseline   {}\ncandidate  {}\n", one_line(&report.baseline), one_line(&report.candidate));
    let fits = |grid: &String| style.width.is_none_or(|width| grid.lines().all(|line| line.chars().count() <= width));
    let wide = Some(grid(report, true)).filter(fits);
    out.push_str(&wide.unwrap_or_else(|| grid(report, false)));
    out.push('\n');
    for note in notes(report) {
        out.push_str(&format!("{}\n", one_line(&note)));
    }
    if let Some(flips) = &report.flips {
        out.push_str(&format!("\n{}\n", heading(report, flips)));
        for flip in flips {
            out.push_str(&format!("{}\n", one_line(&flip.change.to_string())));
            for (label, text) in flip.text.iter().flat_map(texts) {
                out.push_str(&format!("    {label:<9}{}\n", one_line(text)));
            }
        }
    }
    if !report.gate.is_empty() {
        out.push('\n');
    }
    for outcome in &report.gate {
        out.push_str(&format!("{} {}  {}: {}\n", mark(outcome.status), outcome.status.name(), one_line(&outcome.rule), one_line(&outcome.reason)));
        for pair in &outcome.look_at {
            out.push_str(&format!("    look at {}\n", one_line(pair)));
        }
    }
    finished(&out, style)
}

/// `wide`: with the intervals of both sides, not only of the difference.
fn grid(report: &ComparisonReport, wide: bool) -> String {
    let mut table = ruled();
    table.set_header(header(report));
    for (b, block) in blocks(report).into_iter().enumerate().filter(|(_, block)| !block.is_empty()) {
        if b > 0 {
            table.add_row(vec![""; header(report).len()]);
        }
        for line in block {
            table.add_row(cells(line, wide).into_iter().map(|cell| one_line(&cell)));
        }
    }
    finish(table)
}

pub fn markdown(report: &ComparisonReport) -> String {
    let mut out = format!("# {} against {}\n\n", escape(&report.candidate), escape(&report.baseline));
    out.push_str(&head(report));
    for (b, block) in blocks(report).into_iter().enumerate() {
        out.push_str(&rows(block, b > 0));
    }
    out.push('\n');
    out.push_str(&list(&notes(report)));
    if let Some(flips) = &report.flips {
        out.push_str(&format!("\n## {}\n\n{}", escape(&heading(report, flips)), changed(flips)));
    }
    if !report.gate.is_empty() {
        out.push_str(&format!("\n## Gate\n\n{}", gate(report)));
    }
    out
}

/// The first two lines of a Markdown table.
pub(super) fn head(report: &ComparisonReport) -> String {
    let header = header(report);
    format!("| {} |\n|:--{}|\n", header.join(" | "), "|--:".repeat(header.len() - 1))
}

/// Lines of a Markdown table.
pub(super) fn rows(lines: &[Difference], bold: bool) -> String {
    let row = |line: &Difference| {
        let mut cells: Vec<String> = cells(line, true).iter().map(|cell| escape(cell)).collect();
        if bold {
            cells[0] = format!("**{}**", cells[0]);
        }
        format!("| {} |\n", cells.join(" | "))
    };
    lines.iter().map(row).collect()
}

/// Changed pairs as a Markdown list.
pub(super) fn changed(flips: &[Flip]) -> String {
    let mut out = String::new();
    for flip in flips {
        out.push_str(&format!("- {}\n", escape(&flip.change.to_string())));
        for (label, text) in flip.text.iter().flat_map(texts) {
            out.push_str(&format!("  - {label}: {}\n", escape(text)));
        }
    }
    out
}

/// The gate's outcomes as a Markdown list.
pub(super) fn gate(report: &ComparisonReport) -> String {
    let mut out = String::new();
    for outcome in &report.gate {
        out.push_str(&format!("- {} **{}** {}: {}\n", mark(outcome.status), outcome.status.name(), escape(&outcome.rule), escape(&outcome.reason)));
        for pair in &outcome.look_at {
            out.push_str(&format!("  - look at {}\n", escape(pair)));
        }
    }
    out
}

/// The differences; or, where they were asked for, the changed pairs: a file of one kind of rows.
pub fn csv(report: &ComparisonReport) -> String {
    report.flips.as_ref().map_or_else(|| csv_differences(report), |flips| csv_flips(flips))
}

fn csv_differences(report: &ComparisonReport) -> String {
    let mut out =
        "kind,name,n,baseline,baseline_low,baseline_high,candidate,candidate_low,candidate_high,difference,low,high,gained,lost,p,holm,showable\n".to_owned();
    for (kind, block) in ["subset", "section", "total"].into_iter().zip(blocks(report)) {
        for line in block {
            let sides = [line.baseline, line.candidate].map(|e| format!("{:.6},{:.6},{:.6}", e.accuracy, e.low, e.high)).join(",");
            let pairs = line.pairs.map_or_else(
                || ",,,,".to_owned(),
                |pairs| {
                    let share = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.6}"));
                    format!(
                        "{},{},{:.6e},{},{}",
                        pairs.gained,
                        pairs.lost,
                        pairs.p,
                        pairs.holm.map_or_else(String::new, |p| format!("{p:.6e}")),
                        share(pairs.showable)
                    )
                },
            );
            let difference = format!("{:.6},{:.6},{:.6}", line.value, line.interval.low, line.interval.high);
            out.push_str(&format!("{kind},{},{},{sides},{difference},{pairs}\n", field(&line.name), line.n));
        }
    }
    out
}

fn csv_flips(flips: &[Flip]) -> String {
    let mut out = "subset,id,row,baseline,baseline_margin,candidate,candidate_margin,change,prompt,chosen,rejected\n".to_owned();
    for Flip { change, text } in flips {
        let id = change.id.as_ref().map_or_else(String::new, |id| field(&id.to_string()));
        let (before, after) = (change.baseline, change.candidate);
        out.push_str(&format!(
            "{},{id},{},{},{},{},{},{}",
            field(&change.subset),
            change.row,
            before.0.name(),
            before.1,
            after.0.name(),
            after.1,
            change.margin()
        ));
        match text {
            Some(text) => out.push_str(&format!(",{},{},{}\n", field(&text.prompt), field(&text.chosen), field(&text.rejected))),
            None => out.push_str(",,,\n"),
        }
    }
    out
}

/// Schema 1 of `pairbench compare --format json`: `docs/schema/comparison.v1.json`.
pub fn json(report: &ComparisonReport) -> Value {
    let comparison = &report.comparison;
    let lines = |lines: &[Difference]| Value::Object(lines.iter().map(|line| (line.name.clone(), difference(line))).collect::<Map<_, _>>());
    let matching = match comparison.matching {
        Matching::Paired { by, pairs, only } => {
            json!({ "paired": true, "by": by_name(by), "pairs": pairs, "only_baseline": only[0], "only_candidate": only[1] })
        }
        Matching::Unpaired => json!({ "paired": false }),
    };
    let gate: Vec<Value> = report.gate.iter().map(|o| json!({ "rule": o.rule, "status": o.status, "reason": o.reason, "look_at": o.look_at })).collect();
    let mut value = json!({
        "schema": 1,
        "baseline": report.baseline,
        "candidate": report.candidate,
        "benchmark": comparison.benchmark,
        "matching": matching,
        "subsets": lines(&comparison.subsets),
        "sections": lines(&comparison.sections),
        "totals": lines(&comparison.totals),
        "changed": comparison.changes.len(),
        "gate": gate,
        "notes": notes(report),
    });
    if let Some(flips) = &report.flips {
        value["flips"] = flips.iter().map(flip).collect();
    }
    value
}

fn difference(line: &Difference) -> Value {
    let pairs = line.pairs.as_ref();
    json!({
        "n": line.n,
        "baseline": line.baseline,
        "candidate": line.candidate,
        "difference": { "value": line.value, "low": line.interval.low, "high": line.interval.high },
        "gained": pairs.map(|p| p.gained),
        "lost": pairs.map(|p| p.lost),
        "p": pairs.map(|p| p.p),
        "holm": pairs.and_then(|p| p.holm),
        "showable": pairs.and_then(|p| p.showable),
    })
}

fn flip(flip: &Flip) -> Value {
    let change = &flip.change;
    let mut value = json!({
        "subset": change.subset, "id": change.id, "row": change.row, "change": change.margin(),
        "baseline": { "verdict": change.baseline.0, "margin": change.baseline.1 },
        "candidate": { "verdict": change.candidate.0, "margin": change.candidate.1 },
    });
    for (label, text) in flip.text.iter().flat_map(texts) {
        value[label] = json!(text);
    }
    value
}

/// Subsets, sections, totals.
pub(super) fn blocks(report: &ComparisonReport) -> [&[Difference]; 3] {
    [&report.comparison.subsets, &report.comparison.sections, &report.comparison.totals]
}

fn is_paired(report: &ComparisonReport) -> bool {
    matches!(report.comparison.matching, Matching::Paired { .. })
}

fn header(report: &ComparisonReport) -> Vec<&'static str> {
    let mut header = vec!["subset", "n", "baseline", "candidate", "difference"];
    if is_paired(report) {
        header.extend(["gained", "lost", "p", "Holm", "showable"]);
    }
    header
}

/// Three decimals for people.
fn cells(line: &Difference, wide: bool) -> Vec<String> {
    let side = |e: Estimate| if wide { format!("{:.3} [{:.3}, {:.3}]", e.accuracy, e.low, e.high) } else { format!("{:.3}", e.accuracy) };
    // A difference that rounds to nothing has no sign.
    let signed = |value: f64| if value.abs() < 0.0005 { "0.000".to_owned() } else { format!("{value:+.3}") };
    let difference = format!("{} [{}, {}]", signed(line.value), signed(line.interval.low), signed(line.interval.high));
    let mut cells = vec![line.name.clone(), line.n.to_string(), side(line.baseline), side(line.candidate), difference];
    if let Some(pairs) = line.pairs {
        let optional = |value: Option<String>| value.unwrap_or_else(|| MISSING.to_owned());
        cells.extend([pairs.gained.to_string(), pairs.lost.to_string(), p_value(pairs.p)]);
        cells.extend([optional(pairs.holm.map(p_value)), optional(pairs.showable.map(|delta| format!("{delta:.3}")))]);
    }
    cells
}

fn p_value(p: f64) -> String {
    if p < 0.0001 { "<0.0001".to_owned() } else { format!("{p:.4}") }
}

fn mark(status: Status) -> char {
    match status {
        Status::Pass => '✓',
        Status::Fail => '✗',
        Status::Inconclusive => '~',
    }
}

fn by_name(by: Key) -> &'static str {
    match by {
        Key::Id => "subset and id",
        Key::Row => "row",
    }
}

/// How the figures were made, what was left out, and what else must be said.
pub(super) fn notes(report: &ComparisonReport) -> Vec<String> {
    let comparison = &report.comparison;
    let mut notes = Vec::new();
    if let Matching::Paired { by, pairs, .. } = comparison.matching {
        notes.push(format!("{pairs} pairs in both, matched by {}; verdicts changed: {}", by_name(by), comparison.changes.len()));
    }
    notes.extend(comparison.notes.iter().chain(&report.notes).cloned());
    notes.push(format!(
        "difference: candidate minus baseline, 95 % intervals: Newcombe's for subsets and all pairs, a stratified bootstrap ({} replicates) for sections and averages",
        bootstrap::REPLICATES
    ));
    if is_paired(report) {
        notes.push(format!(
            "p: exact McNemar test, two-sided, by sign flips where pairs weigh differently; Holm: corrected for {} subsets; showable: smallest difference that this \
             many pairs show with 80 % power at 5 %",
            comparison.subsets.len()
        ));
    }
    notes
}

pub(super) fn heading(report: &ComparisonReport, flips: &[Flip]) -> String {
    format!("changed verdicts, {} of {}, largest change of the margin first", flips.len(), report.comparison.changes.len())
}

fn texts(text: &Excerpt) -> [(&'static str, &str); 3] {
    [("prompt", &text.prompt), ("chosen", &text.chosen), ("rejected", &text.rejected)]
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::comparison::tests::paired;

    pub(in crate::report) fn sample() -> ComparisonReport {
        let comparison = paired(&[("a|<b>\u{1b}", "++++-"), ("hep-go", "+++-")], &[("a|<b>\u{1b}", "+---+"), ("hep-go", "+++-")]);
        let text = Excerpt { prompt: "=1+1, \"x\"\n".to_owned(), chosen: "<script>".to_owned(), rejected: "`r`".to_owned() };
        let flips = comparison.changes.iter().map(|change| Flip { change: change.clone(), text: Some(text.clone()) }).collect();
        let gate = ["drop:subset:*:0.01", "max-ties:0"].map(|rule| rule.parse::<crate::gate::Rule>().unwrap().evaluate(&comparison).unwrap());
        ComparisonReport {
            baseline: "old|model".to_owned(),
            candidate: "new\u{1b}[31m".to_owned(),
            comparison,
            flips: Some(flips),
            gate: gate.into(),
            notes: vec!["more".to_owned()],
        }
    }

    #[test]
    fn the_table_shows_both_sides_and_the_difference() {
        let text = table(&sample(), Style::plain());
        let cells = |start: &str| text.lines().find(|l| l.starts_with(start)).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        // Wilson's intervals of 4/5, 2/5 and 3/4, and the interval of 2/5 − 4/5: statsmodels 0.15.0 and the formula in Python.
        assert!(cells("a|<b>").starts_with("a|<b> 5 0.800 [0.376, 0.964] 0.400 [0.118, 0.769] -0.400 [-0.804, +0.313] 1 3 0.6250 1.0000 "), "{text}");
        assert!(cells("hep-go").starts_with("hep-go 4 0.750 [0.301, 0.954] 0.750 [0.301, 0.954] 0.000 ["), "{text}");
        assert!(text.contains("✓ pass  max-ties:0: 0 ties") && text.contains("    prompt   =1+1"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn a_narrow_table_keeps_the_interval_of_the_difference() {
        let narrow = table(&sample(), Style { width: Some(100), ..Style::plain() });
        assert!(!narrow.contains("0.800 [") && narrow.contains("-0.400 ["), "{narrow}");
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let coloured = table(&sample(), Style { colour: true, width: None });
        assert_eq!(console::strip_ansi_codes(&coloured), table(&sample(), Style::plain()));
    }

    #[test]
    fn markdown_cells_stay_cells() {
        let text = markdown(&sample());
        let rows: Vec<&str> = text.lines().filter(|l| l.starts_with('|')).collect();
        assert!(rows.iter().all(|row| row.replace("\\|", "").matches('|').count() == 11), "{text}");
        assert!(text.contains("a\\|&lt;b&gt;") && text.contains("&lt;script&gt;") && !text.contains("<script>"), "{text}");
    }

    #[test]
    fn csv_holds_one_kind_of_rows() {
        let flips = csv(&sample());
        assert!(flips.starts_with("subset,id,row,") && flips.contains("\"'=1+1, \"\"x\"\" \""), "{flips}");
        let differences = csv(&ComparisonReport { flips: None, ..sample() });
        let columns = |line: &str| line.split(',').count();
        assert!(differences.lines().all(|line| columns(line) == 17), "{differences}");
        assert!(differences.contains("subset,hep-go,4,0.750000,") && differences.contains(",0,0,1.000000e0,1.000000e0,"), "{differences}");
    }

    #[test]
    fn json_has_the_stable_keys() {
        let value = json(&sample());
        assert_eq!((&value["schema"], &value["matching"]["paired"], &value["changed"]), (&json!(1), &json!(true), &json!(4)));
        assert_eq!(value["subsets"]["hep-go"]["lost"], 0);
        assert!(value["totals"]["average"]["difference"]["low"].is_number());
        assert_eq!(value["gate"][1]["status"], "pass");
        assert_eq!(value["flips"][0]["chosen"], "<script>");
        assert!(json(&ComparisonReport { flips: None, ..sample() }).get("flips").is_none());
    }
}
