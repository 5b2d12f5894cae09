"""Compares two runs, or a run and a published table, pair by pair."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal, Optional

from pairbench import _gate
from pairbench._process import Finished, execute
from pairbench._run import Side, side

ComparisonFormat = Literal[
    "table", "plot", "markdown", "html", "svg", "json", "csv", "junit", "github"
]


class Comparison:
    """Two models beside each other on the same pairs.

    Attributes:
        summary: All figures: what docs/schema/comparison.v1.json describes.
        gate: What became of the rules.
    """

    def __init__(self, arguments: Sequence[str], summary: dict[str, Any], sides: object) -> None:
        self.summary = summary
        self.gate = _gate.outcomes(summary)
        self._arguments = tuple(arguments)
        # Directories of runs that nobody else refers to must last as long.
        self._sides = sides

    @cached_property
    def table(self) -> str:
        """The comparison as the command line prints it."""
        return self.report("table")

    def report(self, format: ComparisonFormat) -> str:
        """The comparison in any format of `pairbench compare`."""
        finished = _execute(self._arguments, format)
        if finished.exit_code not in (0, 3, 8):
            finished.fail()
        return finished.stdout

    def __repr__(self) -> str:
        return f"Comparison({self.summary['baseline']!r}, {self.summary['candidate']!r})"


def compare(
    baseline: Side,
    candidate: Side,
    gate: _gate.Rules = (),
    *,
    strict_gate: bool = False,
    allow_partial: bool = False,
    flips: Optional[int] = None,
    options: Sequence[str] = (),
) -> Comparison:
    """Compares a candidate with the last good run, or with a published table.

    Args:
        baseline: The last good run, or a published table such as `model-card:PairRM-hf`.
        candidate: The run to judge.
        gate: Rules that the candidate must meet, or files of rules.
        strict_gate: Whether a rule that is neither passed nor failed raises, too.
        allow_partial: Whether a candidate that lacks pairs of the baseline is compared on the rest;
            no rule that lacks pairs can pass then.
        flips: How many of the pairs whose verdict changed `summary` lists.
        options: Further flags, as the command line has them.

    Raises:
        GateFailedError: A rule failed; `result` is the comparison.
        GateInconclusiveError: With `strict_gate`; `result` is the comparison.
        PairbenchError: The class of any other exit code, see `pairbench.errors`.
    """
    arguments = _gate.flags(gate, strict=strict_gate)
    if allow_partial:
        arguments.append("--allow-partial")
    if flips is not None:
        arguments.append(f"--flips={flips}")
    arguments += [*options, "--", side(baseline), side(candidate)]
    finished = _execute(arguments, "json")
    if finished.exit_code not in (0, 3, 8):
        finished.fail()
    comparison = Comparison(arguments, json.loads(finished.stdout), (baseline, candidate))
    if finished.exit_code != 0:
        finished.fail(comparison)
    return comparison


def _execute(arguments: Sequence[str], format: ComparisonFormat) -> Finished:
    return execute(["compare", f"--format={format}", *arguments], progress=False)
