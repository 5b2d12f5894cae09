#!/usr/bin/env bash
# Installs the wheel into an environment of its own, which is first on the PATH of later steps.
#   WHEEL, VERSION     a file, or a version of the package index; without either, this action's own
set -euo pipefail
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$GITHUB_ACTION_PATH/Cargo.toml" | head -n 1)
environment=$RUNNER_TEMP/pairbench
python=$(command -v python3 || command -v python)

"$python" -m venv "$environment"
scripts=$environment/bin
[ -d "$scripts" ] || scripts=$environment/Scripts # Windows
"$scripts/python" -m pip install --quiet --disable-pip-version-check \
    "${WHEEL:-pairbench==${VERSION:-$version}}"
echo "$scripts" >> "$GITHUB_PATH"
"$scripts/pairbench" --version
