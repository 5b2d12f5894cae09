#!/usr/bin/env bash
# Packs a program and all that run.sh needs into one folder, for a machine to which little can be brought.
# usage: benchmarks/gpu/kit.sh [--binary PATH] [--libdevice FILE.bc] [--data FILE] [--out DIR]
# Then, there: DIR/benchmarks/gpu/run.sh. README.md says more.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
binary="$root/target/release/pairbench"
out="$root/target/gpu-kit"
libdevice='' data=''
limit=50000000 # bytes: what goes where 60 MB may travel

fail() {
    printf 'error: %s\n' "$@" >&2
    exit 2
}

while (($#)); do
    case $1 in
        -h | --help) sed -n '2,4s/^# //p' "$0"; exit ;;
    esac
    (($# > 1)) || fail "unknown option or one without a value: $1"
    case $1 in
        --binary) binary=$2 ;;
        --libdevice) libdevice=$2 ;;
        --data) data=$2 ;;
        --out) out=$2 ;;
        *) fail "unknown option: $1" ;;
    esac
    shift 2
done
for file in "$binary" ${libdevice:+"$libdevice"} ${data:+"$data"}; do
    [[ -f $file ]] || fail "no such file: $file"
done
for tool in strip tar xz; do
    command -v "$tool" >/dev/null || fail "$tool is needed (Debian: binutils, tar, xz-utils)"
done
# Only what this script has made may be replaced.
[[ ! -e $out || -e $out/pairbench.xz ]] || fail "$out is there and is no kit; name another folder with --out"

rm -rf "$out"
mkdir -p "$out/benchmarks"
cp -R "$root/benchmarks/gpu" "$root/benchmarks/quickstart" "$out/benchmarks"
mkdir "$out/benchmarks/peer"
cp "$root"/benchmarks/peer/*.py "$out/benchmarks/peer"
# The golden checkpoints and their cases; hidden states are not compared on a GPU.
tar --create --xz --file "$out/tests.tar.xz" --directory "$root" --exclude hidden tests/data/golden tests/data/decoders
find "$out" -name __pycache__ -prune -exec rm -rf {} +
if [[ -n $libdevice ]]; then
    # Where a CUDA toolkit would have it: run.sh names the folder in CUDA_PATH if the machine has none.
    mkdir -p "$out/cuda/nvvm/libdevice"
    cp "$libdevice" "$out/cuda/nvvm/libdevice/libdevice.10.bc"
fi
if [[ -n $data ]]; then
    mkdir -p "$out/shared/data"
    cp "$data" "$out/shared/data"
fi
strip --strip-all -o "$out/pairbench" "$binary"
# Jumps are written as addresses before they are compressed: a tenth smaller.
xz --threads=0 --x86 --lzma2=preset=6,dict=64MiB "$out/pairbench"
git -C "$root" rev-parse HEAD >"$out/commit" 2>/dev/null || rm -f "$out/commit"

size=$(du --bytes --summarize "$out" | cut -f 1)
printf '%s: %d.%d MB, the program %d.%d MB of it\n' "$out" $((size / 1000000)) $((size / 100000 % 10)) \
    $(($(stat -c %s "$out/pairbench.xz") / 1000000)) $(($(stat -c %s "$out/pairbench.xz") / 100000 % 10))
((size <= limit)) || fail "that is more than $((limit / 1000000)) MB"
