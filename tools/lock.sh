#!/bin/sh
# Writes constraints/*.txt from pyproject.toml: the newest versions that fit, with hashes, for every platform,
# and without the address of any index. Arguments go to uv (for example: --upgrade, --upgrade-package NAME).
set -eu
python=${PYTHON:-python3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$python" -m venv "$scratch/uv"
"$scratch/uv/bin/python" -m pip --disable-pip-version-check --quiet install uv

compile() {
    out=$1
    shift
    "$scratch/uv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-header --no-emit-index-url --no-emit-find-links \
        --custom-compile-command "make lock" --output-file "$out" "$@" >/dev/null
}
compile constraints/runtime.txt pyproject.toml "$@"
compile constraints/dev.txt pyproject.toml --group dev --constraint constraints/runtime.txt "$@"
compile constraints/vertex.txt pyproject.toml --extra vertex --constraint constraints/dev.txt "$@"
compile constraints/postgres.txt pyproject.toml --extra postgres --constraint constraints/dev.txt "$@"
compile constraints/fuzz.txt --group fuzz --constraint constraints/dev.txt "$@"
compile constraints/redis.txt pyproject.toml --extra redis --constraint constraints/dev.txt "$@"
compile constraints/container.txt pyproject.toml --all-extras --constraint constraints/dev.txt "$@"
compile constraints/deploy.txt --group deploy --constraint constraints/dev.txt "$@"
compile constraints/build.txt --group build --constraint constraints/dev.txt "$@"

if grep -n '://' constraints/*.txt; then
    echo "a lock file names an address" >&2
    exit 1
fi
