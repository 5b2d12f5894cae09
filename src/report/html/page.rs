//! The page around its content: nothing is loaded, and only the script and the style below run.

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use crate::report::html::element::{Element, el, verbatim};
use crate::report::html::plot::shapes;

/// Neither has `<` or `&`, so that the page is XML as well.
pub const SCRIPT: &str = include_str!("sort.js");
pub const STYLE: &str = include_str!("style.css");

pub fn page(title: &str, header: Element, sections: Vec<(&str, Element)>) -> String {
    let meta =
        |name: &'static str, content: &str| el("meta").set("name", name).set("content", content);
    let head = el("head")
        .add(el("meta").set("charset", "utf-8"))
        .add(
            el("meta")
                .set("http-equiv", "Content-Security-Policy")
                .set("content", policy()),
        )
        .add(meta("viewport", "width=device-width, initial-scale=1"))
        .add(meta("color-scheme", "light dark"))
        .add(meta("generator", "pairbench"))
        .add(el("title").text(title))
        .add(verbatim("style", STYLE));
    let anchor = |name: &str| name.to_lowercase().replace(' ', "-");
    let links = sections
        .iter()
        .map(|(name, _)| el("a").set("href", format!("#{}", anchor(name))).text(name));
    let nav = el("nav").set("aria-label", "Sections").all(links);
    let section = |(name, content): (&str, Element)| {
        let id = anchor(name);
        el("section")
            .set("aria-labelledby", &id)
            .add(el("h2").set("id", &id).text(name))
            .add(content)
    };
    let main = el("main")
        .add(header)
        .add(nav)
        .all(sections.into_iter().map(section));
    let body = el("body")
        .add(shapes())
        .add(main)
        .add(verbatim("script", SCRIPT));
    format!(
        "<!DOCTYPE html>\n{}\n",
        el("html").set("lang", "en").add(head).add(body)
    )
}

/// By their hashes the script and the style are allowed, and nothing else is: no other script, no
/// picture, font or form.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", BASE64.encode(&Sha256::digest(text)));
    format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
}

/// Figures that a reader looks for first: a label, the figure, what must be said beside it.
pub fn tiles(tiles: impl IntoIterator<Item = [String; 3]>) -> Element {
    let tile = |[label, figure, detail]: [String; 3]| {
        el("div")
            .class("tile")
            .add(el("p").class("label").text(label))
            .add(el("p").class("figure").text(figure))
            .add(el("p").class("detail").text(detail))
    };
    el("div").class("tiles").all(tiles.into_iter().map(tile))
}

pub fn list(texts: &[String]) -> Element {
    el("ul")
        .class("notes")
        .all(texts.iter().map(|text| el("li").text(text)))
}
