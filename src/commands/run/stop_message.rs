//! The message of a run that a signal stops.

use crate::commands::run::request::RunRequest;
use crate::report::Format;
use crate::support::signals::StopMessage;

/// How the run can be continued.
pub(crate) fn stop_message(request: &RunRequest) -> StopMessage {
    let typed = std::env::args_os().filter(|word| word != "--resume" && word != "--overwrite");
    let typed: Vec<String> = typed.map(|word| quoted(&word.to_string_lossy())).collect();
    let hint = match &request.out {
        Some(_) => format!("go on with: {} --resume", typed.join(" ")),
        None if request.cache && request.backend.int8_batch.is_none() => {
            "the same command goes on: verdicts so far are in the cache".to_owned()
        }
        None => "a run with --out DIR can be resumed".to_owned(),
    };
    StopMessage {
        hint,
        as_json: request.format == Format::Json,
    }
}

/// A word as a shell reads it: POSIX, or on Windows `cmd.exe` and PowerShell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else if cfg!(windows) {
        // A path there has no quotation mark in it.
        format!("\"{word}\"")
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
