"""The filter line: GitHub-style terms over sessions; knows no window.

`free text`, `user.role:admin`, `cart.length>2`, `expires<1h`, `expires:never`, `is:expired`, `size>10kb`, `changed<5m`,
`id:abc*`, `user:john`, `-user.name:bob`, `"two words"`, `has:cart`, `OR`, parentheses.
"""

from __future__ import annotations

from dataclasses import dataclass


class FilterError(ValueError):
    """The text is no filter. `position` is the character it went wrong at; the message says what to write instead."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """A parsed filter; `text` as it was typed. (The compiled form is private to this module and the catalogue.)"""

    text: str


def parse_filter(text: str) -> SessionFilter | None:
    """Read a filter line; None for an empty one. `FilterError`."""
    raise NotImplementedError
