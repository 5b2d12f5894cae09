//! The message of a run that a signal stops.

use std::ffi::OsStr;

use crate::commands::run::request::RunRequest;
use crate::report::Format;
use crate::support::signals::StopMessage;

/// How the run can be continued.
pub(crate) fn stop_message(request: &RunRequest) -> StopMessage {
    let typed = std::env::args_os().filter(|word| word != "--resume" && word != "--overwrite");
    let typed: Vec<String> = typed.map(|word| quoted(&word)).collect();
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

/// A word as a shell reads it: POSIX, or on Windows `cmd.exe` and PowerShell. What is no UTF-8 is
/// escaped as bash and zsh read it.
fn quoted(word: &OsStr) -> String {
    let Some(word) = word.to_str() else {
        let escaped = word.as_encoded_bytes().iter().map(|byte| {
            if (b' '..=b'~').contains(byte) && !b"'\\".contains(byte) {
                char::from(*byte).to_string()
            } else {
                format!("\\x{byte:02x}")
            }
        });
        return format!("$'{}'", escaped.collect::<String>());
    };
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

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    /// The words as a shell reads them again.
    #[test]
    fn a_shell_reads_the_words_that_were_typed() {
        let words: [&[u8]; 5] = [b"--out", b"a b'c", b"h\xf6 'me'\\n", b"", "ö".as_bytes()];
        let line: Vec<String> = words.map(|word| quoted(OsStr::from_bytes(word))).to_vec();
        let script = format!("printf '%s\\0' {}", line.join(" "));
        let output = std::process::Command::new("bash")
            .args(["-c", &script])
            .output()
            .unwrap();
        let read: Vec<&[u8]> = output.stdout.split(|byte| *byte == 0).collect();
        assert_eq!(read[..words.len()], words);
    }
}
