#!/bin/sh
# Installs the Node applications of the interop tests as their package-lock.json says; nothing when that is done already.
set -eu
cd "$(dirname "$0")/.."
PATH="$(pwd)/.cache/bin:$PATH"
export PATH
[ -f tests/interop/node/package-lock.json ] || exit 0
cd tests/interop/node
stamp=node_modules/.installed
wanted=$(sha256sum < package-lock.json)
[ "$(cat $stamp 2>/dev/null || true)" != "$wanted" ] || exit 0
command -v npm >/dev/null 2>&1 || { echo "No npm here: the tests with Node applications are left out."; exit 0; }
echo "Installing the Node applications of the interop tests …"
npm ci --prefer-offline --ignore-scripts --no-audit --no-fund --loglevel=error
echo "$wanted" > $stamp
