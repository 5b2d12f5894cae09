//! Text in a page. maud escapes it, so no text becomes markup.

use std::fmt::Display;

use crate::support::error::one_line;

/// Text that the program did not write itself: on one line, without control characters and without
/// the two characters that XML 1.0 forbids besides.
///
/// A page has line feeds only between two tags, so text never begins a line: it cannot be a command
/// to the log of a CI job ([`crate::support::error::without_workflow_command`]).
pub(super) fn text(value: impl Display) -> String {
    one_line(&value.to_string()).replace(['\u{fffe}', '\u{ffff}'], "")
}

#[cfg(test)]
mod tests {
    use maud::html;

    use super::*;

    #[test]
    fn what_is_put_in_stays_text() {
        let hostile = "\"'><script>alert(1)</script>&amp;\u{1b}[0m\u{202e}";
        let markup = html! { b title=(text(hostile)) { (text(hostile)) } };
        // A single quote ends nothing: attributes have double quotes.
        let escaped = "&quot;'&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp; [0m";
        assert_eq!(
            markup.into_string(),
            format!("<b title=\"{escaped}\">{escaped}</b>")
        );
    }
}
