"""The sessions that stand in MongoDB documents, many in one call; knows what the driver reads, not what a session is."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

Place = tuple[int, slice]
"""A text or a document (type code 2 or 3), and where its bytes stand in the payload."""

_OBJECT = 3
_MOST_BYTES = 64 * 1024
"""Larger objects are few, and left to whoever reads them with a limit on how much they may hold."""


def sessions_in(payloads: Sequence[bytes], places: Sequence[Place | None]) -> list[Any]:
    """Return the bytes of each text and the values of each object, None for anything else."""
    if places and (alike := places[0]) and places.count(alike) == len(payloads):
        found: list[Any] = [*map(itemgetter(alike[1]), payloads)]
        return found if alike[0] != _OBJECT else _read_objects(found)
    found = [payload[place[1]] if place else None for payload, place in zip(payloads, places, strict=True)]
    rows = [row for row, place in enumerate(places) if place and place[0] == _OBJECT]
    if rows:
        for row, values in zip(rows, _read_objects([found[row] for row in rows]), strict=True):
            found[row] = values
    return found


def _read_objects(objects: list[bytes]) -> list[Any]:
    if all(map(_MOST_BYTES.__ge__, map(len, objects))):
        together = _read_exactly(objects)
        if together is not None:
            return [*together]
    # One of them is odd, and costs the others nothing but time.
    found = (_read_exactly([one]) if len(one) <= _MOST_BYTES else None for one in objects)
    return [one[0] if one else None for one in found]


def _read_exactly(objects: list[bytes]) -> list[dict[str, Any]] | None:
    """Return what the driver reads in the objects if it writes back the same bytes: it reads some types as another, takes
    the last of two members, and overlooks the names in a list."""
    import bson
    from bson.codec_options import CodecOptions, DatetimeConversion
    from bson.errors import BSONError

    options: Any = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_CLAMP)
    try:
        found = bson.decode_all(b"".join(objects), options)
        written = bson.encode({"": found}, codec_options=options)
    except (BSONError, ValueError, OverflowError, TypeError, RecursionError):
        return None
    array = b"".join([b"\x03%d\0%b" % (place, each) for place, each in enumerate(objects)])
    # Before the array: the document's length, the member's head, the array's length.
    return found if len(found) == len(objects) and written[10:-2] == array else None
