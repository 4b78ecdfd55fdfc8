"""Files and the standard input that a command reads; a file that cannot be read is the same trouble for every command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from inspector.cli._output import FileTrouble


@contextmanager
def opened_input(name: str) -> Iterator[BinaryIO]:
    """Yield the file, or for `-` the standard input. `FileTrouble`."""
    if name == "-":
        if sys.stdin is None:
            raise FileTrouble("Standard input is closed: there's nothing to read.")
        yield sys.stdin.buffer
        return
    try:
        file = open(name, "rb")  # noqa: SIM115 - what is done with it is not to be caught here
    except OSError as error:
        raise FileTrouble(f"The file {name} cannot be read: {error.strerror}.") from None
    with file:
        yield file


def read_input(name: str, most_bytes: int) -> bytes:
    """Return up to that many bytes of a file, or for `-` of the standard input. `FileTrouble`."""
    with opened_input(name) as file:
        try:
            return file.read(most_bytes)
        except OSError as error:
            raise FileTrouble(f"The file {name} cannot be read: {error.strerror}.") from None
