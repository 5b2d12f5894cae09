//! What a model's figures were measured with and on: from a run's record, the same in every format.

use serde::Serialize;

use crate::benchmark::Definition;
use crate::data::DataFile;
use crate::scoring::run_dir::record::{ImportedFile, ImportedModel, RunRecord};
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
    pub(super) checkpoint: Option<String>,
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
    /// The results of another program; `None` where pairbench computed the verdicts.
    #[serde(skip_serializing_if = "Option::is_none")]
    imported: Option<ImportedModel>,
    pairs: Option<usize>,
    /// Of them, those whose verdict was in the cache.
    cached: Option<usize>,
    /// Why these are not all pairs of the benchmark; `None` where they are, or where their number is
    /// not known.
    partial: Option<String>,
}

/// The definition that was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct BenchmarkSource {
    name: String,
    sha256: String,
    /// Whether it does not say how many pairs it has, so that nobody knows whether these are all.
    #[serde(skip_serializing_if = "is_false")]
    uncounted: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A file of pairs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct DataSource {
    /// Without its folders, which may say whose machine it was.
    name: String,
    sha256: String,
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
        let facts = own.and_then(|own| own.source.facts());
        let imported = own.and_then(|own| own.source.imported());
        let precision = own.and_then(|own| own.precision.as_ref());
        let dtype = || record.plan.dtype.clone();
        Self {
            version: Some(record.tool.version.clone()),
            engine: content.map(|content| content.engine.clone()),
            model: facts.map(|facts| facts.spec.clone()),
            revision: facts.and_then(|facts| facts.commit.clone()),
            backbone: facts.and_then(|facts| facts.backbone.clone()),
            checkpoint: fingerprint.map(|own| own.checkpoint.clone()),
            contract: facts.map(|facts| facts.template.to_string()),
            contract_from: facts.map(|facts| facts.template_from.to_string()),
            dtype: imported.is_none().then(dtype),
            storage: precision.map(|own| own.storage.clone()),
            arithmetic: precision.map(|own| own.arithmetic.clone()),
            devices,
            benchmark: record.plan.definition.as_ref().map(BenchmarkSource::new),
            dataset: record.dataset.clone(),
            data: record.data.iter().map(DataSource::new).collect(),
            pairs: own.map(|own| own.pairs),
            cached: own.filter(|_| imported.is_none()).map(|own| own.cached),
            imported: imported.map(without_folders),
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

    /// Whether its benchmark does not say how many pairs that has.
    pub(super) fn is_uncounted(&self) -> bool {
        self.benchmark.as_ref().is_some_and(|own| own.uncounted)
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

    /// What a reader must know of results that pairbench did not compute.
    pub(super) fn import_note(&self) -> Option<String> {
        let files = self.imported_files()?;
        Some(format!(
            "imported, not measured by pairbench: {files}; weights, precision and input contract \
             are not known"
        ))
    }

    /// Layout, name and hash of each imported file.
    fn imported_files(&self) -> Option<String> {
        let file = |own: &ImportedFile| {
            format!(
                "{} {} {}",
                own.layout.name(),
                own.name(),
                hash(Some(&own.sha256))
            )
        };
        let files = &self.imported.as_ref()?.files;
        Some(joined(&files.iter().map(file).collect::<Vec<_>>()))
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
            _ => self.chat_template_text(),
        }
    }

    /// The chat template that imported results name, which alone is no input contract.
    fn chat_template_text(&self) -> String {
        let imported = self.imported.as_ref();
        match imported.and_then(|own| own.chat_template.as_ref()) {
            Some(template) => format!("{NOT_RECORDED}; chat template {template}"),
            None => NOT_RECORDED.to_owned(),
        }
    }

    pub(super) fn precision_text(&self) -> String {
        let [dtype, storage, arithmetic] = [&self.dtype, &self.storage, &self.arithmetic]
            .map(|part| part.as_deref().unwrap_or(NOT_RECORDED));
        format!("{dtype}, weights {storage}, arithmetic {arithmetic}")
    }

    fn engine_text(&self) -> String {
        let version = self.version.as_deref().unwrap_or(NOT_RECORDED);
        if let Some(files) = self.imported_files() {
            return format!("another program: {files}, imported by pairbench {version}");
        }
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
            None if self.is_uncounted() => {
                format!("{pairs}; how many the benchmark has is not known")
            }
            None if self.benchmark.is_some() => format!("{pairs}, all of the benchmark"),
            None => format!("{pairs}, no benchmark says how many there are"),
        }
    }
}

/// A path may say whose machine it was.
fn without_folders(imported: &ImportedModel) -> ImportedModel {
    let mut own = imported.clone();
    for file in &mut own.files {
        file.path = file.name().into();
    }
    own
}

impl BenchmarkSource {
    fn new(definition: &Definition) -> Self {
        Self {
            name: definition.name.clone(),
            sha256: definition.sha256.clone(),
            uncounted: !definition.is_counted(),
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

pub(super) fn hash(sha256: Option<&str>) -> &str {
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
                uncounted: false,
            }),
            dataset: own(),
            data: vec![DataSource {
                name: text.to_owned(),
                sha256: digits(),
            }],
            imported: None,
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
        known.benchmark.as_mut().unwrap().uncounted = true;
        assert_eq!(
            facts(&known)[8],
            "pairs: 4; how many the benchmark has is not known"
        );
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
