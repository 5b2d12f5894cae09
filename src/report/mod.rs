//! A [`Report`] and its renderers: pure functions from it to a string.

mod csv;
mod json;
mod markdown;
mod table;

pub use csv::csv;
pub use json::json;
pub use markdown::markdown;
pub use table::table;

use crate::metrics::Summary;
use crate::score::Verdict;

/// What a run found, ready to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What was measured, for the heading.
    pub title: String,
    /// Whose sections and weights are shown.
    pub benchmark: String,
    pub models: Vec<ModelReport>,
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelReport {
    pub name: String,
    pub summary: Summary,
    /// The first pairs that could not be scored, as `row (subset): reason`.
    pub invalid: Vec<String>,
}

impl ModelReport {
    pub fn new(name: String, summary: Summary, verdicts: &[Verdict]) -> Self {
        let invalid = verdicts.iter().filter_map(|v| v.reason.as_ref().map(|reason| format!("row {} ({}): {reason}", v.row, v.subset))).take(5).collect();
        Self { name, summary, invalid }
    }
}

/// A line of the comparative table: accuracies of all models, missing ones as `None`.
struct Line {
    label: String,
    n: String,
    cells: Vec<Option<f64>>,
}

/// Blocks of lines, in the order of every table: subsets, sections, totals.
fn lines(report: &Report) -> [Vec<Line>; 3] {
    let first = report.models.first().map(|m| &m.summary);
    let subsets = first.into_iter().flat_map(|s| &s.subsets).enumerate().map(|(i, (name, tally))| Line {
        label: name.clone(),
        n: tally.n().to_string(),
        cells: report.models.iter().map(|m| m.summary.subsets.get(i).map(|(_, t)| t.accuracy())).collect(),
    });
    let sections = first.into_iter().flat_map(|s| &s.sections).enumerate().map(|(i, (name, _))| Line {
        label: name.clone(),
        n: String::new(),
        cells: report.models.iter().map(|m| m.summary.sections.get(i).map(|(_, e)| e.accuracy)).collect(),
    });
    let total = first.map_or_else(String::new, |s| s.total.n().to_string());
    let mut totals = vec![Line { label: "average".to_owned(), n: total, cells: report.models.iter().map(|m| Some(m.summary.average.accuracy)).collect() }];
    if first.is_some_and(|s| s.rewardbench.is_some()) {
        totals.push(Line {
            label: "RewardBench score".to_owned(),
            n: String::new(),
            cells: report.models.iter().map(|m| m.summary.rewardbench.map(|e| e.accuracy)).collect(),
        });
    }
    [subsets.collect(), sections.collect(), totals]
}

fn cell(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:.3}"))
}

/// What the accuracies alone do not say: which average is which, ties, invalid pairs, position bias.
fn notes(report: &Report) -> Vec<String> {
    let mut notes = vec!["average: plain mean of the subsets (the model card's figure)".to_owned()];
    if report.models.iter().any(|m| !m.summary.sections.is_empty()) {
        notes.push(match report.benchmark.as_str() {
            "reward-bench" => "sections and RewardBench score: the leaderboard's weights (math-prm counts 984)".to_owned(),
            name => format!("sections: means of their subsets, by the weights of {name}"),
        });
    }
    for model in &report.models {
        let total = model.summary.total;
        let bias = model.summary.position_bias;
        let mut text = format!("{}: both orders disagree on {:.1} % of {} pairs", model.name, bias.disagree * 100.0, bias.n);
        for (count, what) in [(total.tie, "ties"), (total.invalid, "invalid")] {
            if count > 0 {
                text.push_str(&format!("; {count} {what} (counted as not correct)"));
            }
        }
        notes.push(text);
        notes.extend(model.invalid.iter().map(|line| format!("{}: not scored: {line}", model.name)));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Estimate, PositionBias, Tally};

    pub(super) fn sample() -> Report {
        let estimate = |accuracy| Estimate { accuracy, low: accuracy - 0.1, high: accuracy + 0.1 };
        let model = |name: &str, correct| {
            let tally = Tally { correct, wrong: 3 - correct, tie: 1, invalid: 0 };
            ModelReport {
                name: name.to_owned(),
                summary: Summary {
                    subsets: vec![("hep-go".to_owned(), tally)],
                    sections: vec![("Reasoning".to_owned(), estimate(tally.accuracy()))],
                    average: estimate(tally.accuracy()),
                    rewardbench: None,
                    position_bias: PositionBias { n: 4, disagree: 0.5, accuracy_chosen_first: 0.5, accuracy_rejected_first: 0.5 },
                    total: tally,
                },
                invalid: Vec::new(),
            }
        };
        Report { title: "a|b".to_owned(), benchmark: "reward-bench".to_owned(), models: vec![model("A", 2), model("=B|<x>\u{1b}", 3)] }
    }

    #[test]
    fn the_table_fits_and_holds_no_escapes() {
        let text = table(&sample());
        assert!(text.contains("hep-go") && text.contains("0.500") && text.contains("0.750"), "{text}");
        assert!(!text.contains('\u{1b}'));
        assert!(text.contains("1 ties"));
    }

    #[test]
    fn markdown_cells_stay_cells() {
        let text = markdown(&sample());
        assert!(text.contains("| subset | n | A | =B\\|&lt;x&gt;  |\n|:--|--:|--:|--:|\n| hep-go | 4 | 0.500 | 0.750 |"), "{text}");
    }

    #[test]
    fn csv_has_no_formulas() {
        assert_eq!(
            csv(&sample()),
            "kind,name,n,A,'=B|<x> \nsubset,hep-go,4,0.500000,0.750000\nsection,Reasoning,,0.500000,0.750000\ntotal,average,4,0.500000,0.750000\n"
        );
    }

    #[test]
    fn json_has_the_stable_keys() {
        let value = json(&sample());
        assert_eq!(value["schema"], 1);
        assert_eq!(value["models"]["A"]["subsets"]["hep-go"]["n"], 4);
        assert_eq!(value["models"]["A"]["rewardbench"], serde_json::Value::Null);
        assert!(value["models"]["A"]["sections"]["Reasoning"]["low"].is_number());
    }
}
