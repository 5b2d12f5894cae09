//! Requests to the hub.

use std::ops::Range;
use std::time::Duration;

use reqwest::{Response, StatusCode, Url, header, redirect};
use tokio::runtime::Runtime;

use crate::support::error::{Error, Result};
use crate::support::hub::download::answer::{Answer, Question};
use crate::support::hub::download::failure::{Failure, address, causes, host};
use crate::support::hub::download::listing;
use crate::support::hub::environment;
use crate::support::hub::listing::{Entry, Listing};
use crate::support::hub::repository::Repository;
use crate::support::hub::token::{Token, TokenChoice};

type Attempt<T> = std::result::Result<T, Failure>;

/// As many as the Python client follows.
const REDIRECTS: usize = 20;
/// A longer listing is none.
const LISTING: usize = 64 << 20;
/// An error page is read this far.
const ERROR_PAGE: usize = 64 << 10;

/// Connections to the hub.
pub(super) struct Client {
    runtime: Runtime,
    http: reqwest::Client,
    endpoint: Url,
    token: Option<Token>,
}

impl Client {
    /// With the endpoint and the token that the environment names.
    pub(super) fn new() -> Result<Self> {
        let endpoint = endpoint()?;
        let token = token(&endpoint)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Error::io("failed to start the network", e))?;
        // Redirects are followed here, where each one is looked at.
        let http = reqwest::Client::builder()
            .user_agent(concat!("pairbench/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(30))
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|e| no_client(&e))?;
        Ok(Self {
            runtime,
            http,
            endpoint,
            token,
        })
    }

    /// Commit, files, sizes and hashes in one request, and the repository's name today.
    pub(super) fn list(&self, repository: &Repository) -> Attempt<(Listing, Option<String>)> {
        let mut url = self.api(repository, &["revision", &repository.revision]);
        url.set_query(Some("blobs=true"));
        let body = self.get(url, repository, None)?.read(LISTING)?;
        listing::parse(&body)
    }

    /// The names of its pull requests, `refs/pr/N`.
    pub(super) fn pull_requests(&self, repository: &Repository) -> Attempt<Vec<String>> {
        let mut url = self.api(repository, &["refs"]);
        url.set_query(Some("include_prs=1"));
        let body = self.get(url, repository, None)?.read(LISTING)?;
        Ok(listing::parse_pull_requests(&body))
    }

    /// A file of a commit, or a range of it.
    pub(super) fn open(
        &self,
        repository: &Repository,
        commit: &str,
        entry: &Entry,
        range: Option<&Range<u64>>,
    ) -> Attempt<Body<'_>> {
        let folder = repository.kind.url_folder().trim_end_matches('/');
        let parts = [
            folder,
            &repository.owner,
            &repository.name,
            "resolve",
            commit,
        ];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        let url = self.url(parts.chain(entry.name.split('/')));
        self.get(url, repository, range)
    }

    fn api(&self, repository: &Repository, rest: &[&str]) -> Url {
        let parts = [
            "api",
            repository.kind.plural(),
            &repository.owner,
            &repository.name,
        ];
        self.url(parts.iter().chain(rest).copied())
    }

    fn url<'a>(&self, parts: impl Iterator<Item = &'a str>) -> Url {
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url
    }

    /// The answer at the end of all redirects: to the name of a renamed repository, to the cache of
    /// small files, to the hosts that keep large ones.
    fn get(
        &self,
        url: Url,
        repository: &Repository,
        range: Option<&Range<u64>>,
    ) -> Attempt<Body<'_>> {
        let mut url = url;
        for _ in 0..=REDIRECTS {
            let response = self.send(&url, range)?;
            let status = response.status();
            let body = Body {
                client: self,
                url,
                response,
            };
            if status.is_success() {
                return Ok(body);
            }
            match body.redirect()? {
                Some(next) => url = next,
                None => return Err(body.failure(repository)),
            }
        }
        Err(Failure::unexpected_content(format!(
            "{} redirects more than {REDIRECTS} times",
            host(&url)
        )))
    }

    /// One request. Only those to the hub itself carry the token.
    fn send(&self, url: &Url, range: Option<&Range<u64>>) -> Attempt<Response> {
        let mut request = self.http.get(url.clone());
        if let Some(token) = &self.token
            && url.origin() == self.endpoint.origin()
        {
            request = request.bearer_auth(token.secret());
        }
        if let Some(range) = range {
            let bytes = format!("bytes={}-{}", range.start, range.end - 1);
            request = request.header(header::RANGE, bytes);
        }
        // Within: reqwest sets its time-outs up when the request is made.
        self.runtime
            .block_on(async { request.send().await })
            .map_err(|e| Failure::network(&e, url, &self.endpoint))
    }
}

/// An answer, whose content is read piece by piece.
pub(super) struct Body<'a> {
    client: &'a Client,
    url: Url,
    response: Response,
}

impl Body<'_> {
    /// How many bytes the server offers, where it says so.
    pub(super) fn size(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// Whether this is a part of the file, as asked for.
    pub(super) fn is_range(&self) -> bool {
        self.response.status() == StatusCode::PARTIAL_CONTENT
    }

    /// The next bytes; none at the end.
    pub(super) fn piece(&mut self) -> Attempt<Option<impl AsRef<[u8]> + use<>>> {
        self.client
            .runtime
            .block_on(self.response.chunk())
            .map_err(|e| Failure::network(&e, &self.url, &self.client.endpoint))
    }

    fn read(mut self, limit: usize) -> Attempt<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.piece()? {
            bytes.extend_from_slice(piece.as_ref());
            if bytes.len() > limit {
                return Err(Failure::unexpected_content(format!(
                    "{} sent more than {limit} bytes",
                    host(&self.url)
                )));
            }
        }
        Ok(bytes)
    }

    /// Where the answer sends us. From https to http nobody is followed: what comes from there
    /// could come from anyone.
    fn redirect(&self) -> Attempt<Option<Url>> {
        let location = self.response.headers().get(header::LOCATION);
        let Some(location) = location.filter(|_| self.response.status().is_redirection()) else {
            return Ok(None);
        };
        let next = location.to_str().ok().and_then(|to| self.url.join(to).ok());
        let next = next.filter(|next| {
            next.scheme() == "https" || (next.scheme() == "http" && self.url.scheme() == "http")
        });
        next.map(Some).ok_or_else(|| {
            Failure::unexpected_content(format!(
                "{} redirects to an address that is not encrypted or none at all",
                host(&self.url)
            ))
        })
    }

    fn failure(self, repository: &Repository) -> Failure {
        let (url, client) = (self.url.clone(), self.client);
        let (status, headers) = (self.response.status(), self.response.headers().clone());
        let body = self.read(ERROR_PAGE).unwrap_or_default();
        let answer = Answer {
            url,
            status,
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        answer.failure(Question {
            repository,
            endpoint: &client.endpoint,
            token: client.token.as_ref(),
        })
    }
}

/// The address in `HF_ENDPOINT`.
fn endpoint() -> Result<Url> {
    let typed = environment::endpoint();
    Url::parse(&typed)
        .ok()
        .filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| {
            // What has an @ may have a password.
            let shown = if typed.contains('@') {
                "its value"
            } else {
                &typed
            };
            Error::usage(format!("failed to parse HF_ENDPOINT: {shown}"))
                .hint("it looks like https://huggingface.co")
        })
}

/// The user's token, if it can be sent to the endpoint.
fn token(endpoint: &Url) -> Result<Option<Token>> {
    let Some(token) = TokenChoice::from_environment().token() else {
        return Ok(None);
    };
    if !token.is_sendable() {
        let what = format!("failed to use the token from {}", token.origin());
        return Err(Error::usage(what)
            .caused_by("it has characters that no token has")
            .hint("a token looks like hf_ and letters and digits"));
    }
    if endpoint.scheme() == "http" && !is_loopback(endpoint) {
        let what = format!(
            "failed to use HF_ENDPOINT: {} is not encrypted and would show your token to the \
             network",
            address(endpoint)
        );
        return Err(Error::usage(what)
            .hint("use https, or set HF_HUB_DISABLE_IMPLICIT_TOKEN=1 to send no token"));
    }
    Ok(Some(token))
}

/// reqwest loads the certificates of authorities before the first request; without any there can be
/// none.
fn no_client(error: &reqwest::Error) -> Error {
    let cause = causes(error).join(": ");
    let failed = Error::unavailable("failed to start the network");
    if !cause.contains("No CA certificates") {
        return failed.caused_by(cause);
    }
    let looked = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .into_iter()
        .find_map(|key| Some(format!("; {key} is {}", environment::text(key)?)));
    let cause = format!(
        "no certificates of authorities (CA) on this machine{}",
        looked.unwrap_or_default()
    );
    failed.caused_by(cause).hint(
        "install the system's package ca-certificates, or set SSL_CERT_FILE to a file with them \
         (PEM)",
    )
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse()
            .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}
