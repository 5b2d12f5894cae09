# One command per chore; `just` lists them.

default:
    @just --list

# What CI runs
check:
    bash .ci/run

# The README's test command
test:
    cargo test --release

# The tests, from the unpacked archive of `cargo package`
package:
    .ci/package test

# A wheel around the binary of the tests, installed and tried elsewhere
wheel:
    cargo test --release --locked --no-run
    .ci/wheel

# What is released for this system: a manylinux wheel, an archive; takes long
dist:
    .ci/dist

# Python, shell scripts and workflows
lint:
    .ci/lint

# The published logits of the real PairRM-hf, whose weights must be in the hub's cache
known-answer:
    cargo test --release --test known_answer -- --ignored

# flex against ndarray, and the gradient path
parity:
    cargo test --release --features ndarray,train --test parity --test train

# Opens the pages of reports in headless Chromium; `just browser target/release/pairbench DIR` keeps the screenshots
browser *ARGS:
    cargo build --release
    bash tests/browser/run {{ARGS}}

# The LLVM of the feature `cuda`, where its build script cannot download it
cuda-llvm:
    .ci/cuda-llvm

# The GPU tests, on the first device of each kind that is there; KIND must be
gpu KIND="webgpu":
    PAIRBENCH_TEST_DEVICE={{KIND}} cargo test --release --features {{KIND}} --lib --test devices --test gpu_decoders

# Checks and times a GPU beside PyTorch, in under ten minutes
bench-gpu *ARGS:
    cargo build --release --features cuda
    benchmarks/gpu/run.sh --out benchmarks/results/$(date +%F)-gpu.md {{ARGS}}

# A folder for a machine with a GPU: the program for it and the scripts of bench-gpu, under 50 MB; takes long
gpu-kit *ARGS:
    # Without the network. Functions with the same code are kept once: an eighth smaller.
    cargo rustc --profile dist --locked --no-default-features --features cuda --bin pairbench -- -C link-arg=-Wl,--icf=all
    benchmarks/gpu/kit.sh --binary target/dist/pairbench {{ARGS}}

# Writes the quickstart again: its pairs, tokenizer, checkpoints and report
quickstart:
    cargo run --release --example train_quickstart

# Trains again and compares the verdicts with the committed checkpoints'
retrain:
    cargo test --release --features train --test train -- --ignored

# pairbench, PyTorch and other engines on the same rows, by turns, into benchmarks/results/
bench-peer *ARGS:
    cargo build --release
    benchmarks/peer/run.sh --out benchmarks/results/$(date +%F)-peer.md {{ARGS}}

# The kernels
bench:
    cargo bench --package pairbench-benches

# A disk that is full (root, Linux), and a Slurm array (root, Debian or Ubuntu)
scripts:
    cargo build --release
    tests/full-disk.sh
    tests/slurm.sh

# Formatting
fmt:
    cargo fmt --all

# Every fuzz target for SECONDS
fuzz SECONDS="60":
    fuzz/smoke {{SECONDS}}

# Licences and sources of all dependencies
deny:
    cargo deny check
