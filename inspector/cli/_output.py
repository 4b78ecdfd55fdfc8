"""What a command says: JSON lines for programs, escaped text for people; stored control characters never get through."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from inspector.cli._signals import Signals
from inspector.codecs import CodecError, json_bytes, parse_json
from inspector.core.display import escape_display, escape_json, format_local
from inspector.services.settings.command_log import CommandLog, SentCommand

_LIMIT = 2000
_NOT_ASCII = re.compile("[^\x00-\x7f]")


class BadUsage(Exception):
    """The command cannot be carried out as it was given; says what to write instead."""


class FileTrouble(Exception):
    """A file that the command names cannot be read; says which and why."""


class OutputLost(Exception):
    """What is said cannot be written (a full disk, a closed stream); says why."""


class ReaderGone(OutputLost):
    """Whoever read the answers has closed the pipe."""


@dataclass(frozen=True, slots=True)
class JsonText:
    """JSON as it was stored: Python would round its numbers, refuse those of 4,300 digits and drop members of one name."""

    text: str


def as_stored(text: str) -> JsonText | str:
    """Return JSON text to be printed as it is, on one line; as a string what only looks like it (NaN, a lone surrogate)."""
    try:
        return JsonText(json_bytes(parse_json(text)).decode())
    except CodecError:
        return text


def open_streams() -> tuple[TextIO | None, TextIO | None]:
    """Return standard output and error, None for one that is closed. A character that they cannot show is spelled out."""
    # A number that is free would be given to the next file or socket, which then hears what is meant for a terminal.
    with contextlib.suppress(OSError):
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(descriptor)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    return sys.stdout, sys.stderr


class Output:
    """Answers on one stream, complaints on the other; either may be closed (None).

    `so_far`: what the command has done, in a sentence, for when it does not get to its end.
    """

    def __init__(self, answers: TextIO | None, complaints: TextIO | None, signals: Signals) -> None:
        self._answers = answers
        self._complaints = complaints
        self.signals = signals
        self.so_far = ""
        self.log: CommandLog | None = None

    def log_commands(self) -> None:
        """Log to standard error what is sent to stores."""
        self.log = CommandLog(on_sent=self._tell_sent)

    def say(self, text: str = "") -> None:
        """Write a line for people, with control characters of stored text spelled out. `OutputLost`."""
        self._write(escape_display(text, _LIMIT) + "\n")

    def say_lines(self, text: str) -> None:
        """Write a text of several lines, each escaped and whole."""
        for line in text.split("\n"):
            self._write(escape_display(line, max(len(line), _LIMIT)) + "\n")

    def say_json(self, value: object) -> None:
        """Write one JSON object on one line, in ASCII."""
        self._write(_as_json(value) + "\n")

    def write_bytes(self, data: bytes) -> None:
        """Write stored bytes as they are; on a terminal, with what it would act on spelled out."""
        if self.is_terminal:
            self._write(_escape_whole(data.decode("utf-8", "backslashreplace")))
        else:
            self._write_raw(data)

    def write_json_line(self, line: bytes) -> None:
        """Write a line of JSON as it is; on a terminal, with what it would act on as JSON's own escapes."""
        if self.is_terminal:
            self._write(escape_json(line.decode("utf-8", "backslashreplace").removesuffix("\n")) + "\n")
        else:
            self._write_raw(line)

    @property
    def is_terminal(self) -> bool:
        """True when the answers are read by a person."""
        return self._answers is not None and self._answers.isatty()

    def is_answers(self, path: str) -> bool:
        """True when this name of a file means the standard output."""
        if path == "-":
            return True
        with contextlib.suppress(OSError, ValueError):
            return self._answers is not None and os.path.samestat(os.stat(path), os.fstat(self._answers.fileno()))
        return False

    def complain(self, text: str) -> None:
        """Say what went wrong and what to do. There is nobody to tell when that cannot be written."""
        self._tell(f"session-inspector: {escape_display(text, _LIMIT)}\n")

    def _tell_sent(self, sent: SentCommand) -> None:
        words = f"> {format_local(sent.at_ms)} {sent.store}: {sent.words}"
        self._tell(escape_display(words, _LIMIT) + "\n")

    def _tell(self, line: str) -> None:
        if self._complaints is not None:
            with contextlib.suppress(OSError, ValueError):
                self._complaints.write(line)
                self._complaints.flush()

    def _write(self, text: str) -> None:
        with _lost_told():
            self._open_answers().write(text)

    def _write_raw(self, data: bytes) -> None:
        answers = self._open_answers()
        with _lost_told():
            answers.flush()
            buffer = getattr(answers, "buffer", None)
            if buffer is not None:
                buffer.write(data)
            else:
                answers.write(data.decode("utf-8", "surrogateescape"))

    def _open_answers(self) -> TextIO:
        if self._answers is None:
            raise OutputLost("Standard output is closed: nothing can be printed.")
        return self._answers

    def flush(self) -> None:
        """Have it all written. `OutputLost`."""
        if self._answers is not None:
            with _lost_told():
                self._answers.flush()

    def let_go(self) -> None:
        """Give up what cannot be written, which Python would try again at its end and complain of in its own words."""
        for stream in (self._answers, self._complaints):
            if stream is None:
                continue
            try:
                stream.flush()
            except (OSError, ValueError):
                with contextlib.suppress(OSError, ValueError):
                    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def _lost_told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise ReaderGone("The reader of the output closed it.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is closed"
        raise OutputLost(f"The output can't be written: {why}.") from None


def _escape_whole(text: str) -> str:
    return "\n".join(escape_display(line, max(len(line), _LIMIT)) for line in text.split("\n"))


def _as_json(value: object) -> str:
    match value:
        case JsonText(text):
            return text if text.isascii() else _NOT_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text)
        case dict():
            return "{" + ",".join(f"{json.dumps(str(key))}:{_as_json(one)}" for key, one in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(_as_json, value)) + "]"
        case _:
            return json.dumps(value, allow_nan=False)
