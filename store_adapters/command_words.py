"""Commands in words for people to check: which command, on which record, how many bytes; never a value, never a whole ID.

Used for what was sent (the command log) and for what would be sent (previews). Opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from store_adapters.contract import Operation, PlannedWrite

OnCommand = Callable[[str], None]
_SHOWN = 4
_MOST_FIELDS = 12
_EACH = 3  # that many commands of one packet are written out; more are counted by name


def short_key(key: bytes | str) -> str:
    """Return a key by which a person knows it again and with which nobody can take the session over: `sess:9xKq…`."""
    text = key.decode("utf-8", "replace") if isinstance(key, bytes) else key
    prefix, colon, rest = text.rpartition(":")
    shown = "".join(letter if letter.isprintable() else "?" for letter in prefix[:16] + colon + rest[:_SHOWN])
    return shown + ("…" if len(rest) > _SHOWN else "")


def size_words(data: bytes | None) -> str:
    """Return `<1,204 bytes>`; `<the edited value>` where it is not known yet."""
    return "<the edited value>" if data is None else f"<{len(data):,} bytes>"


# --- Redis ---------------------------------------------------------------------------------------------------------

_KEY_AT_1 = frozenset(
    ("GET", "GETRANGE", "PTTL", "TTL", "STRLEN", "TYPE", "EXISTS", "SET", "DEL", "UNLINK", "PEXPIREAT", "PEXPIRE", "PERSIST",
     "WATCH", "DUMP", "OBJECT")
)  # fmt: skip
_PLAIN = frozenset(
    ("SCAN", "PING", "INFO", "DBSIZE", "CONFIG", "CLIENT", "MULTI", "EXEC", "UNWATCH", "TIME", "SELECT", "PSUBSCRIBE",
     "HELLO", "COMMAND")
)  # fmt: skip


def redis_packet(commands: Sequence[Sequence[bytes | str | int]]) -> str:
    """Return the commands that were sent in one go, in one line."""
    if len(commands) <= _EACH:
        return "; ".join(map(redis_command, commands))
    counts: dict[bytes | str | int, int] = {}
    for command in commands:
        counts[command[0]] = counts.get(command[0], 0) + 1
    return ", ".join(f"{_text(name)} × {number:,}" for name, number in counts.items())


def redis_command(command: Sequence[bytes | str | int]) -> str:
    """Return one command without values."""
    name = _text(command[0]).upper()
    words = [name]
    if name in ("EVAL", "EVALSHA", "EVAL_RO"):
        words += ["(compare-and-set script)", *(short_key(_text(key)) for key in command[3:4])]
        words += [_argument(one) for one in command[4:]]
    elif name in _KEY_AT_1:
        words += [short_key(_raw(one)) for one in command[1:2]]
        words += [_argument(one) for one in command[2:]]
    elif name in _PLAIN:
        words += [_text(one) for one in command[1:]]
    elif len(command) > 1:
        words.append(f"({len(command) - 1} arguments)")
    return " ".join(words)


def _argument(one: bytes | str | int) -> str:
    # What the program itself says is text or a number; what is stored is bytes.
    return size_words(one) if isinstance(one, bytes) else str(one)


def _raw(one: bytes | str | int) -> bytes | str:
    return one if isinstance(one, bytes | str) else str(one)


def _text(one: bytes | str | int) -> str:
    return one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one)


def redis_preview(write: PlannedWrite, way: str) -> tuple[str, ...]:
    """Return what would be sent. `way`: "script", "IFEQ" or "WATCH", as the server and its ACL allow."""
    key = short_key(write.ref.key)
    if write.operation is Operation.CREATE:
        expiry = f" PX <until {write.expires_at_ms}>" if write.expires_at_ms is not None else ""
        return (f"SET {key} {size_words(write.payload)} NX{expiry}",)
    if write.operation is Operation.REPLACE:
        command = f"SET {key} {size_words(write.payload)} XX KEEPTTL"
        if way == "IFEQ":
            return (f"SET {key} {size_words(write.payload)} IFEQ <as read> KEEPTTL",)
    elif write.operation is Operation.DELETE:
        command = f"DEL {key}"
    elif write.with_payload:
        ends = "" if write.expires_at_ms is None else f" PXAT {write.expires_at_ms}"
        command = f"SET {key} {size_words(write.payload)} XX{ends}"
        if way == "IFEQ":
            return (f"SET {key} {size_words(write.payload)} IFEQ <as read>{ends}",)
    else:
        command = f"PERSIST {key}" if write.expires_at_ms is None else f"PEXPIREAT {key} {write.expires_at_ms}"
    if way == "script":
        return (f"{command} (compare-and-set script)",)
    return (f"WATCH {key}", f"GET {key} (compared with what was read)", "MULTI", command, "EXEC")


# --- MongoDB -------------------------------------------------------------------------------------------------------


def mongo_command(name: str, command: Mapping[str, Any]) -> str:
    """Return a command that the driver has sent, without values."""
    target = command.get(name)
    words = f"{name} {target}" if isinstance(target, str) else name
    if name in ("find", "count", "aggregate"):
        words += f" {_mongo_filter(command.get('filter') or command.get('query') or {})}"
    elif name == "update":
        words += " " + _some(
            command.get("updates"), lambda one: f"{_mongo_filter(one['q'])} → {mongo_update(one['u'])}"
        )
    elif name == "findAndModify":
        words += f" {_mongo_filter(command.get('query') or {})} → {mongo_update(command.get('update') or {})}"
    elif name == "delete":
        words += " " + _some(command.get("deletes"), lambda one: _mongo_filter(one["q"]))
    elif name == "insert":
        number = len(command.get("documents") or ())
        words += " (1 document)" if number == 1 else f" ({number:,} documents)"
    return words.rstrip()


def _some(listed: Any, in_words: Callable[[Any], str]) -> str:
    all_of_them = list(listed) if isinstance(listed, list | tuple) else []
    more = f" and {len(all_of_them) - _EACH:,} more" if len(all_of_them) > _EACH else ""
    return ", ".join(map(in_words, all_of_them[:_EACH])) + more


def _mongo_filter(query: Mapping[str, Any]) -> str:
    parts = []
    for place, (name, value) in enumerate(query.items()):
        if place == 0 and isinstance(value, str):
            parts.append(f'{name}: "{short_key(value)}"')
        else:
            parts.append(f"{name}: <as read>" if place else f"{name}: …")
    return "{" + ", ".join(parts[:_MOST_FIELDS]) + "}"


def mongo_update(update: Any) -> str:
    """Return the operators and the paths of an update: `{$set: {session.user.role: …}}`."""
    if not isinstance(update, Mapping):
        return "{…}"
    parts = []
    for operator, fields in update.items():
        names = list(fields)
        more = f" and {len(names) - _MOST_FIELDS:,} more" if len(names) > _MOST_FIELDS else ""
        parts.append(f"{operator}: {{{', '.join(f'{name}: …' for name in names[:_MOST_FIELDS])}{more}}}")
    return "{" + ", ".join(parts) + "}"


def mongo_preview(
    write: PlannedWrite, update: Mapping[str, Any] | None, names: tuple[str, str], *, has_transactions: bool
) -> tuple[str, ...]:
    """Return what would be sent. `update`: the operators of a REPLACE, None where they are not known yet; `names`: of the
    field with the session ID and of the one with the expiry."""
    id_field, expires_field = names
    identity = f'{id_field}: "{short_key(write.ref.key)}"'
    query = "{" + identity + ("" if has_transactions else ", session: <as read>") + "}"
    if write.operation is Operation.CREATE:
        return (f"insertOne({{{identity}, {size_words(write.payload)}}})",)
    if write.operation is Operation.DELETE:
        line = f"deleteOne({query})"
    elif write.operation is Operation.EXPIRE:
        session = {"$set": {"session": ...}} if write.with_payload else {}
        operator = "$unset" if write.expires_at_ms is None else "$set"
        both = session | {operator: {**session.get(operator, {}), expires_field: ...}}
        line = f"findOneAndUpdate({query}, {mongo_update(both)})"
    else:
        line = f"findOneAndUpdate({query}, {mongo_update(update) if update is not None else '{$set: {session: …}}'})"
    if not has_transactions:
        return (line,)
    return ("startTransaction", f"findOne({query}), compared with what was read", line, "commitTransaction")


# --- files and SQLite ----------------------------------------------------------------------------------------------


def file_preview(write: PlannedWrite, *, can_exchange: bool = True) -> tuple[str, ...]:
    """Return the steps on a session file."""
    name = short_key(write.ref.key)
    if write.operation is Operation.DELETE:
        return (f"read {name} and compare it with what was read", f"unlink {name}")
    if write.operation is Operation.CREATE:
        return (f"write {size_words(write.payload)} to a temporary file, fsync", f"link it to {name}, if that is free")
    is_moved = write.operation is Operation.EXPIRE and not write.with_payload
    what = "__lastAccess changed" if is_moved else size_words(write.payload)
    step = "exchange" if can_exchange else "rename"
    return (
        f"read {name} and compare it with what was read",
        f"write a temporary file ({what}) with its mode and owner, fsync",
        f"{step} the two names in one step" + (", compare what came out" if can_exchange else ""),
    )


def sql_words(statement: str, values: Sequence[object]) -> str:
    """Return a statement with its placeholders, and how many values go with it."""
    return " ".join(statement.split()) + (f"  ({len(values)} values)" if values else "")
