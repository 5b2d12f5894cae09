//! The formats that documents are rendered in.

/// What a document becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For a terminal.
    #[default]
    Table,
    /// As the table, with dots and intervals in the place of figures.
    Plot,
    /// A table and notes to read.
    Markdown,
    /// Markdown with the metadata of the Hugging Face hub, of one model; runs only.
    ModelCard,
    /// One page with charts that needs nothing but a browser.
    Html,
    /// A picture: figures with their intervals.
    Svg,
    /// For programs; `docs/schema` describes it.
    Json,
    /// Figures for a spreadsheet.
    Csv,
    /// A table for LaTeX's booktabs; runs only.
    Latex,
    /// XML that CI systems show as test results.
    Junit,
    /// Markdown for a GitHub step summary or a comment.
    Github,
}
