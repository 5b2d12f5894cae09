//! Tables that a click on a column's head sorts.

use crate::report::html::element::{Element, el};

/// Text, and a number to sort by where the text is none.
pub type Cell = (String, Option<f64>);

/// Each block is a body of its own, and is sorted by itself.
pub fn table(caption: &str, header: &[String], blocks: &[Vec<Vec<Cell>>]) -> Element {
    let head = el("tr").all(
        header
            .iter()
            .map(|name| el("th").set("scope", "col").text(name)),
    );
    let cell = |(at, (text, number)): (usize, &Cell)| {
        let cell = if at == 0 {
            el("th").set("scope", "row")
        } else {
            el("td")
        };
        let cell = cell.text(text);
        number.map_or_else(|| cell.clone(), |number| cell.clone().set("data-v", number))
    };
    let row = |cells: &Vec<Cell>| el("tr").all(cells.iter().enumerate().map(cell));
    let bodies = blocks
        .iter()
        .filter(|block| !block.is_empty())
        .map(|block| el("tbody").all(block.iter().map(row)));
    let table = el("table")
        .set("data-sortable", "true")
        .add(el("caption").text(caption))
        .add(el("thead").add(head))
        .all(bodies);
    // A region that scrolls must be reachable by keys.
    el("div")
        .class("scroll")
        .set("role", "region")
        .set("aria-label", caption)
        .set("tabindex", 0)
        .add(table)
}
