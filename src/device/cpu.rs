//! The CPU as a device.

use burn::tensor::DType;

use crate::checkpoint::Precision;
use crate::kernels::cpu::dot::Engine;

/// The kind of arithmetic in a precision: processors of one kind find the same verdicts.
///
/// In f32 all are one kind: vectors of another width sum in another order, which moves the last
/// digits of a logit. With int8 such a digit can move an activation to its neighbour among 255
/// values, and the attention's factors are bf16 where the processor multiplies them. The sums of
/// 8-bit integers themselves are exact, whatever the instructions. In bf16 a digit moves an
/// activation to its neighbour, too, and AMX sums in another order than AVX-512.
pub(super) fn arithmetic(precision: Precision) -> String {
    match precision {
        Precision::Int8(_) | Precision::Int8Affine => {
            format!("{}, {}", vectors(), attention_of_int8())
        }
        Precision::Bf16Factors => format!("{}, bf16 by {:?}", vectors(), Engine::for_bf16()),
        Precision::F32 | Precision::F16Storage | Precision::Half(_) => "cpu".to_owned(),
    }
}

/// Whether products of a type of two bytes have instructions here; else why not.
pub(super) fn works_in(dtype: DType) -> Result<(), String> {
    match (dtype, Engine::for_bf16()) {
        (DType::BF16, Engine::Portable) => {
            Err("this processor has neither AVX512-BF16 nor AMX".to_owned())
        }
        (DType::BF16, _) => Ok(()),
        _ => Err("no processor multiplies it".to_owned()),
    }
}

/// Those that `pulp` chooses between.
#[cfg(target_arch = "x86_64")]
fn vectors() -> &'static str {
    if pulp::x86::V4::try_new().is_some() {
        "cpu with AVX-512"
    } else if pulp::x86::V3::try_new().is_some() {
        "cpu with AVX2"
    } else {
        "cpu without AVX2"
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn vectors() -> &'static str {
    std::env::consts::ARCH
}

fn attention_of_int8() -> &'static str {
    match Engine::for_bf16() {
        Engine::Amx => "attention in bf16 by AMX",
        Engine::Avx512 => "attention in bf16 by AVX-512",
        Engine::Avx | Engine::Portable => "attention in f32",
    }
}

/// The CPU's name with the instructions that kernels look for.
pub(super) fn cpu_name() -> String {
    #[cfg(target_arch = "x86_64")]
    let found = [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avxvnni", is_x86_feature_detected!("avxvnni")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512vnni", is_x86_feature_detected!("avx512vnni")),
        ("avx512bf16", is_x86_feature_detected!("avx512bf16")),
        ("amx", Engine::all_for_bf16().contains(&Engine::Amx)),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let found: [(&str, bool); 0] = [];
    let names: Vec<&str> = found
        .into_iter()
        .filter_map(|(name, has)| has.then_some(name))
        .collect();
    format!(
        "cpu ({})",
        [&[std::env::consts::ARCH], names.as_slice()]
            .concat()
            .join(" ")
    )
}
