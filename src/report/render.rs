//! The one way from a document to text.

use crate::report::document::Document;
use crate::report::format::Format;
use crate::report::model_card::ModelCard;
use crate::report::style::Style;
use crate::report::terminal::{self, Figures};
use crate::report::{csv, github, html, json, junit, latex, markdown, svg};
use crate::support::error::{Error, Result};

/// The text of a document. `style` is for [`Format::Table`] and [`Format::Plot`] alone: files have
/// no colours.
///
/// # Errors
///
/// A usage error where the document does not exist in this format: a comparison has no LaTeX, and a
/// part of a benchmark no model card.
pub fn render<'a>(
    document: impl Into<Document<'a>>,
    format: Format,
    style: Style,
) -> Result<String> {
    let document = document.into();
    match format {
        Format::Table => Ok(terminal::text(document, Figures::Table, style)),
        Format::Plot => Ok(terminal::text(document, Figures::Plot, style)),
        Format::Svg => Ok(svg::svg(document)),
        Format::Markdown => Ok(markdown::markdown(document)),
        Format::ModelCard => match document {
            Document::Run(report) => ModelCard::new(report).map(|card| markdown::model_card(&card)),
            Document::Comparison(_) => Err(not_of_a_comparison("a model card is of one model")),
        },
        Format::Html => Ok(html::html(document)),
        Format::Json => Ok(json::json_text(&json::json(document))),
        Format::Csv => csv::csv(document),
        Format::Latex => match document {
            Document::Run(report) => Ok(latex::latex(report)),
            Document::Comparison(_) => {
                Err(not_of_a_comparison("LaTeX has only the table of a run"))
            }
        },
        Format::Junit => junit::junit(document),
        Format::Github => Ok(github::github(document)),
    }
}

fn not_of_a_comparison(why: &str) -> Error {
    Error::usage(format!("failed to render the comparison: {why}"))
        .hint("formats of a comparison: table, plot, markdown, html, svg, json, csv, junit, github")
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
                .contains("table, plot, markdown, html, svg, json, csv, junit, github")
        );
        assert!(render(&samples::run(), Format::Latex, Style::plain()).is_ok());
    }
}
