"""The command line: the window's work without a window. Imports Qt only when the window is asked for."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from inspector.cli._arguments import make_parser
from inspector.cli._output import BadUsage, Output

__all__ = ["main"]

DONE, NEGATIVE, BAD_USAGE, STORE_TROUBLE, CHANGED = range(5)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 done, 1 a negative answer, 2 bad usage, 3 store trouble, 4 changed meanwhile."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        if not _has_display():
            Output(sys.stdout, sys.stderr).complain(
                "There is no display to open a window on (DISPLAY and WAYLAND_DISPLAY are not set). "
                "The commands need none: see session-inspector --help"
            )
            return BAD_USAGE
        from inspector.ui.base.system_needs import find_missing_library

        if missing := find_missing_library():
            Output(sys.stdout, sys.stderr).complain(missing)
            return BAD_USAGE
        return _open_window(options)
    return run_command(options, Output(sys.stdout, sys.stderr, log_commands=options.log_commands))


def _has_display() -> bool:
    """False where Qt would end the process with an abort; other systems than X11 and Wayland always have one."""
    if not sys.platform.startswith(("linux", "freebsd")):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _open_window(options: object) -> int:
    from pathlib import Path

    # It would look through everything again and again while it is imported; `calm_interpreter` collects from there on.
    gc.disable()
    from inspector.app import Launch
    from inspector.app import main as open_window

    tour = getattr(options, "tour", "")
    open_window(
        Launch(
            store=getattr(options, "store", "") or "",
            demo=bool(getattr(options, "demo", False)),
            tour=Path(tour) if tour else None,
        )
    )


def run_command(options: object, output: Output) -> int:
    """Run a parsed command and turn what goes wrong into words and an exit code."""
    from inspector.codecs import CodecError
    from inspector.cookies import CookieError
    from inspector.core.edits import EditError
    from inspector.core.field_path import FieldPathError
    from inspector.services.filtering.parser import FilterError
    from inspector.services.sessions.manage_sessions import SessionRefused
    from store_adapters.errors import BadStoreAddress, RecordChanged, RecordExists, RecordMissing, StoreError

    module, _, name = options.act.partition(".")  # type: ignore[attr-defined]
    act = getattr(import_module(f"inspector.cli.{module}"), name)
    try:
        code: int = act(options, output)
        output.flush()
        return code
    except BrokenPipeError:
        # The reader has gone (`| head`): nothing more can be said, and nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return 130
    except (BadUsage, FieldPathError, FilterError, CookieError, BadStoreAddress, EditError, SessionRefused) as error:
        output.complain(str(error))
        return BAD_USAGE
    except (RecordMissing, RecordExists) as error:
        output.complain(str(error))
        return NEGATIVE
    except RecordChanged as error:
        output.complain(str(error))
        return CHANGED
    except (StoreError, CodecError) as error:
        output.complain(str(error))
        return STORE_TROUBLE if isinstance(error, StoreError) else NEGATIVE
    except OSError as error:
        output.complain(f"{error.strerror or 'The system refused'}{f': {error.filename}' if error.filename else ''}")
        return STORE_TROUBLE
