//! Markup that cannot be broken by what is put into it: names are the program's own, everything
//! else is text.

use std::fmt::{self, Display};

use crate::report::junit::escape;

/// Elements that have no content; the others get an end tag even where they are empty, as HTML
/// wants it.
const VOID: [&str; 5] = ["meta", "line", "path", "rect", "use"];
/// Elements after which a line ends: for readers of the source and of differences.
const LINES: [&str; 13] = [
    "article", "div", "h2", "h3", "head", "header", "li", "meta", "p", "section", "style", "svg",
    "tr",
];

#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    name: &'static str,
    attributes: String,
    content: String,
}

pub fn el(name: &'static str) -> Element {
    Element {
        name,
        attributes: String::new(),
        content: String::new(),
    }
}

/// An inline script or style, as it is: only the program's own texts live so long.
pub fn verbatim(name: &'static str, text: &'static str) -> Element {
    Element {
        content: text.to_owned(),
        ..el(name)
    }
}

impl Element {
    pub fn set(mut self, name: &'static str, value: impl Display) -> Self {
        self.attributes
            .push_str(&format!(" {name}=\"{}\"", escape(&value.to_string())));
        self
    }

    pub fn class(self, classes: impl Display) -> Self {
        self.set("class", classes)
    }

    /// Text behind a child that ends its line begins the next one: there it must not be a command
    /// to the log of a CI job ([`crate::support::error::without_workflow_command`]).
    pub fn text(mut self, text: impl Display) -> Self {
        let text = escape(&text.to_string());
        self.content
            .push_str(&if text.trim_start().starts_with("::") {
                text.replacen(':', "&#58;", 1)
            } else {
                text
            });
        self
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "a child is made where it is added"
    )]
    pub fn add(mut self, child: Element) -> Self {
        self.content.push_str(&child.to_string());
        self
    }

    pub fn all(self, children: impl IntoIterator<Item = Element>) -> Self {
        children.into_iter().fold(self, Self::add)
    }
}

impl Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            attributes,
            content,
        } = self;
        let end = if LINES.contains(name) { "\n" } else { "" };
        if VOID.contains(name) {
            write!(f, "<{name}{attributes}/>{end}")
        } else {
            write!(f, "<{name}{attributes}>{content}</{name}>{end}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_stays_text() {
        let hostile = "\"'><script>alert(1)</script>&amp;\u{1b}[0m\u{202e}";
        let found = el("b").set("title", hostile).text(hostile).to_string();
        let escaped = "&quot;&apos;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp; [0m";
        assert_eq!(found, format!("<b title=\"{escaped}\">{escaped}</b>"));
    }

    #[test]
    fn empty_elements_end_as_html_wants_it() {
        let found = el("div")
            .add(el("span"))
            .add(el("line").set("x1", 1))
            .all([el("i"), el("i")]);
        assert_eq!(
            found.to_string(),
            "<div><span></span><line x1=\"1\"/><i></i><i></i></div>\n"
        );
    }
}
