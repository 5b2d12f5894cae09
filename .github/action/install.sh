#!/usr/bin/env bash
# Installs the wheel into an environment of its own, which is first on the PATH of later steps.
#   WHEEL, VERSION     a file, or a version of the package index; both may be empty
set -euo pipefail
environment=$RUNNER_TEMP/pairbench
python=$(command -v python3 || command -v python)

"$python" -m venv "$environment"
scripts=$environment/bin
[ -d "$scripts" ] || scripts=$environment/Scripts # Windows
"$scripts/python" -m pip install --quiet --disable-pip-version-check \
    "${WHEEL:-pairbench${VERSION:+==$VERSION}}"
echo "$scripts" >> "$GITHUB_PATH"
"$scripts/pairbench" --version
