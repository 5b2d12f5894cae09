"""What a table must say about the machine and the software that gave it: no path and no host name."""

from __future__ import annotations

import os
import platform
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

from rows import ROOT

HERE = Path(__file__).resolve().parent


def cpu_model() -> str:
    """The processor's name as Linux gives it, with what matters to matrix products."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    fields = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    facts = {key.strip(): value.strip() for key, value in fields.items()}
    flags = set(facts.get("flags", "").split())
    known = [flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile") if flag in flags]
    return f"{facts.get('model name', platform.machine())} ({', '.join(known) or 'no AVX'})"


def load_average() -> str:
    """How busy the machine was in the last minute: near 0 where it was quiet."""
    return f"{os.getloadavg()[0]:.1f}"


def first_line(*command: str) -> str:
    """What a command prints, or "unknown" where it cannot run."""
    try:
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return (result.stdout.splitlines() or [""])[0].strip()


def commit() -> str:
    """The short hash, and whether tracked files differ from it."""
    changed = first_line("git", "status", "--porcelain", "--untracked-files=no")
    return first_line("git", "rev-parse", "--short=12", "HEAD") + (" with changes" if changed else "")


def package(name: str) -> str:
    """A Python package and its version."""
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return f"{name} not installed"


def crates() -> list[str]:
    """The crates that decide candle's speed, as its lock file pins them."""
    lock = tomllib.loads((HERE / "candle" / "Cargo.lock").read_text(encoding="utf-8"))
    wanted = ("candle-core", "candle-transformers", "gemm")
    return [f"{entry['name']} {entry['version']}" for entry in lock["package"] if entry["name"] in wanted]
