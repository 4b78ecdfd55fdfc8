"""Whether a store answers, when it last did, and what waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QObject, Signal

from inspector.ui.base.jobs import Job
from inspector.ui.base.trouble import Trouble, describe_trouble
from store_adapters.errors import Interrupted, OutcomeUnknown, StoreError, StoreUnreachable


class StoreState(Enum):
    CLOSED = "closed"
    CONNECTING = "connecting"
    OPEN = "open"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that a person waits for. `words`: "Saving"; `since`: on the monotonic clock; `stop`: None where stopping
    could leave it open what became of it."""

    words: str
    since: float
    job: Job
    stop: Callable[[], object] | None = None

    @property
    def is_over(self) -> bool:
        return self.job.is_finished or self.job.is_silent

    @property
    def lasted_s(self) -> float:
        return time.monotonic() - self.since


class StoreHealth(QObject):
    """What the calls of all lanes tell of one store. For the GUI thread."""

    changed = Signal()  # it fell silent, or answers again
    answered = Signal()  # at most once a second
    waiting = Signal()  # somebody waits for something

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.answered_at: float | None = None
        self.silence: Trouble | None = None
        self._waits: list[Wait] = []

    @property
    def is_silent(self) -> bool:
        return self.silence is not None

    @property
    def last_answer(self) -> str:
        """The local time of the last answer, "" before the first."""
        return time.strftime("%H:%M:%S", time.localtime(self.answered_at)) if self.answered_at is not None else ""

    def note_answer(self) -> None:
        """The store has just answered."""
        before, self.answered_at = self.answered_at, time.time()
        was_silent, self.silence = self.is_silent, None
        if was_silent:
            self.changed.emit()
        if before is None or int(before) != int(self.answered_at):
            self.answered.emit()

    def note_failure(self, error: Exception) -> None:
        """A call failed: a refusal is an answer, and our own fault says nothing about the store."""
        if isinstance(error, StoreUnreachable | OutcomeUnknown):
            was_silent, self.silence = self.is_silent, describe_trouble(error)
            if not was_silent:
                self.changed.emit()
        elif isinstance(error, StoreError) and not isinstance(error, Interrupted):
            self.note_answer()

    def begin_wait(self, words: str, job: Job, stop: Callable[[], object] | None = None) -> None:
        """Somebody waits for this job from now on."""
        self._waits = [wait for wait in self._waits if not wait.is_over]
        self._waits.append(Wait(words, time.monotonic(), job, stop))
        self.waiting.emit()

    @property
    def longest_wait(self) -> Wait | None:
        """What has been waited for longest, None when nothing is."""
        self._waits = [wait for wait in self._waits if not wait.is_over]
        return self._waits[0] if self._waits else None
