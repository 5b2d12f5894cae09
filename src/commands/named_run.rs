//! `DIR[:MODEL]`: a finished run, and one of its models where one is named.

use std::ffi::OsStr;
use std::path::Path;

use crate::scoring::run_dir::RunDir;
use crate::support::error::{Error, Result};

pub(super) struct NamedRun {
    pub(super) dir: RunDir,
    /// Known to be one of the run's.
    pub(super) model: Option<String>,
}

impl NamedRun {
    /// # Errors
    /// No finished run, or one that lacks the model.
    pub(super) fn open(typed: &OsStr) -> Result<Self> {
        // A path that is no UTF-8 stands alone: models have names that are.
        let named = typed
            .to_str()
            .and_then(|text| split(text, |path| Path::new(path).is_dir()));
        let (path, model) = named.map_or((typed, None), |(path, model)| (OsStr::new(path), model));
        let dir = RunDir::open(Path::new(path))?;
        if let Some(model) = model {
            check_model(&dir, model)?;
        }
        let model = model.map(str::to_owned);
        Ok(Self { dir, model })
    }
}

/// `NAME[:MODEL]`; what is known decides where a name with colons ends.
pub(super) fn split(text: &str, is_known: impl Fn(&str) -> bool) -> Option<(&str, Option<&str>)> {
    let cuts = text
        .rmatch_indices(':')
        .map(|(at, _)| (&text[..at], Some(&text[at + 1..])));
    std::iter::once((text, None))
        .chain(cuts)
        .find(|(name, _)| is_known(name))
}

/// # Errors
/// The run has no model of this name.
pub(super) fn check_model(dir: &RunDir, model: &str) -> Result<()> {
    if dir.verdicts_of(model).is_some() {
        return Ok(());
    }
    let models: Vec<&str> = dir.models.iter().map(|(name, _)| name.as_str()).collect();
    Err(unknown_model(
        &dir.path.display().to_string(),
        model,
        &models,
    ))
}

/// The error for a model's name that is none.
pub(super) fn unknown_model(of: &str, model: &str, known: &[&str]) -> Error {
    Error::usage(format!(
        "failed to find model: {of} has none called {model}"
    ))
    .hint(format!("its models: {}", known.join(", ")))
}
