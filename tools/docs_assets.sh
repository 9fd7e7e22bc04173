#!/usr/bin/env bash
# Fetches the documentation page's library again, with its licences; VERSION=... takes another version.
set -euo pipefail
cd "$(dirname "$0")/.."

assets=antiphon/http/assets
version=${VERSION:-$(sed -n 's/^- version: //p' "$assets/README.md")}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

npm pack --silent --pack-destination "$folder" "rapidoc@$version" >"$folder/name"
tar -xzf "$folder/$(tail -n 1 "$folder/name")" -C "$folder"

package=$folder/package
cp "$package/dist/rapidoc-min.js" "$package/dist/rapidoc-min.js.LICENSE.txt" "$assets/"
cp "$package/LICENSE.txt" "$assets/rapidoc-LICENSE.txt"

digest=$(sha256sum "$assets/rapidoc-min.js" | cut -d ' ' -f 1)
sed -i "s/^- version: .*/- version: $version/; s/^- sha256: .*/- sha256: $digest/" "$assets/README.md"
echo "rapidoc $version, $digest"
