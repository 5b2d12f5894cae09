//! A directory that a run is to be written to, and what may be there before.

use std::path::Path;

use crate::scoring::fingerprint::Fingerprint;
use crate::scoring::journal;
use crate::scoring::run_dir::record::{self, RunRecord};
use crate::support::count::first;
use crate::support::error::{Error, Result};
use crate::support::existing::Existing;
use crate::support::files;
use crate::support::lock::{self, Lock};

/// Every file that a run leaves or keeps in its directory.
const FILES: [&str; 6] = [
    record::NAME,
    "verdicts.parquet",
    "summary.json",
    "report.md",
    "report.html",
    journal::NAME,
];

/// Locks the directory, which is created where there is none.
///
/// # Errors
/// What holds files of somebody else, and those of [`Lock::take`].
pub(crate) fn claim(dir: &Path, existing: Existing) -> Result<Lock> {
    let goes_on = existing == Existing::Resume && holds_run(dir);
    if existing != Existing::Overwrite && !goes_on {
        let is_other = |name: &str| !FILES.contains(&name) && !is_of_no_run(name);
        refuse(dir, &names(dir, is_other), "leaves them alone")?;
    }
    let lock = Lock::take(dir)?;
    // Under the lock: another process may be about to complete its run.
    if existing != Existing::Overwrite && !holds_run(dir) {
        let is_of_run = |name: &str| FILES.contains(&name);
        refuse(dir, &names(dir, is_of_run), "replaces them")?;
    }
    Ok(lock)
}

/// What to do where a run is in the way.
pub(crate) const ELSEWHERE: &str =
    "choose another directory with --out; --overwrite replaces the run there";

/// Refuses a directory that holds a run, finished or not: what is imported goes on with none.
pub(crate) fn is_free(dir: &Path) -> Result<()> {
    if !holds_run(dir) {
        return Ok(());
    }
    let what = format!("failed to import into {}: there is a run", dir.display());
    Err(Error::usage(what).hint(ELSEWHERE))
}

/// Refuses to replace a finished run of another plan.
pub(crate) fn keep_finished(dir: &Path, plan: &Fingerprint) -> Result<()> {
    if !dir.join(record::NAME).exists() {
        return Ok(());
    }
    let what = format!("replace the finished run in {}", dir.display());
    let refused = |error: Error| error.hint(ELSEWHERE);
    let record: RunRecord = RunRecord::read(dir).map_err(refused)?;
    record
        .what_was_run()
        .map_err(|why| Error::usage(format!("failed to {what}")).caused_by(why))
        .and_then(|earlier| plan.check(earlier, &what))
        .map_err(refused)
}

/// Whether there is a run of pairbench, finished or not.
fn holds_run(dir: &Path) -> bool {
    [record::NAME, journal::NAME]
        .iter()
        .any(|name| dir.join(name).exists())
}

/// The lock, and what a process that died left of a file.
fn is_of_no_run(name: &str) -> bool {
    name == lock::NAME || files::is_part(name)
}

/// Names in the directory, sorted; none where it cannot be read, of which its lock complains.
fn names(dir: &Path, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| wanted(name)).collect();
    names.sort_unstable();
    names
}

fn refuse(dir: &Path, names: &[String], overwrite: &str) -> Result<()> {
    const SHOWN: usize = 3;
    if names.is_empty() {
        return Ok(());
    }
    let what = format!(
        "failed to write to {}: it holds files that no run of pairbench wrote",
        dir.display()
    );
    Err(Error::usage(what)
        .caused_by(first(names, SHOWN))
        .hint(format!(
            "choose another directory with --out; --overwrite writes there, and {overwrite}"
        )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir_with(names: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        dir
    }

    #[test]
    fn only_what_pairbench_wrote_may_be_there() {
        use Existing::{Keep, Overwrite, Resume};
        let part = ".pairbench-x.part";
        for (names, allowed) in [
            (&[][..], &[Keep, Resume, Overwrite][..]),
            (&[".lock", part], &[Keep, Resume, Overwrite]),
            (&["run.json", "report.md"], &[Keep, Resume, Overwrite]),
            (
                &["journal.jsonl", "summary.json"],
                &[Keep, Resume, Overwrite],
            ),
            (&["run.json", "notes.txt"], &[Resume, Overwrite]),
            (&["notes.txt"], &[Overwrite]),
            (&[".hidden"], &[Overwrite]),
            // Names that pairbench uses, without its run.
            (&["report.md", "verdicts.parquet"], &[Overwrite]),
        ] {
            for existing in [Keep, Resume, Overwrite] {
                let dir = dir_with(names);
                let claimed = claim(dir.path(), existing);
                assert_eq!(
                    claimed.is_ok(),
                    allowed.contains(&existing),
                    "{names:?} {existing:?}"
                );
                if let Err(error) = claimed {
                    let text = error.render();
                    assert!(
                        error.kind as u8 == 2 && text.contains("--overwrite"),
                        "{text}"
                    );
                    // Nothing was touched.
                    let mut left = super::names(dir.path(), |_| true);
                    left.sort();
                    let mut before = names.to_vec();
                    before.sort_unstable();
                    assert_eq!(left, before);
                }
            }
        }
    }

    #[test]
    fn a_long_list_is_cut() {
        let dir = dir_with(&["a", "b", "c", "d", "e"]);
        let text = claim(dir.path(), Existing::Keep).unwrap_err().render();
        assert!(text.contains("a, b, c and 2 more"), "{text}");
    }
}
