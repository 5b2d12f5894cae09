//! Every format under names that try to be more than text: as snapshots, which `SNAPSHOTS=overwrite
//! cargo test` writes again, and as readers understand them that this project did not write.

use std::path::Path;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use saphyr::{LoadableYamlNode, Yaml};
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

use crate::benchmark::Dataset;
use crate::comparison::gate::{RuleOutcome, Status};
use crate::comparison::tests::paired;
use crate::data::Id;
use crate::data::excerpt::Excerpt;
use crate::report::comparison;
use crate::report::comparison::tests::sample as compared_sample;
use crate::report::comparison::{ComparisonReport, Flip};
use crate::report::tests::sample;
use crate::report::{
    Report, Style, csv, document, github, html, json, junit, latex, markdown, table,
};
use crate::support::error::{leaves_its_line, one_line};

/// What names and texts from files may hold, each the end of something in some format.
pub(crate) const HOSTILE: [&str; 36] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "&lt;b&gt;",
    "]]>",
    "--> <!-- --!>",
    "a|b",
    "`code`",
    "*b* _i_ ~~s~~",
    "[link](https://example.invalid) ![image](x)",
    "$x^2$ and $$y$$",
    "# heading #",
    "- item",
    "1. item",
    "---",
    "two\nlines",
    "two\r\n\r\nparagraphs",
    "\u{2028}separator",
    "=HYPERLINK(\"https://example.invalid\")",
    "+1",
    "-1+1",
    "@x",
    "\t=1",
    "\r@x",
    " =1",
    "\u{1b}[31mcolour",
    "\u{1b}]8;;https://example.invalid\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    "\u{1b}]52;c;eA==\u{7}",
    "\u{9b}31mC1\u{7f}",
    "\u{202e}txt.exe",
    "\u{2066}isolate\u{2069}",
    "\u{feff}mark\u{fffe}",
    "::error::x",
    " ::add-mask::x",
    "\\input{x} 5% a_b #2 {c} ~d^",
    "\"quoted\", 'a'; b",
    "key: [value] # {c} \\x41",
];

/// A report in which every text is `name`.
fn report(name: &str) -> Report {
    let text = name.to_owned();
    let mut report = sample();
    report.models.truncate(1);
    let model = &mut report.models[0];
    model.name.clone_from(&text);
    model.scores.subsets[0].0.clone_from(&text);
    model.scores.sections[0].0.clone_from(&text);
    model.invalid = vec![text.clone()];
    let scores = model.scores.clone();
    Report {
        title: text.clone(),
        benchmark: Some(text.clone()),
        dataset: Some(Dataset {
            id: text.clone(),
            revision: text.clone(),
            split: Some(text.clone()),
        }),
        partial: Some(text.clone()),
        others: vec![(text.clone(), scores)],
        notes: vec![text],
        ..report
    }
}

/// A comparison in which every text is `name`.
fn compared(name: &str) -> ComparisonReport {
    let text = name.to_owned();
    let comparison = paired(&[(name, "++-")], &[(name, "+-+")]);
    let excerpt = Excerpt {
        prompt: text.clone(),
        chosen: text.clone(),
        rejected: text.clone(),
    };
    let mut flips: Vec<Flip> = comparison
        .changes
        .iter()
        .map(|change| Flip {
            change: change.clone(),
            text: Some(excerpt.clone()),
        })
        .collect();
    flips[0].change.id = Some(Id::Text(text.clone()));
    let outcome = |status| RuleOutcome {
        rule: text.clone(),
        status,
        reason: text.clone(),
        look_at: vec![text.clone()],
    };
    let gate = [Status::Pass, Status::Fail, Status::Inconclusive]
        .map(outcome)
        .into();
    ComparisonReport {
        baseline: text.clone(),
        candidate: text.clone(),
        comparison,
        flips: Some(flips),
        gate,
        notes: vec![text.clone()],
    }
}

/// File names and what stands in them.
fn formats(report: &Report, compared: &ComparisonReport) -> Vec<(&'static str, String)> {
    let differences = ComparisonReport {
        flips: None,
        ..compared.clone()
    };
    vec![
        ("report.txt", table(report, Style::plain())),
        ("report.md", markdown(report)),
        ("report.html", html(report)),
        ("report.csv", csv(report)),
        ("report.json", document(&json(report))),
        ("report.tex", latex(report)),
        ("report.xml", junit(report)),
        ("report.github.md", github(report)),
        (
            "comparison.txt",
            comparison::table(compared, Style::plain()),
        ),
        ("comparison.md", comparison::markdown(compared)),
        ("comparison.html", html::comparison(compared)),
        ("comparison.csv", comparison::csv(&differences)),
        ("comparison.flips.csv", comparison::csv(compared)),
        ("comparison.json", document(&comparison::json(compared))),
        ("comparison.xml", junit::comparison(compared)),
        ("comparison.github.md", github::comparison(compared)),
    ]
}

/// Formats by the ending of their names, under every hostile name.
fn each(ending: &str, check: impl Fn(&str, &str, &str)) {
    for name in HOSTILE {
        for (file, text) in formats(&report(name), &compared(name))
            .iter()
            .filter(|(file, _)| file.ends_with(ending))
        {
            check(name, file, text);
        }
    }
}

/// As people see it: renderers of Markdown and the like take spaces together.
fn shown(name: &str) -> String {
    one_line(name)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn formats_are_as_committed() {
    let mut report = sample();
    let mut scores = report.models[1].scores.clone();
    let tally = scores.subsets[0].1;
    scores.subsets = HOSTILE.map(|name| (name.to_owned(), tally)).into();
    for model in &mut report.models {
        model.scores = scores.clone();
    }
    report.others[0].1 = scores;
    report.dataset = Some(Dataset {
        id: "owner/name".to_owned(),
        revision: "0123abcd".to_owned(),
        split: Some("test".to_owned()),
    });
    report.models[0].invalid = vec!["row 3 (hep-go): its text has a marker".to_owned()];
    let mut compared = compared_sample();
    compared.baseline = HOSTILE.join(" ");
    for (file, text) in formats(&report, &compared) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/snapshots")
            .join(file);
        let committed = Data::read_from(&path, Some(DataFormat::Text)).raw();
        Assert::new()
            .action_env(snapbox::assert::DEFAULT_ACTION_ENV)
            .eq(text, committed);
    }
}

#[test]
fn nothing_leaves_its_line_or_commands_the_log() {
    each("", |name, file, text| {
        assert!(
            text.chars().all(|c| c == '\n' || !leaves_its_line(c)),
            "{name:?} {file}: {text}"
        );
        let commands: Vec<&str> = text
            .lines()
            .filter(|line| line.trim_start().starts_with("::"))
            .collect();
        // Ours, for the rule that failed and the one that is open.
        let own = if file == "comparison.github.md" { 2 } else { 0 };
        assert_eq!(commands.len(), own, "{name:?} {file}: {text}");
        assert!(
            commands
                .iter()
                .all(|line| line.starts_with("::error title=gate%3A ")
                    || line.starts_with("::warning title=gate%3A ")),
            "{commands:?}"
        );
    });
}

#[test]
fn json_keeps_every_name_as_it_is() {
    each(".json", |name, file, text| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        if file == "report.json" {
            assert!(
                value["title"] == name
                    && value["models"][name]["subsets"][name].is_object()
                    && value["notes"][0] == name,
                "{text}"
            );
        } else {
            assert!(
                value["baseline"] == name
                    && value["subsets"][name].is_object()
                    && value["gate"][1]["reason"] == name,
                "{text}"
            );
        }
    });
}

/// All records, as csv-core reads them.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv_core::Reader::new();
    let (mut input, mut records) = (text.as_bytes(), Vec::new());
    loop {
        let (mut out, mut ends) = (vec![0; text.len() + 1], vec![0; 64]);
        let (result, read, _, fields) = reader.read_record(input, &mut out, &mut ends);
        input = &input[read..];
        match result {
            csv_core::ReadRecordResult::Record => {
                let starts = std::iter::once(0).chain(ends.iter().copied());
                records.push(
                    starts
                        .zip(&ends[..fields])
                        .map(|(start, end)| String::from_utf8(out[start..*end].to_vec()).unwrap())
                        .collect(),
                );
            }
            csv_core::ReadRecordResult::End => return records,
            _ => {}
        }
    }
}

#[test]
fn csv_has_fields_of_text_and_no_formula() {
    each(".csv", |name, file, text| {
        let records = records(text);
        assert!(
            records.len() > 1
                && records
                    .iter()
                    .all(|record| record.len() == records[0].len()),
            "{name:?} {file}: {text}"
        );
        assert_eq!(records.len(), text.lines().count(), "{name:?} {file}");
        let fields: Vec<&String> = records.iter().flatten().collect();
        let is_formula = |field: &str| {
            field.trim_start().starts_with(['=', '+', '-', '@']) && field.parse::<f64>().is_err()
        };
        assert!(
            fields
                .iter()
                .all(|field| !is_formula(field) && !field.starts_with(['\t', '\r'])),
            "{name:?} {file}: {text}"
        );
        assert!(
            fields
                .iter()
                .any(|field| field.strip_prefix('\'').unwrap_or(field) == one_line(name)),
            "{name:?} {file}: {text}"
        );
        // A name that looks like a number is none.
        assert!(fields.iter().all(|field| *field != "+1"), "{file}: {text}");
    });
}

#[test]
fn xml_is_well_formed_and_has_every_name() {
    each(".xml", |name, file, text| {
        let parsed = roxmltree::Document::parse(text)
            .unwrap_or_else(|error| panic!("{name:?} {file}: {error}\n{text}"));
        let known = [
            "testsuites",
            "testsuite",
            "properties",
            "property",
            "testcase",
            "failure",
            "skipped",
            "error",
            "system-out",
        ];
        assert!(
            parsed
                .root()
                .descendants()
                .filter(roxmltree::Node::is_element)
                .all(|node| known.contains(&node.tag_name().name()))
        );
        let expected = one_line(name).replace('\u{fffe}', "");
        let case = parsed
            .descendants()
            .find(|node| node.has_tag_name("testcase"))
            .unwrap();
        assert_eq!(case.attribute("name").unwrap(), expected, "{name:?} {file}");
    });
}

#[test]
fn front_matter_is_yaml_with_every_name() {
    each("report.md", |name, _, text| {
        let block = text
            .strip_prefix("---\n")
            .unwrap()
            .split_once("---\n\n# ")
            .unwrap()
            .0;
        let yaml =
            Yaml::load_from_str(block).unwrap_or_else(|error| panic!("{name:?}: {error}\n{block}"));
        let entries = yaml[0]["model-index"].as_vec().unwrap();
        let result = &entries[0]["results"][0];
        let expected = one_line(name);
        let string = |value: &Yaml| value.as_str().map(ToOwned::to_owned).unwrap();
        assert_eq!(
            (entries.len(), string(&entries[0]["name"])),
            (1, expected.clone())
        );
        assert_eq!(
            string(&result["dataset"]["name"]),
            format!("{expected} (PARTIAL: {expected})")
        );
        assert!(
            ["type", "revision", "split"]
                .iter()
                .all(|key| string(&result["dataset"][*key]) == expected),
            "{block}"
        );
        let metrics: Vec<(String, f64)> = result["metrics"]
            .as_vec()
            .unwrap()
            .iter()
            .map(|metric| {
                (
                    string(&metric["name"]),
                    metric["value"].as_floating_point().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            metrics,
            [
                ("average".to_owned(), 0.5),
                (expected.clone(), 0.5),
                (expected, 0.5)
            ]
        );
        assert!(!block.contains(['<', '>', '&']), "{block}");
    });
}

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
        // One comment; three columns and their header in four rows; what the escapes for signs of
        // other fonts need.
        assert_eq!(
            (
                bare('%'),
                bare('&'),
                bare('#'),
                bare('_'),
                bare('^'),
                bare('~')
            ),
            (1, 4 * 3, 0, 0, 0, 0),
            "{name:?}: {text}"
        );
        assert!(
            !text.contains("\\input") && bare('{') == bare('}'),
            "{name:?}: {text}"
        );
    });
}
