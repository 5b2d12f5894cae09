"""Pairs in memory become a file that the binary reads."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    Frame = Union[polars.DataFrame, polars.LazyFrame, pandas.DataFrame, pyarrow.Table]
    Data = Union[str, os.PathLike[str], Frame, Iterable[Mapping[str, Any]]]


def as_file(data: Data, directory: Path) -> str:
    """The path of `data`, which is written to `directory` where it is no path already."""
    if isinstance(data, (str, os.PathLike)):
        return os.fspath(data)
    return str(_write(data, directory / "data"))


def _write(data: Any, stem: Path) -> Path:
    """Parquet where the library can write it, else JSON Lines."""
    parquet, lines = stem.with_suffix(".parquet"), stem.with_suffix(".jsonl")
    library = type(data).__module__.partition(".")[0]
    if library == "polars":
        (data.collect() if hasattr(data, "collect") else data).write_parquet(parquet)
        return parquet
    if library == "pyarrow":
        from pyarrow.parquet import write_table

        write_table(data, parquet)
        return parquet
    if library == "pandas":
        try:
            data.to_parquet(parquet, index=False)
            return parquet
        except (ImportError, TypeError, ValueError):
            # No pyarrow beside pandas, or a column that mixes types, which Arrow refuses.
            parquet.unlink(missing_ok=True)
            data.to_json(lines, orient="records", lines=True, force_ascii=False)
            return lines
    if hasattr(data, "to_parquet"):  # datasets.Dataset, DuckDB's relations
        data.to_parquet(str(parquet))
        return parquet
    with lines.open("w", encoding="utf-8") as file:
        for row in data:
            if not isinstance(row, Mapping):
                raise TypeError(
                    "data must be a path, a DataFrame, or rows that map column names to values,"
                    f" not {type(data).__name__} of {type(row).__name__}"
                )
            file.write(json.dumps(dict(row)) + "\n")
    return lines
