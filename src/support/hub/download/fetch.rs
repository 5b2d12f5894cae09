//! Brings the files of a repository into the cache.

use futures_util::StreamExt;
use globset::GlobSet;

use crate::support::error::{Error, Result};
use crate::support::hub::cache::Cache;
use crate::support::hub::download::client::Client;
use crate::support::hub::download::failure::Failure;
use crate::support::hub::download::listing::{Entry, Listing};
use crate::support::hub::download::part::Part;
use crate::support::hub::download::retry::with_retries;
use crate::support::hub::repository::{Repository, Snapshot};
use crate::support::terminal::{self, Progress};

/// The snapshot of the repository with all files that `wanted` matches.
///
/// Where the hub cannot be reached, the cache's snapshot is used, and a message says so.
pub(crate) fn fetch(cache: &Cache, repository: &Repository, wanted: &GlobSet) -> Result<Snapshot> {
    let failed = |e: std::io::Error| Error::io("failed to start the network", e);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    runtime.block_on(async {
        let client = Client::new()?;
        match with_retries(async || client.list(repository).await).await {
            Ok(listing) => download_missing(&client, cache, repository, wanted, listing).await,
            Err(failure) => from_cache(cache, repository, &failure).ok_or_else(|| {
                failure.error(&format!("failed to fetch: {repository}"), &client.endpoint)
            }),
        }
    })
}

/// The snapshot that the cache has, where the hub could not be reached.
fn from_cache(cache: &Cache, repository: &Repository, failure: &Failure) -> Option<Snapshot> {
    let cached = cache.snapshot(repository).filter(|_| failure.unreachable)?;
    terminal::say(&format!(
        "the hub cannot be reached; using {repository} from the cache, commit {}",
        cached.commit
    ));
    Some(cached)
}

async fn download_missing(
    client: &Client,
    cache: &Cache,
    repository: &Repository,
    wanted: &GlobSet,
    listing: Listing,
) -> Result<Snapshot> {
    let Listing { commit, files } = listing;
    let is_missing = |entry: &&Entry| {
        wanted.is_match(&entry.name) && !cache.file(repository, &commit, &entry.name).exists()
    };
    let missing: Vec<&Entry> = files.iter().filter(is_missing).collect();
    let bytes = missing.iter().map(|entry| entry.size).sum();
    let bar = Progress::over_bytes(&repository.name, bytes);
    for entry in missing {
        download(client, cache, repository, &commit, entry, &bar).await?;
    }
    drop(bar);
    cache.set_commit(repository, &commit)?;
    let directory = cache.home(repository).join("snapshots").join(&commit);
    if !directory.is_dir() {
        return Err(Error::unavailable(format!(
            "failed to fetch: {repository}: it has none of the files that are needed"
        )));
    }
    Ok(Snapshot { directory, commit })
}

async fn download(
    client: &Client,
    cache: &Cache,
    repository: &Repository,
    commit: &str,
    entry: &Entry,
    bar: &Progress,
) -> Result<()> {
    let _lock = cache.lock(repository, entry.etag());
    if std::fs::metadata(cache.blob(repository, entry.etag()))
        .is_ok_and(|meta| meta.len() == entry.size)
    {
        bar.bytes_done(entry.size);
        return cache.link(repository, commit, &entry.name, entry.etag());
    }
    let mut part = Part::new(cache.part(repository)?, entry);
    let begun = bar.position();
    loop {
        let before = part.done;
        let attempt = async || append(client, repository, commit, entry, &mut part, bar).await;
        let Err(failure) = with_retries(attempt).await else {
            break;
        };
        // A connection that brings some bytes in each round is slow, but works.
        if !failure.transient || part.done <= before {
            return Err(failure.error(
                &format!("failed to download: {} of {repository}", entry.name),
                &client.endpoint,
            ));
        }
    }
    bar.set_position(begun + entry.size);
    cache.keep(repository, entry.etag(), part.file)?;
    cache.link(repository, commit, &entry.name, entry.etag())
}

/// Downloads the rest of the part and verifies the whole.
async fn append(
    client: &Client,
    repository: &Repository,
    commit: &str,
    entry: &Entry,
    part: &mut Part,
    bar: &Progress,
) -> std::result::Result<(), Failure> {
    let range = (part.done > 0).then_some(part.done..entry.size);
    let (offered, mut stream) = client.open(repository, commit, &entry.name, range).await?;
    let rest = entry.size - part.done;
    if offered.is_some_and(|offered| offered != rest) {
        // This is not the rest of the file: nothing of it may be appended.
        part.restart()?;
        if let Some(Ok(piece)) = stream.next().await {
            part.remember(&piece);
        }
        return Err(Failure::wrong_content(format!(
            "the server offers {} bytes where {rest} were asked for{}",
            offered.unwrap_or(0),
            part.begins()
        )));
    }
    while let Some(piece) = stream.next().await {
        let piece = piece?;
        bar.bytes_done(piece.len() as u64);
        part.add(&piece)?;
        if part.done > entry.size {
            break;
        }
    }
    if part.done < entry.size {
        return Err(Failure::network(&std::io::Error::other(format!(
            "the connection ended after {} of {} bytes",
            part.done, entry.size
        ))));
    }
    match part.mismatch(entry) {
        None => Ok(()),
        Some(what) => {
            let begins = part.begins();
            part.restart()?;
            Err(Failure::wrong_content(what + &begins))
        }
    }
}
