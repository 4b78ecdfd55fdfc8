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
from store_adapters.portability import room_at, user_name

_MOST_FILES = 20_000
_ASKED = ("is_writable_by_others", "is_readable_by_others", "owners", "leftovers", "free_disk_bytes", "free_inodes")
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
        if (room := room_at(str(folder))) is not None:
            values["free_disk_bytes"], values["disk_bytes"] = room.free_bytes, room.all_bytes
            values["free_inodes"], values["inodes"] = room.free_inodes, room.all_inodes
    except OSError as error:
        words = f"The folder can't be looked at: {error.strerror or error}."
        refused = dict.fromkeys((name for name in _ASKED if name not in values), words)
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
