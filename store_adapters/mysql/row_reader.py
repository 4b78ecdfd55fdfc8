"""Rows as they come from the socket, in blocks: the driver makes an object of every packet, which takes three times as long.

The text protocol of MySQL: a packet is its length in three bytes, a number, and a value after the other, each with its length
before it. Source: the protocol's description, "Protocol::LengthEncodedInteger" and "Text Resultset Row".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

_BLOCK = 256 * 1024
_MOST = 0xFFFFFF  # a longer packet goes on in the next one
_END, _ERROR, _NULL = 0xFE, 0xFF, 0xFB

Row = tuple[bytes | None, ...]


class ServerError(Exception):
    """The server ended the rows with an error. `number`: MySQL's."""

    def __init__(self, number: int) -> None:
        super().__init__(number, "")


def read_rows(read: Callable[[int], bytes], columns: int) -> Iterator[list[Row]]:
    """Yield the rows of an open result of `columns` columns, some at a time. `read` returns up to that many bytes, b"" at the end.

    `EOFError`: the connection ended before the rows did. `ServerError`.
    """
    data, place = b"", 0
    numbers = range(columns)
    while True:
        rows: list[Row] = []
        while len(data) - place >= 4:
            begin, end = place + 4, place + 4 + int.from_bytes(data[place : place + 3], "little")
            if end > len(data):
                break
            if end - begin == _MOST:
                joined = _join(data, place)
                if joined is None:
                    break
                packet, place = joined
                rows.append(_row(packet, 0, numbers))
                continue
            first = data[begin]
            if first == _END and end - begin < 9:
                yield rows
                return
            if first == _ERROR:
                raise ServerError(int.from_bytes(data[begin + 1 : begin + 3], "little"))
            rows.append(_row(data, begin, numbers))
            place = end
        if rows:
            yield rows
        missing = 4 + int.from_bytes(data[place : place + 3], "little") - (len(data) - place)
        data, place = data[place:] + _at_least(read, missing), 0


def _at_least(read: Callable[[int], bytes], size: int) -> bytes:
    """Return `size` bytes or more, in blocks: a row of megabytes is not reassembled with each."""
    parts: list[bytes] = []
    while not parts or size > 0:
        part = read(max(_BLOCK, size))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _row(data: bytes, place: int, numbers: range) -> Row:
    values: list[bytes | None] = []
    for _ in numbers:
        size = data[place]
        place += 1
        if size >= _NULL:
            if size == _NULL:
                values.append(None)
                continue
            width = 2 if size == 0xFC else 3 if size == 0xFD else 8
            size = int.from_bytes(data[place : place + width], "little")
            place += width
        values.append(data[place : place + size])
        place += size
    return tuple(values)


def _join(data: bytes, place: int) -> tuple[bytes, int] | None:
    """Return a row of several packets in one piece and where it ends; None while some of it is under way."""
    parts: list[bytes] = []
    while len(data) - place >= 4:
        size = int.from_bytes(data[place : place + 3], "little")
        if place + 4 + size > len(data):
            return None
        parts.append(data[place + 4 : place + 4 + size])
        place += 4 + size
        if size < _MOST:
            return b"".join(parts), place
    return None
