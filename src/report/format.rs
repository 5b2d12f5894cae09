//! The formats that reports are written in.

/// What a report becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    #[default]
    Table,
    Markdown,
    /// One page with charts that needs nothing but a browser.
    Html,
    Json,
    Csv,
    /// A table for booktabs; comparisons do not have it.
    Latex,
    /// XML that CI systems read.
    Junit,
    /// Markdown for a step summary or a comment.
    Github,
}
