#!/bin/sh
# Write the locks from pyproject.toml, or with --check say whether they still match it.
# Newer versions only where UPGRADE is set.
# Versions and hashes only: no registry's host gets into a lock.
set -eu
cd "$(dirname "$0")/.."
uv=.venv/bin/uv
out=requirements
if [ "${1:-}" = --check ]; then
    out="$(mktemp -d)"
    trap 'rm -rf "$out"' EXIT
    cp requirements/*.txt "$out"
fi
compile() { # compile NAME ARGUMENT...
    name="$1"; shift
    "$uv" pip compile ${UPGRADE:+--upgrade} --quiet --universal --generate-hashes --no-header --no-annotate \
        --output-file "$out/$name.txt" "$@"
}
alike() { # dev is the superset; the others take its versions
    compile "$@" --constraint "$out/dev.txt"
}
compile dev pyproject.toml --extra training --extra broker --extra dev
alike demo pyproject.toml --extra training --extra broker
alike training pyproject.toml --extra training
alike serving pyproject.toml
alike build --group build
# tools with an environment of their own: they want another click than Faust does
compile delivery --group delivery
if [ "$out" != requirements ]; then
    for lock in requirements/*.txt; do
        cmp -s "$lock" "$out/$(basename "$lock")" || { echo "$lock does not match pyproject.toml: run 'make lock'" >&2; exit 1; }
    done
    echo "locks match pyproject.toml"
fi
