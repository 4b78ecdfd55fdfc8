"""From what a store says of its records to the numbers and bytes that columns hold."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

from inspector.core.store_facts import NEVER

LARGEST = 2**32 - 1


class FormatRoleCodes(dict[str, int]):
    """Codes of a format with each role, found without a call into Python."""

    def __init__(self, code_of: Callable[[str], int]) -> None:
        super().__init__()
        self._code_of = code_of

    def __missing__(self, role: str) -> int:
        code = self[role] = self._code_of(role)
        return code


def encoded(users: list[str]) -> list[bytes]:
    values = "\0".join(users).encode("utf-8", "surrogatepass").split(b"\0")
    return values if len(values) == len(users) else [user.encode("utf-8", "surrogatepass") for user in users]


def column_of(expires: Sequence[int | None]) -> array[int]:
    is_known = isinstance(expires, array) or None not in expires  # an array has no None, and is slow to be asked
    if is_known and (not expires or (min(expires) >= 0 and max(expires) < NEVER)):  # type: ignore[type-var, operator]
        return array("q", expires)  # type: ignore[arg-type]
    return array("q", map(in_column, expires))


def in_column(expiry: int | None) -> int:
    return NEVER if expiry is None else min(max(expiry, 0), NEVER - 1)


def size_in_column(size: int) -> int:
    return min(size, LARGEST)


def time_or_none(value: int) -> int | None:
    return None if value == NEVER else value
