//! A scalar head, as a configuration describes it.

use crate::model::heads::scalar::last_token::LastTokenConfig;
use crate::model::heads::scalar::pooled::PooledConfig;

/// One of the scalar heads.
#[derive(Debug, Clone, PartialEq)]
pub enum ScalarConfig {
    /// On an encoder: the first token, through a pooler.
    Pooled(PooledConfig),
    /// On a decoder: the last token.
    LastToken(LastTokenConfig),
}

impl ScalarConfig {
    /// The position whose hidden state is read, of a row with these ids.
    pub(in crate::model::heads) fn position(&self, ids: &[u32]) -> usize {
        match self {
            Self::Pooled(_) => PooledConfig::POSITION,
            Self::LastToken(config) => config.position(ids),
        }
    }
}
