//! The formats that people read through a renderer: Markdown and LaTeX.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::report::hostile::documents::{each, shown};

#[test]
fn markdown_is_headings_tables_and_lists_of_text() {
    let mut options = Options::ENABLE_GFM
        | Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES;
    options |= Options::ENABLE_MATH | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    each(".md", |name, file, text| {
        let (mut cells, mut columns, mut items, mut headings) =
            (Vec::new(), 0, Vec::new(), Vec::new());
        let (mut now, mut metadata) = (String::new(), false);
        for event in Parser::new_ext(text, options) {
            match event {
                Event::Start(Tag::MetadataBlock(_)) => metadata = true,
                Event::End(TagEnd::MetadataBlock(_)) => metadata = false,
                Event::Start(Tag::Table(aligned)) => columns = aligned.len(),
                Event::Start(Tag::Heading { .. } | Tag::Item | Tag::TableCell) => now.clear(),
                Event::Text(text) if !metadata => now.push_str(&text),
                Event::End(TagEnd::TableCell) => cells.push(shown(&now)),
                Event::End(TagEnd::Heading(_)) => headings.push(shown(&now)),
                Event::End(TagEnd::Item) => items.push(shown(&now)),
                Event::Text(_) | Event::SoftBreak | Event::End(_) => {}
                Event::Start(tag) => {
                    let plain = matches!(
                        tag,
                        Tag::TableHead
                            | Tag::TableRow
                            | Tag::Strong
                            | Tag::List(None)
                            | Tag::Paragraph
                            | Tag::HtmlBlock
                    );
                    assert!(plain, "{name:?} {file}: {tag:?}\n{text}");
                }
                // What folds the subsets, and what hides the commands.
                Event::Html(html) => {
                    let own = ["<details>", "</details>", "<!--", "::", "-->"]
                        .iter()
                        .any(|start| html.trim_start().starts_with(start));
                    assert!(file.contains("github") && own, "{name:?} {file}: {html}");
                }
                event => panic!("{name:?} {file}: {event:?}\n{text}"),
            }
        }
        let expected = shown(name);
        assert!(
            cells.len().is_multiple_of(columns)
                && cells.iter().filter(|cell| **cell == expected).count() >= 1,
            "{name:?} {file}: {cells:?}"
        );
        // The cell behind the name is the number of pairs, whatever the name holds.
        let at = cells
            .iter()
            .skip(columns)
            .position(|cell| *cell == expected)
            .unwrap()
            + columns;
        assert!(
            cells[at + 1].is_empty() || cells[at + 1].parse::<usize>().is_ok(),
            "{name:?} {file}: {cells:?}"
        );
        assert!(
            headings[0].starts_with(&expected),
            "{name:?} {file}: {headings:?}"
        );
        assert!(items.contains(&expected), "{name:?} {file}: {items:?}");
    });
}

/// LaTeX has no reader here: its special characters are counted.
#[test]
fn latex_has_no_characters_of_its_own() {
    each(".tex", |name, _, text| {
        let ours = text.replace("\\\\\n", "\n");
        let bare = |wanted: char| {
            ours.char_indices()
                .filter(|(at, c)| *c == wanted && !ours[..*at].ends_with('\\'))
                .count()
        };
        // A comment on the package, one for each fact; three columns and their header in five rows;
        // what the escapes for signs of other fonts need.
        assert_eq!(
            (
                bare('%'),
                bare('&'),
                bare('#'),
                bare('_'),
                bare('^'),
                bare('~')
            ),
            (1 + 9, 5 * 3, 0, 0, 0, 0),
            "{name:?}: {text}"
        );
        assert!(
            !text.contains("\\input") && bare('{') == bare('}'),
            "{name:?}: {text}"
        );
    });
}
