//! The head of a run's page: who is ahead, by how much, and whether that is noise.

use maud::{Markup, html};

use crate::comparison::leaderboard::Leaderboard;
use crate::comparison::{Difference, SIGNIFICANT};
use crate::report::comparison_table::{signed, with_corrected_p};
use crate::report::html::page::{Tile, tiles};
use crate::report::html::text::text;
use crate::report::run_report::{ModelReport, RunReport};
use crate::support::count::count;

/// A model with how far its average is behind the leader's.
type Rival<'a> = (&'a ModelReport, &'a Difference);

pub(super) fn header(report: &RunReport) -> Markup {
    html! {
        header {
            p class="kicker" { "pairbench report" } "\n"
            h1 { (text(report.heading())) } "\n"
            @if let Some(why) = &report.partial {
                p class="warning" { b { "PARTIAL" } ": " (text(why)) } "\n"
            }
            @for model in report.models.iter().filter(|model| model.scores.total.invalid > 0) {
                p class="warning" {
                    (text(&model.name)) ": " (count(model.scores.total.invalid, "pair"))
                    " could not be scored and count as not correct"
                } "\n"
            }
            @if let Some(leader) = leader(report) { (summary(report, leader)) }
        }
    }
}

fn summary(report: &RunReport, leader: &ModelReport) -> Markup {
    let side_by_side = report.side_by_side.as_ref();
    let rival = side_by_side.and_then(|side_by_side| rival(side_by_side, report));
    let sentence = match rival {
        Some((rival, difference)) => conclusion(leader, rival, difference),
        None => format!(
            "{} has an average of {:.3}.",
            leader.name, leader.scores.average.accuracy
        ),
    };
    html! {
        p class="verdict" { (text(sentence)) } "\n"
        (tiles(&facts(report, leader, rival))) "\n"
    }
}

/// The model with the best average; `None` without a model.
fn leader(report: &RunReport) -> Option<&ModelReport> {
    let known = report
        .side_by_side
        .as_ref()
        .and_then(|side_by_side| report.models.get(side_by_side.leader));
    known.or_else(|| {
        report.models.iter().rev().max_by(|a, b| {
            a.scores
                .average
                .accuracy
                .total_cmp(&b.scores.average.accuracy)
        })
    })
}

/// The model next to the leader.
fn rival<'a>(side_by_side: &'a Leaderboard, report: &'a RunReport) -> Option<Rival<'a>> {
    let behind = report
        .models
        .iter()
        .zip(&side_by_side.behind)
        .filter_map(|(model, difference)| Some((model, difference.as_ref()?)));
    behind
        .rev()
        .max_by(|(_, a), (_, b)| a.value.total_cmp(&b.value))
}

/// What the averages say, in a sentence.
fn conclusion(leader: &ModelReport, rival: &ModelReport, difference: &Difference) -> String {
    if difference.value == 0.0 {
        return format!("{} and {} have the same average.", leader.name, rival.name);
    }
    let lead = format!(
        "{} is ahead of {} by {:.3}",
        leader.name, rival.name, -difference.value
    );
    let corrected = difference.pairs.and_then(|pairs| pairs.holm);
    if difference.interval.high >= 0.0 {
        format!("{lead}, but these pairs do not settle it: the interval has 0 in it.")
    } else if corrected.is_some_and(|p| p >= SIGNIFICANT) {
        format!(
            "{lead}, but these pairs do not settle it: of so many models two differ as much by \
             chance."
        )
    } else {
        format!("{lead}: more than chance in the choice of pairs explains.")
    }
}

fn facts(report: &RunReport, leader: &ModelReport, rival: Option<Rival>) -> Vec<Tile> {
    let is_alone = report.models.len() == 1;
    let average = leader.scores.average;
    let total = leader.scores.total;
    let label = if is_alone { "Average" } else { "Best average" };
    let mut tiles = vec![Tile {
        label: label.to_owned(),
        figure: format!("{:.3}", average.accuracy),
        detail: format!(
            "{}, 95 % {:.3} to {:.3}, {}",
            leader.name,
            average.low,
            average.high,
            count(total.n(), "pair")
        ),
    }];
    if is_alone {
        tiles.push(Tile {
            label: "Correct".to_owned(),
            figure: total.correct.to_string(),
            detail: format!("of {}", count(total.n(), "pair")),
        });
    }
    tiles.extend(rival.map(|(rival, difference)| Tile {
        label: format!("Lead over {}", rival.name),
        figure: signed(-difference.value),
        detail: format!(
            "95 % {} to {}{}, on the same pairs",
            signed(-difference.interval.high),
            signed(-difference.interval.low),
            with_corrected_p(difference)
        ),
    }));
    let side_by_side = report.side_by_side.as_ref();
    let apart = side_by_side.map_or(0, |side_by_side| side_by_side.apart_of);
    if apart > 0 {
        tiles.push(Tile {
            label: "Models differ on".to_owned(),
            figure: apart.to_string(),
            detail: format!(
                "of {}: one is right, another is not",
                count(total.n(), "pair")
            ),
        });
    }
    tiles
}
