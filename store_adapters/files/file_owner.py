"""Whose a new session file is and who may read it: as the application's own files, so that the application can open it."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from store_adapters import portability
from store_adapters.errors import StoreRefused


@dataclass(frozen=True, slots=True)
class FileOwner:
    """The user and group a new file is given to, and its mode."""

    user: int
    group: int
    mode: int


def choose_owner(folder: os.stat_result, siblings: Iterable[os.stat_result]) -> FileOwner:
    """Return whose a new file in `folder` should be, beside the session files `siblings`.

    The folder's owner, and the mode most of the siblings have. A folder of root, or one that is shared (sticky, as PHP's), says
    nothing of the application: there the siblings name the owner too. With no sibling the mode is 0600, or 0660 in a folder
    that its group may write into.
    """
    files = [facts for facts in siblings if stat.S_ISREG(facts.st_mode)]
    user, group = folder.st_uid, folder.st_gid
    says_nothing = user == 0 or folder.st_mode & stat.S_ISVTX
    if files and says_nothing:
        user, _ = Counter(facts.st_uid for facts in files).most_common(1)[0]
    of_user = [facts for facts in files if facts.st_uid == user] or files
    if of_user:
        (group, mode), _ = Counter((facts.st_gid, stat.S_IMODE(facts.st_mode)) for facts in of_user).most_common(1)[0]
        return FileOwner(user, group, mode & 0o777)
    return FileOwner(user, group, 0o660 if folder.st_mode & stat.S_IWGRP and not says_nothing else 0o600)


def give(fd: int, owner: FileOwner) -> str:
    """Give a new open file to `owner`; return what is to be told of it, "" for nothing.

    `StoreRefused` where that is not permitted and the application could not read the file. `OSError`.
    """
    mode = owner.mode
    try:
        os.fchown(fd, owner.user, owner.group)
    except PermissionError:
        try:
            os.fchown(fd, -1, owner.group)
        except PermissionError:
            mode &= ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3  # another group than is meant has what everyone has
    facts = os.fstat(fd)
    if facts.st_uid != owner.user and not mode & (stat.S_IRGRP | stat.S_IROTH):
        raise refused(owner)
    os.fchmod(fd, mode)
    return "" if facts.st_uid == owner.user else _words_of_another(owner)


def tell_before(owner: FileOwner) -> str:
    """Return what `give` will say to this user, before anything is made. `StoreRefused` where it will refuse."""
    if portability.my_user() in (0, owner.user):
        return ""
    if not owner.mode & (stat.S_IRGRP | stat.S_IROTH):
        raise refused(owner)
    return _words_of_another(owner)


def refused(owner: FileOwner) -> StoreRefused:
    name = portability.user_name(owner.user)
    return StoreRefused(
        f"A new file here would belong to you and not to {name}: the application could not read it and would answer 500. "
        "Nothing was written.",
        f"Run as that user (sudo -u {name}) or as root.",
    )


def _words_of_another(owner: FileOwner) -> str:
    name = portability.user_name(owner.user)
    return f"The new file belongs to you, since only root may give it to {name}: the application can read it."
