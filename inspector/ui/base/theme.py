"""The two palettes and the one style sheet.

`QStyleHints.setColorScheme` does nothing on plain X11, so a theme sets its own QPalette over the Fusion style.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from inspector.resources import read_bytes, resource_path


@dataclass(frozen=True, slots=True)
class Colours:
    """The named colours of a theme, as #rrggbb."""

    window: str
    side: str
    field: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    accent_soft: str
    ok: str
    ok_soft: str
    warn: str
    warn_soft: str
    bad: str
    bad_soft: str
    key: str
    string: str
    number: str
    frame: str


LIGHT = Colours(
    window="#ffffff", side="#f5f6f8", field="#f5f6f8", line="#e1e4ea", text="#1a2130", muted="#5d6777",
    accent="#3b5bdb", on_accent="#ffffff", accent_soft="#e7ecff", ok="#167244", ok_soft="#e0f3e8",
    warn="#8f5f00", warn_soft="#fff6d8", bad="#b3261e", bad_soft="#fde7e6",
    key="#3552c8", string="#15763f", number="#8f5f00", frame="#aeb5c0",
)  # fmt: skip

DARK = Colours(
    window="#1d2027", side="#17191d", field="#15171b", line="#2d323b", text="#e8eaf0", muted="#949ba8",
    accent="#91a2ff", on_accent="#141a33", accent_soft="#26305c", ok="#5fd394", ok_soft="#17321f",
    warn="#eab64a", warn_soft="#383016", bad="#ff8f87", bad_soft="#47191a",
    key="#96a6ff", string="#5fd394", number="#eab64a", frame="#5a6270",
)  # fmt: skip


class Theme(QObject):
    """The colours in force; `changed` when they are others."""

    changed = Signal()

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._choice = "system"
        self.colours = LIGHT
        self._is_applied = False
        application.setStyle("Fusion")
        application.styleHints().colorSchemeChanged.connect(self._follow_system)

    @property
    def is_dark(self) -> bool:
        return self.colours is DARK

    def choose(self, choice: str) -> None:
        """Set "light", "dark" or "system" (which follows the desktop where it tells)."""
        self._choice = choice
        if choice == "system":
            self._follow_system()
        else:
            self._apply(DARK if choice == "dark" else LIGHT)

    @contextmanager
    def dressing_last(self) -> Iterator[None]:
        """Style the widgets that are built meanwhile once, at the end.

        A widget is restyled each time it, or its parent, is reparented: three times the cost of building.
        """
        sheet = self._application.styleSheet()
        self._application.setStyleSheet("")
        try:
            yield
        finally:
            self._application.setStyleSheet(sheet)

    def colour(self, name: str) -> QColor:
        """Return a named colour of the theme in force."""
        return QColor(getattr(self.colours, name))

    def _follow_system(self) -> None:
        if self._choice == "system":
            is_dark = self._application.styleHints().colorScheme() == Qt.ColorScheme.Dark
            self._apply(DARK if is_dark else LIGHT)

    def _apply(self, colours: Colours) -> None:
        if self._is_applied and colours is self.colours:
            return  # to restyle every widget takes a fifth of a second
        self._is_applied = True
        self.colours = colours
        self._application.setPalette(_palette(colours))
        shade = "dark" if colours is DARK else "light"
        pictures = {
            name: resource_path(f"themes/{file}-{shade}.svg").as_posix()
            for name, file in (("check", "check"), ("arrow", "arrow"), ("arrow_up", "arrow-up"))
        }
        values = {name: getattr(colours, name) for name in Colours.__slots__}
        sheet = Template(read_bytes("themes/style.qss").decode())
        self._application.setStyleSheet(sheet.substitute(values | pictures))
        self.changed.emit()


def _palette(colours: Colours) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for name, value in (
        (role.Window, colours.window), (role.WindowText, colours.text), (role.Base, colours.window),
        (role.AlternateBase, colours.side), (role.Text, colours.text), (role.Button, colours.window),
        (role.ButtonText, colours.text), (role.BrightText, colours.bad), (role.ToolTipBase, colours.side),
        (role.ToolTipText, colours.text), (role.PlaceholderText, colours.muted), (role.Link, colours.accent),
        (role.Highlight, colours.accent), (role.HighlightedText, colours.on_accent), (role.Light, colours.line),
        (role.Midlight, colours.line), (role.Mid, colours.line), (role.Dark, colours.frame),
        (role.Shadow, colours.frame),
    ):  # fmt: skip
        palette.setColor(name, QColor(value))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(colours.muted))
    return palette


def mono_font() -> QFont:
    """Return the platform's fixed-width font in the application's size."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(QApplication.font().pointSizeF())
    return font
