//! `--f32-run`: an f32 run of the same models on the same texts, and how many of its verdicts
//! another precision turns.

use std::collections::BTreeSet;
use std::path::Path;

use crate::checkpoint::Checkpoint;
use crate::commands::run_report::Column;
use crate::comparison;
use crate::data::Item;
use crate::scoring::fingerprint::{Fingerprint, ModelFingerprint};
use crate::scoring::run_dir::RunDir;
use crate::support::count::count;
use crate::support::error::{Error, Result};

/// How a precision is called that is none of the others.
const F32: &str = "f32";

/// A run whose verdicts are those of this run's models in f32.
pub(crate) struct F32Run(RunDir);

impl F32Run {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        RunDir::open(path).map(Self)
    }

    /// Refuses a run that says nothing about the precision of this one: other files, other models,
    /// models that were computed otherwise, and none of the pairs.
    pub(crate) fn check(
        &self,
        own: &Fingerprint,
        checkpoints: &[Checkpoint],
        items: &[Item],
    ) -> Result<()> {
        let failed = |what: String| {
            let path = self.0.path.display();
            Error::usage(format!("failed to compare with the f32 run {path}")).caused_by(what)
        };
        let content = self.0.record.what_was_run();
        let then = content.map_err(|why| failed(why.to_owned()).hint(SCORE_IT))?;
        if !self.0.has_read(own) || then.pairs_of != own.pairs_of {
            let what = "it was of other files (SHA-256), columns (--map) or answers (--pairs)";
            return Err(failed(what.to_owned()).hint("score the same --data in f32 and here"));
        }
        for (checkpoint, own) in checkpoints.iter().zip(&own.models) {
            let name = &checkpoint.name;
            let mut models = self.0.record.models.iter();
            let at = models.position(|model| model.name == *name);
            let Some(then) = at.and_then(|at| then.models.get(at)) else {
                let what = format!("it has no model {name}");
                return Err(failed(what).hint("name the models as there: --model NAME=SPEC"));
            };
            if let Some(what) = difference(then, own) {
                return Err(failed(format!("model {name}: {what}")).hint(SCORE_IT));
            }
            if self.common(name, items) == 0 {
                let what = format!("model {name}: it has none of the pairs that are to be scored");
                return Err(failed(what).hint("score the same pairs in f32 and here"));
            }
        }
        Ok(())
    }

    /// How many of these pairs it has.
    fn common(&self, model: &str, items: &[Item]) -> usize {
        let verdicts = self.0.verdicts_of(model).unwrap_or_default();
        let rows: BTreeSet<usize> = verdicts.iter().map(|own| own.row).collect();
        items.iter().filter(|item| rows.contains(&item.row)).count()
    }

    /// How many verdicts of a model `precision` has turned.
    pub(crate) fn turned(&self, (name, scored): Column, precision: &str) -> Result<String> {
        let before = self.0.verdicts_of(name).unwrap_or_default();
        let (turned, n) = comparison::changed_verdicts(before, scored, true)?;
        let part = if n < scored.len() {
            format!(
                "; PARTIAL: it has {n} of these {}",
                count(scored.len(), "pair")
            )
        } else {
            String::new()
        };
        Ok(format!(
            "{name}: {precision} turns {turned} of {} of the f32 run{part}",
            count(n, "verdict")
        ))
    }
}

const SCORE_IT: &str = "give the directory of a run of the same models: pairbench run --dtype f32 \
    --out DIR";

/// What else than the precision would turn verdicts, or that the precision is not f32.
fn difference(then: &ModelFingerprint, own: &ModelFingerprint) -> Option<String> {
    let parts = [
        ("checkpoint (SHA-256)", &then.checkpoint, &own.checkpoint),
        ("tokenizer", &then.tokenizer, &own.tokenizer),
        ("template", &then.template, &own.template),
        ("truncation", &then.truncation, &own.truncation),
    ];
    let differs = parts.into_iter().find(|(_, then, own)| then != own);
    let differs = differs.map(|(what, then, own)| format!("its {what} was {then}, here {own}"));
    let is_f32 = then.precision == F32;
    differs.or_else(|| (!is_f32).then(|| format!("it was computed in {}", then.precision)))
}
