"""What a folder of session files says of itself: who may read and write it, whose files are in it, how much room is left.

Source: insight.md 1.1.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

from store_adapters.contract import ServerFacts
from store_adapters.portability import user_name

_MOST_FILES = 20_000
_OLD_S = 3600.0
_LEFTOVER = re.compile(r".*\.\d+$")
_SERVED = frozenset(("public", "static", "www", "htdocs", "wwwroot", "public_html"))


def folder_facts(path: str, extension: str) -> ServerFacts:
    """Look at a folder and return what it is; what can't be looked at is refused with the reason."""
    values: dict[str, Any] = {}
    refused: dict[str, str] = {}
    folder = Path(path).resolve()
    values["served_part"] = next((part for part in folder.parts if part.lower() in _SERVED), "")
    try:
        status = os.stat(folder)
        values["is_writable_by_others"] = bool(status.st_mode & 0o002) and not status.st_mode & 0o1000
        values["is_readable_by_others"] = bool(status.st_mode & 0o004)
        _count_files(folder, extension, values)
        room = os.statvfs(folder)
        values["free_disk_bytes"] = room.f_bavail * room.f_frsize
        values["disk_bytes"] = room.f_blocks * room.f_frsize
        values["free_inodes"], values["inodes"] = room.f_favail, room.f_files
    except (OSError, AttributeError) as error:
        words = f"The folder can't be looked at: {getattr(error, 'strerror', '') or error}."
        for name in (
            "is_writable_by_others",
            "is_readable_by_others",
            "owners",
            "leftovers",
            "free_disk_bytes",
            "free_inodes",
        ):
            refused.setdefault(name, words) if name not in values else None
    return ServerFacts(values, refused)


def _count_files(folder: Path, extension: str, values: dict[str, Any]) -> None:
    owners: Counter[int] = Counter()
    leftovers: list[str] = []
    files, now = 0, time.time()
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_file(follow_symlinks=False):
                continue
            files += 1
            if files > _MOST_FILES:
                continue
            is_session = entry.name.endswith(extension)
            is_leftover = not is_session and _LEFTOVER.fullmatch(entry.name) is not None
            if is_session or is_leftover:
                status = entry.stat(follow_symlinks=False)
                if is_session:
                    owners[status.st_uid] += 1
                elif now - status.st_mtime > _OLD_S:
                    leftovers.append(entry.name)
    values["owners"] = {user_name(owner): number for owner, number in owners.items()}
    values["leftovers"], values["files"] = leftovers, files
