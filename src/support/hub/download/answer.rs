//! Answers with an error status: what the hub means by them, and what the user can do.
//!
//! The hub says more in headers than in the status, and the same status has several meanings; they
//! are read as `hf_raise_for_status` of the Python client does (`utils/_http.py`).

use std::time::Duration;

use reqwest::header::{self, HeaderMap};
use reqwest::{StatusCode, Url};

use crate::support::hub::download::failure::{Failure, address, allow, host};
use crate::support::hub::repository::Repository;
use crate::support::hub::token::Token;

/// What was asked for.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) repository: &'a Repository,
    pub(super) endpoint: &'a Url,
    pub(super) token: Option<&'a Token>,
}

/// An answer with an error status.
pub(super) struct Answer {
    pub(super) url: Url,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Its beginning.
    pub(super) body: String,
}

impl Answer {
    pub(super) fn failure(&self, question: Question) -> Failure {
        let from_hub = self.url.origin() == question.endpoint.origin();
        let (hint, transient) = if from_hub {
            self.advice(question)
        } else {
            self.advice_of_storage()
        };
        let mut cause = format!("{} answered {}", host(&self.url), self.status);
        if let Some(code) = self.header("x-error-code") {
            cause.push_str(&format!(" ({code})"));
        }
        if let Some(message) = self.message() {
            let message = question
                .token
                .map_or_else(|| message.clone(), |token| token.hidden_in(&message));
            cause.push_str(&format!(": {message}"));
        }
        let code = self.status.as_u16();
        Failure {
            transient,
            replaceable: matches!(code, 401 | 403 | 404 | 408 | 429) || code >= 500,
            wait: self.wait(),
            ..Failure::fatal(cause, hint)
        }
    }

    /// What to do, and whether another attempt may succeed.
    fn advice(&self, question: Question) -> (String, bool) {
        let code = self.header("x-error-code");
        let gated = code == Some("GatedRepo");
        let hint = match (self.status.as_u16(), code) {
            (401 | 403, _) if gated => conditions(question),
            (401, code) => unauthorised(question, code, &self.message().unwrap_or_default()),
            (403, _) if self.is_page() => {
                "this is a web page, not the hub's answer: a proxy or firewall in between? allow \
                 https to the hub, or use --offline with a filled cache"
                    .to_owned()
            }
            (403, _) => format!(
                "set HF_TOKEN to a token that may read it; some repositories also ask you to \
                 accept their conditions first: {}",
                page(question)
            ),
            (404, Some("RevisionNotFound")) => format!(
                "{} has no branch, tag or commit `{}`; see {}",
                id(question.repository),
                question.repository.revision,
                page(question)
            ),
            (404, Some("EntryNotFound")) => {
                "the file was removed from the repository meanwhile; try again".to_owned()
            }
            (404 | 410, _) => {
                "check owner, name and revision; a private repository needs HF_TOKEN".to_owned()
            }
            (407, _) => "the proxy asks for a name and password: \
                         HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT"
                .to_owned(),
            (429, _) => {
                "the hub asks for fewer requests; wait, or set HF_TOKEN: more requests are free to \
                 those who log in"
                    .to_owned()
            }
            (408 | 500..=599, _) => {
                "the hub has trouble; try again later, or use --offline with a filled cache"
                    .to_owned()
            }
            _ => "check HF_ENDPOINT".to_owned(),
        };
        (hint, is_passing(self.status))
    }

    /// The same for a host that keeps the content of files. Its addresses are signed for a while: a
    /// new one may be accepted.
    fn advice_of_storage(&self) -> (String, bool) {
        let passing = is_passing(self.status) || self.status == StatusCode::FORBIDDEN;
        (allow(&host(&self.url)), passing)
    }

    /// What the hub says in words: the header, else the body's `error`.
    fn message(&self) -> Option<String> {
        let in_body = || {
            let body: serde_json::Value = serde_json::from_str(&self.body).ok()?;
            Some(body.get("error")?.as_str()?.to_owned())
        };
        let message = self.header("x-error-message").map(str::to_owned);
        let message = message.or_else(in_body)?;
        let message: String = message.trim().chars().take(300).collect();
        Some(message).filter(|message| !message.is_empty())
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn is_page(&self) -> bool {
        self.header(header::CONTENT_TYPE.as_str())
            .is_some_and(|kind| kind.to_lowercase().contains("html"))
    }

    /// How long to wait: until a used-up `RateLimit` is reset, else `Retry-After`. The Python
    /// client waits one second more than the former says, as both count whole seconds.
    fn wait(&self) -> Option<Duration> {
        let limit = (self.status == StatusCode::TOO_MANY_REQUESTS)
            .then(|| self.header("ratelimit").and_then(reset_of_used_up))
            .flatten();
        let seconds = limit.map(|seconds| seconds.saturating_add(1)).or_else(|| {
            self.header(header::RETRY_AFTER.as_str())?
                .trim()
                .parse()
                .ok()
        })?;
        Some(Duration::from_secs(seconds))
    }
}

/// Whether the same request may succeed later.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500..=599)
}

/// Seconds until the last of the used-up limits is reset, in a header such as
/// `"api";r=10;t=55, "resolvers";r=0;t=7` (draft-ietf-httpapi-ratelimit-headers).
fn reset_of_used_up(header: &str) -> Option<u64> {
    let of_limit = |limit: &str| {
        let value = |key: &str| -> Option<u64> {
            let parameter = |part: &str| Some(part.trim().strip_prefix(key)?.trim().to_owned());
            let value = limit.split(';').skip(1).find_map(parameter)?;
            value.strip_prefix('=')?.trim().parse().ok()
        };
        value("t").filter(|_| value("r") == Some(0))
    };
    header.split(',').filter_map(of_limit).max()
}

/// 401 means many things: the hub answers so for what is private and for what does not exist, lest
/// it show which.
fn unauthorised(question: Question, code: Option<&str>, message: &str) -> String {
    let id = id(question.repository);
    match question.token {
        Some(token) if is_of_token(message) || code.is_none() => format!(
            "the token from {} is wrong or has expired: make one at {}settings/tokens and set \
             HF_TOKEN, or take it away: what is public needs none",
            token.origin(),
            address(question.endpoint)
        ),
        Some(token) => format!(
            "check the spelling of {id}; if it is private, the token from {} may not read it",
            token.origin()
        ),
        None => format!(
            "check the spelling of {id}: the hub answers so for what does not exist, too; a \
             private repository needs HF_TOKEN"
        ),
    }
}

/// Whether the hub complains of the token and not of the repository.
fn is_of_token(message: &str) -> bool {
    let message = message.to_lowercase();
    ["credential", "token", "expired", "password"]
        .iter()
        .any(|word| message.contains(word))
}

fn conditions(question: Question) -> String {
    let page = page(question);
    match question.token {
        Some(token) => format!(
            "its authors let in whom they know: open {page}, accept the conditions with the \
             account of the token from {} (its right to read gated repositories included), and \
             wait for the answer if there is to be one",
            token.origin()
        ),
        None => format!(
            "its authors let in whom they know: open {page}, accept the conditions, and set \
             HF_TOKEN to a token of that account"
        ),
    }
}

fn id(repository: &Repository) -> String {
    format!("{}/{}", repository.owner, repository.name)
}

/// The repository's page.
fn page(question: Question) -> String {
    let folder = question.repository.kind.url_folder();
    format!(
        "{}{folder}{}",
        address(question.endpoint),
        id(question.repository)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples are those of the Python client's `parse_ratelimit_headers` and of the draft.
    #[test]
    fn the_used_up_limit_says_how_long_to_wait() {
        for (header, seconds) in [
            (r#""api";r=0;t=55"#, Some(55)),
            (r#""resolvers";r=0;t=7"#, Some(7)),
            (r#""api"; r = 0 ; t = 55"#, Some(55)),
            (r#""api";r=12;t=55"#, None),
            (r#""api";r=10;t=55, "resolvers";r=0;t=7"#, Some(7)),
            (r#""api";t=3;r=0, "resolvers";r=0;t=7"#, Some(7)),
            (r#""api";r=0"#, None),
            ("", None),
        ] {
            assert_eq!(reset_of_used_up(header), seconds, "{header}");
        }
    }
}
