//! The instructions for dot products of short numbers that a processor has.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use crate::kernels::cpu::dot::amx;
use crate::kernels::cpu::dot::layout::{GROUP, MAX_ROWS};

/// A set of instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Tiles of 16 rows by 64 bytes (Intel, from Sapphire Rapids on).
    Amx,
    /// AVX512-VNNI for integers, AVX512-BF16 for bf16.
    Avx512,
    /// AVX-VNNI, for integers.
    Avx,
    /// Instructions that every processor has; correct, and for bf16 not fast.
    Portable,
}

impl Engine {
    /// Rows of a group.
    pub(crate) fn rows(self) -> usize {
        match self {
            Self::Amx => MAX_ROWS,
            _ => GROUP,
        }
    }

    /// The fastest for 8-bit integers.
    pub(crate) fn for_int8() -> Self {
        let first = Self::all_for_int8().into_iter().next();
        first.unwrap_or(Self::Portable)
    }

    /// The fastest for bf16.
    pub(crate) fn for_bf16() -> Self {
        let first = Self::all_for_bf16().into_iter().next();
        first.unwrap_or(Self::Portable)
    }
}

#[cfg(target_arch = "x86_64")]
impl Engine {
    /// Those for 8-bit integers that this processor has, besides the portable one; the fastest
    /// first.
    pub fn all_for_int8() -> Vec<Self> {
        let avx512 = is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512f");
        let avx = is_x86_feature_detected!("avxvnni") && is_x86_feature_detected!("avx2");
        [
            (has_amx(), Self::Amx),
            (avx512, Self::Avx512),
            (avx, Self::Avx),
        ]
        .into_iter()
        .filter_map(|(has, engine)| has.then_some(engine))
        .collect()
    }

    /// Those for bf16 that this processor has, besides the portable one; the fastest first.
    pub fn all_for_bf16() -> Vec<Self> {
        let avx512 = is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512f");
        [(has_amx(), Self::Amx), (avx512, Self::Avx512)]
            .into_iter()
            .filter_map(|(has, engine)| has.then_some(engine))
            .collect()
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl Engine {
    pub fn all_for_int8() -> Vec<Self> {
        Vec::new()
    }

    pub fn all_for_bf16() -> Vec<Self> {
        Vec::new()
    }
}

#[cfg(target_arch = "x86_64")]
fn has_amx() -> bool {
    #[cfg(target_os = "linux")]
    return amx::available();
    #[cfg(not(target_os = "linux"))]
    false
}
