#!/bin/sh
# Starts the program with its demo; with no display, walks once through it on a virtual screen instead and keeps pictures.
set -eu
cd "$(dirname "$0")/.."
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || [ "$(uname)" = Darwin ]; then
    exec .venv/bin/session-inspector --demo
fi
tour=build/tour
echo "No display here (DISPLAY and WAYLAND_DISPLAY are unset), so the program walks once through its main job on a virtual"
echo "screen: demo server, list, open, edit, save, verify a cookie. For the window itself, run this on a desktop or by ssh -X."
mkdir -p $tour
if command -v xvfb-run >/dev/null 2>&1; then
    QT_QPA_PLATFORM=xcb xvfb-run -a -s '-screen 0 1600x1000x24' .venv/bin/python -m inspector --tour $tour
else
    QT_QPA_PLATFORM=offscreen .venv/bin/python -m inspector --tour $tour
fi
echo "Pictures of the walk: $(pwd)/$tour"
