#!/bin/sh
# Makes FOLDER a virtual environment that holds exactly what LOCK pins, and this checkout: as PROJECT says, editable
# (if it says nothing), a copy, or none.
# What MORE pins beyond that is added, and stays until LOCK changes.
# usage: PYTHON=python3 tools/venv.sh FOLDER LOCK [MORE]
# The environment gets no pip of its own: it would be the largest thing a server never runs.
set -eu
folder=$1
lock=$2
more=${3:-}
python=${PYTHON:-python3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

same=yes
cmp -s "$lock" "$folder/lock.txt" || same=no
[ "$same" = yes ] || "$python" -m venv --clear --without-pip "$folder"

# A pip that can fill another environment is 22.3 or later; without one, Python brings its own.
installer=
for candidate in "$python" python3; do
    if "$candidate" -m pip --python "$folder/bin/python" --version >/dev/null 2>&1; then
        installer=$candidate
        break
    fi
done
if [ -z "$installer" ]; then
    "$python" -m venv "$scratch/pip" 2>/dev/null || python3 -m venv "$scratch/pip"
    installer=$scratch/pip/bin/python
fi
pip() {
    "$installer" -m pip --python "$folder/bin/python" --disable-pip-version-check --quiet install --no-compile --no-deps "$@"
}

if [ "$same" = no ]; then
    echo "Filling $folder from $lock"
    pip --require-hashes --requirement "$lock"
    # Compiled here and not by pip, to leave out what is never imported: it would take 10 MB of 60.
    "$folder/bin/python" -m compileall -q -j 0 -x '/(tests?|testing|mssql|mysql|oracle|node_modules|cffi|pycparser|sqlalchemy/(orm|ext)|mako|autogenerate|websockets/(legacy|sync|asyncio|trio)|zstd/(zipfile|_cffi)|h11)/|/(tarfile|_shutil|_trio|pytest_plugin|testclient|h11_impl)[.]py' "$folder"/lib/python*/site-packages
fi
if [ -n "$more" ]; then
    pip --require-hashes --requirement "$more"
fi
if [ "${PROJECT:-editable}" != none ]; then
    # The build backend is pinned too, and stays outside.
    pip --require-hashes --requirement constraints/build.txt --target "$scratch/build"
    how=$([ "${PROJECT:-editable}" = copy ] || echo --editable)
    # shellcheck disable=SC2086  # nothing, or one word
    PYTHONPATH=$scratch/build pip --no-build-isolation $how .
fi
if [ "${PROJECT:-editable}" = copy ]; then
    "$folder/bin/python" -m compileall -q "$folder"/lib/python*/site-packages/antiphon
fi
cp "$lock" "$folder/lock.txt"
