//! Dot products by AVX-512 and AVX, of groups of twelve rows.

use std::arch::x86_64::{
    __m512, __m512bh, __m512i, _mm256_dpbusd_avx_epi32, _mm256_load_si256, _mm256_set1_epi32,
    _mm256_setzero_si256, _mm256_store_si256, _mm512_dpbf16_ps, _mm512_dpbusd_epi32,
    _mm512_load_si512, _mm512_set1_epi32, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_store_ps,
    _mm512_store_si512,
};

use crate::kernels::cpu::dot::layout::{GROUP, GroupSums, Lane, PanelLanes};

/// `group`: `[depth, 12]`; 24 of 32 registers hold sums.
///
/// # Safety
/// The processor has AVX512-VNNI.
#[target_feature(enable = "avx512f,avx512vnni")]
pub(super) unsafe fn dot_int8_avx512(
    group: &[Lane],
    panel: &[PanelLanes],
    sums: &mut GroupSums<i32>,
) {
    let mut registers = [[_mm512_setzero_si512(); 2]; GROUP];
    for (column, lanes) in group.as_chunks::<GROUP>().0.iter().zip(panel) {
        let weights = load(lanes);
        for (sums, x) in registers.iter_mut().zip(column) {
            let x = _mm512_set1_epi32(i32::from_ne_bytes(*x));
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = _mm512_dpbusd_epi32(*sum, weights, x);
            }
        }
    }
    for (row, registers) in sums.0.iter_mut().zip(registers) {
        for (part, register) in row.as_chunks_mut::<16>().0.iter_mut().zip(registers) {
            // SAFETY: 16 integers, aligned to 64 as all rows of `GroupSums` are.
            unsafe { _mm512_store_si512(part.as_mut_ptr().cast(), register) };
        }
    }
}

/// `group`: `[depth, 12]`; 24 of 32 registers hold sums.
///
/// # Safety
/// The processor has AVX512-BF16.
#[target_feature(enable = "avx512f,avx512bf16")]
pub(super) unsafe fn dot_bf16_avx512(
    group: &[Lane],
    panel: &[PanelLanes],
    sums: &mut GroupSums<f32>,
) {
    // SAFETY: both are 64 bytes of which every pattern is valid.
    let bf16 = |bits: __m512i| unsafe { std::mem::transmute::<__m512i, __m512bh>(bits) };
    let mut registers: [[__m512; 2]; GROUP] = [[_mm512_setzero_ps(); 2]; GROUP];
    for (column, lanes) in group.as_chunks::<GROUP>().0.iter().zip(panel) {
        let weights = load(lanes).map(bf16);
        for (sums, x) in registers.iter_mut().zip(column) {
            let x = bf16(_mm512_set1_epi32(i32::from_ne_bytes(*x)));
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = _mm512_dpbf16_ps(*sum, x, weights);
            }
        }
    }
    for (row, registers) in sums.0.iter_mut().zip(registers) {
        for (part, register) in row.as_chunks_mut::<16>().0.iter_mut().zip(registers) {
            // SAFETY: 16 numbers, aligned to 64 as all rows of `GroupSums` are.
            unsafe { _mm512_store_ps(part.as_mut_ptr(), register) };
        }
    }
}

/// The two registers of one depth of a panel.
#[target_feature(enable = "avx512f")]
#[inline]
fn load(lanes: &PanelLanes) -> [__m512i; 2] {
    let from = lanes.0.as_ptr();
    // SAFETY: they are 128 bytes, aligned to 64.
    unsafe {
        [
            _mm512_load_si512(from.cast()),
            _mm512_load_si512(from.add(16).cast()),
        ]
    }
}

/// `group`: `[depth, 12]`; 6 rows by two registers of 8 outputs at a time: 12 of 16 registers hold
/// sums.
///
/// # Safety
/// The processor has AVX-VNNI.
#[target_feature(enable = "avx2,avxvnni")]
pub(super) unsafe fn dot_int8_avx(group: &[Lane], panel: &[PanelLanes], sums: &mut GroupSums<i32>) {
    for first in [0, 6] {
        for from in [0, 16] {
            let mut registers = [[_mm256_setzero_si256(); 2]; 6];
            for (column, lanes) in group.as_chunks::<GROUP>().0.iter().zip(panel) {
                let at = lanes.0[from..from + 16].as_ptr();
                // SAFETY: 64 of its 128 bytes, aligned to 32.
                let weights = unsafe {
                    [
                        _mm256_load_si256(at.cast()),
                        _mm256_load_si256(at.add(8).cast()),
                    ]
                };
                for (sums, x) in registers.iter_mut().zip(&column[first..first + 6]) {
                    let x = _mm256_set1_epi32(i32::from_ne_bytes(*x));
                    for (sum, weights) in sums.iter_mut().zip(weights) {
                        *sum = _mm256_dpbusd_avx_epi32(*sum, weights, x);
                    }
                }
            }
            for (row, registers) in sums.0[first..first + 6].iter_mut().zip(registers) {
                for (part, register) in row[from..from + 16]
                    .as_chunks_mut::<8>()
                    .0
                    .iter_mut()
                    .zip(registers)
                {
                    // SAFETY: 8 integers, aligned to 32 as all rows of `GroupSums` are.
                    unsafe { _mm256_store_si256(part.as_mut_ptr().cast(), register) };
                }
            }
        }
    }
}
