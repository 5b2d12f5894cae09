//! How sure a model is, and whether rightly: a histogram of its margins, and accuracy by their size.

use super::element::{Element, el};
use super::plot::{Glyph, Mark, Plot, Row};
use super::scale::{Scale, percent};
use crate::margins::{Group, Histogram, Margins};
use crate::report::three_digits;
use crate::stats::LEVEL;

/// Pixels of the highest bar.
const HEIGHT: f64 = 110.0;

/// Both charts of a model.
pub fn figures(at: usize, name: &str, margins: &Margins) -> Element {
    let heading = el("h3").add(Glyph::Model(at).inline()).text(" ").text(name);
    let Some(spread) = margins.histogram() else { return el("article").add(heading).add(el("p").text("No pair has a finite margin.")) };
    let groups = margins.calibration();
    let rows: Vec<Row> = groups.iter().map(|group| row(at, name, *group)).collect();
    let calibration = Plot { scale: Scale::WHOLE, bars: false, line: Some(0.5) }.draw(&rows);
    el("article")
        .add(heading)
        .add(el("p").class("caption").text(format!("{} margins, in bars {} wide; left of 0 the model is wrong", margins.n(), spread.width)))
        .add(histogram(at, name, &spread))
        .add(el("p").class("caption").text("Share correct by the size of the margin, without its sign; the least sure pairs on top"))
        .add(calibration)
}

fn histogram(at: usize, name: &str, spread: &Histogram) -> Element {
    let bars = spread.counts.len();
    let edge = |bar: usize| spread.low + spread.width * f64::from(u32::try_from(bar).unwrap_or(u32::MAX));
    let scale = Scale::new(spread.low, edge(bars));
    let most = spread.counts.iter().copied().max().unwrap_or(0);
    let share = |n: usize| crate::stats::count(n) / crate::stats::count(most.max(1));
    let bar = |(bar, n): (usize, &usize)| {
        // Halves of a bar's width are never negative zero.
        let wrong = edge(bar) + spread.width / 2.0 < 0.0;
        let class = if wrong { "wrong".to_owned() } else { format!("right c{}", at % 7) };
        let height = (share(*n) * HEIGHT).max(1.0);
        let [left, right] = [bar, bar + 1].map(|bar| scale.percent(edge(bar)));
        el("rect")
            .class(class)
            .set("x", percent(left))
            .set("y", format!("{:.1}", HEIGHT + 14.0 - height))
            .set("width", percent(right - left))
            .set("height", format!("{height:.1}"))
    };
    let zero = scale.at(0.0);
    let wrong: usize = spread.counts.iter().enumerate().filter(|(bar, _)| edge(*bar) + spread.width / 2.0 < 0.0).map(|(_, n)| n).sum();
    let said = format!("{wrong} of {} margins below 0; the highest bar has {most} pairs", spread.counts.iter().sum::<usize>());
    let svg = el("svg")
        .class("histogram")
        .set("height", HEIGHT + 14.0)
        .set("role", "img")
        .add(el("title").text(format!("Margins of {name}")))
        .add(el("desc").text(&said))
        .all(spread.counts.iter().enumerate().filter(|(_, n)| **n > 0).map(bar))
        .add(el("line").class("special").set("x1", &zero).set("x2", &zero).set("y1", 0).set("y2", "100%"));
    el("div").class("plot bare").add(svg).add(Plot { scale, bars: false, line: None }.axis()).add(el("p").class("caption").text(said))
}

fn row(at: usize, name: &str, group: Group) -> Row {
    let interval = group.correct.wilson(LEVEL);
    let mark = Mark {
        glyph: Glyph::Model(at),
        name: name.to_owned(),
        value: group.correct.value(),
        ends: [interval.low, interval.high],
        published: None,
        text: [format!("{:.3}", group.correct.value()), format!("[{:.3}, {:.3}]", interval.low, interval.high)],
    };
    Row { label: format!("{} to {}", three_digits(group.least), three_digits(group.most)), note: group.correct.n.to_string(), marks: vec![mark] }
}
