"""Rules about files: the folder of session files, and the file of an SQLite store. Source: insight.md 1.3."""

from __future__ import annotations

from collections import Counter

from inspector.core.display import escape_display, format_size
from inspector.core.store_facts import StoreFacts, StoreRule
from inspector.core.store_finding import Fix, StoreFinding, Weight
from inspector.services.doctor.server_finding import server_finding

_GIB, _MIB = 1 << 30, 1 << 20
_MANY_FILES = 50_000


def _journal_mode(facts: StoreFacts) -> StoreFinding | None:
    mode = facts.say("journal_mode")
    if mode == "wal":
        return None
    return server_finding(
        "journal-mode",
        Weight.INFO,
        f"The journal mode is {escape_display(mode, 20)}, not WAL",
        "A reader makes writers wait: “database is locked”.",
        Fix("sqlite3", "PRAGMA journal_mode=WAL"),
        links=("https://github.com/rawberg/connect-sqlite3/issues/15",),
    )


def _free_pages(facts: StoreFacts) -> StoreFinding | None:
    free, pages, size = facts.say("freelist_count"), facts.say("page_count"), facts.say("page_size")
    if pages * size < 100 * _MIB or free < pages / 2:
        return None
    return server_finding(
        "space-not-given-back",
        Weight.LOW,
        f"{format_size(free * size)} of the file's {format_size(pages * size)} are free and not given back",
        "The disk stays full although the sessions are gone.",
        Fix("sqlite3", "VACUUM"),
    )


def _folder_writable(facts: StoreFacts) -> StoreFinding | None:
    if not facts.say("is_writable_by_others"):
        return None
    return server_finding(
        "folder-writable",
        Weight.HIGH,
        "Anyone on this machine may write into the session folder",
        "So anyone can forge a login.",
        Fix("shell", "chmod 700 FOLDER"),
    )


def _folder_readable(facts: StoreFacts) -> StoreFinding | None:
    if not facts.say("is_readable_by_others"):
        return None
    return server_finding(
        "folder-readable",
        Weight.LOW,
        "Anyone on this machine may list the session folder",
        "A file name is a session ID.",
        Fix("shell", "chmod 700 FOLDER"),
    )


def _folder_served(facts: StoreFacts) -> StoreFinding | None:
    part = facts.say("served_part")
    if not part:
        return None
    return server_finding(
        "folder-served",
        Weight.HIGH,
        f"The session folder lies in {escape_display(part, 30)}",
        "The web server may hand out session files.",
        Fix("session-file-store", "new FileStore({path: '/var/lib/app/sessions'})"),
    )


def _several_owners(facts: StoreFacts) -> StoreFinding | None:
    owners = Counter(facts.say("owners"))
    if len(owners) < 2:
        return None
    (first, _), *others = owners.most_common()
    count = sum(number for _name, number in others)
    names = ", ".join(escape_display(name, 20) for name, _number in others[:3])
    return server_finding(
        "several-owners",
        Weight.HIGH,
        f"{count:,} session {'file belongs' if count == 1 else 'files belong'} to {names}, the others to {escape_display(first, 20)}",
        "The application cannot rewrite them: those users get errors.",
        Fix("shell", f"chown {escape_display(first, 20)} FOLDER/*.json"),
        links=("https://github.com/valery-barysok/session-file-store/issues/98",),
    )


def _temporary_leftovers(facts: StoreFacts) -> StoreFinding | None:
    names = facts.say("leftovers")
    if not names:
        return None
    return server_finding(
        "temporary-leftovers",
        Weight.LOW,
        f"{len(names):,} {'file is' if len(names) == 1 else 'files are'} left of writes that were cut off",
        "They hold whole sessions, and nothing removes them.",
        Fix("shell", "find FOLDER -name '*.json.[0-9]*' -mmin +60 -delete"),
    )


def _disk_nearly_full(facts: StoreFacts) -> StoreFinding | None:
    free, total = facts.say("free_disk_bytes"), facts.say("disk_bytes")
    if free >= min(_GIB, 0.05 * total) or not total:
        return None
    return server_finding(
        "disk-nearly-full",
        Weight.HIGH,
        f"{format_size(free)} are left on the disk of the session folder",
        "Once it is full, every login fails.",
        Fix("shell", "df -h FOLDER"),
    )


def _inodes_nearly_out(facts: StoreFacts) -> StoreFinding | None:
    free, total = facts.say("free_inodes"), facts.say("inodes")
    if not total or free >= 0.05 * total:
        return None
    return server_finding(
        "inodes-nearly-out",
        Weight.HIGH,
        f"{free:,} of {total:,} inodes are left on the disk of the session folder",
        "Each session takes one; once they are used up, every login fails.",
        Fix("shell", "df -i FOLDER"),
    )


def _too_many_files(facts: StoreFacts) -> StoreFinding | None:
    number = facts.say("files")
    if number < _MANY_FILES:
        return None
    return server_finding(
        "too-many-files",
        Weight.LOW,
        f"{number:,} files in one folder",
        "session-file-store reads them all each hour to find what ended.",
        Fix("express-session", "session({store: new RedisStore({client})})"),
        links=("https://github.com/valery-barysok/session-file-store/issues/41",),
    )


FILES = (
    StoreRule("journal-mode", _journal_mode, ("journal_mode",)),
    StoreRule("space-not-given-back", _free_pages, ("freelist_count",)),
    StoreRule("folder-writable", _folder_writable, ("is_writable_by_others",)),
    StoreRule("folder-readable", _folder_readable, ("is_readable_by_others",)),
    StoreRule("folder-served", _folder_served, ("served_part",)),
    StoreRule("several-owners", _several_owners, ("owners",)),
    StoreRule("temporary-leftovers", _temporary_leftovers, ("leftovers",)),
    StoreRule("disk-nearly-full", _disk_nearly_full, ("free_disk_bytes",)),
    StoreRule("inodes-nearly-out", _inodes_nearly_out, ("free_inodes",)),
    StoreRule("too-many-files", _too_many_files, ("files",)),
)
