//! Why an attempt failed, and whether another one may succeed.

use std::time::Duration;

use hf_hub::HFError;
use reqwest::{StatusCode, Url};

use crate::support::error::Error;

/// Why an attempt failed.
pub(super) struct Failure {
    pub(super) cause: String,
    hint: String,
    /// Whether another attempt may succeed.
    pub(super) transient: bool,
    /// Whether the hub could not be reached, or could not answer.
    pub(super) unreachable: bool,
    /// How long the server asked to wait before the next attempt.
    pub(super) retry_after: Option<Duration>,
}

impl Failure {
    /// Another attempt would fail in the same way.
    pub(super) fn fatal(cause: String, hint: &str) -> Self {
        Self {
            cause,
            hint: hint.to_owned(),
            transient: false,
            unreachable: false,
            retry_after: None,
        }
    }

    /// No connection, or one that broke.
    pub(super) fn network(cause: &dyn std::error::Error) -> Self {
        let chain: Vec<String> = std::iter::successors(Some(cause), |e| e.source())
            .map(|e| without_query(&e.to_string()))
            .collect();
        let hint = "check the network and HF_ENDPOINT, or use --offline with a filled cache";
        Self {
            cause: chain.join(": "),
            hint: hint.to_owned(),
            transient: true,
            unreachable: true,
            retry_after: None,
        }
    }

    /// An answer with an error status.
    pub(super) fn status(status: StatusCode, retry_after: Option<Duration>) -> Self {
        let (hint, transient) = match status.as_u16() {
            401 | 403 => (
                "set HF_TOKEN to a token that may read it; some repositories also ask \
                 you to accept their conditions first",
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
            retry_after,
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

    /// The error for the user; `what` is its message.
    pub(super) fn error(&self, what: &str, endpoint: &Url) -> Error {
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
