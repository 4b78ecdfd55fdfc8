"""Work off the GUI thread: lanes, jobs and the one signal by which results come back.

Callbacks run on the GUI thread, in order. After `Job.cancel()` nothing more arrives; a destroyed owner silences it.
A lane is never the last to know what a piece of work knows: objects of Qt must end on the GUI thread.
"""

from __future__ import annotations

import itertools
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

from inspector.ui.base.turns import go_first
from store_adapters.contract import CancelToken

_T = TypeVar("_T")
_CREDITS = 4
_Callback = Callable[[Any], None]


class Lane:
    """One thread which does one thing after another, made for one connection; a daemon: it never holds the exit.

    It starts with its first piece of work: thousands of stores that nobody opens have none.
    """

    def __init__(self, name: str) -> None:
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._name = name
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def put(self, work: Callable[[], None]) -> None:
        self._queue.put(work)
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Let the thread end after what it is doing; does not wait."""
        self._queue.put(None)

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread; True when it has ended, or never began."""
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            work()
            del work  # while this thread waits it holds nothing


class Job:
    """A piece of work under way. `token` is handed to the work so that it can stop early."""

    def __init__(self, owner: QObject) -> None:
        self.token = CancelToken()
        self.credits = threading.Semaphore(_CREDITS)
        self._owner = owner
        self.is_finished = False

    def cancel(self) -> None:
        self.token.cancel()
        self.credits.release()

    @property
    def is_silent(self) -> bool:
        return self.token.is_cancelled or not shiboken6.isValid(self._owner)


class JobRunner(QObject):
    """Runs work on lanes and brings results to the GUI thread."""

    _delivered = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._is_closed = False
        self._numbers = itertools.count()
        self._held: dict[int, tuple[Callable[[], None], Job]] = {}  # what lanes have to do or are doing
        self._let_go: deque[int] = deque()  # what they have done, and know no more
        self._delivered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def submit(
        self,
        lane: Lane,
        work: Callable[[], _T],
        *,
        owner: QObject,
        done: Callable[[_T], None] | None = None,
        failed: Callable[[Exception], None],
    ) -> Job:
        """Run `work` on `lane`; `done(result)` or `failed(error)` follows on the GUI thread."""
        job = Job(owner)

        def run() -> None:
            if job.token.is_cancelled:
                return
            try:
                result = work()
            except Exception as error:  # the lane's border: every failure goes to its caller
                self._post(job, failed, error, last=True)
            else:
                self._post(job, done, result, last=True)

        self._put(lane, run, job)
        return job

    def stream(
        self,
        lane: Lane,
        work: Callable[[CancelToken], Iterator[_T]],
        *,
        owner: QObject,
        item: Callable[[_T], None],
        done: Callable[[None], None] | None = None,
        failed: Callable[[Exception], None],
    ) -> Job:
        """Run an iterator on `lane`; `item(value)` for each, at most four waiting, then `done(None)` or `failed`."""
        job = Job(owner)

        def run() -> None:
            try:
                for value in work(job.token):
                    job.credits.acquire()
                    if job.token.is_cancelled:
                        return
                    self._post(job, item, value, credit=True)
            except Exception as error:  # the lane's border: every failure goes to its caller
                self._post(job, failed, error, last=True)
            else:
                self._post(job, done, None, last=True)

        self._put(lane, run, job)
        return job

    def close(self) -> None:
        """Deliver nothing more."""
        self._is_closed = True

    def _put(self, lane: Lane, run: Callable[[], None], job: Job) -> None:
        self._drop_done()
        number = next(self._numbers)
        self._held[number] = (run, job)
        lane.put(partial(self._work_off, number))

    def _work_off(self, number: int) -> None:
        # On a lane. What the work knew is known here for as long as it runs, and in `_held` until after that.
        try:
            self._held[number][0]()
        finally:
            self._let_go.append(number)

    def _drop_done(self) -> None:
        while self._let_go:
            del self._held[self._let_go.popleft()]

    def _post(
        self, job: Job, callback: _Callback | None, value: object, *, credit: bool = False, last: bool = False
    ) -> None:
        if not self._is_closed and shiboken6.isValid(self):
            self._delivered.emit((job, callback, value, credit, last))

    def _deliver(self, parcel: tuple[Job, _Callback | None, object, bool, bool]) -> None:
        self._drop_done()
        job, callback, value, credit, last = parcel
        if credit:
            job.credits.release()
        if last:
            job.is_finished = True
        if self._is_closed or job.is_silent or callback is None:
            return
        with go_first():
            callback(value)
