//! Tables that a click on a column's heading sorts.

use maud::{Markup, html};

use crate::report::html::text::text;

/// What stands in a cell, and what the column is sorted by where the text itself is no number.
pub(super) struct SortableCell {
    pub(super) text: String,
    pub(super) sort_by: Option<f64>,
    /// The best of its row.
    pub(super) best: bool,
}

impl From<String> for SortableCell {
    fn from(text: String) -> Self {
        Self {
            text,
            sort_by: None,
            best: false,
        }
    }
}

/// Each block becomes a body of its own and is sorted by itself. The first cell of a row is its
/// heading.
pub(super) fn table(caption: &str, header: &[String], blocks: &[Vec<Vec<SortableCell>>]) -> Markup {
    html! {
        // Keys must be able to reach a region that scrolls.
        div class="scroll" role="region" aria-label=(caption) tabindex="0" {
            table data-sortable="true" {
                caption { (caption) } "\n"
                thead {
                    tr { @for name in header { th scope="col" { (text(name)) } } }
                } "\n"
                @for block in blocks.iter().filter(|block| !block.is_empty()) {
                    tbody { @for cells in block { (row(cells)) "\n" } } "\n"
                }
            }
        }
    }
}

fn row(cells: &[SortableCell]) -> Markup {
    html! {
        tr {
            @for (at, cell) in cells.iter().enumerate() {
                @if at == 0 {
                    th scope="row" data-v=[cell.sort_by] { (text(&cell.text)) }
                } @else {
                    td data-v=[cell.sort_by] class=[cell.best.then_some("best")] {
                        (text(&cell.text))
                    }
                }
            }
        }
    }
}
