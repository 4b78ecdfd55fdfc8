"""Keeps exceptions out of Qt's virtual calls.

An exception that leaves an override such as `data` or `paintEvent` can crash the interpreter (seen in PySide6
6.8 to 6.12). Every override wears `qt_guard`, which reports the fault through `sys.excepthook` and returns a default.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")
_QUIET_S = 5.0
_last_reports: dict[str, float] = {}


def qt_guard(default: Any = None) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Return a decorator for a Qt override which returns `default` when the override raises."""

    def decorate(override: Callable[_P, _R]) -> Callable[_P, _R]:
        @functools.wraps(override)
        def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            try:
                return override(*args, **kwargs)
            except Exception as error:  # the boundary to Qt: anything may come, nothing may pass
                _report(override.__qualname__, error)
                return default  # type: ignore[no-any-return]

        return guarded

    return decorate


def _report(where: str, error: Exception) -> None:
    # A raising data() is asked again at every repaint: one report in five seconds is enough.
    now = time.monotonic()
    if now - _last_reports.get(where, -_QUIET_S) < _QUIET_S:
        return
    _last_reports[where] = now
    sys.excepthook(type(error), error, error.__traceback__)
