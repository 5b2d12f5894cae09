"""Time pairbench against PyTorch (ONNX Runtime, OpenVINO, candle) on the same token rows, alternately, and write a table.

usage: bench.py --pairbench BIN --checkpoint DIR [--lengths 128,512,1024,2048] [--rows N[,N...]]
                [--data FILE.parquet --sample M] [--repeats 5] [--slow-repeats N] [--threads 2] [--dtypes f32,int8]
                [--peers torch-bf16,onnx,onnx-int8,openvino,openvino-bf16,openvino-int8,llama,llama-bf16,llama-q8]
                [--candle [BIN]] --out FILE.md

Every repetition is a fresh process that times its scoring only: loading and a warm-up on two rows stay outside.
An engine that fails is left out with a note, unless it is PyTorch, which the others are compared with.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import mean, median

import numpy as np

from architecture import is_decoder
from facts import HERE, commit, cpu_model, crates, first_line, load_average, package
from rows import MISSING, ROOT, Row, data_rows, fixed_rows, read_config, write_rows

CANDLE = ROOT / "target" / "peer" / "candle" / "release" / "pair-candle"  # where run.sh builds it


@dataclass
class Engine:
    """Something that scores token rows: a name for the table, the command before `--ids`, and the arithmetic."""

    name: str
    command: list[str]
    dtype: str = "f32"


@dataclass(frozen=True)
class Peer:
    """An engine that is asked for by a word of --peers: its name for the table, its script, its arithmetic, and the
    packages that decide its speed."""

    name: str
    script: str
    dtype: str = "f32"
    packages: tuple[str, ...] = ()


PEERS = {
    "torch-bf16": Peer("PyTorch bf16", "reference.py", "bf16"),
    "onnx": Peer("ONNX Runtime f32", "onnxrt.py", "f32", ("onnxruntime",)),
    "onnx-int8": Peer("ONNX Runtime int8", "onnxrt.py", "int8", ("onnxruntime",)),
    "openvino": Peer("OpenVINO f32", "openvinort.py", "f32", ("openvino",)),
    "openvino-bf16": Peer("OpenVINO bf16", "openvinort.py", "bf16", ("openvino",)),
    "openvino-int8": Peer("OpenVINO int8", "openvinort.py", "int8", ("openvino", "nncf")),
    "llama": Peer("llama.cpp f32", "llamacpp.py", "f32", ("llama-cpp-python",)),
    "llama-bf16": Peer("llama.cpp bf16", "llamacpp.py", "bf16", ("llama-cpp-python",)),
    "llama-q8": Peer("llama.cpp q8_0", "llamacpp.py", "q8_0", ("llama-cpp-python",)),
}


@dataclass
class Runs:
    """What the repetitions of one engine on one workload gave."""

    seconds: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    logits: list[float] = field(default_factory=list)


@dataclass
class Workload:
    """Token rows under a name."""

    name: str
    rows: list[Row]

    @property
    def tokens(self) -> int:
        return sum(map(len, self.rows))


def numbers(text: str) -> list[int]:
    """Comma-separated positive integers."""
    values = [int(part) for part in text.split(",")]
    if not all(value > 0 for value in values):
        raise argparse.ArgumentTypeError("positive numbers only")
    return values


def peers(text: str) -> list[str]:
    """Words of `PEERS`, separated by commas."""
    words = text.split(",")
    if unknown := [word for word in words if word not in PEERS]:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(PEERS)}")
    return words


class Failed(Exception):
    """Why an engine gave no usable answer."""


def run_once(engine: Engine, ids: Path, workload: Workload) -> tuple[dict, float]:
    """One process: what it measured and its peak memory in GiB, loading included."""
    command = [*engine.command, "--ids", str(ids)]
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    except OSError as error:
        raise Failed(f"cannot be started ({error.strerror})") from error
    with process:
        assert process.stdout is not None
        output = process.stdout.read()
        # wait4 instead of wait: it also tells what this one child used. Linux counts this process's own
        # size (about 0.1 GiB) as the least that a child can have had.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(f"ended with exit code {process.returncode}")
    try:
        answer = json.loads(output)
        dtype, run = answer["dtype"], answer["runs"][0]
        same = len(run["logits"]) == run["rows"] == len(workload.rows) and run["tokens"] == workload.tokens
    except (ValueError, LookupError, TypeError) as error:
        raise Failed("gave no answer of the agreed form") from error
    if dtype != engine.dtype:
        raise Failed(f"computed in {dtype}")
    if not same:
        raise Failed("scored other rows than it was given")
    return run, usage.ru_maxrss / 2**20


def measure(
    engines: Sequence[Engine], workload: Workload, repeats: int, slow_repeats: int, notes: list[str]
) -> Iterator[dict[str, Runs]]:
    """All engines by turns, so that a slow minute of the machine meets each of them; the results after each round."""
    results = {engine.name: Runs() for engine in engines}
    base = results[engines[0].name]
    wanted = dict.fromkeys(results, repeats)
    with tempfile.TemporaryDirectory() as folder:
        ids = Path(folder) / "ids.jsonl"
        write_rows(ids, workload.rows)
        for repeat in range(repeats):
            # Every other round runs backwards: nobody is always first after a pause.
            for engine in engines if repeat % 2 == 0 else engines[::-1]:
                runs = results[engine.name]
                if repeat >= wanted[engine.name]:
                    continue
                try:
                    answer, memory = run_once(engine, ids, workload)
                except Failed as error:
                    if runs is base:
                        raise
                    wanted[engine.name] = 0
                    notes.append(f"{engine.name} failed at {workload.name}: it {error}")
                    print(f"note: {notes[-1]}", file=sys.stderr)
                    continue
                if runs.logits and runs.logits != answer["logits"]:
                    print(f"note: {engine.name} gives other logits on repetition", file=sys.stderr)
                runs.logits = answer["logits"]
                runs.seconds.append(answer["seconds"])
                runs.memory.append(memory)
                if runs.seconds[0] > base.seconds[0]:
                    wanted[engine.name] = min(repeats, slow_repeats)
                print(
                    f"{workload.name}, {repeat + 1}/{wanted[engine.name]}, {engine.name}: {answer['seconds']:.3f} s",
                    file=sys.stderr,
                )
            yield results


def workload_table(workload: Workload, results: dict[str, Runs]) -> list[str]:
    """One Markdown section; the first engine is what the others are compared with."""
    base = next(iter(results.values()))
    lengths = [len(row) for row in workload.rows]
    spread = f"{min(lengths)} to {max(lengths)} tokens, mean {mean(lengths):.0f}"
    lines = [
        f"## {workload.name}",
        "",
        f"{len(lengths)} rows, {spread if min(lengths) < max(lengths) else f'{lengths[0]} tokens each'};"
        f" the first engine's logits have a standard deviation of {np.std(base.logits):.1e}.",
        "",
        "| engine | runs | median s | min to max s | tokens/s | speed | max abs logit difference | peak GiB |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, runs in results.items():
        if not runs.seconds:
            continue
        seconds = median(runs.seconds)
        # NumPy, because Python's max() can lose a NaN.
        difference = np.abs(np.array(runs.logits, float) - np.array(base.logits, float)).max()
        lines.append(
            f"| {name} | {len(runs.seconds)} | {seconds:.3f} | {min(runs.seconds):.3f} to {max(runs.seconds):.3f}"
            f" | {workload.tokens / seconds:.0f} | {median(base.seconds) / seconds:.2f}x"
            f" | {'' if runs is base else f'{difference:.1e}'} | {max(runs.memory):.2f} |"
        )
    return [*lines, ""]


def heading(args: argparse.Namespace, names: Sequence[str], load: str, minutes: float, notes: list[str]) -> list[str]:
    """Everything that a reader needs to judge the numbers."""
    config = read_config(args.checkpoint)
    keys = ("num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size", "vocab_size")
    used = [package for word in args.peers if PEERS[word].name in names for package in PEERS[word].packages]
    versions = [package(name) for name in dict.fromkeys(["torch", "transformers", *used])]
    if "candle f32" in names:
        versions += crates()
    repeats = f"{args.repeats} repetitions"
    if args.slow_repeats < args.repeats:
        repeats += f" ({args.slow_repeats} of an engine whose first is slower than the first engine's)"
    return [
        f"# pairbench beside its peers, {date.today().isoformat()}",
        "",
        f"- CPU: {cpu_model()}, {os.cpu_count()} logical cores; {args.threads} threads for every engine;"
        f" load average {load} before the start; {minutes:.0f} minutes in all",
        f"- {first_line(args.pairbench, '--version')}, commit {commit()};"
        f" Python {platform.python_version()}, {', '.join(versions)}",
        f"- Model: {', '.join(f'{key} {config.get(key)}' for key in keys)};"
        f" weights stored as {config.get('torch_dtype', 'unknown')}",
        f"- {repeats} by turns, each a fresh process; loading and a warm-up on two rows are not timed",
        f"- Peers: rows sorted by length, at most {args.peer_batch_tokens} padded tokens in a batch; PyTorch: "
        f"{'SDPA' if is_decoder(config) else 'eager attention'}; pairbench: {args.batch_tokens or 'its default'} tokens"
        " in a batch",
        "- Speed is against the first engine of the table; peak memory includes loading",
        *(f"- {note}" for note in notes),
        "",
    ]


def engines(args: argparse.Namespace, notes: list[str]) -> list[Engine]:
    """PyTorch first, then pairbench in each dtype, then the peers that are asked for and can run here."""
    common = ["--model", str(args.checkpoint), "--threads", str(args.threads)]
    peer = [*common, "--batch-tokens", str(args.peer_batch_tokens)]
    own = [*common, "--repeats", "1", "--format", "json"]
    if args.batch_tokens:
        own += ["--batch-tokens", str(args.batch_tokens)]
    found = [Engine("PyTorch f32", [sys.executable, str(HERE / "reference.py"), *peer])]
    for dtype in args.dtypes.split(","):
        # f32 is what it computes in unasked; its answer says so, and `run_once` holds it to that.
        option = [] if dtype == "f32" else ["--dtype", dtype]
        found.append(Engine(f"pairbench {dtype}", [args.pairbench, "bench", *own, *option], dtype))
    for contender in (PEERS[word] for word in args.peers):
        command = [sys.executable, str(HERE / contender.script), *peer, "--dtype", contender.dtype]
        if contender.script != "reference.py":
            result = subprocess.run([*command, "--prepare"], check=False, stderr=subprocess.PIPE, text=True)
            if result.returncode:
                last = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
                reason = last.removeprefix("skipped: ") if result.returncode == MISSING else "its graph failed"
                print(result.stderr, file=sys.stderr)
                notes.append(f"{contender.name} skipped: {reason}")
                continue
        found.append(Engine(contender.name, command, contender.dtype))
    if args.candle:
        found.append(Engine("candle f32", [str(args.candle.resolve()), *peer]))
    return found


def workloads(args: argparse.Namespace) -> list[Workload]:
    """Rows of each fixed length, then the real mix of lengths."""
    counts = args.rows if len(args.rows) > 1 else args.rows * len(args.lengths)
    config = read_config(args.checkpoint)
    found = [
        Workload(f"{length} tokens", fixed_rows(config, length, count, args.seed))
        for length, count in zip(args.lengths, counts, strict=True)
    ]
    if args.data:
        rows = data_rows(args.checkpoint, args.data, args.sample)
        found.append(Workload(f"{len(rows) // 2} pairs of {args.data.name}, both orders", rows))
    return found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairbench", type=Path, required=True, metavar="BIN")
    parser.add_argument("--checkpoint", type=Path, required=True, metavar="DIR")
    parser.add_argument("--lengths", type=numbers, default=[128, 512, 1024, 2048])
    parser.add_argument("--rows", type=numbers, default=[4], help="rows of each length: one number, or one per length")
    parser.add_argument("--data", type=Path, help="parquet or JSON Lines with prompt, chosen and rejected")
    parser.add_argument("--sample", type=int, default=50, help="evenly spaced pairs of --data")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--slow-repeats", type=int, help="of an engine slower than PyTorch (default: --repeats)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtypes", default="f32", help="pairbench's dtypes, e.g. f32,int8")
    parser.add_argument("--batch-tokens", type=int, help="pairbench's (default: its own default)")
    parser.add_argument("--peer-batch-tokens", type=int, default=1024, help="padded tokens in a peer's batch")
    parser.add_argument("--peers", type=peers, default=[], help=f"beside PyTorch's f32, any of {','.join(PEERS)}")
    parser.add_argument("--candle", type=Path, nargs="?", const=CANDLE, metavar="BIN", help="candle too")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    if len(args.rows) not in (1, len(args.lengths)):
        parser.error("--rows takes one number, or one for each of --lengths")
    args.slow_repeats = args.repeats if args.slow_repeats is None else args.slow_repeats
    if min(args.repeats, args.slow_repeats, args.threads, args.sample) < 1:
        parser.error("--repeats, --slow-repeats, --threads and --sample start at 1")
    # Before anything is timed: a missing file would otherwise show after the first PyTorch run.
    for path in (args.pairbench, args.checkpoint / "config.json", args.data, args.candle):
        if path and not path.is_file():
            parser.error(f"no such file: {path}")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    # A relative path without a slash would otherwise be looked up in PATH.
    args.pairbench = str(args.pairbench.resolve())
    return args


def run(args: argparse.Namespace) -> None:
    start, load = time.monotonic(), load_average()
    notes: list[str] = []
    contenders = engines(args, notes)
    skipped = len(notes)
    names = [engine.name for engine in contenders]
    done: list[str] = []
    for workload in workloads(args):
        section: list[str] = []
        for results in measure(contenders, workload, args.repeats, args.slow_repeats, notes):
            section = workload_table(workload, results)
            # After each round: an interrupted run keeps what it has measured.
            minutes = (time.monotonic() - start) / 60
            lines = [*heading(args, names, load, minutes, notes), *done, *section]
            args.out.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
        done += section
    if len(notes) > skipped:
        raise SystemExit("some engines failed: see the notes in the table's heading")


def main() -> None:
    try:
        run(arguments())
    except Failed as error:
        raise SystemExit(f"PyTorch f32 {error}") from error


if __name__ == "__main__":
    main()
