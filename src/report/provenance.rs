//! What a model's figures were measured with and on: from a run's record, the same in every format.

use serde::Serialize;

use crate::benchmark::Definition;
use crate::data::DataFile;
use crate::scoring::run_dir::RunDir;
use crate::scoring::run_dir::record::RunRecord;
use crate::support::count::count;

/// Hexadecimal digits of a hash where people read it; `run.json` and JSON have all 64.
const DIGITS: usize = 12;

/// What the record of an old version does not say.
const NOT_RECORDED: &str = "not recorded";

/// How one model was measured. `None` and empty lists are what a record of an older version lacks,
/// unless their comments say otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Provenance {
    /// Version of pairbench.
    version: Option<String>,
    /// Hash of the code that turns pairs into verdicts.
    engine: Option<String>,
    /// A directory or a repository, as it was typed.
    model: Option<String>,
    /// Of the hub repository; `None` also for a directory.
    revision: Option<String>,
    /// Where configuration and tokenizer come from; `None` where the checkpoint has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    backbone: Option<String>,
    /// SHA-256 over configuration and weights.
    checkpoint: Option<String>,
    pub(super) contract: Option<String>,
    contract_from: Option<String>,
    dtype: Option<String>,
    storage: Option<String>,
    arithmetic: Option<String>,
    devices: Vec<String>,
    benchmark: Option<BenchmarkSource>,
    /// `owner/name@commit` of the hub; `None` also for files.
    dataset: Option<String>,
    data: Vec<DataSource>,
    pairs: Option<usize>,
    /// Of them, those whose verdict was in the cache.
    cached: Option<usize>,
    /// Why these are not all pairs of the benchmark; `None` also where they are.
    partial: Option<String>,
}

/// The definition that was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct BenchmarkSource {
    name: String,
    sha256: String,
}

/// A file of pairs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct DataSource {
    /// Without its folders, which may say whose machine it was.
    name: String,
    sha256: String,
}

/// What one side of a comparison is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Run(Box<Provenance>),
    Published {
        model: String,
        table: String,
        source: String,
        benchmark: String,
    },
}

/// Something that is known of how a figure was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    /// One word.
    pub(super) key: &'static str,
    pub(super) text: String,
    /// What must be the same for figures to be alike; `None` where it does not matter, or is not
    /// known.
    pub(super) alike: Option<String>,
}

impl Provenance {
    /// Of one of a run's models; `partial`: why its pairs are not all of the benchmark.
    pub(crate) fn of(record: &RunRecord, model: &str, partial: Option<&str>) -> Self {
        let content = record.plan.content.as_ref();
        let mut devices: Vec<String> = Vec::new();
        for session in &record.sessions {
            if !devices.contains(&session.device) {
                devices.push(session.device.clone());
            }
        }
        let at = record.models.iter().position(|own| own.name == model);
        let own = at.map(|at| &record.models[at]);
        let fingerprint = at.and_then(|at| content?.models.get(at));
        let facts = own.map(|own| &own.facts);
        let precision = own.and_then(|own| own.precision.as_ref());
        Self {
            version: Some(record.tool.version.clone()),
            engine: content.map(|content| content.engine.clone()),
            model: facts.map(|facts| facts.spec.clone()),
            revision: facts.and_then(|facts| facts.commit.clone()),
            backbone: facts.and_then(|facts| facts.backbone.clone()),
            checkpoint: fingerprint.map(|own| own.checkpoint.clone()),
            contract: facts.map(|facts| facts.template.to_string()),
            contract_from: facts.map(|facts| facts.template_from.to_string()),
            dtype: Some(record.plan.dtype.clone()),
            storage: precision.map(|own| own.storage.clone()),
            arithmetic: precision.map(|own| own.arithmetic.clone()),
            devices,
            benchmark: record.plan.definition.as_ref().map(BenchmarkSource::new),
            dataset: record.dataset.clone(),
            data: record.data.iter().map(DataSource::new).collect(),
            pairs: own.map(|own| own.pairs),
            cached: own.map(|own| own.cached),
            partial: partial.map(ToOwned::to_owned),
        }
    }

    /// `owner/name` where the files came from the hub.
    pub(crate) fn repository(&self) -> Option<&str> {
        self.revision.as_ref()?;
        self.model.as_deref()?.split('@').next()
    }

    /// Whether its pairs are from a dataset of the hub.
    pub(super) fn is_of_the_hub(&self) -> bool {
        self.dataset.is_some()
    }

    /// Everything that there is to know, in the order in which it is shown.
    pub(super) fn facts(&self) -> Vec<Fact> {
        let fact = |key, text| Fact {
            key,
            text,
            alike: None,
        };
        let precision = self.precision_text();
        vec![
            fact("model", self.model_text()),
            Fact {
                alike: self.contract.clone(),
                ..fact("contract", self.contract_text())
            },
            Fact {
                alike: self.dtype.is_some().then(|| precision.clone()),
                ..fact("precision", precision)
            },
            fact("device", joined(&self.devices)),
            fact("engine", self.engine_text()),
            fact("cache", self.cache_text()),
            fact("benchmark", self.benchmark_text()),
            fact("data", self.data_text()),
            fact("pairs", self.pairs_text()),
        ]
    }

    fn model_text(&self) -> String {
        let spec = self.model.as_deref().unwrap_or(NOT_RECORDED);
        let revision = self.revision.as_ref().filter(|own| !spec.contains(*own));
        let revision = revision.map_or_else(String::new, |own| format!(", revision {own}"));
        let backbone = self.backbone.as_ref();
        let backbone = backbone.map_or_else(String::new, |own| format!(", backbone {own}"));
        format!(
            "{spec}{revision}{backbone}, weights {}",
            hash(self.checkpoint.as_deref())
        )
    }

    /// The input contract, and where it came from.
    fn contract_text(&self) -> String {
        match (&self.contract, &self.contract_from) {
            (Some(contract), Some(from)) => format!("{contract}, from {from}"),
            _ => NOT_RECORDED.to_owned(),
        }
    }

    fn precision_text(&self) -> String {
        let [dtype, storage, arithmetic] = [&self.dtype, &self.storage, &self.arithmetic]
            .map(|part| part.as_deref().unwrap_or(NOT_RECORDED));
        format!("{dtype}, weights {storage}, arithmetic {arithmetic}")
    }

    fn engine_text(&self) -> String {
        let version = self.version.as_deref().unwrap_or(NOT_RECORDED);
        format!("pairbench {version}, code {}", hash(self.engine.as_deref()))
    }

    fn cache_text(&self) -> String {
        match (self.cached, self.pairs) {
            (Some(cached), Some(pairs)) => format!("{cached} of {}", count(pairs, "verdict")),
            _ => NOT_RECORDED.to_owned(),
        }
    }

    fn benchmark_text(&self) -> String {
        match &self.benchmark {
            Some(own) => format!("{}, definition {}", own.name, hash(Some(&own.sha256))),
            None => "none recorded".to_owned(),
        }
    }

    fn data_text(&self) -> String {
        let file = |file: &DataSource| format!("{} {}", file.name, hash(Some(&file.sha256)));
        let files: Vec<String> = self.data.iter().map(file).collect();
        let dataset = self.dataset.as_ref();
        dataset.map_or_else(String::new, |id| format!("{id}: ")) + &joined(&files)
    }

    fn pairs_text(&self) -> String {
        let pairs = (self.pairs).map_or_else(|| NOT_RECORDED.to_owned(), |n| n.to_string());
        match &self.partial {
            Some(why) => format!("{pairs}, PARTIAL: {why}"),
            None if self.benchmark.is_some() => format!("{pairs}, all of the benchmark"),
            None => format!("{pairs}, no benchmark says how many there are"),
        }
    }
}

impl BenchmarkSource {
    fn new(definition: &Definition) -> Self {
        Self {
            name: definition.name.clone(),
            sha256: definition.sha256.clone(),
        }
    }
}

impl DataSource {
    fn new(file: &DataFile) -> Self {
        let name = file.path.file_name().unwrap_or(file.path.as_os_str());
        Self {
            name: name.to_string_lossy().into_owned(),
            sha256: file.sha256.clone(),
        }
    }
}

impl Default for Origin {
    /// A run of which nothing is known.
    fn default() -> Self {
        Self::Run(Box::default())
    }
}

impl Origin {
    /// A note where both sides are the same model, read and computed alike: only its name differs.
    pub(crate) fn same_model(&self, other: &Self) -> Option<String> {
        let (Self::Run(own), Self::Run(other)) = (self, other) else {
            return None;
        };
        let key = |of: &Provenance| {
            let checkpoint = of.checkpoint.clone()?;
            Some((checkpoint, of.contract.clone(), of.precision_text()))
        };
        let same = key(own)?;
        (Some(&same) == key(other).as_ref()).then(|| {
            format!(
                "both sides are the same model: weights {}",
                hash(Some(&same.0))
            )
        })
    }

    /// A model of a finished run.
    pub(crate) fn of_run(run: &RunDir, model: &str) -> Self {
        let partial = run.summary().ok().and_then(|summary| summary.partial);
        Self::Run(Box::new(Provenance::of(
            &run.record,
            model,
            partial.as_deref(),
        )))
    }

    /// As [`Provenance::facts`]: a published column has as many, most of them unknown.
    pub(super) fn facts(&self) -> Vec<Fact> {
        let (model, table, source, benchmark) = match self {
            Self::Run(provenance) => return provenance.facts(),
            Self::Published {
                model,
                table,
                source,
                benchmark,
            } => (model, table, source, benchmark),
        };
        let text = |key| match key {
            "model" => format!("{model}, as printed in {table}"),
            "pairs" => "as the table counts them".to_owned(),
            "data" => source.clone(),
            "benchmark" => benchmark.clone(),
            _ => "not published".to_owned(),
        };
        let facts = Provenance::default().facts().into_iter();
        let published = facts.map(|fact| Fact {
            text: text(fact.key),
            ..fact
        });
        published.collect()
    }
}

fn hash(sha256: Option<&str>) -> &str {
    sha256.map_or(NOT_RECORDED, |hash| hash.get(..DIGITS).unwrap_or(hash))
}

fn joined(parts: &[String]) -> String {
    if parts.is_empty() {
        NOT_RECORDED.to_owned()
    } else {
        parts.join("; ")
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// In which every text is `text`, and hashes are of digits.
    pub(in crate::report) fn provenance(text: &str) -> Provenance {
        let own = || Some(text.to_owned());
        let digits = || "0123456789abcdef".repeat(4);
        Provenance {
            version: own(),
            engine: Some(digits()),
            model: own(),
            revision: Some(format!("revision {text}")),
            backbone: None,
            checkpoint: Some(digits()),
            contract: own(),
            contract_from: own(),
            dtype: own(),
            storage: own(),
            arithmetic: own(),
            devices: vec![text.to_owned()],
            benchmark: Some(BenchmarkSource {
                name: text.to_owned(),
                sha256: digits(),
            }),
            dataset: own(),
            data: vec![DataSource {
                name: text.to_owned(),
                sha256: digits(),
            }],
            pairs: Some(4),
            cached: Some(1),
            partial: own(),
        }
    }

    #[test]
    fn every_fact_is_said_in_a_line() {
        let facts = |provenance: &Provenance| -> Vec<String> {
            let facts = provenance.facts().into_iter();
            facts
                .map(|fact| format!("{}: {}", fact.key, fact.text))
                .collect()
        };
        let mut known = provenance("x");
        assert_eq!(
            facts(&known),
            [
                "model: x, revision revision x, weights 0123456789ab",
                "contract: x, from x",
                "precision: x, weights x, arithmetic x",
                "device: x",
                "engine: pairbench x, code 0123456789ab",
                "cache: 1 of 4 verdicts",
                "benchmark: x, definition 0123456789ab",
                "data: x: x 0123456789ab",
                "pairs: 4, PARTIAL: x",
            ]
        );
        known.partial = None;
        assert_eq!(facts(&known)[8], "pairs: 4, all of the benchmark");
        // A commit that was typed is not said twice.
        known.model = Some("owner/name@0123".to_owned());
        known.revision = Some("0123".to_owned());
        assert_eq!(
            facts(&known)[0],
            "model: owner/name@0123, weights 0123456789ab"
        );
        assert_eq!(known.repository(), Some("owner/name"));
        known.revision = None;
        assert_eq!(known.repository(), None);
        // What an old record lacks is not made up.
        let unknown = facts(&Provenance::default());
        assert!(
            unknown.iter().all(|fact| fact.contains("recorded")),
            "{unknown:?}"
        );
    }
}
