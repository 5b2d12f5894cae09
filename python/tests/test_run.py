"""`run` and what it gives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from figures import figures

import pairbench

ROWS = [
    {"subset": "greetings", "id": 1, "prompt": "hello!", "chosen": "hi!", "rejected": "go away!"},
    {"subset": "sums", "id": 2, "prompt": "What is 2 + 2?", "chosen": "4", "rejected": "5"},
    {"subset": "sums", "id": 3, "prompt": "What is 2 + 3?", "chosen": "5", "rejected": "é ∑"},
]


def test_the_demonstration_needs_no_argument(demo: pairbench.Run) -> None:
    """The figures are those of README.md."""
    assert demo.summary["models"]["pairrm"]["average"]["accuracy"] == pytest.approx(0.858, abs=5e-4)
    last_figures = next(line for line in demo.table.splitlines() if line.startswith("average"))
    figures = re.sub(r" \[[^]]*\]\*?", "", last_figures)  # without intervals and marks
    assert figures.split() == ["average", "636", "0.858", "0.810", "0.972", "0.363", "0.431"]
    assert demo.report("csv").startswith("kind,name,n,pairrm,pairrm low,pairrm high,better-pairrm,")
    assert demo.record["tool"]["name"] == "pairbench"


def test_verdicts_give_the_figures_of_the_summary(demo: pairbench.Run) -> None:
    polars = pytest.importorskip("polars")
    verdicts = demo.verdicts
    assert isinstance(verdicts, polars.DataFrame)
    for name, model in demo.summary["models"].items():
        margins = verdicts.filter(polars.col("model") == name)["margin"]
        assert (len(margins), (margins > 0).sum()) == (
            model["total"]["n"],
            model["total"]["correct"],
        )


def test_verdicts_in_every_library(demo: pairbench.Run) -> None:
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    frame, table = demo.read_verdicts("pandas"), demo.read_verdicts("pyarrow")
    assert isinstance(frame, pandas.DataFrame)
    assert isinstance(table, pyarrow.Table)
    assert len(frame) == table.num_rows == 3 * 636


def test_models_with_names_and_without(models: dict[str, Path]) -> None:
    named = pairbench.run(models, ROWS, limit=1, progress=False)
    assert list(named.summary["models"]) == ["a", "b"]
    one = pairbench.run([models["a"]], ROWS, subset=["su*"], progress=False)
    assert list(one.summary["models"]["pairrm"]["subsets"]) == ["sums"]


def test_the_directory_is_kept_only_where_it_was_asked_for(
    models: dict[str, Path], tmp_path: Path
) -> None:
    run = pairbench.run(models, ROWS, out=tmp_path / "run", progress=False)
    assert run.directory == tmp_path / "run"
    again = pairbench.Run(run.directory)
    assert again.summary == run.summary

    run = pairbench.run(models, ROWS, progress=False)
    directory = run.directory
    assert directory.is_dir()
    del run
    assert not directory.exists()
    with pytest.raises(pairbench.NotAvailableError, match="no finished run"):
        pairbench.Run(directory)


def test_progress_is_heard(
    models: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events: list[pairbench.Event] = []
    out = tmp_path / "run"
    pairbench.run(models, ROWS, out=out, progress=events.append)
    assert any(event.kind == "message" and str(out) in event.text for event in events)
    steps = [event.fields for event in events if event.kind == "progress"]
    assert [step["name"] for step in steps if step["done"] == step["total"] == 3] == ["a", "b"]
    assert capsys.readouterr().err == ""

    pairbench.run(models, ROWS, out=out)
    assert str(out) in capsys.readouterr().err
    pairbench.run(models, ROWS, out=out, progress=False)
    assert capsys.readouterr() == ("", "")


def test_columns_of_other_names(models: dict[str, Path]) -> None:
    names = {"prompt": "instruction", "chosen": "better", "rejected": "worse"}
    renamed = [{names.get(name, name): value for name, value in row.items()} for row in ROWS]
    plain, mapped = (
        figures(pairbench.run(models, rows, map=columns, progress=False))
        for rows, columns in ((ROWS, None), (renamed, names))
    )
    assert mapped == plain
    with pytest.raises(pairbench.InputError):
        pairbench.run(models, renamed, progress=False)


def test_another_run_is_replaced_on_request_only(models: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "run"
    pairbench.run(models, ROWS, out=out, progress=False)
    with pytest.raises(pairbench.UsageError, match="run"):
        pairbench.run(models, ROWS[:2], out=out, progress=False)
    replaced = pairbench.run(models, ROWS[:2], out=out, overwrite=True, progress=False)
    assert replaced.summary["models"]["a"]["total"]["n"] == 2


def test_a_listener_that_fails_ends_the_run(models: dict[str, Path]) -> None:
    def listener(event: pairbench.Event) -> None:
        raise LookupError(event.text)

    with pytest.raises(LookupError):
        pairbench.run(models, ROWS, progress=listener)


def test_against_asks_the_gate(models: dict[str, Path]) -> None:
    good = pairbench.run({"m": models["a"]}, progress=False)
    same = pairbench.run(
        {"m": models["a"]}, against=good, gate=["drop:average:0.2", "max-invalid:0"], progress=False
    )
    assert [rule.status for rule in same.gate] == ["pass", "pass"]
    assert same.comparison is not None
    assert same.comparison["candidate"].startswith("m (")
    with pytest.raises(pairbench.GateFailedError) as failed:
        pairbench.run({"m": models["b"]}, against=good, gate="min:average:0.99", progress=False)
    assert [rule.status for rule in failed.value.result.gate] == ["fail"]
    assert failed.value.result.table


@pytest.mark.parametrize("models", [{}, []])
def test_no_models_are_not_the_demonstrations(models: Any) -> None:
    with pytest.raises(ValueError, match="no models"):
        pairbench.run(models, ROWS, progress=False)
