//! The model that answers, loaded once, and what it is.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;

use crate::benchmark::quickstart;
use crate::checkpoint::{Checkpoint, ModelSpec};
use crate::commands::rank::request::RankRequest;
use crate::data::Item;
use crate::device::backend::Backend;
use crate::model::RewardModel;
use crate::model::heads::HeadConfig;
use crate::scoring;
use crate::scoring::fingerprint::{ENGINE, ModelFingerprint};
use crate::scoring::{Scorer, Step};
use crate::support::error::{Error, Result, one_line};
use crate::support::terminal::say;
use crate::support::version::ENGINE_VERSION;

/// A checkpoint on its devices.
pub(super) struct LoadedModel {
    pub(super) checkpoint: Checkpoint,
    backend: Backend,
    models: Vec<RewardModel>,
    /// In f32, by device, once a row needed it.
    exact: Mutex<HashMap<usize, RewardModel>>,
}

/// The first line of the output, on request: what the figures below it are measured with.
#[derive(Serialize)]
struct Header<'a> {
    schema: u8,
    pairbench: &'a str,
    /// Hash of the code that computes.
    engine: &'a str,
    model: &'a str,
    spec: &'a str,
    commit: Option<&'a str>,
    head: &'a str,
    template_from: String,
    device: String,
    /// Its template and precision, too.
    #[serde(flatten)]
    fingerprint: ModelFingerprint,
}

impl LoadedModel {
    /// Loads it, and says on stderr what it is.
    pub(super) fn load(request: &RankRequest) -> Result<Self> {
        let begun = Instant::now();
        let backend = Backend::open(&request.backend)?;
        if backend.verified {
            let what = "failed to understand --dtype verified: it is defined for pairs of which \
                one answer is known to be the better one";
            return Err(Error::usage(what).hint("take --dtype f32"));
        }
        let hub = request.hub.open();
        let spec = spec(request)?;
        let files = spec.resolve(&hub, request.hub.revision.as_deref())?;
        let mut checkpoint = Checkpoint::open(&spec, files, request.contract)?;
        checkpoint.identify()?;
        let models = backend.load(&checkpoint)?;
        let loaded = Self {
            checkpoint,
            backend,
            models,
            exact: Mutex::default(),
        };
        loaded.say(begun);
        Ok(loaded)
    }

    fn say(&self, begun: Instant) {
        let Checkpoint { name, facts, .. } = &self.checkpoint;
        let hash = self.fingerprint().checkpoint;
        say(&format!(
            "{}: {}, template {} from {}, {}, checkpoint {}, loaded in {:.1} s",
            one_line(name),
            facts.spec,
            facts.template,
            facts.template_from,
            self.backend.short_name(),
            &hash[..12],
            begun.elapsed().as_secs_f64()
        ));
    }

    fn fingerprint(&self) -> ModelFingerprint {
        ModelFingerprint::new(&self.checkpoint, &self.backend, None)
    }

    /// Whether it reads two answers at once.
    pub(super) fn is_pairwise(&self) -> bool {
        matches!(self.checkpoint.config.head, HeadConfig::Pairwise(_))
    }

    /// A line of JSON.
    pub(super) fn header(&self) -> String {
        let facts = &self.checkpoint.facts;
        let header = Header {
            schema: 1,
            pairbench: &ENGINE_VERSION,
            engine: ENGINE,
            model: &self.checkpoint.name,
            spec: &facts.spec,
            commit: facts.commit.as_deref(),
            head: self.checkpoint.config.head.name(),
            template_from: facts.template_from.to_string(),
            device: self.backend.devices.name(),
            fingerprint: self.fingerprint(),
        };
        // Nothing in it can fail.
        serde_json::to_string(&header).unwrap_or_default() + "\n"
    }

    /// Puts items through the model, as a run does.
    pub(super) fn score(
        &self,
        items: &[Item],
        each: impl FnMut(&Step) -> Result<ControlFlow<()>> + Send,
    ) -> Result<()> {
        let exact = |device| self.exact(device);
        let scorer = Scorer {
            models: self.models.clone(),
            exact: if self.backend.is_half() {
                Some(&exact)
            } else {
                None
            },
            queues: self.backend.devices.is_gpu(),
        };
        let (contract, tokenizer) = (self.checkpoint.template, &self.checkpoint.tokenizer);
        scoring::score(
            items,
            contract,
            tokenizer,
            &scorer,
            self.backend.limits,
            each,
        )
        .map(drop)
    }

    /// A copy shares its weights.
    fn exact(&self, device: usize) -> Result<RewardModel> {
        let mut loaded = self.exact.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = loaded.get(&device) {
            return Ok(model.clone());
        }
        let model = self.backend.load_exact(&self.checkpoint, device)?;
        loaded.insert(device, model.clone());
        Ok(model)
    }
}

/// The model that is named, else the first of the embedded ones, which is said.
fn spec(request: &RankRequest) -> Result<ModelSpec> {
    if let Some(spec) = &request.model {
        return Ok(spec.clone());
    }
    say(
        "This is a tiny demonstration model, which knows nothing of the world. A real one: --model \
         llm-blender/PairRM-hf",
    );
    let embedded = quickstart::checkpoints().next().unwrap_or_default();
    embedded.parse().map_err(|e: String| Error::usage(e))
}
