"""The one reader of files in resources/; works installed, editable, frozen and from a checkout."""

from __future__ import annotations

from pathlib import Path


def resource_path(name: str) -> Path:
    """Return the path of a resource such as "icons/search.svg"."""
    installed = Path(__file__).resolve().parent / "_resources"
    root = installed if installed.is_dir() else Path(__file__).resolve().parent.parent / "resources"
    return root / name


def read_bytes(name: str) -> bytes:
    """Return the bytes of a resource; FileNotFoundError when there is none."""
    return resource_path(name).read_bytes()
