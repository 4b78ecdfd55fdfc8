"""Runs a parsed command, or the window, and turns what goes wrong into words and an exit code."""

from __future__ import annotations

import contextlib
import enum
import gc
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

from inspector.cli._arguments import parse_arguments
from inspector.cli._output import BadUsage, FileTrouble, Output, OutputLost, ReaderGone, open_streams
from inspector.cli._signals import Signals


class ExitCode(enum.IntEnum):
    """What a command ends with; one that a signal ended, with 128 and the signal's number."""

    DONE = 0
    NEGATIVE = 1
    BAD_USAGE = 2
    TROUBLE = 3
    CHANGED = 4
    FAULT = 5


def run(arguments: Sequence[str] | None, signals: Signals) -> int:
    """Read the arguments and do what they ask for. `Interrupted` only while nothing has begun."""
    answers, complaints = open_streams()
    output = Output(answers, complaints, signals)
    try:
        return _run(arguments, output)
    except KeyboardInterrupt:  # some libraries make their own of `Interrupted`
        output.complain(f"Interrupted. {output.so_far}".strip())
        output.let_go()
        return 128 + signals.number


def _run(arguments: Sequence[str] | None, output: Output) -> int:
    try:
        options = parse_arguments(arguments)
        if options.log_commands:
            output.log_commands()
    except SystemExit as stop:  # --help, --version and bad usage, all of it said
        raise SystemExit(_settle(output, int(stop.code or 0))) from None
    if options.command is None:
        if not _has_display():
            output.complain(
                "There's no display to open a window on (DISPLAY and WAYLAND_DISPLAY are not set). "
                "The commands don't need one: see session-inspector --help"
            )
            return ExitCode.BAD_USAGE
        from inspector.ui.base.system_needs import find_missing_library

        if missing := find_missing_library():
            output.complain(missing)
            return ExitCode.BAD_USAGE
        output.signals.forget(ends=False)
        return _open_window(options, output)
    return _settle(output, run_command(options, output))


def _settle(output: Output, code: int) -> int:
    """Have everything written that was said; what cannot be is told, once, and Python is kept from trying again at its end."""
    try:
        output.flush()
    except ReaderGone:
        pass
    except OutputLost as error:
        output.complain(f"{error} {output.so_far}".strip())
        code = ExitCode.TROUBLE
    output.let_go()
    return code


def _has_display() -> bool:
    """False where Qt would end the process with an abort; other systems than X11 and Wayland always have one."""
    if not sys.platform.startswith(("linux", "freebsd")):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _open_window(options: object, output: Output) -> int:
    from pathlib import Path

    # It would look through everything again and again while it is imported; `tune_interpreter` collects from there on.
    gc.disable()
    from inspector.app import Launch
    from inspector.app import main as open_window
    from inspector.cli._stores import read_password

    tour = getattr(options, "tour", "")
    store = getattr(options, "store", "") or ""
    _warn_of_password(store, output)
    try:
        password = read_password(getattr(options, "secret_sources", ()))
    except (BadUsage, FileTrouble) as error:
        output.complain(str(error))
        return ExitCode.BAD_USAGE if isinstance(error, BadUsage) else ExitCode.TROUBLE
    open_window(
        Launch(
            store=store,
            password=password,
            demo=bool(getattr(options, "demo", False)),
            tour=Path(tour) if tour else None,
            plugins=bool(getattr(options, "plugins", False)),
        )
    )


def _warn_of_password(store: str, output: Output) -> None:
    if not store:
        return
    from inspector.cli._stores import holds_password

    if holds_password(store):
        output.complain(
            "Warning: other users of this machine can read the password in this argument. "
            "Use --password-env, --password-file or REDISCLI_AUTH, or a store kept in the window."
        )


def run_command(options: object, output: Output) -> int:
    """Run a parsed command and return its exit code; what goes wrong is said. `KeyboardInterrupt`."""
    from inspector.codecs import CodecError
    from inspector.cookies import CookieError
    from inspector.core.edits import EditError
    from inspector.core.field_path import FieldPathError
    from inspector.services.filtering.parser import FilterError
    from inspector.services.sessions.manage_sessions import SessionRefused
    from store_adapters.errors import BadStoreAddress, RecordChanged, RecordExists, RecordMissing, StoreError
    from store_adapters.portability import forbid_core_dump

    forbid_core_dump()
    try:
        module, _, name = options.act.partition(".")  # type: ignore[attr-defined]
        act = getattr(import_module(f"inspector.cli.{module}"), name)
        if options.plugins:  # type: ignore[attr-defined]
            _load_plugins(output)
        _tell_leftovers(output)
        _warn_of_password(getattr(options, "store_name", ""), output)
        code: int = act(options, output)
        output.flush()
        return code
    except ReaderGone:
        # `| head`: nothing more can be said, and nothing is wrong.
        return ExitCode.DONE
    except OutputLost as error:
        output.complain(f"{error} {output.so_far}".strip())
        output.let_go()
        return ExitCode.TROUBLE
    except (BadUsage, FieldPathError, FilterError, CookieError, BadStoreAddress, EditError, SessionRefused) as error:
        output.complain(str(error))
        return ExitCode.BAD_USAGE
    except (RecordMissing, RecordExists) as error:
        output.complain(str(error))
        return ExitCode.NEGATIVE
    except RecordChanged as error:
        output.complain(str(error))
        return ExitCode.CHANGED
    except (StoreError, FileTrouble, CodecError) as error:
        output.complain(str(error))
        return ExitCode.NEGATIVE if isinstance(error, CodecError) else ExitCode.TROUBLE
    except OSError as error:
        words = f"{error.strerror or 'The system refused'}{f': {error.filename}' if error.filename else ''}."
        output.complain(f"{words} {output.so_far}".strip())
        return ExitCode.TROUBLE
    except Exception as error:
        output.complain(f"{_describe_fault(error)} {output.so_far}".strip())
        return ExitCode.FAULT


def _load_plugins(output: Output) -> None:
    from inspector.services.sessions.decoder import DECODER
    from inspector.services.settings.plugins import load_plugins

    DECODER.use_plugins()
    for plugin in load_plugins():
        if plugin.trouble:
            output.complain(f"Plugin {plugin.words}")


def _describe_fault(error: Exception) -> str:
    # Its text may quote a stored value, as may the lines of a traceback: only its class and its place are told.
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    return f"This is a bug in the program: {type(error).__name__}{place}. Please report it."


def _tell_leftovers(output: Output) -> None:
    from inspector.core.display import format_size
    from inspector.services.settings.profiles import default_folder
    from inspector.services.settings.unfinished_files import UnfinishedFiles

    for path in UnfinishedFiles(default_folder()).find():
        with contextlib.suppress(OSError):
            size = format_size(path.stat().st_size)
            output.complain(f"An interrupted export left {size} of sessions in {path}. Delete that file.")
