#![cfg(feature = "_gpu")]
mod common;
use burn::tensor::*;
use common::*;
#[test]
fn probe() {
    let device = Device::wgpu(DeviceKind::Cpu);
    for name in MODELS {
        let t = std::time::Instant::now();
        let (flex, gpu) = (model(name, &Device::flex()), model(name, &device));
        println!("{name} loaded {:?}", t.elapsed());
        let records: Vec<_> =
            lines(&format!("{name}.jsonl")).into_iter().filter(|r| r["f32"]["delta"].is_number()).collect();
        for record in records {
            let rows = [ids(&record["ids_ab"]), ids(&record["ids_ba"])];
            let (a, b) = (logits(&flex, &rows), logits(&gpu, &rows));
            println!("{name} {} {} {:?} {a:?} {b:?}", record["id"], rows[0].len(), t.elapsed());
            assert!((a[0] - b[0]).abs() < PARITY && (a[1] - b[1]).abs() < PARITY);
        }
    }
}
