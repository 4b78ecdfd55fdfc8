"""The status bar's two lines: which store answers where, and whether it may be written; knows no page."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStatusBar

from inspector.services.profiles import Environment
from inspector.ui.fitting_label import FittingLabel
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
        self.store_label = FittingLabel(role="muted")
        self.mode_label = FittingLabel(role="muted")
        self.mode_label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
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
            self.store_label.show_wordings(store.profile.name if store is not None else "No store is open")
            self.mode_label.show_wordings()
            return
        info = store.connection.info
        product = f"{info.product} {info.version}".strip()
        words = [f"{store.profile.name} · {product} · {info.address}"]
        words += [f"{info.round_trip_ms:.1f} ms"] if info.product != "Memory" else []
        words += [f"Live: {info.watch_method}"] if store.is_live else []
        words += [store.trouble.text] if store.trouble is not None else []
        self.store_label.show_wordings("     ".join(words))
        if store.can_write:
            self.mode_label.show_wordings("Read/write · saves are checked against concurrent changes", "Read/write")
        else:
            self.mode_label.show_wordings("Read-only")
