"""Colours for JSON text."""

from __future__ import annotations

import re

from PySide6.QtGui import QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from inspector.ui.base.guard import qt_guard
from inspector.ui.base.theme import Theme

_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|\b(true|false|null)\b')
_LONGEST_LINE = 20_000


class JsonHighlighter(QSyntaxHighlighter):
    """Works line by line: JSON strings never span lines. A very long line stays plain, for speed."""

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document)
        self._theme = theme
        self._formats: dict[str, QTextCharFormat] = {}
        self.is_on = True  # off for a large text, which must be there at once
        self._make_formats()
        theme.changed.connect(self._recolour)

    def _make_formats(self) -> None:
        for name in ("key", "string", "number"):
            style = QTextCharFormat()
            style.setForeground(self._theme.colour(name))
            self._formats[name] = style
        self._formats["number"].setFontWeight(QFont.Weight.Medium)

    def _recolour(self) -> None:
        self._make_formats()
        self.rehighlight()

    @qt_guard()
    def highlightBlock(self, text: str) -> None:
        if len(text) > _LONGEST_LINE or not self.is_on:
            return
        # Qt counts in UTF-16 units; Python in code points.
        is_wide = not text.isascii() and any(ord(character) > 0xFFFF for character in text)
        for found in _TOKEN.finditer(text):
            group = found.lastindex or 0
            if found.group(1):
                group, name = 1, "key" if found.group(2) else "string"
            else:
                name = "number"
            start, end = found.span(group)
            if is_wide:
                end = start + _units(text[start:end])
                start = _units(text[: found.start(group)])
                end += start - found.start(group)
            self.setFormat(start, end - start, self._formats[name])


def _units(text: str) -> int:
    return len(text) + sum(ord(character) > 0xFFFF for character in text)
