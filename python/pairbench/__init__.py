"""Scores reward models on preference benchmarks.

The work is done by the binary `pairbench`, which is installed beside this package. They talk
through files and JSON.

    >>> import pairbench
    >>> good = pairbench.run(models={"good": "runs/1"}, data=frame, template="pairrm")
    >>> print(good.table)
    >>> new = pairbench.run(models={"new": "runs/2"}, data=frame, template="pairrm")
    >>> pairbench.compare(good, new, gate=["drop:average:0.01"])
    >>> pairbench.rank(["What is mass?"], [["A number.", "A force."]], model="runs/1")
"""

from pairbench._binary import find_binary
from pairbench._compare import Comparison, compare
from pairbench._gate import RuleOutcome
from pairbench._process import Event
from pairbench._rank import Ranker, rank, score
from pairbench._run import Run, Side, run
from pairbench.errors import (
    DirectoryLockedError,
    GateFailedError,
    GateInconclusiveError,
    InputError,
    InternalError,
    InvalidVerdictsError,
    NotAvailableError,
    PairbenchError,
    ResourcesError,
    StoppedError,
    UsageError,
)

__all__ = [
    "Comparison",
    "DirectoryLockedError",
    "Event",
    "GateFailedError",
    "GateInconclusiveError",
    "InputError",
    "InternalError",
    "InvalidVerdictsError",
    "NotAvailableError",
    "PairbenchError",
    "Ranker",
    "ResourcesError",
    "RuleOutcome",
    "Run",
    "Side",
    "StoppedError",
    "UsageError",
    "compare",
    "find_binary",
    "rank",
    "run",
    "score",
]
