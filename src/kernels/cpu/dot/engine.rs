//! Which of a processor's products of short numbers are used.

use crate::kernels::cpu::dot::{Line, Sums, Unit};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Tiles of 16 rows by 64 bytes (Intel, from Sapphire Rapids on).
    Amx,
    /// AVX512-VNNI for integers, AVX512-BF16 for bf16.
    Avx512,
    /// AVX-VNNI, for integers.
    Avx,
    /// What every processor has; correct, and for bf16 not fast.
    Portable,
}

impl Engine {
    /// Rows that go together.
    pub fn rows(self) -> usize {
        match self {
            Self::Amx => 32,
            // 12 rows by two registers of outputs: 24 of AVX-512's 32 registers hold sums.
            _ => 12,
        }
    }

    pub fn for_int8() -> Self {
        Self::all_for_int8()
            .into_iter()
            .next()
            .unwrap_or(Self::Portable)
    }

    pub fn for_bf16() -> Self {
        Self::all_for_bf16()
            .into_iter()
            .next()
            .unwrap_or(Self::Portable)
    }
}

#[cfg(target_arch = "x86_64")]
mod dispatch {
    use super::{Engine, Line, Sums, Unit};
    #[cfg(target_os = "linux")]
    use crate::kernels::cpu::dot::tiles;
    use crate::kernels::cpu::dot::x86;

    impl Engine {
        /// Those that this processor has, the fastest first.
        pub fn all_for_int8() -> Vec<Self> {
            let avx512 =
                is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512f");
            let avx = is_x86_feature_detected!("avxvnni") && is_x86_feature_detected!("avx2");
            [
                (has_tiles(), Self::Amx),
                (avx512, Self::Avx512),
                (avx, Self::Avx),
            ]
            .into_iter()
            .filter(|(has, _)| *has)
            .map(|(_, engine)| engine)
            .collect()
        }

        /// Those that this processor has, the fastest first.
        pub fn all_for_bf16() -> Vec<Self> {
            let avx512 =
                is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512f");
            [(has_tiles(), Self::Amx), (avx512, Self::Avx512)]
                .into_iter()
                .filter(|(has, _)| *has)
                .map(|(_, engine)| engine)
                .collect()
        }

        /// What must be kept while AMX's products are made on this thread.
        #[cfg(target_os = "linux")]
        pub fn start(self) -> Option<tiles::Configured> {
            // SAFETY: there is this engine only where `tiles::available` said so.
            (self == Self::Amx).then(|| unsafe { tiles::Configured::new() })
        }

        #[cfg(not(target_os = "linux"))]
        pub fn start(self) {}
    }

    fn has_tiles() -> bool {
        #[cfg(target_os = "linux")]
        return tiles::available();
        #[cfg(not(target_os = "linux"))]
        false
    }

    /// # Safety
    /// As [`super::super::Kind::dot`].
    pub unsafe fn dot_int8(engine: Engine, left: &[Unit], lines: &[Line], sums: &mut Sums<i32>) {
        // SAFETY: the caller's word.
        unsafe {
            match engine {
                #[cfg(target_os = "linux")]
                Engine::Amx => tiles::dot_int8(left, lines, sums),
                Engine::Avx512 => x86::dot_int8_avx512(left, lines, sums),
                _ => x86::dot_int8_avx(left, lines, sums),
            }
        }
    }

    /// # Safety
    /// As [`super::super::Kind::dot`].
    pub unsafe fn dot_bf16(engine: Engine, left: &[Unit], lines: &[Line], sums: &mut Sums<f32>) {
        // SAFETY: the caller's word.
        unsafe {
            match engine {
                #[cfg(target_os = "linux")]
                Engine::Amx => tiles::dot_bf16(left, lines, sums),
                _ => x86::dot_bf16_avx512(left, lines, sums),
            }
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod dispatch {
    use super::{Engine, Line, Sums, Unit};

    impl Engine {
        pub fn all_for_int8() -> Vec<Self> {
            Vec::new()
        }

        pub fn all_for_bf16() -> Vec<Self> {
            Vec::new()
        }

        pub fn start(self) {}
    }

    /// # Safety
    /// Never called: no engine but the portable one is found.
    pub unsafe fn dot_int8(_: Engine, _: &[Unit], _: &[Line], _: &mut Sums<i32>) {}

    /// # Safety
    /// Never called: no engine but the portable one is found.
    pub unsafe fn dot_bf16(_: Engine, _: &[Unit], _: &[Line], _: &mut Sums<f32>) {}
}

pub use dispatch::{dot_bf16, dot_int8};
