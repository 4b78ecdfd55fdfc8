"""A browser's header panel, copied: name and value on lines of their own (Chrome, Edge, Firefox), and YAML's lists of headers."""

from __future__ import annotations

import re

from inspector.cookies._api import Cookie
from inspector.cookies.pasted.header import read_header

LABEL = "a browser's header panel"
_NAME = re.compile(r"\s*(?:- )?[\"']?(set-cookie|cookie)[\"']?\s*:?\s*(?:[|>][-+]?)?\s*\Z", re.I)
_ITEM = re.compile(r"(\s*)- +(.*)\Z")
_INDENT = re.compile(r"\s*")


def read(text: str) -> list[Cookie] | None:
    """Return the cookies of every name line's value: the next line, or the items of a list."""
    lines = [line for line in text.splitlines() if line.strip()]
    found: list[Cookie] = []
    is_panel = False
    jars = {"cookie": 0, "set-cookie": 0}
    for place, line in enumerate(lines):
        name = _NAME.match(line)
        if name is None:
            continue
        is_panel = True
        header = name[1].lower()
        for value in _values(lines, place + 1):
            found += read_header(header, value, jar=jars["cookie"])
        # A second request of the panel's.
        jars["cookie"] += header == "cookie"
    return found if is_panel else None


def _values(lines: list[str], place: int) -> list[str]:
    if place >= len(lines):
        return []
    item = _ITEM.match(lines[place])
    if item is None:
        return [_unquoted(lines[place].strip())]
    indent = len(item[1])
    values: list[str] = []
    for line in lines[place:]:
        following = _ITEM.match(line)
        if following is not None and len(following[1]) == indent:
            values.append(following[2].strip())
        elif _width(line) > indent and values:
            values[-1] += f" {line.strip()}"  # YAML folds what is long
        else:
            break
    return [_unquoted(value) for value in values]


def _width(line: str) -> int:
    found = _INDENT.match(line)
    return found.end() if found else 0


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
