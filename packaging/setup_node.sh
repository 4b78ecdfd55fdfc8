#!/bin/sh
# Installs the Node programs of the interop tests, a folder each, as their package-lock.json says; nothing when done already.
# Install scripts never run: a package that needs one (to fetch or build a binary) is not used.
set -eu
cd "$(dirname "$0")/.."
PATH="$(pwd)/.cache/bin:$PATH"
export PATH
for lock in tests/interop/*/package-lock.json; do
    folder=$(dirname "$lock")
    stamp=$folder/node_modules/.installed
    wanted=$(sha256sum < "$lock")
    [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ] || continue
    command -v npm >/dev/null 2>&1 || { echo "No npm here: the tests with Node applications are left out."; exit 0; }
    echo "Installing the Node programs of $folder …"
    (cd "$folder" && npm ci --prefer-offline --ignore-scripts --no-audit --no-fund --loglevel=error)
    echo "$wanted" > "$stamp"
done
