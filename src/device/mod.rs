//! What computes: a request → devices, precision and limits that were checked, and models on them.

mod api;
pub mod backend;
mod batches;
mod choice;
mod cores;
mod cpu;
mod devices;
mod gpu;
#[cfg(feature = "_gpu")]
mod gpu_driver;
#[cfg(not(feature = "_gpu"))]
mod no_gpu;
#[cfg(feature = "_gpu")]
mod probe;
#[cfg(feature = "_gpu")]
mod self_test;

pub use api::Api;
pub use backend::{Backend, BackendRequest, DtypeChoice};
pub use batches::Limits;
pub use choice::Choice;
pub(crate) use cores::physical_cores;
#[cfg(all(test, feature = "_gpu"))]
pub(crate) use devices::devices_for_tests;
pub use devices::{Devices, list};
