use super::*;
use crate::data::raw_row::MAX_TEXT;

fn ranked(line: &str) -> AnswerLine {
    AnswerLine::parse(line.as_bytes(), AnswersOf::Rank)
}

fn answers(of: &AnswerLine) -> Vec<&str> {
    of.content.as_ref().unwrap().answers.iter().collect()
}

#[test]
fn prompts_and_candidates() {
    let line = ranked(
        "\u{feff} {\"id\": 7, \"prompt\": \"q\", \"candidates\": [\"a\", \"\"], \"x\": NaN}\r",
    );
    assert_eq!(line.id, Some(Id::Number(7)));
    assert_eq!(answers(&line), ["a", ""]);
    let content = line.content.unwrap();
    assert_eq!(content.prompt, [Message::new("user", "q")]);
    assert_eq!(content.reference, None);

    let line = ranked(
        r#"{"candidates": ["a"], "reference": "r", "instruction": "i:", "prompt": "q", "id": null}"#,
    );
    let content = line.content.unwrap();
    assert_eq!(content.prompt, [Message::new("user", "i:q")]);
    assert_eq!((content.reference.as_deref(), line.id), (Some("r"), None));

    let line = ranked(r#"{"prompt": "q", "candidates": ["a"], "method": "best-of-n", "seed": 3}"#);
    let asked = line.content.unwrap().asked;
    assert_eq!(
        (asked.method.as_deref(), asked.seed),
        (Some("best-of-n"), Some(3))
    );

    let line = ranked(
        r#"{"prompt": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"},
            {"role": "user", "content": "r"}], "candidates": ["b"], "id": "x"}"#,
    );
    assert_eq!(line.id, Some(Id::Text("x".to_owned())));
    assert_eq!(line.content.unwrap().prompt[2], Message::new("user", "r"));
}

#[test]
fn one_answer_or_two_under_any_of_their_names() {
    let of = |rest: &str| {
        let line = format!("{{\"prompt\": \"q\", {rest}}}");
        AnswerLine::parse(line.as_bytes(), AnswersOf::Score)
    };
    for name in ONE {
        assert_eq!(answers(&of(&format!("\"{name}\": \"a\""))), ["a"]);
    }
    for name in LIST {
        assert_eq!(
            answers(&of(&format!("\"{name}\": [\"a\", \"b\"]"))),
            ["a", "b"]
        );
    }
    assert_eq!(
        answers(&of("\"rejected\": \"b\", \"chosen\": \"a\"")),
        ["a", "b"]
    );
    for (rest, says) in [
        (
            "\"x\": 1",
            "no `answer`, `answers` or `chosen`, found: prompt, x",
        ),
        ("\"chosen\": \"a\"", "no `rejected`"),
        (
            "\"answer\": \"a\", \"chosen\": \"b\"",
            "two names: `answer`, `chosen`",
        ),
        (
            "\"answers\": [\"a\", \"b\", \"c\"]",
            "3 answers; `pairbench rank` takes many",
        ),
        ("\"answer\": 1", "expected a string, found 1"),
    ] {
        let found = of(rest).content.unwrap_err();
        assert!(found.contains(says), "{rest}: {found}");
    }
}

#[test]
fn a_line_that_is_none_says_why() {
    let many = format!(
        "{{\"prompt\": \"q\", \"candidates\": [{}\"a\"]}}",
        "\"a\",".repeat(256)
    );
    let long = format!(
        "{{\"prompt\": \"{}\", \"candidates\": [\"a\"]}}",
        "x".repeat(MAX_TEXT + 1)
    );
    for (line, says) in [
        ("", "the line is empty"),
        (" \r", "the line is empty"),
        ("{\"prompt\": ", "not JSON: it ends too early, at column 12"),
        ("{\"prompt\": x}", "not JSON: unexpected 'x' at column 12"),
        ("{} {}", "not JSON: unexpected '{' at column 4"),
        ("[1]", "not an object"),
        ("{}", "no `prompt`, found: "),
        ("{\"prompt\": \"q\"}", "no `candidates`, found: prompt"),
        ("{\"prompt\": 1, \"candidates\": [\"a\"]}", "found 1"),
        (
            "{\"prompt\": \"q\", \"candidates\": []}",
            "a list without an answer",
        ),
        (
            "{\"prompt\": \"q\", \"candidates\": \"a\"}",
            "expected a list of strings, found \"a\"",
        ),
        (
            "{\"prompt\": \"q\", \"candidates\": [\"a\", 1]}",
            "found a list with 1",
        ),
        (
            "{\"prompt\": \"q\", \"candidates\": [1, \"a\"]}",
            "expected a list of strings",
        ),
        (
            "{\"prompt\": \"q\", \"prompt\": \"r\"}",
            "`prompt` is there more than once",
        ),
        (
            "{\"prompt\": \"q\", \"id\": 1.5}",
            "expected an integer of 64 bits or a string",
        ),
        ("{\"prompt\": \"\\ud83d\"}", "half a character"),
        (
            "{\"prompt\": \"q\", \"candidates\": [\"a\"], \"seed\": -1}",
            "from 0 on, found -1",
        ),
        (
            "{\"prompt\": [{\"role\": \"user\", \"content\": \"q\"}], \"instruction\": \"i\"}",
            "`instruction` goes with",
        ),
        (&many, "257 answers, accepted: up to 256"),
        (&long, "a text of 1048577 bytes"),
    ] {
        let found = ranked(line).content.unwrap_err();
        assert!(found.contains(says), "{line:.80}: {found}");
    }
    let line = AnswerLine::parse(b"{\"prompt\": \"\xff\"}", AnswersOf::Rank);
    assert_eq!(line.content.unwrap_err(), "not UTF-8 from byte 13 on");
    // The id of a line with a fault is known all the same.
    assert_eq!(ranked("{\"id\": 3}").id, Some(Id::Number(3)));
}
