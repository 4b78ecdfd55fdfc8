"""The command log: what this program has sent to each store, newest at the end, without values."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from inspector.core.display import escape_display, format_clock
from inspector.services.settings.command_log import CommandLog, SentCommand
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import PlainLabel, copy_text
from inspector.ui.base.theme import mono_font

_LOOK_MS = 250
_TALLEST = 190
_MOST_LINES = 2000
_MOST_LETTERS = 400


class CommandPanel(QDockWidget):
    """A panel below the pages. It looks at the log while it is visible, so that a hidden one costs nothing."""

    def __init__(self, log: CommandLog, parent: QWidget | None = None) -> None:
        super().__init__("Commands sent to the stores", parent)
        self.setObjectName("command_log")
        self.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetClosable)
        self._log = log
        self._last = 0
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(10, 4, 10, 8)
        column.setSpacing(6)
        self.edit = QPlainTextEdit()
        self.edit.setReadOnly(True)
        self.edit.setFont(mono_font())
        self.edit.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.edit.setMaximumBlockCount(_MOST_LINES)
        self.edit.setAccessibleName("Commands sent to the stores")
        self.edit.setPlaceholderText("Nothing sent yet.")
        column.addWidget(self.edit, 1)
        row = QHBoxLayout()
        words = f"The last {_MOST_LINES:,}, in memory only. Values and full session IDs are never logged."
        row.addWidget(PlainLabel(words, role="caption"), 1)
        copy = QPushButton("Copy all")
        copy.clicked.connect(lambda: copy_text(self.edit.toPlainText()))
        row.addWidget(copy)
        clear = QPushButton("Clear")
        clear.clicked.connect(self.clear)
        row.addWidget(clear)
        column.addLayout(row)
        self.setWidget(inside)
        inside.setMaximumHeight(_TALLEST)
        self._clock = QTimer(self, interval=_LOOK_MS)
        self._clock.timeout.connect(self.refresh)
        self.hide()

    def toggle(self) -> None:
        self.setVisible(not self.isVisible())

    def clear(self) -> None:
        """Forget what was sent until now."""
        self._log.clear()
        self.edit.clear()

    def refresh(self) -> None:
        """Add what was sent since the last look."""
        fresh = self._log.after(self._last)
        if not fresh:
            return
        self._last = fresh[-1].number
        bar = self.edit.verticalScrollBar()
        is_at_end = bar.value() >= bar.maximum() - 1
        self.edit.appendPlainText("\n".join(map(_line, fresh)))
        if is_at_end:
            bar.setValue(bar.maximum())

    @qt_guard()
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
        self._clock.start()

    @qt_guard()
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()


def _line(sent: SentCommand) -> str:
    clock = format_clock(sent.at_ms, with_ms=True)
    return f"{clock}  {escape_display(sent.store, 24):<24}  {escape_display(sent.words, _MOST_LETTERS)}"
