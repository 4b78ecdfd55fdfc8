"""SVG icons in the colour of the theme. Lucide (ISC), see resources/icons."""

from __future__ import annotations

import functools

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from inspector.resources import read_bytes


@functools.lru_cache(maxsize=512)
def _pixmap(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    data = read_bytes(f"icons/{name}.svg").replace(b"currentColor", colour.encode())
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        QSvgRenderer(QByteArray(data)).render(painter, QRectF(0, 0, size, size))
    return pixmap


def icon_pixmap(name: str, colour: QColor, size: int = 16) -> QPixmap:
    """Return the icon `name` (a file in resources/icons) drawn in `colour`, `size` logical pixels square."""
    screen = QGuiApplication.primaryScreen()
    return _pixmap(name, colour.name(), size, screen.devicePixelRatio() if screen else 1.0)


def icon(name: str, colour: QColor) -> QIcon:
    """Return a QIcon of 16 and 32 pixels; disabled states are drawn fainter."""
    result = QIcon()
    faint = QColor(colour)
    faint.setAlphaF(0.4)
    for size in (16, 32):
        result.addPixmap(icon_pixmap(name, colour, size))
        disabled = QPixmap(icon_pixmap(name, colour, size))
        faded = QPixmap(disabled.size())
        faded.setDevicePixelRatio(disabled.devicePixelRatio())
        faded.fill(Qt.GlobalColor.transparent)
        with QPainter(faded) as painter:
            painter.setOpacity(0.4)
            painter.drawPixmap(0, 0, disabled)
        result.addPixmap(faded, QIcon.Mode.Disabled)
    return result


def app_icon() -> QIcon:
    """Return the program's own icon."""
    result = QIcon()
    for size in (16, 32, 64, 128):
        result.addPixmap(_pixmap("session-inspector", "#3b5bdb", size, 1.0))
    return result
