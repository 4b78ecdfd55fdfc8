"""What the window needs of the system: told in one sentence, where Qt would end in a traceback or an abort. Imports Qt only inside."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from pathlib import Path

PACKAGES = (
    "libglib2.0-0", "libgl1", "libegl1", "libfontconfig1", "libdbus-1-3", "libxkbcommon-x11-0", "libxcb-cursor0", "libxcb-icccm4",
    "libxcb-keysyms1", "libxcb-shape0", "fonts-dejavu-core",
)  # fmt: skip
"""Of Debian and its derivatives, as packaging/setup_system.sh installs them."""
_INSTALL = f"On Debian or a derivative: apt-get install --no-install-recommends {' '.join(PACKAGES)}"
_LIBRARY = re.compile(r"([^\s:/]+\.so[.\d]*): cannot open shared object file")


def find_missing_library() -> str:
    """Return why Qt cannot be loaded here, "" where it can."""
    try:
        import PySide6.QtWidgets  # noqa: F401
    except ModuleNotFoundError:
        return (
            "The window needs PySide6, which is not installed. The commands work without it: session-inspector --help"
        )
    except ImportError as error:
        return _describe(str(error))
    return _find_missing_of_plugins() if sys.platform.startswith("linux") else ""


def find_missing_font() -> str:
    """Return what is missing where Qt has no font at all, which it would show as empty boxes; "" where it has one.

    Needs a QApplication.
    """
    from PySide6.QtGui import QFont, QFontInfo

    # The list of families is never empty: it names fontconfig's aliases even where they lead to no font.
    return "" if QFontInfo(QFont()).family() else f"The window needs a font, and none is installed. {_INSTALL}"


def _find_missing_of_plugins() -> str:
    """Load what Qt is going to load for the screen: where it fails to, it aborts."""
    from PySide6.QtCore import QLibraryInfo

    folder = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)) / "platforms"
    missing = ""
    for name in _platforms():
        path = folder / f"libq{name}.so"
        if not path.exists():
            return ""  # Qt's own words say what it knows
        try:
            ctypes.CDLL(str(path))
        except OSError as error:
            missing = missing or _describe(str(error))
        else:
            return ""
    return missing


def _platforms() -> list[str]:
    """Return the platforms that Qt tries, in its order."""
    if chosen := os.environ.get("QT_QPA_PLATFORM"):
        return [part.partition(":")[0] for part in chosen.split(";")]
    is_wayland = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("XDG_SESSION_TYPE") == "wayland"
    return ["wayland", "xcb"] if is_wayland else ["xcb"]


def _describe(words: str) -> str:
    found = _LIBRARY.search(words)
    if found is None:
        return (
            f"The window needs Qt, which cannot be loaded here: {words.splitlines()[0] if words else 'no reason given'}"
        )
    return f"The window needs the library {found[1]}, which is not installed. {_INSTALL}"
