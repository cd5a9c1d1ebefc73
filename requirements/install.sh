#!/bin/sh
# install.sh VENV LOCK: the lock's hash-checked packages, then this project itself, editable.
set -eu
venv="$1" lock="$2"
if command -v uv >/dev/null 2>&1; then
    install() { uv pip install --quiet --python "$venv/bin/python" "$@"; }
else
    install() { "$venv/bin/python" -m pip install -qq --disable-pip-version-check "$@"; }
fi
install --require-hashes --requirement requirements/build.txt --requirement "$lock"
install --no-deps --no-build-isolation --editable .
