"""The decoder's part of gpu.py: its golden checkpoints, and a random one of Qwen3-0.6B's sizes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engines import ROOT, run
from report import Runs, Workload
from rows import fixed_rows, read_config, write_rows

if TYPE_CHECKING:
    from gpu import Session

DECODERS = ROOT / "tests" / "data" / "decoders"
MAKER = ROOT / "benchmarks" / "peer" / "make_decoder.py"


def checkpoints() -> list[Path]:
    """The golden ones."""
    return sorted((DECODERS / "models").iterdir())


def golden(name: str, longest: int = 512) -> tuple[list[list[int]], list[float]]:
    """A golden checkpoint's rows and recorded scores. `bench` takes ids alone, so a case whose first token is masked, a
    doubled BOS, gives the row of the contract `card`, which has one BOS."""
    rows: list[list[int]] = []
    scores: list[float] = []
    for line in (DECODERS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        if case.get("masked_first"):
            case = case["card"]
        if isinstance(case.get("ids"), list) and len(case["ids"]) <= longest:
            rows.append(case["ids"])
            scores.append(case["f32"])
    return rows, scores


def timings(s: Session) -> None:
    """pairbench alone on rows of fixed lengths, once: the peers of gpu.py have no decoder."""
    path = s.work / ("decoder-small" if s.args.small else "decoder")
    with s.step("making a decoder"):
        if not (path / "config.json").is_file():
            run([sys.executable, MAKER, path, *s.scale.decoder], s.clock.limit(120))
        config = read_config(path)
        for length in s.scale.lengths:
            workload = Workload(f"Decoder, {length} tokens", fixed_rows(config, length, max(2, s.scale.tokens // length), 1))
            s.report.workloads.append(workload)
            for dtype in s.args.dtypes:
                with s.step(f"pairbench {dtype}, {workload.name}:"):
                    timed(s, path, workload, dtype)


def timed(s: Session, path: Path, workload: Workload, dtype: str) -> None:
    """One engine's line of the result."""
    ids = s.work / "rows-decoder.jsonl"
    write_rows(ids, workload.rows)
    answer = s.pairbench.bench(path, ids, workload.rows, dtype, s.clock.limit(30), s.scale.repeats)
    runs = Runs(answer.dtype, [answer.seconds], answer.logits, s.args.batch_tokens)
    s.report.results.setdefault(workload.name, {})[f"pairbench {dtype}"] = runs
    s.report.flops.setdefault(workload.name, answer.flops or 0.0)
