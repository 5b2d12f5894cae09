//! `pairbench doctor` and `pairbench cache`: what would be used on this machine, and what is kept
//! on it.

use std::path::Path;

use indicatif::{HumanBytes, HumanCount};

use crate::device;
use crate::device::{Choice, Devices};
use crate::scoring::cache;
use crate::scoring::fingerprint::ENGINE;
use crate::support::cache_folder;
use crate::support::count::count;
use crate::support::error::{Error, Result, one_line};
use crate::support::files;
use crate::support::hub;
use crate::support::version::ENGINE_VERSION;

/// Versions, devices, threads, caches and the settings that the environment makes.
pub(crate) fn doctor() -> Result<String> {
    let hub = hub::Cache::from_environment();
    let mut lines = vec![(
        "version".to_owned(),
        format!("pairbench {}, code {ENGINE}", *ENGINE_VERSION),
    )];
    let name = |name: String| {
        if name == "cpu" {
            "device".to_owned()
        } else {
            format!("device {name}")
        }
    };
    lines.extend(
        device::list()
            .into_iter()
            .map(|(device, facts)| (name(device), facts)),
    );
    let parts = [
        ("device auto", Devices::open(&Choice::Auto)?.short_name()),
        ("threads", rayon::current_num_threads().to_string()),
        (
            "network",
            if cfg!(feature = "hub") {
                "built in"
            } else {
                "none: built without the feature `hub`"
            }
            .to_owned(),
        ),
        ("hub cache", hub_cache(hub.root())?),
        (
            "hub token",
            one_line(&hub::TokenChoice::from_environment().to_string()),
        ),
        ("verdicts", verdicts()?),
    ];
    lines.extend(parts.map(|(key, value)| (key.to_owned(), value)));
    for key in [
        "HF_HOME",
        "HF_HUB_CACHE",
        "HUGGINGFACE_HUB_CACHE",
        "HF_ENDPOINT",
        "HF_HUB_OFFLINE",
        "TRANSFORMERS_OFFLINE",
        "HF_TOKEN_PATH",
        "HTTPS_PROXY",
        "SSL_CERT_FILE",
    ] {
        if let Ok(value) = std::env::var(key) {
            // An address may have a password in it.
            lines.push((
                key.to_owned(),
                if value.contains('@') {
                    "set".to_owned()
                } else {
                    one_line(&value)
                },
            ));
        }
    }
    let lines: Vec<String> = lines
        .iter()
        .map(|(key, value)| format!("{key:<21}{value}"))
        .collect();
    Ok(lines.join("\n") + "\n")
}

/// Where verdicts are kept and how much there is.
pub(crate) fn show_cache() -> Result<String> {
    Ok(format!("{}\n", verdicts()?))
}

/// Removes the kept verdicts.
pub(crate) fn clear_cache() -> Result<String> {
    let folder = cache_folder::folder().ok_or_else(|| {
        Error::usage("failed to clear the cache: PAIRBENCH_CACHE is empty, so there is none")
    })?;
    let before = verdicts()?;
    cache::clear(&folder)?;
    Ok(format!("removed {before}\n"))
}

fn verdicts() -> Result<String> {
    let Some(folder) = cache_folder::folder() else {
        return Ok("no cache: PAIRBENCH_CACHE is empty".to_owned());
    };
    let files = cache::files(&folder)?;
    let bytes: u64 = files.iter().map(|(_, bytes)| bytes).sum();
    let counts: Vec<usize> = files
        .iter()
        .filter_map(|(path, _)| cache::lines_of(path))
        .collect();
    let kept = HumanCount(counts.iter().sum::<usize>() as u64);
    let (models, unused) = (counts.len(), files.len() - counts.len());
    let unused = if unused == 0 {
        String::new()
    } else {
        format!(
            "; {} not used: too large, or no regular file",
            count(unused, "file")
        )
    };
    let kernels: u64 = cache::kernel_files(&folder)
        .iter()
        .map(|(_, bytes)| bytes)
        .sum();
    let kernels = if kernels == 0 {
        String::new()
    } else {
        format!("; kernels of GPUs, {}", HumanBytes(kernels))
    };
    Ok(format!(
        "{}: {kept} verdicts of {models} models, {}{unused}{kernels}",
        one_line(&folder.display().to_string()),
        HumanBytes(bytes)
    ))
}

#[cfg(feature = "hub")]
fn hub_cache(root: &Path) -> Result<String> {
    if !root.exists() {
        return size(root);
    }
    let found = match hub::scan(root) {
        Ok(found) => found,
        Err(error) => return Ok(one_line(&error.to_string())),
    };
    let mut facts = vec![
        count(found.repositories, "repository"),
        HumanBytes(found.bytes).to_string(),
    ];
    facts.extend(found.warnings.iter().map(|warning| one_line(warning)));
    let shown = one_line(&root.display().to_string());
    Ok(format!("{shown}: {}", facts.join(", ")))
}

#[cfg(not(feature = "hub"))]
fn hub_cache(root: &Path) -> Result<String> {
    size(root)
}

fn size(dir: &Path) -> Result<String> {
    let shown = one_line(&dir.display().to_string());
    if !dir.exists() {
        return Ok(format!("{shown}: not there"));
    }
    let mut bytes = 0;
    for name in files::files_below(dir)? {
        // Snapshots are links to the blobs, which count.
        bytes += std::fs::symlink_metadata(dir.join(name)).map_or(0, |meta| meta.len());
    }
    Ok(format!("{shown}: {}", HumanBytes(bytes)))
}
