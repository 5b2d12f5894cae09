"""A Parquet file becomes a frame of whichever library is installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Optional

Library = Literal["polars", "pandas", "pyarrow"]


def read_parquet(path: Path, library: Optional[Library] = None) -> Any:
    """A frame of `library`, or of the first that is installed."""
    library = library or _installed(path)
    if library == "polars":
        import polars

        return polars.read_parquet(path)
    if library == "pandas":
        import pandas

        return pandas.read_parquet(path)
    from pyarrow.parquet import read_table

    return read_table(path)


def _installed(path: Path) -> Library:
    has_arrow = find_spec("pyarrow") is not None
    if find_spec("polars"):
        return "polars"
    if find_spec("pandas") and (has_arrow or find_spec("fastparquet")):
        return "pandas"
    if has_arrow:
        return "pyarrow"
    raise ImportError(f"no library that reads {path}: install polars, or pandas and pyarrow")
