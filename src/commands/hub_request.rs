//! Where repositories come from.

use crate::support::hub::Hub;

/// Token, cache and endpoint follow the environment.
#[derive(Debug, Clone, Default)]
pub struct HubRequest {
    /// No network at all.
    pub(crate) offline: bool,
    /// Of models that name none.
    pub(crate) revision: Option<String>,
}

impl HubRequest {
    pub(crate) fn open(&self) -> Hub {
        Hub::new(self.offline)
    }
}
