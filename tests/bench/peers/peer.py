"""What every tool that is measured can be asked, and what they have in common."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

PREFIX = "sess:"
_PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Listed:
    """How long it took, in seconds, until so many keys were there."""

    seconds: float
    keys: int


class Peer(Protocol):
    """One tool in a process of its own, driven as a person would without one.

    `comes_with`: what it shows beside each listed key. `note`: how it was driven. Any method may raise RuntimeError.
    """

    name: str
    comes_with: str
    note: str

    def start(self) -> float:
        """Start it; return seconds until it can be asked."""

    def list_first(self) -> Listed:
        """List the first keys as it does unasked."""

    def list_all(self) -> Listed:
        """List all session keys, or as many as it lists at most."""

    def find(self, text: str) -> Listed | None:
        """Find sessions by a text in their values; None where it does not offer that."""

    def open_session(self, key: str) -> None:
        """Open one session, as before editing it."""

    def save(self, key: str, text: str) -> str:
        """Save the opened session with an edited text; return what it said."""

    def memory_bytes(self) -> int:
        """Return its resident memory now."""

    def stop(self) -> None:
        """End it."""


def resident_bytes(pid: int) -> int:
    """Return a process's resident memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {pid} has ended")


def stop_process(process: subprocess.Popen[bytes] | None) -> None:
    """End a child, whatever it does."""
    if process is None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)


def wait_until(process: subprocess.Popen[bytes], is_ready: Callable[[], bool]) -> None:
    """Ask every 5 ms until it is ready. RuntimeError when the process ends or it takes five minutes."""
    deadline = time.monotonic() + _PATIENCE_S
    while not is_ready():
        if process.poll() is not None:
            raise RuntimeError(f"ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError("took too long")
        time.sleep(0.005)
