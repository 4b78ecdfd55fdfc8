"""The signals that end a command: raised where nothing is half done, kept back while something is; imports next to nothing."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

from store_adapters.contract import CancelToken

if TYPE_CHECKING:
    from signal import _HANDLER  # what `signal.signal` takes and returns

_T = TypeVar("_T")
_ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_AGAIN_S = 0.02


class Interrupted(KeyboardInterrupt):
    """A signal asked the command to end. `number`: which one; the exit code is 128 more."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Signals:
    """Hears Ctrl-C, SIGTERM and SIGHUP in the main thread; the first ends the command, further ones do not hold it up."""

    def __init__(self) -> None:
        self.number = 0
        self._is_raised = False
        self._deferring = 0
        self._before: dict[int, _HANDLER] = {}
        self._hook_before: Callable[[sys.UnraisableHookArgs], object] | None = None

    def listen(self) -> None:
        """Hear the signals from now on. In another thread than the main one there are none to hear."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in _ENDING:
            # nohup has SIGHUP ignored. A shell does the same to SIGINT for what runs behind it, which `kill -INT` still ends.
            if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._heard)
        if hasattr(signal, "SIGALRM"):
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._heard)
            self._hook_before, sys.unraisablehook = sys.unraisablehook, self._lost

    def forget(self, *, ends: bool) -> None:
        """Hear them no longer. `ends`: the process does, and a late signal changes nothing, or ends it without a Python traceback."""
        self._is_raised = True
        last = signal.SIG_IGN if self.number else signal.SIG_DFL
        for number, before in self._before.items():
            signal.signal(number, last if ends else before)
        self._before.clear()
        if self._hook_before is not None:
            sys.unraisablehook, self._hook_before = self._hook_before, None

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        # Takes no lock and writes nothing: the step it comes between may hold the lock, or be writing.
        self.number = self.number or number
        if not self._deferring:
            self._raise()

    def _raise(self) -> None:
        if self.number and not self._is_raised:
            self._is_raised = True
            raise Interrupted(self.number)

    def _lost(self, found: sys.UnraisableHookArgs) -> None:
        if isinstance(found.exc_value, Interrupted):
            # Raised inside a destructor or a callback, where Python drops it: again from outside.
            self._is_raised = False
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
        elif self._hook_before is not None:
            self._hook_before(found)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Within, a signal is only noted in `number`; it is raised at the end. For what is bounded in time."""
        self._deferring += 1
        try:
            yield
        finally:
            self._deferring -= 1
        if not self._deferring:
            self._raise()

    def heeding(self, items: Iterator[_T]) -> Iterator[_T]:
        """Yield the items, inside a deferred part: while one is waited for, which may be forever, a signal is raised at once."""
        while True:
            kept, self._deferring = self._deferring, 0
            try:
                self._raise()
                item = next(items)
            except StopIteration:
                return
            finally:
                self._deferring = kept
            yield item


class StopBySignal(CancelToken):
    """Cancelled by a signal that is kept back until the part which is under way has been counted."""

    def __init__(self, signals: Signals) -> None:
        super().__init__()
        self._signals = signals

    @property
    def is_cancelled(self) -> bool:
        return self._signals.number != 0 or super().is_cancelled
