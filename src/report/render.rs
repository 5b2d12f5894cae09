//! The one way from a document to text.

use crate::report::document::Document;
use crate::report::format::Format;
use crate::report::table::Style;
use crate::report::{csv, github, html, json, junit, latex, markdown, table};
use crate::support::error::{Error, Result};

/// The text of a document. `style` is for [`Format::Table`] alone: files have no colours.
///
/// # Errors
///
/// A usage error where the document does not exist in this format: a comparison has no LaTeX.
pub fn render<'a>(
    document: impl Into<Document<'a>>,
    format: Format,
    style: Style,
) -> Result<String> {
    let document = document.into();
    match format {
        Format::Table => Ok(table::table(document, style)),
        Format::Markdown => Ok(markdown::markdown(document)),
        Format::Html => Ok(html::html(document)),
        Format::Json => Ok(json::json_text(&json::json(document))),
        Format::Csv => csv::csv(document),
        Format::Latex => match document {
            Document::Run(report) => Ok(latex::latex(report)),
            Document::Comparison(_) => Err(no_latex()),
        },
        Format::Junit => junit::junit(document),
        Format::Github => Ok(github::github(document)),
    }
}

fn no_latex() -> Error {
    Error::usage("failed to render the comparison: LaTeX has only the table of a run")
        .hint("formats of a comparison: table, markdown, html, json, csv, junit, github")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn a_comparison_has_no_latex() {
        let error = render(&samples::comparison(), Format::Latex, Style::plain()).unwrap_err();
        assert!(
            error
                .render()
                .contains("table, markdown, html, json, csv, junit, github")
        );
        assert!(render(&samples::run(), Format::Latex, Style::plain()).is_ok());
    }
}
