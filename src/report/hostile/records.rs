//! The formats for programs: JSON, comma-separated values, JUnit's XML and a model card's metadata.

use saphyr::{LoadableYamlNode, Yaml};

use crate::report::hostile::documents::each;
use crate::support::error::one_line;

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

/// All records, as a reader that allows any number of fields in each.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let fields = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
    reader
        .records()
        .map(|record| fields(record.unwrap()))
        .collect()
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
        // Whole texts keep their line breaks; nothing else has any.
        if !file.contains("flips") {
            assert_eq!(records.len(), text.lines().count(), "{name:?} {file}");
        }
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
fn a_cards_metadata_is_yaml_with_every_name() {
    each("card.md", |name, _, text| {
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
        assert_eq!(string(&result["dataset"]["name"]), expected);
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
