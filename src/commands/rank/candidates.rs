//! A file with the candidates of one prompt.

use std::path::Path;

use crate::data::answer_line::{AnswerLine, PromptAnswers};
use crate::support::error::{Error, Result};
use crate::support::files;

/// By the end of its name: `.jsonl` has a string on each line, `.json` a list of strings, and in
/// any other file each line is a candidate.
pub(super) fn read(prompt: &str, path: &Path) -> Result<AnswerLine> {
    let text = files::read_text(path)?;
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let failed = |what: String| {
        Error::bad_input(format!(
            "failed to read candidates: {}{what}",
            path.display()
        ))
    };
    let candidates: Vec<String> = match &*ending.to_lowercase() {
        "json" => serde_json::from_str(&text).map_err(|e| {
            failed(String::new())
                .caused_by(e)
                .hint("a .json file has a list of strings, a .jsonl file a string on each line")
        })?,
        "jsonl" => {
            let string = |(at, line): (usize, &str)| {
                serde_json::from_str(line).map_err(|e| {
                    failed(format!(":{}", at + 1))
                        .caused_by(e)
                        .hint("each line is a JSON string, in which \\n is a line feed")
                })
            };
            text.lines()
                .enumerate()
                .map(string)
                .collect::<Result<_>>()?
        }
        _ => text.lines().map(str::to_owned).collect(),
    };
    let content = PromptAnswers::of_texts(prompt, candidates);
    let content = content.map_err(|why| failed(String::new()).caused_by(why))?;
    Ok(AnswerLine {
        id: None,
        content: Ok(content),
    })
}
