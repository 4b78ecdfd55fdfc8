"""Looks, over the whole run, for the secrets of all tests where none may be; the run fails when one is found.

Tokens: every `Secret` that any test makes in this process (12 characters or more), and what tests call `tok-…`. Looked through at
the end: what the tests and their child processes wrote to standard error, also where a test takes it from a pipe of a Python
child (our program, whole or in part), every log record, and the program's folders (the run's own one, and each `home…` in a
test's folder) with settings, command logs, unsaved edits and crash reports. Not seen: a `Secret` that only a child makes, what
children write to standard output (people ask for values there), and other people's programs (Node, servers).
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from inspector.core.secret import Secret
from inspector.demo.demo_secret import DEMO_SECRET

_TOKEN = re.compile(rb"tok-[a-z]+-[a-z]+")
_SHORTEST, _MOST_TOKENS = 12, 20_000
_tokens: set[bytes] = set()
_seen: list[tuple[str, bytes]] = []
_found: list[str] = []


def is_token(value: bytes) -> bool:
    """True for what cannot stand somewhere by chance."""
    return len(value) >= _SHORTEST and len(set(value)) > 5 and value.isascii() and value != DEMO_SECRET.encode()


def find_tokens(data: bytes) -> list[bytes]:
    """Return the secrets of this run that stand in `data`."""
    return [token for token in _tokens if token in data] + _TOKEN.findall(data)


class _Listener(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        words = record.getMessage() + (str(record.exc_info[1]) if record.exc_info else "")
        _seen.append((f"log of {record.name}", words.encode("utf-8", "surrogateescape")))


class _Pipe:
    """A child's standard error, noted as a test reads it."""

    def __init__(self, pipe: IO[Any], whose: str) -> None:
        self._pipe = pipe
        self._whose = whose

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipe, name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.readline, self._pipe.read(0))

    def read(self, *size: int) -> Any:
        return _note(self._pipe.read(*size), self._whose)

    def readline(self, *size: int) -> Any:
        return _note(self._pipe.readline(*size), self._whose)


def _note(words: Any, whose: str) -> Any:
    if words:
        _seen.append((whose, words if isinstance(words, bytes) else words.encode("utf-8", "surrogateescape")))
    return words


def _hear_children() -> None:
    """Note what Python children write into a pipe at their standard error, whether it is read or communicated."""
    start, communicate = subprocess.Popen.__init__, subprocess.Popen.communicate

    def listen(self: Any, args: Any, *more: Any, **options: Any) -> None:
        start(self, args, *more, **options)
        if self.stderr is not None and isinstance(args, list) and sys.executable in args:
            self.stderr = _Pipe(self.stderr, f"standard error of {' '.join(map(str, args[1:4]))[:60]}")

    def hear(self: Any, *words: Any, **options: Any) -> tuple[Any, Any]:
        output, errors = communicate(self, *words, **options)
        if isinstance(self.stderr, _Pipe):
            _note(errors, self.stderr._whose)
        return output, errors

    subprocess.Popen.__init__ = listen  # type: ignore[method-assign]
    subprocess.Popen.communicate = hear  # type: ignore[method-assign]


def pytest_configure() -> None:
    _hear_children()
    make = Secret.__init__

    def remember(self: Secret, _value: bytes, name: str = "") -> None:
        make(self, _value, name)
        if is_token(_value) and len(_tokens) < _MOST_TOKENS:
            _tokens.add(_value)

    Secret.__init__ = remember  # type: ignore[method-assign]
    logging.getLogger().addHandler(_Listener())


@pytest.fixture(autouse=True)
def _home_of_the_test(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    folder = request.node.funcargs.get("tmp_path") if hasattr(request.node, "funcargs") else None
    for home in folder.glob("home*") if isinstance(folder, Path) else ():
        look_through(home, request.node.name)


def look_through(folder: Path, whose: str) -> None:
    """Note what stands in the files of a folder."""
    for path in folder.rglob("*"):
        if path.is_file():
            _seen.append((f"{path.name} of {whose}", path.read_bytes()))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if hasattr(report, "node"):
        return  # of another process of the run, which hands it over at its end
    for title, text in report.sections:
        if "stderr" in title and text:
            _seen.append((f"{title} of {report.nodeid}", text.encode("utf-8", "surrogateescape")))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what one of several processes of the run has seen, so that every secret is looked for everywhere."""
    if "leaks" not in getattr(node, "workeroutput", {}):
        _found.append(f"nobody knows: process {node.gateway.id} of the run ended without a word")
        return
    tokens, seen = node.workeroutput["leaks"]
    _tokens.update(tokens)
    _seen.extend(seen)


def pytest_sessionfinish(session: pytest.Session) -> None:
    look_through(Path(os.environ["SESSION_INSPECTOR_HOME"]), "the run")
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["leaks"] = (list(_tokens), _seen)
        return
    _found.extend(where for where, data in _seen if find_tokens(data))
    if _found and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    size = sum(len(data) for _where, data in _seen)
    words = (
        f"secrets of this run: {len(_tokens):,}, looked for in {size:,} bytes of logs, standard error and settings: "
    )
    terminalreporter.write_line(words + (f"FOUND in {'; '.join(sorted(set(_found))[:10])}" if _found else "none found"))
