//! Labels that say which of two answers is better.

use std::collections::BTreeSet;

use crate::data::cell::excerpt;
use crate::data::column_map::{Field, Ties};
use crate::data::labels::Winner;
use crate::data::raw_row::{RawRow, Source};
use crate::data::twins::{Twins, twins_among};
use crate::support::error::{Error, Result};

/// What stands before the letter or number of an answer.
const STEMS: [&str; 7] = [
    "model_",
    "response_",
    "answer_",
    "assistant_",
    "completion_",
    "output_",
    "response ",
];

/// Names of the first and the second answer.
const NAMES: [[&str; 2]; 6] = [
    ["a", "b"],
    ["1", "2"],
    ["a>b", "b>a"],
    ["a>>b", "b>>a"],
    ["first", "second"],
    ["left", "right"],
];

/// Words of which a label that is a tie has one: `tie (bothbad)`, `both_bad`.
const TIES: [&str; 8] = [
    "tie", "ties", "tied", "both", "bothbad", "neither", "none", "same",
];

/// Makes the better answer the chosen one, in every row.
pub(crate) fn settle(source: Source, rows: &mut [RawRow]) -> Result<()> {
    if rows.iter().all(|row| row.label.is_none()) {
        return Ok(());
    }
    let labels = LabelsOfFile::new(source, rows)?;
    for (at, row) in rows.iter_mut().enumerate() {
        let label = row.label.take().unwrap_or_default();
        let winner = if row.is_tie {
            Some(Winner::Neither)
        } else {
            labels.winner(&label)
        };
        match winner {
            Some(Winner::First) => {}
            Some(Winner::Second) => std::mem::swap(&mut row.chosen, &mut row.rejected),
            Some(Winner::Neither) if source.map.ties() != Ties::Refused => row.is_tie = true,
            Some(Winner::Neither) => {
                return Err(no_winner(source, at, &label).hint(
                    "a tie is no pair: ties=drop in --map leaves such rows out, ties=keep keeps \
                     them for a benchmark whose metric is `agreement`",
                ));
            }
            None => {
                let column = source.map.shown(Field::Label);
                return Err(no_winner(source, at, &label).hint(format!(
                    "say the labels of rows whose first, and whose second answer is better: \
                     label={column}:FIRST/SECOND in --map; where they are names of models, which \
                     may stand first or second, write a or b instead"
                )));
            }
        }
    }
    Ok(())
}

/// How the labels of a file are read.
struct LabelsOfFile<'a> {
    source: Source<'a>,
    /// The columns that may be chosen, and those that may be rejected.
    columns: [Vec<&'a str>; 2],
    twins: Option<Twins>,
    /// The labels are 1 and 2.
    are_numbers: bool,
}

impl<'a> LabelsOfFile<'a> {
    fn new(source: Source<'a>, rows: &[RawRow]) -> Result<Self> {
        let columns = [Field::Chosen, Field::Rejected].map(|field| source.map.names_of(field));
        let twins = twins_among(&columns[0], &columns[1]);
        let counts_from_zero = twins.is_some_and(|own| own.count_from_zero);
        let are_numbers = are_numbers(source, rows, counts_from_zero)?;
        Ok(Self {
            source,
            columns,
            twins,
            are_numbers,
        })
    }

    /// What a label means, if anything.
    fn winner(&self, label: &str) -> Option<Winner> {
        if let Some(said) = self.source.map.labels() {
            let tie = || (!said.say_tie() && is_tie(label)).then_some(Winner::Neither);
            return said.meaning(label).or_else(tie);
        }
        // An answer may be called `none` or `both_tools`: only what names neither can be a tie.
        for (names, winner) in self.columns.iter().zip([Winner::First, Winner::Second]) {
            if names.contains(&label) {
                return Some(winner);
            }
        }
        let lower = label.to_lowercase();
        let stem = STEMS.iter().find_map(|stem| lower.strip_prefix(stem));
        let short = stem.unwrap_or(&lower);
        let is_number = short.parse::<f64>().is_ok();
        let counts_from_zero = self.twins.is_some_and(|own| own.count_from_zero);
        if is_number && (counts_from_zero || stem.is_none() && !self.are_numbers) {
            return None;
        }
        // `b` is the answer of column `response_b`, whichever place `--map` gives it.
        let in_place = |[first, second]: [&'static str; 2]| match self.twins {
            Some(twins) if twins.are_reversed => [second, first],
            _ => [first, second],
        };
        let mut names = NAMES.into_iter().map(in_place);
        let found = names.find_map(|names| among(names, short));
        found.or_else(|| is_tie(label).then_some(Winner::Neither))
    }
}

fn among([first, second]: [&str; 2], label: &str) -> Option<Winner> {
    match label {
        _ if label == first => Some(Winner::First),
        _ if label == second => Some(Winner::Second),
        _ => None,
    }
}

/// Whether the labels are 1 and 2. Other numbers have several meanings in the field: 0 and 1 are
/// places of the winner in Auto-J, and "the second wins", "the first wins" in SHP.
/// Beside answers that are called 0 and 1, a label 1 may be the second as well.
fn are_numbers(source: Source, rows: &[RawRow], counts_from_zero: bool) -> Result<bool> {
    let decided = rows.iter().filter(|row| !row.is_tie);
    let labels = decided.filter_map(|row| row.label.as_deref());
    let labels: BTreeSet<&str> = labels.collect();
    let is_number = |label: &&str| {
        let known = ["true", "false"].contains(&label.to_ascii_lowercase().as_str());
        known || label.parse::<f64>().is_ok()
    };
    if source.map.labels().is_some() || !labels.iter().any(is_number) {
        return Ok(false);
    }
    if labels.iter().eq(&["1", "2"]) && !counts_from_zero {
        return Ok(true);
    }
    let found: Vec<&str> = labels.iter().copied().take(10).collect();
    let column = source.map.shown(Field::Label);
    let what = format!(
        "column `{column}` has the labels {}: which answer do they mean?",
        found.join(", ")
    );
    let how = if found.iter().any(|label| label.starts_with('-')) {
        format!(
            "label={column}:-/+ where negative numbers mean the first answer and positive ones the \
             second, else label={column}:+/-, with 0 for a tie; otherwise \
             label={column}:FIRST/SECOND/TIE"
        )
    } else if let [one, other] = found[..] {
        format!(
            "say the label of rows whose first answer is better, then the other: \
             label={column}:{one}/{other} or label={column}:{other}/{one} in --map"
        )
    } else {
        format!(
            "say the label of rows whose first answer is better, of those whose second is, and of \
             ties: label={column}:FIRST/SECOND/TIE in --map, with | between labels of one meaning"
        )
    };
    Err(source.bad(&what).hint(how))
}

/// Whether a label says in words that neither answer is better.
fn is_tie(label: &str) -> bool {
    let lower = label.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    lower == "a=b" || words.any(|word| TIES.contains(&word))
}

fn no_winner(source: Source, row: usize, label: &str) -> Error {
    let column = source.map.shown(Field::Label);
    let what = format!("`{}` names neither answer", excerpt(label));
    source.bad_cell(row, &column, &what)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::data::column_map::ColumnMap;

    /// The chosen answers of rows with the answers `a` and `b`.
    fn winners(map: &str, labels: &[&str]) -> Result<String> {
        let map: ColumnMap = map.parse().unwrap();
        let source = Source {
            path: Path::new("x"),
            map: &map,
        };
        let row = |label: &&str| RawRow {
            subset: None,
            id: None,
            prompt: Vec::new(),
            chosen: "a".to_owned().into(),
            rejected: "b".to_owned().into(),
            label: Some((*label).to_owned()),
            is_tie: false,
            is_list_text: false,
        };
        let mut rows: Vec<RawRow> = labels.iter().map(row).collect();
        settle(source, &mut rows)?;
        assert!(rows.iter().all(|row| row.chosen != row.rejected));
        let better = rows.iter().filter(|row| !row.is_tie);
        Ok(better.filter_map(|row| row.chosen.only()).collect())
    }

    #[test]
    fn the_labels_of_known_datasets_are_read() {
        let map = "chosen=human_ref_A,rejected=human_ref_B,label=w";
        for labels in [
            ["A", "B"],
            ["a", "b"],
            ["model_a", "model_b"],
            ["response_1", "response_2"],
            ["A>B", "B>A"],
            ["1", "2"],
            ["human_ref_A", "human_ref_B"],
        ] {
            let [a, b] = labels;
            assert_eq!(winners(map, &[a, b, b]).unwrap(), "abb", "{labels:?}");
        }
        let shp = "chosen=human_ref_A,rejected=human_ref_B,label=labels:1/0";
        assert_eq!(winners(shp, &["1", "0", "1"]).unwrap(), "aba");
    }

    /// As Arena-Hard's judge writes them.
    #[test]
    fn grades_are_sides() {
        let map = "chosen=x,rejected=y,label=w,ties=drop";
        let labels = ["A>>B", "B>A", "A=B", "A>B", "B>>A"];
        assert_eq!(winners(map, &labels).unwrap(), "abab");
        let signs = "chosen=x,rejected=y,label=w:-/+,ties=drop";
        assert_eq!(winners(signs, &["-3", "2", "0", "-1"]).unwrap(), "aba");
    }

    #[test]
    fn a_label_names_its_column_in_whichever_place() {
        for (map, expected) in [
            ("chosen=response_a,rejected=response_b,label=w", "ab"),
            ("chosen=response_b,rejected=response_a,label=w", "ba"),
            ("chosen=output_2,rejected=output_1,label=w", "ba"),
            ("chosen=response_b|b,rejected=response_a|a,label=w", "ba"),
            ("chosen=x|response_b,rejected=response_a,label=w", "ba"),
            ("chosen=Second,rejected=First,label=w", "ba"),
            // What is said is of the columns as they were mapped.
            ("chosen=response_b,rejected=response_a,label=w:a/b", "ab"),
        ] {
            assert_eq!(winners(map, &["a", "b"]).unwrap(), expected, "{map}");
        }
        for [first, second] in NAMES {
            let map = "chosen=right,rejected=left,label=w";
            assert_eq!(winners(map, &[first, second]).unwrap(), "ba", "{first}");
        }
        // 1 may be the second of 0 and 1.
        let from_zero = "chosen=answer_0,rejected=answer_1,label=w";
        for labels in [["1", "2"], ["model_1", "model_2"]] {
            assert!(winners(from_zero, &labels).is_err(), "{labels:?}");
        }
        assert_eq!(winners(from_zero, &["answer_1", "a"]).unwrap(), "ba");
        let numbers = "chosen=output_2,rejected=output_1,label=w";
        assert_eq!(winners(numbers, &["1", "2"]).unwrap(), "ba");
    }

    #[test]
    fn ties_are_left_out_where_the_map_says_so() {
        let map = "chosen=response_1,rejected=response_2,label=winner,ties=drop";
        let labels = ["model_a", "tie", "model_b", "tie (bothbad)"];
        assert_eq!(winners(map, &labels).unwrap(), "ab");
        assert!(winners(map, &["model_a", "model_c"]).is_err());
        let auto_j = "chosen=response 1,rejected=response 2,label=label:0/1/2,ties=keep";
        assert_eq!(winners(auto_j, &["0", "2", "1"]).unwrap(), "ab");
        assert!(winners(auto_j, &["0", "3"]).is_err());
    }

    #[test]
    fn a_label_that_names_an_answer_is_no_tie() {
        let declared = "chosen=x,rejected=y,label=w:none/cot,ties=drop";
        let labels = ["none", "cot", "none", "cot", "tie"];
        assert_eq!(winners(declared, &labels).unwrap(), "abab");
        let columns = "chosen=both_tools,rejected=no_tools,label=w,ties=drop";
        let labels = ["both_tools", "no_tools", "tie"];
        assert_eq!(winners(columns, &labels).unwrap(), "ab");
        let map = "chosen=x,rejected=y,label=w,ties=drop";
        for tie in [
            "Tie",
            "tied",
            "tie (bothbad)",
            "bothbad",
            "both_bad",
            "None",
        ] {
            assert_eq!(winners(map, &["a", tie]).unwrap(), "a", "{tie}");
        }
        for other in ["patient", "entities", "properties", "somebody", "untied"] {
            let error = winners(map, &["a", other]).unwrap_err().render();
            assert!(error.contains("names neither answer"), "{error}");
        }
    }

    #[test]
    fn labels_that_leave_a_doubt_are_refused() {
        let map = "chosen=a,rejected=b,label=w";
        for (labels, says) in [
            (
                &["0", "1"][..],
                "column `w` has the labels 0, 1: which answer",
            ),
            (&["1", "1"], "column `w` has the labels 1: which answer"),
            (&["0", "1", "2"], "column `w` has the labels 0, 1, 2"),
            (&["true", "false"], "column `w` has the labels false, true"),
            (
                &["a", "tie"],
                "row 1, column `w`: `tie` names neither answer",
            ),
            (&["a", "c"], "row 1, column `w`: `c` names neither answer"),
        ] {
            let error = winners(map, labels).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
