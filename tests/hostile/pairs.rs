//! Check 7: files of pairs.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use polars::prelude::*;
use serde_json::json;

use crate::tools::{Bench, MEGABYTE, ROW, pairbench, write};

fn row(prompt: &str, id: usize) -> String {
    json!({ "prompt": prompt, "chosen": "a", "rejected": "b", "id": id }).to_string()
}

#[test]
fn a_row_that_is_not_what_it_should_be_ends_the_run_with_its_place() {
    let bench = Bench::new();
    let with = |from: &str, to: &str| format!("{}\n{}", row("first", 7), ROW.replace(from, to));
    let cases: Vec<(&str, String, &str)> = vec![
        ("empty.jsonl", String::new(), "the file has no rows"),
        (
            "blank.jsonl",
            "\n \r\n\n".to_owned(),
            "the file has no rows",
        ),
        ("empty.json", String::new(), "the file has no rows"),
        ("none.json", "[]".to_owned(), "the file has no rows"),
        ("empty.csv", String::new(), "the file has no rows"),
        (
            "header.csv",
            "prompt,chosen,rejected\r\n".to_owned(),
            "the file has no rows",
        ),
        (
            "column.jsonl",
            with("\"chosen\"", "\"chose\""),
            "no column `chosen`",
        ),
        (
            "column.csv",
            "prompt,chosen,reject\na,b,c\n".to_owned(),
            "no column `rejected`",
        ),
        (
            "null.jsonl",
            with("\"hi!\"", "null"),
            "row 1, column `chosen`: expected a string, found null",
        ),
        (
            "number.jsonl",
            with("\"hi!\"", "1"),
            "row 1, column `chosen`: expected a string, found 1",
        ),
        (
            "list.jsonl",
            with("\"hi!\"", "[\"x\", null]"),
            "row 1, column `chosen`: expected a string, found a list with null",
        ),
        (
            "prompt.jsonl",
            with("\"hello!\"", "{}"),
            "row 1, column `prompt`",
        ),
        (
            "turns.jsonl",
            with("\"hello!\"", "[]"),
            "row 1, column `prompt`",
        ),
        (
            "turn.jsonl",
            with("\"hello!\"", "[{\"role\":\"user\",\"content\":null}]"),
            "row 1, column `prompt`",
        ),
        (
            "id.jsonl",
            with("\"id\":1", "\"id\":1.5"),
            "row 1, column `id`: expected an integer or a string, found 1.5",
        ),
        (
            "large-id.jsonl",
            with("\"id\":1", &format!("\"id\":{}", "9".repeat(80))),
            "row 1, column `id`",
        ),
        (
            "subset.jsonl",
            with("\"greet\"", "7"),
            "row 1, column `subset`",
        ),
        (
            "twice.jsonl",
            format!("{ROW}\n\n{ROW}"),
            "row 1: id 1 of subset greet occurs twice, first in row 0",
        ),
        ("scalar.jsonl", "1\n".to_owned(), "row 0 is not an object"),
        (
            "scalar.json",
            "[{\"prompt\":\"a\",\"chosen\":\"b\",\"rejected\":\"c\"}, null]".to_owned(),
            "row 1 is not an object",
        ),
        (
            "cut.jsonl",
            format!("{ROW}\n\n{}", &ROW[..30]),
            "cut.jsonl:3",
        ),
        ("cut.json", format!("[{ROW},\n{ROW}"), "cut.json:2"),
        ("two.jsonl", format!("{ROW} {ROW}"), "two.jsonl:1"),
        (
            "surrogate.jsonl",
            with("hi!", "\\ud800"),
            "surrogate.jsonl:2",
        ),
        ("control.jsonl", with("hi!", "\u{1}"), "control.jsonl:2"),
        (
            "nested.jsonl",
            format!("{}\n{}", row("a", 1), "[{\"a\":".repeat(50_000)),
            "nested.jsonl:2",
        ),
        ("nested.json", "[".repeat(1 << 20), "nested.json:1"),
        ("number.json", "[1e999]".to_owned(), "number.json:1"),
        (
            "wide.csv",
            "prompt,chosen,rejected\na,b,c\nd,e,f,g\n".to_owned(),
            "wide.csv",
        ),
        (
            "narrow.csv",
            "prompt,chosen,rejected\na,b,c\nd,e\n".to_owned(),
            "narrow.csv",
        ),
        (
            "quote.csv",
            "prompt,chosen,rejected\na,b,\"c\nd,e,f\n".to_owned(),
            "quote.csv",
        ),
        (
            "names.csv",
            "prompt,chosen,rejected,chosen\na,b,c,d\n".to_owned(),
            "names.csv",
        ),
        ("page.jsonl", "<!DOCTYPE html>".to_owned(), "page.jsonl:1"),
        ("page.parquet", "<!DOCTYPE html>".to_owned(), "page.parquet"),
        ("pairs.xlsx", "PK".to_owned(), "unknown file type"),
        ("pairs.pkl", "\u{80}".to_owned(), "unknown file type"),
        ("no-type", ROW.to_owned(), "unknown file type"),
    ];
    for (name, text, says) in cases {
        let done = bench.run_on(&write(&bench.path(name), text), &[]);
        done.refused(name, 4, says);
        assert!(done.err.contains(name), "{name}: {}", done.err);
    }
    let bytes = |name: &str, bytes: &[u8], says: &str| {
        bench
            .run_on(&write(&bench.path(name), bytes), &[])
            .refused(name, 4, says);
    };
    bytes(
        "latin.jsonl",
        format!("{ROW}\n\n")
            .as_bytes()
            .iter()
            .chain(b"{\"prompt\":\"\xe9\"}")
            .copied()
            .collect::<Vec<_>>()
            .as_slice(),
        "latin.jsonl:3",
    );
    bytes(
        "latin.csv",
        b"prompt,chosen,rejected\nx,y,\xe9\n",
        "latin.csv:2",
    );
    bytes("utf16.json", b"\xff\xfe[\x00]\x00", "utf16.json:1");
    bytes("zeros.jsonl", &[0; 4096], "zeros.jsonl:1");
    bytes("zeros.csv", &[0; 4096], "zeros.csv");
    bytes("zeros.parquet", &[0; 4096], "zeros.parquet");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/dev/zero", bench.path("endless.jsonl")).unwrap();
        bench.run_on(&bench.path("endless.jsonl"), &[]).refused(
            "device",
            4,
            "is not a regular file",
        );
        bench
            .run_on(&bench.path("model"), &[])
            .refused("directory", 4, "is a directory");
    }
}

/// Line ends, byte-order marks and letters of all kinds are no reason to refuse, and lose no row.
#[test]
fn ordinary_differences_of_files_change_no_row() {
    let bench = Bench::new();
    let texts = [
        "plain",
        "comma, \"quoted\"",
        "two\nlines",
        "née 漢字 🙂",
        "  spaces  ",
        "1",
        "null",
        "true",
        "",
    ];
    let lines: Vec<String> = texts
        .iter()
        .enumerate()
        .map(|(id, text)| row(text, id))
        .collect();
    let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let csv = |end: &str| {
        texts.iter().enumerate().fold(
            format!("id,prompt,chosen,rejected{end}"),
            |all, (id, text)| format!("{all}{id},{},a,b{end}", cell(text)),
        )
    };
    let frame = |bench: &Bench| {
        let path = bench.path("x.parquet");
        let mut frame = df! {
            "id" => (0..9_i64).collect::<Vec<_>>(),
        "prompt" => texts,
        "chosen" => vec!["a"; texts.len()],
        "rejected" => vec!["b"; texts.len()],
            "other" => vec![Some(1.5); texts.len()],
        };
        ParquetWriter::new(File::create(&path).unwrap())
            .finish(frame.as_mut().unwrap())
            .unwrap();
        path
    };
    let expected = crate::tools::logits(
        &bench.verdicts(&write(&bench.path("x.jsonl"), lines.join("\n")), &[]),
    );
    assert_eq!(expected.len(), texts.len());
    for (name, text) in [
        ("crlf.jsonl", lines.join("\r\n") + "\r\n"),
        ("bom.jsonl", format!("\u{feff}{}", lines.join("\n"))),
        ("bom.json", format!("\u{feff} [{}]", lines.join(",\r\n"))),
        ("x.csv", csv("\n")),
        ("crlf.csv", csv("\r\n")),
        ("bom.csv", format!("\u{feff}{}", csv("\r\n"))),
    ] {
        let found = crate::tools::logits(&bench.verdicts(&write(&bench.path(name), text), &[]));
        assert_eq!(found, expected, "{name}");
    }
    assert_eq!(
        crate::tools::logits(&bench.verdicts(&frame(&bench), &[])),
        expected
    );
}

#[test]
fn equal_answers_are_ties_and_are_counted_as_such() {
    let bench = Bench::new();
    let rows = [("same", "same", 1), ("yes", "no", 2), ("", "", 3)].map(|(a, b, id)| {
        json!({ "prompt": "p", "chosen": a, "rejected": b, "id": id }).to_string()
    });
    let data = write(&bench.path("equal.jsonl"), rows.join("\n"));
    let done = bench.run_on(&data, &["--format", "json"]).succeeded("ties");
    let found: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    let tally = &found["models"]["M"]["subsets"]["equal"];
    assert_eq!(
        (tally["tie"].as_u64(), tally["n"].as_u64()),
        (Some(2), Some(3)),
        "{found}"
    );
    let accuracy = tally["accuracy"]
        .as_f64()
        .or_else(|| tally["estimate"]["accuracy"].as_f64())
        .unwrap();
    assert!(accuracy < 0.34, "a tie is not correct: {tally}");
    assert!(bench.run_on(&data, &[]).out.contains("2 ties"));
}

#[test]
fn a_line_of_50_megabytes_is_refused_with_row_and_column() {
    let bench = Bench::new();
    let baseline = bench.run(&[]).succeeded("nothing is wrong");
    let path = bench.path("long.jsonl");
    let mut out = BufWriter::new(File::create(&path).unwrap());
    write!(out, "{}\n{{\"prompt\":\"p\",\"chosen\":\"", row("first", 1)).unwrap();
    for _ in 0..50 {
        out.write_all("x".repeat(1 << 20).as_bytes()).unwrap();
    }
    out.write_all(b"\",\"rejected\":\"b\"}\n").unwrap();
    drop(out);
    let done = bench.run_on(&path, &[]);
    done.refused(
        "50 MB",
        4,
        "row 1, column `chosen`: a text of 52428800 bytes, accepted: up to 1048576",
    );
    // The file, its text and the row: three times the line.
    done.within("50 MB", &baseline, 3 * 50 * MEGABYTE + 64 * MEGABYTE);
}

/// The longest texts that are accepted, of the kinds that tokenizers find hard.
#[test]
fn the_longest_texts_are_scored_in_bounded_time_and_memory() {
    let bench = Bench::new();
    let baseline = bench.run(&[]).succeeded("nothing is wrong");
    let size = 1 << 20;
    for (case, piece) in [
        ("one word", "x"),
        ("words", "it is so "),
        ("combining marks", "\u{301}"),
        ("unknown letters", "漢"),
    ] {
        let text = piece.repeat(size / piece.len());
        let data = write(
            &bench.path("longest.jsonl"),
            json!({ "prompt": "p", "chosen": text, "rejected": "b" }).to_string(),
        );
        let done = bench.run_on(&data, &[]).succeeded(case);
        assert!(
            done.cpu < baseline.cpu + std::time::Duration::from_secs(20),
            "{case}: {:?}",
            done.cpu
        );
        assert!(
            done.peak < baseline.peak + 512 * MEGABYTE,
            "{case}: {} MB",
            done.peak / MEGABYTE
        );
    }
}

#[test]
fn a_million_rows_are_read_within_seconds_and_a_gigabyte() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("many.jsonl");
    let mut out = BufWriter::new(File::create(&path).unwrap());
    for id in 0..1_000_000 {
        writeln!(
            out,
            "{{\"id\":{id},\"prompt\":\"p{id}\",\"chosen\":\"yes\",\"rejected\":\"no\"}}"
        )
        .unwrap();
    }
    drop(out);
    let done = pairbench(["inspect", path.to_str().unwrap()]).succeeded("a million rows");
    assert!(
        done.out
            .lines()
            .any(|line| line.split_whitespace().take(2).eq(["many", "1000000"])),
        "{}",
        done.out
    );
    assert!(
        done.cpu.as_secs() < 30 && done.peak < 1024 * MEGABYTE,
        "{:?}, {} MB",
        done.cpu,
        done.peak / MEGABYTE
    );
}

fn parquet(path: &Path, rows: usize) -> Vec<u8> {
    let text = |what: &str| (0..rows).map(|i| format!("{what} {i}")).collect::<Vec<_>>();
    let mut frame =
        df! { "prompt" => text("question"), "chosen" => text("good"), "rejected" => text("bad") }
            .unwrap();
    ParquetWriter::new(File::create(path).unwrap())
        .with_compression(ParquetCompression::Uncompressed)
        .finish(&mut frame)
        .unwrap();
    std::fs::read(path).unwrap()
}

#[test]
fn damaged_parquet_is_refused_and_does_not_panic() {
    let bench = Bench::new();
    let baseline = bench.run(&[]).succeeded("nothing is wrong");
    let path = bench.path("x.parquet");
    let whole = parquet(&path, 40);
    bench.run_on(&path, &[]).succeeded("whole");
    let end = whole.len();
    let footer = u32::from_le_bytes(whole[end - 8..end - 4].try_into().unwrap()) as usize;
    let refused = |case: &str, bytes: &[u8]| {
        let done = bench.run_on(&write(&path, bytes), &[]);
        done.refused(case, 4, "x.parquet");
        done.within(case, &baseline, 64 * MEGABYTE);
    };
    let changed = |at: usize, to: &[u8]| [&whole[..at], to, &whole[at + to.len()..]].concat();
    refused("cut", &whole[..end / 2]);
    refused("without its end", &whole[..end - 4]);
    refused("magic", &changed(end - 4, b"PAR2"));
    refused("footer of 4 GB", &changed(end - 8, &[0xff; 4]));
    refused(
        "footer of 2 GB less one",
        &changed(end - 8, &[0xff, 0xff, 0xff, 0x7f]),
    );
    refused("footer of no length", &changed(end - 8, &[0; 4]));
    refused(
        "footer of noise",
        &changed(end - 8 - footer, &vec![0xa5; footer]),
    );
    refused(
        "footer of zeros",
        &changed(end - 8 - footer, &vec![0; footer]),
    );
    refused(
        "pages of noise",
        &changed(4, &vec![0xa5; end - 8 - footer - 4]),
    );
    refused(
        "pages of zeros",
        &changed(4, &vec![0; end - 8 - footer - 4]),
    );
    refused("encrypted", &changed(end - 4, b"PARE"));

    // Found by fuzzing: a page of -11 values, for which polars asks for 2^61 bytes, and the process
    // is gone.
    refused(
        "negative count",
        include_bytes!("../data/hostile/parquet/negative-count"),
    );
    // And a footer with a list of more elements than memory has room for.
    refused(
        "endless list",
        include_bytes!("../data/hostile/parquet/endless-list"),
    );
    refused(
        "endless list behind a number",
        include_bytes!("../data/hostile/parquet/endless-list-astray"),
    );
    refused(
        "a column that fails when it is looked at",
        include_bytes!("../data/hostile/parquet/late-panic"),
    );

    // Every byte of the footer and of the first pages, one at a time: read or refused, but told.
    let mut rng = fastrand::Rng::with_seed(7);
    let (mut read, mut lost) = (0, 0);
    for at in (4..200).chain(end - 8 - footer..end - 8).step_by(5) {
        let done = bench.run_on(&write(&path, changed(at, &[rng.u8(..)])), &["--limit", "1"]);
        match done.code {
            0 => read += 1,
            4 => lost += 1,
            code => panic!("byte {at}: {code}: {}", done.err),
        }
        done.within(&format!("byte {at}"), &baseline, 64 * MEGABYTE);
    }
    assert!(read > 0 && lost > 10, "{read} read, {lost} refused");
}

/// A group of rows costs time, and a byte of the footer memory, whatever is in it.
#[test]
fn parquet_of_too_many_row_groups_is_refused_before_it_costs() {
    let bench = Bench::new();
    let baseline = bench.run(&[]).succeeded("nothing is wrong");
    let path = bench.path("x.parquet");
    let rows = |n: usize| {
        let text = |what: &str| (0..n).map(|i| format!("{what}{i}")).collect::<Vec<_>>();
        df! { "prompt" => text("q"), "chosen" => text("g"), "rejected" => text("b") }.unwrap()
    };
    let groups = |n: usize| {
        ParquetWriter::new(File::create(&path).unwrap())
            .with_row_group_size(Some(1))
            .finish(&mut rows(n))
            .unwrap();
        bench.run_on(&path, &["--limit", "1"])
    };
    groups(1 << 10).succeeded("1,024 groups");
    let done = groups((1 << 14) + 1);
    done.refused(
        "one group too many",
        4,
        "it has 16385 row groups, at most 16384",
    );
    done.within("one group too many", &baseline, 128 * MEGABYTE);

    let long = KeyValueMetadata::from_static(vec![("note".to_owned(), "x".repeat(17 << 20))]);
    ParquetWriter::new(File::create(&path).unwrap())
        .with_key_value_metadata(Some(long))
        .finish(&mut rows(1))
        .unwrap();
    let done = bench.run_on(&path, &[]);
    done.refused("a footer of 17 MiB", 4, "at most 16777216 are read");
    done.within("a footer of 17 MiB", &baseline, 64 * MEGABYTE);
}

#[test]
fn parquet_of_other_types_is_refused_by_column() {
    let bench = Bench::new();
    let path = bench.path("x.parquet");
    let refused = |case: &str, mut frame: DataFrame, says: &str| {
        ParquetWriter::new(File::create(&path).unwrap())
            .finish(&mut frame)
            .unwrap();
        bench.run_on(&path, &[]).refused(case, 4, says);
    };
    let texts = || ["a", "b"];
    refused(
        "no rows",
        df! {
            "prompt" => Vec::<String>::new(),
            "chosen" => Vec::<String>::new(),
            "rejected" => Vec::<String>::new(),
        }
        .unwrap(),
        "the file has no rows",
    );
    refused(
        "no columns in use",
        df! { "other" => [1] }.unwrap(),
        "no column `prompt`",
    );
    refused(
        "a column less",
        df! { "prompt" => texts(), "chosen" => texts() }.unwrap(),
        "no column `rejected`",
    );
    refused(
        "numbers",
        df! { "prompt" => texts(), "chosen" => [1, 2], "rejected" => texts() }.unwrap(),
        "column `chosen`: expected strings, lists of strings, or lists of messages with strings \
         `role` and `content`, found INT32",
    );
    refused(
        "null",
        df! { "prompt" => texts(), "chosen" => [Some("a"), None], "rejected" => texts() }.unwrap(),
        "row 1, column `chosen`: expected a string, found null",
    );
    refused(
        "no prompt",
        df! { "prompt" => [Some("a"), None], "chosen" => texts(), "rejected" => texts() }.unwrap(),
        "row 1, column `prompt`",
    );
    refused(
        "id null",
        df! {
            "prompt" => texts(),
            "chosen" => texts(),
            "rejected" => texts(),
            "id" => [Some(1), None],
        }
        .unwrap(),
        "row 1, column `id`: expected an integer or a string, found null",
    );
    refused(
        "id a share",
        df! { "prompt" => texts(), "chosen" => texts(), "rejected" => texts(), "id" => [0.5, 1.0] }
            .unwrap(),
        "column `id`",
    );
    refused(
        "prompt a number",
        df! { "prompt" => [1, 2], "chosen" => texts(), "rejected" => texts() }.unwrap(),
        "column `prompt`",
    );
}
