//! Files whose columns have other names: what was found, and what to type.

use crate::data::column_map::Field;
use crate::data::raw_row::Source;
use crate::support::error::{Error, Result};

/// What prompts are called.
const PROMPTS: [&str; 8] = [
    "prompt",
    "instruction",
    "question",
    "query",
    "input",
    "context",
    "history",
    "post",
];

/// Words in the names of answers.
const ANSWERS: [&str; 9] = [
    "response",
    "answer",
    "completion",
    "output",
    "candidate",
    "reply",
    "generation",
    "ref",
    "conversation",
];

/// What answers are called whose names say which is better.
const RANKED: [[&str; 2]; 5] = [
    ["chosen_response", "rejected_response"],
    ["preferred", "dispreferred"],
    ["preferred", "rejected"],
    ["accepted", "rejected"],
    ["better", "worse"],
];

/// What columns are called that name the better of two answers.
const LABELS: [&str; 7] = [
    "label",
    "winner",
    "preference",
    "preferred",
    "better",
    "choice",
    "labels",
];

/// The file, or this row of it, lacks columns.
pub(crate) fn missing_columns(
    source: Source,
    row: usize,
    missing: &[Field],
    found: &[String],
) -> Error {
    let names: Vec<String> = missing
        .iter()
        .map(|field| format!("`{}`", source.map.shown(*field)))
        .collect();
    let what = format!("no column {}", names.join(", "));
    let mut hint = format!("the columns are: {}", found.join(", "));
    if let Some(map) = suggestion(missing, found) {
        hint.push_str(&format!("; {map}"));
    } else if missing == [Field::Prompt] {
        hint.push_str(
            "; name it with --map prompt=COLUMN; if both texts begin with it: --map \
             implicit-prompt=extract; or give the answers as whole conversations, lists of {role, \
             content}",
        );
    } else {
        hint.push_str("; needed: prompt, chosen, rejected; --map NAME=COLUMN,… names others");
    }
    source
        .bad(&what)
        .caused_by(format!("in row {row}"))
        .hint(hint)
}

/// A file with two answers and a winner must not be read as if the first always won.
pub(crate) fn unused_label(source: Source, found: &dyn Fn() -> Vec<String>) -> Result<()> {
    if !source.map.renames_answers() || source.map.says_label() {
        return Ok(());
    }
    let used = |name: &str| source.map.field(name).is_some();
    let found = found();
    let Some(label) = found
        .iter()
        .find(|name| LABELS.contains(&name.as_str()) && !used(name))
    else {
        return Ok(());
    };
    let what = format!("column `{label}` seems to say which answer is better");
    let hint = format!("add label={label} to --map, or label= if it does not");
    Err(source.bad(&what).hint(hint))
}

/// What to type, where the names leave little doubt.
fn suggestion(missing: &[Field], found: &[String]) -> Option<String> {
    let has = |name: &str| found.iter().any(|column| column == name);
    let mut typed = Vec::new();
    if missing.contains(&Field::Prompt) {
        let prompt = PROMPTS.into_iter().find(|name| has(name))?;
        typed.push(format!("prompt={prompt}"));
    }
    if !missing.contains(&Field::Chosen) && !missing.contains(&Field::Rejected) {
        if typed.is_empty() {
            return None;
        }
        return Some(format!("try --map {}", quoted(&typed.join(","))));
    }
    let ranked = RANKED
        .into_iter()
        .find(|[good, bad]| has(good) && has(bad))
        .map(|names| names.map(str::to_owned));
    let labelled = ranked.is_none();
    let [first, second] = ranked.or_else(|| twins(found))?;
    typed.push(format!("chosen={first},rejected={second}"));
    let map = quoted(&typed.join(","));
    if !labelled {
        return Some(format!("try --map {map}"));
    }
    match LABELS.into_iter().find(|name| has(name)) {
        Some(label) => {
            typed.push(format!("label={label}"));
            let map = quoted(&typed.join(","));
            Some(format!(
                "if `{label}` says which answer is better: --map {map}"
            ))
        }
        None => Some(format!(
            "if `{first}` is always the better answer: --map {map}"
        )),
    }
}

/// Two columns of answers whose names differ in their ends only: a and b, 1 and 2.
fn twins(found: &[String]) -> Option<[String; 2]> {
    const ENDS: [[&str; 2]; 4] = [["a", "b"], ["A", "B"], ["1", "2"], ["0", "1"]];
    let is_answer = |name: &str| {
        ANSWERS
            .iter()
            .any(|word| name.to_lowercase().contains(word))
    };
    let twin = |name: &String| {
        let of = |[one, two]: [&str; 2]| {
            let other = format!("{}{two}", name.strip_suffix(one)?);
            found.contains(&other).then(|| [name.clone(), other])
        };
        ENDS.into_iter().find_map(of)
    };
    found.iter().filter(|name| is_answer(name)).find_map(twin)
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+%".contains(c);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_known_datasets_are_recognised() {
        let all = [Field::Prompt, Field::Chosen, Field::Rejected];
        let of = |columns: &[&str]| {
            let found: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
            suggestion(&all, &found)
        };
        for (columns, says) in [
            (
                &["instruction", "response_a", "response_b"][..],
                "if `response_a` is always the better answer: \
                 --map prompt=instruction,chosen=response_a,rejected=response_b",
            ),
            (
                &["label", "prompt", "response 1", "response 2"],
                "if `label` says which answer is better: \
                 --map 'prompt=prompt,chosen=response 1,rejected=response 2,label=label'",
            ),
            (
                &["question", "response_A", "response_B", "winner"],
                "--map prompt=question,chosen=response_A,rejected=response_B,label=winner",
            ),
            (
                &["question", "better", "worse"],
                "try --map prompt=question,chosen=better,rejected=worse",
            ),
        ] {
            let found = of(columns).unwrap();
            assert!(found.contains(says), "{found}");
        }
        assert_eq!(of(&["text", "response_a", "response_b"]), None);
        assert_eq!(of(&["prompt", "model_a", "model_b"]), None);
    }
}
