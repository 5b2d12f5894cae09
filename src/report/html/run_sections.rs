//! The sections of a run's page: where models differ, how sure they are, and on which pairs.

use maud::{Markup, html};

use crate::comparison::Difference;
use crate::comparison::leaderboard::{Example, Leaderboard};
use crate::report::chart::{self, ChartRow, Glyph};
use crate::report::comparison_table::{with_corrected_p, with_interval};
use crate::report::html::margins::charts;
use crate::report::html::pair::{ModelVerdict, pair};
use crate::report::html::plot::{Plot, legend};
use crate::report::html::table::{self, SortableCell};
use crate::report::html::text::text;
use crate::report::run_report::{ModelReport, RunReport};
use crate::report::run_table::{TableCell, TableColumn, TableRow, blocks, columns};
use crate::report::scale::Scale;
use crate::support::count::count;

const INTERVALS: &str = "95 % intervals. Differences between the subsets of a section count as \
                         noise.";
const BARS: &str = "Accuracy with its 95 % interval (Clopper and Pearson); beside each name the \
                    number of pairs; the dashed line is what guessing scores.";
const BEHIND: &str = "Averages against the best one, pair by pair. The best was chosen by these \
                      very figures: p is corrected for every two of the models (Holm), the \
                      intervals are not.";
const APART: &str = "One is right, another is not. The widest spread of margins first, each in \
                     units of its model's typical margin (root mean square).";

/// Averages and sections: dots on a scale that shows their differences.
pub(super) fn overview(report: &RunReport) -> Markup {
    let [_, sections, totals] = chart::of_run(report);
    let rows: Vec<ChartRow> = totals.into_iter().chain(sections).collect();
    if rows.is_empty() {
        return html! { p { "No model." } "\n" };
    }
    let marks = rows.iter().flat_map(|row| &row.marks);
    let plot = Plot {
        scale: Scale::around(marks.flat_map(|mark| mark.ends.into_iter().chain(mark.published))),
        bars: false,
        line: None,
    };
    // The head of the page compares two models already.
    let many = report
        .side_by_side
        .as_ref()
        .filter(|_| report.models.len() > 2);
    html! {
        div {
            (models(report)) "\n"
            p class="caption" { (INTERVALS) } "\n"
            (plot.draw(&rows)) "\n"
            @if let Some(side_by_side) = many { (behind(report, side_by_side)) }
        }
    }
}

/// Every model against the best.
fn behind(report: &RunReport, side_by_side: &Leaderboard) -> Markup {
    let best = report.models.get(side_by_side.leader);
    let best = best.map_or("", |model| model.name.as_str());
    let line = |(model, difference): (&ModelReport, &Option<Difference>)| {
        let difference = difference.as_ref()?;
        Some(format!(
            "{}: {} against {best}{}",
            model.name,
            with_interval(difference),
            with_corrected_p(difference)
        ))
    };
    let models = report.models.iter().zip(&side_by_side.behind);
    html! {
        p class="caption" { (BEHIND) } "\n"
        ul class="notes" {
            @for line in models.filter_map(line) { li { (text(line)) } "\n" }
        }
    }
}

/// Bars, each with its interval.
pub(super) fn subsets(report: &RunReport) -> Markup {
    let [rows, _, _] = chart::of_run(report);
    let plot = Plot {
        scale: Scale::WHOLE,
        bars: true,
        line: Some(0.5),
    };
    html! {
        div {
            (models(report)) "\n"
            p class="caption" { (BARS) } "\n"
            (plot.draw(&rows))
        }
    }
}

/// What the terminal shows.
pub(super) fn table(report: &RunReport) -> Markup {
    let columns = columns(report);
    let header: Vec<String> = ["subset", "n"]
        .into_iter()
        .chain(columns.iter().map(TableColumn::name))
        .map(str::to_owned)
        .collect();
    let row = |row: TableRow| -> Vec<SortableCell> {
        let n = row.n_text();
        let cell = |cell: TableCell| SortableCell {
            best: cell.is_best(),
            ..cell.text().into()
        };
        [row.label, n]
            .map(SortableCell::from)
            .into_iter()
            .chain(row.cells.into_iter().map(cell))
            .collect()
    };
    table::table(
        "Accuracies by subset, section and total",
        &header,
        &blocks(&columns).map(|block| block.into_iter().map(row).collect::<Vec<_>>()),
    )
}

pub(super) fn margins(report: &RunReport) -> Markup {
    html! {
        div class="columns" {
            @for (at, model) in report.models.iter().enumerate() {
                (charts(at, &model.name, &model.margins))
            }
        }
    }
}

/// Where models differ most, and where each is wrong with the largest margin.
pub(super) fn examples(report: &RunReport, side_by_side: &Leaderboard) -> Markup {
    let apart = format!(
        "Where the models differ most, {} of {}",
        side_by_side.apart.len(),
        count(side_by_side.apart_of, "pair")
    );
    let wrong = |model: &ModelReport, examples: &[Example]| {
        format!(
            "Where {} is most sure and wrong, {} of {}",
            model.name,
            examples.len(),
            count(model.scores.total.wrong, "pair")
        )
    };
    html! {
        div {
            @if let Some(why) = &side_by_side.without_texts {
                p class="warning" { "Without the texts of the pairs: " (text(why)) "." } "\n"
            }
            (pairs(report, &apart, Some(APART), &side_by_side.apart))
            @for (model, examples) in report.models.iter().zip(&side_by_side.wrong) {
                (pairs(report, &wrong(model, examples), None, examples))
            }
        }
    }
}

/// Pairs under a heading; nothing without a pair.
fn pairs(report: &RunReport, heading: &str, caption: Option<&str>, examples: &[Example]) -> Markup {
    html! {
        @if !examples.is_empty() {
            div {
                h3 { (text(heading)) } "\n"
                @if let Some(caption) = caption { p class="caption" { (caption) } "\n" }
                @for example in examples { (example_pair(report, example)) "\n" }
            } "\n"
        }
    }
}

fn example_pair(report: &RunReport, example: &Example) -> Markup {
    let verdicts: Vec<ModelVerdict> = example
        .verdicts
        .iter()
        .filter_map(|(at, verdict, margin)| {
            Some(ModelVerdict {
                glyph: Glyph::Model(*at),
                model: report.models.get(*at)?.name.as_str(),
                verdict: *verdict,
                margin: *margin,
            })
        })
        .collect();
    pair(&example.key.to_string(), &verdicts, example.text.as_ref())
}

/// The legend of models, and of published figures where there are any.
fn models(report: &RunReport) -> Markup {
    let models = report
        .models
        .iter()
        .enumerate()
        .map(|(at, model)| (Glyph::Model(at), model.name.clone()));
    let published = report.models.iter().find_map(|m| m.published.column());
    legend(models.chain(published.map(|p| (Glyph::Published, format!("published ({})", p.table)))))
}
