"""Scores the models, compares them with the baseline, and tells GitHub what came of it.

The environment has the inputs of action.yml in capitals. Reports go to .pairbench/reports; the exit
code is that of the gate.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Optional, Union

import pairbench

REPORTS = Path(".pairbench/reports")
GOOD = Path(".pairbench/good")
ENDINGS = {"markdown": "md", "json": "json", "csv": "csv", "latex": "tex", "junit": "xml"}
Judged = Union[pairbench.Run, pairbench.Comparison]


def main() -> int:
    shutil.rmtree(REPORTS, ignore_errors=True)
    ending = ENDINGS.get(os.environ["FORMAT"])
    if ending is None:
        return fail(f"format must be one of {', '.join(ENDINGS)}", 2)
    try:
        run = pairbench.run(
            models=lines("MODELS"),
            data=os.environ["DATA"] or None,
            benchmark=os.environ["BENCHMARK"] or None,
            out=REPORTS / "run",
            options=lines("OPTIONS"),
        )
    except pairbench.InvalidVerdictsError as error:
        # The run is whole, and its report says which pairs could not be scored.
        publish(error.result, "run", ending)
        finish(error.result, "not judged", None)
        return fail(str(error), error.exit_code)
    publish(run, "run", ending)

    baseline = find_baseline()
    if baseline is None:
        if lines("GATE"):
            print("::warning title=pairbench::no baseline yet: the gate was not asked")
        finish(run, "not judged", None)
        return 0
    worst: Optional[pairbench.PairbenchError] = None
    for model in run.models:
        try:
            comparison = pairbench.compare(
                side(baseline, model),
                (run, model),
                gate=lines("GATE"),
                strict_gate=os.environ["STRICT_GATE"] == "true",
            )
        except (pairbench.GateFailedError, pairbench.GateInconclusiveError) as error:
            comparison = error.result
            # A rule that failed (3) weighs more than one that is inconclusive (8).
            worst = error if worst is None or error.exit_code < worst.exit_code else worst
        publish(comparison, f"compare-{len(list(REPORTS.glob('compare-*.html'))) + 1}", ending)
    finish(run, result(worst), baseline)
    return 0 if worst is None else fail(str(worst), worst.exit_code)


def result(worst: Optional[pairbench.PairbenchError]) -> str:
    if isinstance(worst, pairbench.GateFailedError):
        return "fail"
    if worst is not None:
        return "inconclusive"
    return "pass" if lines("GATE") else "not judged"


def find_baseline() -> Union[pairbench.Run, str, None]:
    """What the input names, or what the cache has kept."""
    named = os.environ["BASELINE"]
    if named:
        return pairbench.Run(named) if Path(named).is_dir() else named
    return pairbench.Run(GOOD) if GOOD.is_dir() else None


def side(baseline: Union[pairbench.Run, str], model: str) -> pairbench.Side:
    """The baseline's model of the same name, or the only one that it has."""
    if isinstance(baseline, pairbench.Run) and model in baseline.models:
        return (baseline, model)
    return baseline


def publish(judged: Judged, name: str, ending: str) -> None:
    """Into the log with its annotations, the step summary, and two files."""
    text = judged.report("github")
    print(text, flush=True)
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
        summary.write(text + "\n")
    (REPORTS / f"{name}.html").write_text(judged.report("html"), "utf-8")
    form = os.environ["FORMAT"]
    if form == "latex" and isinstance(judged, pairbench.Comparison):
        return  # a comparison has no such form
    (REPORTS / f"{name}.{ending}").write_text(judged.report(form), "utf-8")  # type: ignore[arg-type]


def finish(run: pairbench.Run, result: str, baseline: Union[pairbench.Run, str, None]) -> None:
    """Sets the outputs."""
    first = run.summary["models"][run.models[0]]
    where = baseline.directory if isinstance(baseline, pairbench.Run) else baseline or ""
    values = {
        "run": run.directory,
        "average": first["average"]["accuracy"],
        "result": result,
        "baseline": where,
    }
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as output:
        output.writelines(f"{key}={value}\n" for key, value in values.items())


def fail(message: str, code: int) -> int:
    # In a workflow command, these would end it.
    text = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::error title=pairbench::{text}", flush=True)
    return code


def lines(name: str) -> list[str]:
    return [line.strip() for line in os.environ[name].splitlines() if line.strip()]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except pairbench.PairbenchError as error:
        sys.exit(fail(str(error), error.exit_code))
