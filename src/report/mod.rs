//! A [`Report`] and its renderers: pure functions from it to a string.

mod card;
pub mod comparison;
mod csv;
mod format;
pub mod github;
#[cfg(test)]
mod hostile;
pub mod html;
mod json;
pub mod junit;
mod latex;
mod markdown;
mod table;

pub use csv::csv;
pub use format::Format;
pub use github::github;
pub use html::html;
pub use json::{document, json};
pub use junit::junit;
pub use latex::latex;
pub use markdown::markdown;
pub use table::{Style, table};

use std::collections::BTreeMap;

use crate::benchmark::published::Published;
use crate::benchmark::{Benchmark, Dataset};
use crate::comparison::leaderboard::SideBySide;
use crate::comparison::published::{Beside, PublishedComparison, Standing};
use crate::metrics::calibration::Margins;
use crate::metrics::{Behaviour, Estimate, Scores, Tally, three_digits};
use crate::scoring::ScoredItem;

/// What a run found, ready to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What was measured, for the heading.
    pub title: String,
    /// Whose sections and weights are shown; `None` where files were scored without a benchmark.
    pub benchmark: Option<String>,
    /// How sections and headline weigh their subsets.
    pub weights: Option<String>,
    /// The hub dataset that the pairs are from, where they are from one.
    pub dataset: Option<Dataset>,
    /// Why these are not all pairs of the benchmark, where they are not.
    pub partial: Option<String>,
    pub models: Vec<ModelReport>,
    /// Columns that no model of this run made: length rulers, published figures.
    pub others: Vec<(String, Scores)>,
    /// What a reader must know beyond what every report says.
    pub notes: Vec<String>,
    /// What takes all verdicts at once; made where a page is to show it.
    pub side_by_side: Option<SideBySide>,
}

impl Report {
    /// No model yet: what follows from the benchmark, and columns of tallies.
    pub fn about<const N: usize>(
        benchmark: Option<&Benchmark>,
        others: [(&str, BTreeMap<String, Tally>); N],
    ) -> Self {
        let others: Vec<(String, Scores)> = others
            .into_iter()
            .map(|(name, tallies)| (name.to_owned(), Scores::new(&tallies, benchmark)))
            .collect();
        let shown = |label: &str| {
            others
                .iter()
                .any(|(_, scores)| scores.variants.iter().any(|(known, _)| known == label))
        };
        let variants = benchmark.map_or(&[][..], |benchmark| &benchmark.variants);
        let mut notes: Vec<String> = variants
            .iter()
            .filter(|v| shown(&v.label))
            .map(|v| format!("{}: {}", v.label, v.note))
            .collect();
        if !others.is_empty() {
            notes.push("longer, shorter: what picking the longer or the shorter answer scores, in characters".to_owned());
        }
        Self {
            title: benchmark
                .map(|benchmark| benchmark.name.clone())
                .unwrap_or_default(),
            benchmark: benchmark.map(|benchmark| benchmark.name.clone()),
            weights: benchmark.map(weights),
            dataset: None,
            partial: None,
            models: Vec::new(),
            others,
            notes,
            side_by_side: None,
        }
    }
}

/// How sections and headline weigh their subsets, in words.
pub fn weights(benchmark: &Benchmark) -> String {
    match (&benchmark.weights_note, &benchmark.headline) {
        (Some(note), Some(headline)) => format!("sections and {}: {note}", headline.label),
        (Some(note), None) => format!("sections: {note}"),
        (None, _) => {
            format!(
                "sections: means of their subsets, by the weights of {}",
                benchmark.name
            )
        }
    }
}

/// A model's column, or two with a published one beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelReport {
    pub name: String,
    pub scores: Scores,
    pub behaviour: Behaviour,
    pub margins: Margins,
    pub published: Option<PublishedComparison>,
    /// The first pairs that could not be scored, as `row (subset): reason`.
    pub invalid: Vec<String>,
}

impl ModelReport {
    /// With the column of a published table beside it, where that has the model.
    pub fn new(
        name: &str,
        verdicts: &[ScoredItem],
        benchmark: Option<&Benchmark>,
        table: Option<&Published>,
    ) -> Self {
        let scores = Scores::of(verdicts, benchmark);
        let published =
            table.and_then(|table| PublishedComparison::new(table, name, &scores, benchmark));
        let invalid = verdicts
            .iter()
            .filter_map(|v| {
                let reason = v.outcome.reason()?;
                Some(format!("row {} ({}): {reason}", v.row, v.subset))
            })
            .take(5)
            .collect();
        Self {
            name: name.to_owned(),
            scores,
            behaviour: Behaviour::of(verdicts),
            margins: Margins::of(verdicts),
            published,
            invalid,
        }
    }
}

/// A column of every table.
#[derive(Clone, Copy)]
enum Column<'a> {
    Scores(&'a str, &'a Scores),
    Published(&'a PublishedComparison),
}

/// What stands in a cell.
#[derive(Debug, Clone, Copy)]
enum Cell {
    Missing,
    Accuracy(f64),
    Published(Beside),
}

impl Column<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Scores(name, _) => name,
            Self::Published(_) => "published",
        }
    }

    fn scores(&self) -> &Scores {
        match self {
            Self::Scores(_, scores) => scores,
            Self::Published(comparison) => &comparison.scores,
        }
    }

    fn subset(&self, name: &str) -> Cell {
        match self {
            Self::Scores(_, scores) => scores
                .subsets
                .iter()
                .find(|(known, _)| known == name)
                .map_or(Cell::Missing, |(_, t)| Cell::Accuracy(t.accuracy())),
            Self::Published(comparison) => comparison
                .subsets
                .get(name)
                .map_or(Cell::Missing, |beside| Cell::Published(*beside)),
        }
    }
}

/// A line of the comparative table.
struct Line {
    label: String,
    n: String,
    cells: Vec<Cell>,
}

/// All columns: each model's own and its published one, then the others.
fn columns(report: &Report) -> Vec<Column<'_>> {
    let models = report.models.iter().flat_map(|m| {
        [
            Some(Column::Scores(&m.name, &m.scores)),
            m.published.as_ref().map(Column::Published),
        ]
    });
    models
        .flatten()
        .chain(
            report
                .others
                .iter()
                .map(|(name, scores)| Column::Scores(name, scores)),
        )
        .collect()
}

/// Blocks of lines, in the order of every table: subsets, sections, totals.
fn lines(columns: &[Column]) -> [Vec<Line>; 3] {
    // Every measured column has the same pairs; a published one may have more subsets.
    let Some(first) = columns.first().map(Column::scores) else {
        return [Vec::new(), Vec::new(), Vec::new()];
    };
    let line = |label: &str, n: String, cell: &dyn Fn(&Column) -> Cell| Line {
        label: label.to_owned(),
        n,
        cells: columns.iter().map(cell).collect(),
    };
    let named = |list: &[(String, Estimate)], name: &str| {
        list.iter()
            .find(|(known, _)| known == name)
            .map_or(Cell::Missing, |(_, e)| Cell::Accuracy(e.accuracy))
    };

    let subsets = first
        .subsets
        .iter()
        .map(|(name, tally)| line(name, tally.n().to_string(), &|c| c.subset(name)));
    let sections = first
        .sections
        .iter()
        .map(|(name, _)| line(name, String::new(), &|c| named(&c.scores().sections, name)));
    let variants = first
        .variants
        .iter()
        .map(|(name, _)| line(name, String::new(), &|c| named(&c.scores().variants, name)));
    let mut totals = vec![line("average", first.total.n().to_string(), &|c| {
        Cell::Accuracy(c.scores().average.accuracy)
    })];
    if let Some((headline, _)) = &first.headline {
        totals.push(line(&headline.label, String::new(), &|c| {
            let own = c.scores().headline.as_ref();
            own.map_or(Cell::Missing, |(_, estimate)| {
                Cell::Accuracy(estimate.accuracy)
            })
        }));
    }
    [
        subsets.collect(),
        sections.chain(variants).collect(),
        totals,
    ]
}

/// Three decimals; beside a published figure the difference in pairs and its mark.
fn text(cell: Cell) -> String {
    match cell {
        Cell::Missing => "–".to_owned(),
        Cell::Accuracy(accuracy) => format!("{accuracy:.3}"),
        Cell::Published(beside) => match (beside.pairs, beside.standing) {
            (Some(pairs), Some(standing)) => {
                format!("{:.3} {pairs:+}{}", beside.accuracy, standing.mark())
            }
            _ => format!("{:.3}", beside.accuracy),
        },
    }
}

/// What the accuracies alone do not say.
fn notes(report: &Report) -> Vec<String> {
    let mut notes: Vec<String> = report
        .partial
        .iter()
        .map(|why| format!("PARTIAL: {why}"))
        .collect();
    notes.push("average: plain mean of the subsets (the model card's figure)".to_owned());
    if columns(report)
        .iter()
        .any(|c| !c.scores().sections.is_empty())
    {
        notes.extend(report.weights.clone());
    }
    notes.extend(report.notes.iter().cloned());
    if let Some(comparison) = report.models.iter().find_map(|m| m.published.as_ref()) {
        notes.push(format!(
            "published: {}, and measured minus published in pairs; {} within the published measurements, {} within their binomial noise, {} outside both",
            comparison.table,
            Standing::WithinSpread.mark(),
            Standing::WithinNoise.mark(),
            Standing::Outside.mark()
        ));
        let lacking = report.models.iter().filter(|m| m.published.is_none());
        notes.extend(lacking.map(|m| format!("{}: not in the table {}", m.name, comparison.table)));
    }
    for model in &report.models {
        notes.extend(orders(model).map(|text| format!("{}: {text}", model.name)));
        notes.extend(hidden(&model.behaviour).map(|text| format!("{}: {text}", model.name)));
        notes.extend(
            model
                .invalid
                .iter()
                .map(|line| format!("{}: not scored: {line}", model.name)),
        );
    }
    notes
}

/// Position bias, and the items that no accuracy shows.
fn orders(model: &ModelReport) -> Option<String> {
    let bias = model.behaviour.position_bias.map(|bias| {
        format!(
            "both orders disagree on {:.1} % of {} pairs (chosen first alone {:.3}, rejected first alone {:.3})",
            bias.disagree * 100.0,
            bias.n,
            bias.accuracy_chosen_first,
            bias.accuracy_rejected_first
        )
    });
    let total = model.scores.total;
    let uncounted = [
        (total.tie, "tie", "ties"),
        (total.invalid, "invalid", "invalid"),
    ];
    let uncounted =
        uncounted
            .into_iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, one, many)| {
                let word = if count == 1 { one } else { many };
                format!("{count} {word} (counted as not correct)")
            });
    let parts: Vec<String> = bias.into_iter().chain(uncounted).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Margins and truncation in one line.
fn hidden(behaviour: &Behaviour) -> Option<String> {
    let margins = behaviour.margins?.map(three_digits).join(" ");
    let cut = behaviour.truncated;
    let truncated = match cut.any {
        0 => "nothing truncated".to_owned(),
        any => format!(
            "{any} pairs truncated (prompt {}, chosen {}, rejected {})",
            cut.source, cut.chosen, cut.rejected
        ),
    };
    Some(format!(
        "margins {margins} at 5, 25, 50, 75, 95 %; {truncated}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::tests::verdict;
    use crate::metrics::{PositionBias, Truncated};

    pub(super) fn sample() -> Report {
        let estimate = |accuracy| Estimate {
            accuracy,
            low: accuracy - 0.1,
            high: accuracy + 0.1,
        };
        let scores = |correct| {
            let tally = Tally {
                correct,
                wrong: 3 - correct,
                tie: 1,
                invalid: 0,
            };
            Scores {
                subsets: vec![("hep-go".to_owned(), tally)],
                sections: vec![("Reasoning".to_owned(), estimate(tally.accuracy()))],
                variants: Vec::new(),
                average: estimate(tally.accuracy()),
                headline: None,
                total: tally,
            }
        };
        let model = |name: &str, correct| ModelReport {
            name: name.to_owned(),
            scores: scores(correct),
            behaviour: Behaviour {
                position_bias: Some(PositionBias {
                    n: 4,
                    disagree: 0.5,
                    accuracy_chosen_first: 0.5,
                    accuracy_rejected_first: 0.5,
                }),
                truncated: Truncated {
                    source: 1,
                    chosen: 0,
                    rejected: 2,
                    any: 2,
                },
                margins: Some([-1.0, -0.5, 0.0, 0.5, 1.0]),
            },
            margins: Margins::of(
                &[-1.0, 0.0, 0.5, 1.0].map(|margin| verdict(0, "hep-go", None, margin)),
            ),
            published: None,
            invalid: Vec::new(),
        };
        Report {
            title: "a|b".to_owned(),
            benchmark: Some("reward-bench".to_owned()),
            weights: Some(weights(&Benchmark::reward_bench())),
            dataset: None,
            partial: None,
            models: vec![model("A", 2), model("=B|<x>\u{1b}", 3)],
            others: vec![("longer".to_owned(), scores(1))],
            notes: Vec::new(),
            side_by_side: None,
        }
    }

    pub(super) fn with_published() -> Report {
        let mut report = sample();
        let beside = Beside {
            accuracy: 0.75,
            pairs: Some(-1),
            standing: Some(Standing::WithinNoise),
        };
        let scores = report.models[1].scores.clone();
        report.models[0].published = Some(PublishedComparison {
            table: "card".to_owned(),
            subsets: [("hep-go".to_owned(), beside)].into(),
            scores,
        });
        report
    }

    #[test]
    fn the_table_fits_and_holds_no_escapes() {
        let text = table(&sample(), Style::plain());
        assert!(
            text.contains("hep-go")
                && text.contains("0.500")
                && text.contains("0.750")
                && text.contains("longer"),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'));
        assert!(
            text.contains("1 tie (counted")
                && text.contains("2 pairs truncated (prompt 1, chosen 0, rejected 2)"),
            "{text}"
        );
    }

    #[test]
    fn columns_that_do_not_fit_go_into_a_second_table() {
        let mut report = sample();
        report.models.extend(
            [
                "a-rather-long-name-of-a-model",
                "another-long-name-of-a-model",
            ]
            .map(|name| ModelReport {
                name: name.to_owned(),
                ..report.models[0].clone()
            }),
        );
        let narrow = table(
            &report,
            Style {
                width: Some(60),
                ..Style::plain()
            },
        );
        let rows: Vec<&str> = narrow
            .lines()
            .take_while(|l| !l.starts_with("average:"))
            .collect();
        assert!(
            rows.iter().all(|line| line.chars().count() <= 60),
            "{narrow}"
        );
        assert_eq!(
            rows.iter()
                .filter(|line| line.starts_with("hep-go"))
                .count(),
            2,
            "{narrow}"
        );
        assert_eq!(
            table(
                &report,
                Style {
                    width: Some(200),
                    ..Style::plain()
                }
            ),
            table(&report, Style::plain())
        );
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let coloured = table(
            &with_published(),
            Style {
                colour: true,
                width: None,
            },
        );
        assert!(coloured.contains("\u{1b}["));
        assert_eq!(
            console::strip_ansi_codes(&coloured),
            table(&with_published(), Style::plain())
        );
    }

    #[test]
    fn published_figures_stand_beside_with_their_difference_in_pairs() {
        let text = table(&with_published(), Style::plain());
        assert!(text.contains("0.500  0.750 -1~"), "{text}");
        assert!(text.contains("not in the table card"), "{text}");
        assert!(
            csv(&with_published()).contains("hep-go,4,0.500000,0.750000,-1,within-noise,0.750000"),
            "{}",
            csv(&with_published())
        );
        assert_eq!(
            json(&with_published())["models"]["A"]["published"]["subsets"]["hep-go"]["standing"],
            "within-noise"
        );
    }

    #[test]
    fn markdown_cells_stay_cells() {
        let text = markdown(&sample());
        assert!(text.contains("| subset | n | A | =B\\|&lt;x&gt; | longer |\n|:--|--:|--:|--:|--:|\n| hep-go | 4 | 0.500 | 0.750 |"), "{text}");
    }

    #[test]
    fn csv_has_no_formulas() {
        assert_eq!(
            csv(&sample()),
            "kind,name,n,A,'=B|<x> ,longer\nsubset,hep-go,4,0.500000,0.750000,0.250000\nsection,Reasoning,,0.500000,0.750000,0.250000\ntotal,average,4,0.500000,0.750000,0.250000\n"
        );
    }

    #[test]
    fn json_has_the_stable_keys() {
        let value = json(&sample());
        assert_eq!(value["schema"], 1);
        assert_eq!(value["models"]["A"]["subsets"]["hep-go"]["n"], 4);
        assert_eq!(value["models"]["A"]["rewardbench"], serde_json::Value::Null);
        assert!(value["models"]["A"]["sections"]["Reasoning"]["low"].is_number());
        assert!(value["models"]["A"]["position_bias"]["disagree"].is_number());
        assert_eq!(
            value["baselines"]["longer"]["subsets"]["hep-go"]["correct"],
            1
        );
    }
}
