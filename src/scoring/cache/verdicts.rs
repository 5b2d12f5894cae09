//! One model's verdicts, looked up and kept.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::scoring::cache::{file, folder, line};
use crate::scoring::fingerprint::ModelFingerprint;
use crate::scoring::verdict::Outcome;
use crate::support::count::count;
use crate::support::terminal::say;

/// One model's verdicts. The default knows nothing and keeps nothing.
#[derive(Default)]
pub(crate) struct Cache {
    on: bool,
    /// What decides the model's verdicts, as a hash.
    model: String,
    /// Where they outlive this run.
    file: Option<PathBuf>,
    known: HashMap<String, Outcome>,
}

impl Cache {
    /// The file of a model.
    pub(crate) fn open(cache: &Path, model: &ModelFingerprint) -> Self {
        let model = model.digest();
        let path = folder::verdicts(cache).join(format!("{model}.jsonl"));
        let (mut known, mut damaged) = (HashMap::new(), 0);
        let read = file::lines(&path, |bytes| match line::read(&model, bytes) {
            Some((pair, outcome)) => {
                known.insert(pair, outcome);
            }
            None => damaged += 1,
        });
        let shown = path.display();
        if damaged > 0 {
            let lines = count(damaged, "damaged line");
            say(&format!("{shown}: passed over {lines}"));
        }
        if let Err(e) = &read {
            // Not even what could be read of it.
            known.clear();
            say(&format!(
                "cannot use the verdicts in {shown} ({e}): going on without"
            ));
        }
        Self {
            on: true,
            model,
            file: read.ok().map(|()| path),
            known,
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
        let lines = found
            .iter()
            .map(|(pair, outcome)| line::write(&self.model, pair, outcome))
            .filter(|line| line.len() <= file::LONGEST_LINE);
        let lines: Vec<u8> = lines.flatten().collect();
        if let Some(path) = &self.file
            && let Err(e) = file::append(path, &lines)
        {
            say(&format!(
                "cannot keep verdicts in {} ({e}): going on without",
                path.display()
            ));
            self.file = None;
        }
        self.known.extend(found);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;

    use super::*;
    use crate::scoring::cache::folder::{clear, files};
    use crate::scoring::fingerprint::tests::fingerprint;
    use crate::scoring::verdict::tests::logits;
    use crate::support::cache_folder::kernels;

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
                    let mut cache = Cache::open(dir, model);
                    (0..50).for_each(|at| {
                        cache.put(vec![
                            (format!("{writer}-{at}"), outcome(1.5)),
                            (format!("{writer}+{at}"), outcome(f32::NAN)),
                        ]);
                    });
                });
            }
        });
        let cache = Cache::open(dir.path(), model);
        assert_eq!(cache.known.len(), 400);
        assert_eq!(
            (cache.get("3-49"), bits(cache.get("3+0"))),
            (Some(&outcome(1.5)), f32::NAN.to_bits())
        );
        // Another precision or kind of device is another model.
        let f16 = ModelFingerprint {
            precision: "f16".to_owned(),
            ..model.clone()
        };
        let cuda = ModelFingerprint {
            arithmetic: "cuda".to_owned(),
            ..model.clone()
        };
        assert!(
            Cache::open(dir.path(), &f16).known.is_empty()
                && Cache::open(dir.path(), &cuda).known.is_empty()
        );
    }

    #[test]
    fn torn_lines_are_passed_over_and_not_continued() {
        let dir = tempfile::tempdir().unwrap();
        let model = &fingerprint().models[0];
        let mut cache = Cache::open(dir.path(), model);
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
        let again = Cache::open(dir.path(), model);
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
}
