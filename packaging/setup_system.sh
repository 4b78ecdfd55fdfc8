#!/bin/sh
# Installs the Debian packages that the named purposes need and that are not there yet, saying which and what for.
# Without root, sudo or apt it says what to install, and goes on: what is missing then shows where it is used.
set -eu
cd "$(dirname "$0")/.."

window="libglib2.0-0 libgl1 libegl1 libfontconfig1 libdbus-1-3 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4
        libxcb-keysyms1 libxcb-shape0 fonts-dejavu-core"
screen="xvfb xauth"
# redis-tools holds the server's program under another name (see fetch_binaries.py), so no system service is installed.
# strace fails the Nth system call of a save, and kills it there.
# postgresql would start a cluster of its own: it is told not to (see below). mariadb-server-core has no service at all, and needs a program of the client.
# PgBouncer needs two libraries, and is itself unpacked rather than installed (fetch_pgbouncer.sh).
servers="redis-tools libcurl4 strace postgresql mariadb-server-core mariadb-client-core libevent-2.1-7 libc-ares2"
freezing="binutils"

is_installed() {
    # From Debian 13 on some libraries carry t64 at the end of their name.
    dpkg-query -W -f '${db:Status-Status}\n' "$1" "${1}t64" 2>/dev/null | grep -qx installed
}

shared_python() {
    # Debian's own Python is linked statically; a frozen program needs it as a library.
    .venv/bin/python -c 'import sys; print("libpython%d.%d" % sys.version_info[:2] if sys.base_prefix == "/usr" else "")'
}

missing=""
for purpose in "$@"; do
    case $purpose in
        window) packages=$window; reason="Qt's libraries and a font, for the window" ;;
        screen) packages=$screen; reason="a virtual screen, where there is no display" ;;
        servers) packages=$servers; reason="Redis, PostgreSQL, MariaDB, what mongod and PgBouncer need, and strace to inject faults, for the tests only" ;;
        freezing) packages="$freezing $(shared_python)"; reason="what PyInstaller needs" ;;
        *) echo "unknown purpose: $purpose" >&2; exit 2 ;;
    esac
    absent=""
    for package in $packages; do
        if ! command -v dpkg-query >/dev/null 2>&1 || ! is_installed "$package"; then absent="$absent $package"; fi
    done
    if [ -n "$absent" ]; then
        echo "To install ($reason):$absent"
        missing="$missing$absent"
    fi
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "This is no Debian: please install what corresponds to the packages above. Going on without them."
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    as_root="sudo"
else
    echo "Neither root nor sudo here. Please run this as root, then try again; going on without them:"
    echo "    apt-get install --no-install-recommends$missing"
    exit 0
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A third party's source may be out of reach: whether the install works is what counts.
$as_root apt-get update -q >"$log" 2>&1 || true
install() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >"$log" 2>&1; }
case " $missing " in
    *" postgresql "*) # so that installing it neither makes a cluster nor starts a server
        install postgresql-common || true
        $as_root sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf || true
        ;;
esac
# shellcheck disable=SC2086 - words are meant
if ! install $missing; then
    tail -20 "$log" >&2
    echo "apt-get could not install:$missing" >&2
    exit 1
fi
