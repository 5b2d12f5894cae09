//! Brings the files of a repository into the cache.

use globset::GlobSet;

use crate::support::error::{Error, Result};
use crate::support::hub::cache::Cache;
use crate::support::hub::download::client::Client;
use crate::support::hub::download::failure::Failure;
use crate::support::hub::download::part::Part;
use crate::support::hub::download::retry::{PATIENCE, with_retries};
use crate::support::hub::download::store::Store;
use crate::support::hub::listing::{Entry, Listing};
use crate::support::hub::repository::{Repository, Snapshot, is_commit};
use crate::support::hub::wanted::{Offer, Wanted};
use crate::support::terminal::{self, Progress};

/// Pull requests that are looked at for files that the repository lacks.
const PULL_REQUESTS: usize = 8;

/// The snapshot of the repository with all files that are wanted.
///
/// A commit whose files are all in the cache needs no request: a commit never changes. Where the
/// hub cannot say what the repository has, a complete snapshot in the cache is used, and a message
/// says so.
pub(crate) fn fetch(cache: &Cache, repository: &Repository, wanted: &Wanted) -> Result<Snapshot> {
    let cached = cache
        .snapshot(repository)
        .filter(|snapshot| is_complete(cache, repository, snapshot, wanted));
    let is_pinned = is_commit(&repository.revision);
    if let Some(snapshot) = cached.clone().filter(|_| is_pinned) {
        return Ok(snapshot);
    }
    let download = Download {
        client: Client::new()?,
        store: Store::new(cache, repository),
        repository,
        wanted,
    };
    let known = cache
        .listing(repository, &repository.revision)
        .filter(|_| is_pinned);
    let listing = match known {
        Some(listing) => Ok(listing),
        None => download.list(cached.is_some()),
    };
    match (listing, cached) {
        (Ok(listing), _) => download.missing(listing),
        (Err(failure), Some(snapshot)) if failure.replaceable => {
            terminal::say(&format!(
                "the hub cannot be reached or refuses to list {repository} ({}); using the cache, \
                 commit {}",
                failure.cause, snapshot.commit
            ));
            Ok(snapshot)
        }
        (Err(failure), _) => Err(failure.error(&format!("failed to fetch: {repository}"))),
    }
}

/// Whether the snapshot has all that is wanted: by the kept listing of its commit, else by what
/// such files need.
fn is_complete(
    cache: &Cache,
    repository: &Repository,
    snapshot: &Snapshot,
    wanted: &Wanted,
) -> bool {
    let has = |entry: &Entry| snapshot.directory.join(&entry.name).exists();
    match cache.listing(repository, &snapshot.commit) {
        Some(listing) => {
            let mut files = listing.files.iter().filter(|entry| wanted.has(&entry.name));
            files.all(has) && (wanted.suffices)(&snapshot.directory)
        }
        None => (wanted.suffices)(&snapshot.directory),
    }
}

/// A repository that is brought into the cache.
struct Download<'a> {
    client: Client,
    store: Store<'a>,
    repository: &'a Repository,
    wanted: &'a Wanted<'a>,
}

impl Download<'_> {
    /// What the repository has. `replaceable`: the cache can stand in, so that it is not worth a
    /// long wait.
    fn list(&self, replaceable: bool) -> std::result::Result<Listing, Failure> {
        let patience = if replaceable { PATIENCE / 60 } else { PATIENCE };
        let (listing, name) = with_retries(patience, || self.client.list(self.repository))?;
        let asked = format!("{}/{}", self.repository.owner, self.repository.name);
        if let Some(name) = name.filter(|name| name.contains('/') && *name != asked) {
            terminal::say(&format!("{asked} is called {name} now"));
        }
        Ok(listing)
    }

    /// Downloads what the cache lacks: first what says whether the rest is of use.
    fn missing(&self, listing: Listing) -> Result<Snapshot> {
        self.store.keep_listing(&listing);
        let directory = self.store.snapshot(&listing.commit);
        self.files(&listing, &self.wanted.first)?;
        if !self.lacking(&listing, &self.wanted.rest).is_empty()
            || !listing
                .files
                .iter()
                .any(|entry| self.wanted.rest.is_match(&entry.name))
        {
            let offer = Offer {
                directory: &directory,
                names: listing.files.iter().map(|entry| &*entry.name).collect(),
                elsewhere: self.elsewhere(&listing),
            };
            (self.wanted.check)(&offer)?;
        }
        self.files(&listing, &self.wanted.rest)?;
        self.store.set_commit(&listing.commit);
        self.store.remove_unfinished();
        if !directory.is_dir() {
            return Err(Error::unavailable(format!(
                "failed to fetch: {}: it has none of the files that are needed",
                self.repository
            )));
        }
        Ok(Snapshot {
            directory,
            commit: listing.commit,
        })
    }

    /// A pull request that has files which the repository lacks.
    fn elsewhere(&self, listing: &Listing) -> Option<String> {
        let has = |listing: &Listing| {
            let mut files = listing.files.iter();
            files.any(|entry| self.wanted.rest.is_match(&entry.name))
        };
        if has(listing) || self.wanted.first.is_empty() {
            return None;
        }
        let names = self.client.pull_requests(self.repository).ok()?;
        names.into_iter().take(PULL_REQUESTS).find(|name| {
            let revision = Repository {
                revision: name.clone(),
                ..self.repository.clone()
            };
            let listing = self.client.list(&revision);
            listing.is_ok_and(|(listing, _)| has(&listing))
        })
    }

    fn lacking<'l>(&self, listing: &'l Listing, names: &GlobSet) -> Vec<&'l Entry> {
        let directory = self.store.snapshot(&listing.commit);
        let is_missing =
            |entry: &&Entry| names.is_match(&entry.name) && !directory.join(&entry.name).exists();
        listing.files.iter().filter(is_missing).collect()
    }

    fn files(&self, listing: &Listing, names: &GlobSet) -> Result<()> {
        let missing = self.lacking(listing, names);
        let sizes = missing.iter().map(|entry| entry.size);
        let bytes = sizes.fold(0, u64::saturating_add);
        let bar = Progress::over_bytes(&self.repository.name, bytes);
        for entry in missing {
            self.file(&listing.commit, entry, &bar)?;
        }
        drop(bar);
        Ok(())
    }

    fn file(&self, commit: &str, entry: &Entry, bar: &Progress) -> Result<()> {
        let lock = self.store.lock(&entry.hash);
        let blob = self.store.blob(&entry.hash);
        if std::fs::metadata(&blob).is_ok_and(|meta| meta.len() == entry.size) {
            bar.bytes_done(entry.size);
            return self.store.link(commit, entry);
        }
        let what = format!("failed to download: {} of {}", entry.name, self.repository);
        let file = self.store.part(&entry.hash, lock.is_some())?;
        let mut part = Part::new(file, entry).map_err(|failure| failure.error(&what))?;
        let begun = bar.position();
        loop {
            let before = part.done;
            let attempt = || {
                bar.set_position(begun + part.done);
                self.rest(commit, entry, &mut part, bar)
            };
            let Err(failure) = with_retries(PATIENCE, attempt) else {
                break;
            };
            // A connection that brings some bytes in each round is slow, but works.
            if !failure.transient || part.done <= before {
                return Err(failure.error(&what));
            }
        }
        bar.set_position(begun + entry.size);
        part.rename(&blob).map_err(|e| {
            let what = format!("failed to write to the hub's cache: {}", blob.display());
            Error::io(what, e)
        })?;
        self.store.link(commit, entry)
    }

    /// Downloads the rest of the part and verifies the whole.
    fn rest(
        &self,
        commit: &str,
        entry: &Entry,
        part: &mut Part,
        bar: &Progress,
    ) -> std::result::Result<(), Failure> {
        if part.done < entry.size || entry.size == 0 {
            self.append(commit, entry, part, bar)?;
        }
        match part.mismatch() {
            None => Ok(()),
            Some(what) => {
                let begins = part.begins();
                part.restart()?;
                Err(Failure::wrong_content(what + &begins))
            }
        }
    }

    fn append(
        &self,
        commit: &str,
        entry: &Entry,
        part: &mut Part,
        bar: &Progress,
    ) -> std::result::Result<(), Failure> {
        let range = (part.done > 0).then_some(part.done..entry.size);
        let is_continued = range.is_some();
        let mut body = self
            .client
            .open(self.repository, commit, entry, range.as_ref())?;
        if is_continued && !body.is_range() {
            // The whole file, from a server that knows no ranges.
            part.restart()?;
        }
        let rest = entry.size - part.done;
        if let Some(offered) = body.size().filter(|offered| *offered != rest) {
            // This is not the rest of the file: nothing of it may be appended.
            part.restart()?;
            if let Some(piece) = body.piece()? {
                part.remember(piece.as_ref());
            }
            return Err(Failure::wrong_content(format!(
                "the server offers {offered} bytes where {rest} were asked for{}",
                part.begins()
            )));
        }
        while let Some(piece) = body.piece()? {
            bar.bytes_done(piece.as_ref().len() as u64);
            part.add(piece.as_ref())?;
            if part.done > entry.size {
                break;
            }
        }
        if part.done < entry.size {
            return Err(Failure::cut(format!(
                "the connection ended after {} of {} bytes",
                part.done, entry.size
            )));
        }
        Ok(())
    }
}
