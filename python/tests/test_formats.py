"""The formats of reports are those of the command line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Union, get_args

import pytest

import pairbench
from pairbench._compare import ComparisonFormat
from pairbench._run import ReportFormat

ROWS = [{"id": 1, "prompt": "hello!", "chosen": "hi!", "rejected": "go away!"}]
# They are written into a directory and not printed.
FILES = {"reward-bench", "every-eval-ever", "hub-eval-results"}


def check(judged: Union[pairbench.Run, pairbench.Comparison], formats: Any) -> None:
    """All that the type names are printed, and the binary names no others."""
    reports = {name: judged.report(name) for name in get_args(formats)}
    assert all(reports.values())
    assert reports["html"].startswith("<!DOCTYPE html>")
    assert reports["svg"].startswith("<svg")
    with pytest.raises(pairbench.UsageError) as refused:
        judged.report("no-such-format")  # type: ignore[arg-type]
    listed = re.search(r"possible values: (.*)\]", str(refused.value))
    assert listed is not None
    assert set(listed[1].split(", ")) - FILES == set(reports)


def test_of_a_run(models: dict[str, Path]) -> None:
    check(pairbench.run({"a": models["a"]}, ROWS, progress=False), ReportFormat)


def test_of_a_comparison(demo: pairbench.Run) -> None:
    check(pairbench.compare((demo, "pairrm"), (demo, "better-pairrm")), ComparisonFormat)
