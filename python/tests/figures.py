"""What runs have in common that have read the same pairs in files of other names."""

from __future__ import annotations

from typing import Any

import pairbench


def figures(run: pairbench.Run) -> dict[str, Any]:
    """What the summary says of each model, but for what it was measured with."""
    models = run.summary["models"]
    return {
        name: {key: value for key, value in model.items() if key != "provenance"}
        for name, model in models.items()
    }
