"""The command line: the window's work without a window. Imports Qt only when the window is asked for.

Nothing is imported before the signals are heard: Ctrl-C while Python still loads is a sentence too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (`_run.ExitCode`); `arguments` None: those of the process, which then ends."""
    signals = None
    try:
        from inspector.cli._signals import Signals

        signals = Signals()
        signals.listen()
        from inspector.cli._run import run

        return run(arguments, signals)
    except KeyboardInterrupt as interrupted:
        # Before there was anything to say it with.
        if sys.stderr is not None:
            os.write(2, b"session-inspector: Interrupted. Nothing was done yet.\n")
        return 128 + int(getattr(interrupted, "number", 2))
    finally:
        if signals is not None:
            signals.forget(ends=arguments is None)
