//! Intel's Advanced Matrix Extensions. Rust has no intrinsics for them on its stable channel, hence
//! assembly.
//!
//! Eight tile registers hold 16 rows of 64 bytes each: four of them the sums, two the left factor
//! and two the right one. Intel's Optimization Reference Manual (chapter 20) explains this blocking
//! and the layouts.

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;
use std::sync::OnceLock;

use crate::kernels::cpu::dot::layout::{GroupSums, Lane, PanelLanes, TILE_DEPTH};

/// Code of `arch_prctl` that asks the kernel to save a component of the processor's state
/// (asm/prctl.h).
const ARCH_REQ_XCOMP_PERM: libc::c_int = 0x1023;
/// The number of the tiles' data among those components.
const XFEATURE_XTILEDATA: libc::c_int = 18;

/// Whether the processor has tiles of 8-bit integers and bf16, and the kernel lets this process use
/// them.
pub(super) fn available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        // Every processor with AVX-512 has leaf 7.
        if !is_x86_feature_detected!("avx512f") {
            return false;
        }
        let features = __cpuid_count(7, 0).edx;
        let has = |bit: u32| features & (1 << bit) != 0;
        let [bf16, tile, int8] = [22, 24, 25].map(has);
        // SAFETY: a system call that takes two integers and changes nothing but this process's
        // permission.
        bf16 && tile
            && int8
            && unsafe {
                libc::syscall(
                    libc::SYS_arch_prctl,
                    ARCH_REQ_XCOMP_PERM,
                    XFEATURE_XTILEDATA,
                )
            } == 0
    })
}

/// Palette 1: all tiles 16 rows by 64 bytes.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    rows: [u8; 16],
}

static WHOLE_TILES: Configuration = Configuration {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// This thread's tiles are configured until this is dropped. It must not go to another thread,
/// hence the raw pointer.
#[must_use]
pub(super) struct Configured(std::marker::PhantomData<*const ()>);

impl Configured {
    /// # Safety
    /// [`available`] returned true.
    pub(super) unsafe fn new() -> Self {
        // SAFETY: a valid configuration; nothing else in this program uses tiles.
        unsafe {
            asm!(
                "ldtilecfg [{}]",
                in(reg) &raw const WHOLE_TILES,
                options(nostack, readonly, preserves_flags),
            );
        };
        Self(std::marker::PhantomData)
    }
}

impl Drop for Configured {
    fn drop(&mut self) {
        // SAFETY: the tiles' content is no longer needed; from here on the kernel need not save it.
        unsafe { asm!("tilerelease", options(nostack, nomem, preserves_flags)) };
    }
}

/// 32 rows by 32 outputs.
macro_rules! dot {
    ($name:ident, $sum:ty, $instruction:literal) => {
        /// # Safety
        /// The tiles are configured; `group` has 32 rows as deep as `panel`, whose depth is a
        /// multiple of [`TILE_DEPTH`] and not 0.
        pub(super) unsafe fn $name(
            group: &[Lane],
            panel: &[PanelLanes],
            sums: &mut GroupSums<$sum>,
        ) {
            debug_assert!(group.len() == 32 * panel.len());
            debug_assert!(panel.len().is_multiple_of(TILE_DEPTH) && !panel.is_empty());
            // SAFETY: each step reads a tile of the upper and one of the lower 16 rows, 1,024 bytes
            // each, and 16 rows of the panel, 128 bytes each; at the end all 32 rows of 128 bytes
            // of the sums are written.
            unsafe {
                asm!(
                    "tilezero tmm0",
                    "tilezero tmm1",
                    "tilezero tmm2",
                    "tilezero tmm3",
                    "2:",
                    "tileloadd tmm4, [{upper} + {tile_row}*1]",
                    "tileloadd tmm6, [{panel} + {panel_row}*1]",
                    "tileloadd tmm7, [{panel} + {panel_row}*1 + 64]",
                    concat!($instruction, " tmm0, tmm4, tmm6"),
                    "tileloadd tmm5, [{lower} + {tile_row}*1]",
                    concat!($instruction, " tmm1, tmm4, tmm7"),
                    concat!($instruction, " tmm2, tmm5, tmm6"),
                    concat!($instruction, " tmm3, tmm5, tmm7"),
                    "add {upper}, 1024",
                    "add {lower}, 1024",
                    "add {panel}, 2048",
                    "dec {steps}",
                    "jnz 2b",
                    "tilestored [{sums} + {panel_row}*1], tmm0",
                    "tilestored [{sums} + {panel_row}*1 + 64], tmm1",
                    "tilestored [{sums} + {panel_row}*1 + 2048], tmm2",
                    "tilestored [{sums} + {panel_row}*1 + 2112], tmm3",
                    upper = inout(reg) group.as_ptr() => _,
                    lower = inout(reg) group.as_ptr().add(group.len() / 2) => _,
                    panel = inout(reg) panel.as_ptr() => _,
                    steps = inout(reg) panel.len() / TILE_DEPTH => _,
                    tile_row = in(reg) 64usize,
                    panel_row = in(reg) 128usize,
                    sums = in(reg) sums.0.as_mut_ptr(),
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                    options(nostack),
                );
            }
        }
    };
}

dot!(dot_int8, i32, "tdpbsud");
dot!(dot_bf16, f32, "tdpbf16ps");
