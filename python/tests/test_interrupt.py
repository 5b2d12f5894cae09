"""Ctrl-C ends the binary in order, whoever is sent the signal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX's process groups")

SCRIPT = """
import pairbench, sys
def listener(event):
    print(event.text, file=sys.stderr, flush=True)
try:
    pairbench.run({"m": sys.argv[1]}, sys.argv[2], out=sys.argv[3], progress=listener)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("everyone", [True, False], ids=["terminal", "python-alone"])
def test_ctrl_c(
    models: dict[str, Path], many_rows: list[dict[str, str]], tmp_path: Path, everyone: bool
) -> None:
    pairs, out = tmp_path / "pairs.jsonl", tmp_path / "run"
    pairs.write_text("".join(json.dumps(row) + "\n" for row in many_rows), "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(models["a"]), str(pairs), str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "loaded" in line:
            break
    journal = out / "journal.jsonl"
    while not journal.exists() or journal.stat().st_size == 0:
        assert process.poll() is None
        time.sleep(0.01)
    # A terminal sends it to everyone in its group; others, as `kill -INT`, to one process.
    (os.killpg if everyone else os.kill)(process.pid, signal.SIGINT)
    stdout, _ = process.communicate(timeout=30)
    assert stdout == "interrupted\n"
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)  # nobody is left of the group
    # What was scored is kept: the run can go on.
    assert journal.stat().st_size > 0
    assert not (out / "run.json").exists()
