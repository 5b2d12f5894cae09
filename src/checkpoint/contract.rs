//! Which input contract a checkpoint has.

use serde::Deserialize;

use crate::checkpoint::facts::ContractSource;
use crate::checkpoint::known_models::contract_of;
use crate::checkpoint::spec::ModelSpec;
use crate::model::heads::HeadConfig;
use crate::model::heads::scalar::ScalarConfig;
use crate::support::error::{Error, Result};
use crate::support::input_file::Directory;
use crate::support::toml_text::from_toml;
use crate::text::Tokenizer;
use crate::text::contract::{AnswerContract, InputContract};

const SIDECAR: &str = "pairbench.toml";

/// `pairbench.toml` beside `config.json`: what the other files of a checkpoint cannot say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sidecar {
    template: Option<InputContract>,
}

/// The model's own `,template=`, else the sidecar's, else `flag` (`--template`), else that of the
/// table of known repositories. It is never guessed from the weights: all families have the same
/// configuration.
///
/// # Errors
/// A sidecar that cannot be read or that contradicts the flag.
pub(crate) fn find_contract(
    spec: &ModelSpec,
    flag: Option<InputContract>,
    directory: &Directory,
) -> Result<Option<(InputContract, ContractSource)>> {
    if spec.template.is_some() {
        return Ok(spec.template);
    }
    match (sidecar(directory)?, flag) {
        (Some(own), Some(flag)) if own != flag => {
            return Err(contradiction(spec, own, flag, directory));
        }
        (Some(own), _) => return Ok(Some((own, ContractSource::Sidecar))),
        (None, Some(flag)) => return Ok(Some((flag, ContractSource::Flag))),
        (None, None) => {}
    }
    let known = spec
        .repository()
        .and_then(|r| contract_of(&format!("{}/{}", r.owner, r.name)));
    Ok(known.map(|template| (template, ContractSource::KnownRepository)))
}

/// The contracts whose rows a head can read.
pub(super) fn contracts_of(head: &HeadConfig) -> Vec<InputContract> {
    InputContract::all()
        .filter(|contract| fits(*contract, head))
        .collect()
}

fn fits(contract: InputContract, head: &HeadConfig) -> bool {
    match head {
        HeadConfig::Pairwise(_) => matches!(contract, InputContract::Pairwise(_)),
        HeadConfig::Scalar(head) => {
            let on_decoder = matches!(head, ScalarConfig::LastToken(_));
            matches!(contract, InputContract::Scalar(contract)
                if contract.has_chat_template() == on_decoder)
        }
    }
}

/// Refuses a contract whose rows the head cannot read.
pub(super) fn check_contract(
    spec: &ModelSpec,
    contract: InputContract,
    head: &HeadConfig,
) -> Result<()> {
    if fits(contract, head) {
        return Ok(());
    }
    let head_of = match head {
        HeadConfig::Scalar(ScalarConfig::LastToken(_)) => "scalar, on a decoder",
        other => other.name(),
    };
    Err(Error::usage(format!(
        "failed to use template {contract} for model: {spec}"
    ))
    .caused_by(format!("its head is {head_of}"))
    .hint(format!(
        "add `,template=NAME` to this --model; NAME is one of: {}",
        InputContract::names(contracts_of(head))
    )))
}

/// Refuses a contract whose chat template the checkpoint lacks.
pub(super) fn check_chat_template(
    spec: &ModelSpec,
    contract: InputContract,
    tokenizer: &Tokenizer,
) -> Result<()> {
    let needs = matches!(contract, InputContract::Scalar(contract) if contract.has_chat_template());
    if !needs || tokenizer.chat_template().is_some() {
        return Ok(());
    }
    let what = format!("failed to use template {contract} for model: {spec}");
    Err(Error::bad_input(what)
        .caused_by("neither chat_template.jinja nor tokenizer_config.json has a chat template")
        .hint("put the template that the model was trained with into DIR/chat_template.jinja"))
}

/// Refuses a contract whose reference pads, where the tokenizer has no token for it.
pub(super) fn check_padding(
    spec: &ModelSpec,
    contract: InputContract,
    tokenizer: &Tokenizer,
) -> Result<()> {
    let pads = contract == InputContract::Scalar(AnswerContract::Chat);
    if !pads || tokenizer.pad_id().or(tokenizer.eos_id()).is_some() {
        return Ok(());
    }
    let what = format!("failed to use template {contract} for model: {spec}");
    Err(Error::bad_input(what)
        .caused_by("its tokenizer has neither `pad_token` nor `eos_token`, one of which is padding")
        .hint("set the model's own in DIR/tokenizer_config.json"))
}

/// The error for a checkpoint whose contract is nowhere.
pub(super) fn no_contract(spec: &ModelSpec, head: &HeadConfig) -> Error {
    Error::usage(format!("failed to choose a template for model: {spec}")).hint(format!(
        "add `,template=NAME` to --model, or pass --template NAME; NAME is one of: {}",
        InputContract::names(contracts_of(head))
    ))
}

/// What the sidecar says, where there is one.
fn sidecar(directory: &Directory) -> Result<Option<InputContract>> {
    if !directory.has(SIDECAR) {
        return Ok(None);
    }
    let file = directory.file(SIDECAR);
    let sidecar: Sidecar = from_toml(&file.text()?).map_err(|e| {
        Error::bad_input(format!(
            "failed to parse sidecar: {}",
            file.path().display()
        ))
        .caused_by(e)
    })?;
    Ok(sidecar.template)
}

fn contradiction(
    spec: &ModelSpec,
    own: InputContract,
    flag: InputContract,
    directory: &Directory,
) -> Error {
    let sidecar = directory.file(SIDECAR).path();
    Error::usage(format!("failed to choose a template for model: {spec}"))
        .caused_by(format!(
            "--template says {flag}, {} says {own}",
            sidecar.display()
        ))
        .hint(format!(
            "leave --template out for what the checkpoint says, or add `,template={flag}` to this \
             model for what you say"
        ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::contract::PairContract;

    /// Own, sidecar, flag, known repository; and a sidecar that says nothing.
    #[test]
    fn the_first_that_says_something_decides() {
        use ContractSource::{Flag, KnownRepository, Model, Sidecar};
        let [pairrm, better, _] = PairContract::ALL.map(InputContract::Pairwise);
        let dir = tempfile::tempdir().unwrap();
        let find = |spec: &str, flag, sidecar: Option<&str>| {
            let path = dir.path().join(SIDECAR);
            let _ = std::fs::remove_file(&path);
            if let Some(text) = sidecar {
                std::fs::write(&path, text).unwrap();
            }
            find_contract(&spec.parse().unwrap(), flag, &dir.path().into())
        };
        let says_better = Some("template = 'better-pairrm'");
        for (spec, flag, sidecar, expected) in [
            ("x,template=pairrm", None, says_better, (pairrm, Model)),
            (
                "x,template=pairrm",
                Some(better),
                says_better,
                (pairrm, Model),
            ),
            ("x", None, says_better, (better, Sidecar)),
            ("x", Some(better), says_better, (better, Sidecar)),
            ("x", Some(pairrm), Some(""), (pairrm, Flag)),
            ("x", Some(pairrm), None, (pairrm, Flag)),
            ("maywell/Better-PairRM", Some(pairrm), None, (pairrm, Flag)),
            (
                "maywell/Better-PairRM",
                None,
                None,
                (better, KnownRepository),
            ),
        ] {
            assert_eq!(find(spec, flag, sidecar).unwrap(), Some(expected), "{spec}");
        }
        let text = find("x", Some(pairrm), says_better).unwrap_err().render();
        for part in [
            "--template says pairrm",
            "says better-pairrm",
            ",template=pairrm",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(find("x", None, None).unwrap(), None);
    }
}
