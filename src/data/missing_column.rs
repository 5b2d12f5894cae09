//! Files whose columns have other names: what was found, and what to type.

use crate::data::column_map::Field;
use crate::data::raw_row::Source;
use crate::data::twins::{twins, twins_among};
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

/// What parts of prompts are called that stand beside them.
const PROMPT_PARTS: [&str; 5] = ["input", "context", "history", "system", "system_prompt"];

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

/// Words in the names of such columns: `overall_preference`, `winner_model_a`, `safer_response_id`.
const LABEL_WORDS: [&str; 23] = [
    "label",
    "labels",
    "winner",
    "winners",
    "win",
    "wins",
    "pref",
    "preference",
    "preferred",
    "prefer",
    "better",
    "best",
    "safer",
    "choice",
    "chosen",
    "selected",
    "verdict",
    "judgment",
    "judgement",
    "decision",
    "vote",
    "votes",
    "annotator",
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
    let prompt = source.map.columns(Field::Prompt).first();
    if let Some(map) = suggestion(missing, found, prompt) {
        hint.push_str(&format!("; {map}"));
        if let Some(left) = left_of_prompt(missing, found, prompt) {
            hint.push_str(&format!(
                "; no model reads `{left}` then: join it with the prompt before"
            ));
        }
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

/// A file with two answers and a winner must not be read as if the first always won, nor one whose
/// ties stand apart, in `winner_tie`, as if they were wins.
pub(crate) fn unused_verdicts(source: Source, found: &dyn Fn() -> Vec<String>) -> Result<()> {
    let map = source.map;
    if !map.renames_answers() || map.says(Field::Label) && map.says(Field::Tie) {
        return Ok(());
    }
    let mut unused = found();
    let has_label = !map.columns(Field::Label).is_empty()
        || !map.says(Field::Label) && unused.iter().any(|name| name == Field::Label.name());
    let mapped: Vec<&str> = Field::ALL
        .into_iter()
        .flat_map(|field| map.names_of(field))
        .collect();
    // A path leads into its first part.
    let leads_into = |path: &str, name: &str| {
        let rest = path.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    unused.retain(|name| !mapped.iter().any(|path| leads_into(path, name)));
    if has_label && !map.says(Field::Tie) {
        let tie = unused.iter().find(|name| has_word(name, &["tie", "ties"]));
        let what = "that neither answer is better";
        return tie.map_or(Ok(()), |column| {
            Err(unused_verdict(source, Field::Tie, column, what))
        });
    }
    if has_label || map.says(Field::Label) {
        return Ok(());
    }
    let [chosen, rejected] = [Field::Chosen, Field::Rejected].map(|field| map.names_of(field));
    let are_twins = twins_among(&chosen, &rejected).is_some();
    let what = "which answer is better";
    label_of(&unused, are_twins).map_or(Ok(()), |column| {
        Err(unused_verdict(source, Field::Label, column, what))
    })
}

fn unused_verdict(source: Source, field: Field, column: &str, what: &str) -> Error {
    let what = format!("column `{column}` seems to say {what}");
    let field = field.name();
    let hint = format!("add {field}={column} to --map, or {field}= if it does not");
    source.bad(&what).hint(hint)
}

/// The column that says which of two answers is better. Where the names of the answers say only
/// which stands first, something must, and a word of such a name is enough.
fn label_of(found: &[String], are_twins: bool) -> Option<&String> {
    let known = LABELS
        .iter()
        .find_map(|label| found.iter().find(|name| name == label));
    known.or_else(|| {
        let mut found = found.iter();
        found.find(|name| are_twins && has_word(name, &LABEL_WORDS))
    })
}

/// Whether a name has one of these words; digits behind a word count for nothing.
fn has_word(name: &str, words: &[&str]) -> bool {
    let lower = name.to_lowercase();
    let mut parts = lower.split(|c: char| !c.is_alphabetic());
    parts.any(|part| words.contains(&part))
}

/// A part of the prompt that the suggestion leaves out.
fn left_of_prompt<'a>(
    missing: &[Field],
    found: &'a [String],
    mapped: Option<&String>,
) -> Option<&'a String> {
    let is_there = |prompt: &&&str| found.iter().any(|name| name == **prompt);
    let prompt = if missing.contains(&Field::Prompt) {
        *PROMPTS.iter().find(is_there)?
    } else {
        mapped.map_or(Field::Prompt.name(), String::as_str)
    };
    let is_left = |name: &&String| PROMPT_PARTS.contains(&name.as_str()) && *name != prompt;
    found.iter().find(is_left)
}

/// What to type, where the names leave little doubt; `mapped` is the prompt's column, where that was
/// said.
fn suggestion(missing: &[Field], found: &[String], mapped: Option<&String>) -> Option<String> {
    let has = |name: &str| found.iter().any(|column| column == name);
    let mut typed: Vec<String> = mapped
        .map(|own| format!("prompt={own}"))
        .into_iter()
        .collect();
    if missing.contains(&Field::Prompt) {
        typed.clear();
        let prompt = PROMPTS.into_iter().find(|name| has(name))?;
        typed.push(format!("prompt={prompt}"));
    }
    if !missing.contains(&Field::Chosen) && !missing.contains(&Field::Rejected) {
        if !missing.contains(&Field::Prompt) {
            return None;
        }
        return Some(format!("try --map {}", quoted(&typed.join(","))));
    }
    let ranked = RANKED
        .into_iter()
        .find(|[good, bad]| has(good) && has(bad))
        .map(|names| names.map(str::to_owned));
    let are_twins = ranked.is_none();
    let [first, second] = ranked.or_else(|| twin_columns(found))?;
    typed.push(format!("chosen={first},rejected={second}"));
    let map = quoted(&typed.join(","));
    if !are_twins {
        return Some(format!("try --map {map}"));
    }
    let is_answer = |name: &&String| [&first, &second].contains(name);
    let others: Vec<String> = found
        .iter()
        .filter(|name| !is_answer(name))
        .cloned()
        .collect();
    match label_of(&others, true) {
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

/// Two columns of answers whose names differ in their places only.
fn twin_columns(found: &[String]) -> Option<[String; 2]> {
    let is_answer = |name: &str| {
        ANSWERS
            .iter()
            .any(|word| name.to_lowercase().contains(word))
    };
    let twin = |name: &String| {
        let is_second = |other: &&String| twins(name, other).is_some_and(|own| !own.are_reversed);
        let other = found.iter().find(is_second)?;
        Some([name.clone(), other.clone()])
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
            suggestion(&all, &found, None)
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
        // HelpSteer3's names.
        let found = of(&["context", "response1", "response2", "overall_preference"]).unwrap();
        assert!(found.contains("label=overall_preference"), "{found}");
        assert_eq!(of(&["text", "response_a", "response_b"]), None);
        assert_eq!(of(&["prompt", "model_a", "model_b"]), None);
    }

    #[test]
    fn a_part_of_the_prompt_is_not_lost_unseen() {
        let left = |columns: &[&str]| {
            let found: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
            left_of_prompt(&[Field::Prompt, Field::Chosen], &found, None).cloned()
        };
        assert_eq!(
            left(&["instruction", "input", "output_1"]).as_deref(),
            Some("input")
        );
        assert_eq!(left(&["system", "question"]).as_deref(), Some("system"));
        assert_eq!(left(&["input", "output_1"]), None);
    }

    #[test]
    fn what_was_mapped_stays() {
        let found = ["input", "instruction", "best_answer_1", "best_answer_2"].map(str::to_owned);
        let missing = [Field::Chosen, Field::Rejected];
        let prompt = "instruction".to_owned();
        let typed = suggestion(&missing, &found, Some(&prompt)).unwrap();
        let says = "if `best_answer_1` is always the better answer: --map \
                    prompt=instruction,chosen=best_answer_1,rejected=best_answer_2";
        assert!(typed.ends_with(says), "{typed}");
        let left =
            |prompt: &str| left_of_prompt(&missing, &found, Some(&prompt.to_owned())).cloned();
        assert_eq!(left("instruction").as_deref(), Some("input"));
        assert_eq!(left("input"), None);
    }

    #[test]
    fn what_says_the_winner_is_not_passed_over() {
        let refused = |map: &str, columns: &[&str]| {
            let map = map.parse().unwrap();
            let source = Source {
                path: std::path::Path::new("x"),
                map: &map,
            };
            let found = || columns.iter().map(|name| (*name).to_owned()).collect();
            unused_verdicts(source, &found)
                .err()
                .map(|error| error.render())
        };
        let twins = "chosen=response_a,rejected=response_b";
        for column in [
            "overall_preference",
            "preference_strength",
            "safer_response_id",
            "winner_model_a",
            "annotator1",
            "verdict",
            "gold_label",
            "a_wins",
            "chosen_idx",
        ] {
            let error = refused(twins, &["response_a", "response_b", column]);
            let says = format!("add label={column} to --map, or label= if it does not");
            assert!(error.is_some_and(|error| error.contains(&says)), "{column}");
            assert_eq!(refused(&format!("{twins},label="), &[column]), None);
            let optional = "chosen=response_a?,rejected=x|response_b?";
            assert!(refused(optional, &[column]).is_some(), "{column}");
            // Names that say which is better leave no doubt of other columns.
            assert_eq!(refused("chosen=good,rejected=bad", &[column]), None);
        }
        assert_eq!(refused(twins, &["source", "model_a", "lang"]), None);
        assert_eq!(
            refused("chosen=choice.a,rejected=choice.b", &["choice"]),
            None
        );
        let one_hot = format!("{twins},label=winner_model_a:1/0");
        let error = refused(&one_hot, &["winner_model_a", "winner_tie"]);
        assert!(error.unwrap().contains("add tie=winner_tie to --map"));
        let error = refused(twins, &["label", "is_tie"]);
        assert!(error.unwrap().contains("add tie=is_tie to --map"));
        let said = format!("{one_hot},tie=winner_tie,ties=drop");
        assert_eq!(refused(&said, &["winner_tie"]), None);
    }
}
