//! `journal.jsonl`: the verdicts of a run that has not ended, as they come.
//!
//! The first line says what the run is; then come lines of who goes on with it and of verdicts.
//! Each batch is one write: a process that dies loses at most the batch that it was computing, and
//! leaves at most one torn line, the last.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::scoring::ScoredItem;
use crate::scoring::fingerprint::Fingerprint;
use crate::scoring::verdict::Outcome;
use crate::support::error::{Error, ErrorKind, Result};
use crate::support::files;

pub const NAME: &str = "journal.jsonl";
/// 2: an outcome says of which head it is.
const SCHEMA: u64 = 2;

#[derive(Serialize, Deserialize)]
struct Header {
    schema: u64,
    fingerprint: String,
    plan: Fingerprint,
}

/// A process that worked on the run, and what may change from one to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub pid: u32,
    /// Seconds since 1970.
    pub started: f64,
    pub device: String,
    pub threads: usize,
    pub batch_tokens: u32,
    /// How many verdicts it wrote; counted, not stored in the journal.
    #[serde(default)]
    pub verdicts: usize,
}

#[derive(Serialize, Deserialize)]
struct Line {
    /// Place in the plan.
    model: usize,
    row: usize,
    #[serde(flatten)]
    outcome: Outcome,
}

/// What a journal holds.
#[derive(Debug)]
pub struct Contents {
    pub plan: Fingerprint,
    pub sessions: Vec<Session>,
    /// By model and row.
    pub outcomes: HashMap<(usize, usize), Outcome>,
    /// Bytes of all whole lines.
    pub whole: usize,
    /// Whether something follows them.
    pub torn: bool,
}

/// Reads a journal; `None` where not even its first line is whole. The path is for errors.
pub fn parse(bytes: &[u8], path: &Path) -> Result<Option<Contents>> {
    let corrupt = |line: usize, cause: String| {
        Error::bad_input(format!("failed to read journal: {}:{line}", path.display()))
            .caused_by(cause)
            .hint("only the last line can be what a crash left; somebody changed the file, or the disk is failing: remove it to start over")
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
            outcome,
        } = Line::deserialize(&value).map_err(|e| e.to_string())?;
        if model >= self.plan.models.len() {
            return Err(format!(
                "model {model} is not one of the plan's {}",
                self.plan.models.len()
            ));
        }
        // A second one is of a group of pairs that was cut in two and computed anew.
        self.outcomes.insert((model, row), outcome);
        let Some(session) = self.sessions.last_mut() else {
            return Err("a verdict before the line of who found it".to_owned());
        };
        session.verdicts += 1;
        Ok(())
    }
}

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal<W = File> {
    out: W,
    path: PathBuf,
}

impl Journal {
    /// An empty one, in place of any other.
    pub fn create(dir: &Path, plan: &Fingerprint) -> Result<Self> {
        let path = dir.join(NAME);
        let header = Header {
            schema: SCHEMA,
            fingerprint: plan.digest(),
            plan: plan.clone(),
        };
        let first = line(&header);
        files::write_atomic(&path, &first)?;
        Self::open_at(path, first.len() as u64)
    }

    /// Goes on after the whole lines of one that [`parse`] read.
    pub fn resume(dir: &Path, contents: &Contents) -> Result<Self> {
        Self::open_at(dir.join(NAME), contents.whole as u64)
    }

    /// Goes on at this place; what follows it is cut off.
    fn open_at(path: PathBuf, end: u64) -> Result<Self> {
        // Not opened for appending: Windows cuts no file that is.
        let open = || {
            let mut file = files::without_links(OpenOptions::new().write(true)).open(&path)?;
            file.set_len(end)?;
            file.seek(SeekFrom::Start(end))?;
            Ok(file)
        };
        let failed = |e| Error::io(format!("failed to open journal: {}", path.display()), e);
        let out = open().map_err(failed)?;
        Ok(Self { out, path })
    }

    /// Removes the file, once its outcomes have a better place.
    pub fn remove(self) -> Result<()> {
        // Windows removes no file that is open.
        drop(self.out);
        let failed = |e| {
            Error::io(
                format!("failed to remove journal: {}", self.path.display()),
                e,
            )
        };
        std::fs::remove_file(&self.path).map_err(failed)
    }
}

impl<W: Write> Journal<W> {
    pub fn begin(&mut self, session: &Session) -> Result<()> {
        self.write(&line(&serde_json::json!({ "session": session })))
    }

    /// Verdicts of one model, by its place in the plan.
    pub fn record(&mut self, model: usize, verdicts: &[ScoredItem]) -> Result<()> {
        let lines = verdicts.iter().flat_map(|verdict| {
            line(&Line {
                model,
                row: verdict.row,
                outcome: verdict.outcome.clone(),
            })
        });
        self.write(&lines.collect::<Vec<u8>>())
    }

    fn write(&mut self, lines: &[u8]) -> Result<()> {
        let written = self.out.write_all(lines).and_then(|()| self.out.flush());
        written.map_err(|e| {
            let error = Error::io(
                format!("failed to write journal: {}", self.path.display()),
                e,
            );
            if error.kind == ErrorKind::Resources {
                error.hint(format!(
                    "make room ({} bytes for this batch alone), then go on with --resume",
                    lines.len()
                ))
            } else {
                error
            }
        })
    }
}

fn line(content: &impl Serialize) -> Vec<u8> {
    // Strings and numbers by name: nothing that JSON lacks.
    let mut line = serde_json::to_vec(content).unwrap_or_default();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoring::fingerprint::tests::fingerprint;
    use crate::scoring::verdict::tests::logits;

    fn item(row: usize, logit: f32) -> ScoredItem {
        ScoredItem {
            row,
            subset: String::new(),
            id: None,
            outcome: logits(logit, 0.1),
        }
    }

    fn session() -> Session {
        Session {
            pid: 1,
            started: 2.0,
            device: "cpu".to_owned(),
            threads: 2,
            batch_tokens: 2048,
            verdicts: 0,
        }
    }

    /// Two models' verdicts on rows 0 to 2.
    fn written() -> Vec<u8> {
        let header = Header {
            schema: SCHEMA,
            fingerprint: fingerprint().digest(),
            plan: fingerprint(),
        };
        let mut journal = Journal {
            out: line(&header),
            path: PathBuf::from("j"),
        };
        journal.begin(&session()).unwrap();
        journal
            .record(0, &[item(0, 0.3), item(1, f32::NAN)])
            .unwrap();
        journal.begin(&session()).unwrap();
        journal.record(1, &[item(2, 1e-40)]).unwrap();
        journal.out
    }

    fn read(bytes: &[u8]) -> Result<Option<Contents>> {
        parse(bytes, Path::new("j"))
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bytes = written();
        let found = read(&bytes).unwrap().unwrap();
        assert_eq!(
            (found.plan, found.whole, found.torn),
            (fingerprint(), bytes.len(), false)
        );
        assert_eq!(
            found
                .sessions
                .iter()
                .map(|session| session.verdicts)
                .collect::<Vec<_>>(),
            [2, 1]
        );
        let Outcome::Pairwise(both) = &found.outcomes[&(0, 1)];
        assert_eq!(both.logit_ab.to_bits(), f32::NAN.to_bits());
        assert_eq!(found.outcomes[&(1, 2)], item(2, 1e-40).outcome);
    }

    /// Wherever a crash cuts the file, its whole lines are what is read.
    #[test]
    fn a_torn_last_line_is_dropped() {
        let bytes = written();
        let header = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for end in 0..bytes.len() {
            let Some(found) = read(&bytes[..end]).unwrap() else {
                assert!(end < header, "{end}");
                continue;
            };
            assert_eq!(
                found.whole,
                bytes[..end]
                    .iter()
                    .rposition(|byte| *byte == b'\n')
                    .unwrap()
                    + 1
            );
            assert_eq!(found.torn, found.whole < end);
            let lines = bytes[header..found.whole]
                .split_inclusive(|byte| *byte == b'\n')
                .count();
            assert_eq!(found.outcomes.len() + found.sessions.len(), lines);
        }
    }

    #[test]
    fn a_corrupt_middle_line_is_named() {
        let text = String::from_utf8(written()).unwrap();
        for (from, to, line) in [
            ("\"row\":1", "\"row\":", 4),
            ("\"model\":0,\"row\":0", "\"model\":2,\"row\":0", 3),
            ("\"pid\":1", "\"pid\":-1", 2),
            ("0.30000001192092896", "1e99", 3),
            ("\"engine\":\"e\"", "\"engine\":\"f\"", 1),
        ] {
            assert!(text.contains(from), "{text}");
            let error = read(text.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert!(
                error.kind == ErrorKind::BadInput
                    && error.render().contains(&format!("journal: j:{line}\n")),
                "{to}: {}",
                error.render()
            );
        }
    }

    /// A disk that is full after so many bytes.
    struct Full(Vec<u8>, usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let room = (self.1 - self.0.len()).min(bytes.len());
            self.0.extend(&bytes[..room]);
            if room == 0 {
                Err(std::io::ErrorKind::StorageFull.into())
            } else {
                Ok(room)
            }
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_exit_7_and_leaves_a_journal_that_can_be_read() {
        let whole = written();
        let header = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for room in header..whole.len() {
            let mut journal = Journal {
                out: Full(whole[..header].to_vec(), room),
                path: PathBuf::from("j"),
            };
            let mut writes = || -> Result<()> {
                journal.begin(&session())?;
                journal.record(0, &[item(0, 0.3), item(1, f32::NAN)])?;
                journal.begin(&session())?;
                journal.record(1, &[item(2, 1e-40)])
            };
            let error = writes().unwrap_err();
            assert!(
                error.kind == ErrorKind::Resources && error.render().contains("--resume"),
                "{}",
                error.render()
            );
            assert_eq!(journal.out.0, whole[..room]);
            assert!(read(&journal.out.0).unwrap().is_some());
        }
    }
}
