"""What can be restored, and for how long, in words; promises nothing that a restart would break."""

from __future__ import annotations

from inspector.services.sessions.journal import AGE_DAYS
from inspector.services.sessions.journal_file import JournalFile, Keeping

_UNTIL_END = "until the program ends"
_WHY = {
    Keeping.OFF: " Keeping it is turned off in Preferences.",
    Keeping.NO_PLACE: " There's no keyring for the sealing key; File › Preferences can keep the key in a sealed file.",
    Keeping.FAILED: " Its file can't be written.",
}


def save_words(history: JournalFile, size_bytes: int) -> str:
    """Say beside a save what becomes of the old record; `size_bytes`: of the old and the new one."""
    return f"The old record stays in History {_how_long(history, size_bytes)} and can be restored."


def deletion_words(history: JournalFile, size_bytes: int) -> str:
    """Say before a deletion for how long it can be taken back."""
    return f"It can be restored from here {_how_long(history, size_bytes)}."


def keeping_words(history: JournalFile) -> str:
    """Say below the history what a restart does to it."""
    if history.keeping is Keeping.UNKNOWN:
        return ""
    if history.keeping is Keeping.KEPT:
        return f"What you write here is kept sealed for {AGE_DAYS} days, even after a restart."
    return f"What you write here is kept in memory {_UNTIL_END}.{_WHY[history.keeping]}"


def _how_long(history: JournalFile, size_bytes: int) -> str:
    return f"for {AGE_DAYS} days" if history.holds(size_bytes) else _UNTIL_END
