//! The interfaces to GPUs.

use crate::support::error::Error;

/// An interface to GPUs; `auto` tries them in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    Cuda,
    Rocm,
    Metal,
    Vulkan,
    /// The graphics interface that the system has, through shaders in WGSL.
    WebGpu,
}

impl Api {
    pub const ALL: [Self; 5] = [
        Self::Cuda,
        Self::Rocm,
        Self::Metal,
        Self::Vulkan,
        Self::WebGpu,
    ];

    /// The word for it in `--device`, and the cargo feature.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cuda => "cuda",
            Self::Rocm => "rocm",
            Self::Metal => "metal",
            Self::Vulkan => "vulkan",
            Self::WebGpu => "webgpu",
        }
    }

    /// Whether it is part of this build.
    pub fn is_built(self) -> bool {
        match self {
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Rocm => cfg!(feature = "rocm"),
            Self::Metal => cfg!(feature = "metal"),
            Self::Vulkan => cfg!(feature = "vulkan"),
            Self::WebGpu => cfg!(feature = "webgpu"),
        }
    }
}

/// The error for an interface that is not part of this build.
pub(super) fn not_built(api: Api) -> Error {
    let name = api.name();
    Error::unavailable(format!(
        "failed to open device {name}: this build has no {name}"
    ))
    .hint(format!(
        "build it with `cargo build --release --features {name}` \
         (docs/gpu.md says what that needs), or take --device cpu"
    ))
}
