"""Where the binary is found, and `python -m pairbench`."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pytest

import pairbench


def test_the_module_is_the_command() -> None:
    for arguments, code in ((["--version"], 0), (["run", "--no-such-flag"], 2)):
        module, binary = (
            subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
            for command in ([sys.executable, "-m", "pairbench"], [str(pairbench.find_binary())])
        )
        assert module.returncode == binary.returncode == code
        assert (module.stdout, module.stderr) == (binary.stdout, binary.stderr)


def test_package_and_binary_have_one_version() -> None:
    shown = subprocess.run(
        [str(pairbench.find_binary()), "--version"], capture_output=True, text=True, check=True
    )
    try:
        version = metadata.version("pairbench")
    except metadata.PackageNotFoundError:
        pytest.skip("a package that is only on the path has no version; .ci/wheel installs one")
    assert shown.stdout.split()[1] == version
