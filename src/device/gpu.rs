//! A GPU that was found to work.

use burn::tensor::Device;

use crate::device::api::Api;

/// A GPU that was found to work.
#[derive(Debug, Clone)]
pub struct Gpu {
    pub(super) device: Device,
    pub(super) api: Api,
    /// Among the devices of this interface, from 0.
    pub(super) number: usize,
    /// The name that the driver gives.
    pub(super) model: String,
}
