"""What scores token rows for gpu.py, each in a process of its own and within a time limit: pairbench, which starts anew
for every workload, and the peers, which stay with their models loaded."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# Kernels are kept here from one run to the next; no run asks for verdicts that an earlier one has kept.
ENVIRONMENT = os.environ | {"PAIRBENCH_CACHE": str(ROOT / "target" / "gpu" / "cache")}


class Failed(Exception):
    """Why there is no usable answer."""


class Clock:
    """What is left of the whole time."""

    def __init__(self, seconds: float) -> None:
        self._start = time.monotonic()
        self._end = self._start + seconds

    @property
    def spent(self) -> float:
        return time.monotonic() - self._start

    @property
    def left(self) -> float:
        return self._end - time.monotonic()

    def limit(self, seconds: float, least: float = 3.0) -> float:
        """`seconds`, or what is left of them; no step begins when that is next to nothing."""
        if self.left < least:
            raise Failed("was not started: the time is over")
        return min(seconds, self.left)


def run(command: Sequence[object], limit: float, accept: Sequence[int] = (0,)) -> tuple[str, float]:
    """stdout of a command and its seconds from start to end."""
    start = time.perf_counter()
    try:
        done = subprocess.run(
            list(map(str, command)),
            cwd=ROOT,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"ran past its limit of {limit:.0f} s") from error
    except OSError as error:
        raise Failed(f"cannot be started ({error.strerror})") from error
    seconds = time.perf_counter() - start
    if done.returncode not in accept:
        raise Failed(f"ended with exit code {done.returncode}: {last_words(done.stderr)}")
    return done.stdout, seconds


def last_words(text: str) -> str:
    """The end of what was said, on one line; paths are the reader's business, not the table's."""
    return " ".join(text.replace(str(ROOT) + os.sep, "").split())[-300:]


@dataclass
class Answer:
    """What one run measured."""

    dtype: str
    seconds: float
    logits: list[float]
    flops: float | None = None
    batch: int | None = None
    device: str = ""


def parsed(text: str, rows: Sequence[Sequence[int]]) -> Answer:
    """The answer that pairbench and the peers have agreed on, for these rows."""
    try:
        answer = json.loads(text)
        (measured,) = answer["runs"]
        found = Answer(
            answer["dtype"],
            measured["seconds"],
            measured["logits"],
            measured.get("flops"),
            answer.get("batch_tokens"),
            str(answer.get("device", "")),
        )
        # JSON has no NaN: a logit that is none comes as null.
        found.logits = [float("nan") if value is None else float(value) for value in found.logits]
        same = len(found.logits) == measured["rows"] == len(rows) and measured["tokens"] == sum(map(len, rows))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Failed("gave no answer of the agreed form") from error
    if not same:
        raise Failed("scored other rows than it was given")
    return found


@dataclass
class Pairbench:
    """`pairbench bench` on one device."""

    binary: Path
    device: str
    batch_tokens: int | None

    def options(self) -> list[str]:
        return ["--batch-tokens", str(self.batch_tokens)] if self.batch_tokens else []

    def bench(
        self,
        checkpoint: Path,
        ids: Path,
        rows: Sequence[Sequence[int]],
        dtype: str,
        limit: float,
        repeats: int = 1,
        device: str | None = None,
    ) -> Answer:
        device = device or self.device
        command = [self.binary, "bench", "--model", checkpoint, "--ids", ids, "--device", device, "--dtype", dtype]
        command += ["--repeats", str(repeats), "--offline", "--format", "json", *self.options()]
        answer = parsed(run(command, limit)[0], rows)
        kind = device.partition(":")[0]
        # Times of another device would be worse than none.
        if kind not in ("auto", "") and kind not in answer.device.lower():
            raise Failed(f"computed on {answer.device or 'a device that it does not name'}")
        if dtype not in ("auto", answer.dtype):
            raise Failed(f"computed in {answer.dtype}")
        return answer


class Peer:
    """A process of peers.py with its model loaded."""

    def __init__(self, name: str, checkpoint: Path, device: str, log: Path) -> None:
        command = [
            sys.executable,
            str(HERE / "peers.py"),
            "serve",
            "--peer",
            name,
            "--model",
            str(checkpoint),
            "--device",
            device,
        ]
        # A group of its own, so that the compilers it starts end with it.
        with log.open("w", encoding="utf-8") as talk:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=talk,
                text=True,
                process_group=0,
            )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def _next(self, limit: float) -> str:
        try:
            line = self._lines.get(timeout=limit)
        except queue.Empty as error:
            raise Failed(f"ran past its limit of {limit:.0f} s") from error
        if not line:
            raise Failed("ended without an answer")
        message: dict[str, Any] = json.loads(line)
        if "error" in message:
            raise Failed(f"failed: {message['error']}")
        return line

    def ready(self, limit: float) -> None:
        """Waits until it has loaded."""
        self._next(limit)

    def score(self, ids: Path, rows: Sequence[Sequence[int]], budgets: list[int], repeats: int, limit: float) -> Answer:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"ids": str(ids), "budgets": budgets, "repeats": repeats}) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise Failed("ended before it was asked") from error
        return parsed(self._next(limit), rows)

    def end(self) -> None:
        """At once: there is nothing to keep."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
