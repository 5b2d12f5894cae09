"""The Python of README.md, as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pairbench

ROOT = Path(__file__).resolve().parents[2]


def example(word: str) -> str:
    """The block of Python that has the word in it."""
    text = (ROOT / "README.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    [found] = [block for block in blocks if word in block]
    return str(found)


def test_the_module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("polars")  # or another library for `verdicts`
    monkeypatch.chdir(ROOT)  # it names the checkpoints of the repository
    exec(compile(example("import pairbench"), "README.md", "exec"), {})
    assert "greetings" in capsys.readouterr().out


def test_the_table_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("polars")
    pytest.importorskip("pandas")
    run = pairbench.run(out=tmp_path / "reports/runs/first", progress=False)
    monkeypatch.chdir(tmp_path)
    exec(compile(example("read_parquet"), "README.md", "exec"), {})
    accuracy = run.summary["models"]["pairrm"]["subsets"]["chat-on-topic"]["accuracy"]
    assert capsys.readouterr().out.count(f"{accuracy:.6f}") == 2
