//! Files of pairs as spreadsheets, Python, trainers and databases write them.

#[path = "common/binary.rs"]
mod binary;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use binary::{pairbench, run};
use pairbench::data::{ColumnMap, Item, Message, load};

const HEADER: &str = "id,prompt,chosen,rejected\n";

fn write(path: PathBuf, bytes: impl AsRef<[u8]>) -> PathBuf {
    std::fs::write(&path, bytes).unwrap();
    path
}

fn read(path: &Path) -> Result<Vec<Item>, String> {
    read_as(path, "")
}

fn read_as(path: &Path, map: &str) -> Result<Vec<Item>, String> {
    let map = if map.is_empty() {
        ColumnMap::default()
    } else {
        map.parse::<ColumnMap>()?
    };
    load(&[path.into()], &map).map_err(|error| error.render())
}

/// Prompt, chosen and rejected answer of each row.
fn texts(items: &[Item]) -> Vec<(Vec<Message>, String, String)> {
    let only = |answers: &pairbench::data::Answers| {
        let listed = serde_json::to_value(answers).unwrap();
        assert_eq!(listed["others"], serde_json::json!([]));
        listed["first"].as_str().unwrap().to_owned()
    };
    items
        .iter()
        .map(|item| {
            (
                item.prompt.clone(),
                only(&item.chosen),
                only(&item.rejected),
            )
        })
        .collect()
}

fn pair(prompt: &str, chosen: &str, rejected: &str) -> (Vec<Message>, String, String) {
    let prompt = vec![Message::new("user", prompt)];
    (prompt, chosen.to_owned(), rejected.to_owned())
}

/// The error of a file that is refused, as the binary prints it, with exit code 4.
fn refused(path: &Path, map: &[&str]) -> String {
    let path = path.to_str().unwrap();
    let arguments = [&["inspect", path], map].concat();
    let (stdout, stderr, code) = run(&arguments);
    assert_eq!((code, stdout.as_str()), (4, ""), "{path}: {stderr}");
    stderr
}

#[test]
fn csv_is_read_by_rfc_4180_or_refused_by_row() {
    let dir = tempfile::tempdir().unwrap();
    let path = |body: &str| write(dir.path().join("x.csv"), format!("{HEADER}{body}"));
    let items = read(&path(
        "1,How long?,5\" or so,\"a \"\"b\"\"\n, c\"\r\n\n2,\"C:\\\",yes,\"\"\n",
    ))
    .unwrap();
    assert_eq!(
        texts(&items),
        [
            pair("How long?", "5\" or so", "a \"b\"\n, c"),
            pair("C:\\", "yes", "")
        ]
    );
    for (body, says) in [
        ("1,q,\"Hamlet\" is the one,none\n", "row 0 (line 2)"),
        ("1,\"q\", \"yes\", \"no\"\n", "row 0 (line 2)"),
        ("1,q,\"It means \\\"four\\\" here\",no\n", "row 0 (line 2)"),
        (
            "1,q,\"one,stone\n2,q,\"two,cloud\n3,q,oak,river\n",
            "row 0 (line 2)",
        ),
        ("1,q,\"one,stone\n2,q,two\",cloud\n", "row 0 (line 2)"),
        (
            "0,q,a,b\n1,q,\"one,stone\n2,q,oak,river\n",
            "row 1 (line 3)",
        ),
        ("0,q,a,b\n1,q,a,b\n,,,\n,,,\n", "row 2 (line 4) is empty"),
        (
            "0,q,a,b\nid,prompt,chosen,rejected\n",
            "row 1 (line 3) is the header again",
        ),
    ] {
        let error = refused(&path(body), &[]);
        assert!(error.contains(says), "{body}: {error}");
    }
}

#[test]
fn tabs_and_compressed_texts_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let rows = [(1, "a, \"b\""), (2, "two\nlines"), (3, "")];
    let json = rows.iter().fold(String::new(), |mut text, (id, answer)| {
        let row = serde_json::json!({
            "id": id.to_string(), "prompt": "q", "chosen": answer, "rejected": "r",
        });
        writeln!(text, "{row}").unwrap();
        text
    });
    let lines: Vec<&str> = json.lines().collect();
    let table = |delimiter: char| {
        let mut text = HEADER.replace(',', &delimiter.to_string());
        for (id, answer) in rows {
            let cells = [&id.to_string(), "q", &answer.replace('"', "\"\""), "r"];
            let cells = cells
                .map(|cell| format!("\"{cell}\""))
                .join(&delimiter.to_string());
            writeln!(text, "{cells}").unwrap();
        }
        text
    };
    let gzip = |text: &str| {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(text.as_bytes()).unwrap();
        writer.finish().unwrap()
    };
    let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 1).unwrap();
    let expected = read(&write(dir.path().join("x.jsonl"), &json)).unwrap();
    assert_eq!(expected.len(), 3);
    assert_eq!(expected[0].subset, "x");
    let (half, rest) = json.split_at(lines[0].len() + 1);
    for (name, bytes) in [
        ("x.tsv", table('\t').into_bytes()),
        ("x.jsonl.gz", gzip(&json)),
        ("x.JSONL.GZ", gzip(&json)),
        ("x.ndjson.zst", zstd(&json)),
        ("x.json.gz", gzip(&format!("[{}]", lines.join(",")))),
        ("x.csv.zst", zstd(&table(','))),
        ("x.tsv.gz", gzip(&table('\t'))),
        // Members of a gzip file, as `cat a.gz b.gz` makes them, and frames of a zstd file.
        ("x.jsonl.gz", [gzip(half), gzip(rest)].concat()),
        ("x.jsonl.zst", [zstd(half), zstd(rest)].concat()),
    ] {
        let found = read(&write(dir.path().join(name), bytes)).unwrap();
        assert_eq!(found, expected, "{name}");
    }
    for (name, bytes, says) in [
        (
            "cut.jsonl.gz",
            gzip(&json)[..20].to_vec(),
            "failed to decompress: ",
        ),
        (
            "cut.csv.zst",
            zstd(&json)[..20].to_vec(),
            "failed to decompress: ",
        ),
        (
            "not.jsonl.gz",
            json.clone().into_bytes(),
            "failed to decompress: ",
        ),
        ("x.parquet.gz", gzip("PAR1"), "unknown file type"),
        ("x.gz", gzip(&json), "unknown file type"),
        (
            "latin.csv.gz",
            {
                let mut writer =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                writer
                    .write_all(b"prompt,chosen,rejected\na,b,\xe9\n")
                    .unwrap();
                writer.finish().unwrap()
            },
            "latin.csv.gz:2",
        ),
    ] {
        let error = refused(&write(dir.path().join(name), bytes), &[]);
        assert!(
            error.contains(says) && error.contains(name),
            "{name}: {error}"
        );
    }
}

/// A kilobyte that claims to be gigabytes.
#[test]
fn what_expands_without_end_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let zeros = std::io::repeat(b' ');
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(&mut std::io::Read::take(zeros, 300 << 20), &mut gzip).unwrap();
    let zeros = std::io::repeat(b' ');
    let mut zstd = zstd::Encoder::new(Vec::new(), 1).unwrap();
    std::io::copy(&mut std::io::Read::take(zeros, 1 << 30), &mut zstd).unwrap();
    for (name, bytes) in [
        ("x.jsonl.gz", gzip.finish().unwrap()),
        ("x.csv.zst", zstd.finish().unwrap()),
    ] {
        let error = refused(&write(dir.path().join(name), bytes), &[]);
        assert!(error.contains("bytes come out of"), "{error}");
        assert!(error.contains("decompress the file first"), "{error}");
    }
}

#[test]
fn values_of_unused_columns_may_be_anything_that_python_writes() {
    let dir = tempfile::tempdir().unwrap();
    let row =
        |more: &str| format!("{{\"prompt\":\"q\",\"chosen\":\"a\",\"rejected\":\"b\",{more}}}");
    let deep = format!("\"x\":{}{}", "[".repeat(5000), "]".repeat(5000));
    for (at, more) in [
        "\"x\":NaN",
        "\"x\":[-Infinity,{\"y\":Infinity}]",
        "\"x\":\"\\ud83d\"",
        "\"\\ud83d\":1",
        "\"x\":1e999",
        &deep,
        "\"x\":1,\"x\":2",
    ]
    .into_iter()
    .enumerate()
    {
        for (name, text) in [
            ("x.jsonl", row(more)),
            ("x.json", format!("[{}]", row(more))),
        ] {
            let items = read(&write(dir.path().join(name), text)).unwrap();
            assert_eq!(texts(&items), [pair("q", "a", "b")], "{at}");
        }
    }
    for (more, says) in [
        (
            "\"id\":NaN",
            "row 0, column `id`: expected an integer or a string, found NaN",
        ),
        ("\"id\":\"\\ud83d\"", "row 0, column `id`: a lone surrogate"),
        ("\"chosen\":\"c\"", "row 0: 2 columns `chosen`"),
        ("\"x\":[1 2]", "x.jsonl:1"),
        ("\"x\":nan", "x.jsonl:1"),
    ] {
        let error = refused(&write(dir.path().join("x.jsonl"), row(more)), &[]);
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn an_id_and_its_text_are_one_id() {
    let dir = tempfile::tempdir().unwrap();
    let row = |id: &str| {
        format!("{{\"id\":{id},\"prompt\":\"q\",\"chosen\":\"a\",\"rejected\":\"b\"}}\n")
    };
    let path =
        |one: &str, two: &str| write(dir.path().join("x.jsonl"), [row(one), row(two)].concat());
    for (one, two) in [("1", "\"1\""), ("\"-5\"", "-5"), ("\"a\"", "\"a\"")] {
        let error = refused(&path(one, two), &[]);
        assert!(error.contains("row 1: id "), "{error}");
        let items = read_as(&path(one, two), "id=").unwrap();
        assert!(items.iter().all(|item| item.id.is_none()));
    }
    for (one, two) in [("1", "\"01\""), ("1", "\"1.0\""), ("\"1\"", "\" 1\"")] {
        assert_eq!(read(&path(one, two)).unwrap().len(), 2);
    }
}

/// `tests/data/parquet/make.py` wrote them.
#[test]
fn parquet_of_every_writer_is_read_as_the_same_pairs() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/parquet");
    let expected: Vec<_> = (0..3)
        .map(|i| {
            let text = |what: &str| format!("{what} {i}");
            pair(&text("question"), &text("good"), &text("bad"))
        })
        .collect();
    let mut with_ids = 0;
    for name in binary::names(&directory.join("read")) {
        let items = read(&directory.join("read").join(&name)).unwrap();
        assert_eq!(texts(&items), expected, "{name}");
        let ids: Vec<String> = items
            .iter()
            .filter_map(|item| Some(item.id.as_ref()?.to_string()))
            .collect();
        let uuids = [0, 1, 2].map(|i| format!("00000000-0000-0000-0000-00000000000{i}"));
        assert!(
            ids.is_empty() || ids == ["0", "1", "2"] || ids == uuids,
            "{name}: {ids:?}"
        );
        with_ids += usize::from(!ids.is_empty());
    }
    assert!(with_ids > 20, "{with_ids}");
    let cases = std::fs::read_to_string(directory.join("refused/expected.csv")).unwrap();
    for case in cases.lines().skip(1) {
        let (name, says) = case.split_once(',').unwrap();
        let error = refused(&directory.join("refused").join(name), &[]);
        for part in says.split(';').map(str::trim) {
            assert!(error.contains(part), "{name}: {part}: {error}");
        }
        assert!(!error.contains("damaged"), "{name}: {error}");
    }
}

#[test]
fn trainers_forms_of_preference_data_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = |text: &str| write(dir.path().join("x.jsonl"), text);
    let user = r#"{"role": "user", "content": "q"}"#;
    let good = r#"{"content": "a", "role": "assistant", "name": null, "tool_calls": [NaN]}"#;
    let bad = r#"{"role": "assistant", "content": "b"}"#;
    let row = |prompt: &str, chosen: &str, rejected: &str| {
        format!("{{{prompt}\"chosen\": [{chosen}], \"rejected\": [{rejected}]}}")
    };
    let whole = |answer: &str| format!("{user}, {answer}");
    for text in [
        row(&format!("\"prompt\": [{user}], "), good, bad),
        row("\"prompt\": \"q\", ", good, bad),
        row("", &whole(good), &whole(bad)),
        row("\"prompt\": \"q\", ", &whole(good), &whole(bad)),
        row(
            &format!("\"prompt\": [{user}], "),
            &whole(good),
            &whole(bad),
        ),
    ] {
        let items = read(&path(&text)).unwrap();
        assert_eq!(texts(&items), [pair("q", "a", "b")], "{text}");
    }
    let turns = format!("{}, {user}", whole(bad));
    let long = row("", &format!("{turns}, {good}"), &format!("{turns}, {bad}"));
    assert_eq!(read(&path(&long)).unwrap()[0].prompt.len(), 3);
    let other = r#"{"role": "user", "content": "p"}"#;
    for (text, says) in [
        (
            row("", &whole(good), &format!("{other}, {bad}")),
            "row 0, column `chosen`: the conv",
        ),
        (
            row("", &whole(good), &format!("{turns}, {bad}")),
            "row 0, column `chosen`: a conv",
        ),
        (row("", good, bad), "no prompt before it"),
        (
            row("\"prompt\": \"p\", ", &whole(good), &whole(bad)),
            "row 0, column `prompt`",
        ),
        (
            "{\"chosen\": \"The sky is blue.\", \"rejected\": \"The sky is green.\"}".to_owned(),
            "no column `prompt`",
        ),
        (
            "{\"chosen\": [\"a\", 1], \"rejected\": [\"b\"], \"prompt\": \"q\"}".to_owned(),
            "row 0, column `chosen`: expected a string, found a list with 1",
        ),
    ] {
        let error = refused(&path(&text), &[]);
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn columns_of_other_names_are_refused_with_what_to_type_and_read_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = |text: &str| write(dir.path().join("x.jsonl"), text);
    let row = |more: &str| {
        format!("{{\"instruction\":\"q\",\"response_a\":\"a\",\"response_b\":\"b\"{more}}}\n")
    };
    let map = "prompt=instruction,chosen=response_a,rejected=response_b";
    let error = refused(&path(&row("")), &[]);
    assert!(
        error.contains("no column `prompt`, `chosen`, `rejected`"),
        "{error}"
    );
    assert!(
        error.contains("instruction, response_a, response_b"),
        "{error}"
    );
    assert!(error.contains(&format!("--map {map}")), "{error}");
    let items = read_as(&path(&row("")), map).unwrap();
    assert_eq!(texts(&items), [pair("q", "a", "b")]);

    // A winner turns pairs round; a column of the name `label` is one without being named.
    let both = row(",\"label\":\"a\"") + &row(",\"label\":\"response_b\"");
    for map in [map.to_owned(), format!("{map},label=label")] {
        let items = read_as(&path(&both), &map).unwrap();
        assert_eq!(texts(&items), [pair("q", "a", "b"), pair("q", "b", "a")]);
    }
    let items = read_as(&path(&both), &format!("{map},label=")).unwrap();
    assert_eq!(texts(&items), [pair("q", "a", "b"), pair("q", "a", "b")]);
    let numbers = row(",\"winner\":0") + &row(",\"winner\":1");
    let items = read_as(&path(&numbers), &format!("{map},label=winner:1/0")).unwrap();
    assert_eq!(texts(&items), [pair("q", "b", "a"), pair("q", "a", "b")]);
    for (text, map, says) in [
        (
            &numbers,
            map.to_owned(),
            "column `winner` seems to say which answer is better",
        ),
        (
            &numbers,
            format!("{map},label=winner"),
            "labels 0, 1: which answer do they mean?",
        ),
        (&numbers, format!("{map},label=winer"), "no column `winer`"),
        (
            &both,
            format!("{map},id=key,subset=part"),
            "no column `part`, `key`",
        ),
        (
            &both,
            format!("{map},label=label:x/y"),
            "row 0, column `label`: `a` names neither",
        ),
        (
            &row(",\"label\":\"tie\""),
            map.to_owned(),
            "a tie is no pair",
        ),
        (
            &row(",\"label\":null"),
            map.to_owned(),
            "row 0, column `label`: expected which",
        ),
    ] {
        let error = refused(&path(text), &["--map", &map]);
        assert!(error.contains(says), "{map}: {error}");
    }
    // Data with chosen and rejected may have any column of that name.
    let plain = "{\"prompt\":\"q\",\"chosen\":\"a\",\"rejected\":\"b\",\"label\":0}";
    assert_eq!(texts(&read(&path(plain)).unwrap()), [pair("q", "a", "b")]);
    let csv = "label,prompt,response 1,response 2\n2,q,a,b\n1,q,a,b\n";
    let csv = write(dir.path().join("x.csv"), csv);
    let items = read_as(&csv, "chosen=response 1,rejected=response 2").unwrap();
    assert_eq!(texts(&items), [pair("q", "b", "a"), pair("q", "a", "b")]);
    let (_, stderr, code) = run(&["run", "--map", "id=", "--model", "quickstart/pairrm"]);
    assert_eq!(code, 2, "{stderr}");
}

/// The columns of lmarena-ai/arena-human-preference-55k, where each verdict has its own.
#[test]
fn ties_that_stand_apart_are_ties() {
    let dir = tempfile::tempdir().unwrap();
    let row = |prompt: &str, [a, b, tie]: [&str; 3]| {
        format!(
            "{{\"prompt\":{prompt:?},\"response_a\":\"x\",\"response_b\":\"y\",\
             \"winner_model_a\":{a},\"winner_model_b\":{b},\"winner_tie\":{tie},\"lang\":\"en\"}}\n"
        )
    };
    let rows = [["1", "0", "0"], ["0", "1", "0"], ["0", "0", "1"]];
    let rows: String = rows.into_iter().map(|own| row("q", own)).collect();
    let path = write(dir.path().join("arena.jsonl"), &rows);
    let answers = "chosen=response_a,rejected=response_b";
    let map = format!("{answers},label=winner_model_a:1/0");
    for (map, says) in [
        (answers.to_owned(), "add label=winner_model_a to --map"),
        (map.clone(), "add tie=winner_tie to --map"),
        (format!("{map},tie=winner_tie"), "a tie is no pair"),
        (format!("{map},tie=lang"), "row 0, column `lang`"),
    ] {
        let error = refused(&path, &["--map", &map]);
        assert!(error.contains(says), "{map}: {error}");
    }
    let map = format!("{map},tie=winner_tie,ties=drop");
    let items = read_as(&path, &map).unwrap();
    assert_eq!(texts(&items), [pair("q", "x", "y"), pair("q", "y", "x")]);
    let parquet = dir.path().join("arena.parquet");
    let mut frame = polars::df!(
        "prompt" => ["q", "q", "q"],
        "response_a" => ["x", "x", "x"],
        "response_b" => ["y", "y", "y"],
        "winner_model_a" => [true, false, false],
        "winner_tie" => [false, false, true],
    )
    .unwrap();
    let file = std::fs::File::create(&parquet).unwrap();
    polars::prelude::ParquetWriter::new(file)
        .finish(&mut frame)
        .unwrap();
    let map = map.replace(":1/0", ":true/false");
    let items = read_as(&parquet, &map).unwrap();
    assert_eq!(texts(&items), [pair("q", "x", "y"), pair("q", "y", "x")]);
    // And the texts of that dataset, a list of turns each.
    let lists = rows
        .replace("\"q\"", r#""[\"q\"]""#)
        .replace("\"x\"", r#""[\"x\"]""#);
    let lists = lists.replace("\"y\"", r#""[\"y\",null]""#);
    let path = write(dir.path().join("lists.jsonl"), lists);
    let error = refused(&path, &["--map", &map.replace(":true/false", ":1/0")]);
    assert!(
        error.contains("is a list of strings that is written as text"),
        "{error}"
    );
}

/// Rows without a subset, with these ids.
fn rows(ids: &[&str]) -> String {
    let row =
        |id| format!("{{\"id\":{id},\"prompt\":\"q\",\"chosen\":\"a\",\"rejected\":\"b\"}}\n");
    ids.iter().map(row).collect()
}

#[test]
fn files_of_the_same_content_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let plain = ROWS.replace(",\"id\":1", "").replace(",\"id\":2", "");
    let one = write(dir.path().join("one.jsonl"), &plain);
    let two = write(dir.path().join("two.jsonl"), &plain);
    let other = write(dir.path().join("other.jsonl"), plain.to_uppercase());
    let map: ColumnMap = "prompt=question".parse().unwrap();
    let again = dir.path().join(".").join("one.jsonl");
    for (first, second) in [(&one, &one), (&one, &again), (&one, &two)] {
        let files = [other.as_path(), first, second].map(Into::into);
        let error = load(&files, &map).unwrap_err().render();
        let says = format!(
            "{} has the same content as {}",
            second.display(),
            first.display()
        );
        assert!(error.contains(&says), "{error}");
    }
    let definition = write(
        dir.path().join("x.toml"),
        "name = \"x\"\n[source]\nfiles = [\"one.jsonl\", \"one.jsonl\"]\n\
         [columns]\nprompt = \"question\"\n[subsets]\none = 0\n",
    );
    let (_, stderr, code) = run(&["run", "--benchmark", definition.to_str().unwrap()]);
    assert!(
        code == 4 && stderr.contains("has the same content as"),
        "{stderr}"
    );
}

/// Rows count within their file, and the other file is named.
#[test]
fn an_id_that_is_in_two_files_is_told_with_both_places() {
    let dir = tempfile::tempdir().unwrap();
    let path = |folder: &str, ids: &[&str]| {
        std::fs::create_dir_all(dir.path().join(folder)).unwrap();
        write(dir.path().join(folder).join("x.jsonl"), rows(ids))
    };
    let (one, two) = (path("a", &["1", "2", "3"]), path("b", &["4", "\"3\"", "5"]));
    let map = ColumnMap::default();
    let error = load(&[two.as_path().into(), one.as_path().into()], &map)
        .unwrap_err()
        .render();
    let says = format!(
        "{}: row 2: id 3 of subset x occurs twice, first in row 1 of {}\n",
        one.display(),
        two.display()
    );
    assert!(error.contains(&says), "{error}");
    let error = read(&path("c", &["1", "2", "1"])).unwrap_err();
    assert!(
        error.contains("row 2: id 1 of subset x occurs twice, first in row 0\n"),
        "{error}"
    );
}

#[test]
fn a_row_without_a_subset_among_rows_with_one_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let with = rows(&["1", "2"]).replace("{\"id\"", "{\"subset\":\"chat\",\"id\"");
    let mixed = write(dir.path().join("mixed.jsonl"), with.clone() + &rows(&["3"]));
    let error = refused(&mixed, &[]);
    assert!(
        error.contains("row 2: no column `subset`, which other rows have"),
        "{error}"
    );
    assert_eq!(read_as(&mixed, "subset=").unwrap().len(), 3);
    // By file: a whole file without the column is named after itself.
    let with = write(dir.path().join("with.jsonl"), with);
    let without = write(dir.path().join("without.jsonl"), rows(&["1"]));
    let files = [with.as_path(), &without].map(Into::into);
    let items = load(&files, &ColumnMap::default()).unwrap();
    let subsets: Vec<&str> = items.iter().map(|item| item.subset.as_str()).collect();
    assert_eq!(subsets, ["chat", "chat", "without"]);
}

#[test]
fn folders_name_subsets_as_hive_has_them_and_namesakes_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = |folder: &str, ids: &[&str]| {
        std::fs::create_dir_all(dir.path().join(folder)).unwrap();
        write(dir.path().join(folder).join("part-0.jsonl"), rows(ids))
    };
    let [x, y, deep] = [
        path("hive/subset=x", &["1"]),
        path("hive/subset=y", &["3"]),
        path("hive/subset=x/topic=z", &["2"]),
    ];
    let files = [x.as_path(), &y, &deep].map(Into::into);
    let subsets = |map: &str| {
        let items = load(&files, &map.parse().unwrap()).unwrap().into_iter();
        items.map(|item| item.subset).collect::<Vec<_>>()
    };
    assert_eq!(subsets("id=id"), ["x", "y", "x"]);
    assert_eq!(subsets("subset=topic?,id="), ["part-0", "part-0", "z"]);
    assert_eq!(subsets("subset=,id="), ["part-0", "part-0", "part-0"]);
    // As pyarrow writes `Precise IF`.
    let spaced = path("hive/subset=Precise%20IF", &["4"]);
    assert_eq!(read(&spaced).unwrap()[0].subset, "Precise IF");

    let model = ["run", "--model", "M=quickstart/pairrm"];
    let data = [&x, &y]
        .map(|path| ["--data", path.to_str().unwrap()])
        .concat();
    let (_, stderr, code) = run(&[&model[..], &data].concat());
    assert!(code == 0 && !stderr.contains("the same name"), "{stderr}");
    let (_, stderr, code) = run(&[&model[..], &data, &["--map", "id=,subset="]].concat());
    let says = format!(
        "the files have the same name: {} and {}",
        x.display(),
        y.display()
    );
    assert!(code == 0 && stderr.contains(&says), "{stderr}");
}

const ROWS: &str = concat!(
    "{\"question\":\"q\",\"chosen\":\"a\",\"rejected\":\"b\",\"id\":1}\n",
    "{\"question\":\"q\",\"chosen\":\"c\",\"rejected\":\"d\",\"id\":2}\n",
);

/// Exit code, stdout and stderr of a run of rows from standard input.
fn piped(input: &str, arguments: &[&str]) -> (i32, String, String) {
    let output = pairbench()
        .args(["run", "--model", "M=quickstart/pairrm", "--data", "-"])
        .args(arguments)
        .write_stdin(input)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

#[test]
fn standard_input_is_read_recorded_and_resumed_from_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    let out = out.to_str().unwrap();
    let map = ["--map", "prompt=question", "--out", out];
    let (code, stdout, stderr) = piped(ROWS, &map);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.starts_with("standard input, 2 pairs"), "{stdout}");
    assert!(stdout.contains("stdin"), "{stdout}");
    let record = std::fs::read_to_string(dir.path().join("run/run.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let file = write(dir.path().join("same.jsonl"), ROWS);
    let hash = pairbench::support::input_file::InputFile::from(file.as_path())
        .sha256()
        .unwrap();
    let recorded = serde_json::json!(
        [{ "path": "standard input", "sha256": hash, "map": "prompt=question" }]
    );
    assert_eq!(record["data"], recorded);
    assert_eq!(record["plan"]["content"]["map"], "prompt=question");

    let resume = [&map[..], &["--resume"]].concat();
    let (code, _, stderr) = piped(ROWS, &resume);
    assert_eq!(code, 0, "{stderr}");
    let (code, _, stderr) = piped(&ROWS.replace("\"d\"", "\"e\""), &resume);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("plan differs: data[0]"), "{stderr}");
    let swapped = "prompt=question,chosen=rejected,rejected=chosen";
    let (code, _, stderr) = piped(ROWS, &["--map", swapped, "--out", out, "--resume"]);
    assert!(
        code == 2 && stderr.contains("plan differs: map"),
        "{stderr}"
    );

    let (code, _, stderr) = piped(ROWS, &["--map", "prompt=question", "--data", "-"]);
    assert!(code == 2 && stderr.contains("can be read once"), "{stderr}");
    let (code, _, stderr) = piped("", &[]);
    assert!(
        code == 4 && stderr.contains("standard input: the file has no rows"),
        "{stderr}"
    );
}

/// A report made later reads the texts as the run did.
#[test]
fn a_report_reads_texts_again_under_the_same_map() {
    let dir = tempfile::tempdir().unwrap();
    let data = write(dir.path().join("x.jsonl"), ROWS);
    let out = dir.path().join("run");
    let (_, stderr, code) = run(&[
        "run",
        "--model",
        "M=quickstart/pairrm",
        "--data",
        data.to_str().unwrap(),
        "--map",
        "prompt=question,chosen=rejected,rejected=chosen",
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(code, 0, "{stderr}");
    let side = out.to_str().unwrap();
    let (page, stderr, code) = run(&["report", side, "--format", "html"]);
    assert_eq!(code, 0, "{stderr}");
    let first = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(
        first == page,
        "the page that was written while scoring differs from the one made later"
    );
}

/// Ids as polars' `hash` makes them, beyond what 64 bits with a sign hold.
#[test]
fn an_id_of_any_width_is_one() {
    use polars::prelude::*;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.parquet");
    let texts = || ["q", "a"];
    let mut frame = df! {
        "prompt" => texts(),
        "chosen" => texts(),
        "rejected" => texts(),
        "id" => [u64::MAX, 1],
    }
    .unwrap();
    let file = std::fs::File::create(&path).unwrap();
    ParquetWriter::new(file).finish(&mut frame).unwrap();
    let items = read(&path).unwrap();
    let ids: Vec<String> = items
        .iter()
        .map(|item| item.id.as_ref().unwrap().to_string())
        .collect();
    assert_eq!(ids, ["18446744073709551615", "1"]);
    let json = write(
        dir.path().join("x.jsonl"),
        rows(&["18446744073709551615", "1"]),
    );
    let csv = format!("{HEADER}18446744073709551615,q,a,b\n1,q,a,b\n");
    let csv = write(dir.path().join("x.csv"), csv);
    for path in [json, csv] {
        let items = read(&path).unwrap();
        let found = items
            .iter()
            .map(|item| item.id.as_ref().unwrap().to_string());
        assert!(found.eq(ids.clone()), "{items:?}");
    }
}

#[test]
fn a_cell_that_is_wrong_says_what_to_write() {
    let dir = tempfile::tempdir().unwrap();
    let row = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut row = serde_json::json!({
            "subset": "s", "id": 1, "prompt": "q", "chosen": "a", "rejected": "b",
        });
        change(&mut row);
        write(dir.path().join("x.jsonl"), row.to_string())
    };
    let parts =
        serde_json::json!([{ "role": "user", "content": [{ "type": "text", "text": "q" }] }]);
    for (key, value, says) in [
        ("id", serde_json::json!(1.0), "or do without it: --map id="),
        ("id", serde_json::Value::Null, "or do without it: --map id="),
        (
            "subset",
            serde_json::Value::Null,
            "or do without it: --map subset=",
        ),
        (
            "chosen",
            serde_json::Value::Null,
            "remove a row that has none",
        ),
        ("prompt", parts, "one string for all parts of a content"),
    ] {
        let error = refused(&row(&|row| row[key] = value.clone()), &[]);
        assert!(
            error.contains(&format!("row 0, column `{key}`: expected")),
            "{error}"
        );
        assert!(error.contains(says), "{key}: {error}");
    }
    let double =
        "{\"prompt\":\"q\",\"chosen\":{\"a\":\"1\",\"a\":\"2\"},\"rejected\":{\"a\":\"3\"}}";
    let map = ["--map", "chosen=chosen.a,rejected=rejected.a"];
    let error = refused(&write(dir.path().join("x.jsonl"), double), &map);
    assert!(error.contains("row 0: 2 columns `a`"), "{error}");
    let double = "{\"prompt\":[{\"role\":\"user\",\"content\":\"1\",\"content\":\"2\"}],\"chosen\":\"a\",\"rejected\":\"b\"}";
    let error = refused(&write(dir.path().join("x.jsonl"), double), &[]);
    assert!(
        error.contains("found a message with two keys `content`"),
        "{error}"
    );
}

/// `.astype(str)` would write its braces and quotes, which would be scored.
#[test]
fn a_message_without_a_list_in_parquet_is_told_to_stand_in_one() {
    use polars::prelude::*;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.parquet");
    let turn = df! { "role" => ["user"], "content" => ["q"] }.unwrap();
    let mut frame = df! { "chosen" => ["a"], "rejected" => ["b"] }.unwrap();
    let turn = turn.into_struct("prompt".into()).into_series();
    frame.with_column(turn.into()).unwrap();
    let file = std::fs::File::create(&path).unwrap();
    ParquetWriter::new(file).finish(&mut frame).unwrap();
    let error = refused(&path, &[]);
    assert!(
        error.contains("column `prompt`: expected strings, lists"),
        "{error}"
    );
    assert!(
        error.contains("messages as lists of {role, content}"),
        "{error}"
    );
}

#[test]
fn a_file_that_is_not_what_its_name_says_is_told_by_its_content() {
    let dir = tempfile::tempdir().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(ROWS.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::encode_all(ROWS.as_bytes(), 1).unwrap();
    let parquet = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/parquet/read");
    let parquet = std::fs::read(parquet.join("pyarrow-large.parquet")).unwrap();
    let table = |delimiter: &str| {
        let lines = [["\"prompt\"", "chosen", "rejected"], ["p", "\"a, b\"", "c"]];
        lines.map(|cells| cells.join(delimiter)).join("\n")
    };
    let page = b"\n<!DOCTYPE html>\n<html></html>".to_vec();
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n".to_vec();
    for (name, bytes, says) in [
        (
            "x.jsonl",
            &gzip,
            "compressed with gzip: add .gz to its name",
        ),
        ("x.csv", &zstd, "compressed with zstd: add .zst to its name"),
        (
            "x.jsonl",
            &parquet,
            "the content is Parquet: let its name end in .parquet",
        ),
        ("x.parquet", &gzip, "compressed with gzip"),
        (
            "x.parquet",
            &ROWS.into(),
            "the content is JSON: let its name end in .jsonl",
        ),
        (
            "x.csv",
            &ROWS.into(),
            "the content is JSON: let its name end in .jsonl",
        ),
        (
            "x.jsonl.gz",
            &ROWS.into(),
            "the content is JSON: let its name end in .jsonl",
        ),
        ("x.parquet", &page, "a page of HTML, not the file"),
        ("x.jsonl", &page, "a page of HTML, not the file"),
        ("x.parquet", &pointer, "git lfs pull"),
        ("x.csv", &pointer, "git lfs pull"),
        (
            "x.xlsx",
            &b"PK\x03\x04".to_vec(),
            "save a table as CSV in UTF-8",
        ),
        ("x.csv", &b"\xff\xfep\0".to_vec(), "text in UTF-16"),
        ("x.csv", &table(";").into(), "the cells are divided by ';'"),
        ("x.csv", &table("|").into(), "the cells are divided by '|'"),
        (
            "x.csv",
            &table("\t").into(),
            "the cells are divided by '\\t'",
        ),
        ("x.tsv", &table(",").into(), "the cells are divided by ','"),
        (
            "x.parquet",
            &parquet[..parquet.len() / 2].to_vec(),
            "it does not end in PAR1",
        ),
        (
            "x.parquet",
            &b"PAR1\xff\xff\xff\x7fPAR1".to_vec(),
            "more than the file has",
        ),
    ] {
        let error = refused(&write(dir.path().join(name), bytes), &[]);
        assert!(
            error.contains(says) && error.contains(name),
            "{name}: {says}: {error}"
        );
    }
    let output = pairbench()
        .args(["run", "--model", "quickstart/pairrm", "--data", "-"])
        .write_stdin(gzip)
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("gzip: standard input is read as JSON Lines"),
        "{error}"
    );
    let error = refused(
        &write(dir.path().join("x.csv"), "question,chosen\na,b\n"),
        &[],
    );
    assert!(
        error.contains("the columns are: question, chosen"),
        "{error}"
    );
}
