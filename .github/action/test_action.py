"""action.yml as GitHub would run it: its steps, conditions and inputs, in a directory of its own.

The three actions of GitHub that it uses are stood in for: the cache and the artifacts are folders
here. `PAIRBENCH_WHEEL` names the wheel to install.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
GITHUB = {"sha": "0", "event": {"repository": {"default_branch": "main"}}}


@dataclass
class Job:
    """What is left of one use of the action."""

    code: int
    log: str
    summary: str
    outputs: dict[str, str]


@dataclass
class Runner:
    """A machine that runs jobs; its cache and its artifacts stay from job to job."""

    folder: Path
    path: str = os.environ["PATH"]
    is_installed: bool = False
    saved: int = 0
    context: dict[str, Any] = field(default_factory=dict)

    @property
    def artifacts(self) -> Path:
        return self.folder / "artifacts"

    def job(self, branch: str, **inputs: str) -> Job:
        """The action in a fresh checkout, with the inputs of a workflow."""
        workspace = self.folder / "workspace"
        for stale in (workspace, self.artifacts):
            shutil.rmtree(stale, ignore_errors=True)
        shutil.copytree(ROOT / "quickstart", workspace / "quickstart")
        defaults = {name: spec.get("default", "") for name, spec in ACTION["inputs"].items()}
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert given.keys() <= defaults.keys()
        self.context = {
            "inputs": {**defaults, **given},
            "github": {**GITHUB, "ref_name": branch},
            "runner": {"os": "Linux"},
            "steps": {},
        }
        job = Job(0, "", "", {})
        for step in ACTION["runs"]["steps"]:
            self.step(step, job, workspace)
        job.outputs = {
            name: self.text(output["value"]) for name, output in ACTION["outputs"].items()
        }
        return job

    def step(self, step: dict[str, Any], job: Job, workspace: Path) -> None:
        condition = step.get("if", "true")
        if job.code != 0 and "cancelled()" not in condition:
            return
        if not self.holds(condition):
            return
        if "uses" in step:
            given = {name: self.text(str(value)) for name, value in step["with"].items()}
            self.stand_in(step["uses"].partition("@")[0], given, workspace)
        elif step["name"] != "Install pairbench" or not self.is_installed:
            self.run(step, job, workspace)

    def run(self, step: dict[str, Any], job: Job, workspace: Path) -> None:
        files = {name: self.folder / name.lower() for name in ("OUTPUT", "PATH", "STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        temp = self.folder / "temp"
        temp.mkdir(exist_ok=True)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=workspace,
            env={
                "PATH": self.path,
                "HOME": str(self.folder),
                "PAIRBENCH_CACHE": "",
                "RUNNER_TEMP": str(temp),
                "GITHUB_ACTION_PATH": str(ROOT),
                **{f"GITHUB_{name}": str(file) for name, file in files.items()},
                **{name: self.text(value) for name, value in step.get("env", {}).items()},
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        job.code = job.code or done.returncode
        job.log += done.stdout
        job.summary += files["STEP_SUMMARY"].read_text("utf-8")
        lines = files["OUTPUT"].read_text("utf-8").splitlines()
        self.context["steps"][step.get("id")] = {
            "outputs": dict(line.split("=", 1) for line in lines)
        }
        for directory in files["PATH"].read_text().split():
            self.path = f"{directory}:{self.path}"
            self.is_installed = True

    def stand_in(self, action: str, given: dict[str, str], workspace: Path) -> None:
        cache, path = self.folder / "cache", workspace / given["path"]
        if action == "actions/cache/restore":
            keys = [given["key"], *given["restore-keys"].split()]
            if cache.is_dir() and any(
                kept.name.startswith(key) for key in keys for kept in cache.iterdir()
            ):
                shutil.copytree(next(cache.iterdir()), path)
        elif action == "actions/cache/save":
            shutil.rmtree(cache, ignore_errors=True)
            shutil.copytree(path, cache / given["key"])
            self.saved += 1
        else:
            assert action == "actions/upload-artifact"
            shutil.copytree(path, self.artifacts / given["name"])

    def text(self, template: str) -> str:
        return re.sub(r"\$\{\{ *(.*?) *\}\}", lambda m: str(self.value(m[1])), template)

    def value(self, name: str) -> Any:
        value: Any = self.context
        for key in name.split("."):
            value = value.get(key, "") if isinstance(value, dict) else ""
        return value

    def holds(self, condition: str) -> bool:
        """A condition of names, texts, `==`, `!=` and `&&`."""
        inner = re.sub(r"^\$\{\{|\}\}$", "", condition).replace("!cancelled()", "true")
        return all(self.is_true(term.strip()) for term in inner.split("&&"))

    def is_true(self, term: str) -> bool:
        if term == "true":
            return True
        left, operator, right = term.split(" ")
        sides = [side.strip("'") if "'" in side else self.value(side) for side in (left, right)]
        return (sides[0] == sides[1]) == (operator == "==")


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(tmp_path_factory.mktemp("runner"))


@pytest.fixture
def wheel() -> dict[str, str]:
    return {"wheel": os.environ["PAIRBENCH_WHEEL"]}


GOOD = "m=quickstart/pairrm"
GATE = "drop:average:0.2\nmax-invalid:0"


def test_the_first_job_has_no_baseline(runner: Runner, wheel: dict[str, str]) -> None:
    """On the default branch it becomes the baseline."""
    job = runner.job("main", models=GOOD, benchmark="quickstart", gate=GATE, **wheel)
    assert job.code == 0, job.log
    assert "::warning title=pairbench::no baseline yet" in job.log
    assert job.outputs == {
        "run": ".pairbench/reports/run",
        "average": job.outputs["average"],
        "result": "not judged",
        "baseline": "",
    }
    assert float(job.outputs["average"]) == pytest.approx(0.858, abs=5e-4)
    assert "| **average** | 636 | 0.858 " in job.summary
    reports = runner.artifacts / "pairbench"
    assert (reports / "run/report.html").is_file()
    assert "<testsuite" in (reports / "run.xml").read_text("utf-8")
    assert runner.saved == 1


def test_a_job_that_passes(runner: Runner, wheel: dict[str, str]) -> None:
    job = runner.job("topic", models=GOOD, gate=GATE, format="csv", **wheel)
    assert (job.code, job.outputs["result"]) == (0, "pass"), job.log
    assert job.outputs["baseline"] == ".pairbench/good"
    assert "drop:average:0.2" in job.summary
    assert (runner.artifacts / "pairbench/compare-1.csv").is_file()
    assert runner.saved == 1  # only the default branch keeps runs


@pytest.mark.parametrize("branch", ["topic", "main"])
def test_a_job_that_fails(runner: Runner, wheel: dict[str, str], branch: str) -> None:
    """It is no good run, whatever the branch."""
    job = runner.job(branch, models="m=quickstart/better-pairrm", gate="min:average:0.99", **wheel)
    assert (job.code, job.outputs["result"]) == (3, "fail"), job.log
    assert "::error" in job.log
    assert "min:average:0.99" in job.summary
    assert (runner.artifacts / "pairbench/compare-1.html").is_file()
    assert runner.saved == 1


def test_an_inconclusive_gate(runner: Runner, wheel: dict[str, str]) -> None:
    inputs = {"models": "m=quickstart/better-pairrm", "gate": "drop:average:0.01", **wheel}
    assert runner.job("topic", **inputs).code == 0
    strict = runner.job("topic", **inputs, strict_gate="true")
    assert (strict.code, strict.outputs["result"]) == (8, "inconclusive"), strict.log


def test_a_published_table_as_the_baseline(runner: Runner, wheel: dict[str, str]) -> None:
    """It has no such subsets: bad input, which nothing hides."""
    job = runner.job("main", models=GOOD, baseline="model-card:PairRM-hf", gate=GATE, **wheel)
    assert job.code in (2, 4), job.log
    assert "::error title=pairbench::" in job.log
    assert runner.saved == 1


@pytest.mark.parametrize(
    ("inputs", "code", "said"),
    [
        ({"models": GOOD, "data": "missing.jsonl"}, 5, "missing.jsonl"),
        ({"models": "no-such-model"}, 5, "no-such-model"),
        ({"models": GOOD, "options": "--limit\nmany"}, 2, "many"),
        ({"models": GOOD, "format": "pdf"}, 2, "format must be one of"),
    ],
)
def test_what_cannot_run_says_why(
    runner: Runner, wheel: dict[str, str], inputs: dict[str, str], code: int, said: str
) -> None:
    job = runner.job("main", **inputs, **wheel)
    assert job.code == code, job.log
    error: Union[str, None] = next(
        (line for line in job.log.splitlines() if line.startswith("::error")), None
    )
    assert error is not None
    assert said in error
    assert job.outputs["run"] == ""
    assert not runner.artifacts.exists()
    assert runner.saved == 1
