"""The status bar's two lines: which store answers where, and whether it may be written."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QPushButton, QStatusBar

from inspector.services.settings.profiles import Environment
from inspector.ui.base.fitting_label import FittingLabel
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import PlainLabel, plain_tip
from inspector.ui.stores.busy_sign import BusySign
from inspector.ui.stores.open_store import OpenStore, StoreState
from store_adapters.contract import Look

_ROLES = {
    Environment.DEVELOPMENT: "badge",
    Environment.STAGING: "badge-warn",
    Environment.PRODUCTION: "badge-bad",
}

_GAPS = 24
"""What the status bar keeps free between the three and at its edges, in pixels."""


def describe_look(look: Look | None) -> str:
    """Return how often a store is looked through, in words; "" where it tells of its changes itself."""
    if look is None:
        return ""
    return f"looks every {max(1, round(look.every_s)):,} s at {look.count:,} {'session' if look.count == 1 else 'sessions'}"


class StatusLine(QObject):
    """Fills a status bar; messages of a moment go over it."""

    reconnect_wanted = Signal()

    def __init__(self, bar: QStatusBar) -> None:
        super().__init__(bar)
        self._bar = bar
        self._mode, self._short_mode = "", ""
        self.store_label = FittingLabel(role="muted")
        self.mode_label = FittingLabel(role="muted")
        self.mode_label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.environment_label = PlainLabel("", role="badge")
        self.environment_label.hide()
        self.busy_sign = BusySign()
        self.reconnect_button = QPushButton("Reconnect")
        self.reconnect_button.clicked.connect(self.reconnect_wanted)
        self.reconnect_button.hide()
        bar.addPermanentWidget(self.busy_sign)
        bar.addPermanentWidget(self.reconnect_button)
        bar.addPermanentWidget(self.environment_label)
        for label in (self.store_label, self.mode_label):
            label.setContentsMargins(12, 3, 12, 3)
        bar.addWidget(self.store_label, 1)
        bar.addPermanentWidget(self.mode_label)
        bar.setSizeGripEnabled(False)
        bar.installEventFilter(self)

    def show_store(self, store: OpenStore | None) -> None:
        """Show what is known about a store."""
        self.environment_label.setVisible(store is not None)
        self.busy_sign.watch(store.health if store is not None else None)
        self.reconnect_button.setVisible(store is not None and (store.is_silent or store.state is StoreState.FAILED))
        if store is not None:
            environment = store.profile.environment
            self.environment_label.show_role(_ROLES[environment])
            self.environment_label.setText(environment.value)
        if store is None or store.connection is None:
            self.store_label.show_wordings(store.profile.name if store is not None else "No store is open")
            self._show_mode("", "")
            return
        info = store.connection.info
        product = f"{info.product} {info.version}".strip()
        words = [f"{store.profile.name} · {product} · {info.address}"]
        if store.is_silent:
            words = [f"▲ {store.profile.name}: {store.state_words}", info.address]
        elif store.health.last_answer:
            words += [f"last answer {store.health.last_answer}"]
        words += [f"Live: {describe_look(store.look) or info.watch_method}"] if store.is_live else []
        trouble = store.health.silence or store.trouble
        words += [trouble.text] if trouble is not None else []
        self.store_label.show_role("error" if store.is_silent else "muted")
        self.store_label.show_wordings("     ".join(words))
        if store.can_write:
            self._show_mode("Read/write · saves are checked against concurrent changes", "Read/write")
        else:
            self._show_mode("Read-only", "Read-only")

    def _show_mode(self, words: str, short: str) -> None:
        self._mode, self._short_mode = words, short
        self._share_room()

    @qt_guard(False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._share_room()
        return super().eventFilter(watched, event)

    def _share_room(self) -> None:
        # The mode gives way first: of the store, its name and address have to be told from others.
        badge = 0 if self.environment_label.isHidden() else self.environment_label.sizeHint().width()
        self.mode_label.show_wordings(self._mode)
        for widget in (self.reconnect_button, self.busy_sign):
            badge += 0 if widget.isHidden() else widget.sizeHint().width()
        wanted = self.store_label.sizeHint().width() + badge + self.mode_label.sizeHint().width() + _GAPS
        if wanted > self._bar.width():
            self.mode_label.show_wordings(self._short_mode)
            self.mode_label.setToolTip(plain_tip(self._mode))
