//! Why an attempt failed, and whether another one may succeed.

use std::time::Duration;

use reqwest::Url;

use crate::support::error::Error;

/// Why an attempt failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) cause: String,
    pub(super) hint: String,
    /// Whether another attempt may succeed.
    pub(super) transient: bool,
    /// Whether a complete snapshot in the cache may be used instead: the hub does not say what the
    /// repository has.
    pub(super) replaceable: bool,
    /// How long the server asked to wait before the next attempt.
    pub(super) wait: Option<Duration>,
}

impl Failure {
    /// Another attempt would fail in the same way.
    pub(super) fn fatal(cause: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            hint: hint.into(),
            transient: false,
            replaceable: false,
            wait: None,
        }
    }

    /// The content that came is not what the hub would send.
    pub(super) fn unexpected_content(cause: String) -> Self {
        Self::fatal(
            cause,
            "a login page or a proxy in between? check HF_ENDPOINT and the network",
        )
    }

    /// The content that came is not the file's; another attempt may bring it.
    pub(super) fn wrong_content(cause: String) -> Self {
        Self {
            transient: true,
            ..Self::unexpected_content(cause)
        }
    }

    /// The connection ended before the file did.
    pub(super) fn cut(cause: String) -> Self {
        Self {
            transient: true,
            replaceable: true,
            ..Self::fatal(cause, CHECK_NETWORK)
        }
    }

    /// No connection to the host of `url`, or one that broke. `endpoint`: the hub's.
    pub(super) fn network(error: &dyn std::error::Error, url: &Url, endpoint: &Url) -> Self {
        let cause = causes(error).join(": ");
        let host = host(url);
        let mut hint = CHECK_NETWORK.to_owned();
        // As rustls says it of a certificate that it does not accept.
        let distrusted = cause.contains("invalid peer certificate");
        if distrusted {
            hint = format!(
                "if a proxy reads the traffic to {host}, set SSL_CERT_FILE to a file with its \
                 certificate (PEM); also check the clock"
            );
        } else if url.host() != endpoint.host() {
            hint = allow(&host);
        } else if let Some(proxy) = proxy_variable() {
            hint =
                format!("check the proxy that {proxy} names, or use --offline with a filled cache");
        }
        Self {
            transient: !distrusted,
            replaceable: true,
            ..Self::fatal(format!("{host}: {cause}"), hint)
        }
    }

    /// The error for the user; `what` is its message.
    pub(super) fn error(self, what: &str) -> Error {
        Error::unavailable(what)
            .caused_by(self.cause)
            .hint(self.hint)
    }
}

const CHECK_NETWORK: &str =
    "check the network and HF_ENDPOINT, or use --offline with a filled cache";

/// The hint for a host to which the hub refers for the content of a file.
pub(super) fn allow(host: &str) -> String {
    format!(
        "the hub keeps the content of files on this host: allow https to {host} in the firewall or \
         proxy (the hub's storage hosts are under hf.co and xethub.hf.co), or copy a filled cache \
         here and use --offline"
    )
}

/// What an error says, and what its causes say.
pub(super) fn causes(error: &dyn std::error::Error) -> Vec<String> {
    std::iter::successors(Some(error), |e| e.source())
        .map(|e| without_query(&e.to_string()))
        .collect()
}

/// The host and, where it is not the usual one, the port.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("the hub");
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The address, with a `/` at its end and without a name and password that may be in it.
pub(super) fn address(url: &Url) -> String {
    let path = url.path().trim_end_matches('/');
    format!("{}{path}/", url.origin().ascii_serialization())
}

fn proxy_variable() -> Option<&'static str> {
    let variables = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    variables
        .into_iter()
        .find(|key| std::env::var(key).is_ok_and(|value| !value.is_empty()))
}

/// Removes the queries of URLs: they may hold signatures that give access to a file.
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
