#!/bin/sh
# Puts `helm` into FOLDER/bin: built by Go at one version, checked against Go's database of checksums. Where there is no
# Go, or no network, the tests that render the chart are skipped: nothing else here needs it.
# usage: tools/helm.sh FOLDER
set -eu
folder=$1
version=v4.3.1

[ ! -x "$folder/bin/helm" ] || exit 0
command -v go >/dev/null || { echo "There is no Go to build helm with; its tests will be skipped." >&2; exit 0; }
limit=
command -v timeout >/dev/null && limit="timeout 240"
echo "Building helm $version (minutes the first time, four at most)"
# Linked without symbols; to a path of its own, so that a build that is cut short leaves nothing.
GOBIN=$(cd "$folder" && pwd)/building CGO_ENABLED=0 GOFLAGS="${GOFLAGS:-} -modcacherw" \
    $limit go install -trimpath -ldflags='-s -w' "helm.sh/helm/v4/cmd/helm@$version" 2>"$folder/helm.log" || {
    tail -n 3 "$folder/helm.log" >&2
    echo "helm could not be built; its tests will be skipped." >&2
    exit 0
}
mv "$folder/building/helm" "$folder/bin/helm"
rmdir "$folder/building"
