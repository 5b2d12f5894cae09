//! Pairs for programs: `docs/schema/pairs.v1.json`.

use serde_json::{Value, json};

use crate::report::json_text;
use crate::report::pairs::page::{Answer, Cut, End, PairPage, ShownPair};
use crate::scoring::Outcome;

pub(crate) fn pairs_json(page: &PairPage) -> String {
    json_text(&json!({
        "schema": 1,
        "run": page.run,
        "pairs": page.pairs.iter().map(pair).collect::<Vec<_>>(),
        "of": page.of,
    }))
}

fn pair(pair: &ShownPair) -> Value {
    let item = &pair.item;
    let mut value = json!({
        "subset": item.subset,
        "id": item.id,
        "row": item.row,
        "prompt": item.prompt,
        "chosen": item.chosen.iter().collect::<Vec<_>>(),
        "rejected": item.rejected.iter().collect::<Vec<_>>(),
        "models": pair.answers.iter().map(answer).collect::<Vec<_>>(),
    });
    if item.is_tie {
        value["label"] = json!("tie");
    }
    value
}

fn answer(answer: &Answer) -> Value {
    let [prompt, chosen, rejected] = answer.cuts.map(cut);
    // Results of other programs do not say how many tokens were read.
    let known = answer.outcome.knows_tokens();
    let cuts = json!({ "prompt": prompt, "chosen": chosen, "rejected": rejected });
    // What the other head would have said is null.
    let (both, scores) = match &answer.outcome {
        Outcome::Pairwise(both) => (Some(both), None),
        Outcome::Scalar(scores) => (None, Some(scores)),
        Outcome::Compared(_) | Outcome::Scored(_) => (None, None),
    };
    let mut value = json!({
        "model": answer.model,
        "verdict": answer.verdict,
        "margin": answer.outcome.margin(),
        "logit_ab": both.map(|both| both.logit_ab),
        "logit_ba": both.map(|both| both.logit_ba),
        "tokens_ab": both.filter(|_| known).map(|both| both.tokens_ab),
        "tokens_ba": both.filter(|_| known).map(|both| both.tokens_ba),
        "score_chosen": scores.map(|scores| scores.score_chosen),
        "score_rejected": scores.map(|scores| scores.score_rejected),
        "tokens_chosen": scores.filter(|_| known).map(|own| own.tokens_chosen),
        "tokens_rejected": scores.filter(|_| known).map(|own| own.tokens_rejected),
        "cut": known.then_some(cuts),
        "reason": answer.outcome.reason(),
    });
    if answer.outcome.is_several() {
        value["scores"] = json!(answer.outcome.scores());
    }
    if let Outcome::Compared(several) = &answer.outcome {
        let rows = several.logits.chunks(several.answers);
        value["logits"] = rows.map(|row| json!(row)).collect();
    }
    value
}

/// Null where nothing was cut.
fn cut(cut: Cut) -> Value {
    if cut.tokens == 0 {
        return Value::Null;
    }
    let from = match cut.from {
        End::Start => "start",
        End::End => "end",
    };
    json!({ "tokens": cut.tokens, "from": from })
}
