//! `pairbench inspect CHECKPOINT --data FILE`: what the model would read of these pairs under each
//! contract that it can take, or the one that is named.

use crate::checkpoint::Checkpoint;
use crate::data::Item;
use crate::model::TokenRow;
use crate::scoring::{self, Prepared};
use crate::support::count::count;
use crate::support::error::{Result, one_line, without_workflow_command};
use crate::text::Tokenizer;
use crate::text::contract::{AnswerContract, InputContract};

/// Items whose rows are shown.
const SHOWN: usize = 3;
/// Characters of a row that are shown at its start and at its end.
const START: usize = 240;
const END: usize = 120;

/// The first rows of each contract with special tokens visible, how many pairs truncation cuts,
/// and what may be wrong.
pub(super) fn rows_by_contract(
    checkpoint: &Checkpoint,
    contracts: &[InputContract],
    items: &[Item],
) -> Result<String> {
    let mut text = String::new();
    for contract in contracts {
        text.push_str(&of_contract(checkpoint, *contract, items)?);
    }
    Ok(text)
}

fn of_contract(checkpoint: &Checkpoint, contract: InputContract, items: &[Item]) -> Result<String> {
    let Checkpoint {
        tokenizer, config, ..
    } = checkpoint;
    let prepared = scoring::prepare(items, contract, tokenizer, config)?;
    let which = match contract {
        InputContract::Pairwise(_) => "rows with the chosen answer left",
        InputContract::Scalar(_) => "rows of the chosen answers",
    };
    let mut text = format!(
        "\ntemplate {contract} (most tokens: {}), {which}\n",
        contract.limits()
    );
    for (item, prepared) in items.iter().zip(&prepared).take(SHOWN) {
        let row = match prepared.token_rows().unwrap_or_default().first() {
            Some(row) => {
                let (tokens, shown) = (row.ids.len(), tokenizer.show(row.ids)?);
                format!(
                    "{}: {}",
                    count(tokens, "token"),
                    shortened(&one_line(&shown))
                )
            }
            None => format!("no row: {}", prepared.why_unscorable().unwrap_or_default()),
        };
        text.push_str(&line(&format!("row {}, {row}", item.row)));
    }
    text.push_str(&line(&truncated(&prepared)));
    for warning in warnings(contract, tokenizer, items, &prepared) {
        text.push_str(&line(&format!("warning: {warning}")));
    }
    Ok(text)
}

/// A line whose text comes from files.
fn line(text: &str) -> String {
    format!("  {}\n", without_workflow_command(one_line(text)))
}

/// The start and the end of a long text.
fn shortened(text: &str) -> String {
    let n = text.chars().count();
    if n <= START + END {
        return text.to_owned();
    }
    let start: String = text.chars().take(START).collect();
    let end: String = text.chars().skip(n - END).collect();
    format!("{start} … {end}")
}

fn truncated(prepared: &[Prepared]) -> String {
    let of = |part: usize| prepared.iter().filter(|p| p.cuts()[part] > 0).count();
    let any = prepared.iter().filter(|p| p.cuts() != [0; 3]).count();
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    let share = 100.0 * any as f64 / prepared.len().max(1) as f64;
    format!(
        "truncated: {any} of {} ({share:.1} %): prompt {}, chosen {}, rejected {}",
        count(prepared.len(), "pair"),
        of(0),
        of(1),
        of(2)
    )
}

/// What may be wrong under this contract, with how many pairs it concerns.
fn warnings(
    contract: InputContract,
    tokenizer: &Tokenizer,
    items: &[Item],
    prepared: &[Prepared],
) -> Vec<String> {
    let mut found = Vec::new();
    let mut warn = |n: usize, what: &str| {
        if n > 0 {
            found.push(format!("{}: {what}", count(n, "pair")));
        }
    };
    let is_masked = |p: &&Prepared| {
        let rows = p.token_rows();
        rows.is_some_and(|rows| rows.iter().any(|row: &TokenRow| row.is_first_masked))
    };
    let has_chat_template =
        matches!(contract, InputContract::Scalar(contract) if contract.has_chat_template());
    warn(
        prepared.iter().filter(is_masked).count(),
        if has_chat_template {
            "doubled BOS: the chat template begins with the token that the tokenizer adds once \
             more; the first of the two is masked, as in RewardBench"
        } else {
            "doubled [CLS]: a text begins with it; the first of the two is masked, and it is the \
             one whose state is the score, as in RewardBench"
        },
    );
    for marker in markers(contract, tokenizer) {
        let has_it = |item: &&Item| texts(item).any(|text| text.contains(&marker));
        let what = format!("a text contains {marker}, which has a meaning in this template");
        warn(items.iter().filter(has_it).count(), &what);
    }
    let has_empty = |item: &&Item| {
        let mut answers = item.chosen.iter().chain(item.rejected.iter());
        answers.any(str::is_empty)
    };
    let is_pair = contract == InputContract::Scalar(AnswerContract::Pair);
    warn(
        items.iter().filter(has_empty).count(),
        if is_pair {
            "an empty answer: its row is `[CLS] question [SEP]`, as tokenizer(question, \"\") makes \
             it"
        } else {
            "an empty answer"
        },
    );
    if is_single_turn(contract) {
        let is_longer = |item: &&Item| item.prompt.len() > 1;
        warn(
            items.iter().filter(is_longer).count(),
            "more than one turn: this template is defined for one, and their texts are joined",
        );
    }
    warn(
        prepared.iter().filter(|p| p.is_unscorable()).count(),
        "cannot be scored under this template",
    );
    found
}

fn texts(item: &Item) -> impl Iterator<Item = &str> {
    let prompt = item.prompt.iter().map(|message| message.content.as_str());
    prompt.chain(item.chosen.iter()).chain(item.rejected.iter())
}

/// What means something in a row of this contract.
fn markers(contract: InputContract, tokenizer: &Tokenizer) -> Vec<String> {
    let markers: &[&str] = match contract {
        InputContract::Pairwise(_) => &[
            "[CLS]",
            "[SEP]",
            "<|source|>",
            "<|candidate1|>",
            "<|candidate2|>",
            "<|candidate|>",
        ],
        InputContract::Scalar(AnswerContract::Tulu) => {
            &["[CLS]", "[SEP]", "<|user|>", "<|assistant|>"]
        }
        InputContract::Scalar(contract) if contract.has_chat_template() => {
            return tokenizer.special_texts();
        }
        InputContract::Scalar(_) => &["[CLS]", "[SEP]"],
    };
    markers.iter().map(|marker| (*marker).to_owned()).collect()
}

fn is_single_turn(contract: InputContract) -> bool {
    match contract {
        InputContract::Pairwise(contract) => contract.is_single_turn(),
        InputContract::Scalar(contract) => contract.is_single_turn(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_row_shows_its_ends() {
        let text: String = "é".repeat(START) + "x" + &"ü".repeat(END);
        let shown = shortened(&text);
        assert!(shown.starts_with("éé") && shown.ends_with("üü") && !shown.contains('x'));
        assert_eq!(shortened("short"), "short");
    }
}
