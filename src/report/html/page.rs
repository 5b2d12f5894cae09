//! The page around its content: nothing is loaded, and only the script and the style below run.

use data_encoding::BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::report::html::plot::shapes;
use crate::report::html::text::text;

/// Neither has `<` or `&`, so that the page is XML as well.
pub(super) const SCRIPT: &str = include_str!("sort.js");
pub(super) const STYLE: &str = include_str!("style.css");

/// A part of a page with its heading.
pub(super) struct Section {
    name: &'static str,
    content: Markup,
}

impl Section {
    pub(super) fn new(name: &'static str, content: Markup) -> Self {
        Self { name, content }
    }

    /// What links to it.
    fn anchor(&self) -> String {
        self.name.to_lowercase().replace(' ', "-")
    }
}

pub(super) fn page(title: &str, header: &Markup, sections: &[Section]) -> String {
    let page = html! {
        (DOCTYPE) "\n"
        html lang="en" {
            head {
                (metadata())
                title { (text(title)) }
                style { (PreEscaped(STYLE)) } "\n"
            } "\n"
            body {
                (shapes()) "\n"
                main {
                    (header) "\n"
                    nav aria-label="Sections" {
                        @for section in sections {
                            a href={ "#" (section.anchor()) } { (section.name) }
                        }
                    } "\n"
                    @for section in sections {
                        section aria-labelledby=(section.anchor()) {
                            h2 id=(section.anchor()) { (section.name) } "\n"
                            (section.content)
                        } "\n"
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        } "\n"
    };
    page.into_string()
}

/// Written by hand because maud leaves `meta` elements open: closed, the page is XML as well, and
/// an XML parser can check it.
fn metadata() -> PreEscaped<String> {
    PreEscaped(format!(
        r#"<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="{}"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<meta name="generator" content="pairbench"/>
"#,
        policy()
    ))
}

/// Allows the script and the style by their hashes and nothing else: no other script, no picture,
/// font or form.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", BASE64.encode(&Sha256::digest(text)));
    format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
}

/// A figure that a reader looks for first, with a label and what must be said beside it.
pub(super) struct Tile {
    pub(super) label: String,
    pub(super) figure: String,
    pub(super) detail: String,
}

pub(super) fn tiles(tiles: &[Tile]) -> Markup {
    html! {
        div class="tiles" {
            @for tile in tiles {
                div class="tile" {
                    p class="label" { (text(&tile.label)) } "\n"
                    p class="figure" { (text(&tile.figure)) } "\n"
                    p class="detail" { (text(&tile.detail)) }
                } "\n"
            }
        }
    }
}

pub(super) fn list(texts: &[String]) -> Markup {
    html! {
        ul class="notes" {
            @for entry in texts {
                li { (text(entry)) } "\n"
            }
        }
    }
}
