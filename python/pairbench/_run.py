"""Scores models on pairs."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Optional, Union

from pairbench import _gate
from pairbench._data import as_file
from pairbench._frames import Library, read_parquet
from pairbench._process import Finished, Progress, execute
from pairbench.errors import NotAvailableError

if TYPE_CHECKING:
    from pairbench._data import Data

Side = Union["Run", str, os.PathLike[str], tuple[Union["Run", str, os.PathLike[str]], str]]
"""A run, its directory or a published table; with a model's name where there are several."""
Models = Union[Sequence[Union[str, os.PathLike[str]]], Mapping[str, Union[str, os.PathLike[str]]]]
"""Checkpoints: directories or `owner/name[@revision]`, with `,template=T` where they need one."""
ReportFormat = Literal[
    "table",
    "plot",
    "markdown",
    "model-card",
    "html",
    "svg",
    "json",
    "csv",
    "latex",
    "junit",
    "github",
]


class Run:
    """A finished run: what `pairbench run --out DIRECTORY` left.

    Attributes:
        directory: Where its files are. A directory that `run` chose itself is removed with the last
            reference to the run.
        comparison: With `against`, the comparison document (docs/schema/comparison.v1.json).
        gate: With `against`, what became of the rules.
    """

    def __init__(self, directory: Union[str, os.PathLike[str]]) -> None:
        self.directory = Path(directory)
        self.comparison: Optional[dict[str, Any]] = None
        self.gate: tuple[_gate.RuleOutcome, ...] = ()
        self._temporary: Optional[tempfile.TemporaryDirectory[str]] = None
        if not (self.directory / "run.json").is_file():
            raise NotAvailableError(
                f"no finished run: {self.directory}",
                exit_code=5,
                hint="a run directory is what `pairbench run --out DIR` leaves",
            )

    @cached_property
    def summary(self) -> dict[str, Any]:
        """All figures, with their intervals: `summary.json` (docs/schema/summary.v2.json)."""
        return self._json("summary.json")

    @cached_property
    def record(self) -> dict[str, Any]:
        """What was run, on what and how fast: `run.json` (docs/schema/run.v1.json)."""
        return self._json("run.json")

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models."""
        return tuple(self.summary["models"])

    @cached_property
    def table(self) -> str:
        """The comparative table, as the command line prints it."""
        return self.report("table")

    @cached_property
    def verdicts(self) -> Any:
        """A row for each model and pair.

        It is a frame of polars, pandas or pyarrow: the first of them that is installed.
        """
        return self.read_verdicts()

    def read_verdicts(self, library: Optional[Library] = None) -> Any:
        """`verdicts` as a frame of the library of your choice."""
        return read_parquet(self.directory / "verdicts.parquet", library)

    def report(self, format: ReportFormat) -> str:
        """The run in any format of `pairbench report`."""
        finished = execute(
            ["report", f"--format={format}", "--", str(self.directory)], progress=False
        )
        if finished.exit_code != 0:
            finished.fail()
        return finished.stdout

    def __repr__(self) -> str:
        return f"Run({str(self.directory)!r})"

    def _json(self, name: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.directory / name).read_text("utf-8"))
        return document


def run(
    models: Optional[Models] = None,
    data: Optional[Data] = None,
    benchmark: Union[str, os.PathLike[str], None] = None,
    gate: _gate.Rules = (),
    against: Optional[Side] = None,
    *,
    out: Union[str, os.PathLike[str], None] = None,
    map: Optional[Mapping[str, str]] = None,
    subset: Union[str, Sequence[str]] = (),
    template: Optional[str] = None,
    device: Optional[str] = None,
    dtype: Optional[str] = None,
    limit: Optional[int] = None,
    batch_tokens: Optional[int] = None,
    threads: Optional[int] = None,
    seed: Optional[int] = None,
    revision: Optional[str] = None,
    allow_partial: bool = False,
    cache: bool = True,
    offline: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    strict_gate: bool = False,
    options: Sequence[str] = (),
    progress: Progress = True,
) -> Run:
    """Scores models on pairs, and with `against` asks a gate while it does.

    Arguments are the flags of `pairbench run`, which says more about each of them.

    Args:
        models: Checkpoints, with their names where it is a mapping; without any, three built-in
            demonstration models.
        data: Pairs: a path, a DataFrame of polars or pandas, a table of pyarrow, or rows as
            mappings, with `prompt`, `chosen`, `rejected` and where there are any `subset` and `id`.
        benchmark: A name or the path of a definition; with `data`, keeps only its subsets.
        gate: With `against`: rules that the one model must meet, or files of rules.
        against: A run to compare the one model with.
        out: Where the run is kept; without it, as long as the result is.
        map: Columns of other names: `{"prompt": "instruction"}` reads prompts from `instruction`.
        subset: Only subsets that match one of these patterns.
        cache: Whether verdicts may come from the cache, and are kept there.
        options: Further flags, as the command line has them.
        overwrite: Whether another run in `out` is replaced.
        progress: Where the binary's messages go: True is stderr, False nowhere, a function gets
            each as an `Event`, and how far the run is every second besides.

    Raises:
        PairbenchError: The class of the exit code, see `pairbench.errors`.
        KeyboardInterrupt: Ctrl-C; with `out`, `resume=True` goes on.
    """
    temporary = tempfile.TemporaryDirectory(prefix="pairbench-")
    directory = Path(temporary.name)
    given = {
        "--data": None if data is None else as_file(data, directory),
        "--map": map and ",".join(f"{name}={column}" for name, column in map.items()),
        "--benchmark": benchmark,
        "--against": None if against is None else side(against),
        "--template": template,
        "--device": device,
        "--dtype": dtype,
        "--limit": limit,
        "--batch-tokens": batch_tokens,
        "--threads": threads,
        "--seed": seed,
        "--revision": revision,
    }
    switches = {
        "--allow-partial": allow_partial,
        "--no-cache": not cache,
        "--offline": offline,
        "--overwrite": overwrite,
        "--resume": resume,
    }
    kept = Path(out) if out is not None else directory / "run"
    finished = execute(
        [
            "run",
            "--format=json",
            f"--out={kept}",
            *(f"--model={model}" for model in _models(models)),
            *(f"--subset={glob}" for glob in ([subset] if isinstance(subset, str) else subset)),
            *(f"{flag}={value}" for flag, value in given.items() if value is not None),
            *(flag for flag, is_on in switches.items() if is_on),
            *_gate.flags(gate, strict=strict_gate),
            *options,
        ],
        progress,
    )
    # These have found something, and then complain about it.
    if finished.exit_code not in (0, 3, 6, 8):
        finished.fail()
    result = _finished_run(kept, finished, temporary, is_compared=against is not None)
    if finished.exit_code != 0:
        finished.fail(result)
    return result


def side(value: Side) -> str:
    """A side of a comparison as the command line has it."""
    if isinstance(value, tuple):
        where, model = value
        return f"{side(where)}:{model}"
    return str(value.directory) if isinstance(value, Run) else os.fspath(value)


def _models(models: Optional[Models]) -> list[str]:
    if models is None:
        return []
    if isinstance(models, (str, os.PathLike)):  # one, where a list of one is meant
        return [os.fspath(models)]
    if not models:
        raise ValueError("no models: leave the argument out for the demonstration's")
    if isinstance(models, Mapping):
        return [f"{name}={os.fspath(spec)}" for name, spec in models.items()]
    return [os.fspath(model) for model in models]


def _finished_run(
    kept: Path,
    finished: Finished,
    temporary: tempfile.TemporaryDirectory[str],
    *,
    is_compared: bool,
) -> Run:
    result = Run(kept)
    # Reports read the pairs' texts again, so their file must last as long.
    result._temporary = temporary
    if is_compared:
        comparison = json.loads(finished.stdout)
        result.comparison, result.gate = comparison, _gate.outcomes(comparison)
    return result
