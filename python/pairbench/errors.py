"""What can go wrong, a class for each exit code of the binary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional


class PairbenchError(Exception):
    """A command that did not end with exit code 0.

    Attributes:
        exit_code: Of the process; negative where a signal ended it that it could not handle.
        message: What failed, with the path or name that it concerns.
        causes: Why, the nearest cause first.
        hint: What to do about it, where there is something to say.
        result: What was finished all the same: the `Run` or `Comparison` whose gate failed or was
            inconclusive, or the `Run` with invalid verdicts; else None.
    """

    def __init__(
        self,
        message: str,
        *,
        exit_code: int = 1,
        causes: Sequence[str] = (),
        hint: Optional[str] = None,
        result: Any = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.causes = tuple(causes)
        self.hint = hint
        self.result = result

    def __str__(self) -> str:
        lines = [self.message]
        lines += [f"  caused by: {cause}" for cause in self.causes]
        if self.hint is not None:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class InternalError(PairbenchError):
    """Exit code 1: a bug."""


class UsageError(PairbenchError):
    """Exit code 2: arguments that cannot work, alone or together."""


class GateFailedError(PairbenchError):
    """Exit code 3: a rule of the gate failed; `result` has the figures."""


class InputError(PairbenchError):
    """Exit code 4: data, a benchmark, a checkpoint or a tokenizer that is not what it should be."""


class NotAvailableError(PairbenchError):
    """Exit code 5: a file, repository or device that is not there or cannot be reached."""


class InvalidVerdictsError(PairbenchError):
    """Exit code 6: pairs that could not be scored; `result` is the finished run."""


class ResourcesError(PairbenchError):
    """Exit code 7: disk or memory ran out."""


class GateInconclusiveError(PairbenchError):
    """Exit code 8: with `strict_gate`, a rule could be neither passed nor failed."""


class DirectoryLockedError(PairbenchError):
    """Exit code 75: another run writes to the directory."""


class StoppedError(PairbenchError):
    """Exit codes 129, 130, 143: somebody else's HUP, INT or TERM stopped the process."""


ERRORS: Mapping[int, type[PairbenchError]] = {
    1: InternalError,
    2: UsageError,
    3: GateFailedError,
    4: InputError,
    5: NotAvailableError,
    6: InvalidVerdictsError,
    7: ResourcesError,
    8: GateInconclusiveError,
    75: DirectoryLockedError,
    129: StoppedError,
    130: StoppedError,
    143: StoppedError,
}
"""The class for each exit code; any other code is a plain `PairbenchError`."""
