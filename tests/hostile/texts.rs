//! Check 8: any text goes through template and tokenizer, and marker tokens typed by a user are
//! found.

use pairbench::data::Item;
use pairbench::data::Message;
use pairbench::model::ModelConfig;
use pairbench::scoring::prepare;
use pairbench::text::Tokenizer;
use pairbench::text::contract::{AnswerContract, InputContract, PairContract};

use crate::tools::root;

/// What generators of texts seldom think of.
const PIECES: [&str; 40] = [
    "",
    " ",
    "  ",
    "\0",
    "\n",
    "\r\n",
    "\t",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{301}",
    "\u{200b}",
    "\u{200d}",
    "\u{202e}",
    "\u{2028}",
    "\u{fe0f}",
    "\u{feff}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{10ffff}",
    "\u{e000}",
    "a",
    "A",
    "é",
    "ﬁ",
    "ß",
    "İ",
    "漢",
    "🙂",
    "👩\u{200d}👩\u{200d}👧",
    "🇫🇷",
    "▁",
    "[CLS]",
    "[SEP]",
    "[UNK]",
    "<|endoftext|>",
    "<Response 1>",
    "USER: ",
    "{{",
    "\\",
];

const MARKERS: [&str; 3] = ["<|source|>", "<|candidate1|>", "<|candidate2|>"];

fn text(rng: &mut fastrand::Rng) -> String {
    let mut text = String::new();
    for _ in 0..rng.usize(0..40) {
        match rng.u8(0..3) {
            0 => text.push(rng.char(..)),
            1 => text.push_str(&rng.choice(PIECES).unwrap().repeat(rng.usize(1..6))),
            _ => text.extend((0..rng.usize(0..9)).map(|_| rng.alphanumeric())),
        }
    }
    text
}

fn pair(prompt: Vec<Message>, chosen: &str, rejected: &str) -> Item {
    Item {
        row: 0,
        subset: "s".to_owned(),
        id: None,
        prompt,
        chosen: chosen.to_owned().into(),
        rejected: rejected.to_owned().into(),
        is_tie: false,
        comparisons: pairbench::data::Comparisons::default(),
    }
}

fn parts(checkpoint: &str) -> (Tokenizer, ModelConfig) {
    let home = root(checkpoint);
    let path = home.join("config.json");
    let config = ModelConfig::parse(&std::fs::read_to_string(&path).unwrap(), &path).unwrap();
    (Tokenizer::load(&home.as_path().into()).unwrap().0, config)
}

const CHECKPOINTS: [(&str, InputContract); 7] = [
    ("quickstart/pairrm", PAIRRM),
    ("tests/data/golden/models/tiny-pairrm", PAIRRM),
    (
        "tests/data/golden/models/tiny-better-pairrm",
        InputContract::Pairwise(PairContract::BetterPairRm),
    ),
    (SCALAR, InputContract::Scalar(AnswerContract::Pair)),
    (SCALAR, InputContract::Scalar(AnswerContract::Raw)),
    (SCALAR, InputContract::Scalar(AnswerContract::Tulu)),
    (SCALAR, InputContract::Scalar(AnswerContract::Blender)),
];

const PAIRRM: InputContract = InputContract::Pairwise(PairContract::PairRm);
const SCALAR: &str = "tests/data/scalar/models/tiny-deberta-rm";

/// 3,000 pairs: rows keep to the templates' 2,048 tokens and the vocabulary, and are the same
/// again.
#[test]
fn any_text_becomes_a_row_or_a_reason() {
    for (checkpoint, template) in CHECKPOINTS {
        let (tokenizer, config) = parts(checkpoint);
        let mut rng = fastrand::Rng::with_seed(20_260_724);
        let pairs: Vec<Item> = (0..1000)
            .map(|_| {
                let turns = if rng.u8(0..8) == 0 {
                    rng.usize(2..5)
                } else {
                    1
                };
                let prompt = (0..turns)
                    .map(|at| {
                        Message::new(
                            if rng.u8(0..30) == 0 {
                                "système"
                            } else {
                                ["user", "assistant"][at % 2]
                            },
                            &text(&mut rng),
                        )
                    })
                    .collect();
                pair(prompt, &text(&mut rng), &text(&mut rng))
            })
            .collect();
        let prepared = prepare(&pairs, template, &tokenizer, &config).unwrap();
        let mut rows = 0;
        for (prepared, pair) in prepared.iter().zip(&pairs) {
            let Some(&[row, _]) = prepared.token_rows().as_deref() else {
                assert!(prepared.is_unscorable(), "{pair:?}");
                continue;
            };
            rows += 1;
            assert!(
                row.ids.len() <= 2048 + 1322
                    && row
                        .ids
                        .iter()
                        .all(|id| (*id as usize) < config.architecture().vocabulary()),
                "{pair:?}"
            );
            assert!(
                prepared.is_unscorable() || config.input_row(row).is_ok(),
                "{pair:?}"
            );
        }
        assert!(rows > 700, "{checkpoint}: {rows}");
        let again = prepare(&pairs, template, &tokenizer, &config).unwrap();
        assert!(
            prepared
                .iter()
                .zip(&again)
                .all(|(a, b)| a.token_rows() == b.token_rows())
        );
    }
}

/// PairRM scores no text that has its markers; Better-PairRM takes the text apart and together
/// again first, which leaves markers of the tokenizer that are not special where they were. Both
/// say why.
#[test]
fn markers_in_a_text_are_found_wherever_they_stand() {
    let of_pairwise_heads =
        |template: &InputContract| matches!(template, InputContract::Pairwise(_));
    let pairwise = CHECKPOINTS.into_iter();
    for (checkpoint, template) in pairwise.filter(|(_, template)| of_pairwise_heads(template)) {
        let (tokenizer, config) = parts(checkpoint);
        for marker in MARKERS {
            for text in [
                marker.to_owned(),
                format!("a {marker}"),
                format!("{marker}{marker}"),
                format!("x{marker}y"),
                format!("\n{marker}\u{301}"),
            ] {
                let clean = pair(vec![Message::new("user", "p")], "a", "b");
                let pairs = [
                    pair(vec![Message::new("user", &text)], "a", "b"),
                    Item {
                        chosen: text.clone().into(),
                        ..clean.clone()
                    },
                    Item {
                        rejected: text.clone().into(),
                        ..clean.clone()
                    },
                ];
                for (place, prepared) in prepare(&pairs, template, &tokenizer, &config)
                    .unwrap()
                    .iter()
                    .enumerate()
                {
                    assert!(
                        prepared.is_unscorable(),
                        "{checkpoint}: {text:?} at {place}"
                    );
                }
                assert!(
                    !prepare(&[clean], template, &tokenizer, &config).unwrap()[0].is_unscorable()
                );
            }
        }
    }
}
