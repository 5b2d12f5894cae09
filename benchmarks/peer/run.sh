#!/usr/bin/env bash
# Times pairbench beside PyTorch (--peers, --candle: and others) on a random checkpoint of DeBERTa-v3-large's sizes.
# usage: benchmarks/peer/run.sh --out FILE.md [options of bench.py]
# PEER_VENV names an existing environment with the packages of requirements.txt; else one is made under target/peer.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work="$root/target/peer"
checkpoint="$work/checkpoint"
venv="${PEER_VENV:-$work/venv}"
mkdir -p "$work"

if [[ ! -x "$venv/bin/python" ]]; then
    python3 -m venv "$venv"
fi
if [[ -z "${PEER_VENV:-}" ]]; then
    "$venv/bin/python" -m pip install --quiet --requirement "$here/requirements.txt"
fi
if [[ ! -f "$checkpoint/model.safetensors" ]]; then
    "$venv/bin/python" "$here/make_checkpoint.py" "$checkpoint"
fi

for option in "$@"; do
    if [[ "$option" == --candle ]]; then
        # From its folder: the compiler's options lie there.
        (cd "$here/candle" && cargo build --release --locked --target-dir "$work/candle")
    fi
done

# A table of speeds is worth nothing if the peer computes something else.
"$venv/bin/python" "$here/reference.py" --check
# Later options win, so the caller can name another binary or checkpoint.
exec "$venv/bin/python" "$here/bench.py" \
    --pairbench "$root/target/release/pairbench" --checkpoint "$checkpoint" "$@"
