#!/bin/sh
# Takes PgBouncer out of its Debian package into .cache/bin, for the tests only: installed, it would start a service.
set -eu
cd "$(dirname "$0")/.."
[ -x .cache/bin/pgbouncer ] && exit 0
command -v apt-get >/dev/null 2>&1 && command -v dpkg >/dev/null 2>&1 || { echo "Without apt there is no PgBouncer for the tests."; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 0755 "$work"
if ! (cd "$work" && apt-get download -qq pgbouncer >log 2>&1); then
    cat "$work/log" >&2
    echo "PgBouncer could not be fetched; its tests will say that it is missing." >&2
    exit 0
fi
dpkg -x "$work"/pgbouncer_*.deb "$work/out"
mkdir -p .cache/bin
cp "$work/out/usr/sbin/pgbouncer" .cache/bin/pgbouncer
