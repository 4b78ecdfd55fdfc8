"""A small bar plot which filters by a click."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.services.catalogue.overview import Bucket
from inspector.ui.base.guard import qt_guard
from inspector.ui.base.plain import show_tip
from inspector.ui.base.theme import Theme


class BarPlot(QWidget):
    """Bars for buckets, with a caption. Arrow keys and Enter work as the mouse does."""

    bucket_chosen = Signal(object)  # Bucket

    def __init__(
        self, theme: Theme, caption: str, describe: Callable[[Bucket], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._caption = caption
        self._describe = describe
        self._buckets: tuple[Bucket, ...] = ()
        self._current = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(caption)
        theme.changed.connect(self.update)

    def show_buckets(self, buckets: tuple[Bucket, ...]) -> None:
        self._buckets = buckets
        self._current = min(self._current, len(buckets) - 1)
        self.setAccessibleDescription("; ".join(self._describe(b) for b in buckets if b.number)[:500])
        self.update()

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        return self._buckets

    @qt_guard(QSize(200, 76))
    def sizeHint(self) -> QSize:
        return QSize(240, 76)

    def bar_rect(self, number: int) -> QRect:
        """Return the whole column of a bar, for a click anywhere above it."""
        top = QFontMetrics(self.font()).height() + 8
        width = self.width() / max(1, len(self._buckets))
        left = round(number * width)
        return QRect(left, top, max(2, round((number + 1) * width) - left - 2), max(1, self.height() - top - 6))

    @qt_guard()
    def paintEvent(self, event: QPaintEvent) -> None:
        highest = max((bucket.number for bucket in self._buckets), default=0)
        with QPainter(self) as painter:
            font = self.font()
            font.setPointSizeF(font.pointSizeF() * 0.85)
            painter.setFont(font)
            painter.setPen(self._theme.colour("muted"))
            painter.drawText(0, QFontMetrics(font).ascent() + 2, self._caption.upper())
            for number, bucket in enumerate(self._buckets):
                column = self.bar_rect(number)
                share = bucket.number / highest if highest else 0.0
                height = max(2, round(column.height() * share)) if bucket.number else 1
                bar = QRect(column.left(), column.bottom() - height + 1, column.width(), height)
                is_current = number == self._current and self.hasFocus()
                painter.fillRect(bar, self._theme.colour("accent" if is_current else "accent_soft"))
                if bucket.number:
                    painter.fillRect(bar.adjusted(0, 0, 0, 2 - height), self._theme.colour("accent"))
                else:
                    painter.fillRect(bar, self._theme.colour("line"))

    def _bar_at(self, x: int) -> int:
        if not self._buckets:
            return -1
        return min(len(self._buckets) - 1, max(0, x * len(self._buckets) // max(1, self.width())))

    def _choose(self, number: int) -> None:
        if 0 <= number < len(self._buckets):
            self._current = number
            self.update()
            self.bucket_chosen.emit(self._buckets[number])

    @qt_guard()
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._choose(self._bar_at(round(event.position().x())))

    @qt_guard()
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        number = self._bar_at(round(event.position().x()))
        if 0 <= number < len(self._buckets):
            show_tip(event.globalPosition().toPoint(), self._describe(self._buckets[number]), self)

    @qt_guard()
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self._buckets:
            step = 1 if event.key() == Qt.Key.Key_Right else -1
            self._current = (self._current + step) % len(self._buckets)
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose(self._current)
        else:
            super().keyPressEvent(event)

    @qt_guard(False)
    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().event(event)
