//! A picture of the figures and their intervals, for pages that show images, such as a README or a
//! step summary. It has no script and loads nothing, and follows the reader's light or dark theme.

use maud::{Markup, PreEscaped, html};

use crate::report::chart::{self, ChartMark, ChartRow, Glyph};
use crate::report::comparison_report::ComparisonReport;
use crate::report::comparison_table::blocks;
use crate::report::document::Document;
use crate::report::measured_with::{self, FactLine};
use crate::report::notes;
use crate::report::run_report::RunReport;
use crate::report::scale::Scale;
use crate::support::error::one_line;

/// Pixels: the content and the space around it, where lanes begin and end, and the height of a
/// lane.
const WIDTH: u32 = 880;
const EDGE: u32 = 16;
const LEFT: u32 = 250;
const RIGHT: u32 = 690;
const LANE: u32 = 18;
const GAP: u32 = 12;

/// Neither has `<` or `&`, so that it is XML as it stands.
const STYLE: &str = include_str!("svg.css");

/// Characters of a label that fit beside the lanes, and of a line across the picture.
const LABEL: usize = 36;
const LINE: usize = 120;

/// What is drawn.
struct Picture {
    title: String,
    /// Why this is not all, and what the marks mean.
    lines: Vec<String>,
    legend: Vec<(Glyph, String)>,
    blocks: [Vec<ChartRow>; 3],
    scale: Scale,
    /// Marked in every lane: what guessing scores, or no difference.
    line: f64,
    /// What a reader must know, and what the figures were measured with.
    description: Vec<String>,
}

pub(super) fn svg(document: Document) -> String {
    match document {
        Document::Run(report) => run(report),
        Document::Comparison(report) => comparison(report),
    }
    .draw()
}

fn run(report: &RunReport) -> Picture {
    let models = report.models.iter().enumerate();
    let models = models.map(|(at, model)| (Glyph::Model(at), model.name.clone()));
    let published = report.models.iter().find_map(|m| m.published.column());
    let published = published.map(|own| (Glyph::Published, format!("published ({})", own.table)));
    let partial = report.partial.iter().map(|why| format!("PARTIAL: {why}"));
    Picture {
        title: report.heading(),
        lines: partial
            .chain(["Accuracy with its 95 % interval.".to_owned()])
            .collect(),
        legend: models.chain(published).collect(),
        blocks: chart::of_run(report),
        scale: Scale::WHOLE,
        line: 0.5,
        description: described(notes::run(report), &measured_with::of_run(report)),
    }
}

fn comparison(report: &ComparisonReport) -> Picture {
    let [subsets, sections, totals] = chart::of_comparison(blocks(report));
    let marks = [&subsets, &sections, &totals];
    let marks = marks.into_iter().flatten().flat_map(|row| &row.marks);
    let caption = "Candidate minus baseline with its 95 % interval.".to_owned();
    let gate = report.conclusion.map(|all| format!("Gate: {all}"));
    Picture {
        title: report.title(),
        lines: report
            .partial_notes()
            .into_iter()
            .chain([caption])
            .chain(gate)
            .collect(),
        legend: vec![
            (Glyph::Better, "better: the interval is above 0".to_owned()),
            (Glyph::Worse, "worse: below 0".to_owned()),
            (Glyph::Undecided, "open: 0 lies in it".to_owned()),
        ],
        scale: Scale::around(marks.flat_map(|mark| mark.ends).chain([0.0])),
        blocks: [totals, sections, subsets],
        line: 0.0,
        description: described(
            notes::comparison(report),
            &measured_with::of_comparison(report),
        ),
    }
}

fn described(notes: Vec<String>, columns: &[measured_with::Column]) -> Vec<String> {
    let facts = measured_with::lines(columns);
    let facts: Vec<String> = facts.iter().map(FactLine::sentence).collect();
    notes.into_iter().chain(facts).collect()
}

impl Picture {
    fn draw(&self) -> String {
        let mut y = 28;
        let mut content =
            vec![html! { text class="title" x="0" y=(y) { (cut(&self.title, LINE)) } }];
        for line in &self.lines {
            y += 20;
            content.push(html! { text class="soft" x="0" y=(y) { (cut(line, LINE)) } });
        }
        for (glyph, name) in &self.legend {
            y += 20;
            content.push(html! {
                (shape(*glyph, 6.0, f64::from(y) - 4.0))
                text x="18" y=(y) { (cut(name, LINE)) }
            });
        }
        y += 26;
        content.push(self.axis(y));
        let top = y + 8;
        y = top;
        let mut rows = Vec::new();
        for block in self.blocks.iter().filter(|block| !block.is_empty()) {
            y += GAP / 2;
            for row in block {
                rows.push(self.row(row, y));
                y += lanes(row) * LANE;
            }
            y += GAP / 2;
        }
        content.extend(self.rules(top, y));
        content.extend(rows);
        self.document(&content, y + GAP)
    }

    fn document(&self, content: &[Markup], height: u32) -> String {
        let title = cut(&self.title, usize::MAX);
        let width = WIDTH + 2 * EDGE;
        let description: Vec<String> = self.description.iter().map(|text| safe(text)).collect();
        let picture = html! {
            svg xmlns="http://www.w3.org/2000/svg" role="img" width=(width) height=(height)
                viewBox={ "-" (EDGE) " 0 " (width) " " (height) } {
                "\n" title { (title) }
                "\n" desc { (description.join("; ")) }
                "\n" style { (PreEscaped(STYLE)) }
                @for part in content { "\n" (part) }
                "\n"
            }
        };
        picture.into_string() + "\n"
    }

    /// The place of a value, in pixels from the left.
    fn x(&self, value: f64) -> f64 {
        f64::from(LEFT) + self.scale.percent(value) / 100.0 * f64::from(RIGHT - LEFT)
    }

    fn axis(&self, y: u32) -> Markup {
        html! {
            @for tick in self.scale.ticks() {
                text class="soft" text-anchor="middle" x=(pixels(self.x(tick))) y=(y) {
                    (Scale::label(tick))
                }
            }
        }
    }

    fn rules(&self, top: u32, bottom: u32) -> Vec<Markup> {
        let rule = |class: &str, value: f64| {
            let x = pixels(self.x(value));
            html! { line class=(class) x1=(x) x2=(x) y1=(top) y2=(bottom) {} }
        };
        let ticks = self.scale.ticks();
        let ticks = ticks.into_iter().map(|tick| rule("grid", tick));
        ticks.chain([rule("line", self.line)]).collect()
    }

    fn row(&self, row: &ChartRow, top: u32) -> Markup {
        let label = cut(&format!("{} {}", row.label, row.note), LABEL);
        let middle = |at: usize| f64::from(top + LANE / 2) + f64::from(LANE) * lane(at);
        html! {
            text x="0" y=(pixels(middle(0) + 4.0)) { (label) }
            @for (at, mark) in row.marks.iter().enumerate() {
                "\n" (self.mark(mark, middle(at)))
            }
        }
    }

    fn mark(&self, mark: &ChartMark, y: f64) -> Markup {
        let [low, high] = mark.ends.map(|end| pixels(self.x(end)));
        let class = mark.glyph.colour();
        html! {
            line class=(class) x1=(low) x2=(high) y1=(pixels(y)) y2=(pixels(y)) {}
            @for end in [&low, &high] {
                line class=(class) x1=(end) x2=(end) y1=(pixels(y - 3.0)) y2=(pixels(y + 3.0)) {}
            }
            (shape(mark.glyph, self.x(mark.value), y))
            @if let Some(published) = mark.published {
                (shape(Glyph::Published, self.x(published), y))
            }
            text x=(RIGHT + 20) y=(pixels(y + 4.0)) {
                (mark.figure) " " tspan class="soft" { (mark.interval) }
            }
        }
    }
}

impl Glyph {
    /// Its class in the style, without its shape: seven colours of models in turn.
    fn colour(self) -> String {
        match self {
            Self::Model(at) => format!("c{}", at % 7),
            Self::Better => "better".to_owned(),
            Self::Worse => "worse".to_owned(),
            Self::Undecided => "open".to_owned(),
            Self::Published => "published".to_owned(),
        }
    }
}

/// A mark around a point. Five shapes and seven colours of models repeat in turn, so that 35 models
/// look different.
fn shape(glyph: Glyph, x: f64, y: f64) -> Markup {
    let class = glyph.colour();
    let path = |points: &[[f64; 2]]| {
        let points = points
            .iter()
            .map(|[dx, dy]| format!("{},{}", pixels(x + dx), pixels(y + dy)));
        let points: Vec<String> = points.collect();
        html! { polygon class=(class) points=(points.join(" ")) {} }
    };
    let number = match glyph {
        Glyph::Model(at) => at % 5,
        Glyph::Better => 2,
        Glyph::Worse => 3,
        Glyph::Undecided => 0,
        Glyph::Published => 4,
    };
    match number {
        1 => path(&[[-4.0, -4.0], [4.0, -4.0], [4.0, 4.0], [-4.0, 4.0]]),
        2 => path(&[[0.0, -5.0], [5.0, 4.0], [-5.0, 4.0]]),
        3 => path(&[[0.0, 5.0], [5.0, -4.0], [-5.0, -4.0]]),
        4 => path(&[[0.0, -5.5], [4.5, 0.0], [0.0, 5.5], [-4.5, 0.0]]),
        _ => html! { circle class=(class) cx=(pixels(x)) cy=(pixels(y)) r="4.5" {} },
    }
}

/// Lanes of a row: one without a mark, too, which its name needs.
fn lanes(row: &ChartRow) -> u32 {
    u32::try_from(row.marks.len().max(1)).unwrap_or(u32::MAX / LANE)
}

fn lane(at: usize) -> f64 {
    u32::try_from(at).map_or(0.0, f64::from)
}

/// To a tenth of a pixel.
fn pixels(value: f64) -> String {
    format!("{value:.1}")
}

/// At most so many characters of a text.
fn cut(text: &str, most: usize) -> String {
    let text = safe(text);
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.trim_end().to_owned(),
    }
}

/// On one line, without the two characters that XML 1.0 forbids besides control characters; maud
/// escapes the rest.
fn safe(text: &str) -> String {
    one_line(text).replace(['\u{fffe}', '\u{ffff}'], "")
}

#[cfg(test)]
mod tests {
    use roxmltree::Document as Xml;

    use super::*;
    use crate::report::samples;

    /// Of the points of a class that are circles or of `tag`, where they are from the left.
    fn places(picture: &Xml, tag: &str, attribute: &str) -> Vec<String> {
        let all = picture.descendants().filter(|node| node.has_tag_name(tag));
        let places = all.filter_map(|node| node.attribute(attribute));
        places.map(str::to_owned).collect()
    }

    #[test]
    fn a_picture_is_xml_with_every_figure_where_it_is() {
        let picture = svg((&samples::run()).into());
        let picture = Xml::parse(&picture).unwrap();
        // Of two models the first has circles: in the legend, then at 0.5 in four rows.
        let middle = f64::from(LEFT + RIGHT) / 2.0;
        assert_eq!(
            places(&picture, "circle", "cx"),
            ["6.0".to_owned()]
                .into_iter()
                .chain(std::iter::repeat_n(format!("{middle:.1}"), 4))
                .collect::<Vec<_>>()
        );
        let description = picture
            .descendants()
            .find(|node| node.has_tag_name("desc"))
            .and_then(|node| node.text().map(str::to_owned));
        let description = description.unwrap();
        assert!(
            description.contains("weights 0123456789ab") && description.contains("1 tie (counted"),
            "{description}"
        );
    }

    #[test]
    fn what_is_partial_says_so_in_the_picture() {
        let mut report = samples::run();
        report.partial = Some("</text><script>".to_owned());
        let picture = svg((&report).into());
        let picture = Xml::parse(&picture).unwrap();
        let said = picture.descendants().any(|node| {
            node.has_tag_name("text") && node.text() == Some("PARTIAL: </text><script>")
        });
        assert!(said);
        let text = svg((&samples::comparison()).into());
        assert!(text.contains("Gate: 2 rules: 1 passed") && Xml::parse(&text).is_ok());
    }
}
