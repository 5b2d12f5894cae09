"""What became of the rules of a gate."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Union

Rules = Union[str, os.PathLike[str], Sequence[Union[str, os.PathLike[str]]]]
"""Rules such as `drop:average:0.01`, and files of rules."""


@dataclass(frozen=True)
class RuleOutcome:
    """A rule and whether it is met.

    Attributes:
        rule: As it was written.
        status: `inconclusive` where the pairs can neither pass nor fail it.
        reason: The figures behind it.
        look_at: Pairs to look at first; empty where the rule passes.
    """

    rule: str
    status: Literal["pass", "fail", "inconclusive"]
    reason: str
    look_at: tuple[str, ...]


def outcomes(comparison: Mapping[str, Any]) -> tuple[RuleOutcome, ...]:
    """The rules of a comparison document (docs/schema/comparison.v1.json)."""
    return tuple(
        RuleOutcome(line["rule"], line["status"], line["reason"], tuple(line["look_at"]))
        for line in comparison["gate"]
    )


def flags(gate: Rules, *, strict: bool) -> list[str]:
    """The gate as the command line has it."""
    rules: Iterable[Union[str, os.PathLike[str]]]
    rules = [gate] if isinstance(gate, (str, os.PathLike)) else gate
    typed = [f"--gate={os.fspath(rule)}" for rule in rules]
    return [*typed, "--strict-gate"] if strict else typed
