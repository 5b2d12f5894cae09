//! A pair to read, with each model's verdict on it.

use maud::{Markup, html};

use crate::data::pair_texts::{PairTexts, excerpt};
use crate::report::chart::Glyph;
use crate::report::html::text::text;
use crate::report::verdict_mark::{signed, verdict_mark};
use crate::scoring::Verdict;

/// Characters that a text shows before it is unfolded, and lines.
const FOLDED: usize = 400;
const FOLDED_LINES: usize = 8;
/// Characters of a text that the page holds: a text may have a million.
const WHOLE: usize = 20_000;

/// What a model says about the pair.
pub(super) struct ModelVerdict<'a> {
    pub(super) glyph: Glyph,
    pub(super) model: &'a str,
    pub(super) verdict: Verdict,
    pub(super) margin: f32,
}

/// `texts`: shown where they can be read.
pub(super) fn pair(name: &str, verdicts: &[ModelVerdict], texts: Option<&PairTexts>) -> Markup {
    html! {
        article class="pair" {
            h4 { (text(name)) } "\n"
            ul class="verdicts" {
                @for verdict in verdicts { (line(verdict)) "\n" }
            } "\n"
            @if let Some(texts) = texts {
                dl {
                    (part("prompt", "Prompt", &texts.prompt)) "\n"
                    (part("chosen", "Chosen", &texts.chosen)) "\n"
                    (part("rejected", "Rejected", &texts.rejected))
                } "\n"
            }
        }
    }
}

fn line(line: &ModelVerdict) -> Markup {
    let verdict = line.verdict;
    html! {
        li {
            (line.glyph.inline()) " " (text(line.model)) " "
            b class=(verdict.name()) { (verdict_mark(verdict)) " " (verdict.name()) }
            @if let Some(margin) = signed(line.margin) { span { " " (margin) } }
        }
    }
}

/// A long text shows its beginning and unfolds.
fn part(class: &str, label: &str, content: &str) -> Markup {
    let beginning = excerpt(content, FOLDED);
    let is_short = beginning.chars().count() < FOLDED && content.lines().count() <= FOLDED_LINES;
    html! {
        div class=(class) {
            dt { (label) }
            dd dir="auto" {
                @if is_short {
                    p class="text" { (lines(content)) }
                } @else {
                    details {
                        summary { span { (text(beginning)) } }
                        p class="text" { (lines(content)) }
                    }
                }
            }
        }
    }
}

/// A text with its line breaks, as elements: a page has line feeds only between tags.
fn lines(content: &str) -> Markup {
    let (shown, rest) = match content.char_indices().nth(WHOLE) {
        Some((end, _)) => content.split_at(end),
        None => (content, ""),
    };
    html! {
        @for line in shown.trim().lines() {
            span { (text(line.replace('\t', "    "))) }
        }
        @if !rest.is_empty() {
            i { "… " (rest.chars().count()) " more characters: `pairbench show` prints them" }
        }
    }
}
