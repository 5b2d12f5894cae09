"""The result file: what is known so far, as Markdown. It is written again after every step, so that a run which is cut
off keeps what it has measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

Row = Sequence[int]


@dataclass
class Workload:
    """Token rows under a name; `pairs` says which, where each two rows are the orders of one pair."""

    name: str
    rows: list[list[int]]
    pairs: str = ""

    @property
    def tokens(self) -> int:
        return sum(map(len, self.rows))


@dataclass
class Runs:
    """What one engine gave for one workload."""

    dtype: str
    seconds: list[float] = field(default_factory=list)
    logits: list[float] = field(default_factory=list)
    batch: int | None = None

    @property
    def best(self) -> float:
        """Of a few runs, each a median itself, what disturbs a machine least: a mean of two keeps every disturbance."""
        return min(self.seconds)


@dataclass
class Check:
    """A comparison of logits."""

    model: str
    what: str
    rows: int
    difference: float
    allowed: float | None
    turned: int | None  # verdicts that differ, of `pairs`
    pairs: int

    @property
    def good(self) -> bool:
        # A NaN is smaller than nothing.
        return self.allowed is None or self.difference <= self.allowed


@dataclass
class WholeRun:
    """`pairbench run` on as many pairs as RewardBench has."""

    name: str
    seconds: float
    scoring: float
    tokens: int
    dtype: str
    device: str


def difference(one: Sequence[float], other: Sequence[float]) -> float:
    """The largest one; NaN where anything is."""
    apart = [abs(x - y) for x, y in zip(one, other, strict=True)]
    # max() can lose a NaN; a sum cannot.
    return float("nan") if sum(apart) != sum(apart) else max(apart, default=0.0)


def verdicts(logits: Sequence[float]) -> list[str]:
    """By the margin of each two rows."""
    margins = (ab - ba for ab, ba in zip(logits[::2], logits[1::2], strict=True))
    return ["correct" if m > 0 else "wrong" if m < 0 else "tie" if m == 0 else "invalid" for m in margins]


def turned(one: Sequence[float], other: Sequence[float], decided: Sequence[bool] | None = None) -> int:
    """Pairs whose verdicts differ, of those that are decided."""
    both = list(zip(verdicts(one), verdicts(other), strict=True))
    return sum(x != y for (x, y), counts in zip(both, decided or [True] * len(both), strict=True) if counts)


@dataclass
class Report:
    """Everything for the file."""

    out: Path
    title: str
    facts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    whole: list[WholeRun] = field(default_factory=list)
    pairs: str = ""
    peaks: dict[str, float] = field(default_factory=dict)
    flops: dict[str, float] = field(default_factory=dict)  # of a workload
    workloads: list[Workload] = field(default_factory=list)
    results: dict[str, dict[str, Runs]] = field(default_factory=dict)

    def save(self) -> None:
        lines = [
            f"# {self.title}",
            "",
            *(f"- {fact}" for fact in self.facts),
            *(f"- Note: {note}" for note in self.notes),
            "",
            *self._goals(),
            *self._checks(),
            *self._whole(),
            *(line for workload in self.workloads for line in self._workload(workload)),
        ]
        part = self.out.with_name(self.out.name + ".part")
        part.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
        part.rename(self.out)

    def _rate(self, workload: Workload, runs: Runs) -> float | None:
        flops = self.flops.get(workload.name)
        return flops / runs.best if flops else None

    def _best(self, results: dict[str, Runs], own: bool) -> tuple[str, float] | None:
        found = [(r.best, name) for name, r in results.items() if r.seconds and is_own(name) == own]
        return (min(found)[1], min(found)[0]) if found else None

    def _goals(self) -> list[str]:
        lines = []
        if self.whole:
            best = min(run.seconds for run in self.whole)
            lines.append(f"- The whole set from process start to table: {best:.1f} s (goal: under 10 s)")
        for workload in self.workloads:
            results = self.results.get(workload.name, {})
            own, peer = self._best(results, True), self._best(results, False)
            if own is None:
                continue
            said = f"- {workload.name}: {own[0]}"
            said += f", {peer[1] / own[1]:.2f}x the speed of {peer[0]} (goal: 3x)" if peer else ", no peer measured"
            rate, peak = self._rate(workload, results[own[0]]), self.peaks.get(results[own[0]].dtype)
            if rate and peak:
                said += f", {100 * rate / peak:.0f} % of the measured matrix product (goal: 50 %)"
            lines.append(said)
        return ["## In short", "", *lines, ""] if lines else []

    def _checks(self) -> list[str]:
        if not self.checks and not self.tests:
            return []
        lines = ["## Is it right", "", *(f"- {line}" for line in self.tests), *([""] if self.tests else [])]
        if self.checks:
            lines += [
                "| checkpoint | compared | rows | max abs difference | allowed | verdicts that differ | |",
                "|---|---|--:|--:|--:|--:|---|",
            ]
        for c in self.checks:
            allowed = "" if c.allowed is None else f"{c.allowed:.1e}"
            pairs = "" if c.turned is None else f"{c.turned} of {c.pairs}"
            word = "" if c.allowed is None else "good" if c.good else "**WRONG**"
            lines.append(f"| {c.model} | {c.what} | {c.rows} | {c.difference:.1e} | {allowed} | {pairs} | {word} |")
        return [*lines, ""]

    def _whole(self) -> list[str]:
        if not self.whole:
            return []
        lines = [
            "## From process start to table",
            "",
            f"`pairbench run` on {self.pairs}, by the default dtype; nothing from the verdict cache.",
            "",
            "| run | seconds | of them scoring | tokens | tokens/s while scoring | dtype | device |",
            "|---|--:|--:|--:|--:|---|---|",
        ]
        for run in self.whole:
            rate = f"{run.tokens / run.scoring:.0f}" if run.scoring else ""
            lines.append(
                f"| {run.name} | {run.seconds:.2f} | {run.scoring:.2f} | {run.tokens} | {rate} | {run.dtype} | {run.device} |"
            )
        return [*lines, ""]

    def _workload(self, workload: Workload) -> list[str]:
        results = {name: runs for name, runs in self.results.get(workload.name, {}).items() if runs.seconds}
        if not results:
            return []
        lengths = [len(row) for row in workload.rows]
        spread = f"{min(lengths)} to {max(lengths)} tokens, mean {mean(lengths):.0f}"
        base = next((name for name in ("PyTorch eager f32", "pairbench f32") if name in results), next(iter(results)))
        peer = self._best(results, own=False)
        lines = [
            f"## {workload.name}",
            "",
            *([f"{workload.pairs}, both orders.", ""] if workload.pairs else []),
            f"{len(lengths)} rows, {spread if min(lengths) < max(lengths) else f'{lengths[0]} tokens each'},"
            f" {workload.tokens} tokens. Differences are from {base}.",
            "",
            "| engine | runs | best s | worst s | tokens/s | pairs/s | TFLOP/s | of the product | against the best peer"
            " | tokens in a batch | max abs logit difference |" + (" verdicts that differ |" if workload.pairs else ""),
            "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|" + ("--:|" if workload.pairs else ""),
        ]
        for name, runs in results.items():
            seconds, rate, peak = runs.best, self._rate(workload, runs), self.peaks.get(runs.dtype)
            cells = [
                name,
                str(len(runs.seconds)),
                f"{seconds:.4f}",
                f"{max(runs.seconds):.4f}",
                f"{workload.tokens / seconds:.0f}",
                f"{len(lengths) / 2 / seconds:.1f}",
                f"{rate / 1e12:.1f}" if rate else "",
                f"{100 * rate / peak:.0f} %" if rate and peak else "",
                f"{peer[1] / seconds:.2f}x" if peer else "",
                str(runs.batch or "default"),
                "" if name == base else f"{difference(runs.logits, results[base].logits):.1e}",
            ]
            if workload.pairs:
                same = turned(runs.logits, results[base].logits)
                cells.append("" if name == base else f"{same} of {len(lengths) // 2}")
            lines.append(f"| {' | '.join(cells)} |")
        return [*lines, ""]


def is_own(engine: str) -> bool:
    return engine.startswith("pairbench")
