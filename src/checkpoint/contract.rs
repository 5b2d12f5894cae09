//! Which input contract a checkpoint has.

use serde::Deserialize;

use crate::checkpoint::facts::ContractSource;
use crate::checkpoint::spec::ModelSpec;
use crate::support::error::{Error, Result};
use crate::support::input_file::Directory;
use crate::text::contract::InputContract;

const SIDECAR: &str = "pairbench.toml";

/// `pairbench.toml` beside `config.json`: what the other files of a checkpoint cannot say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sidecar {
    template: Option<InputContract>,
}

/// The model's own `,template=`, else `flag` (`--template`), else the sidecar's, else that of the
/// table of known repositories. It is never guessed from the weights: all families have the same
/// configuration.
///
/// # Errors
/// A sidecar that cannot be read.
pub(crate) fn find_contract(
    spec: &ModelSpec,
    flag: Option<InputContract>,
    directory: &Directory,
) -> Result<Option<(InputContract, ContractSource)>> {
    if let Some(template) = spec.template {
        return Ok(Some((template, ContractSource::Model)));
    }
    if let Some(template) = flag {
        return Ok(Some((template, ContractSource::Flag)));
    }
    if directory.has(SIDECAR) {
        let sidecar: Sidecar = toml::from_str(&directory.file(SIDECAR).text()?).map_err(|e| {
            Error::bad_input(format!(
                "failed to parse sidecar: {}",
                directory.file(SIDECAR).path().display()
            ))
            .caused_by(e)
        })?;
        if let Some(template) = sidecar.template {
            return Ok(Some((template, ContractSource::Sidecar)));
        }
    }
    let known = spec
        .repository()
        .and_then(|r| InputContract::of_repository(&format!("{}/{}", r.owner, r.name)));
    Ok(known.map(|template| (template, ContractSource::KnownRepository)))
}

/// The error for a checkpoint whose contract is nowhere.
pub(super) fn no_contract(spec: &ModelSpec) -> Error {
    Error::usage(format!("failed to choose a template for model: {spec}")).hint(format!(
        "add `,template=NAME` to --model, or pass --template NAME; NAME is one of: {}",
        InputContract::names()
    ))
}
