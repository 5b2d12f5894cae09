//! From the hub into its cache: listed, downloaded, verified, and only then given a name.
//!
//! hf-hub streams the files. What it leaves open is done here: it drops the SHA-256 of large files
//! from listings, renames downloads without checking them, ignores `Retry-After` and sets no
//! timeouts (read in 1.0.0; `download_file_to_cache`, `BlobLfsInfo`, `retry.rs`).

use std::io::{Seek, Write};
use std::time::Duration;

use futures_util::StreamExt;
use globset::GlobSet;
use hf_hub::HFError;
use indicatif::ProgressBar;
use reqwest::{StatusCode, Url, header};
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::support::error::{Error, Result};
use crate::support::hub::cache::{hub_home, is_commit};
use crate::support::hub::{Cache, Kind, Repository, Snapshot, is_relative};
use crate::support::{files, terminal};

/// Tries without progress until a download is given up.
const ATTEMPTS: u32 = 5;
/// First wait between two tries; doubled each time.
const WAIT: Duration = Duration::from_millis(250);
/// The longest `Retry-After` that is worth waiting for.
const PATIENCE: Duration = Duration::from_mins(5);

/// A repository at a commit, as the hub lists it.
#[derive(Debug, Deserialize)]
struct Listing {
    sha: String,
    siblings: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(rename = "rfilename")]
    name: String,
    size: u64,
    /// SHA-1 of the git object.
    #[serde(rename = "blobId")]
    oid: String,
    lfs: Option<Lfs>,
}

#[derive(Debug, Deserialize)]
struct Lfs {
    sha256: String,
}

impl Entry {
    /// The name of the content in the cache: what the hub sends as `ETag`.
    fn etag(&self) -> &str {
        self.lfs.as_ref().map_or(&self.oid, |lfs| &lfs.sha256)
    }
}

/// The snapshot of the repository, complete as far as `wanted` goes.
///
/// Where the hub cannot be reached, an older snapshot in the cache has to do, and that is said.
pub fn fetch(cache: &Cache, repository: &Repository, wanted: &GlobSet) -> Result<Snapshot> {
    let failed = |e: std::io::Error| Error::io("failed to start the network", e);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    runtime.block_on(async {
        let client = Client::new()?;
        let listing = match client.persist(async || client.list(repository).await).await {
            Ok(listing) => listing,
            Err(failure) => {
                let cached = cache.snapshot(repository).filter(|_| failure.unreachable);
                let cached = cached.ok_or_else(|| {
                    failure.error(&format!("failed to fetch: {repository}"), &client.endpoint)
                })?;
                terminal::say(&format!(
                    "the hub cannot be reached; using {repository} from the cache, commit {}",
                    cached.commit
                ));
                return Ok(cached);
            }
        };
        let missing: Vec<&Entry> = listing
            .siblings
            .iter()
            .filter(|e| {
                wanted.is_match(&e.name) && !cache.file(repository, &listing.sha, &e.name).exists()
            })
            .collect();
        let bar = terminal::bytes_bar(&repository.name, missing.iter().map(|e| e.size).sum());
        for entry in missing {
            client
                .download(cache, repository, &listing.sha, entry, &bar)
                .await?;
        }
        bar.finish_and_clear();
        cache.set_commit(repository, &listing.sha)?;
        let directory = cache.home(repository).join("snapshots").join(&listing.sha);
        if !directory.is_dir() {
            return Err(Error::unavailable(format!(
                "failed to fetch: {repository}: it has none of the files that are needed"
            )));
        }
        Ok(Snapshot {
            directory,
            commit: listing.sha,
        })
    })
}

/// Why a try failed.
struct Failure {
    cause: String,
    hint: String,
    /// Whether another try may succeed.
    transient: bool,
    /// Whether the hub was never reached, or was there but not able to answer.
    unreachable: bool,
    after: Option<Duration>,
}

impl Failure {
    fn fatal(cause: String, hint: &str) -> Self {
        Self {
            cause,
            hint: hint.to_owned(),
            transient: false,
            unreachable: false,
            after: None,
        }
    }

    fn network(cause: &dyn std::error::Error) -> Self {
        let chain: Vec<String> = std::iter::successors(Some(cause), |e| e.source())
            .map(|e| without_query(&e.to_string()))
            .collect();
        let hint = "check the network and HF_ENDPOINT, or use --offline with a filled cache";
        Self {
            cause: chain.join(": "),
            hint: hint.to_owned(),
            transient: true,
            unreachable: true,
            after: None,
        }
    }

    fn status(status: StatusCode, after: Option<Duration>) -> Self {
        let (hint, transient) = match status.as_u16() {
            401 | 403 => (
                "set HF_TOKEN to a token that may read it; some repositories also ask you to accept their conditions first",
                false,
            ),
            404 => (
                "check owner, name and revision; a private repository needs HF_TOKEN",
                false,
            ),
            429 => (
                "the hub asks for fewer requests; wait, or set HF_TOKEN",
                true,
            ),
            408 | 500..=599 => (
                "the hub has trouble; try again later, or use --offline with a filled cache",
                true,
            ),
            _ => ("check HF_ENDPOINT", false),
        };
        Self {
            cause: format!("the server answered {status}"),
            hint: hint.to_owned(),
            transient,
            unreachable: status.is_server_error(),
            after,
        }
    }

    fn error(&self, what: &str, endpoint: &Url) -> Error {
        let host = endpoint.host_str().unwrap_or("the hub");
        Error::unavailable(what)
            .caused_by(format!("{host}: {}", self.cause))
            .hint(&self.hint)
    }
}

impl From<HFError> for Failure {
    fn from(error: HFError) -> Self {
        match error {
            HFError::AuthRequired { .. } => Self::status(StatusCode::UNAUTHORIZED, None),
            HFError::Forbidden { .. } => Self::status(StatusCode::FORBIDDEN, None),
            HFError::RepoNotFound { .. }
            | HFError::RevisionNotFound { .. }
            | HFError::EntryNotFound { .. } => Self::status(StatusCode::NOT_FOUND, None),
            HFError::RateLimited { retry_after, .. } => {
                Self::status(StatusCode::TOO_MANY_REQUESTS, retry_after)
            }
            HFError::Http { context } => Self::status(context.status, None),
            HFError::Request { source, .. } => Self::network(&source),
            other => Self {
                transient: true,
                ..Self::fatal(
                    without_query(&other.to_string()),
                    "try again; if it stays, report it",
                )
            },
        }
    }
}

/// Queries of addresses may hold signatures that open a file to everybody.
fn without_query(text: &str) -> String {
    let mut out = String::new();
    let mut skipping = false;
    for c in text.chars() {
        skipping = (skipping || c == '?') && !matches!(c, ' ' | ')' | '"' | ',');
        if !skipping {
            out.push(c);
        }
    }
    out
}

struct Client {
    http: reqwest::Client,
    hub: hf_hub::HFClient,
    endpoint: Url,
    token: Option<String>,
}

impl Client {
    fn new() -> Result<Self> {
        let address = std::env::var("HF_ENDPOINT")
            .ok()
            .filter(|e| !e.is_empty())
            .unwrap_or_else(|| "https://huggingface.co".to_owned());
        let endpoint = Url::parse(&address)
            .ok()
            .filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
        let endpoint = endpoint.ok_or_else(|| {
            Error::usage(format!("failed to parse HF_ENDPOINT: {address}"))
                .hint("it looks like https://huggingface.co")
        })?;
        let token = token();
        if token.is_some() && endpoint.scheme() == "http" && !is_loopback(&endpoint) {
            return Err(Error::usage(format!("failed to use HF_ENDPOINT: {address} is not encrypted and would show your token to the network"))
                .hint("use https, or set HF_HUB_DISABLE_IMPLICIT_TOKEN=1 to send no token"));
        }
        let failed = |e: &dyn std::error::Error| {
            Error::unavailable("failed to start the network").caused_by(e.to_string())
        };
        // reqwest drops the token itself when a redirect leaves the host.
        let http = reqwest::Client::builder()
            .user_agent(concat!("pairbench/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(30))
            .build()
            .map_err(|e| failed(&e))?;
        let mut builder = hf_hub::HFClient::builder()
            .client(http.clone())
            .endpoint(endpoint.as_str().trim_end_matches('/'))
            .retry_max_attempts(0);
        if let Some(token) = &token {
            builder = builder.token(token);
        }
        let hub = builder.build().map_err(|e| failed(&e))?;
        Ok(Self {
            http,
            hub,
            endpoint,
            token,
        })
    }

    /// Tries again what may succeed later.
    async fn persist<T>(
        &self,
        mut attempt: impl AsyncFnMut() -> std::result::Result<T, Failure>,
    ) -> std::result::Result<T, Failure> {
        let mut wait = WAIT;
        for _ in 1..ATTEMPTS {
            match attempt().await {
                Err(failure)
                    if failure.transient && failure.after.is_none_or(|after| after <= PATIENCE) =>
                {
                    let pause = failure.after.unwrap_or(wait);
                    if pause >= Duration::from_secs(1) {
                        terminal::say(&format!(
                            "{}: next try in {} s",
                            failure.cause,
                            pause.as_secs()
                        ));
                    }
                    tokio::time::sleep(pause).await;
                    wait *= 2;
                }
                done => return done,
            }
        }
        attempt().await
    }

    /// Commit, files, sizes and hashes in one request.
    async fn list(&self, repository: &Repository) -> std::result::Result<Listing, Failure> {
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend([
                "api",
                repository.kind.plural(),
                &repository.owner,
                &repository.name,
                "revision",
                &repository.revision,
            ]);
        }
        url.set_query(Some("blobs=true"));
        let mut request = self.http.get(url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(|e| Failure::network(&e))?;
        if !response.status().is_success() {
            let seconds = response
                .headers()
                .get(header::RETRY_AFTER)
                .and_then(|v| v.to_str().ok()?.trim().parse().ok());
            return Err(Failure::status(
                response.status(),
                seconds.map(Duration::from_secs),
            ));
        }
        let body = response.bytes().await.map_err(|e| Failure::network(&e))?;
        let odd = |what: String| {
            Failure::fatal(
                what,
                "a login page or a proxy in between? check HF_ENDPOINT and the network",
            )
        };
        let listing: Listing = serde_json::from_slice(&body)
            .map_err(|e| odd(format!("the answer is not a listing of a repository: {e}")))?;
        if !is_commit(&listing.sha) {
            return Err(odd("the listing has no commit".to_owned()));
        }
        // These become paths in the cache.
        let hex = |text: &str, digits| {
            text.len() == digits && text.chars().all(|c| c.is_ascii_hexdigit())
        };
        let plain = |e: &Entry| {
            is_relative(&e.name)
                && hex(&e.oid, 40)
                && e.lfs.as_ref().is_none_or(|lfs| hex(&lfs.sha256, 64))
        };
        match listing.siblings.iter().find(|entry| !plain(entry)) {
            Some(entry) => Err(Failure::fatal(
                format!(
                    "the listing has a file that cannot be kept: {:?}",
                    entry.name
                ),
                "do not use this repository",
            )),
            None => Ok(listing),
        }
    }

    async fn download(
        &self,
        cache: &Cache,
        repository: &Repository,
        commit: &str,
        entry: &Entry,
        bar: &ProgressBar,
    ) -> Result<()> {
        let _lock = cache.lock(repository, entry.etag());
        if std::fs::metadata(cache.blob(repository, entry.etag()))
            .is_ok_and(|meta| meta.len() == entry.size)
        {
            bar.inc(entry.size);
            return cache.link(repository, commit, &entry.name, entry.etag());
        }
        let mut part = Part::new(cache.part(repository)?, entry);
        let begun = bar.position();
        loop {
            let before = part.done;
            let failure = match self
                .persist(async || self.append(repository, commit, entry, &mut part, bar).await)
                .await
            {
                Ok(()) => break,
                Err(failure) => failure,
            };
            // As long as each round brings something, a bad line is slow and not broken.
            if !failure.transient || part.done <= before {
                return Err(failure.error(
                    &format!("failed to download: {} of {repository}", entry.name),
                    &self.endpoint,
                ));
            }
        }
        bar.set_position(begun + entry.size);
        cache.keep(repository, entry.etag(), part.file)?;
        cache.link(repository, commit, &entry.name, entry.etag())
    }

    /// Continues the part to its end and checks the whole.
    async fn append(
        &self,
        repository: &Repository,
        commit: &str,
        entry: &Entry,
        part: &mut Part,
        bar: &ProgressBar,
    ) -> std::result::Result<(), Failure> {
        let (owner, name) = (&repository.owner, &repository.name);
        let range = (part.done > 0).then_some(part.done..entry.size);
        let stream = match repository.kind {
            Kind::Model => {
                self.hub
                    .model(owner, name)
                    .download_file_stream()
                    .filename(&entry.name)
                    .revision(commit)
                    .maybe_range(range)
                    .send()
                    .await
            }
            Kind::Dataset => {
                self.hub
                    .dataset(owner, name)
                    .download_file_stream()
                    .filename(&entry.name)
                    .revision(commit)
                    .maybe_range(range)
                    .send()
                    .await
            }
        };
        let (offered, mut stream) = stream?;
        let rest = entry.size - part.done;
        if offered.is_some_and(|offered| offered != rest) {
            // The end of something else must not be added to the beginning of this file.
            part.restart()?;
            if let Some(Ok(piece)) = stream.next().await {
                part.see(&piece);
            }
            return Err(not_the_file(format!(
                "the server offers {} bytes where {rest} were asked for{}",
                offered.unwrap_or(0),
                part.begins()
            )));
        }
        while let Some(piece) = stream.next().await {
            let piece = piece?;
            bar.inc(piece.len() as u64);
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
                Err(not_the_file(what + &begins))
            }
        }
    }
}

fn not_the_file(what: String) -> Failure {
    Failure {
        transient: true,
        ..Failure::fatal(
            what,
            "a login page or a proxy in between? check HF_ENDPOINT and the network",
        )
    }
}

/// A download that is not verified yet.
struct Part {
    file: tempfile::NamedTempFile,
    size: u64,
    done: u64,
    /// The first bytes, for the error.
    head: Vec<u8>,
    sha256: Sha256,
    sha1: Sha1,
}

impl Part {
    fn new(file: tempfile::NamedTempFile, entry: &Entry) -> Self {
        // Git hashes an object with its size in front.
        let sha1 = Sha1::new_with_prefix(format!("blob {}\0", entry.size));
        Self {
            file,
            size: entry.size,
            done: 0,
            head: Vec::new(),
            sha256: Sha256::new(),
            sha1,
        }
    }

    fn add(&mut self, piece: &[u8]) -> std::result::Result<(), Failure> {
        self.file.write_all(piece).map_err(|e| {
            Failure::fatal(
                format!("failed to write to the cache: {e}"),
                "make room, or set HF_HUB_CACHE to another disk",
            )
        })?;
        self.see(piece);
        self.sha256.update(piece);
        self.sha1.update(piece);
        self.done += piece.len() as u64;
        Ok(())
    }

    fn see(&mut self, piece: &[u8]) {
        self.head
            .extend(piece.iter().take(40 - self.head.len().min(40)));
    }

    /// How a page begins that is not a model.
    fn begins(&self) -> String {
        let page = self.head.trim_ascii_start().starts_with(b"<");
        if page {
            format!(
                "; they begin with {:?}",
                String::from_utf8_lossy(&self.head)
            )
        } else {
            String::new()
        }
    }

    fn restart(&mut self) -> std::result::Result<(), Failure> {
        let file = self.file.as_file_mut();
        let emptied = file.set_len(0).and_then(|()| file.rewind());
        emptied.map_err(|e| {
            Failure::fatal(
                format!("failed to write to the cache: {e}"),
                "check the disk",
            )
        })?;
        (self.done, self.head) = (0, Vec::new());
        self.sha256.reset();
        self.sha1 = Sha1::new_with_prefix(format!("blob {}\0", self.size));
        Ok(())
    }

    /// What is wrong with the finished part.
    fn mismatch(&self, entry: &Entry) -> Option<String> {
        let found = match &entry.lfs {
            Some(_) => files::hex(&self.sha256.clone().finalize()),
            None => files::hex(&self.sha1.clone().finalize()),
        };
        if self.done > entry.size {
            Some(format!(
                "the server sent more than the {} bytes of the file",
                entry.size
            ))
        } else {
            (found != entry.etag()).then(|| {
                format!(
                    "what the server sent has hash {found}, the listing says {}",
                    entry.etag()
                )
            })
        }
    }
}

/// `HF_TOKEN`, else the file of `HF_TOKEN_PATH`, else the one that `hf auth login` writes.
fn token() -> Option<String> {
    let set = |key: &str| {
        std::env::var(key)
            .ok()
            .map(|v| v.trim().to_owned())
            .filter(|v| !v.is_empty())
    };
    if set("HF_HUB_DISABLE_IMPLICIT_TOKEN").is_some() {
        return None;
    }
    let path = set("HF_TOKEN_PATH").map_or_else(|| hub_home().join("token"), Into::into);
    set("HF_TOKEN").or_else(|| {
        std::fs::read_to_string(path)
            .ok()
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    })
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse()
            .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_do_not_reach_the_terminal() {
        assert_eq!(
            without_query("error (https://cdn/x?Signature=abc&k=1) at x"),
            "error (https://cdn/x) at x"
        );
    }
}
