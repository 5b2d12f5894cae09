//! `pairbench fetch`: fills the hub's cache and checks what is in it.

use std::path::Path;

use indicatif::HumanBytes;

use crate::benchmark::Benchmark;
use crate::checkpoint::ModelSpec;
use crate::commands::hub_request::HubRequest;
use crate::support::error::{Error, Result, one_line};
use crate::support::files;
use crate::support::hub::Hub;
use crate::support::input_file::Directory;
use crate::support::input_file::InputFile;

/// What to fetch.
#[derive(Debug)]
pub struct FetchRequest {
    /// Models as `owner/name[@revision]`, benchmarks by name or as a file.
    pub(crate) specs: Vec<String>,
    pub(crate) hub: HubRequest,
}

/// Downloads what is missing, reads every file once to verify it, and lists them.
pub(crate) fn fetch(request: &FetchRequest) -> Result<String> {
    let hub = request.hub.open();
    let mut text = String::new();
    for spec in &request.specs {
        let (origin, files) = files(spec, &hub, request.hub.revision.as_deref())?;
        text.push_str(&format!("{}\n", one_line(&origin)));
        for file in files {
            text.push_str(&format!(
                "  {}  {:>10}  {}\n",
                file.sha256()?,
                HumanBytes(file.size()?).to_string(),
                one_line(&file.path().display().to_string())
            ));
        }
    }
    Ok(text)
}

/// Where it comes from, and its files.
fn files(spec: &str, hub: &Hub, revision: Option<&str>) -> Result<(String, Vec<InputFile>)> {
    let is_definition =
        Path::new(spec).extension().is_some_and(|e| e == "toml") || Benchmark::is_built_in(spec);
    if is_definition {
        let found = Benchmark::find(spec)?.files(hub)?;
        if found.files.is_empty() {
            let what =
                format!("failed to fetch benchmark: {spec}: it does not say where its pairs are");
            return Err(Error::usage(what).hint("`pairbench run` takes its files with --data"));
        }
        return Ok((
            found
                .dataset
                .map_or_else(|| spec.to_owned(), |dataset| dataset.to_string()),
            found.files,
        ));
    }
    let model: ModelSpec = spec
        .parse()
        .map_err(|e: String| Error::usage(format!("failed to parse: {spec}")).caused_by(e))?;
    let found = model.resolve(hub, revision)?;
    let origin = found.commit.map_or_else(
        || spec.to_owned(),
        |commit| format!("{}@{commit}", spec.split('@').next().unwrap_or(spec)),
    );
    let mut files = files_in(&found.files)?;
    if let Some(backbone) = &found.backbone {
        files.extend(files_in(&backbone.files)?);
    }
    Ok((origin, files))
}

fn files_in(directory: &Directory) -> Result<Vec<InputFile>> {
    Ok(match directory {
        Directory::OnDisk(path) => files::files_below(path)?
            .into_iter()
            .map(|name| directory.file(&name))
            .collect(),
        Directory::Embedded(embedded) => embedded
            .files
            .iter()
            .map(|(name, _)| directory.file(name))
            .collect(),
    })
}
