//! A journal that an earlier process left.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::checkpoint::PrecisionName;
use crate::scoring::fingerprint::Fingerprint;
use crate::scoring::journal::format::{Header, Line, SCHEMA, Session};
use crate::scoring::verdict::Outcome;
use crate::support::error::{Error, Result};

/// By place of the model in the plan, row, and precision in a run that computes in two.
pub(crate) type Outcomes = HashMap<(usize, usize, Option<PrecisionName>), Outcome>;

/// What a journal holds.
#[derive(Debug)]
pub struct Contents {
    pub(crate) plan: Fingerprint,
    pub(crate) sessions: Vec<Session>,
    pub(crate) outcomes: Outcomes,
    /// Bytes of all whole lines.
    pub(crate) whole: usize,
    /// Whether something follows them.
    pub(crate) torn: bool,
}

/// Reads a journal; `None` where not even its first line is whole. The path is for errors.
pub fn parse(bytes: &[u8], path: &Path) -> Result<Option<Contents>> {
    let corrupt = |line: usize, cause: String| {
        Error::bad_input(format!("failed to read journal: {}:{line}", path.display()))
            .caused_by(cause)
            .hint(
                "only the last line can be what a crash left: the file was changed, or the disk \
                 is failing; --overwrite starts over",
            )
    };
    let mut lines = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .enumerate()
        .peekable();
    let Some(first) = lines
        .next()
        .map(|(_, line)| line)
        .filter(|line| line.ends_with(b"\n"))
    else {
        return Ok(None);
    };
    let header: Header = serde_json::from_slice(first).map_err(|e| corrupt(1, e.to_string()))?;
    if header.schema != SCHEMA || header.fingerprint != header.plan.digest() {
        return Err(corrupt(
            1,
            format!(
                "schema {}, or a fingerprint that is not the plan's",
                header.schema
            ),
        ));
    }
    let mut found = Contents {
        plan: header.plan,
        sessions: Vec::new(),
        outcomes: HashMap::new(),
        whole: first.len(),
        torn: false,
    };
    while let Some((at, line)) = lines.next() {
        match found.add(line) {
            Ok(()) => found.whole += line.len(),
            Err(_) if lines.peek().is_none() => found.torn = true,
            Err(cause) => return Err(corrupt(at + 1, cause)),
        }
    }
    Ok(Some(found))
}

impl Contents {
    fn add(&mut self, line: &[u8]) -> std::result::Result<(), String> {
        if !line.ends_with(b"\n") {
            return Err("the line does not end".to_owned());
        }
        let value: Value = serde_json::from_slice(line).map_err(|e| e.to_string())?;
        if let Some(session) = value.get("session") {
            self.sessions
                .push(Session::deserialize(session).map_err(|e| e.to_string())?);
            return Ok(());
        }
        let Line {
            model,
            row,
            precision,
            outcome,
        } = Line::deserialize(&value).map_err(|e| e.to_string())?;
        if model >= self.plan.models.len() {
            return Err(format!(
                "model {model} is not one of the plan's {}",
                self.plan.models.len()
            ));
        }
        // A second one is of a group of pairs that was cut in two and computed anew.
        self.outcomes.insert((model, row, precision), outcome);
        let Some(session) = self.sessions.last_mut() else {
            return Err("a verdict before the line of who found it".to_owned());
        };
        session.verdicts += 1;
        Ok(())
    }
}
