"""When sessions expire and how large they are, as two small plots; a click says which filter shows a bar's sessions."""

from __future__ import annotations

import time

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from inspector.services.catalogue.overview import Bucket
from inspector.ui.base.plots import BarPlot
from inspector.ui.base.theme import Theme

_HOUR_MS = 3_600_000


class SessionPlots(QWidget):
    """`filter_chosen(text)` carries the filter line for a bar."""

    filter_chosen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 8)
        row.setSpacing(18)
        self.expiry_plot = BarPlot(theme, "Expires in the next 24 h", _describe_hour)
        self.size_plot = BarPlot(theme, "Sizes", _describe_size)
        self.expiry_plot.bucket_chosen.connect(lambda bucket: self.filter_chosen.emit(hour_filter(bucket)))
        self.size_plot.bucket_chosen.connect(lambda bucket: self.filter_chosen.emit(size_filter(bucket)))
        row.addWidget(self.expiry_plot, 2)
        row.addWidget(self.size_plot, 1)

    def show_buckets(self, expiries: tuple[Bucket, ...], sizes: tuple[Bucket, ...]) -> None:
        self.expiry_plot.show_buckets(expiries)
        self.size_plot.show_buckets(sizes)


def hour_filter(bucket: Bucket) -> str:
    """Return the filter for the sessions that end in a bucket's hour."""
    hours = _hours(bucket)
    lower = f" expires>{hours}h" if hours else " -is:expired"
    return f"expires<{hours + 1}h{lower}"


def size_filter(bucket: Bucket) -> str:
    """Return the filter for the sessions of a bucket's sizes."""
    upper = f" size<{bucket.high}b" if bucket.high is not None else ""
    return f"size>={bucket.low}b{upper}"


def _hours(bucket: Bucket) -> int:
    return max(0, round((bucket.low - time.time() * 1000) / _HOUR_MS))


def _describe_hour(bucket: Bucket) -> str:
    hours = _hours(bucket)
    return f"{bucket.number:,} expire in {hours} to {hours + 1} hours"


def _describe_size(bucket: Bucket) -> str:
    upper = f" to {bucket.high:,}" if bucket.high is not None else " and more"
    return f"{bucket.number:,} sessions of {bucket.low:,}{upper} bytes"
