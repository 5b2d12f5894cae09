//! A journal that is being written.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::checkpoint::PrecisionName;
use crate::scoring::ScoredItem;
use crate::scoring::fingerprint::Fingerprint;
use crate::scoring::journal::format::{Header, Line, NAME, SCHEMA, Session, line};
use crate::scoring::journal::reader::Contents;
use crate::support::error::{Error, ErrorKind, Result};
use crate::support::files;

/// A journal that is being written.
#[derive(Debug)]
pub(crate) struct Journal<W = File> {
    pub(super) out: W,
    pub(super) path: PathBuf,
}

impl Journal {
    /// An empty one, in place of any other.
    pub(crate) fn create(dir: &Path, plan: &Fingerprint) -> Result<Self> {
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

    /// Goes on after the whole lines of one that [`parse`](crate::scoring::journal::parse) read.
    pub(crate) fn resume(dir: &Path, contents: &Contents) -> Result<Self> {
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
    pub(crate) fn remove(self) -> Result<()> {
        // Windows removes no file that is open.
        drop(self.out);
        remove(&self.path)
    }
}

/// Removes the journal of a directory, if there is one: that of a run that is given up.
pub(crate) fn discard(dir: &Path) -> Result<()> {
    let path = dir.join(NAME);
    if path.exists() { remove(&path) } else { Ok(()) }
}

fn remove(path: &Path) -> Result<()> {
    let failed = |e| Error::io(format!("failed to remove journal: {}", path.display()), e);
    std::fs::remove_file(path).map_err(failed)
}

impl<W: Write> Journal<W> {
    pub(crate) fn begin(&mut self, session: &Session) -> Result<()> {
        self.write(&line(&serde_json::json!({ "session": session })))
    }

    /// Verdicts of one model, by its place in the plan; `precision`: in a run that computes in two.
    pub(crate) fn record(
        &mut self,
        model: usize,
        precision: Option<PrecisionName>,
        verdicts: &[ScoredItem],
    ) -> Result<()> {
        let lines = verdicts.iter().flat_map(|verdict| {
            line(&Line {
                model,
                row: verdict.row,
                precision,
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
