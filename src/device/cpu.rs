//! The CPU as a device.

#[cfg(target_arch = "x86_64")]
use crate::kernels::cpu::dot::Engine;

/// The CPU's name with the instructions that kernels look for: with 8-bit weights, processors round
/// the attention differently.
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
