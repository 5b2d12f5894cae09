#!/usr/bin/env bash
# Checks pairbench on a GPU and times it beside PyTorch, in one command of under ten minutes that builds nothing.
# usage: benchmarks/gpu/run.sh [--binary PATH] [--device cuda:0] [--out FILE.md] [--seconds N] [--data FILE] [--test BIN]...
#                              [--checkpoint DIR] [--batch-tokens N] [--dtypes bf16,f16,f32] [--peers LIST]
#                              [--python BIN|none] [--small]
# README.md says what each is.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
binary=''
device=cuda:0
out="$root/target/gpu/$(date +%F)-gpu.md"
seconds=540
python=${PEER_VENV:+$PEER_VENV/bin/}python3
data='' checkpoint='' batch='' dtypes=bf16,f16,f32 peers='' small='' tests=()

fail() {
    printf 'error: %s\n' "$@" >&2
    exit 2
}

while (($#)); do
    case $1 in
        --small) small=1; shift; continue ;;
        -h | --help) sed -n '2,6s/^# //p' "$0"; exit ;;
    esac
    (($# > 1)) || fail "unknown option or one without a value: $1"
    case $1 in
        --binary) binary=$2 ;;
        --device) device=$2 ;;
        --out) out=$2 ;;
        --seconds) seconds=$2 ;;
        --data) data=$(realpath -- "$2") ;;
        --test) tests+=("$(realpath -- "$2")") ;;
        --checkpoint) checkpoint=$(realpath -- "$2") ;;
        --batch-tokens) batch=$2 ;;
        --dtypes) dtypes=$2 ;;
        --peers) peers=$2 ;;
        --python) python=$2 ;;
        *) fail "unknown option: $1" ;;
    esac
    shift 2
done
[[ $seconds =~ ^[1-9][0-9]*$ ]] || fail "--seconds takes a whole number"
out=$(realpath -m -- "$out")
mkdir -p "$(dirname "$out")" "$root/target/gpu"
rm -f "$out" # one from before is not this one's result
if [[ -z $binary && -f $root/pairbench.xz ]]; then
    # The kit's (kit.sh). Where there is no xz, Python has its algorithm.
    binary="$root/target/gpu/pairbench"
    { xz --decompress --stdout "$root/pairbench.xz" 2>/dev/null || "$python" -c \
        'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$root/pairbench.xz"; } >"$binary" ||
        fail "pairbench.xz cannot be unpacked" "install xz or Python 3, or unpack it elsewhere and name it with --binary"
    chmod +x "$binary"
fi
# The kit's golden checkpoints, whichever program is measured.
if [[ -f $root/tests.tar.xz && ! -d $root/tests ]]; then
    tar --extract --file "$root/tests.tar.xz" --directory "$root" 2>/dev/null || "$python" -m tarfile --extract "$root/tests.tar.xz" "$root" ||
        fail "tests.tar.xz cannot be unpacked" "install xz or Python 3, or unpack it in $root"
fi
binary=${binary:-$root/target/release/pairbench}
[[ -x $binary && -f $binary ]] || fail "no such program: $binary" \
    "build it with: cargo build --release --features cuda (docs/gpu.md), or name one with --binary"
binary=$(realpath -- "$binary")
# libdevice.10.bc, if the kit has it and the machine has no CUDA toolkit.
if [[ -z ${CUDA_PATH:-} && -d $root/cuda && ! -e /usr/local/cuda/nvvm/libdevice/libdevice.10.bc ]]; then
    export CUDA_PATH="$root/cuda"
fi
if [[ -z $data ]]; then
    for file in "$root"/shared/data/rewardbench-dev.{parquet,jsonl}; do
        # Without pyarrow the JSON Lines do as well: they are the same pairs.
        if [[ -f $file ]] && { [[ $file == *.jsonl ]] || "$python" -c 'import pyarrow' 2>/dev/null; }; then
            data=$file
            break
        fi
    done
fi

# Can this binary compute on this device at all? One small run says so, faster and more surely than any list.
# Kernels are kept from one run to the next, as for any user; verdicts are not (--no-cache).
export PAIRBENCH_CACHE="$root/target/gpu/cache"
probe="$root/target/gpu/probe"
if ! timeout 120 "$binary" bench --model "$root/tests/data/golden/models/tiny-pairrm" --device "$device" --dtype f32 \
    --length 16 --tokens 16 --repeats 1 --offline --format json >"$probe.json" 2>"$probe.err"; then
    cat "$probe.err" >&2
    echo "pairbench doctor says:" >&2
    "$binary" doctor >&2 || true
    fail "pairbench cannot compute on $device" \
        "build it with: cargo build --release --features cuda (docs/gpu.md), and see that the driver is there (nvidia-smi)"
fi
kind=${device%%:*}
if [[ $kind != auto ]] && ! grep -qi "\"device\": *\"[^\"]*$kind" "$probe.json"; then
    fail "pairbench was asked for $device and does not say that it computed there" "$(cut -c 1-200 "$probe.json")"
fi

status=0
left=$((seconds > SECONDS + 10 ? seconds - SECONDS : 10))
if [[ $python != none ]] && "$python" -c 'import sys, numpy; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    options=(--pairbench "$binary" --device "$device" --out "$out" --seconds "$left" --dtypes "$dtypes")
    [[ -z $data ]] || options+=(--data "$data")
    [[ -z $checkpoint ]] || options+=(--checkpoint "$checkpoint")
    [[ -z $batch ]] || options+=(--batch-tokens "$batch")
    [[ -z $peers ]] || options+=(--peers "$peers")
    [[ -z $small ]] || options+=(--small)
    for test in "${tests[@]}"; do options+=(--test "$test"); done
    # A little more than it plans with: its last words are the result.
    timeout $((left + 20)) "$python" "$here/gpu.py" "${options[@]}" || status=$?
else
    binary=$binary device=$device out=$out seconds=$left python=$python data=$data checkpoint=$checkpoint batch=$batch \
        dtypes=$dtypes small=$small bash "$here/alone.sh" "${tests[@]}" || status=$?
fi
if [[ -f $out ]]; then
    cat "$out"
    echo "result: $out" >&2
fi
exit "$status"
