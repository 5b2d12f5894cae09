//! The CPU kernels at the sizes of DeBERTa-v3-large: `just bench`.

use std::sync::Arc;

use burn::tensor::{Device, Distribution, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pairbench::kernels::activation::Activation;
use pairbench::kernels::attention::{PositionProjections, fused};
use pairbench::kernels::cpu::bf16::Bf16Weights;
use pairbench::kernels::cpu::dot::Engine;
use pairbench::kernels::cpu::int8::{Int8Weights, Outliers};
use pairbench::kernels::cpu::linear::LinearWeights;
use pairbench::kernels::cpu::packed_weights::{PackedWeights, Storage};
use pairbench::kernels::relative_positions::PositionTerms;
use pairbench::model::deberta::{geometry, plain_attention};
use pairbench::model::linear::Linear;
use pairbench::model::{DebertaConfig, Matrix, ModelConfig, TokenRows, TransformerConfig};

const HIDDEN: usize = 1024;
const INNER: usize = 4096;

fn random(rows: usize, columns: usize) -> Tensor<2> {
    Tensor::random(
        [rows, columns],
        Distribution::Normal(0.0, 1.0),
        &Device::flex(),
    )
}

/// The golden checkpoint's configuration at the sizes of the published ones.
fn large() -> DebertaConfig {
    let text = include_str!("../tests/data/golden/models/tiny-pairrm/config.json");
    let config = ModelConfig::parse(text, std::path::Path::new("config.json"));
    let config = config.expect("a valid configuration");
    let TransformerConfig::Deberta(mut config) = config.transformer else {
        panic!("a DeBERTa");
    };
    (config.hidden_size, config.heads, config.intermediate_size) = (HIDDEN, 16, INNER);
    if let Some(relative) = &mut config.relative {
        (relative.terms, relative.buckets, relative.max_distance) =
            (PositionTerms::Both, Some(256), 512);
    }
    config
}

/// Products of 512 rows, with GELU and without; elements are multiplications.
fn linear(c: &mut Criterion) {
    let mut group = c.benchmark_group("linear");
    for (input, output) in [(HIDDEN, HIDDEN), (HIDDEN, INNER), (INNER, HIDDEN)] {
        group.throughput(Throughput::Elements((512 * input * output) as u64));
        let weights = random(output, input)
            .into_data()
            .iter::<f32>()
            .collect::<Vec<_>>();
        let read = |first: usize, rows: &mut [f32]| {
            rows.copy_from_slice(&weights[first * input..][..rows.len()]);
            Ok(())
        };
        let float = |storage| {
            LinearWeights::Float(Arc::new(
                PackedWeights::pack(output, input, storage, read)
                    .expect("nothing is read from a file"),
            ))
        };
        let int8 = LinearWeights::Int8(Arc::new(
            Int8Weights::pack(output, input, Outliers::ByRow, read)
                .expect("nothing is read from a file"),
        ));
        let plain = Matrix::Plain(random(output, input));
        let mut matrices = vec![
            ("plain", plain),
            ("f32", Matrix::Packed(float(Storage::F32))),
            ("f16", Matrix::Packed(float(Storage::F16))),
            ("int8", Matrix::Packed(int8)),
        ];
        // Without instructions for them, products of bf16 are slow and nobody's choice.
        if !Engine::all_for_bf16().is_empty() {
            let bf16 = Bf16Weights::pack(output, input, read).expect("nothing is read from a file");
            matrices.push(("bf16", Matrix::Packed(LinearWeights::Bf16(Arc::new(bf16)))));
        }
        for (name, matrix) in matrices {
            let layer = Linear::new(matrix, Some(Tensor::zeros([output], &Device::flex())));
            let x = random(512, input);
            let id = BenchmarkId::new(name, format!("{input}x{output}"));
            group.bench_function(id, |b| b.iter(|| layer.forward(x.clone())));
            if output == INNER {
                let id = BenchmarkId::new(format!("{name}-gelu"), format!("{input}x{output}"));
                group.bench_function(id, |b| {
                    b.iter(|| layer.forward_activated(x.clone(), Activation::Gelu))
                });
            }
        }
    }
    group.finish();
}

/// One row of each length, 16 heads; elements are tokens.
fn attention(c: &mut Criterion) {
    let config = large();
    let mut group = c.benchmark_group("attention");
    group.sample_size(10);
    for length in [128, 512, 2048] {
        group.throughput(Throughput::Elements(length as u64));
        let ids = vec![1; length];
        let geometry = geometry(&config, &TokenRows::new([ids.as_slice()]));
        let (q, k, v) = (
            random(length, HIDDEN),
            random(length, HIDDEN),
            random(length, HIDDEN),
        );
        let positions = PositionProjections::Both {
            keys: random(512, HIDDEN),
            queries: random(512, HIDDEN),
        };
        for (name, allow_bf16) in [("fused", false), ("fused-bf16", true)] {
            group.bench_function(BenchmarkId::new(name, length), |b| {
                b.iter(|| {
                    fused(
                        q.clone(),
                        k.clone(),
                        v.clone(),
                        positions.clone(),
                        &geometry,
                        None,
                        allow_bf16,
                    )
                });
            });
        }
        group.bench_function(BenchmarkId::new("plain", length), |b| {
            b.iter(|| plain_attention(&q, &k, &v, &positions, &geometry))
        });
    }
    group.finish();
}

criterion_group!(kernels, linear, attention);
criterion_main!(kernels);
