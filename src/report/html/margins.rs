//! How sure a model is, and whether rightly: a histogram of its margins, and accuracy by their
//! size.

use maud::{Markup, html};

use crate::metrics::calibration::{Group, Histogram, Margins};
use crate::metrics::three_digits;
use crate::report::chart::{ChartMark, ChartRow, Glyph};
use crate::report::html::plot::Plot;
use crate::report::html::text::text;
use crate::report::scale::{Scale, percent};
use crate::stats;
use crate::stats::{LEVEL, Share};
use crate::support::count::count;

/// Pixels of the highest bar.
const HEIGHT: f64 = 120.0;

const CALIBRATION: &str = "Share correct by the size of the margin, the least sure pairs on top; \
                           beside each range its pairs. The dashed line is what guessing scores.";

/// Both charts of the model at this place in the report.
pub(super) fn charts(at: usize, name: &str, margins: &Margins) -> Markup {
    let Some(spread) = margins.histogram() else {
        return html! {
            article { (heading(at, name)) p { "No pair has a finite margin." } } "\n"
        };
    };
    let groups = margins.calibration();
    let rows: Vec<ChartRow> = groups.iter().map(|group| row(at, name, *group)).collect();
    let calibration = Plot {
        scale: Scale::WHOLE,
        bars: false,
        line: Some(0.5),
    };
    html! {
        article {
            (heading(at, name))
            p class="caption" { (description(&spread)) } "\n"
            (histogram(at, name, &spread)) "\n"
            p class="caption" { (CALIBRATION) } "\n"
            (calibration.draw(&rows))
        } "\n"
    }
}

fn heading(at: usize, name: &str) -> Markup {
    html! { h3 { (Glyph::Model(at).inline()) " " (text(name)) } "\n" }
}

fn description(spread: &Histogram) -> String {
    let wrong: usize = (0..spread.counts.len())
        .filter(|bar| spread.is_wrong(*bar))
        .map(|bar| spread.counts[bar])
        .sum();
    let all: usize = spread.counts.iter().sum();
    let most = spread.counts.iter().max().unwrap_or(&0);
    format!(
        "Left of 0, where the model is wrong: {wrong} of {}. Bars are {} wide; the highest has {}.",
        count(all, "margin"),
        spread.width,
        count(*most, "pair")
    )
}

fn histogram(at: usize, name: &str, spread: &Histogram) -> Markup {
    let axis = Plot {
        scale: Scale::new(spread.low, spread.edge(spread.counts.len())),
        bars: false,
        line: None,
    };
    let zero = axis.scale.at(0.0);
    let counts = spread.counts.iter().enumerate();
    html! {
        div class="plot bare" {
            svg class="histogram" height=(HEIGHT) role="img" {
                title { "Margins of " (text(name)) }
                desc { (description(spread)) }
                line class="grid" x1="0" x2="100%" y1=(HEIGHT) y2=(HEIGHT) {}
                @for (bar, _) in counts.filter(|(_, n)| **n > 0) {
                    "\n" (histogram_bar(at, spread, bar, &axis.scale))
                }
                line class="special" x1=(zero) x2=(zero) y1="0" y2=(HEIGHT) {}
            } "\n"
            (axis.axis())
        }
    }
}

fn histogram_bar(at: usize, spread: &Histogram, bar: usize, scale: &Scale) -> Markup {
    let class = if spread.is_wrong(bar) {
        "wrong".to_owned()
    } else {
        Glyph::Model(at).class()
    };
    let share = Share {
        correct: spread.counts[bar],
        n: spread.counts.iter().copied().max().unwrap_or(1),
    };
    // A single pair stays visible.
    let height = (share.value() * HEIGHT).max(1.5);
    let [left, right] = [bar, bar + 1].map(|bar| scale.percent(spread.edge(bar)));
    html! {
        rect
            class=(class)
            x=(percent(left))
            width=(percent(right - left))
            y=(format!("{:.1}", HEIGHT - height))
            height=(format!("{height:.1}")) {}
    }
}

fn row(at: usize, name: &str, group: Group) -> ChartRow {
    let interval = stats::mean(&[(1.0, group.correct)], LEVEL);
    let mark = ChartMark {
        glyph: Glyph::Model(at),
        name: name.to_owned(),
        value: group.correct.value(),
        ends: [interval.low, interval.high],
        published: None,
        figure: format!("{:.3}", group.correct.value()),
        interval: format!("[{:.3}, {:.3}]", interval.low, interval.high),
    };
    ChartRow {
        label: format!(
            "{} to {}",
            three_digits(group.least),
            three_digits(group.most)
        ),
        note: group.correct.n.to_string(),
        marks: vec![mark],
    }
}
