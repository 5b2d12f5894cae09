//! The functions of `probe` for a build without GPUs.

use burn::tensor::DType;

use crate::device::api::{Api, not_built};
use crate::device::gpu::Gpu;
use crate::model::Architecture;
use crate::support::error::Result;

pub(super) fn open(api: Api, _number: usize) -> Result<Gpu> {
    Err(not_built(api))
}

pub(super) fn first(_api: Api) -> std::result::Result<Gpu, String> {
    Err("not built in".to_owned())
}

pub(super) fn works(_gpu: &Gpu, _dtype: DType) -> std::result::Result<(), String> {
    Err("not built in".to_owned())
}

pub(super) fn works_for(
    _gpu: &Gpu,
    _architecture: &dyn Architecture,
    _dtype: DType,
) -> std::result::Result<(), String> {
    Err("not built in".to_owned())
}

pub(super) fn fits(_gpu: &Gpu, _architecture: &dyn Architecture, _dtype: DType) -> bool {
    false
}

pub(super) fn describe(api: Api) -> Vec<(String, String)> {
    vec![(
        api.name().to_owned(),
        format!(
            "not in this build: cargo build --release --features {}",
            api.name()
        ),
    )]
}
