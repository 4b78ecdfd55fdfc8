"""Actions as data (their words, shortcut, menu, and when they can be done), and the menus made from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Flag, auto

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QPushButton

from inspector.ui.base.icons import icon
from inspector.ui.base.plain import plain_tip
from inspector.ui.base.theme import Theme

MENUS = ("File", "Edit", "View", "Store", "Session", "Tools", "Help")


class When(Flag):
    """What has to be there for an action to be done."""

    ALWAYS = 0
    STORE = auto()
    SELECTION = auto()
    SESSION = auto()
    CHOSEN = auto()  # selected rows, or a session that is open
    EDITS = auto()
    BULK_CHANGE = auto()  # one that can be undone
    WRITABLE = auto()  # the store is open and takes writes


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do."""

    id: str
    text: str
    menu: str
    shortcut: str | QKeySequence.StandardKey | None = None
    when: When = When.ALWAYS
    icon: str = ""
    tip: str = ""  # for the status bar and a button; "" where the text says all
    is_checkable: bool = False  # acts when toggled by a person


@dataclass(frozen=True, slots=True)
class Line:
    """A line across a menu."""

    menu: str


class ActionBook(QObject):
    """The window's actions by name; the menus and the command palette are made from it."""

    def __init__(self, window: QMainWindow, theme: Theme) -> None:
        super().__init__(window)
        self._window = window
        self._theme = theme
        self._actions: dict[str, QAction] = {}
        self._icons: dict[str, str] = {}
        self._conditions: dict[str, When] = {}
        self._menus: dict[str, QMenu] = {name: window.menuBar().addMenu(f"&{name}") for name in MENUS}
        theme.changed.connect(self._recolour)

    def fill(self, vocabulary: Sequence[Action | Line], commands: Mapping[str, Callable[[], object]]) -> None:
        """Make the actions in the order of the menus; `commands`: what each one does, by its ID."""
        for entry in vocabulary:
            if isinstance(entry, Line):
                self._menus[entry.menu].addSeparator()
            else:
                self._add(entry, commands[entry.id])

    def _add(self, entry: Action, act: Callable[[], object]) -> None:
        action = QAction(entry.text, self._window, checkable=entry.is_checkable)
        action.setObjectName(entry.id)
        if entry.shortcut is not None:
            action.setShortcut(QKeySequence(entry.shortcut))
        if entry.tip:
            action.setStatusTip(entry.tip)
        action.triggered.connect(lambda _checked=False: act())
        self._actions[entry.id] = action
        self._conditions[entry.id] = entry.when
        if entry.icon:
            self._icons[entry.id] = entry.icon
            action.setIcon(icon(entry.icon, self._theme.colour("text")))
        self._menus[entry.menu].addAction(action)
        self._window.addAction(action)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def enable(self, now: When) -> None:
        """Enable what can be done now. What can always be done is left to whoever switches it off meanwhile."""
        for name, when in self._conditions.items():
            if when:
                self._actions[name].setEnabled(when in now)

    def all_actions(self) -> tuple[tuple[str, QAction], ...]:
        """Return (menu, action) for every action, in the order of the menus."""
        return tuple(
            (menu, action)
            for menu, widget in self._menus.items()
            for action in widget.actions()
            if not action.isSeparator()
        )

    def _recolour(self) -> None:
        for name, icon_name in self._icons.items():
            self._actions[name].setIcon(icon(icon_name, self._theme.colour("text")))


def make_button(action: QAction) -> QPushButton:
    """Return a push button which stands for an action (a tool button would not take the style of the others)."""
    text = action.text().replace("&", "")
    # Fusion leaves an icon too little room before its text.
    button = QPushButton(action.icon(), f"\u2009{text}")
    button.setAccessibleName(text)
    button.setCheckable(action.isCheckable())
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    shortcut = action.shortcut().toString()
    button.setToolTip(plain_tip(f"{action.statusTip() or action.text()} ({shortcut})" if shortcut else action.text()))

    def follow() -> None:
        button.setEnabled(action.isEnabled())
        button.setChecked(action.isChecked())
        button.setIcon(action.icon())

    action.changed.connect(follow)
    button.clicked.connect(lambda _checked=False: action.trigger())
    follow()
    return button
