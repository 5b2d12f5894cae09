#!/usr/bin/env bash
# A run on a disk that is full, first for the journal, then for the report, and goes on when there is
# room.
#   tests/full-disk.sh [PAIRBENCH]       as root on Linux: it mounts a tmpfs
set -euo pipefail
cd "$(dirname "$0")/.."
pairbench=$(realpath "${1:-target/release/pairbench}")
export PAIRBENCH_CACHE=
dir=$(mktemp -d)
trap 'umount "$dir/disk" 2> /dev/null || true; rm -rf "$dir"' EXIT
mkdir "$dir/disk"
if ! mount -t tmpfs -o size=256k tmpfs "$dir/disk" 2> "$dir/error"; then
    echo "SKIPPED: $(cat "$dir/error")"
    exit 0
fi
out=$dir/disk/run
expect() {
    code=0
    "$pairbench" "${@:2}" > "$dir/stdout" 2> "$dir/stderr" || code=$?
    if [ $code != "$1" ]; then
        echo "expected exit code $1, found $code" >&2
        cat "$dir/stderr" >&2
        exit 1
    fi
}
room() { mount -o "remount,size=$1" "$dir/disk"; }
sums() { (cd "$out" && find . -type f ! -name journal.jsonl -exec sha256sum {} + | sort); }

expect 0 run --out "$dir/whole"
# A small run is there before, and stays until the large one is complete.
expect 0 run --limit 20 --out "$out"
sums > "$dir/before"
used=$(du -sk "$dir/disk" | cut -f1)
room $((used + 48))k
expect 7 run --overwrite --out "$out"
grep -q 'failed to write journal' "$dir/stderr"
grep -q 'hint: .*--resume' "$dir/stderr"
sums | cmp - "$dir/before"
kept=$(wc -l < "$out/journal.jsonl")
# Room for the journal, none for the report.
code=7
for more in $(seq 96 32 1024); do
    room $((used + more))k
    code=0
    "$pairbench" run --resume --out "$out" > "$dir/stdout" 2> "$dir/stderr" || code=$?
    [ $code = 7 ] || break
    sums | cmp - "$dir/before"
    grep -q 'failed to write file' "$dir/stderr" && report=$more
done
[ $code = 0 ] && [ -n "${report:-}" ]
diff -r --exclude=run.json "$out" "$dir/whole"
echo "PASSED: full after $kept lines of the journal and, with up to $report KiB of room, for the" \
    "report: exit code 7, the old report intact, resumed to the same bytes"
