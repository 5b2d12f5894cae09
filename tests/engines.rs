//! Which of the CPU's engines the other tests have run, and which this processor lacks: the latter
//! are listed with everything else that was skipped.
#![cfg(target_arch = "x86_64")]

#[path = "common/skipped.rs"]
mod skipped;

use pairbench::kernels::cpu::dot::Engine;
use skipped::skipped;

#[test]
fn engines_that_this_processor_lacks_are_listed() {
    let int8 = [Engine::Amx, Engine::Avx512, Engine::Avx];
    let bf16 = [Engine::Amx, Engine::Avx512];
    list("int8", &int8, &Engine::all_for_int8());
    list("bf16", &bf16, &Engine::all_for_bf16());
    for (engine, has) in [
        ("AVX-512", is_x86_feature_detected!("avx512f")),
        ("AVX2", is_x86_feature_detected!("avx2")),
    ] {
        if !has {
            lacks("f32", engine);
        }
    }
}

fn list(kind: &str, known: &[Engine], here: &[Engine]) {
    assert!(here.iter().all(|engine| known.contains(engine)), "{here:?}");
    for engine in known.iter().filter(|engine| !here.contains(engine)) {
        lacks(kind, &format!("{engine:?}"));
    }
}

fn lacks(kind: &str, engine: &str) {
    skipped(
        &format!("kernels::cpu, {kind} on {engine}"),
        "this processor lacks it",
    );
}
