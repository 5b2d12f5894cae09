//! The sections of a comparison's page: is the candidate worse, what the gate says, where, and on
//! which pairs.

use maud::{Markup, html};

use crate::comparison::Difference;
use crate::comparison::gate::{Conclusion, RuleOutcome};
use crate::report::chart::{self, Glyph, direction};
use crate::report::comparison_report::{ComparisonReport, Flip};
use crate::report::comparison_table::{self, blocks, cells, is_paired, mark, signed, with_p};
use crate::report::html::page::{Tile, tiles};
use crate::report::html::pair::{ModelVerdict, pair};
use crate::report::html::plot::{Plot, legend};
use crate::report::html::table::{self, SortableCell};
use crate::report::html::text::text;
use crate::report::scale::Scale;
use crate::support::count::count;

pub(super) fn header(report: &ComparisonReport) -> Markup {
    html! {
        header {
            p class="kicker" { "pairbench compare" } "\n"
            h1 { (text(&report.candidate)) } "\n"
            p class="against" { "against " (text(&report.baseline)) } "\n"
            @for why in report.partial_notes() {
                p class="warning" { (text(&why)) } "\n"
            }
            @if let Some(average) = report.comparison.totals.first() {
                p class="verdict" { (conclusion(average)) } "\n"
                (tiles(&facts(report, average))) "\n"
            }
        }
    }
}

/// What the averages say, in a sentence.
fn conclusion(average: &Difference) -> String {
    let size = average.value.abs();
    match direction(average) {
        Glyph::Better => format!(
            "The candidate is better, by {size:.3} on average: more than chance in the choice of \
             pairs explains."
        ),
        Glyph::Worse => format!(
            "The candidate is worse, by {size:.3} on average: more than chance in the choice of \
             pairs explains."
        ),
        _ if average.is_unchanged() => "No pair was gained or lost.".to_owned(),
        _ => {
            let detectable = average.pairs.and_then(|pairs| pairs.detectable);
            let needed = detectable.map_or_else(String::new, |least| {
                format!(" So many pairs show a difference of {least:.3} or more.")
            });
            format!(
                "These pairs do not tell the candidate from the baseline: the interval has 0 in \
                 it.{needed}"
            )
        }
    }
}

fn facts(report: &ComparisonReport, average: &Difference) -> Vec<Tile> {
    let mut facts = vec![
        Tile {
            label: "Average".to_owned(),
            figure: format!(
                "{:.3} → {:.3}",
                average.baseline.accuracy, average.candidate.accuracy
            ),
            detail: format!("baseline → candidate, {}", count(average.n, "pair")),
        },
        Tile {
            label: "Difference".to_owned(),
            figure: signed(average.value),
            detail: format!(
                "95 % {} to {}{}",
                signed(average.interval.low),
                signed(average.interval.high),
                with_p(average)
            ),
        },
    ];
    facts.extend(average.pairs.map(|pairs| Tile {
        label: "Gained and lost".to_owned(),
        figure: format!("+{} -{}", pairs.gained, pairs.lost),
        detail: format!("of {}", count(average.n, "pair")),
    }));
    facts.extend(report.conclusion.map(gate_in_short));
    facts
}

fn gate_in_short(conclusion: Conclusion) -> Tile {
    let status = conclusion.status();
    Tile {
        label: "Gate".to_owned(),
        figure: format!("{} {}", mark(status), status.name()),
        detail: conclusion.to_string(),
    }
}

pub(super) fn gate(gate: &[RuleOutcome]) -> Markup {
    html! {
        ul class="gate" {
            @for outcome in gate {
                li {
                    b class={ "status " (outcome.status.name()) } {
                        (mark(outcome.status)) " " (outcome.status.name())
                    }
                    " " code { (text(&outcome.rule)) }
                    p { (text(&outcome.reason)) }
                    @if !outcome.look_at.is_empty() {
                        ul {
                            @for pair in &outcome.look_at { li { "look at " (text(pair)) } "\n" }
                        }
                    }
                } "\n"
            }
        }
    }
}

/// Totals first: what all pairs say, then where it comes from.
pub(super) fn differences(report: &ComparisonReport) -> Markup {
    let [subsets, sections, totals] = blocks(report);
    let every = totals.iter().chain(sections).chain(subsets);
    let plot = Plot {
        scale: Scale::around(every.flat_map(|row| [row.interval.low, row.interval.high, 0.0])),
        bars: false,
        line: Some(0.0),
    };
    let glyphs = [
        (Glyph::Better, "better: the interval is above 0"),
        (Glyph::Worse, "worse: below 0"),
        (Glyph::Undecided, "open: 0 lies in it"),
    ];
    let changed = if is_paired(report) {
        ", and how many were gained and lost"
    } else {
        ""
    };
    let [subsets, sections, totals] = chart::of_comparison([subsets, sections, totals]);
    let blocks = [
        ("Totals", totals),
        ("Sections", sections),
        ("Subsets", subsets),
    ];
    html! {
        div {
            (legend(glyphs.map(|(glyph, name)| (glyph, name.to_owned())))) "\n"
            p class="caption" {
                "Candidate minus baseline with its 95 % interval, each for itself: of 20 lines \
                 without any difference one would show some. Beside each name the number of pairs"
                (changed) "."
            } "\n"
            @for (name, rows) in blocks.into_iter().filter(|(_, rows)| !rows.is_empty()) {
                div {
                    h3 { (name) } "\n"
                    (plot.draw(&rows))
                } "\n"
            }
        }
    }
}

pub(super) fn table(report: &ComparisonReport) -> Markup {
    let header: Vec<String> = comparison_table::header(report)
        .into_iter()
        .map(str::to_owned)
        .collect();
    table::table(
        "Differences by subset, section and total",
        &header,
        &blocks(report).map(|block| block.iter().map(table_row).collect()),
    )
}

fn table_row(row: &Difference) -> Vec<SortableCell> {
    let mut cells: Vec<SortableCell> = cells(row, true)
        .into_iter()
        .map(SortableCell::from)
        .collect();
    // Small p-values are shown as `<0.0001`: they are sorted by what they are.
    if let Some(pairs) = row.pairs {
        for (at, p) in [(7, Some(pairs.p)), (8, pairs.holm)] {
            cells[at].sort_by = p;
        }
    }
    cells
}

pub(super) fn changed(report: &ComparisonReport, flips: &[Flip]) -> Markup {
    let sides = [
        (Glyph::Model(0), report.baseline.clone()),
        (Glyph::Model(1), report.candidate.clone()),
    ];
    html! {
        div {
            p class="caption" {
                (flips.len()) " of " (report.comparison.changes.len())
                " verdicts that changed, the largest change of the margin first"
            } "\n"
            (legend(sides)) "\n"
            @if !is_paired(report) { p { "Nothing matches the pairs of the two sides." } "\n" }
            @for flip in flips { (changed_pair(flip)) "\n" }
        }
    }
}

fn changed_pair(flip: &Flip) -> Markup {
    let change = &flip.change;
    let sides = [
        ("baseline", change.baseline),
        ("candidate", change.candidate),
    ];
    let verdicts: Vec<ModelVerdict> = sides
        .into_iter()
        .enumerate()
        .map(|(at, (model, (verdict, margin)))| ModelVerdict {
            glyph: Glyph::Model(at),
            model,
            verdict,
            margin,
        })
        .collect();
    pair(&change.key().to_string(), &verdicts, flip.text.as_ref())
}
