"""Runs the binary: streams what it says on stderr, keeps what it prints on stdout."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, NoReturn, Optional, Union

from pairbench._binary import find_binary
from pairbench.errors import ERRORS, PairbenchError

# The binary ends within four seconds of a signal, its journal written.
PATIENCE = 5.0


@dataclass(frozen=True)
class Event:
    """A line that the binary says while it works.

    Attributes:
        kind: `message` for people, `progress` for how far a step is; others may be added.
        text: The event in words.
        fields: Its keys and values: docs/schema/progress.v1.json.
    """

    kind: str
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)


Progress = Union[bool, Callable[[Event], None]]
"""Who hears events: True is stderr, False nobody, a function gets each of them."""


@dataclass(frozen=True)
class Finished:
    """A process that has ended."""

    exit_code: int
    stdout: str
    # The error document (docs/schema/error.v1.json), or what it said in words.
    error: Optional[Mapping[str, Any]]
    said: str

    def fail(self, result: Any = None) -> NoReturn:
        """Raises the error of the exit code."""
        kind = ERRORS.get(self.exit_code, PairbenchError)
        if self.error is not None:
            raise kind(
                self.error["error"],
                exit_code=self.exit_code,
                causes=self.error["caused_by"],
                hint=self.error["hint"],
                result=result,
            )
        if self.exit_code < 0:  # What it said last is no reason, and it had no time for one.
            raise kind(
                f"pairbench was ended by signal {-self.exit_code} ({_signal(-self.exit_code)})",
                exit_code=self.exit_code,
                causes=[self.said] if self.said else [],
                hint="was there enough memory?" if self.exit_code == -9 else None,
                result=result,
            )
        # Without --progress=json, or where the command line cannot be parsed, it is in words.
        message, causes, hint = _in_words(self.said)
        raise kind(
            message or f"pairbench ended with exit code {self.exit_code}",
            exit_code=self.exit_code,
            causes=causes,
            hint=hint,
            result=result,
        )


def _in_words(said: str) -> tuple[str, list[str], Optional[str]]:
    """An error as the binary prints it for people: what failed, the causes, the hint."""
    lines = said.split("\n")
    starts = [at for at, line in enumerate(lines) if line.startswith("error: ")]
    if not starts:
        return said, [], None
    message, *rest = lines[starts[-1] :]
    causes = [line[len("  caused by: ") :] for line in rest if line.startswith("  caused by: ")]
    hints = [line[len("  hint: ") :] for line in rest if line.startswith("  hint: ")]
    if len(causes) + len(hints) < len(rest):  # clap's, of several lines
        message, causes, hints = "\n".join(lines[starts[-1] :]), [], []
    return message[len("error: ") :], causes, hints[0] if hints else None


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def execute(arguments: Sequence[str], progress: Progress) -> Finished:
    """Runs the binary to its end, whatever its exit code.

    Ctrl-C reaches the binary, which ends in order, and then raises KeyboardInterrupt here.
    """
    listener = Listener(progress)
    # Who reads stderr gets a line in words every 30 s; a function gets an object every second.
    style = ["--progress=json"] if callable(progress) else []
    # A file: with two pipes, one could fill up while the other is read.
    with tempfile.TemporaryFile() as stdout:
        with subprocess.Popen(
            [str(find_binary()), *style, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        ) as process:
            assert process.stderr is not None
            try:
                for line in process.stderr:
                    listener.hear(line)
                process.wait()
            except KeyboardInterrupt:
                # A terminal sends the signal to the binary, too, and a second one would make it
                # leave its work: only one that did not hear the first is sent another.
                _end(process, was_told=True)
                for line in process.stderr:
                    listener.hear(line)
                raise
            except BaseException:
                _end(process, was_told=False)
                raise
        stdout.seek(0)
        return Finished(
            process.returncode,
            stdout.read().decode("utf-8"),
            listener.error,
            "\n".join(listener.last),
        )


def _end(process: subprocess.Popen[str], *, was_told: bool) -> None:
    """Waits until the process has ended in order; after that, ends it."""
    try:
        if was_told:
            try:
                process.wait(PATIENCE)
                return
            except subprocess.TimeoutExpired:
                pass
        process.terminate()
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        pass
    finally:
        process.kill()


class Listener:
    """Passes lines on; keeps the error that the last one may be."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.error: Optional[Mapping[str, Any]] = None
        self.last: deque[str] = deque(maxlen=40)

    def hear(self, line: str) -> None:
        text = line.rstrip("\n")
        fields = _json_object(text)
        if "exit_code" in fields:
            self.error = fields
            return
        event = Event(str(fields.get("event", "message")), _words(fields, text), fields)
        self.last.append(event.text)
        if callable(self.progress):
            self.progress(event)
        elif self.progress:
            print(event.text, file=sys.stderr, flush=True)


def _words(fields: Mapping[str, Any], line: str) -> str:
    if fields.get("event") == "progress":
        return "{name}: {done} of {total} {unit}".format_map(fields)
    return str(fields.get("text", line))


def _json_object(text: str) -> Mapping[str, Any]:
    """The object that a line is; empty for any other line."""
    if not text.startswith("{"):
        return {}
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
