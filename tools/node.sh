#!/bin/sh
# Makes FOLDER hold the JavaScript clients that MANIFEST pins, for tests. Where there is no npm, or no network, those
# tests are skipped: nothing else here needs it.
# usage: tools/node.sh FOLDER MANIFEST
set -eu
folder=$1
manifest=$2

command -v npm >/dev/null || exit 0
node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' || exit 0
rm -rf "$folder"
mkdir "$folder"
cp "$manifest" "$folder/package.json"
echo "Filling $folder from $manifest"
# Without a lock, which would name addresses; and quick to give up where there is no network.
if npm install --prefix "$folder" --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error \
    --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=1000; then
    touch "$folder/.installed"
else
    echo "The JavaScript clients could not be installed; their tests will be skipped." >&2
fi
