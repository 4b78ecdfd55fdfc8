"""Every action once: its words, shortcut, icon and menu; knows not what the actions do."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QPushButton

from inspector.ui.base.icons import icon
from inspector.ui.base.plain import plain_tip
from inspector.ui.base.theme import Theme

MENUS = ("File", "Edit", "View", "Store", "Session", "Tools", "Help")


class ActionBook(QObject):
    """The window's actions by name; the menus and the command palette are made from it."""

    def __init__(self, window: QMainWindow, theme: Theme) -> None:
        super().__init__(window)
        self._window = window
        self._theme = theme
        self._actions: dict[str, QAction] = {}
        self._icons: dict[str, str] = {}
        self._menus: dict[str, QMenu] = {name: window.menuBar().addMenu(f"&{name}") for name in MENUS}
        theme.changed.connect(self._recolour)

    def add(
        self,
        name: str,
        text: str,
        act: Callable[[], object],
        *,
        menu: str,
        shortcut: str | QKeySequence.StandardKey | None = None,
        icon_name: str = "",
        checkable: bool = False,
        tip: str = "",
    ) -> QAction:
        """Make the action `name` and put it at the end of a menu; a checkable one acts when toggled by a person."""
        action = QAction(text, self._window, checkable=checkable)
        action.setObjectName(name)
        if shortcut is not None:
            action.setShortcut(QKeySequence(shortcut))
        if tip:
            action.setStatusTip(tip)
        action.triggered.connect(lambda _checked=False: act())
        self._actions[name] = action
        if icon_name:
            self._icons[name] = icon_name
            action.setIcon(icon(icon_name, self._theme.colour("text")))
        self._menus[menu].addAction(action)
        self._window.addAction(action)
        return action

    def separate(self, menu: str) -> None:
        self._menus[menu].addSeparator()

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def enable(self, enabled: bool, *names: str) -> None:
        for name in names:
            self._actions[name].setEnabled(enabled)

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
