"""Which sessions are to be exported."""

from __future__ import annotations

from PySide6.QtWidgets import QButtonGroup, QDialog, QDialogButtonBox, QRadioButton, QVBoxLayout, QWidget

from inspector.ui.base.plain import PlainLabel

SELECTED, MATCHING, ALL = range(3)


class ExportDialog(QDialog):
    """`choice` holds which, once it is accepted. `matching` None: no filter is set."""

    def __init__(self, selected: int, matching: int | None, total: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export sessions")
        self.setMinimumWidth(460)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(PlainLabel("Export which sessions?", role="title"))
        self.buttons = QButtonGroup(self)
        offers = (
            (SELECTED, f"The {selected:,} selected" if selected else "The selected (none is)", selected > 0),
            (MATCHING, f"The {matching or 0:,} that match the filter", matching is not None and matching > 0),
            (ALL, f"All in the store ({total})", True),
        )
        for number, words, is_offered in offers:
            button = QRadioButton(words)
            button.setEnabled(is_offered)
            self.buttons.addButton(button, number)
            layout.addWidget(button)
        first = SELECTED if selected > 1 else MATCHING if matching else ALL
        self.buttons.button(first).setChecked(True)
        words = (
            "One JSON object per line, with the expiry: an import restores them byte for byte. The file holds what the sessions "
            "hold, logins included; only you may read it."
        )
        layout.addWidget(PlainLabel(words, role="muted", wrap=True))
        row = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.export_button = row.addButton("Export…", QDialogButtonBox.ButtonRole.AcceptRole)
        self.export_button.setProperty("role", "primary")
        row.accepted.connect(self.accept)
        row.rejected.connect(self.reject)
        layout.addWidget(row)

    @property
    def choice(self) -> int:
        return self.buttons.checkedId()
