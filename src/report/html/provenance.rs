//! What the columns of a page were measured with.

use maud::html;

use crate::report::html::page::Section;
use crate::report::html::text::text;
use crate::report::measured_with::{self, Column, FactLine};

/// A list of facts, each with the columns that it is of where they do not share it.
pub(super) fn section(columns: &[Column]) -> Section {
    let lines = measured_with::lines(columns);
    let name = |line: &FactLine| line.of.as_ref().map(|of| format!(" of {of}"));
    let content = html! {
        div {
            p class="caption" { "Of hashes the first 12 digits." } "\n"
            dl class="facts" {
                @for line in &lines {
                    div {
                        dt { (line.key) @if let Some(of) = name(line) { (text(of)) } }
                        dd { (text(&line.text)) }
                    } "\n"
                }
            }
        }
    };
    Section::new("Measured with", content)
}
