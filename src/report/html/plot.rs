//! Charts of figures with intervals: a row for each name, and in it a lane for each model.
//!
//! Lanes are inline SVG in per cent of their width and in pixels of height, so that no text is ever
//! scaled.

use maud::{Markup, html};

use crate::report::chart::{ChartMark, ChartRow, Glyph};
use crate::report::html::text::text;
use crate::report::scale::Scale;

/// Pixels, as `style.css` has them.
const LANE: usize = 18;
const PAD: usize = 5;

/// Colours and shapes repeat after different numbers of models, so that 42 models look different.
const COLOURS: usize = 7;
const SHAPES: [&str; 6] = [
    "M0-4.5A4.5 4.5 0 1 1 0 4.5A4.5 4.5 0 1 1 0-4.5Z",
    "M-4-4H4V4H-4Z",
    "M0-5.2L5 4H-5Z",
    "M-1.7-4.8H1.7V-1.7H4.8V1.7H1.7V4.8H-1.7V1.7H-4.8V-1.7H-1.7Z",
    "M0 5.2L5-4H-5Z",
    "M0-5.6L1.5-1.8L5.4-1.7L2.3.8L3.4 4.6L0 2.4L-3.4 4.6L-2.3.8L-5.4-1.7L-1.5-1.8Z",
];
const RHOMBUS: &str = "M0-5.5L4.5 0L0 5.5L-4.5 0Z";

/// How rows are drawn.
pub(super) struct Plot {
    pub(super) scale: Scale,
    /// Whether bars lead from the left end to the values.
    pub(super) bars: bool,
    /// A value with a dashed line, such as what guessing scores.
    pub(super) line: Option<f64>,
}

impl Glyph {
    fn shape(self) -> String {
        match self {
            Self::Model(at) => format!("#s{}", at % SHAPES.len()),
            Self::Better => "#s2".to_owned(),
            Self::Worse => "#s4".to_owned(),
            Self::Undecided => "#s0".to_owned(),
            Self::Published => "#published".to_owned(),
        }
    }

    pub(super) fn class(self) -> String {
        match self {
            Self::Model(at) => format!("c{}", at % COLOURS),
            Self::Better => "better".to_owned(),
            Self::Worse => "worse".to_owned(),
            Self::Undecided => "open".to_owned(),
            Self::Published => "published".to_owned(),
        }
    }

    /// In a line of text.
    pub(super) fn inline(self) -> Markup {
        html! {
            svg class="glyph" width="12" height="12" aria-hidden="true" {
                (self.placed("50%", "50%"))
            }
        }
    }

    fn placed(self, x: &str, y: &str) -> Markup {
        html! { use class=(self.class()) href=(self.shape()) x=(x) y=(y) {} }
    }
}

/// The shapes, once a page.
pub(super) fn shapes() -> Markup {
    html! {
        svg class="shapes" width="0" height="0" aria-hidden="true" {
            defs {
                @for (at, shape) in SHAPES.iter().enumerate() {
                    path id={ "s" (at) } d=(shape) {}
                }
                path id="published" d=(RHOMBUS) {}
            }
        }
    }
}

/// What the glyphs stand for.
pub(super) fn legend(entries: impl IntoIterator<Item = (Glyph, String)>) -> Markup {
    html! {
        ul class="legend" {
            @for (glyph, name) in entries {
                li { (glyph.inline()) " " (text(name)) } "\n"
            }
        }
    }
}

impl Plot {
    /// Rows below an axis, and above a second one where there are many.
    pub(super) fn draw(&self, rows: &[ChartRow]) -> Markup {
        html! {
            div class="plot" {
                (self.axis()) "\n"
                @for row in rows { (self.row(row)) "\n" }
                @if rows.len() > 12 { (self.axis()) "\n" }
            }
        }
    }

    /// Values along a chart.
    pub(super) fn axis(&self) -> Markup {
        html! {
            div class="row axis" {
                div {}
                svg height="18" aria-hidden="true" {
                    @for tick in self.scale.ticks() {
                        text x=(self.scale.at(tick)) y="13" text-anchor=(self.anchor(tick)) {
                            (Scale::label(tick))
                        }
                    }
                }
                div {}
            }
        }
    }

    /// Labels at the ends of an axis stay inside it.
    fn anchor(&self, tick: f64) -> &'static str {
        match self.scale.percent(tick) {
            ..3.0 => "start",
            97.0.. => "end",
            _ => "middle",
        }
    }

    fn row(&self, row: &ChartRow) -> Markup {
        html! {
            div class="row" {
                div class="name" {
                    (text(&row.label))
                    @if !row.note.is_empty() { small { " " (text(&row.note)) } }
                } "\n"
                (self.lanes(row)) "\n"
                ul class="values" {
                    @for mark in &row.marks {
                        li {
                            (mark.glyph.inline())
                            b { (text(&mark.figure)) }
                            span { (text(&mark.interval)) }
                        } "\n"
                    }
                }
            }
        }
    }

    fn lanes(&self, row: &ChartRow) -> Markup {
        let description: Vec<String> = row.marks.iter().map(ChartMark::description).collect();
        html! {
            svg height=(LANE * row.marks.len() + 2 * PAD) role="img" {
                title { (text(&row.label)) }
                desc { (text(description.join("; "))) }
                @for tick in self.scale.ticks() { (self.rule("grid", tick)) }
                @if let Some(value) = self.line { (self.rule("special", value)) }
                @for (at, mark) in row.marks.iter().enumerate() {
                    "\n" (self.lane(mark, PAD + LANE * at + LANE / 2))
                }
            }
        }
    }

    /// A line from top to bottom.
    fn rule(&self, class: &str, value: f64) -> Markup {
        let x = self.scale.at(value);
        html! { line class=(class) x1=(x) x2=(x) y1="0" y2="100%" {} }
    }

    /// A bar where bars are drawn, the interval, the glyph and the published figure, around a line
    /// `y` pixels from the top.
    fn lane(&self, mark: &ChartMark, y: usize) -> Markup {
        let class = mark.glyph.class();
        let value = self.scale.at(mark.value);
        let ends = mark.ends.map(|end| self.scale.at(end));
        let whisker = format!("whisker {class}");
        let y_text = y.to_string();
        html! {
            @if self.bars {
                rect class={ "bar " (class) } y=(y - 5) width=(value) height="10" {}
            }
            line class=(whisker) x1=(ends[0]) x2=(ends[1]) y1=(y) y2=(y) {}
            @for end in &ends {
                line class=(whisker) x1=(end) x2=(end) y1=(y - 3) y2=(y + 3) {}
            }
            (mark.glyph.placed(&value, &y_text))
            @if let Some(published) = mark.published {
                (Glyph::Published.placed(&self.scale.at(published), &y_text))
            }
        }
    }
}

impl ChartMark {
    /// The figure in words.
    fn description(&self) -> String {
        let published = self
            .published
            .map_or_else(String::new, |value| format!(", published {value:.3}"));
        format!("{} {} {}{published}", self.name, self.figure, self.interval)
    }
}
