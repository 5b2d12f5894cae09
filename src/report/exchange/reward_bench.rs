//! reward-bench's result files: accuracies by subset, and the scores of every item.

use crate::benchmark::{Aspect, Metric};
use crate::data::Id;
use crate::metrics::credit;
use crate::report::exchange::exchange_file::{ExchangeFile, Exchanged};
use crate::report::exchange::exported_model::ExportedModel;
use crate::report::exchange::paths::model_file;
use crate::report::exchange::python_json::{Object, Value, dumps};
use crate::scoring::ScoredItem;
use crate::support::error::{Error, Result};

/// The dataset whose results have folders of their own.
const PRIOR_SETS: &str = "allenai/preference-test-sets";

const WHAT: &str = "reward-bench's files";

/// What a run cannot say.
const UNKNOWN: &str = "unknown";

/// The two versions of the layout.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    /// Pairs.
    One,
    /// One or several chosen answers against several.
    Two,
}

pub(super) fn exchanged(model: &ExportedModel) -> Result<Exchanged> {
    let version = version(model)?;
    let dataset = model.benchmark_dataset();
    let is_prior = dataset.is_some_and(|own| own.id == PRIOR_SETS);
    let folder = if is_prior { "pref-sets" } else { "eval-set" };
    let mut files = vec![file(folder, model, &accuracies(model)?)];
    let mut notes = Vec::new();
    if model.is_pairwise() {
        notes.push(
            "no file of scores: this layout has none for models that read two answers at once"
                .to_owned(),
        );
    } else {
        let scores = scores(model, version);
        files.push(file(&format!("{folder}-scores"), model, &scores));
        if model.rendered.is_none() {
            notes.push(
                "the file of scores is without the texts that the model read: a run does not keep \
                 them"
                    .to_owned(),
            );
        }
    }
    Ok(Exchanged { files, notes })
}

fn file(folder: &str, model: &ExportedModel, object: &Object) -> ExchangeFile {
    ExchangeFile {
        path: model_file(folder, model.id(), "json"),
        bytes: dumps(object).into_bytes(),
    }
}

fn version(model: &ExportedModel) -> Result<Version> {
    let subsets = model.scores.subsets.iter();
    let metrics: Vec<Metric> = subsets.map(|(_, score)| score.metric).collect();
    if metrics.iter().all(|own| *own == Metric::PairAccuracy) {
        return Ok(Version::One);
    }
    let is_second = |own: &Metric| matches!(own, Metric::BestOfN | Metric::Ties);
    match metrics.iter().find(|own| !is_second(own)) {
        None => Ok(Version::Two),
        Some(other) => Err(Error::usage(format!(
            "failed to write {WHAT}: they have no place for the metric {}",
            other.name()
        ))
        .hint("they hold pair-accuracy, or best-of-n and ties; --format json holds all")),
    }
}

/// The model, and what it is.
fn about(model: &ExportedModel, is_of_scores: bool) -> Object {
    let imported = model.record.source.imported();
    let model_type = match imported {
        Some(imported) => imported.model_type.as_deref().unwrap_or(UNKNOWN),
        None if model.is_pairwise() => "Custom Classifier",
        None => "Seq. Classifier",
    };
    let contract = model.contract();
    // The template of the tokenizer has a name of its own, but not in files of scores, where it is
    // what was typed: of that nothing is known here.
    let template = match contract.as_deref() {
        Some("chat") if !is_of_scores => "tokenizer",
        Some(contract) => contract,
        None => UNKNOWN,
    };
    [
        ("model", model.id()),
        ("model_type", model_type),
        ("chat_template", template),
    ]
    .map(|(key, text)| (key.to_owned(), Value::Text(text.to_owned())))
    .into()
}

fn accuracies(model: &ExportedModel) -> Result<Object> {
    let mut object = about(model, false);
    for (subset, score) in &model.scores.subsets {
        let value = Value::Float(ExportedModel::value(score));
        if object.insert(subset.clone(), value).is_some() {
            return Err(Error::usage(format!(
                "failed to write {WHAT}: a subset is called {subset}, as a key of \
                 theirs"
            ))
            .hint("give the subset another name"));
        }
    }
    Ok(object)
}

fn scores(model: &ExportedModel, version: Version) -> Object {
    let mut object = about(model, true);
    let mut column = |key: &str, value: &dyn Fn(&ScoredItem) -> Value| {
        let list = model.scored.iter().map(value).collect();
        object.insert(key.to_owned(), Value::List(list));
    };
    column("subset", &|item| Value::Text(item.subset.clone()));
    column("id", &|item| match &item.id {
        Some(Id::Number(n)) => Value::Whole(*n),
        Some(Id::Text(text)) => Value::Text(text.clone()),
        None => Value::Whole(i64::try_from(item.row).unwrap_or(i64::MAX)),
    });
    // Rows of Ties have there what they would count as best of n.
    let counts = |item: &ScoredItem, metric| credit(metric, Aspect::Whole, item);
    let score = |item: &ScoredItem, at: usize| {
        let scores = item.outcome.scores().unwrap_or_default();
        Value::Float(scores.get(at).copied().map_or(f64::NAN, f64::from))
    };
    match version {
        Version::One => {
            column("results", &|item| {
                let counted = counts(item, Metric::PairAccuracy) > 0.0;
                Value::Whole(i64::from(counted))
            });
            column("scores_chosen", &|item| score(item, 0));
            column("scores_rejected", &|item| score(item, 1));
        }
        Version::Two => {
            column("results", &|item| {
                Value::Float(counts(item, Metric::BestOfN))
            });
            column("num_correct", &|item| {
                Value::Whole(i64::try_from(item.outcome.chosen()).unwrap_or(i64::MAX))
            });
            column("scores", &|item| {
                let [chosen, rejected] = item.outcome.answers();
                Value::List((0..chosen + rejected).map(|at| score(item, at)).collect())
            });
        }
    }
    let Some(rendered) = &model.rendered else {
        return object;
    };
    let texts = |item: &ScoredItem| rendered.get(&item.row).map_or(&[][..], Vec::as_slice);
    let text = |item: &ScoredItem, at: usize| {
        Value::Text(texts(item).get(at).cloned().unwrap_or_default())
    };
    match version {
        Version::One => {
            column("text_chosen", &|item| text(item, 0));
            column("text_rejected", &|item| text(item, 1));
        }
        Version::Two => column("text", &|item| {
            Value::List((0..texts(item).len()).map(|at| text(item, at)).collect())
        }),
    }
    object
}
