//! Charts of figures with intervals: a row for each name, and in it a lane for each model.
//!
//! Lanes are inline SVG in per cent of their width and in pixels of height, so that no text is ever
//! scaled.

use crate::report::html::element::{Element, el};
use crate::report::html::scale::Scale;

/// Pixels, as `style.css` has them.
const LANE: usize = 18;
const PAD: usize = 5;

/// Colours and shapes repeat after different numbers: 42 models stay apart.
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

/// What a mark looks like. No two differ in colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyph {
    /// By its place in the report.
    Model(usize),
    Better,
    Worse,
    /// An interval on both sides of 0.
    Open,
    Published,
}

pub struct Mark {
    pub glyph: Glyph,
    /// Whose it is, for those who cannot see it.
    pub name: String,
    pub value: f64,
    pub ends: [f64; 2],
    pub published: Option<f64>,
    /// The figure, and its interval.
    pub text: [String; 2],
}

pub struct Row {
    pub label: String,
    /// Beside the label: how many pairs, for example.
    pub note: String,
    pub marks: Vec<Mark>,
}

/// How rows are drawn.
pub struct Plot {
    pub scale: Scale,
    /// With bars from the left end.
    pub bars: bool,
    /// A value of special meaning.
    pub line: Option<f64>,
}

impl Glyph {
    fn shape(self) -> String {
        match self {
            Self::Model(at) => format!("#s{}", at % SHAPES.len()),
            Self::Better => "#s2".to_owned(),
            Self::Worse => "#s4".to_owned(),
            Self::Open => "#s0".to_owned(),
            Self::Published => "#published".to_owned(),
        }
    }

    pub fn class(self) -> String {
        match self {
            Self::Model(at) => format!("c{}", at % COLOURS),
            Self::Better => "better".to_owned(),
            Self::Worse => "worse".to_owned(),
            Self::Open => "open".to_owned(),
            Self::Published => "published".to_owned(),
        }
    }

    /// In a line of text.
    pub fn inline(self) -> Element {
        el("svg")
            .class("glyph")
            .set("width", 12)
            .set("height", 12)
            .set("aria-hidden", "true")
            .add(self.mark("50%".to_owned(), "50%"))
    }

    fn mark(self, x: String, y: impl std::fmt::Display) -> Element {
        el("use")
            .class(self.class())
            .set("href", self.shape())
            .set("x", x)
            .set("y", y)
    }
}

/// The shapes, once a page.
pub fn shapes() -> Element {
    let ids = (0..SHAPES.len())
        .map(|at| format!("s{at}"))
        .chain(["published".to_owned()]);
    let paths = ids
        .zip(SHAPES.into_iter().chain([RHOMBUS]))
        .map(|(id, path)| el("path").set("id", id).set("d", path));
    el("svg")
        .class("shapes")
        .set("width", 0)
        .set("height", 0)
        .set("aria-hidden", "true")
        .add(el("defs").all(paths))
}

/// What the glyphs stand for.
pub fn legend(entries: impl IntoIterator<Item = (Glyph, String)>) -> Element {
    el("ul").class("legend").all(
        entries
            .into_iter()
            .map(|(glyph, name)| el("li").add(glyph.inline()).text(" ").text(name)),
    )
}

impl Plot {
    /// Rows between two axes.
    pub fn draw(&self, rows: &[Row]) -> Element {
        el("div")
            .class("plot")
            .add(self.axis())
            .all(rows.iter().map(|row| self.row(row)))
            .all((rows.len() > 12).then(|| self.axis()))
    }

    /// Values along a chart.
    pub fn axis(&self) -> Element {
        let tick = |tick: f64| {
            let anchor = match self.scale.percent(tick) {
                ..3.0 => "start",
                97.0.. => "end",
                _ => "middle",
            };
            el("text")
                .set("x", self.scale.at(tick))
                .set("y", 13)
                .set("text-anchor", anchor)
                .text(Scale::label(tick))
        };
        let svg = el("svg")
            .set("height", 18)
            .set("aria-hidden", "true")
            .all(self.scale.ticks().into_iter().map(tick));
        el("div")
            .class("row axis")
            .add(el("div"))
            .add(svg)
            .add(el("div"))
    }

    fn row(&self, row: &Row) -> Element {
        let height = LANE * row.marks.len() + 2 * PAD;
        let said = row
            .marks
            .iter()
            .map(Mark::said)
            .collect::<Vec<_>>()
            .join("; ");
        let grid = self
            .scale
            .ticks()
            .into_iter()
            .map(|tick| self.rule("grid", tick))
            .chain(self.line.map(|value| self.rule("special", value)));
        let lanes = row
            .marks
            .iter()
            .enumerate()
            .flat_map(|(at, mark)| self.lane(mark, PAD + LANE * at + LANE / 2));
        let svg = el("svg")
            .set("height", height)
            .set("role", "img")
            .add(el("title").text(&row.label))
            .add(el("desc").text(said))
            .all(grid)
            .all(lanes);
        let value = |mark: &Mark| {
            let [figure, interval] = &mark.text;
            el("li")
                .add(mark.glyph.inline())
                .add(el("b").text(figure))
                .add(el("span").text(interval))
        };
        let label = el("div")
            .class("name")
            .text(&row.label)
            .all((!row.note.is_empty()).then(|| el("small").text(format!(" {}", row.note))));
        el("div")
            .class("row")
            .add(label)
            .add(svg)
            .add(el("ul").class("values").all(row.marks.iter().map(value)))
    }

    fn rule(&self, class: &str, value: f64) -> Element {
        let x = self.scale.at(value);
        el("line")
            .class(class)
            .set("x1", &x)
            .set("x2", &x)
            .set("y1", 0)
            .set("y2", "100%")
    }

    /// Around a line `y` pixels from the top.
    fn lane(&self, mark: &Mark, y: usize) -> Vec<Element> {
        let class = mark.glyph.class();
        let mut parts = Vec::new();
        if self.bars {
            parts.push(
                el("rect")
                    .class(format!("bar {class}"))
                    .set("y", y - 5)
                    .set("width", self.scale.at(mark.value))
                    .set("height", 10),
            );
        }
        let [low, high] = mark.ends.map(|end| self.scale.at(end));
        parts.push(
            el("line")
                .class(format!("whisker {class}"))
                .set("x1", &low)
                .set("x2", &high)
                .set("y1", y)
                .set("y2", y),
        );
        for end in [low, high] {
            parts.push(
                el("line")
                    .class(format!("whisker {class}"))
                    .set("x1", &end)
                    .set("x2", end)
                    .set("y1", y - 3)
                    .set("y2", y + 3),
            );
        }
        parts.push(mark.glyph.mark(self.scale.at(mark.value), y));
        parts.extend(
            mark.published
                .map(|value| Glyph::Published.mark(self.scale.at(value), y)),
        );
        parts
    }
}

impl Mark {
    fn said(&self) -> String {
        let published = self
            .published
            .map_or_else(String::new, |value| format!(", published {value:.3}"));
        format!("{} {} {}{published}", self.name, self.text[0], self.text[1])
    }
}
