"""The one reader of files in resources/; works installed, editable, frozen and from a checkout."""

from __future__ import annotations

import functools
from pathlib import Path


def resource_path(name: str) -> Path:
    """Return the path of a resource such as "icons/search.svg"."""
    return _root() / name


@functools.cache
def _root() -> Path:
    installed = Path(__file__).resolve().parent / "_resources"
    return installed if installed.is_dir() else Path(__file__).resolve().parent.parent / "resources"


def read_bytes(name: str) -> bytes:
    """Return the bytes of a resource; FileNotFoundError when there is none."""
    return resource_path(name).read_bytes()
