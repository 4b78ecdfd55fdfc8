"""A terminal: curl, wget and HTTPie commands, one or many ("Copy all as cURL"), with or without what they printed; runs nothing.

Each command is a request, and so a jar, together with its output. A fragment such as `-H 'Cookie: …'` is read as curl's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from inspector.cookies._api import Cookie, CookieError
from inspector.cookies.pasted import cookie_file
from inspector.cookies.pasted.curl import CurlCommand, read_words
from inspector.cookies.pasted.header import read_pairs
from inspector.cookies.pasted.shell import is_cmd, split_cmd, split_posix, without_carets
from inspector.cookies.pasted.transcript import read_messages

LABEL = "a terminal"
_BEFORE = r"(?:(?:sudo|time|env)\s+|docker\s+exec\s+(?:-\w+\s+)*\S+\s+)?(?:/usr/(?:local/)?bin/)?"
_TOOL = r"(curl|wget|https?|xhs?)(?:\.exe)?(?=\s)"
# An option needs what it is about: the ID in a cookie's bare value may begin with -H or -b, and its signature end with =.
_OPTION = r"(?-i:-[Hb])(?:[\s'\"$^]|[^\s:=]+[:=][^=\s]|[^\s:=]+:\s)|--(?:header|cookie)[\s=]"
_FIRST = re.compile(rf"\s*(?:\$\s*)?{_BEFORE}{_TOOL}|\s*(?={_OPTION})", re.I)
# HTTPie's names are words too: further down they count behind a prompt only.
_NEXT = re.compile(
    rf"^[ \t]*(?:[^\n'\"]{{0,80}}?[$#%>❯➜»][ \t]+{_BEFORE}{_TOOL}|[A-Z]:\\[^\n>'\"]{{0,200}}>[ \t]*{_BEFORE}{_TOOL}"
    rf"|{_BEFORE}(curl|wget)(?:\.exe)?(?=[ \t]))", re.I | re.M
)  # fmt: skip
_JARS_EACH = 1000  # what one command prints may be many answers, as with -L


@dataclass(frozen=True, slots=True)
class _Run:
    """A command, and where it begins and ends in the text."""

    command: CurlCommand
    start: int
    end: int


def read(text: str) -> list[Cookie] | None:
    """Return the cookies that each command sends, then those that stand in its output only."""
    if is_cmd(text) and _FIRST.match(text):
        text = without_carets(text)
        runs = _runs(text, split_cmd)
    else:
        runs = _runs(text, split_posix)
    if not runs:
        return None
    found = _printed(text[: runs[0].start], jar=0)
    ends = [*(run.start for run in runs[1:]), len(text)]
    for number, (run, end) in enumerate(zip(runs, ends, strict=True), 1):
        jar = number * _JARS_EACH
        sent = [one for line in run.command.cookies for one in read_pairs(line, "curl", url=run.command.url, jar=jar)]
        known = {(one.name, one.raw) for one in sent}
        printed = [replace(one, url=run.command.url) for one in _printed(text[run.end : end], jar)]
        found += sent
        found += [one for one in printed if one.origin == "set-cookie" or (one.name, one.raw) not in known]
    if not found:
        words = f"This {runs[0].command.tool} command sends no cookie: it has no option or header with one."
        raise CookieError(
            f"{words} Nor is there one in its output; -v and -i print them. A cookie file can be pasted on its own."
        )
    return found


def _runs(text: str, split: Callable[[str, int], tuple[list[str], int]]) -> list[_Run]:
    runs: list[_Run] = []
    found = _FIRST.match(text) or _NEXT.search(text)
    while found is not None:
        tool = next((group for group in found.groups() if group), "").lower()
        words, end = split(text, found.end())
        runs.append(_Run(read_words(tool, words), found.start(), end))
        found = _NEXT.search(text, end)
    return runs


def _printed(text: str, jar: int) -> list[Cookie]:
    """Return the cookies of a command's output: of header lines, and of a jar written to it (`-c -`)."""
    files = [replace(one, jar=one.jar + jar + _JARS_EACH // 2) for one in cookie_file.read(text) or ()]
    return [*(read_messages(text, jar) or ()), *files]
