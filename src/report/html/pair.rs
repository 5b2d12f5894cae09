//! A pair to read, with each model's verdict on it.

use maud::{Markup, html};

use crate::data::excerpt::Excerpt;
use crate::metrics::three_digits;
use crate::report::html::plot::Glyph;
use crate::report::html::text::text;
use crate::scoring::Verdict;

/// What a model says about the pair.
pub(super) struct ModelVerdict<'a> {
    pub(super) glyph: Glyph,
    pub(super) model: &'a str,
    pub(super) verdict: Verdict,
    pub(super) margin: f32,
}

/// `texts`: shown where they can be read.
pub(super) fn pair(name: &str, verdicts: &[ModelVerdict], texts: Option<&Excerpt>) -> Markup {
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
            b class=(verdict.name()) { (mark(verdict)) " " (verdict.name()) }
            span { (signed(line.margin)) }
        }
    }
}

/// Empty where the margin is not finite.
fn signed(margin: f32) -> String {
    if margin.is_finite() {
        let plus = if margin > 0.0 { "+" } else { "" };
        format!(" {plus}{}", three_digits(margin))
    } else {
        String::new()
    }
}

fn part(class: &str, label: &str, content: &str) -> Markup {
    html! {
        div class=(class) {
            dt { (label) }
            dd dir="auto" { (text(content)) }
        }
    }
}

fn mark(verdict: Verdict) -> char {
    match verdict {
        Verdict::Correct => '✓',
        Verdict::Wrong => '✗',
        Verdict::Tie => '=',
        Verdict::Invalid => '?',
    }
}
