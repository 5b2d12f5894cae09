//! The sections of a run's page, in the order in which a reader asks: who is better and by how
//! much, is it noise, where, how sure, and on which pairs.

use crate::comparison::leaderboard::{Example, Leaderboard};
use crate::comparison::{AVERAGE, Difference};
use crate::metrics::{Estimate, Scores};
use crate::report::comparison::{signed, with_interval, with_p};
use crate::report::html::element::{Element, el};
use crate::report::html::margins;
use crate::report::html::page::tiles;
use crate::report::html::pairs;
use crate::report::html::plot::{Glyph, Mark, Plot, Row, legend};
use crate::report::html::scale::Scale;
use crate::report::html::table;
use crate::report::html::table::Cell;
use crate::report::{Column, ModelReport, Report, columns, lines, text};

pub fn header(report: &Report) -> Element {
    let partial = report.partial.as_ref().map(|why| {
        el("p")
            .class("warning")
            .add(el("b").text("PARTIAL"))
            .text(format!(": {why}"))
    });
    let header = el("header")
        .add(el("p").class("kicker").text("pairbench report"))
        .add(el("h1").text(&report.title))
        .all(partial);
    let Some(leader) = leader(report) else {
        return header;
    };
    let rival = report
        .side_by_side
        .as_ref()
        .and_then(|found| rival(found, report));
    let found = match &rival {
        Some((rival, difference)) => verdict(leader, rival, difference),
        None => format!(
            "{} has an average of {:.3}.",
            leader.name, leader.scores.average.accuracy
        ),
    };
    header
        .add(el("p").class("verdict").text(found))
        .add(tiles(facts(report, leader, rival)))
}

/// The model with the best average.
fn leader(report: &Report) -> Option<&ModelReport> {
    let found = report
        .side_by_side
        .as_ref()
        .and_then(|found| report.models.get(found.leader));
    found.or_else(|| {
        report.models.iter().rev().max_by(|a, b| {
            a.scores
                .average
                .accuracy
                .total_cmp(&b.scores.average.accuracy)
        })
    })
}

/// The model next to the leader, and how far it is behind.
fn rival<'a>(
    found: &'a Leaderboard,
    report: &'a Report,
) -> Option<(&'a ModelReport, &'a Difference)> {
    let behind = report
        .models
        .iter()
        .zip(&found.behind)
        .filter_map(|(model, difference)| Some((model, difference.as_ref()?)));
    behind
        .rev()
        .max_by(|(_, a), (_, b)| a.value.total_cmp(&b.value))
}

fn verdict(leader: &ModelReport, rival: &ModelReport, difference: &Difference) -> String {
    if difference.value == 0.0 {
        return format!("{} and {} have the same average.", leader.name, rival.name);
    }
    let lead = format!(
        "{} is ahead of {} by {:.3}",
        leader.name, rival.name, -difference.value
    );
    if difference.interval.high < 0.0 {
        format!("{lead}: more than chance in the choice of pairs explains.")
    } else {
        format!("{lead}, but these pairs do not settle it: the interval has 0 in it.")
    }
}

fn facts(
    report: &Report,
    leader: &ModelReport,
    rival: Option<(&ModelReport, &Difference)>,
) -> Vec<[String; 3]> {
    let alone = report.models.len() == 1;
    let Scores { average, total, .. } = leader.scores.clone();
    let label = if alone { "Average" } else { "Best average" };
    let mut tiles = vec![[
        label.to_owned(),
        three(average.accuracy),
        format!(
            "{}, 95 % {:.3} to {:.3}, {} pairs",
            leader.name,
            average.low,
            average.high,
            total.n()
        ),
    ]];
    if alone {
        tiles.push([
            "Correct".to_owned(),
            total.correct.to_string(),
            format!("of {} pairs", total.n()),
        ]);
    }
    if let Some((rival, difference)) = rival {
        let interval = format!(
            "95 % {} to {}",
            signed(-difference.interval.high),
            signed(-difference.interval.low)
        );
        tiles.push([
            format!("Lead over {}", rival.name),
            signed(-difference.value),
            format!("{interval}{}, on the same pairs", with_p(difference)),
        ]);
    }
    if let Some(found) = report
        .side_by_side
        .as_ref()
        .filter(|found| found.apart_of > 0)
    {
        tiles.push([
            "Models differ on".to_owned(),
            found.apart_of.to_string(),
            format!("of {} pairs: one is right, another is not", total.n()),
        ]);
    }
    tiles
}

/// Averages and sections: dots on a scale that shows their differences.
pub fn overview(report: &Report) -> Element {
    let Some(Scores {
        sections,
        headline,
        total,
        ..
    }) = report.models.first().map(|model| &model.scores)
    else {
        return el("p").text("No model.");
    };
    let section = |name: &str| {
        row(report, name, String::new(), |scores| {
            scores
                .sections
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, e)| *e)
        })
    };
    let rows: Vec<Row> = std::iter::once(row(report, AVERAGE, total.n().to_string(), |scores| {
        Some(scores.average)
    }))
    .chain(headline.iter().map(|(headline, _)| {
        row(report, &headline.label, String::new(), |scores| {
            scores.headline.as_ref().map(|(_, estimate)| *estimate)
        })
    }))
    .chain(sections.iter().map(|(name, _)| section(name)))
    .collect();
    let ends = rows
        .iter()
        .flat_map(|row| &row.marks)
        .flat_map(|mark| mark.ends.into_iter().chain(mark.published));
    let plot = Plot {
        scale: Scale::around(ends),
        bars: false,
        line: None,
    }
    .draw(&rows);
    let caption = "95 % intervals by a stratified bootstrap, which sees no spread in a section without a single error.";
    let block = el("div")
        .add(models(report))
        .add(el("p").class("caption").text(caption))
        .add(plot);
    // Of two models the head of the page has said it.
    let many = report
        .side_by_side
        .as_ref()
        .filter(|_| report.models.len() > 2);
    block.all(many.into_iter().flat_map(|found| behind(report, found)))
}

/// Every model against the best.
fn behind(report: &Report, found: &Leaderboard) -> [Element; 2] {
    let best = report
        .models
        .get(found.leader)
        .map_or("", |model| &model.name);
    let line = |(model, difference): (&ModelReport, &Option<Difference>)| {
        let difference = difference.as_ref()?;
        Some(el("li").text(format!(
            "{}: {} against {best}{}",
            model.name,
            with_interval(difference),
            with_p(difference)
        )))
    };
    let lines = report.models.iter().zip(&found.behind).filter_map(line);
    let caption = "Averages against the best one, pair by pair. The best was chosen by these very figures, and nothing is corrected for the number of models.";
    [
        el("p").class("caption").text(caption),
        el("ul").class("notes").all(lines),
    ]
}

/// Bars, each with its interval.
pub fn subsets(report: &Report) -> Element {
    let subset = |name: &str, n: usize| {
        row(report, name, n.to_string(), |scores| {
            scores
                .subsets
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, tally)| tally.estimate())
        })
    };
    let known = report
        .models
        .first()
        .map(|model| &model.scores.subsets)
        .into_iter()
        .flatten();
    let rows: Vec<Row> = known.map(|(name, tally)| subset(name, tally.n())).collect();
    let caption = "Accuracy with its 95 % interval (Wilson); beside each name the number of pairs; the dashed line is what guessing scores.";
    el("div")
        .add(models(report))
        .add(el("p").class("caption").text(caption))
        .add(
            Plot {
                scale: Scale::WHOLE,
                bars: true,
                line: Some(0.5),
            }
            .draw(&rows),
        )
}

/// What the terminal shows.
pub fn table(report: &Report) -> Element {
    let columns = columns(report);
    let header: Vec<String> = ["subset", "n"]
        .into_iter()
        .chain(columns.iter().map(Column::name))
        .map(str::to_owned)
        .collect();
    let plain = |text: String| (text, None);
    let blocks = lines(&columns).map(|block| {
        let row = |line: crate::report::Line| -> Vec<Cell> {
            [line.label, line.n]
                .map(plain)
                .into_iter()
                .chain(line.cells.into_iter().map(|cell| plain(text(cell))))
                .collect()
        };
        block.into_iter().map(row).collect::<Vec<_>>()
    });
    table::table("Accuracies by subset, section and total", &header, &blocks)
}

pub fn margins(report: &Report) -> Element {
    el("div").class("columns").all(
        report
            .models
            .iter()
            .enumerate()
            .map(|(at, model)| margins::figures(at, &model.name, &model.margins)),
    )
}

/// Where models differ most, and where each is wrong with the largest margin.
pub fn examples(report: &Report, found: &Leaderboard) -> Element {
    let list = |heading: String, caption: &str, examples: &[Example]| {
        let caption = (!caption.is_empty()).then(|| el("p").class("caption").text(caption));
        (!examples.is_empty()).then(|| {
            el("div")
                .add(el("h3").text(heading))
                .all(caption)
                .all(examples.iter().map(|example| pair(report, example)))
        })
    };
    let why = found.without_texts.iter().map(|why| {
        el("p")
            .class("warning")
            .text(format!("Without the texts of the pairs: {why}."))
    });
    let apart = list(
        format!(
            "Where the models differ most, {} of {} pairs",
            found.apart.len(),
            found.apart_of
        ),
        "One is right, another is not. The widest spread of margins first, each in units of its model's typical margin (root mean square).",
        &found.apart,
    );
    let wrong = report
        .models
        .iter()
        .zip(&found.wrong)
        .filter_map(|(model, examples)| {
            let of = model.scores.total.wrong;
            list(
                format!(
                    "Where {} is most sure and wrong, {} of {of} pairs",
                    model.name,
                    examples.len()
                ),
                "",
                examples,
            )
        });
    el("div").all(why).all(apart).all(wrong)
}

fn pair(report: &Report, example: &Example) -> Element {
    let verdicts: Vec<pairs::Line> = example
        .verdicts
        .iter()
        .filter_map(|(at, decision, margin)| {
            Some((
                Glyph::Model(*at),
                report.models.get(*at)?.name.as_str(),
                *decision,
                *margin,
            ))
        })
        .collect();
    pairs::pair(&example.key.to_string(), &verdicts, example.text.as_ref())
}

fn models(report: &Report) -> Element {
    let published = report
        .models
        .iter()
        .find_map(|model| model.published.as_ref())
        .map(|p| (Glyph::Published, format!("published ({})", p.table)));
    legend(
        report
            .models
            .iter()
            .enumerate()
            .map(|(at, model)| (Glyph::Model(at), model.name.clone()))
            .chain(published),
    )
}

/// A figure of every model, with the published one where there is one.
fn row(
    report: &Report,
    label: &str,
    note: String,
    figure: impl Fn(&Scores) -> Option<Estimate>,
) -> Row {
    let mark = |(at, model): (usize, &ModelReport)| {
        let Estimate {
            accuracy,
            low,
            high,
        } = figure(&model.scores)?;
        let published = model
            .published
            .as_ref()
            .and_then(|published| figure(&published.scores))
            .map(|published| published.accuracy);
        let text = [three(accuracy), format!("[{low:.3}, {high:.3}]")];
        Some(Mark {
            glyph: Glyph::Model(at),
            name: model.name.clone(),
            value: accuracy,
            ends: [low, high],
            published,
            text,
        })
    };
    Row {
        label: label.to_owned(),
        note,
        marks: report.models.iter().enumerate().filter_map(mark).collect(),
    }
}

fn three(value: f64) -> String {
    format!("{value:.3}")
}
