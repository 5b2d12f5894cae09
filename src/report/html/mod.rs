//! One page that needs nothing but a browser: inline SVG, no request, and a script only to sort
//! tables.

mod comparison;
mod documents;
mod margins;
mod page;
mod pair;
mod plot;
mod provenance;
mod run_header;
mod run_sections;
mod scatter;
mod table;
#[cfg(test)]
mod tests;
mod text;

pub(super) use documents::html;
