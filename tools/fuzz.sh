#!/bin/sh
# Fuzzing, part by part: the OpenAPI document against the gateway, requests against the gateway, bytes against decoders.
# usage: tools/fuzz.sh PYTHON document|requests|decoders|all [options of the part]
set -eu
python=$1
part=$2
shift 2
# What was found before is where the search goes on.
folder=${FUZZ_FOLDER:-${XDG_CACHE_HOME:-$HOME/.cache}/antiphon-fuzz}
mkdir -p "$folder"

case $part in
document) exec "$python" -m tools.fuzz.document "$@" ;;
requests) exec "$python" -m tools.fuzz.requests --folder "$folder/requests" "$@" ;;
decoders) exec "$python" -m tools.fuzz.guided "$folder" "${FUZZ_SECONDS:-20}" "${FUZZ_SEED:-1}" "$@" ;;
all)
    "$python" -m tools.fuzz.document
    "$python" -m tools.fuzz.requests --folder "$folder/requests"
    "$python" -m tools.fuzz.guided "$folder" "${FUZZ_SECONDS:-20}" "${FUZZ_SEED:-1}"
    ;;
*)
    echo "no such part: $part" >&2
    exit 2
    ;;
esac
