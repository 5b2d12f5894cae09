"""Pairs in memory: every kind gives the verdicts of the same pairs in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from figures import figures

import pairbench

COLUMNS: dict[str, list[Any]] = {
    "subset": ["greetings", "sums", "sums"],
    "id": ["a", "b", "c"],
    "prompt": ["hello!", "What is 2 + 2?", '¿2 + 3?\n\t"\\ \u2028'],
    "chosen": ["hi!", "4", "5, naïvely 😀"],
    "rejected": ["go away!", "5", ""],
}
ROWS = [dict(zip(COLUMNS, values)) for values in zip(*COLUMNS.values())]


def scores(models: dict[str, Path], data: Any) -> dict[str, Any]:
    run = pairbench.run(models, data, progress=False)
    content = [run.record["plan"]["content"][key] for key in ("pairs", "rows")]
    return {"models": figures(run), "content": content}


@pytest.fixture(scope="module")
def expected(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the same pairs in a file give."""
    file = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    from_path = scores(models, file)
    assert from_path == scores(models, str(file))
    return from_path


def test_rows(models: dict[str, Path], expected: dict[str, Any]) -> None:
    assert scores(models, ROWS) == expected
    assert scores(models, iter(ROWS)) == expected
    with pytest.raises(TypeError, match="rows that map"):
        pairbench.run(models, ["prompt"], progress=False)


def test_polars(models: dict[str, Path], expected: dict[str, Any]) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(COLUMNS)
    assert scores(models, frame) == expected
    assert scores(models, frame.lazy()) == expected
    assert scores(models, frame.with_columns(polars.col("subset").cast(polars.Categorical)))


def test_pandas(models: dict[str, Path], expected: dict[str, Any]) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(COLUMNS)
    assert scores(models, frame) == expected
    # As rows are left after a selection: the index is no column.
    assert scores(models, frame.set_index(pandas.Index([7, 3, 9]))) == expected
    assert scores(models, frame.assign(subset=frame["subset"].astype("category"))) == expected


def test_pandas_with_a_column_that_mixes_types(
    models: dict[str, Path], expected: dict[str, Any]
) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(COLUMNS).assign(note=[1, "two", None])
    assert scores(models, frame) == expected


def test_pandas_without_arrow(
    models: dict[str, Path], expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pandas = pytest.importorskip("pandas")

    def no_engine(*_: object, **__: object) -> None:
        raise ImportError("no pyarrow, no fastparquet")

    frame = pandas.DataFrame(COLUMNS)
    monkeypatch.setattr(pandas.DataFrame, "to_parquet", no_engine)
    assert scores(models, frame) == expected


def test_pyarrow(models: dict[str, Path], expected: dict[str, Any]) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    assert scores(models, pyarrow.table(COLUMNS)) == expected


def test_conversations(models: dict[str, Path]) -> None:
    """A prompt may be a list of messages, in a frame, too."""
    turns = [[{"role": "user", "content": text}] for text in COLUMNS["prompt"]]
    expected = scores(models, [{**row, "prompt": turn} for row, turn in zip(ROWS, turns)])
    columns = {**COLUMNS, "prompt": turns}
    for name in ("polars", "pandas"):
        library = pytest.importorskip(name)
        assert scores(models, library.DataFrame(columns)) == expected, name
