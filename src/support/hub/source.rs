//! Repositories from the cache, or from the network where it may be used.

use crate::support::error::{Error, Result};
use crate::support::hub::cache::Cache;
#[cfg(feature = "hub")]
use crate::support::hub::download;
use crate::support::hub::environment;
use crate::support::hub::repository::{Repository, Snapshot};
use crate::support::hub::wanted::Wanted;

/// The source of repositories in this run.
pub struct Hub {
    cache: Cache,
    /// Why the network is not used, where it is not.
    offline: Option<&'static str>,
}

impl Hub {
    /// The cache that the environment names; `offline` is the `--offline` flag.
    pub fn new(offline: bool) -> Self {
        let reason = if cfg!(not(feature = "hub")) {
            Some("this build has no network code")
        } else {
            environment::offline()
        };
        Self {
            cache: Cache::from_environment(),
            offline: if offline { Some("--offline") } else { reason },
        }
    }

    /// The files of the repository that are wanted; those that the cache lacks are downloaded
    /// first. Offline, the cache's snapshot is used as it is.
    pub(crate) fn snapshot(&self, repository: &Repository, wanted: &Wanted) -> Result<Snapshot> {
        let Some(reason) = self.offline else {
            return self.fetch(repository, wanted);
        };
        self.cache.snapshot(repository).ok_or_else(|| {
            Error::unavailable(format!("failed to find in the hub's cache: {repository}"))
                .caused_by(format!(
                    "{reason}; looked in {}",
                    self.cache.home(repository).display()
                ))
                .hint(format!(
                    "with a network: pairbench fetch {}; or set HF_HUB_CACHE to the cache that has \
                     it",
                    wanted.fetch
                ))
        })
    }

    #[cfg(feature = "hub")]
    fn fetch(&self, repository: &Repository, wanted: &Wanted) -> Result<Snapshot> {
        download::fetch(&self.cache, repository, wanted)
    }

    #[cfg(not(feature = "hub"))]
    fn fetch(&self, repository: &Repository, _: &Wanted) -> Result<Snapshot> {
        Err(Error::unavailable(format!("failed to fetch: {repository}")))
    }
}
