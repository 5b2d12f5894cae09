//! The user's token: where it is found, and which requests may carry it.

use std::fmt;

use crate::support::hub::environment;

/// A token, and where it was found. It has no `Debug` and no `Display`: it is shown nowhere.
pub(crate) struct Token {
    secret: String,
    origin: String,
}

/// Which token there is.
pub(crate) enum TokenChoice {
    Found(Token),
    /// `HF_HUB_DISABLE_IMPLICIT_TOKEN` says that none is to be sent.
    Disabled,
    /// No variable is set, and there is no file of this name.
    None(String),
}

impl TokenChoice {
    /// `HF_TOKEN`, else its old name `HUGGING_FACE_HUB_TOKEN`, else the file of `HF_TOKEN_PATH`,
    /// else the one that `hf auth login` writes: the order of the Python client (`_auth.py`).
    pub(crate) fn from_environment() -> Self {
        if environment::is_true("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            return Self::Disabled;
        }
        let variables = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"];
        let file = environment::token_file();
        let shown = file.display().to_string();
        let in_variables = variables
            .into_iter()
            .find_map(|key| Some((environment::text(key)?, key.to_owned())));
        let found = in_variables.or_else(|| {
            let text = std::fs::read_to_string(&file).ok()?;
            Some((text, shown.clone())).filter(|(text, _)| !text.trim().is_empty())
        });
        match found {
            Some((text, origin)) => Self::Found(Token {
                // A file ends in a line break; a variable may have been cut from one.
                secret: text.trim().replace(['\r', '\n'], ""),
                origin,
            }),
            None => Self::None(shown),
        }
    }

    #[cfg(feature = "hub")]
    pub(super) fn token(self) -> Option<Token> {
        match self {
            Self::Found(token) => Some(token),
            Self::Disabled | Self::None(_) => None,
        }
    }
}

/// Where it comes from, never what it is.
impl fmt::Display for TokenChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(token) => write!(f, "from {}", token.origin),
            Self::Disabled => write!(f, "none is sent: HF_HUB_DISABLE_IMPLICIT_TOKEN"),
            Self::None(file) => write!(f, "none: HF_TOKEN is not set, and no file {file}"),
        }
    }
}

#[cfg(feature = "hub")]
impl Token {
    /// A variable or a file.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether a header can carry it.
    pub(super) fn is_sendable(&self) -> bool {
        self.secret.chars().all(|c| c.is_ascii_graphic())
    }

    /// For the header `Authorization`.
    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    /// `text` without it, should a server repeat it.
    pub(super) fn hidden_in(&self, text: &str) -> String {
        text.replace(&self.secret, "***")
    }
}
