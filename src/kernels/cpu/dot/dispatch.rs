//! The dot products of the engine at hand.

pub(super) use of_processor::{configure, dot_bf16, dot_int8};

#[cfg(target_arch = "x86_64")]
mod of_processor {
    #[cfg(target_os = "linux")]
    use crate::kernels::cpu::dot::amx;
    use crate::kernels::cpu::dot::avx;
    use crate::kernels::cpu::dot::engine::Engine;
    use crate::kernels::cpu::dot::layout::{GroupSums, Lane, PanelLanes};

    /// What must be kept alive while AMX's products are computed on this thread.
    #[cfg(target_os = "linux")]
    pub(in super::super) fn configure(engine: Engine) -> Option<amx::Configured> {
        // SAFETY: this engine exists only where `amx::available` said so.
        (engine == Engine::Amx).then(|| unsafe { amx::Configured::new() })
    }

    #[cfg(not(target_os = "linux"))]
    pub(in super::super) fn configure(_: Engine) {}

    /// # Safety
    /// As `DotType::dot`.
    pub(in super::super) unsafe fn dot_int8(
        engine: Engine,
        group: &[Lane],
        panel: &[PanelLanes],
        sums: &mut GroupSums<i32>,
    ) {
        // SAFETY: as the caller promises.
        unsafe {
            match engine {
                #[cfg(target_os = "linux")]
                Engine::Amx => amx::dot_int8(group, panel, sums),
                Engine::Avx512 => avx::dot_int8_avx512(group, panel, sums),
                _ => avx::dot_int8_avx(group, panel, sums),
            }
        }
    }

    /// # Safety
    /// As `DotType::dot`.
    pub(in super::super) unsafe fn dot_bf16(
        engine: Engine,
        group: &[Lane],
        panel: &[PanelLanes],
        sums: &mut GroupSums<f32>,
    ) {
        // SAFETY: as the caller promises.
        unsafe {
            match engine {
                #[cfg(target_os = "linux")]
                Engine::Amx => amx::dot_bf16(group, panel, sums),
                _ => avx::dot_bf16_avx512(group, panel, sums),
            }
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod of_processor {
    use crate::kernels::cpu::dot::engine::Engine;
    use crate::kernels::cpu::dot::layout::{GroupSums, Lane, PanelLanes};

    pub(in super::super) fn configure(_: Engine) {}

    /// # Safety
    /// Never called: no engine but the portable one is found.
    pub(in super::super) unsafe fn dot_int8(
        _: Engine,
        _: &[Lane],
        _: &[PanelLanes],
        _: &mut GroupSums<i32>,
    ) {
    }

    /// # Safety
    /// Never called: no engine but the portable one is found.
    pub(in super::super) unsafe fn dot_bf16(
        _: Engine,
        _: &[Lane],
        _: &[PanelLanes],
        _: &mut GroupSums<f32>,
    ) {
    }
}
