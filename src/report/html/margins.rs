//! How sure a model is, and whether rightly: a histogram of its margins, and accuracy by their
//! size.

use crate::metrics::calibration::{Group, Histogram, Margins};
use crate::metrics::three_digits;
use crate::report::html::element::{Element, el};
use crate::report::html::plot::{Glyph, Mark, Plot, Row};
use crate::report::html::scale::{Scale, percent};
use crate::stats::{LEVEL, Share};

/// Pixels of the highest bar.
const HEIGHT: f64 = 120.0;

/// Both charts of a model.
pub fn figures(at: usize, name: &str, margins: &Margins) -> Element {
    let heading = el("h3").add(Glyph::Model(at).inline()).text(" ").text(name);
    let Some(spread) = margins.histogram() else {
        return el("article")
            .add(heading)
            .add(el("p").text("No pair has a finite margin."));
    };
    let groups = margins.calibration();
    let rows: Vec<Row> = groups.iter().map(|group| row(at, name, *group)).collect();
    let calibration = Plot {
        scale: Scale::WHOLE,
        bars: false,
        line: Some(0.5),
    }
    .draw(&rows);
    el("article")
        .add(heading)
        .add(el("p").class("caption").text(said(&spread)))
        .add(histogram(at, name, &spread))
        .add(el("p").class("caption").text(
            "Share correct by the size of the margin, the least sure pairs on top; beside each range its pairs. The dashed line is what guessing scores.",
        ))
        .add(calibration)
}

fn said(spread: &Histogram) -> String {
    let wrong: usize = (0..spread.counts.len())
        .filter(|bar| spread.is_wrong(*bar))
        .map(|bar| spread.counts[bar])
        .sum();
    let (all, most) = (
        spread.counts.iter().sum::<usize>(),
        spread.counts.iter().max().unwrap_or(&0),
    );
    format!(
        "{wrong} of {all} margins lie left of 0, where the model is wrong. Bars are {} wide; the highest has {most} pairs.",
        spread.width
    )
}

fn histogram(at: usize, name: &str, spread: &Histogram) -> Element {
    let scale = Scale::new(spread.low, spread.edge(spread.counts.len()));
    let most = spread.counts.iter().copied().max().unwrap_or(1);
    let bar = |(bar, n): (usize, &usize)| {
        let class = if spread.is_wrong(bar) {
            "wrong".to_owned()
        } else {
            Glyph::Model(at).class()
        };
        // A single pair stays visible.
        let height = (Share {
            correct: *n,
            n: most,
        }
        .value()
            * HEIGHT)
            .max(1.5);
        let [left, right] = [bar, bar + 1].map(|bar| scale.percent(spread.edge(bar)));
        let place = el("rect")
            .class(class)
            .set("x", percent(left))
            .set("width", percent(right - left));
        place
            .set("y", format!("{:.1}", HEIGHT - height))
            .set("height", format!("{height:.1}"))
    };
    let zero = scale.at(0.0);
    let svg = el("svg")
        .class("histogram")
        .set("height", HEIGHT)
        .set("role", "img")
        .add(el("title").text(format!("Margins of {name}")))
        .add(el("desc").text(said(spread)))
        .add(
            el("line")
                .class("grid")
                .set("x1", 0)
                .set("x2", "100%")
                .set("y1", HEIGHT)
                .set("y2", HEIGHT),
        )
        .all(
            spread
                .counts
                .iter()
                .enumerate()
                .filter(|(_, n)| **n > 0)
                .map(bar),
        )
        .add(
            el("line")
                .class("special")
                .set("x1", &zero)
                .set("x2", &zero)
                .set("y1", 0)
                .set("y2", HEIGHT),
        );
    el("div").class("plot bare").add(svg).add(
        Plot {
            scale,
            bars: false,
            line: None,
        }
        .axis(),
    )
}

fn row(at: usize, name: &str, group: Group) -> Row {
    let interval = group.correct.wilson(LEVEL);
    let mark = Mark {
        glyph: Glyph::Model(at),
        name: name.to_owned(),
        value: group.correct.value(),
        ends: [interval.low, interval.high],
        published: None,
        text: [
            format!("{:.3}", group.correct.value()),
            format!("[{:.3}, {:.3}]", interval.low, interval.high),
        ],
    };
    Row {
        label: format!(
            "{} to {}",
            three_digits(group.least),
            three_digits(group.most)
        ),
        note: group.correct.n.to_string(),
        marks: vec![mark],
    }
}
