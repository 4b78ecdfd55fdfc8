"""The status bar's two lines: which store answers where, and whether it may be written; knows no page."""

from __future__ import annotations

from PySide6.QtWidgets import QStatusBar

from inspector.services.profiles import Environment
from inspector.ui.open_store import OpenStore
from inspector.ui.plain import PlainLabel

_ROLES = {
    Environment.DEVELOPMENT: "badge",
    Environment.STAGING: "badge-warn",
    Environment.PRODUCTION: "badge-bad",
}


class StatusLine:
    """Fills a status bar; messages of a moment go over it."""

    def __init__(self, bar: QStatusBar) -> None:
        self.store_label = PlainLabel("", role="muted")
        self.mode_label = PlainLabel("", role="muted")
        self.environment_label = PlainLabel("", role="badge")
        self.environment_label.hide()
        bar.addPermanentWidget(self.environment_label)
        for label in (self.store_label, self.mode_label):
            label.setContentsMargins(12, 3, 12, 3)
        bar.addWidget(self.store_label, 1)
        bar.addPermanentWidget(self.mode_label)
        bar.setSizeGripEnabled(False)

    def show_store(self, store: OpenStore | None) -> None:
        """Say what is known of a store."""
        self.environment_label.setVisible(store is not None)
        if store is not None:
            environment = store.profile.environment
            self.environment_label.show_role(_ROLES[environment])
            self.environment_label.setText(environment.value)
        if store is None or store.connection is None:
            self.store_label.setText(store.profile.name if store is not None else "No store is open")
            self.mode_label.setText("")
            return
        info = store.connection.info
        words = [f"{store.profile.name} · {info.product} {info.version} · {info.address}"]
        words += [f"{info.round_trip_ms:.1f} ms", info.watch_method] if info.product != "Memory" else []
        if store.trouble is not None:
            words.append(store.trouble.text)
        self.store_label.setText("     ".join(words))
        mode = "Read/write · saves are checked against concurrent changes" if store.can_write else "Read-only"
        self.mode_label.setText(mode)
