//! Every Eval Ever's rows: one for each item, with its texts and the model's numbers.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::benchmark::Aspect;
use crate::data::Item;
use crate::data::pair_texts::PairTexts;
use crate::metrics::credit;
use crate::report::exchange::exported_model::ExportedModel;
use crate::report::exchange::paths::component;
use crate::scoring::{Outcome, ScoredItem};
use crate::support::error::{Error, Result};
use crate::support::files;

/// Of the layout.
pub(super) const SCHEMA: &str = "0.3.0";

/// What all rows refer to.
pub(super) struct Evaluation {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) benchmark: String,
}

impl Evaluation {
    /// By which rows name the figure that they belong to.
    pub(super) fn result(&self, slug: &str) -> String {
        format!("{}/{slug}", self.benchmark)
    }
}

/// Apart from that of a section of the same name.
pub(super) fn subset_slug(name: &str) -> String {
    format!("subset/{}", component(name))
}

/// All rows, one JSON object a line.
///
/// # Errors
/// An item whose texts are not there.
pub(super) fn rows(
    model: &ExportedModel,
    evaluation: &Evaluation,
    items: &HashMap<usize, Item>,
) -> Result<Vec<u8>> {
    let mut text = String::new();
    for scored in model.scored {
        let item = items.get(&scored.row).ok_or_else(|| {
            Error::bad_input(format!(
                "failed to write rows: verdicts.parquet has row {}, the data has not",
                scored.row
            ))
        })?;
        text.push_str(&row(model, evaluation, scored, item).to_string());
        text.push('\n');
    }
    Ok(text.into_bytes())
}

fn row(model: &ExportedModel, evaluation: &Evaluation, scored: &ScoredItem, item: &Item) -> Value {
    let prompt = PairTexts::of(item).prompt;
    let chosen: Vec<&str> = item.chosen.iter().collect();
    let choices: Vec<&str> = chosen.iter().copied().chain(item.rejected.iter()).collect();
    let id = scored
        .id
        .as_ref()
        .map_or_else(|| format!("row {}", scored.row), ToString::to_string);
    let numbers = numbers(&scored.outcome).to_string();
    let metric = model.metric_of(&scored.subset);
    let turns = item.prompt.len();
    let is_conversation = turns > 1;
    let source = if is_conversation {
        format!("messages[{turns}].content")
    } else {
        "output.raw".to_owned()
    };
    let mut row = json!({
        "schema_version": SCHEMA,
        "evaluation_id": evaluation.id,
        "model_id": evaluation.model,
        "evaluation_name": scored.subset,
        "evaluation_result_id": evaluation.result(&subset_slug(&scored.subset)),
        "sample_id": format!("{}/{id}", scored.subset),
        "sample_hash": files::digest(format!("{prompt}{}", chosen.concat())),
        "interaction_type": if is_conversation { "multi_turn" } else { "single_turn" },
        "input": { "raw": prompt, "reference": chosen, "choices": choices },
        "answer_attribution": [{
            "turn_idx": if is_conversation { turns } else { 0 },
            "source": source,
            "extracted_value": preferred(&scored.outcome, &choices),
            "extraction_method": "custom",
            "is_terminal": true,
        }],
        "evaluation": {
            "score": credit(metric, Aspect::Whole, scored),
            "is_correct": credit(metric, Aspect::Whole, scored) >= 1.0,
        },
        "metadata": { "subset": scored.subset, "verdict": scored.verdict().name() },
    });
    if is_conversation {
        row["messages"] = messages(item, &numbers);
    } else {
        row["output"] = json!({ "raw": [numbers] });
    }
    if let Some(reason) = scored.outcome.reason() {
        row["error"] = json!(reason);
    }
    row
}

/// The turns of the prompt, and the model's numbers as the last one.
fn messages(item: &Item, numbers: &str) -> Value {
    let prompt = item.prompt.iter();
    let turns = prompt.map(|turn| (turn.role.as_str(), turn.content.as_str()));
    turns
        .chain([("assistant", numbers)])
        .enumerate()
        .map(|(at, (role, content))| json!({ "turn_idx": at, "role": role, "content": content }))
        .collect()
}

/// What the model gave for the item; null where it is not finite.
fn numbers(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Scalar(pair) => {
            json!({ "chosen": pair.score_chosen, "rejected": pair.score_rejected })
        }
        Outcome::Pairwise(pair) => {
            json!({ "chosen_first": pair.logit_ab, "rejected_first": pair.logit_ba })
        }
        Outcome::Scored(several) => json!({ "scores": several.scores }),
        Outcome::Compared(several) => json!({ "logits": several.logits }),
    }
}

/// The answer with the highest score, alone; empty where there is none.
fn preferred<'a>(outcome: &Outcome, choices: &[&'a str]) -> &'a str {
    let scores = outcome.scores().unwrap_or_default();
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut best = (0..scores.len()).filter(|at| scores[*at] >= highest);
    match (best.next(), best.next()) {
        (Some(only), None) => choices.get(only).copied().unwrap_or_default(),
        _ => "",
    }
}
