"""Paths as people write them: `user.role`, `cart[1]`, `["odd.key"]`; knows no edit."""

from __future__ import annotations

from inspector.core.node import Node, Path


class FieldPathError(ValueError):
    """The text is no path; says where and why."""


def parse_field_path(text: str) -> tuple[str | int, ...]:
    """Read `user.role`, `cart[1]`, `["odd.key"].x` into keys and indexes. `FieldPathError`."""
    raise NotImplementedError


def format_field_path(root: Node, path: Path) -> str:
    """Write a path of positions in the form `parse_field_path` reads."""
    raise NotImplementedError


def find_path(root: Node, keys: tuple[str | int, ...]) -> Path | None:
    """Return the positions of the value at `keys`, last of equal keys; None when there is none."""
    raise NotImplementedError
