//! Requests to the hub.

use std::ops::Range;
use std::time::Duration;

use hf_hub::repository::download::HFByteStream;
use hf_hub::{HFClient, HFResult};
use reqwest::{Url, header};

use crate::support::error::{Error, Result};
use crate::support::hub::cache::hub_home;
use crate::support::hub::download::failure::Failure;
use crate::support::hub::download::listing::Listing;
use crate::support::hub::repository::{Repository, RepositoryKind};

/// Connections to the hub.
pub(super) struct Client {
    http: reqwest::Client,
    hub: HFClient,
    pub(super) endpoint: Url,
    token: Option<String>,
}

impl Client {
    /// With the endpoint and the token that the environment names.
    pub(super) fn new() -> Result<Self> {
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
            let what = format!(
                "failed to use HF_ENDPOINT: {address} is not encrypted and would show your token \
                 to the network"
            );
            return Err(Error::usage(what)
                .hint("use https, or set HF_HUB_DISABLE_IMPLICIT_TOKEN=1 to send no token"));
        }
        let failed = |e: &dyn std::error::Error| {
            Error::unavailable("failed to start the network").caused_by(e.to_string())
        };
        // reqwest removes the token when a redirect leaves the host.
        let http = reqwest::Client::builder()
            .user_agent(concat!("pairbench/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(30))
            .build()
            .map_err(|e| failed(&e))?;
        let mut builder = HFClient::builder()
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

    /// Commit, files, sizes and hashes in one request.
    pub(super) async fn list(
        &self,
        repository: &Repository,
    ) -> std::result::Result<Listing, Failure> {
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
        Listing::parse(&body)
    }

    /// The bytes of a file, or a range of them; also how many the server offers.
    pub(super) async fn open(
        &self,
        repository: &Repository,
        commit: &str,
        name: &str,
        range: Option<Range<u64>>,
    ) -> HFResult<(Option<u64>, HFByteStream)> {
        let (owner, repository_name) = (&repository.owner, &repository.name);
        match repository.kind {
            RepositoryKind::Model => {
                self.hub
                    .model(owner, repository_name)
                    .download_file_stream()
                    .filename(name)
                    .revision(commit)
                    .maybe_range(range)
                    .send()
                    .await
            }
            RepositoryKind::Dataset => {
                self.hub
                    .dataset(owner, repository_name)
                    .download_file_stream()
                    .filename(name)
                    .revision(commit)
                    .maybe_range(range)
                    .send()
                    .await
            }
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
