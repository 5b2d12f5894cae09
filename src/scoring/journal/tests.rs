//! Journals that are torn, damaged or cut off by a full disk.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::scoring::ScoredItem;
use crate::scoring::journal::format::{Header, SCHEMA, line};
use crate::scoring::journal::{Contents, Journal, Session, parse};
use crate::scoring::verdict::Outcome;
use crate::support::error::{ErrorKind, Result};

use crate::scoring::fingerprint::tests::fingerprint;
use crate::scoring::verdict::tests::logits;

fn item(row: usize, logit: f32) -> ScoredItem {
    ScoredItem {
        row,
        subset: String::new(),
        id: None,
        outcome: logits(logit, 0.1),
        is_tie: false,
        precision: None,
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
        .record(0, None, &[item(0, 0.3), item(1, f32::NAN)])
        .unwrap();
    journal.begin(&session()).unwrap();
    journal.record(1, None, &[item(2, 1e-40)]).unwrap();
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
    let Outcome::Pairwise(both) = &found.outcomes[&(0, 1, None)] else {
        panic!("another head");
    };
    assert_eq!(both.logit_ab.to_bits(), f32::NAN.to_bits());
    assert_eq!(found.outcomes[&(1, 2, None)], item(2, 1e-40).outcome);
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
            journal.record(0, None, &[item(0, 0.3), item(1, f32::NAN)])?;
            journal.begin(&session())?;
            journal.record(1, None, &[item(2, 1e-40)])
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
