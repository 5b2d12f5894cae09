#!/usr/bin/env bash
# The part of run.sh for machines where Python or NumPy is missing: pairbench alone, no peers, no matrix product.
# run.sh calls it, with its options as variables; the arguments are test programs.
set -euo pipefail
: "${binary:?run.sh calls this}" "${device:?}" "${out:?}" "${seconds:?}" "${python:?}" "${dtypes:?}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work="$root/target/gpu"
golden="$root/tests/data/golden/models"
status=0
batching=()
[[ -z $batch ]] || batching=(--batch-tokens "$batch")

note() {
    status=1
    printf -- '- Note: %s\n' "$1" | tee -a "$out" >&2
}

# limited N COMMAND...: for N seconds at most, and never beyond the whole time.
limited() {
    local left=$((seconds - SECONDS)) most=$1
    shift
    : >"$work/bench.err"
    ((left > 2)) || return 124
    timeout "$((left < most ? left : most))" "$@"
}

bench() {
    limited "$1" "$binary" bench --offline "${batching[@]}" "${@:2}" 2>"$work/bench.err"
}

# The end of what the last command said.
words() {
    if [[ -s $work/bench.err ]]; then paste -sd ' ' "$work/bench.err" | tail -c 300; else echo "no words; perhaps the time was over"; fi
}

python_there() {
    [[ $python != none ]] && "$python" -c '' 2>/dev/null
}

{
    echo "# pairbench alone on a GPU, $(date +%F)"
    echo
    echo "- No peer was timed and no matrix product: there is no Python 3.11 with NumPy here. Shares of the device's peak and speeds"
    echo "  against PyTorch are missing for that reason"
    if command -v nvidia-smi >/dev/null; then
        echo "- GPU: $(nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader | paste -sd ';')"
    fi
    "$binary" doctor | grep -E '^(version|device)' | sed 's/  */ /g; s/^/- /'
    echo "- pairbench's --device $device"
} >"$out"

# The model that is timed.
lengths=128,512,1024,2048 tokens=32768 pairs=2985 sizes=(--vocab 128005) name=checkpoint-plain
if [[ -n $small ]]; then
    lengths=32,64 tokens=512 pairs=12 sizes=(--layers 2 --hidden 64 --heads 4 --intermediate 128) name=checkpoint-plain-small
fi
if [[ -n $checkpoint ]]; then
    echo "- Model: a given checkpoint" >>"$out"
elif python_there; then
    checkpoint="$work/$name"
    if [[ -f $checkpoint/model.safetensors ]] || limited 120 "$python" "$here/checkpoint.py" "$checkpoint" "${sizes[@]}" >/dev/null; then
        echo "- Model: random weights of DeBERTa-v3-large's sizes${small:+, made small: no figures of speed}" >>"$out"
    else
        checkpoint=''
    fi
fi
if [[ -z $checkpoint ]]; then
    checkpoint="$golden/tiny-pairrm"
    echo "- Model: the tiny golden checkpoint, because a large one takes Python or --checkpoint DIR. No figure here says anything" \
        "about the speed of a large model" >>"$out"
fi

for test in "$@"; do
    if said=$(limited 120 "$test" 2>&1); then
        echo "- $(basename "$test"): $(grep '^test result:' <<<"$said" | paste -sd ' ')" >>"$out"
    else
        note "$(basename "$test") failed: $(tail -n 3 <<<"$said" | paste -sd ' ')"
    fi
done

# Logits of the rows that pairbench makes by a fixed rule, on the device and on the CPU.
logits() { # MODEL DEVICE
    bench 60 --model "$1" --device "$2" --dtype f32 --length 16,100,300 --tokens 300 --repeats 1 --format json |
        grep -o '"logits":\[[^]]*\]' | grep -oE '[-0-9.eE+]+|null' | grep -E '[0-9]|null'
}
printf '\n## Is it right\n\n| checkpoint | rows | max abs difference of f32 from the CPU | allowed | |\n|---|--:|--:|--:|---|\n' >>"$out"
for source in "$golden"/*/ "$root"/tests/data/decoders/models/*/; do
    model="$work/golden/$(basename "$source")"
    mkdir -p "$model"
    # Some golden checkpoints have no tokenizer of their own. Rows are ids, so any will do.
    [[ -f $source/tokenizer.json ]] || cp "$golden"/tiny-pairrm/* "$model"
    cp "$source"* "$model"
    if logits "$model" "$device" >"$work/one" && logits "$model" cpu >"$work/other" && [[ -s $work/one ]]; then
        line=$(paste "$work/one" "$work/other" | awk -v name="$(basename "$model")" '
            NF != 2 || $1 == "null" || $2 == "null" { broken = 1 }
            { d = $1 - $2; if (d < 0) d = -d; if (d > most) most = d; s = $2 < 0 ? -$2 : $2; if (s > scale) scale = s }
            END { if (scale < 1) scale = 1
                  printf "| %s | %d | %.1e | %.1e | %s |", name, NR, most, 1e-4 * scale, !broken && most <= 1e-4 * scale ? "good" : "**WRONG**" }')
        echo "$line" >>"$out"
        [[ $line != *WRONG* ]] || status=1
    else
        note "$(basename "$model") could not be scored: $(words)"
    fi
done

# The whole run.
file="$work/pairs.jsonl"
if python_there; then
    said=$("$python" "$here/pairs.py" "$file" --pairs "$pairs" ${data:+--data "$data"})
else
    file=${data:-$root/benchmarks/quickstart/pairs.jsonl}
    said="the pairs of $(basename "$file"): their number is not RewardBench's, because Python makes that file"
fi
printf '\n## From process start to table\n\n%s.\n\n| run | seconds |\n|---|--:|\n' "$said" >>"$out"
for turn in first second third; do
    rm -rf "$work/run"
    start=$(date +%s.%N)
    code=0
    limited 90 "$binary" run --model "timed=$checkpoint" --template pairrm --data "$file" --device "$device" --no-cache --offline \
        --out "$work/run" "${batching[@]}" >"$work/table" 2>"$work/bench.err" || code=$?
    # 6: pairs that could not be scored, in a run that is whole.
    if ((code == 0 || code == 6)); then
        echo "| $turn | $(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.2f", b - a }') |" >>"$out"
    else
        printf '\n' >>"$out"
        note "the whole run failed with exit code $code: $(words)"
        break
    fi
done

# Speed.
for dtype in ${dtypes//,/ }; do
    if table=$(bench 120 --model "$checkpoint" --device "$device" --dtype "$dtype" --length "$lengths" --tokens "$tokens" --repeats 5); then
        printf '\n## %s\n\n~~~\n%s\n~~~\n' "$dtype" "$table" >>"$out"
    else
        printf '\n' >>"$out"
        note "$dtype failed: $(words)"
    fi
done
printf '\n%s s in all.\n' "$SECONDS" >>"$out"
exit "$status"
