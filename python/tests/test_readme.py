"""The Python of README.md, as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_example_works(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("polars")  # or another library for `verdicts`
    monkeypatch.chdir(ROOT)  # it names the checkpoints of the repository
    examples = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.M | re.S
    )
    assert examples
    for example in examples:
        exec(compile(example, "README.md", "exec"), {})
    assert "greetings" in capsys.readouterr().out
