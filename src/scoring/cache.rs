//! Verdicts kept from one run to the next: the same pair, checkpoint, template and precision is not
//! scored twice.
//!
//! One file of JSON Lines for each model, named by the hash of everything that decides its
//! verdicts; each line has the hash of a pair's text and what the model made of it. Names and paths
//! are nowhere in it, and nothing in it is ever executed. It is a convenience: a line that cannot
//! be read is passed over, and a cache that cannot be written is said once and done without.

use std::collections::HashMap;
use std::fs::{DirEntry, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::data::Item;
use crate::scoring::fingerprint::ModelFingerprint;
use crate::scoring::verdict::Outcome;
use crate::support::cache_folder::kernels;
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::terminal::say;

/// One model's verdicts. The default knows nothing and keeps nothing.
#[derive(Default)]
pub(crate) struct Cache {
    on: bool,
    /// Where they outlive this run.
    file: Option<PathBuf>,
    known: HashMap<String, Outcome>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    pair: String,
    #[serde(flatten)]
    outcome: Outcome,
}

/// What the model sees of a pair, as a hash.
pub(crate) fn key(pair: &Item) -> String {
    let text =
        serde_json::to_vec(&(&pair.prompt, &pair.chosen, &pair.rejected)).unwrap_or_default();
    files::digest(text)
}

impl Cache {
    /// The file of a model on a device: another one adds up in another order.
    pub(crate) fn open(folder: &Path, model: &ModelFingerprint, device: &str) -> Self {
        let file = verdicts(folder).join(format!(
            "{}.jsonl",
            files::digest(format!("{} on {device}", model.digest()))
        ));
        let bytes = std::fs::read(&file).unwrap_or_default();
        let lines = bytes
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice::<Line>(line).ok());
        Self {
            on: true,
            known: lines.map(|line| (line.pair, line.outcome)).collect(),
            file: Some(file),
        }
    }

    /// Whether it keeps anything, if only for this run.
    pub(crate) fn is_on(&self) -> bool {
        self.on
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Outcome> {
        self.known.get(key)
    }

    /// Keeps what was found, for this run and for later ones.
    pub(crate) fn put(&mut self, found: Vec<(String, Outcome)>) {
        if !self.on || found.is_empty() {
            return;
        }
        if let Some(file) = &self.file
            && let Err(e) = append(file, &found)
        {
            say(&format!(
                "cannot keep verdicts in {} ({e}): going on without",
                file.display()
            ));
            self.file = None;
        }
        self.known.extend(found);
    }
}

/// One write under a lock, so that two processes do not mix their lines.
fn append(path: &Path, found: &[(String, Outcome)]) -> std::io::Result<()> {
    std::fs::create_dir_all(path.parent().unwrap_or(path))?;
    let mut file =
        files::without_links(OpenOptions::new().read(true).append(true).create(true)).open(path)?;
    // Where a file system has no locks, a line may be torn; it is passed over then.
    let _ = file.lock();
    let mut lines = if ends_torn(&mut file)? {
        vec![b'\n']
    } else {
        Vec::new()
    };
    for (pair, outcome) in found {
        serde_json::to_writer(
            &mut lines,
            &Line {
                pair: pair.clone(),
                outcome: outcome.clone(),
            },
        )?;
        lines.push(b'\n');
    }
    file.write_all(&lines)
}

/// A process died while it wrote.
fn ends_torn(file: &mut File) -> std::io::Result<bool> {
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    Ok(last != [b'\n'])
}

fn verdicts(folder: &Path) -> PathBuf {
    folder.join("verdicts")
}

/// The files of the cache with their sizes in bytes, and nothing that is not the cache's.
pub(crate) fn files(folder: &Path) -> Result<Vec<(PathBuf, u64)>> {
    let dir = verdicts(folder);
    let failed = |e| Error::io(format!("failed to list directory: {}", dir.display()), e);
    let entries = match std::fs::read_dir(&dir) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ours = name
            .strip_suffix(".jsonl")
            .is_some_and(|hash| hash.len() == 64 && hash.chars().all(|c| c.is_ascii_hexdigit()));
        if is_ours {
            files.push((entry.path(), entry.metadata().map_err(failed)?.len()));
        }
    }
    Ok(files)
}

/// The database of kernels, in its parts.
pub(crate) fn kernel_files(folder: &Path) -> Vec<(PathBuf, u64)> {
    let entries = std::fs::read_dir(kernels(folder))
        .into_iter()
        .flatten()
        .flatten();
    let is_ours = |entry: &DirEntry| {
        entry
            .file_name()
            .to_string_lossy()
            .starts_with("default.db")
    };
    entries
        .filter(is_ours)
        .map(|entry| (entry.path(), entry.metadata().map_or(0, |meta| meta.len())))
        .collect()
}

/// Removes both.
pub(crate) fn clear(folder: &Path) -> Result<usize> {
    let mut files = files(folder)?;
    files.extend(kernel_files(folder));
    for (file, _) in &files {
        std::fs::remove_file(file)
            .map_err(|e| Error::io(format!("failed to remove file: {}", file.display()), e))?;
    }
    Ok(files.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Message;
    use crate::scoring::fingerprint::tests::fingerprint;
    use crate::scoring::verdict::tests::logits;

    fn outcome(logit_ab: f32) -> Outcome {
        logits(logit_ab, 0.0)
    }

    fn bits(outcome: Option<&Outcome>) -> u32 {
        let Some(Outcome::Pairwise(both)) = outcome else {
            return 0;
        };
        both.logit_ab.to_bits()
    }

    #[test]
    fn processes_that_write_at_once_lose_no_line() {
        let dir = tempfile::tempdir().unwrap();
        let model = &fingerprint().models[0];
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let dir = dir.path();
                scope.spawn(move || {
                    let mut cache = Cache::open(dir, model, "cpu");
                    (0..50).for_each(|at| {
                        cache.put(vec![
                            (format!("{writer}-{at}"), outcome(1.5)),
                            (format!("{writer}+{at}"), outcome(f32::NAN)),
                        ]);
                    });
                });
            }
        });
        let cache = Cache::open(dir.path(), model, "cpu");
        assert_eq!(cache.known.len(), 400);
        assert_eq!(
            (cache.get("3-49"), bits(cache.get("3+0"))),
            (Some(&outcome(1.5)), f32::NAN.to_bits())
        );
        // Another precision or device is another model.
        let f16 = ModelFingerprint {
            precision: "f16".to_owned(),
            ..model.clone()
        };
        assert!(
            Cache::open(dir.path(), &f16, "cpu").known.is_empty()
                && Cache::open(dir.path(), model, "cuda").known.is_empty()
        );
    }

    #[test]
    fn torn_lines_are_passed_over_and_not_continued() {
        let dir = tempfile::tempdir().unwrap();
        let model = &fingerprint().models[0];
        let mut cache = Cache::open(dir.path(), model, "cpu");
        cache.put(vec![
            ("a".to_owned(), outcome(1.0)),
            ("b".to_owned(), outcome(2.0)),
        ]);
        let (file, size) = files(dir.path()).unwrap().remove(0);
        OpenOptions::new()
            .write(true)
            .open(&file)
            .unwrap()
            .set_len(size - 9)
            .unwrap();
        cache.put(vec![("c".to_owned(), outcome(3.0))]);
        let again = Cache::open(dir.path(), model, "cpu");
        assert_eq!(
            [again.get("a"), again.get("b"), again.get("c")],
            [Some(&outcome(1.0)), None, Some(&outcome(3.0))]
        );
        std::fs::create_dir(kernels(dir.path())).unwrap();
        let [mine, also_mine] = [
            file.with_file_name("mine.jsonl"),
            kernels(dir.path()).join("mine.db"),
        ];
        for path in [
            &mine,
            &also_mine,
            &kernels(dir.path()).join("default.db-wal"),
        ] {
            std::fs::write(path, "").unwrap();
        }
        assert_eq!(clear(dir.path()).unwrap(), 2);
        assert!(mine.exists() && also_mine.exists());
    }

    #[test]
    fn a_key_is_the_text_and_nothing_else() {
        let pair = |row, prompt: &str, chosen: &str| Item {
            row,
            subset: row.to_string(),
            id: None,
            prompt: vec![Message::new("user", prompt)],
            chosen: chosen.to_owned().into(),
            rejected: String::new().into(),
        };
        assert_eq!(key(&pair(1, "a", "b")), key(&pair(2, "a", "b")));
        assert_ne!(key(&pair(1, "ab", "")), key(&pair(1, "a", "b")));
    }
}
