"""Where the binary is that this package was installed with."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from pairbench.errors import NotAvailableError

NAME = "pairbench.exe" if sys.platform == "win32" else "pairbench"


def find_binary() -> Path:
    """The path of the binary; the environment variable `PAIRBENCH_BINARY` names another one."""
    named = os.environ.get("PAIRBENCH_BINARY")
    candidates = [Path(named)] if named else list(_candidates())
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise NotAvailableError(
        "the pairbench binary is in none of " + ", ".join(map(str, candidates)),
        exit_code=5,
        hint="install the wheel again (`pip install --force-reinstall pairbench`),"
        " or name a binary in PAIRBENCH_BINARY",
    )


def _candidates() -> Iterator[Path]:
    # Where the installer says that it put it: right for environments, `--user` and `--prefix`.
    try:
        files = metadata.distribution("pairbench").files or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == NAME:
            yield Path(os.path.abspath(str(file.locate())))
    # Installers that keep no list.
    yield Path(sysconfig.get_path("scripts")) / NAME
    # `pip install --target DIR` moves scripts to DIR/bin, and leaves its list as it was.
    yield Path(__file__).resolve().parent.parent / "bin" / NAME
