"""action.yml as GitHub would run it: its steps, conditions and inputs, in a directory of its own.

The three actions of GitHub that it uses are stood in for: the cache and the artifacts are folders
here. `PAIRBENCH_WHEEL` names the wheel to install.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Union

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
GITHUB = {
    "sha": "0",
    "run_attempt": 1,
    "event_name": "push",
    "ref_type": "branch",
    "event": {"repository": {"default_branch": "main"}},
}


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
    jobs: int = 0
    caches: list[str] = field(default_factory=list)
    context: dict[str, Any] = field(default_factory=dict)

    @property
    def artifacts(self) -> Path:
        return self.folder / "artifacts"

    @property
    def saved(self) -> int:
        return len(self.caches)

    def job(self, branch: str, **inputs: str) -> Job:
        """The action in a fresh checkout, with the inputs of a workflow."""
        workspace = self.folder / "workspace"
        for stale in (workspace, self.artifacts):
            shutil.rmtree(stale, ignore_errors=True)
        shutil.copytree(ROOT / "quickstart", workspace / "quickstart")
        defaults = {name: spec.get("default", "") for name, spec in ACTION["inputs"].items()}
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert given.keys() <= defaults.keys()
        self.jobs += 1
        self.context = {
            "inputs": {**defaults, **given},
            "github": {**GITHUB, "ref_name": branch, "run_id": self.jobs},
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
            newest = [*reversed(self.caches)]
            found = [key for key in newest if key == given["key"]]
            for start in given["restore-keys"].split():
                found += [key for key in newest if key.startswith(start)]
            if found:
                shutil.copytree(cache / found[0], path)
        elif action == "actions/cache/save":
            if given["key"] not in self.caches:  # what is kept is never replaced
                shutil.copytree(path, cache / given["key"])
                self.caches.append(given["key"])
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
    lenient = runner.job("topic", **inputs)
    assert (lenient.code, lenient.outputs["result"]) == (0, "inconclusive"), lenient.log
    strict = runner.job("topic", **inputs, strict_gate="true")
    assert (strict.code, strict.outputs["result"]) == (8, "inconclusive"), strict.log


def test_a_published_table_as_the_baseline(runner: Runner, wheel: dict[str, str]) -> None:
    """It has no such subsets: bad input, which nothing hides."""
    job = runner.job("main", models=GOOD, baseline="model-card:PairRM-hf", gate=GATE, **wheel)
    assert job.code in (2, 4), job.log
    assert "::error title=pairbench::" in job.log
    assert runner.saved == 1


ROWS = [
    {"id": 1, "prompt": "hello!", "chosen": "hi!", "rejected": "go away!"},
    {"id": 2, "prompt": "What is 2 + 2?", "chosen": "4", "rejected": "5"},
]
TWO = "a=quickstart/pairrm\nb=quickstart/better-pairrm"
# Two models of two pairs are the last good run; each of these cannot be compared with it.
OUTDATED = [
    ({"models": TWO, "data": "fewer.jsonl"}, 4),
    ({"models": TWO, "benchmark": "quickstart"}, 4),
    ({"models": "c=quickstart/pairrm", "data": "pairs.jsonl"}, 2),
]


@pytest.fixture
def outdated(runner: Runner, wheel: dict[str, str], tmp_path: Path) -> Runner:
    """The machine with another cache: of a run that the jobs of `OUTDATED` do not fit."""
    machine = replace(runner, folder=tmp_path, caches=[])
    for name, rows in (("pairs", ROWS), ("fewer", ROWS[:1])):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(text, "utf-8")
    job = machine.job("main", models=TWO, data=str(tmp_path / "pairs.jsonl"), **wheel)
    assert (job.code, machine.saved) == (0, 1), job.log
    return machine


def of(machine: Runner, inputs: dict[str, str]) -> dict[str, str]:
    """The inputs, with the path of their data."""
    data = inputs.get("data")
    return inputs if data is None else {**inputs, "data": str(machine.folder / data)}


@pytest.mark.parametrize(("inputs", "code"), OUTDATED)
def test_a_gate_that_an_outdated_baseline_keeps_from_being_asked(
    outdated: Runner, wheel: dict[str, str], inputs: dict[str, str], code: int
) -> None:
    """It does not pass, on no branch, and says how to start over; the report is there."""
    for branch in ("topic", "main"):
        job = outdated.job(branch, **of(outdated, inputs), gate="max-invalid:0", **wheel)
        assert job.code == code, job.log
        assert "::error title=pairbench::the gate was not asked: " in job.log
        assert "on the default branch with `new-baseline: true`" in job.log
        assert job.outputs["run"] == ".pairbench/reports/run"
        assert float(job.outputs["average"]) > 0
        assert (job.outputs["result"], job.outputs["baseline"]) == ("not judged", "")
        assert (outdated.artifacts / "pairbench/run/report.html").is_file()
        assert outdated.saved == 1


@pytest.mark.parametrize(("inputs", "_code"), OUTDATED)
def test_without_a_gate_an_outdated_baseline_is_a_warning(
    outdated: Runner, wheel: dict[str, str], inputs: dict[str, str], _code: int
) -> None:
    """On the default branch the run takes its place."""
    inputs = of(outdated, inputs)
    for branch, saved in (("topic", 1), ("main", 2)):
        job = outdated.job(branch, **inputs, **wheel)
        assert job.code == 0, job.log
        assert re.search("^::warning title=pairbench::[ac] was not compared: ", job.log, re.M)
        assert (job.outputs["result"], job.outputs["baseline"]) == ("not judged", "")
        assert (outdated.artifacts / "pairbench/run/report.html").is_file()
        assert outdated.saved == saved
    job = outdated.job("topic", **inputs, gate="max-invalid:0", **wheel)
    assert (job.code, job.outputs["result"]) == (0, "pass"), job.log


@pytest.mark.parametrize(("inputs", "code"), OUTDATED)
def test_a_new_baseline(
    outdated: Runner, wheel: dict[str, str], inputs: dict[str, str], code: int
) -> None:
    """Nothing is compared, and the default branch starts over, at whatever commit."""
    gated = {**of(outdated, inputs), "gate": "max-invalid:0", **wheel}
    job = outdated.job("topic", **gated, new_baseline="true")
    assert (job.code, job.outputs["result"], outdated.saved) == (0, "not judged", 1), job.log
    assert "::warning title=pairbench::a new baseline: the gate was not asked" in job.log
    assert outdated.job("topic", **gated).code == code
    job = outdated.job("main", **gated, new_baseline="true")
    assert (job.code, job.outputs["baseline"], outdated.saved) == (0, "", 2), job.log
    assert not list((outdated.artifacts / "pairbench").glob("compare-*"))
    job = outdated.job("topic", **gated)
    assert (job.code, job.outputs["result"]) == (0, "pass"), job.log


@pytest.mark.parametrize(
    ("other", "gate", "result"),
    [
        ("a=quickstart/pairrm", "max-invalid:0", (2, "not judged")),
        ("a=quickstart/better-pairrm", "min:average:0.99", (3, "fail")),
        ("a=quickstart/pairrm", "drop:average:0.01", (2, "not judged")),  # inconclusive
    ],
)
def test_one_of_two_models_cannot_be_compared(
    outdated: Runner, wheel: dict[str, str], other: str, gate: str, result: tuple[int, str]
) -> None:
    """The job fails by it, whatever becomes of the other one."""
    inputs = {"models": f"c=quickstart/pairrm\n{other}", "data": "pairs.jsonl"}
    job = outdated.job("main", **of(outdated, inputs), gate=gate, strict_gate="true", **wheel)
    assert (job.code, job.outputs["result"]) == result, job.log
    assert "::error title=pairbench::the gate was not asked: " in job.log
    assert job.outputs["baseline"] == ".pairbench/good"
    assert (outdated.artifacts / "pairbench/compare-1.html").is_file()
    assert outdated.saved == 1


def test_verdicts_that_are_invalid(runner: Runner, wheel: dict[str, str], tmp_path: Path) -> None:
    data = tmp_path / "pairs.jsonl"
    data.write_text(json.dumps({**ROWS[0], "prompt": "<|source|>"}) + "\n", "utf-8")
    job = runner.job("main", models=GOOD, data=str(data), **wheel)
    assert (job.code, job.outputs["result"]) == (6, "not judged"), job.log
    assert (runner.artifacts / "pairbench/run/report.html").is_file()
    assert runner.saved == 1


@pytest.mark.parametrize(
    ("inputs", "code", "said"),
    [
        ({"models": GOOD, "data": "missing.jsonl"}, 5, "missing.jsonl"),
        ({"models": "no-such-model"}, 5, "no-such-model"),
        ({"models": GOOD, "options": "--limit\nmany"}, 2, "many"),
        ({"models": GOOD, "format": "pdf"}, 2, "format must be one of"),
        ({"models": GOOD, "strict_gate": "true"}, 2, "strict-gate needs a gate"),
        ({"models": GOOD, "strict_gate": "True"}, 2, "strict-gate must be true or false"),
        ({"models": GOOD, "options": "--against\n.pairbench/good"}, 2, "--against is for"),
        ({"models": GOOD, "options": "--shard=1/2"}, 2, "--shard=1/2 is for"),
        ({"models": GOOD, "new_baseline": "true", "baseline": "x"}, 2, "new-baseline has no"),
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
