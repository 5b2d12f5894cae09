"""Every exit code is an exception of its own."""

from __future__ import annotations

import json
import os
import pickle
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pairbench
from pairbench.errors import ERRORS

ROW = {"prompt": "hello!", "chosen": "hi!", "rejected": "go away!"}
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX's processes and signals")


def test_usage(models: dict[str, Path]) -> None:
    with pytest.raises(pairbench.UsageError, match="--no-such-flag") as found:
        pairbench.run(models, options=["--no-such-flag"], progress=False)
    assert found.value.exit_code == 2
    # One that the binary finds itself, and answers in JSON.
    with pytest.raises(pairbench.UsageError) as found:
        pairbench.run(models, template="no-such-template", progress=False)
    assert found.value.exit_code == 2


def test_input(models: dict[str, Path]) -> None:
    with pytest.raises(pairbench.InputError, match="chosen") as found:
        pairbench.run(models, [{"prompt": "hello!", "rejected": "go away!"}], progress=False)
    assert found.value.exit_code == 4


def test_not_available() -> None:
    with pytest.raises(pairbench.NotAvailableError, match="no-such-model") as found:
        pairbench.run(["no-such-model"], progress=False)
    assert found.value.exit_code == 5
    assert found.value.hint
    assert f"hint: {found.value.hint}" in str(found.value)


def test_invalid_verdicts(models: dict[str, Path]) -> None:
    """The run is finished, and says why."""
    rows = [ROW, {**ROW, "chosen": "<|candidate1|>"}]
    with pytest.raises(pairbench.InvalidVerdictsError) as found:
        pairbench.run({"m": models["a"]}, rows, progress=False)
    assert found.value.exit_code == 6
    assert found.value.result.summary["models"]["m"]["total"]["invalid"] == 1


def test_locked(models: dict[str, Path], tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(pairbench.DirectoryLockedError) as found:
            pairbench.run(models, [ROW], out=tmp_path, progress=False)
    assert found.value.exit_code == 75


@pytest.fixture
def heard_signals() -> Iterator[None]:
    """The binary leaves ignored what is ignored for it, as `nohup` does with SIGHUP."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@posix
@pytest.mark.usefixtures("heard_signals")
@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGTERM"])
def test_stopped(models: dict[str, Path], many_rows: list[dict[str, str]], name: str) -> None:
    """Somebody else ends the process, once it is at work."""
    number = signal.Signals[name]

    def stop(event: pairbench.Event) -> None:
        if "loaded" in event.text:
            children = subprocess.run(
                ["pgrep", "-P", str(os.getpid())], check=True, capture_output=True, text=True
            )
            os.kill(int(children.stdout), number)

    with pytest.raises(pairbench.StoppedError) as found:
        pairbench.run({"m": models["a"]}, many_rows, progress=stop)
    assert found.value.exit_code == 128 + number


@pytest.fixture
def fake_binary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A binary that says something on stderr and has an exit code: for codes hard to come by."""

    def make(stderr: str, end: str) -> None:
        script = tmp_path / "pairbench"
        script.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{stderr}\nEND\n{end}\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PAIRBENCH_BINARY", str(script))

    return make


@posix
@pytest.mark.parametrize("code", [1, 2, 4, 5, 7, 75, 129, 130, 143])
def test_every_code_has_its_class(fake_binary: Any, code: int) -> None:
    document = {"error": "it", "caused_by": ["this"], "hint": None, "exit_code": code, "schema": 1}
    fake_binary(json.dumps(document), f"exit {code}")
    with pytest.raises(pairbench.PairbenchError) as found:
        pairbench.run(progress=False)
    error = found.value
    assert type(error) is ERRORS[code]
    assert (error.message, error.causes, error.hint) == ("it", ("this",), None)
    assert error.exit_code == code
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.exit_code) == (type(error), str(error), code)


@posix
def test_a_process_that_is_killed_says_what_it_said(fake_binary: Any) -> None:
    fake_binary("last words", "kill -9 $$")
    with pytest.raises(pairbench.PairbenchError, match=r"signal 9 \(SIGKILL\)") as found:
        pairbench.run(progress=False)
    assert found.value.exit_code == -signal.SIGKILL
    assert found.value.causes == ("last words",)
    assert found.value.hint == "was there enough memory?"


@posix
def test_an_error_in_words_has_its_parts(fake_binary: Any) -> None:
    fake_binary("loaded\nerror: it\n  caused by: this\n  hint: do that", "exit 4")
    with pytest.raises(pairbench.InputError) as found:
        pairbench.run(progress=False)
    error = found.value
    assert (error.message, error.causes, error.hint) == ("it", ("this",), "do that")


@posix
def test_json_lines_are_events(fake_binary: Any) -> None:
    """And what is none is heard as it is."""
    line = {"event": "progress", "name": "m", "unit": "pairs", "done": 3, "total": 9}
    fake_binary(json.dumps(line) + "\n{not json}", "exit 5")
    events: list[pairbench.Event] = []
    with pytest.raises(pairbench.NotAvailableError):
        pairbench.run(progress=events.append)
    assert [event.kind for event in events] == ["progress", "message"]
    assert events[0].fields["done"] == 3
    assert events[0].text == "m: 3 of 9 pairs"
    assert events[1].text == "{not json}"


def test_a_missing_binary_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIRBENCH_BINARY", "/no/such/binary")
    with pytest.raises(pairbench.NotAvailableError, match="/no/such/binary"):
        pairbench.run(progress=False)


@posix
def test_an_answer_to_another_line_is_no_answer(fake_binary: Any) -> None:
    fake_binary("", "echo '{}'; read line; echo '{\"line\":2,\"ranks\":[1]}'; cat")
    expected = pytest.raises(pairbench.PairbenchError, match="line 1 was expected")
    with pairbench.Ranker(progress=False) as ranker, expected:
        ranker.rank(["p"], [["a"]])
