//! Pairs to read, each with what models made of it.

use crate::data::excerpt::Excerpt;
use crate::metrics::three_digits;
use crate::report::html::element::{Element, el};
use crate::report::html::plot::Glyph;
use crate::scoring::Verdict;

/// A model's verdict: its glyph, its name, the decision and the margin.
pub type Line<'a> = (Glyph, &'a str, Verdict, f32);

pub fn pair(name: &str, verdicts: &[Line], text: Option<&Excerpt>) -> Element {
    let verdict = |(glyph, model, decision, margin): &Line| {
        let said =
            el("b")
                .class(decision.name())
                .text(format!("{} {}", mark(*decision), decision.name()));
        let margin = if margin.is_finite() {
            format!(
                " {}{}",
                if *margin > 0.0 { "+" } else { "" },
                three_digits(*margin)
            )
        } else {
            String::new()
        };
        el("li")
            .add(glyph.inline())
            .text(" ")
            .text(model)
            .text(" ")
            .add(said)
            .add(el("span").text(margin))
    };
    let part = |class: &str, label: &str, text: &str| {
        el("div")
            .class(class)
            .add(el("dt").text(label))
            .add(el("dd").set("dir", "auto").text(text))
    };
    let texts = text.map(|text| {
        el("dl")
            .add(part("prompt", "Prompt", &text.prompt))
            .add(part("chosen", "Chosen", &text.chosen))
            .add(part("rejected", "Rejected", &text.rejected))
    });
    el("article")
        .class("pair")
        .add(el("h4").text(name))
        .add(el("ul").class("verdicts").all(verdicts.iter().map(verdict)))
        .all(texts)
}

fn mark(decision: Verdict) -> char {
    match decision {
        Verdict::Correct => '✓',
        Verdict::Wrong => '✗',
        Verdict::Tie => '=',
        Verdict::Invalid => '?',
    }
}
