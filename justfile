# One command per chore; `just` lists them.

default:
    @just --list

# What CI runs
check:
    bash .ci/run

# The README's test command
test:
    cargo test --release

# flex against ndarray
parity:
    cargo test --release --features ndarray --test parity

# Formatting
fmt:
    cargo fmt

# Licences and sources of all dependencies
deny:
    cargo deny check
