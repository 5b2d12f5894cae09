//! `pairbench rank` and `pairbench score` against `llm_blender` 0.0.2 on the golden weights, and as
//! parts of a pipe.

#[path = "common/binary.rs"]
mod binary;
mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use assert_cmd::cargo::cargo_bin;
use polars::prelude::{ParquetReader, SerReader, SortMultipleOptions};
use serde_json::{Value, json};

/// The weights of `blender.json`, with the text as `llm_blender` has it.
const MODEL: &str = "tests/data/golden/models/tiny-pairrm,template=pairranker";
const SCALAR: &str = "tests/data/scalar/models/tiny-deberta-rm";
/// A tolerance of the reference's own.
const NEAR: f64 = 1e-5;

/// stdout's lines, stderr and the exit code for these lines on standard input.
fn piped(arguments: &[&str], lines: &str) -> (Vec<Value>, String, i32) {
    let output = binary::pairbench()
        .args(arguments)
        .write_stdin(lines)
        .output()
        .unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|own| String::from_utf8(own).unwrap());
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert!(stdout.is_empty() || stdout.ends_with('\n'), "{stdout}");
    let answers = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    (answers, stderr, output.status.code().unwrap())
}

fn answers(arguments: &[&str], lines: &[Value]) -> Vec<Value> {
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let (answers, stderr, code) = piped(arguments, &lines.join("\n"));
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(answers.len(), lines.len(), "{stderr}");
    answers
}

fn numbers(list: &Value) -> Vec<f64> {
    let numbers = list.as_array().unwrap().iter();
    numbers.map(|own| own.as_f64().unwrap()).collect()
}

fn assert_near(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < NEAR,
            "{what}: {found} {expected}"
        );
    }
}

fn golden() -> Value {
    common::json("blender.json")
}

fn golden_prompts(golden: &Value) -> Vec<Value> {
    let [prompts, lists] =
        ["inputs", "candidates"].map(|key| golden["rank"][key].as_array().unwrap());
    let both = prompts.iter().zip(lists);
    both.map(|(prompt, candidates)| json!({"prompt": prompt, "candidates": candidates}))
        .collect()
}

fn column(answers: &[Value], key: &str) -> Value {
    answers.iter().map(|answer| answer[key].clone()).collect()
}

#[test]
fn ranks_and_scores_are_llm_blenders() {
    let golden = golden();
    let lines = golden_prompts(&golden);
    let found = answers(&["rank", "--model", MODEL], &lines);
    assert_eq!(column(&found, "ranks"), golden["rank"]["ranks"]);
    for (found, expected) in found
        .iter()
        .zip(golden["rank"]["scores"].as_array().unwrap())
    {
        assert_near(&numbers(&found["scores"]), &numbers(expected), "scores");
    }
    // The same answer twice: exactly the same score.
    assert_eq!(found[0]["scores"][1], found[0]["scores"][3]);
    assert_eq!(column(&found, "best"), json!([1, 2]));

    let with_ref = ["rank", "--model", MODEL, "--method", "rank-with-ref"];
    let found = answers(&with_ref, &lines);
    assert_eq!(
        column(&found, "ranks"),
        golden["rank"]["rank_with_ref_longest"]
    );
    assert_eq!(column(&found, "reference"), json!([0, 2]));
    // A reference that is given is upstream's `ref_candidates`.
    let given: Vec<Value> = lines
        .iter()
        .zip(["A number.", "Yes, a long story about a city."])
        .map(|(line, reference)| {
            let mut line = line.clone();
            line["reference"] = reference.into();
            line
        })
        .collect();
    let same = answers(&[&with_ref[..], &["--ref-mode", "last"]].concat(), &given);
    assert_eq!(column(&same, "ranks"), column(&found, "ranks"));
    assert_eq!(column(&same, "scores"), column(&found, "scores"));
    assert_eq!(column(&same, "reference"), json!([null, null]));

    let full = [
        "rank",
        "--model",
        MODEL,
        "--method",
        "best-of-n",
        "--cmp-type",
        "full",
    ];
    let found = answers(&full, &lines);
    assert_eq!(
        column(&found, "candidate"),
        golden["rank"]["best_of_n_full"]
    );
}

/// Random words, some candidates twice: `benchmarks/peer/blender.py --record` wrote what
/// `llm_blender` ranked, in batches of eight.
#[test]
fn ranks_of_many_prompts_are_llm_blenders() {
    let recorded = common::lines("blender-ranks.jsonl");
    assert_eq!(recorded.len(), 250);
    let found = answers(&["rank", "--model", MODEL], &recorded);
    for (found, expected) in found.iter().zip(&recorded) {
        assert_eq!(found["ranks"], expected["ranks"], "{found}");
        assert_near(
            &numbers(&found["scores"]),
            &numbers(&expected["scores"]),
            "scores",
        );
    }
}

/// The first prompt and the last answers of cases, in the order of the golden file.
fn golden_pairs(golden: &Value) -> Vec<Value> {
    let cases = common::lines("cases.jsonl");
    let pair = |id: &Value| {
        let case = cases.iter().find(|case| case["id"] == *id).unwrap();
        let last = |side: &str| case[side].as_array().unwrap().last().unwrap()["content"].clone();
        json!({
            "id": id,
            "prompt": case["a"][0]["content"],
            "candidates": [last("a"), last("b")],
        })
    };
    golden["ids"].as_array().unwrap().iter().map(pair).collect()
}

#[test]
fn the_three_modes_of_compare_are_llm_blenders() {
    let golden = golden();
    let lines = golden_pairs(&golden);
    for mode in ["[A,B]", "[B,A]", "[A,B]+[B,A]"] {
        let compare = [
            "rank", "--model", MODEL, "--method", "compare", "--mode", mode,
        ];
        let found = answers(&compare, &lines);
        assert_eq!(column(&found, "id"), golden["ids"]);
        assert_near(
            &numbers(&column(&found, "logit")),
            &numbers(&golden[mode]),
            mode,
        );
        for answer in &found {
            let is_above = answer["logit"].as_f64().unwrap() > 0.0;
            assert_eq!(answer["left_is_better"], is_above, "{answer}");
        }
        // What a line asks for itself wins over the flags.
        let own = lines.iter().map(|line| {
            let mut line = line.clone();
            line["method"] = "compare".into();
            line["mode"] = mode.into();
            line
        });
        let own: Vec<Value> = own.collect();
        let same = answers(&["rank", "--model", MODEL, "--top", "1"], &own);
        assert_eq!(same, found);
    }
    // Texts that differ in a separator only.
    let margin = answers(&["score", "--model", MODEL], &lines);
    assert_eq!(margin.last().unwrap()["margin"], 0.0);
    let both = numbers(&golden["[A,B]+[B,A]"]);
    assert_near(&numbers(&column(&margin, "margin")), &both, "score");
}

/// `compare_conversations` is the template `pairrm`.
#[test]
fn conversations_are_llm_blenders() {
    let golden = golden();
    let cases = common::lines("cases.jsonl");
    for (id, expected) in golden["conversations"].as_object().unwrap() {
        let case = cases.iter().find(|case| case["id"] == *id).unwrap();
        let [a, b] = ["a", "b"].map(|side| case[side].as_array().unwrap());
        let (last, prompt) = a.split_last().unwrap();
        if prompt != &b[..b.len() - 1] {
            // Answers with histories of their own are Python's `compare_conversations`.
            continue;
        }
        let line = json!({
            "prompt": prompt,
            "answers": [last["content"], b.last().unwrap()["content"]],
        });
        let model = "tests/data/golden/models/tiny-pairrm,template=pairrm";
        let found = answers(&["score", "--model", model], &[line]);
        assert_near(
            &[found[0]["margin"].as_f64().unwrap()],
            &[expected.as_f64().unwrap()],
            id,
        );
    }
}

/// By the matrix that `rank` gives, over the permutation that was drawn.
#[test]
fn bubble_is_one_pass_over_its_permutation() {
    let golden = golden();
    let mut lines = golden_prompts(&golden);
    lines.push(json!({"prompt": "One.", "candidates": ["alone"]}));
    lines.push(json!({"prompt": "Two.", "candidates": ["same", "same", "other"]}));
    let ranked = answers(&["rank", "--model", MODEL], &lines);
    let matrices: Vec<Vec<Vec<f64>>> = ranked
        .iter()
        .map(|own| {
            own["matrix"]
                .as_array()
                .unwrap()
                .iter()
                .map(numbers)
                .collect()
        })
        .collect();
    let mut permutations = std::collections::BTreeSet::new();
    for seed in ["0", "1", "2", "3"] {
        let bubble = [
            "rank",
            "--model",
            MODEL,
            "--method",
            "best-of-n",
            "--seed",
            seed,
        ];
        for (answer, logits) in answers(&bubble, &lines).iter().zip(&matrices) {
            let order: Vec<usize> = serde_json::from_value(answer["permutation"].clone()).unwrap();
            let (mut best, mut losers) = (order[0], Vec::new());
            for next in &order[1..] {
                let stays = logits[best][*next] - logits[*next][best] > 0.0;
                let (winner, loser) = if stays { (best, *next) } else { (*next, best) };
                losers.push(loser);
                best = winner;
            }
            assert_eq!(answer["best"], best);
            losers.insert(0, best);
            assert_eq!(answer["order"], json!(losers));
            permutations.insert(order);
        }
    }
    assert!(permutations.len() > 4, "{permutations:?}");
}

/// The golden scores of `llm_blender`'s collator for a scalar model.
#[test]
fn scalar_models_score_each_answer() {
    let model = format!("{SCALAR},template=blender");
    let scalar = |file: &str| Path::new("tests/data/scalar").join(file);
    let cases = common::lines_of(&scalar("cases.jsonl"));
    let golden = common::lines_of(&scalar("tiny-deberta-rm.jsonl"));
    let expected = |id: &Value| {
        let row = golden.iter().find(|row| row["id"] == *id)?;
        row["blender"]["f32"].as_f64()
    };
    let single: Vec<&Value> = cases
        .iter()
        .filter(|case| case["messages"].as_array().unwrap().len() == 2)
        .filter(|case| expected(&case["id"]).is_some())
        .collect();
    assert!(single.len() > 15, "{}", single.len());
    let content = |case: &Value, at: usize| case["messages"][at]["content"].clone();
    let lines: Vec<Value> = single
        .iter()
        .map(|case| json!({"prompt": content(case, 0), "answer": content(case, 1)}))
        .collect();
    let found = answers(&["score", "--model", &model], &lines);
    for (answer, case) in found.iter().zip(&single) {
        let difference = answer["score"].as_f64().unwrap() - expected(&case["id"]).unwrap();
        assert!(difference.abs() < 3e-5, "{case}: {answer}");
    }

    let line =
        json!({"prompt": "What is mass?", "candidates": ["A number.", "A force.", "No.", "No."]});
    let ranked = &answers(&["rank", "--model", &model], std::slice::from_ref(&line))[0];
    assert!(ranked.get("matrix").is_none(), "{ranked}");
    let scores = numbers(&ranked["scores"]);
    let rank = |score: &f64| 1 + scores.iter().filter(|other| *other > score).count();
    assert_eq!(
        ranked["ranks"],
        json!(scores.iter().map(rank).collect::<Vec<_>>())
    );
    let with_ref = [
        "rank",
        "--model",
        &model,
        "--method",
        "rank-with-ref",
        "--ref-mode",
        "first",
    ];
    let found = &answers(&with_ref, std::slice::from_ref(&line))[0];
    let differences: Vec<f64> = scores.iter().map(|score| score - scores[0]).collect();
    assert_near(&numbers(&found["scores"]), &differences, "with the first");
    // Without comparisons, the pass would find the same.
    let bubble = ["rank", "--model", &model, "--method", "best-of-n"];
    assert_eq!(answers(&bubble, &[line])[0]["best"], ranked["best"]);
}

#[test]
fn the_best_alone_and_the_margins() {
    let lines = golden_prompts(&golden());
    let all = &answers(&["rank", "--model", MODEL, "--reason", "margins"], &lines)[1];
    let logits: Vec<Vec<f64>> = all["matrix"]
        .as_array()
        .unwrap()
        .iter()
        .map(numbers)
        .collect();
    for (i, row) in all["margins"].as_array().unwrap().iter().enumerate() {
        let expected: Vec<f64> = (0..4).map(|j| logits[i][j] - logits[j][i]).collect();
        assert_near(&numbers(row), &expected, "margins");
    }
    let top = [
        "rank", "--model", MODEL, "--top", "2", "--reason", "margins",
    ];
    let best = &answers(&top, &lines)[1];
    let place = |index: usize| {
        json!({
            "index": index,
            "rank": all["ranks"][index],
            "score": all["scores"][index],
            "candidate": lines[1]["candidates"][index],
            "margins": all["margins"][index],
        })
    };
    let expected = json!({"line": 2, "best": 2, "top": [place(2), place(3)]});
    assert_eq!(*best, expected);
    // The text of --candidates is that of a line.
    let dir = tempfile::tempdir().unwrap();
    for (file, text) in [
        ("a.txt", "A number.\nA force.\r\nNo.\nA force."),
        (
            "a.jsonl",
            "\"A number.\"\n\"A force.\"\n\"No.\"\n\"A force.\"\n",
        ),
        (
            "a.json",
            "[\"A number.\", \"A force.\", \"No.\",\n\"A force.\"]",
        ),
    ] {
        let path = dir.path().join(file);
        std::fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap();
        let one = [
            "rank",
            "--model",
            MODEL,
            "--prompt",
            "What is mass?",
            "--candidates",
            path,
        ];
        let (found, stderr, code) = piped(&one, "");
        assert_eq!(code, 0, "{stderr}");
        assert_eq!(
            found,
            answers(&["rank", "--model", MODEL], &lines[..1]),
            "{file}"
        );
    }
}

#[test]
fn every_line_has_its_answer_and_a_bad_one_says_why() {
    let good = r#"{"id": "x", "prompt": "q", "candidates": ["a", "b"]}"#;
    let long = format!("{{\"prompt\": \"{}\"}}", "x".repeat(17 << 20));
    let lines = [
        good.as_bytes(),
        b"",
        b"{\"prompt\": \"q\"",
        b"{\"id\": 4, \"prompt\": \"q\"}",
        b"{\"prompt\": \"\xff\", \"candidates\": [\"a\"]}",
        long.as_bytes(),
        b"{\"prompt\": \"q\", \"candidates\": [\"<|candidate1|>\", \"b\"]}",
        b"{\"prompt\": \"q\", \"candidates\": [\"a\"], \"method\": \"compare\"}",
        b"{\"prompt\": \"q\", \"candidates\": [\"a\"], \"method\": \"sort\"}",
        b"{\"prompt\": null, \"candidates\": [\"a\"]}",
        good.as_bytes(),
    ]
    .join(&b'\n');
    let output = binary::pairbench()
        .args(["rank", "--model", MODEL])
        .write_stdin(lines)
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    assert!(
        stderr.contains("failed to answer 9 of 11 lines"),
        "{stderr}"
    );
    let stdout = String::from_utf8(output.stdout).unwrap();
    let found: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let numbers: Vec<u64> = found
        .iter()
        .map(|own| own["line"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=11).collect::<Vec<u64>>());
    let says = [
        "",
        "the line is empty",
        "not JSON: it ends too early, at column 15",
        "no `candidates`, found: id, prompt",
        "not UTF-8 from byte 13 on",
        "a line of more than 16777216 bytes",
        "not scored: ",
        "compare takes two, found 1",
        "`method`: expected one of rank, rank-with-ref, compare, best-of-n, found \"sort\"",
        "`prompt` is null",
        "",
    ];
    for (answer, says) in found.iter().zip(says) {
        match answer["error"].as_str() {
            Some(error) => assert!(!says.is_empty() && error.contains(says), "{answer}"),
            None => assert!(says.is_empty() && answer["id"] == "x", "{answer}"),
        }
    }
    assert_eq!(found[3]["id"], 4);
    // A pairwise model scores no answer by itself, and says what does.
    let (found, _, code) = piped(
        &["score", "--model", MODEL],
        r#"{"prompt": "q", "answer": "a"}"#,
    );
    assert_eq!(code, 4);
    assert!(
        found[0]["error"]
            .as_str()
            .unwrap()
            .contains("take a scalar model")
    );
    // No line is none.
    let (found, stderr, code) = piped(&["rank", "--model", MODEL], "");
    assert_eq!((found.len(), code), (0, 0), "{stderr}");
}

/// A normaliser whose table has ASCII only, and leads astray for any other letter: that is met when
/// a text has one.
#[test]
fn a_letter_that_the_tokenizer_fails_on_costs_its_line_only() {
    let dir = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir("quickstart/pairrm").unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
    }
    let table = std::iter::once(4 * 128)
        .chain((0..128_u32).map(|c| if c == 0 { 0 } else { 0x8000_0000 }))
        .flat_map(u32::to_le_bytes);
    let map = data_encoding::BASE64.encode(&table.collect::<Vec<u8>>());
    let path = dir.path().join("tokenizer.json");
    let mut tokenizer = common::json_of(&path);
    tokenizer["normalizer"] = json!({ "type": "Precompiled", "precompiled_charsmap": map });
    std::fs::write(&path, tokenizer.to_string()).unwrap();

    let prompts = ["a", "b", "c é", "d", "é", "e"];
    let lines = prompts.map(|prompt| json!({"prompt": prompt, "candidates": ["x", "y", "z"]}));
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let model = dir.path().to_str().unwrap();
    for method in ["rank", "best-of-n"] {
        let arguments = ["rank", "--model", model, "--method", method];
        let (found, stderr, code) = piped(&arguments, &lines.join("\n"));
        assert_eq!(code, 4, "{stderr}");
        assert_eq!(found.len(), 6);
        for (answer, prompt) in found.iter().zip(prompts) {
            let error = answer["error"].as_str();
            assert_eq!(error.is_some(), prompt.contains('é'), "{answer}");
            assert!(
                error.is_none_or(|error| error.contains("into tokens")),
                "{answer}"
            );
        }
    }
}

#[test]
fn flags_of_another_method_are_usage_errors() {
    for flags in [
        &["--mode", "[A,B]"][..],
        &["--method", "compare", "--top", "2"],
        &["--method", "compare", "--seed", "2"],
        &["--cmp-type", "full"],
        &["--ref-mode", "first"],
        &["--method", "best-of-n", "--reason", "margins"],
        &["--method", "sort"],
        &["--prompt", "q"],
        &["--top", "0"],
        &["--dtype", "verified"],
    ] {
        let (found, stderr, code) = piped(&[&["rank", "--model", MODEL], flags].concat(), "");
        assert_eq!((found.len(), code), (0, 2), "{flags:?}: {stderr}");
    }
}

/// What stderr and `--header` say of the figures.
#[test]
fn the_model_is_said_before_the_first_answer() {
    let lines = golden_prompts(&golden());
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let (found, stderr, _) = piped(&["rank", "--model", MODEL, "--header"], &lines.join("\n"));
    assert_eq!(found.len(), 3);
    let header = &found[0];
    for (key, expected) in [
        ("template", "pairranker"),
        ("template_from", ",template="),
        ("head", "pairwise"),
        ("precision", "f32"),
    ] {
        assert_eq!(header[key], expected, "{header}");
    }
    let hash = header["checkpoint"].as_str().unwrap();
    let first = stderr.lines().next().unwrap();
    assert!(
        first.contains("template pairranker") && first.contains(&hash[..12]),
        "{stderr}"
    );
}

/// The binary with a pipe on both sides.
fn spawn(arguments: &[&str], stdout: Stdio) -> Child {
    Command::new(cargo_bin("pairbench"))
        .args(arguments)
        .env("PAIRBENCH_CACHE", "")
        .stdin(Stdio::piped())
        .stdout(stdout)
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// `pairbench rank <(producer)` of a shell.
#[test]
#[cfg(unix)]
fn lines_may_come_from_a_named_pipe() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("lines");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let path = pipe.clone();
    let producer = std::thread::spawn(move || {
        std::fs::write(path, r#"{"prompt": "q", "candidates": ["a", "b"]}"#).unwrap();
    });
    let (stdout, stderr, code) = binary::run(&["rank", "--model", MODEL, pipe.to_str().unwrap()]);
    producer.join().unwrap();
    assert_eq!((code, stdout.lines().count()), (0, 1), "{stderr}");
}

#[test]
fn a_client_that_asks_one_by_one_is_answered_one_by_one() {
    let mut child = spawn(&["rank", "--model", MODEL], Stdio::piped());
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for line in 1..=3 {
        writeln!(
            stdin,
            r#"{{"prompt": "q", "candidates": ["a", "b", "{line}"]}}"#
        )
        .unwrap();
        let mut answer = String::new();
        stdout.read_line(&mut answer).unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["line"], line);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

/// Prompts of random words with four candidates each, some of them equal.
fn random_prompts(n: usize) -> Vec<Value> {
    let mut random = fastrand::Rng::with_seed(20);
    let words = [
        "river", "story", "number", "a", "of", "force", "energy", "the", "is", "no", "city",
    ];
    let mut text = |most: usize| {
        let count = random.usize(1..=most);
        let words = (0..count).map(|_| words[random.usize(..words.len())]);
        words.collect::<Vec<_>>().join(" ")
    };
    (0..n)
        .map(|_| json!({"prompt": text(6), "candidates": [text(5), text(3), text(8), text(1)]}))
        .collect()
}

fn written(dir: &Path, lines: &[Value]) -> PathBuf {
    let path = dir.join("lines.jsonl");
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    std::fs::write(&path, lines.join("\n")).unwrap();
    path
}

/// A socket of messages keeps what each write was.
#[test]
#[cfg(unix)]
fn each_line_is_one_write() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixDatagram;

    let (messages, stdout) = UnixDatagram::pair().unwrap();
    messages
        .set_read_timeout(Some(std::time::Duration::from_mins(2)))
        .unwrap();
    let mut child = spawn(
        &["rank", "--model", MODEL, "--header"],
        OwnedFd::from(stdout).into(),
    );
    let mut stdin = child.stdin.take().unwrap();
    // About the sizes of buffers, and far beyond.
    let ids = [1, 1000, 9000, 100_000].map(|length| "i".repeat(length));
    for id in &ids {
        let line = json!({"id": id, "prompt": "q", "candidates": ["a", "b"]});
        writeln!(stdin, "{line}").unwrap();
    }
    drop(stdin);
    let mut buffer = vec![0; 1 << 20];
    let mut next = || -> Value {
        let length = messages.recv(&mut buffer).unwrap();
        let line = buffer[..length].strip_suffix(b"\n").expect("a whole line");
        serde_json::from_slice(line).unwrap()
    };
    assert_eq!(next()["schema"], 1);
    for id in ids {
        assert_eq!(next()["id"], id);
    }
    assert!(child.wait().unwrap().success());
}

/// Linux may end a write to a file between two of its pages when the process is killed: only there
/// can the last line be torn.
#[test]
fn killed_half_way_no_line_is_torn_but_by_the_system() {
    let dir = tempfile::tempdir().unwrap();
    let lines = written(dir.path(), &random_prompts(1000));
    for least in [1, 20_000, 100_000] {
        let out = dir.path().join("out.jsonl");
        let to = std::fs::File::create(&out).unwrap();
        let mut child = spawn(
            &["rank", "--model", MODEL, lines.to_str().unwrap()],
            to.into(),
        );
        while std::fs::metadata(&out).unwrap().len() < least {
            assert!(child.try_wait().unwrap().is_none(), "it was too fast");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let text = std::fs::read_to_string(&out).unwrap();
        let (whole, torn) = text.split_at(text.rfind('\n').map_or(0, |end| end + 1));
        assert!(torn.is_empty() || text.len().is_multiple_of(4096), "{torn}");
        for (at, line) in whole.lines().enumerate() {
            let answer: Value = serde_json::from_str(line).unwrap();
            assert_eq!(answer["line"], at + 1);
        }
        assert!(whole.lines().count() < 1000);
    }
}

/// Waiting for a line, or amid an answer.
#[cfg(unix)]
#[test]
fn signals_end_it_in_order() {
    for lines in [0, 1000] {
        let mut child = spawn(&["rank", "--model", MODEL, "--header"], Stdio::piped());
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut header = String::new();
        stdout.read_line(&mut header).unwrap();
        let writer = std::thread::spawn(move || {
            for line in random_prompts(lines) {
                // Who has ended reads no more.
                if writeln!(stdin, "{line}").is_err() {
                    break;
                }
            }
            stdin
        });
        let pid = i32::try_from(child.id()).unwrap();
        // SAFETY: the process is this test's child, which nobody has waited for.
        assert_eq!(unsafe { libc::kill(pid, libc::SIGTERM) }, 0);
        let answers: Vec<String> = stdout.lines().map(Result::unwrap).collect();
        assert_eq!(child.wait().unwrap().code(), Some(143));
        assert!(
            answers
                .iter()
                .all(|line| serde_json::from_str::<Value>(line).is_ok())
        );
        drop(writer.join().unwrap());
    }
}

/// Both orders of each pair.
fn logits_by_row(path: &Path) -> Vec<[f32; 2]> {
    let frame = ParquetReader::new(std::fs::File::open(path).unwrap())
        .finish()
        .unwrap()
        .sort(["row"], SortMultipleOptions::default())
        .unwrap();
    let [ab, ba] = ["logit_ab", "logit_ba"].map(|name| frame.column(name).unwrap().f32().unwrap());
    ab.iter()
        .zip(ba.iter())
        .map(|(ab, ba)| [ab.unwrap(), ba.unwrap()])
        .collect()
}

/// The matrix has the logits of `run` on every pair, bit for bit, whatever the batches; scores and
/// ranks follow from it as `llm_blender` computes them, in f32.
#[test]
fn a_thousand_prompts_have_the_logits_of_run_and_the_ranks_that_follow() {
    let dir = tempfile::tempdir().unwrap();
    let prompts = random_prompts(1000);
    let lines = written(dir.path(), &prompts);
    let rank = |more: &[&str]| {
        let file = lines.to_str().unwrap();
        let (stdout, stderr, code) =
            binary::run(&[&["rank", "--model", MODEL, file], more].concat());
        assert_eq!(code, 0, "{stderr}");
        stdout
    };
    let stdout = rank(&[]);
    assert_eq!(
        stdout,
        rank(&[
            "--batch-tokens",
            "100",
            "--threads",
            "1",
            "--batch-wait",
            "0"
        ])
    );
    let found: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(found.len(), 1000);

    let pairs: Vec<[usize; 2]> = (0..4)
        .flat_map(|i| (i + 1..4).map(move |j| [i, j]))
        .collect();
    let mut rows = Vec::new();
    for prompt in &prompts {
        for [i, j] in &pairs {
            let candidates = &prompt["candidates"];
            let (chosen, rejected) = (&candidates[i], &candidates[j]);
            rows.push(json!({"prompt": prompt["prompt"], "chosen": chosen, "rejected": rejected}));
        }
    }
    let file = dir.path().join("pairs.jsonl");
    let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
    std::fs::write(&file, rows.join("\n")).unwrap();
    let out = dir.path().join("run").display().to_string();
    let run = [
        "run",
        "--model",
        MODEL,
        "--data",
        file.to_str().unwrap(),
        "--out",
        &out,
    ];
    let (_, stderr, code) = binary::run(&run);
    assert_eq!(code, 0, "{stderr}");
    let logits = logits_by_row(&Path::new(&out).join("verdicts.parquet"));

    for (at, answer) in found.iter().enumerate() {
        let mut matrix = [[0.0_f32; 4]; 4];
        for ([i, j], [ab, ba]) in pairs.iter().zip(&logits[6 * at..]) {
            matrix[*i][*j] = *ab;
            matrix[*j][*i] = *ba;
        }
        let shown: [[f32; 4]; 4] = serde_json::from_value(answer["matrix"].clone()).unwrap();
        assert_eq!(shown, matrix, "{at}");
        let score = |i: usize| (0..4).map(|j| matrix[i][j] - matrix[j][i]).sum::<f32>() / 4.0;
        let scores = [0, 1, 2, 3].map(score);
        let written: [f32; 4] = serde_json::from_value(answer["scores"].clone()).unwrap();
        let higher = |of: &[f32; 4], i: usize| 1 + of.iter().filter(|own| **own > of[i]).count();
        for i in 0..4 {
            assert!((written[i] - scores[i]).abs() < 1e-6, "{at}: {answer}");
            // Two that are as near to each other as f32's rounding have no order.
            let is_near = |j: usize| j != i && (scores[i] - scores[j]).abs() < 1e-6;
            let expected = higher(&scores, i);
            assert!(
                answer["ranks"][i] == expected || (0..4).any(is_near),
                "{at}: {answer}"
            );
        }
    }
}
