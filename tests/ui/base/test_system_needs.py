"""A system without Qt's libraries or without a font is told so in one sentence, with what installs them, and no traceback."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.ui.base.system_needs import PACKAGES
from tests.servers import ROOT

APT = f"apt-get install --no-install-recommends {' '.join(PACKAGES)}"
NO_EGL = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "PySide6.QtWidgets":
            raise ImportError("libEGL.so.1: cannot open shared object file: No such file or directory")
sys.meta_path.insert(0, Missing())
"""
NO_PYSIDE = NO_EGL.replace('if name == "PySide6.QtWidgets"', 'if name.startswith("PySide6")').replace(
    'ImportError("libEGL.so.1: cannot open shared object file: No such file or directory")', "ModuleNotFoundError(name)"
)
ODD_FAULT = NO_EGL.replace("libEGL.so.1: cannot open shared object file: No such file or directory", "DLL load failed")
START = "from inspector.cli import main\nsys.exit(main(sys.argv[1:]))"
NO_FONTS = '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig></fontconfig>'


def start(code: str, home: Path, **environment: str) -> tuple[int, str]:
    """Start the window in a fresh interpreter; return its exit code and what it complained of."""
    done = subprocess.run(
        [sys.executable, "-c", code, "--demo"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "SESSION_INSPECTOR_HOME": str(home), "QT_QPA_PLATFORM": "offscreen", **environment},
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (NO_EGL, f"The window needs the library libEGL.so.1, which is not installed. On Debian or a derivative: {APT}"),
        (NO_PYSIDE, "The window needs PySide6, which is not installed."),
        (ODD_FAULT, "The window needs Qt, which cannot be loaded here: DLL load failed"),
    ],
)
def test_missing_qt_is_one_sentence(tmp_path: Path, code: str, words: str) -> None:
    ended, said = start(code + START, tmp_path)
    assert (ended, said.count("\n")) == (2, 1)
    assert words in said


@pytest.mark.skipif(sys.platform != "linux", reason="the platform plugins of Linux")
def test_library_that_the_xcb_plugin_lacks_is_named_before_qt_aborts(tmp_path: Path) -> None:
    """A copy of Qt's plugin away from Qt's libraries asks for one that is not there, as the real one does where one is missing."""
    import PySide6

    plugins = tmp_path / "plugins" / "platforms"
    plugins.mkdir(parents=True)
    shutil.copy(Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms" / "libqxcb.so", plugins)
    code = f"""
import sys
from PySide6.QtCore import QLibraryInfo
QLibraryInfo.path = staticmethod(lambda _which: {str(plugins.parent)!r})
"""
    ended, said = start(code + START, tmp_path, QT_QPA_PLATFORM="xcb", DISPLAY=":4711")
    assert (ended, said.count("\n")) == (2, 1)
    assert f"needs the library libQt6XcbQpa.so.6, which is not installed. On Debian or a derivative: {APT}" in said


@pytest.mark.skipif(shutil.which("fc-list") is None, reason="no fontconfig here")
def test_missing_font_is_one_sentence(tmp_path: Path) -> None:
    settings = tmp_path / "fonts.conf"
    settings.write_text(NO_FONTS)
    ended, said = start("import sys\n" + START, tmp_path, FONTCONFIG_FILE=str(settings))
    assert (ended, said.count("\n")) == (2, 1)
    assert f"needs a font, and none is installed. On Debian or a derivative: {APT}" in said


def test_packages_are_those_that_the_setup_installs() -> None:
    words = re.search(r'^window="([^"]*)"', (ROOT / "packaging" / "setup_system.sh").read_text(), re.MULTILINE)
    assert words is not None
    assert words[1].split() == list(PACKAGES)
