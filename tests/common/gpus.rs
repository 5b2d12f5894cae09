//! The GPUs of this build and machine.

use pairbench::device::{Api, Choice, Devices};

use super::skipped::skipped;

/// The first device of each kind, software devices included. A kind named by
/// `PAIRBENCH_TEST_DEVICE` must have one; that others have none is said.
pub fn there(test: &str) -> Vec<(Api, Devices)> {
    let mut found = Vec::new();
    for api in Api::ALL.into_iter().filter(|api| api.is_built()) {
        match Devices::open(&Choice::Gpus(api, vec![0])) {
            Ok(devices) => found.push((api, devices)),
            Err(error)
                if std::env::var("PAIRBENCH_TEST_DEVICE").is_ok_and(|name| name == api.name()) =>
            {
                panic!("{}", error.render())
            }
            Err(error) => skipped(&format!("{test}, {}", api.name()), &error.render()),
        }
    }
    found
}
