"""Check and time pairbench on a GPU beside PyTorch, all in one go; run.sh calls it where Python has NumPy.

usage: gpu.py --pairbench BIN --device cuda:0 --out FILE.md [--seconds 540] [--data FILE] [--test BIN]...
              [--checkpoint DIR] [--batch-tokens N] [--dtypes bf16,f16,f32] [--peers LIST] [--small]

Every step has a limit of its own and ends with the whole time at the latest. What fails is noted in the result, and the
other steps go on; the exit code is 1 then.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PEER = HERE.parent / "peer"
sys.path.insert(0, str(PEER))  # facts and rows are the CPU benchmark's

import decoder
from engines import Clock, Failed, Pairbench, Peer, run
from facts import commit, cpu_model, first_line, load_average
from peers import PEERS
from report import Check, Report, Runs, WholeRun, Workload, difference, turned
from rows import GOLDEN, TINY, Row, data_rows, fixed_rows, markers, read_config, write_rows

OWN_DTYPES = ("bf16", "f16", "f32")
TOLERANCE = 1e-4
# Of the golden tokenizer on RewardBench's rows, by a straight line through rows that are not cut.
CHARACTERS_PER_TOKEN, TEMPLATE_TOKENS = 1.9, 96
MAIN_FAMILIES = ("tiny-pairrm", "tiny-better-pairrm")  # checked first
# Of the whole time; then what is not checked yet, more whole runs, and the decoder give way to the other timings.
CHECKS_END, WHOLE_END, DECODER_BEGIN = 0.35, 0.55, 0.6
INVALID_VERDICTS = 6  # pairbench's exit code for a run that is whole, with pairs that could not be scored


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    checkpoint: tuple[str, ...]  # options of make_checkpoint.py
    decoder: tuple[str, ...]  # options of make_decoder.py
    lengths: tuple[int, ...]
    tokens: int  # of each length
    mix: int  # pairs of the real mix
    pairs: int  # of the whole run
    budgets: tuple[int, ...]  # padded tokens in a peer's batch: each is tried
    product: int  # side of the square matrices
    repeats: int
    checked: tuple[int, ...]  # lengths of the rows that the CPU scores, too


# PairRM-hf's vocabulary: the file is as large as the real one, and so is the time to read it.
FULL = Scale(("--vocab", "128005"), (), (128, 512, 1024, 2048), 32_768, 100, 2985, (8192, 32_768), 8192, 5, (64, 128, 256))
SMALL = Scale(
    ("--layers", "2", "--hidden", "64", "--heads", "4", "--intermediate", "128"),
    ("--layers", "2", "--hidden", "64", "--intermediate", "128", "--vocab", "1113"),
    (32, 64),
    512,
    4,
    12,
    (256, 1024),
    256,
    2,
    (32,),
)
ROUNDS = 2


@dataclass
class Session:
    """What all steps share."""

    args: argparse.Namespace
    scale: Scale
    clock: Clock
    report: Report
    pairbench: Pairbench
    work: Path
    failed: bool = False

    @contextmanager
    def step(self, name: str):
        """Notes a failure instead of ending; the report is written either way."""
        print(f"{self.clock.spent:4.0f} s: {name}", file=sys.stderr)
        try:
            yield
        except Failed as error:
            self.note(f"{name} {error}")
        self.report.save()

    def note(self, text: str) -> None:
        self.failed = True
        self.report.notes.append(text)
        print(f"note: {text}", file=sys.stderr)

    @property
    def torch_device(self) -> str:
        """PyTorch's name: the GPU of the same number, by whichever way pairbench reaches it."""
        kind, _, number = self.args.device.split(",")[0].partition(":")
        return "cpu" if kind == "cpu" else f"cuda:{number or 0}"


def gpu(number: str) -> str:
    """The card as the driver names it."""
    line = first_line(
        "nvidia-smi", f"--id={number}", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"
    )
    name, memory, driver = (line.split(", ") + ["", ""])[:3]
    return f"{name}, {memory}, driver {driver}" if driver else "unknown (no nvidia-smi)"


def wanted(parts: list[str] | None, peer: str) -> bool:
    """Whether a peer is to be timed: all, or those of whose name a part was given."""
    return parts is None or any(part in peer for part in parts)


def parts_of_names(text: str) -> list[str]:
    """The value of --peers: parts of the peers' names, or `none`."""
    parts = [part for part in text.split(",") if part]
    for part in parts:
        if part != "none" and not any(part in peer for peer in PEERS):
            raise argparse.ArgumentTypeError(f"no peer is called {part!r}: {', '.join(PEERS)}, or none")
    return parts


def facts(s: Session) -> dict[str, str]:
    """The heading; returns the peers that are missing, with the reason."""
    report, scale = s.report, s.scale
    device = s.torch_device
    if device != "cpu":
        report.facts.append(f"GPU: {gpu(device.partition(':')[2])}; pairbench's --device {s.args.device}")
    report.facts.append(
        f"CPU: {cpu_model()}, {os.cpu_count()} logical cores; load average {load_average()} before the start"
    )
    with s.step("pairbench doctor"):
        doctor = run([s.args.pairbench, "doctor"], s.clock.limit(30))[0]
        said = [" ".join(line.split()) for line in doctor.splitlines() if line.startswith(("version", "device"))]
        # A copy without its history has no commit; the hash of the code is in the version.
        packed = ROOT / "commit"  # kit.sh's
        if packed.exists():
            known = [f"commit {packed.read_text().strip()[:12]}"]
        else:
            known = [f"commit {commit()}"] if (ROOT / ".git").exists() else []
        report.facts.append("; ".join([*said, *known]))

    missing = dict.fromkeys(PEERS, "could not be looked for")
    with s.step("looking for peers"):
        found = json.loads(run([sys.executable, HERE / "peers.py", "list", "--device", device], s.clock.limit(60))[0])
        missing = {name: "not asked for" for name in PEERS if not wanted(s.args.peers, name)} | found["missing"]
        there = [name for name in found["there"] if name not in missing]
        report.facts.append(
            ", ".join(found["versions"]) + f"; peers: {', '.join(there) or 'none, pairbench is timed alone'}"
        )
    report.facts += [f"Not timed: {name} ({reason})" for name, reason in missing.items()]
    batch = s.args.batch_tokens or "its default"
    report.facts.append(
        f"{ROUNDS} rounds by turns, forwards and backwards. A run is the median of {scale.repeats} passes in a process that"
        " has loaded the model and done a pass (pairbench: a row) before; slow peers repeat less."
        " Speeds are those of the best run."
        f" Peers: f32 without TF32, rows sorted by length, the best batch of {' and '.join(map(str, scale.budgets))} tokens;"
        f" pairbench: {batch} tokens in a batch"
    )
    report.facts.append("TFLOP/s counts the model's own arithmetic without padding, the same for every engine")
    if not s.args.checkpoint:
        report.facts.append(
            "With random weights margins are near 0: more of the timed model's verdicts turn than a trained one's would"
        )
    return missing


def product(s: Session) -> None:
    """What this machine's matrix units can do."""
    size = s.scale.product
    with s.step(f"the {size}^3 matrix product"):
        command = [sys.executable, HERE / "peers.py", "peak", "--device", s.torch_device, "--size", size]
        s.report.peaks = json.loads(run(command, s.clock.limit(60))[0])
        rates = ", ".join(f"{name} {rate / 1e12:.1f}" for name, rate in s.report.peaks.items())
        s.report.facts.append(
            f"Matrix product of {size}^3 in PyTorch on random data: {rates} TFLOP/s (f32 without TF32)"
        )


def checkpoint(s: Session) -> Path:
    """The random checkpoint: given, there already, or made now."""
    path = s.args.checkpoint or s.work / ("checkpoint-small" if s.args.small else "checkpoint")
    if not (path / "model.safetensors").is_file():
        print(f"{s.clock.spent:4.0f} s: making a checkpoint", file=sys.stderr)
        script = PEER / "make_checkpoint.py" if find_spec("safetensors") else HERE / "checkpoint.py"
        run([sys.executable, script, path, *s.scale.checkpoint], s.clock.limit(120))
    config = read_config(path)
    keys = ("num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size", "vocab_size")
    s.report.facts.append(
        f"Model: {'given' if s.args.checkpoint else 'random weights'}, {', '.join(f'{key} {config.get(key)}' for key in keys)},"
        f" stored as {config.get('torch_dtype', 'unknown')}"
    )
    return path


def golden(name: str, longest: int = 512) -> tuple[list[Row], list[float], list[bool]]:
    """Both orders of a golden checkpoint's cases, the recorded logits, and which verdicts are no near ties. Short rows and
    one long case: the CPU scores them, too."""
    config = read_config(GOLDEN / "models" / name)
    rows: list[Row] = []
    logits: list[float] = []
    decided: list[bool] = []
    long = 1
    for line in (GOLDEN / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        orders = [case.get("ids_ab") or [], case.get("ids_ba") or []]
        scored = isinstance((case.get("f32") or {}).get("logit_ab"), float)
        if not scored or any(ids.count(marker) != 1 for ids in orders for marker in markers(config)):
            continue
        if max(map(len, orders)) > longest:
            long -= 1
            if long < 0:
                continue
        rows += orders
        logits += [case["f32"]["logit_ab"], case["f32"]["logit_ba"]]
        decided.append(case["ids_equal"] or not case["near_tie"])
    return rows, logits, decided


@dataclass
class Checked:
    """A checkpoint whose logits are compared."""

    name: str
    path: Path
    rows: list[Row]
    recorded: list[float] | None
    decided: list[bool] | None  # which verdicts are no near ties
    exact: list[float] | None = None  # the device's in f32, once they are there

    def ids(self, s: Session) -> Path:
        return s.work / f"check-{self.name}.jsonl"

    def scored(self, s: Session, dtype: str, device: str | None = None) -> list[float]:
        return s.pairbench.bench(self.path, self.ids(s), self.rows, dtype, s.clock.limit(60), device=device).logits

    def compare(self, s: Session, what: str, one: list[float], other: list[float], allowed: bool) -> None:
        scale = max(1.0, *map(abs, other))
        pairs = sum(self.decided) if self.decided else 0
        differ = turned(one, other, self.decided) if self.decided else None
        found = Check(
            self.name, what, len(self.rows), difference(one, other), TOLERANCE * scale if allowed else None, differ, pairs
        )
        s.report.checks.append(found)
        if not found.good or (allowed and differ):
            s.note(f"{self.name}: {what}: max difference {found.difference:.1e}, {differ or 0} verdicts differ")

    def exactly(self, s: Session) -> None:
        """f32 against the recorded logits and against the CPU."""
        with s.step(f"checking {self.name}"):
            write_rows(self.ids(s), self.rows)
            self.exact = self.scored(s, "f32")
            if self.recorded:
                self.compare(s, "f32 against the recorded logits", self.exact, self.recorded, True)
            self.compare(s, "f32 against pairbench on the CPU", self.exact, self.scored(s, "f32", "cpu"), True)

    def in_half(self, s: Session, dtype: str) -> None:
        """Half precision against f32."""
        if self.exact is not None:
            with s.step(f"checking {self.name} in {dtype}"):
                self.compare(s, f"{dtype} against f32", self.scored(s, dtype), self.exact, False)


def checkpoints_to_check(s: Session, full: Path) -> list[Checked]:
    """The timed one and the golden ones, pair models first."""
    config = read_config(full)
    rows = [row for length in s.scale.checked for row in fixed_rows(config, length, 2, seed=2)]
    found = [Checked("the timed one", full, rows, None, None)]
    for path in sorted((GOLDEN / "models").iterdir(), key=lambda path: path.name not in MAIN_FAMILIES):
        # Some golden checkpoints have no tokenizer of their own. Rows are ids, so any will do.
        copy = s.work / "golden" / path.name
        shutil.copytree(TINY, copy, dirs_exist_ok=True)
        shutil.copytree(path, copy, dirs_exist_ok=True)
        found.append(Checked(path.name, copy, *golden(path.name)))
    return found + [Checked(path.name, path, *decoder.golden(path.name), None) for path in decoder.checkpoints()]


def checks(s: Session, full: Path) -> None:
    for binary in s.args.test:
        with s.step(f"tests of {binary.name}"):
            output, seconds = run([binary], s.clock.limit(120))
            results = [line for line in output.splitlines() if line.startswith("test result:")]
            s.report.tests.append(
                f"{binary.name.rpartition('-')[0] or binary.name}: {' '.join(results)} ({seconds:.0f} s)"
            )
    s.report.facts.append(
        f"Allowed: {TOLERANCE} times the largest logit, at least {TOLERANCE}. Near ties of the golden cases count for no verdict."
        " Half precision has no limit here: its line says what it costs"
    )
    # f32 of all first: it is what can be wrong. Half precision takes its time, for products that are measured first.
    every = checkpoints_to_check(s, full)
    halves = [dtype for dtype in s.args.dtypes if dtype != "f32"]
    todo = [(one, "f32") for one in every] + [(one, dtype) for one in every for dtype in halves]
    for at, (one, dtype) in enumerate(todo):
        if s.clock.spent > CHECKS_END * s.args.seconds:
            s.note("not checked for lack of time: " + ", ".join(f"{one.name} in {dtype}" for one, dtype in todo[at:]))
            break
        if dtype == "f32":
            one.exactly(s)
        else:
            one.in_half(s, dtype)


def whole(s: Session, path: Path, pairs: Path) -> None:
    """Three times: the first meets kernels that were never compiled for these shapes."""
    out = s.work / "run"
    command = [s.args.pairbench, "run", "--model", f"timed={path}", "--data", pairs, "--device", s.args.device]
    command += ["--no-cache", "--offline", "--out", out, *s.pairbench.options()]
    for name in ("first", "second", "third"):
        if s.report.whole and s.clock.spent > WHOLE_END * s.args.seconds:
            s.note(f"the whole run was not repeated a {name} time, for lack of time")
            return
        shutil.rmtree(out, ignore_errors=True)
        with s.step(f"the whole run, {name}"):
            _, seconds = run(command, s.clock.limit(90), accept=(0, INVALID_VERDICTS))
            record = json.loads((out / "run.json").read_text(encoding="utf-8"))
            model, plan = record["models"][0], record["plan"]
            s.report.whole.append(
                WholeRun(
                    name, seconds, model["seconds"] or 0.0, model["tokens"], str(plan["dtype"]), str(plan["device"])
                )
            )


def estimated(characters: int) -> int:
    """Tokens of a row with so many characters in its texts, by CHARACTERS_PER_TOKEN."""
    return min(2048, TEMPLATE_TOKENS + round(characters / CHARACTERS_PER_TOKEN))


def workloads(s: Session, path: Path, pairs: Path, said: str) -> list[Workload]:
    """Rows of each fixed length, and the mix."""
    config = read_config(path)
    counts = [max(2, s.scale.tokens // length) for length in s.scale.lengths]
    found = [
        Workload(f"{n} tokens", fixed_rows(config, n, count, 1))
        for n, count in zip(s.scale.lengths, counts, strict=True)
    ]
    if find_spec("tokenizers"):
        rows, name = data_rows(path, pairs, s.scale.mix), "The real mix" if s.args.data else "A made-up mix"
    else:
        name = "A mix of estimated lengths"
        texts = [json.loads(line) for line in pairs.read_text(encoding="utf-8").split("\n") if line]
        characters = [sum(len(text[key]) for key in ("prompt", "chosen", "rejected")) for text in texts]
        some = characters[:: -(-len(texts) // s.scale.mix)]
        rows = [row for at, n in enumerate(some) for row in fixed_rows(config, estimated(n), 2, at)]
    found.append(Workload(name, rows, f"{len(rows) // 2} evenly spaced ones of {said}"))
    return found


def started(s: Session, path: Path, missing: dict[str, str]) -> dict[str, Peer]:
    """The peers that have loaded the model; all load at once."""
    peers = {}
    for name in PEERS:
        if name not in missing:
            peers[name] = Peer(name, path, s.torch_device, s.work / f"{name.replace(' ', '-')}.log")
    for name in list(peers):
        with s.step(f"loading {name}"):
            try:
                peers[name].ready(s.clock.limit(120))
            except Failed:
                peers.pop(name).end()
                raise
    return peers


def timings(s: Session, path: Path, timed: list[Workload], peers: dict[str, Peer]) -> None:
    """All engines by turns on each workload, then all again backwards."""
    report = s.report
    own = {f"pairbench {dtype}": dtype for dtype in s.args.dtypes}
    strikes = dict.fromkeys([*own, *peers], 0)
    # The mix first: if the time does not last, it is what matters most.
    order = timed[-1:] + timed[:-1]
    files = {workload.name: s.work / f"rows-{at}.jsonl" for at, workload in enumerate(order)}
    for workload in order:
        write_rows(files[workload.name], workload.rows)

    def measured(name: str, workload: Workload) -> None:
        results = report.results.setdefault(workload.name, {})
        ids = files[workload.name]
        if name in own:
            answer = s.pairbench.bench(path, ids, workload.rows, own[name], s.clock.limit(60), s.scale.repeats)
            report.flops.setdefault(workload.name, answer.flops or 0.0)
        else:
            peer = PEERS[name]
            before = results.get(name) or (results.get(f"PyTorch eager {peer.dtype}") if peer.compiled else None)
            budgets = [before.batch] if before and before.batch else list(s.scale.budgets)
            limit = s.clock.limit(150 if peer.compiled else 60)
            answer = peers[name].score(ids, workload.rows, budgets, s.scale.repeats, limit)
        runs = results.setdefault(name, Runs(answer.dtype))
        runs.seconds.append(answer.seconds)
        runs.logits, runs.batch = answer.logits, answer.batch or (s.args.batch_tokens if name in own else None)

    for turn in range(ROUNDS):
        for workload in order:
            names = list(strikes) if turn == 0 else list(strikes)[::-1]
            for name in names:
                if s.clock.left < 5:
                    s.note(
                        f"the time was over in round {turn + 1}, at {workload.name}: what is missing was not measured"
                    )
                    report.save()
                    return
                # A peer that did not answer in time may answer later, to another question: no more of it.
                if strikes[name] >= 2:
                    continue
                with s.step(f"{name}, {workload.name}, round {turn + 1}:"):
                    try:
                        measured(name, workload)
                    except Failed as error:
                        strikes[name] += 2 if "limit" in str(error) else 1
                        raise


def steps(s: Session) -> None:
    missing = facts(s)
    s.report.save()
    if len(missing) < len(PEERS):
        product(s)
    else:
        s.report.facts.append("The matrix product was not measured: nothing is timed with PyTorch")
    full = checkpoint(s)
    checks(s, full)

    pairs = s.work / "pairs.jsonl"
    command = [sys.executable, HERE / "pairs.py", pairs, "--pairs", s.scale.pairs]
    said = run([*command, *(["--data", s.args.data] if s.args.data else [])], s.clock.limit(60))[0].strip()
    s.report.pairs = said
    s.report.facts.append(
        f"Pairs: {said}. The golden tokenizer has 4,096 pieces and makes a token of about 1.9 characters of such texts;"
        " PairRM's own has 128,000, so the same pairs are fewer tokens there"
    )
    whole(s, full, pairs)
    if s.clock.spent < DECODER_BEGIN * s.args.seconds:
        decoder.timings(s)
    else:
        s.note("the decoder was not measured, for lack of time")

    mine = workloads(s, full, pairs, said)
    s.report.workloads[:0] = mine
    peers = started(s, full, missing)
    try:
        timings(s, full, mine, peers)
    finally:
        for peer in peers.values():
            peer.end()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairbench", type=Path, required=True, metavar="BIN")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.md")
    parser.add_argument("--seconds", type=float, default=540)
    parser.add_argument("--data", type=Path, metavar="FILE")
    parser.add_argument("--test", type=Path, action="append", default=[], metavar="BIN")
    parser.add_argument("--checkpoint", type=Path, metavar="DIR")
    parser.add_argument("--batch-tokens", type=int)
    parser.add_argument(
        "--dtypes", type=lambda text: text.split(","), default=OWN_DTYPES, help="pairbench's; f32 is always checked"
    )
    parser.add_argument(
        "--peers", type=parts_of_names, help="parts of the names of those to time (default: all)"
    )
    parser.add_argument("--small", action="store_true")
    return parser.parse_args()


def ended(*_: object) -> None:
    raise SystemExit("ended by a signal; the result has what was measured until then")


def main() -> None:
    args = arguments()
    signal.signal(signal.SIGTERM, ended)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    work = ROOT / "target" / "gpu"
    work.mkdir(parents=True, exist_ok=True)
    title = f"pairbench on a GPU, {date.today().isoformat()}"
    if args.small:
        title += ": a trial of the script on a small model, no figures of speed"
    report = Report(args.out, title)
    scale = SMALL if args.small else FULL
    s = Session(
        args, scale, Clock(args.seconds), report, Pairbench(args.pairbench, args.device, args.batch_tokens), work
    )
    try:
        steps(s)
    except Failed as error:
        s.note(f"the rest is missing: a step that it needs {error}")
    finally:
        report.facts.append(f"{s.clock.spent / 60:.1f} minutes in all")
        report.save()
    raise SystemExit(1 if s.failed else 0)


if __name__ == "__main__":
    main()
