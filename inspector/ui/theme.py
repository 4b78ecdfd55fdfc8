"""The two palettes and the one style sheet; knows no page.

`QStyleHints.setColorScheme` does nothing on plain X11, so a theme sets its own QPalette over the Fusion style.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication


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
    window="#ffffff", side="#f5f6f8", field="#f5f6f8", line="#e1e4ea", text="#1a2130", muted="#667080",
    accent="#3b5bdb", on_accent="#ffffff", accent_soft="#e7ecff", ok="#1a7f4b", ok_soft="#e0f3e8",
    warn="#8f5f00", warn_soft="#fff6d8", bad="#b3261e", bad_soft="#fde7e6",
    key="#3552c8", string="#15763f", number="#8f5f00", frame="#aeb5c0",
)  # fmt: skip

DARK = Colours(
    window="#1d2027", side="#17191d", field="#15171b", line="#2d323b", text="#e8eaf0", muted="#949ba8",
    accent="#91a2ff", on_accent="#141a33", accent_soft="#26305c", ok="#5fd394", ok_soft="#17321f",
    warn="#eab64a", warn_soft="#383016", bad="#ff8f87", bad_soft="#47191a",
    key="#96a6ff", string="#5fd394", number="#eab64a", frame="#5a6270",
)  # fmt: skip

_SHEET = Template("""
QToolTip { background: $side; color: $text; border: 1px solid $line; padding: 4px; }
QMenuBar { background: $window; border-bottom: 1px solid $line; padding: 2px 4px; }
QMenuBar::item { padding: 4px 10px; border-radius: 4px; background: transparent; }
QMenuBar::item:selected { background: $accent_soft; }
QMenu { background: $window; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 10px; border-radius: 4px; }
QMenu::item:selected { background: $accent_soft; color: $text; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $line; margin: 4px 6px; }
QMenu::icon { padding-left: 6px; }
QStatusBar { background: $window; border-top: 1px solid $line; color: $muted; }
QStatusBar::item { border: none; }
QSplitter::handle { background: $line; }
QPushButton, QToolButton[role="button"] { background: $window; border: 1px solid $line; border-radius: 5px; padding: 4px 12px; min-height: 18px; }
QPushButton:hover, QToolButton[role="button"]:hover { border-color: $frame; }
QPushButton:pressed, QToolButton[role="button"]:pressed { background: $field; }
QPushButton:focus, QToolButton[role="button"]:focus { border-color: $accent; }
QPushButton:disabled, QToolButton[role="button"]:disabled { color: $muted; background: $field; }
QPushButton:checked, QToolButton[role="button"]:checked { background: $accent_soft; border-color: $accent; }
QPushButton[role="primary"] { background: $accent; color: $on_accent; border-color: $accent; }
QPushButton[role="primary"]:hover { border-color: $text; }
QPushButton[role="primary"]:disabled { background: $line; color: $muted; border-color: $line; }
QPushButton[role="danger"] { color: $bad; }
QPushButton[role="chip"] { border-radius: 11px; padding: 1px 10px; min-height: 18px; }
QPushButton[role="link"] { border: none; color: $accent; background: transparent; padding: 2px 4px; }
QToolButton[role="flat"] { border: none; background: transparent; padding: 4px; border-radius: 4px; }
QToolButton[role="flat"]:hover, QToolButton[role="flat"]:focus { background: $accent_soft; }
QToolButton::menu-indicator { image: none; }
QLineEdit, QPlainTextEdit, QSpinBox, QComboBox { background: $field; border: 1px solid $line; border-radius: 5px; padding: 4px 8px; selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit:focus, QPlainTextEdit:focus, QSpinBox:focus, QComboBox:focus { border-color: $accent; }
QLineEdit[state="error"] { border-color: $bad; }
QLineEdit:disabled, QSpinBox:disabled, QComboBox:disabled { color: $muted; }
QComboBox QAbstractItemView { background: $window; border: 1px solid $line; selection-background-color: $accent_soft; selection-color: $text; }
QCheckBox::indicator, QRadioButton::indicator { width: 14px; height: 14px; border: 1px solid $frame; background: $field; }
QCheckBox::indicator { border-radius: 3px; }
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:checked, QRadioButton::indicator:checked { background: $accent; border-color: $accent; }
QCheckBox::indicator:checked { image: url("$check"); }
QCheckBox:focus, QRadioButton:focus { color: $accent; }
QAbstractItemView { background: $window; border: none; outline: none; alternate-background-color: $window; selection-background-color: $accent_soft; selection-color: $text; }
QTableView, QTreeView { gridline-color: $line; }
QTableView QLineEdit, QTreeView QLineEdit { border-radius: 0; padding: 0 4px; }
QHeaderView { background: $window; }
QHeaderView::section { background: $window; color: $muted; border: none; border-bottom: 1px solid $line; padding: 5px 8px; font-weight: 600; }
QTabBar { qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: $muted; border: none; border-bottom: 2px solid transparent; padding: 7px 12px; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; font-weight: 600; }
QTabBar::tab:focus { color: $accent; }
QTabWidget::pane { border: none; border-top: 1px solid $line; }
QProgressBar { background: $line; border: none; border-radius: 0; }
QProgressBar::chunk { background: $accent; }
QScrollBar:vertical { background: transparent; width: 11px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 11px; margin: 0; }
QScrollBar::handle { background: $line; border-radius: 4px; margin: 2px; min-height: 28px; min-width: 28px; }
QScrollBar::handle:hover { background: $frame; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page { background: none; border: none; height: 0; width: 0; }
QScrollArea { border: none; background: transparent; }
QFrame[role="card"] { background: $window; border: 1px solid $line; border-radius: 7px; }
QFrame[role="bar"] { background: $side; border-top: 1px solid $line; }
QFrame[role="top"] { background: $window; border-bottom: 1px solid $line; }
QFrame[role="side"] { background: $side; }
QFrame[role="side"] QAbstractItemView { background: $side; }
QLabel { background: transparent; }
QLabel[role="title"] { font-size: 15px; font-weight: 600; }
QLabel[role="heading"] { font-weight: 600; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="caption"] { color: $muted; font-size: 11px; }
QLabel[role="error"] { color: $bad; }
QLabel[role="ok"] { color: $ok; }
QLabel[role="warn"] { color: $warn; }
QLabel[role="badge-ok"] { color: $ok; background: $ok_soft; border-radius: 4px; padding: 1px 7px; font-weight: 600; }
QLabel[role="badge-warn"] { color: $warn; background: $warn_soft; border-radius: 4px; padding: 1px 7px; font-weight: 600; }
QLabel[role="badge-bad"] { color: $bad; background: $bad_soft; border-radius: 4px; padding: 1px 7px; font-weight: 600; }
QLabel[role="badge"] { color: $muted; background: $field; border-radius: 4px; padding: 1px 7px; font-weight: 600; }
""")


class Theme(QObject):
    """The colours in force; `changed` when they are others."""

    changed = Signal()

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._choice = "system"
        self.colours = LIGHT
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

    def colour(self, name: str) -> QColor:
        """Return a named colour of the theme in force."""
        return QColor(getattr(self.colours, name))

    def _follow_system(self) -> None:
        if self._choice == "system":
            is_dark = self._application.styleHints().colorScheme() == Qt.ColorScheme.Dark
            self._apply(DARK if is_dark else LIGHT)

    def _apply(self, colours: Colours) -> None:
        from inspector.resources import resource_path

        self.colours = colours
        self._application.setPalette(_palette(colours))
        check = "check-dark" if colours is DARK else "check-light"
        values = {name: getattr(colours, name) for name in Colours.__slots__}
        self._application.setStyleSheet(
            _SHEET.substitute(values, check=resource_path(f"themes/{check}.svg").as_posix())
        )
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
        (role.Midlight, colours.line), (role.Mid, colours.line), (role.Dark, colours.frame), (role.Shadow, colours.frame),
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
