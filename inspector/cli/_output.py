"""What goes to the terminal: JSON lines for programs, escaped text for people; stored control characters never get through."""

from __future__ import annotations

import json
from typing import TextIO

from inspector.core.display import escape_display, format_local
from inspector.services.settings.command_log import CommandLog, SentCommand

_LIMIT = 2000


class BadUsage(Exception):
    """The command cannot be carried out as it was given; says what to write instead."""


class Output:
    """Answers on one stream, complaints on the other. `log_commands`: what is sent to stores goes there too."""

    def __init__(self, answers: TextIO, complaints: TextIO, *, log_commands: bool = False) -> None:
        self._answers = answers
        self._complaints = complaints
        self.log = CommandLog(on_sent=self._tell_sent) if log_commands else None

    def say(self, text: str = "") -> None:
        """Write a line for people, with control characters of stored text spelled out."""
        self._answers.write(escape_display(text, _LIMIT) + "\n")

    def say_lines(self, text: str) -> None:
        """Write a text of several lines, each escaped and whole."""
        for line in text.split("\n"):
            self._answers.write(escape_display(line, max(len(line), _LIMIT)) + "\n")

    def say_json(self, value: object) -> None:
        """Write one JSON object on one line, in ASCII."""
        self._answers.write(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")

    def write_bytes(self, data: bytes) -> None:
        """Write stored bytes as they are; only for `--raw`."""
        self._answers.flush()
        buffer = getattr(self._answers, "buffer", None)
        if buffer is not None:
            buffer.write(data)
            buffer.flush()
        else:
            self._answers.write(data.decode("utf-8", "surrogateescape"))

    def complain(self, text: str) -> None:
        """Say what went wrong and what to do."""
        self._complaints.write(f"session-inspector: {escape_display(text, _LIMIT)}\n")

    def _tell_sent(self, sent: SentCommand) -> None:
        words = f"> {format_local(sent.at_ms)} {sent.store}: {sent.words}"
        self._complaints.write(escape_display(words, _LIMIT) + "\n")

    def flush(self) -> None:
        self._answers.flush()
