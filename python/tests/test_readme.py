"""The Python of README.md and of docs, as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import pairbench

ROOT = Path(__file__).resolve().parents[2]


def example(word: str, page: str = "README.md") -> str:
    """The block of Python that has the word in it."""
    text = (ROOT / page).read_text("utf-8")
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


def test_ranking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    code = example("Ranker", "docs/rank.md").replace("llm-blender/PairRM", "quickstart/pairrm")
    found: dict[str, Any] = {}
    exec(compile(code, "docs/rank.md", "exec"), found)
    assert sorted(found["ranks"][0]) == [1, 2, 3]
    assert len(found["scores"][0]) == 3
    assert found["better"][0] in (True, False)
    assert found["best"][0] in ("A number.", "No.")
