"""The tests run the installed binary; `PAIRBENCH_BINARY` names another one."""

from __future__ import annotations

from pathlib import Path

import pytest

import pairbench

QUICKSTART = Path(__file__).resolve().parents[2] / "quickstart"


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """No verdict comes from what the user who tests has in the cache."""
    monkeypatch.setenv("PAIRBENCH_CACHE", "")


@pytest.fixture(scope="session")
def models() -> dict[str, Path]:
    """The two pairwise demonstration models, as checkpoints on disk."""
    return {"a": QUICKSTART / "pairrm", "b": QUICKSTART / "better-pairrm"}


@pytest.fixture(scope="session")
def demo() -> pairbench.Run:
    """The demonstration: its models on its pairs."""
    return pairbench.run(progress=False)


@pytest.fixture(scope="session")
def many_rows() -> list[dict[str, str]]:
    """Pairs that take a while: somebody must have the time to end it."""
    return [
        {"prompt": f"question {i} " * 20, "chosen": f"yes {i} " * 20, "rejected": f"no {i} " * 30}
        for i in range(20_000)
    ]
