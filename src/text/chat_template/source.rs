//! Where a checkpoint has its chat template.

use serde_json::Value;

use crate::support::error::{Error, Result};
use crate::support::input_file::Directory;

const FILE: &str = "chat_template.jinja";
const SETTINGS: &str = "tokenizer_config.json";

/// The text of a template, and the file that has it.
pub(super) struct Source {
    pub(super) text: String,
    pub(super) file: &'static str,
}

/// `chat_template.jinja`, else the key of `tokenizer_config.json`, whose content is `settings`: a
/// text, or a list of templates, of which that of the name `default` is taken.
pub(super) fn find(home: &Directory, settings: &Value) -> Result<Option<Source>> {
    if home.has(FILE) {
        let text = home.file(FILE).text()?;
        return Ok(Some(Source { text, file: FILE }));
    }
    let text = match settings.get("chat_template") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => Some(text.as_str()),
        // The last of a name, as a dictionary of them keeps it.
        Some(Value::Array(list)) => list.iter().filter_map(default).next_back(),
        Some(_) => None,
    };
    let text = text.ok_or_else(|| {
        Error::bad_input(format!(
            "failed to load tokenizer: {}: key `chat_template` is neither a text nor a list with a \
             template named default",
            home.file(SETTINGS).path().display()
        ))
    })?;
    Ok(Some(Source {
        text: text.to_owned(),
        file: SETTINGS,
    }))
}

fn default(entry: &Value) -> Option<&str> {
    let name = entry.get("name")?.as_str()?;
    let text = entry.get("template")?.as_str()?;
    (name == "default").then_some(text)
}
