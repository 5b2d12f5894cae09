//! In which types a model's weights are stored in memory and its products are computed.

use std::collections::BTreeSet;

use burn::tensor::DType;
use safetensors::Dtype;
use serde::{Deserialize, Serialize};

use crate::kernels::cpu::int8::Outliers;
use crate::kernels::cpu::packed_weights::Storage;

/// A combination of storage precision (the type of the weights in memory) and arithmetic precision
/// (the type of the factors of products).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// f32 arithmetic. Storage: f32; on a CPU half-precision weights stay in their two bytes and
    /// are widened exactly as they are read.
    F32,
    /// On a CPU: f32 arithmetic, storage f16.
    F16Storage,
    /// On a CPU: storage in bf16 and factors rounded to bf16 in all linear layers but the last and
    /// in the attention; sums, and everything between two products, in f32.
    Bf16Factors,
    /// On a CPU: LLM.int8() storage and arithmetic in all linear layers but the last.
    Int8(Outliers),
    /// On a CPU: 8 bits with a zero point for each token row in all linear layers but the head's
    /// and, in the last layer, those of the few tokens that the head reads, which are in f32.
    Int8Affine,
    /// On a GPU: half precision for storage, arithmetic and everything between two layers; sums are
    /// f32, in a decoder also what is added up from layer to layer.
    Half(HalfType),
}

/// A type of two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HalfType {
    F16,
    Bf16,
}

/// The word for a precision, in `--dtype`, in reports and in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrecisionName {
    F32,
    F16,
    Bf16,
    Int8,
    #[serde(rename = "int8-affine")]
    Int8Affine,
}

impl PrecisionName {
    pub(crate) const ALL: [Self; 5] = [
        Self::F32,
        Self::F16,
        Self::Bf16,
        Self::Int8,
        Self::Int8Affine,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
            Self::Int8Affine => "int8-affine",
        }
    }
}

impl Precision {
    pub fn name(self) -> PrecisionName {
        match self {
            Self::F32 => PrecisionName::F32,
            Self::F16Storage | Self::Half(HalfType::F16) => PrecisionName::F16,
            Self::Half(HalfType::Bf16) | Self::Bf16Factors => PrecisionName::Bf16,
            Self::Int8(_) => PrecisionName::Int8,
            Self::Int8Affine => PrecisionName::Int8Affine,
        }
    }

    /// The arithmetic precision alone.
    pub fn arithmetic(self) -> &'static str {
        match self {
            Self::F32 | Self::F16Storage => "f32",
            Self::Int8(_) => "int8",
            Self::Int8Affine => "int8-affine",
            Self::Half(HalfType::F16) => "f16",
            Self::Half(HalfType::Bf16) | Self::Bf16Factors => "bf16",
        }
    }

    /// The storage precision alone, of weights that have these types in the files.
    pub(crate) fn storage_name(self, in_files: &[String], is_gpu: bool) -> String {
        match self {
            Self::F32 if is_gpu => "f32".to_owned(),
            // Half precision stays as it is, all else is widened or rounded to f32.
            Self::F32 => {
                let name = |dtype: &String| match dtype.as_str() {
                    "f16" | "bf16" => dtype.clone(),
                    _ => "f32".to_owned(),
                };
                let names: BTreeSet<String> = in_files.iter().map(name).collect();
                names.into_iter().collect::<Vec<_>>().join(" and ")
            }
            other => other.name().as_str().to_owned(),
        }
    }

    /// The type of tensors that are not packed.
    pub(crate) fn tensor_dtype(self) -> DType {
        match self {
            Self::Half(HalfType::F16) => DType::F16,
            Self::Half(HalfType::Bf16) => DType::BF16,
            Self::F32 | Self::F16Storage | Self::Bf16Factors | Self::Int8(_) | Self::Int8Affine => {
                DType::F32
            }
        }
    }

    /// The storage of float weights on a CPU that have this type in the file.
    pub(super) fn storage(self, in_file: Dtype) -> Storage {
        match (in_file, self) {
            (Dtype::F16, _) => Storage::F16,
            (Dtype::BF16, Self::F32 | Self::Bf16Factors) => Storage::Bf16,
            (_, Self::F32) => Storage::F32,
            _ => Storage::F16,
        }
    }
}
