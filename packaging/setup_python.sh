#!/bin/sh
# Makes .venv hold what requirements.lock.txt names, each file's hash checked, and this project as an editable install.
# When it already does, nothing happens and no network is needed.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
stamp=.venv/installed
wanted="$(pwd) $(cat requirements.lock.txt pyproject.toml | sha256sum | cut -d' ' -f1)"

if [ "$(cat $stamp 2>/dev/null || true)" = "$wanted" ] && .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi
if ! "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'; then
    echo "Python 3.11 or newer with venv is needed (Debian: apt-get install python3-venv); PYTHON=… names another." >&2
    exit 1
fi
# An environment that was moved keeps the old path in its scripts: only a new one is right.
if [ -f $stamp ] && [ "$(cut -d' ' -f1 $stamp)" != "$(pwd)" ]; then
    rm -rf .venv
fi
.venv/bin/python -c '' 2>/dev/null || "$python" -m venv --clear .venv
echo "Installing the Python packages of requirements.lock.txt into .venv …"
export PIP_DISABLE_PIP_VERSION_CHECK=1
.venv/bin/python -m pip install -qq --require-hashes -r requirements.lock.txt
.venv/bin/python -m pip install -qq --no-deps --no-build-isolation -e .
echo "$wanted" > $stamp
