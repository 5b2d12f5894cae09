//! What a run will do, resolved to contents: runs with equal plans find the same verdicts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::benchmark::{Benchmark, Files};
use crate::checkpoint::{Checkpoint, Precision};
use crate::data::shard::Shard;
use crate::data::{Comparisons, Id, Item};
use crate::device::backend::Backend;
use crate::kernels::cpu::int8::Outliers;
use crate::scoring::ScoredItem;
use crate::scoring::verdict::Outcome;
use crate::support::count::count;
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::input_file::InputFile;

/// The code that turns pairs into verdicts, by its content; `build.rs` has the list.
pub(crate) const ENGINE: &str = env!("PAIRBENCH_ENGINE");

/// No name of a model, no path, and nothing that changes no verdict: batch size, threads and which
/// of several equal devices it is are not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    pub(crate) engine: String,
    /// SHA-256 of the benchmark's definition.
    pub(crate) benchmark: Option<String>,
    /// SHA-256 of each file of pairs, in the order in which rows are numbered.
    pub(crate) data: Vec<String>,
    /// How many pairs are selected, of all shards.
    pub(crate) pairs: usize,
    /// SHA-256 over which they are.
    pub(crate) rows: String,
    pub(crate) models: Vec<ModelFingerprint>,
    pub(crate) shard: Option<Shard>,
    /// Which columns of the files are which, where `--map` says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) map: Option<String>,
    /// Which of several answers are compared, where `--pairs` says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pairs_of: Option<Comparisons>,
    /// What may end the run before all pairs are scored.
    #[serde(default)]
    pub(crate) gate: Option<GateFingerprint>,
}

/// A gate that is asked while pairs are scored: it decides which of them are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GateFingerprint {
    pub(crate) rules: Vec<String>,
    /// Decides the order of the pairs.
    pub(crate) seed: u64,
    /// SHA-256 over the verdicts of the run to compare with.
    pub(crate) baseline: String,
}

/// What decides one model's verdicts: on it depends whether those of another session, shard or the
/// cache count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ModelFingerprint {
    /// SHA-256 over the hashes of configuration and weights.
    pub(crate) checkpoint: String,
    /// SHA-256 over the hashes of its files.
    pub(crate) tokenizer: String,
    pub(crate) template: String,
    pub(crate) truncation: String,
    pub(crate) precision: String,
    /// The kind of device that computes; empty in files of versions that did not say.
    #[serde(default)]
    pub(crate) arithmetic: String,
}

impl Fingerprint {
    pub(crate) fn new(
        benchmark: Option<&Benchmark>,
        data: &Files,
        pairs: &[Item],
        models: Vec<ModelFingerprint>,
        shard: Option<Shard>,
    ) -> Result<Self> {
        Ok(Self {
            engine: ENGINE.to_owned(),
            benchmark: benchmark.map(|benchmark| benchmark.definition().sha256),
            data: data
                .files
                .iter()
                .map(InputFile::sha256)
                .collect::<Result<_>>()?,
            pairs: pairs.len(),
            rows: rows(
                pairs
                    .iter()
                    .map(|pair| (pair.row, pair.subset.as_str(), pair.id.as_ref())),
            ),
            models,
            shard,
            map: None,
            pairs_of: None,
            gate: None,
        })
    }

    pub(crate) fn digest(&self) -> String {
        digest(self)
    }

    /// Refuses to go on with what another plan began.
    pub(crate) fn check(&self, earlier: &Self, what: &str) -> Result<()> {
        let differences = self.differences(earlier);
        if differences.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = differences.iter().map(|(name, ..)| name.as_str()).collect();
        let values: Vec<String> = differences
            .iter()
            .map(|(name, now, then)| format!("{name} was {}, is {}", in_short(then), in_short(now)))
            .collect();
        Err(Error::usage(format!(
            "failed to {what}: plan differs: {}",
            names.join(", ")
        ))
        .caused_by(values.join("; ")))
    }

    /// Name, value here and value there of everything that is not the same.
    fn differences(&self, other: &Self) -> Vec<(String, Value, Value)> {
        let mut found = Vec::new();
        walk("", &to_value(self), &to_value(other), &mut found);
        found
    }
}

impl ModelFingerprint {
    /// `int8_batch`: pairs of a batch that share their outlier columns.
    pub(crate) fn new(checkpoint: &Checkpoint, backend: &Backend, int8_batch: Option<u32>) -> Self {
        let [tokenizer, others] = checkpoint.hashes();
        let precision = backend.precision;
        let in_precision = match precision {
            Precision::F32
            | Precision::F16Storage
            | Precision::Int8Affine
            | Precision::Int8(Outliers::ByRow) => precision.name().as_str().to_owned(),
            Precision::Int8(Outliers::ByBatch) => {
                format!("int8 by {} pairs", int8_batch.unwrap_or_default())
            }
            Precision::Bf16Factors => "bf16 factors".to_owned(),
            Precision::Half(_) => format!("{} arithmetic", precision.name().as_str()),
        };
        Self {
            checkpoint: files::digest(others.join("\n")),
            tokenizer: files::digest(tokenizer.join("\n")),
            template: checkpoint.template.to_string(),
            truncation: checkpoint.template.limits(),
            precision: if backend.verified {
                format!("{in_precision}, verified in f32")
            } else {
                in_precision
            },
            arithmetic: backend.arithmetic(),
        }
    }

    /// Of one model's part of a plan, the code included.
    pub(crate) fn digest(&self) -> String {
        digest(&(ENGINE, self))
    }
}

/// SHA-256 over which rows these are, in their order.
pub(crate) fn rows<'a>(rows: impl Iterator<Item = (usize, &'a str, Option<&'a Id>)>) -> String {
    // An id is text here: a file of verdicts does not always say whether it was a number.
    let lines: Vec<String> = rows
        .map(|(row, subset, id)| to_value(&(row, subset, id.map(ToString::to_string))).to_string())
        .collect();
    files::digest(lines.join("\n"))
}

impl GateFingerprint {
    /// `rules`: as they are written; `baseline`: what the model to compare with said.
    pub(crate) fn new(rules: Vec<String>, seed: u64, baseline: &[ScoredItem]) -> Self {
        let said = |item: &ScoredItem| (item.row, item.outcome.clone());
        let said: Vec<(usize, Outcome)> = baseline.iter().map(said).collect();
        Self {
            rules,
            seed,
            baseline: digest(&(rows_of(baseline), said)),
        }
    }
}

/// [`rows`] of verdicts.
pub(crate) fn rows_of(verdicts: &[ScoredItem]) -> String {
    rows(
        verdicts
            .iter()
            .map(|v| (v.row, v.subset.as_str(), v.id.as_ref())),
    )
}

/// SHA-256 over row and margin of each verdict: a copy of the table in another encoding has the
/// same, and another model's verdicts have not.
pub(crate) fn margins_of(verdicts: &[ScoredItem]) -> String {
    let line = |own: &ScoredItem| format!("{} {}", own.row, own.margin());
    files::digest(verdicts.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn digest(content: &impl Serialize) -> String {
    files::digest(to_value(content).to_string())
}

/// Strings, numbers and lists: nothing that JSON lacks.
fn to_value(content: &impl Serialize) -> Value {
    serde_json::to_value(content).unwrap_or_default()
}

fn walk(path: &str, here: &Value, there: &Value, found: &mut Vec<(String, Value, Value)>) {
    match (here, there) {
        (Value::Object(a), Value::Object(b)) => {
            let dot = if path.is_empty() { "" } else { "." };
            // A key of one alone counts, too: what is left out where it is not set.
            let of_b_alone = b.keys().filter(|key| !a.contains_key(*key));
            for key in a.keys().chain(of_b_alone) {
                let [a, b] = [a, b].map(|object| object.get(key).unwrap_or(&Value::Null));
                walk(&format!("{path}{dot}{key}"), a, b, found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter()
                .zip(b)
                .enumerate()
                .for_each(|(at, (a, b))| walk(&format!("{path}[{at}]"), a, b, found));
        }
        _ if here != there => found.push((path.to_owned(), here.clone(), there.clone())),
        _ => {}
    }
}

/// A value as people read it: of a list or an object how much it holds.
fn in_short(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("a list of {}", list.len()),
        Value::Object(map) => format!("an object of {}", count(map.len(), "key")),
        other => other.to_string(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn fingerprint() -> Fingerprint {
        let part = |text: &str| text.to_owned();
        let model = ModelFingerprint {
            checkpoint: part("c"),
            tokenizer: part("t"),
            template: part("pairrm"),
            truncation: part("1"),
            precision: part("f32"),
            arithmetic: part("cpu"),
        };
        Fingerprint {
            engine: part("e"),
            benchmark: None,
            data: vec![part("d")],
            pairs: 2,
            rows: part("r"),
            models: vec![model.clone(), model],
            shard: None,
            map: None,
            pairs_of: None,
            gate: None,
        }
    }

    #[test]
    fn what_differs_is_named() {
        let (one, mut other) = (fingerprint(), fingerprint());
        assert!(one.check(&other, "resume").is_ok());
        assert_eq!(one.digest(), other.digest());
        other.models[1].precision = "f16".to_owned();
        other.shard = Some("1/2".parse().unwrap());
        let text = one.check(&other, "resume: x").unwrap_err().render();
        assert!(
            text.starts_with(
                "error: failed to resume: x: plan differs: models[1].precision, shard\n"
            ),
            "{text}"
        );
        assert!(
            text.contains(
                "models[1].precision was \"f16\", is \"f32\"; shard was \"1/2\", is null"
            ),
            "{text}"
        );
        assert_ne!(one.digest(), other.digest());
        let gated = Fingerprint {
            gate: Some(GateFingerprint {
                rules: vec!["drop:average:0.01".to_owned()],
                seed: 1,
                baseline: "b".to_owned(),
            }),
            ..one.clone()
        };
        let text = one.check(&gated, "resume").unwrap_err().render();
        assert!(text.contains("plan differs: gate\n"), "{text}");
        let mapped = Fingerprint {
            map: Some("chosen=good".to_owned()),
            ..one.clone()
        };
        assert!(one.check(&mapped, "resume").is_err() && mapped.check(&one, "resume").is_err());
        other.models.pop();
        assert_eq!(one.differences(&other)[0].0, "models");
    }

    #[test]
    fn rows_count_by_number_subset_and_id_as_text() {
        let (one, text) = (Id::Number(1), Id::Text("1".to_owned()));
        let of = |row, subset, id| rows([(row, subset, id)].into_iter());
        assert_eq!(of(0, "s", Some(&one)), of(0, "s", Some(&text)));
        assert!(
            [
                of(1, "s", Some(&one)),
                of(0, "t", Some(&one)),
                of(0, "s", None)
            ]
            .iter()
            .all(|other| *other != of(0, "s", Some(&one)))
        );
    }
}
