//! Intel's Advanced Matrix Extensions. Rust has no intrinsics for them on its stable channel, hence
//! assembly.
//!
//! Eight tile registers hold 16 rows of 64 bytes each: here four with sums, two of the left factor
//! and two of the right one. Intel's Optimization Reference Manual (chapter 20) explains this
//! blocking and the layouts.

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;
use std::sync::OnceLock;

use crate::kernels::cpu::dot::{DEEP, Line, Sums, Unit};

/// Of `arch_prctl`: asks the kernel to save a component of the processor's state (asm/prctl.h).
const ARCH_REQ_XCOMP_PERM: libc::c_int = 0x1023;
/// The tiles' data among those components.
const XFEATURE_XTILEDATA: libc::c_int = 18;

/// Whether the processor has tiles of 8-bit integers and bf16, and the kernel lets this process use
/// them.
pub fn available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        // Leaf 7 is there: everything with AVX-512 has it.
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

/// This thread's tiles, configured until it is dropped. Raw pointers do not go to other threads,
/// and neither may this.
#[must_use]
pub struct Configured(std::marker::PhantomData<*const ()>);

impl Configured {
    /// # Safety
    /// [`available`] has said yes.
    pub unsafe fn new() -> Self {
        // SAFETY: a valid configuration; nothing else in this program uses tiles.
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) &raw const WHOLE_TILES, options(nostack, readonly, preserves_flags))
        };
        Self(std::marker::PhantomData)
    }
}

impl Drop for Configured {
    fn drop(&mut self) {
        // SAFETY: the tiles' content is not needed any more; the kernel need not save it from here
        // on.
        unsafe { asm!("tilerelease", options(nostack, nomem, preserves_flags)) };
    }
}

/// 32 rows by 32 outputs.
macro_rules! dot {
    ($name:ident, $sum:ty, $instruction:literal) => {
        /// # Safety
        /// The tiles are configured; `left` has 32 rows as deep as `lines`, a multiple of [`DEEP`]
        /// and not 0.
        pub unsafe fn $name(left: &[Unit], lines: &[Line], sums: &mut Sums<$sum>) {
            debug_assert!(left.len() == 32 * lines.len() && lines.len().is_multiple_of(DEEP) && !lines.is_empty());
            // SAFETY: each step reads a tile of the upper and one of the lower 16 rows, 1,024 bytes
            // each, and 16 lines of 128 bytes; at the end all 32 rows of 128 bytes of the sums are
            // written.
            unsafe {
                asm!(
                    "tilezero tmm0",
                    "tilezero tmm1",
                    "tilezero tmm2",
                    "tilezero tmm3",
                    "2:",
                    "tileloadd tmm4, [{upper} + {tile_row}*1]",
                    "tileloadd tmm6, [{line} + {line_row}*1]",
                    "tileloadd tmm7, [{line} + {line_row}*1 + 64]",
                    concat!($instruction, " tmm0, tmm4, tmm6"),
                    "tileloadd tmm5, [{lower} + {tile_row}*1]",
                    concat!($instruction, " tmm1, tmm4, tmm7"),
                    concat!($instruction, " tmm2, tmm5, tmm6"),
                    concat!($instruction, " tmm3, tmm5, tmm7"),
                    "add {upper}, 1024",
                    "add {lower}, 1024",
                    "add {line}, 2048",
                    "dec {steps}",
                    "jnz 2b",
                    "tilestored [{sums} + {line_row}*1], tmm0",
                    "tilestored [{sums} + {line_row}*1 + 64], tmm1",
                    "tilestored [{sums} + {line_row}*1 + 2048], tmm2",
                    "tilestored [{sums} + {line_row}*1 + 2112], tmm3",
                    upper = inout(reg) left.as_ptr() => _,
                    lower = inout(reg) left.as_ptr().add(left.len() / 2) => _,
                    line = inout(reg) lines.as_ptr() => _,
                    steps = inout(reg) lines.len() / DEEP => _,
                    tile_row = in(reg) 64usize,
                    line_row = in(reg) 128usize,
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
