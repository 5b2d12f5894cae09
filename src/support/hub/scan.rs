//! What the hub's cache holds, by the library that knows its layout.

use std::path::Path;

use hf_hub::HFClient;

use crate::support::error::{Error, Result};

/// What was found in the cache.
pub(crate) struct CacheContents {
    pub(crate) repositories: usize,
    /// Of blobs, each counted once.
    pub(crate) bytes: u64,
    /// What could not be read, for people: a link whose file is gone, and the like.
    pub(crate) warnings: Vec<String>,
}

/// Looks through the cache; makes no request.
pub(crate) fn scan(root: &Path) -> Result<CacheContents> {
    let failed = |cause: String| {
        Error::unavailable(format!("failed to read hub cache: {}", root.display())).caused_by(cause)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|e| failed(e.to_string()))?;
    let client = HFClient::builder()
        .cache_dir(root)
        .endpoint("https://huggingface.co")
        .token(NO_TOKEN)
        .build()
        .map_err(|e| failed(e.to_string()))?;
    let found = runtime
        .block_on(client.scan_cache().send())
        .map_err(|e| failed(e.to_string()))?;
    Ok(CacheContents {
        repositories: found.repos.len(),
        bytes: found.size_on_disk,
        warnings: found.warnings,
    })
}

/// Without one, the client looks for the user's (hf-hub 1.0.0, `HFClientBuilder::build`).
const NO_TOKEN: &str = "";

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn repositories_and_links_to_nothing_are_seen() {
        let dir = tempfile::tempdir().unwrap();
        let repository = dir.path().join("models--a--b");
        let snapshot = repository.join("snapshots").join("0".repeat(40));
        std::fs::create_dir_all(repository.join("blobs")).unwrap();
        std::fs::create_dir_all(&snapshot).unwrap();
        std::fs::write(repository.join("blobs/e"), "12345").unwrap();
        let found = |name: &str, to: &str| {
            std::os::unix::fs::symlink(to, snapshot.join(name)).unwrap();
            scan(dir.path()).unwrap()
        };
        let whole = found("config.json", "../../blobs/e");
        assert_eq!((whole.repositories, whole.bytes), (1, 5));
        assert!(whole.warnings.is_empty());
        let damaged = found("model.safetensors", "../../blobs/none");
        assert_eq!(damaged.warnings.len(), 1, "{:?}", damaged.warnings);
    }
}
