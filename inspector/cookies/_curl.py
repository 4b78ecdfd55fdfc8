"""curl commands as Chrome's and Firefox's "Copy as cURL" write them, for a POSIX shell or cmd; runs nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from inspector.cookies._api import CookieError

_CURL = re.compile(r"\s*\$?\s*curl(?:\.exe)?(?=\s)", re.I)
_CMD = re.compile(r'\^"|\s\^\r?\n')
_HEADER = re.compile(r"cookie\s*:\s*(.*)\Z", re.I | re.S)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_CODE = re.compile(r"x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})")
# Options with a value which is no URL; others are flags or carry their value with them.
_WITH_VALUE = frozenset(
    {"-X", "--request", "-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "--data-ascii", "--json"}
    | {"-A", "--user-agent", "-e", "--referer", "-u", "--user", "-o", "--output", "-x", "--proxy", "-m", "--max-time"}
    | {"--connect-timeout", "-F", "--form", "-T", "--upload-file", "-c", "--cookie-jar", "--resolve", "--cacert"}
    | {"--cert", "--key", "-w", "--write-out", "--retry", "-E"}
)


@dataclass(frozen=True, slots=True)
class CurlCommand:
    """What a curl command says of cookies: the texts of its Cookie headers and `-b` options, and its URL."""

    url: str
    cookies: tuple[str, ...]


def is_curl(text: str) -> bool:
    """True for a text which is a curl command."""
    return _CURL.match(text) is not None


def read_curl(text: str) -> CurlCommand:
    """Take a curl command apart. `CookieError` when its quotes do not close."""
    words = _split_cmd(text) if _CMD.search(text) else _split_posix(text)
    url, cookies = "", []
    position = 1 if words and words[0] != "$" else 2
    while position < len(words):
        word = words[position]
        position += 1
        name, attached = _option(word)
        if name in ("-H", "--header", "-b", "--cookie", "--url") or name in _WITH_VALUE:
            value = attached
            if value is None:
                value = words[position] if position < len(words) else ""
                position += 1
            if name == "--url":
                url = url or value
            elif name in ("-b", "--cookie"):
                # Without an equals sign -b names a file.
                cookies += [value] if "=" in value else []
            elif name in ("-H", "--header") and (header := _HEADER.match(value.strip())):
                cookies.append(header[1])
        elif not word.startswith("-"):
            url = url or word
    return CurlCommand(url, tuple(cookies))


def _option(word: str) -> tuple[str, str | None]:
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, value if equals else None
    if len(word) > 2 and word[:2] in ("-H", "-b"):
        return word[:2], word[2:]
    return word, None


def _split_posix(text: str) -> list[str]:
    words: list[str] = []
    word: list[str] | None = None
    position = 0
    while position < len(text):
        char = text[position]
        if char.isspace():
            if word is not None:
                words.append("".join(word))
                word = None
            position += 1
            continue
        if char == "\\":
            following = text[position + 1 : position + 2]
            position += 2
            if following == "\r" and text[position : position + 1] == "\n":
                position += 1
            elif following != "\n":
                word = [*(word or []), following]
            continue
        word = word if word is not None else []
        if char == "'":
            part, position = _until(text, position + 1, "'")
        elif text.startswith("$'", position):
            part, position = _ansi_c(text, position + 2)
        elif char == '"':
            part, position = _double(text, position + 1)
        else:
            part, position = char, position + 1
        word.append(part)
    if word is not None:
        words.append("".join(word))
    return words


def _until(text: str, start: int, quote: str) -> tuple[str, int]:
    end = text.find(quote, start)
    if end < 0:
        raise CookieError("A quote in the curl command is not closed. Copy the whole command.")
    return text[start:end], end + 1


def _double(text: str, start: int) -> tuple[str, int]:
    parts: list[str] = []
    position = start
    while True:
        char = text[position : position + 1]
        if not char:
            raise CookieError("A quote in the curl command is not closed. Copy the whole command.")
        if char == '"':
            return "".join(parts), position + 1
        if char == "\\" and text[position + 1 : position + 2] in ("\\", '"', "$", "`", "\n"):
            parts.append("" if text[position + 1] == "\n" else text[position + 1])
            position += 2
            continue
        parts.append(char)
        position += 1


def _ansi_c(text: str, start: int) -> tuple[str, int]:
    parts: list[str] = []
    position = start
    while True:
        char = text[position : position + 1]
        if not char:
            raise CookieError("A quote in the curl command is not closed. Copy the whole command.")
        if char == "'":
            return "".join(parts), position + 1
        if char != "\\":
            parts.append(char)
            position += 1
            continue
        code = _CODE.match(text, position + 1)
        if code:
            number = int(code[4], 8) if code[4] else int(code[1] or code[2] or code[3], 16)
            parts.append(chr(number) if number <= 0x10FFFF else "\ufffd")
            position = code.end()
        else:
            following = text[position + 1 : position + 2]
            parts.append(_ESCAPES.get(following, "\\" + following))
            position += 2


def _split_cmd(text: str) -> list[str]:
    # In cmd a caret takes the meaning from the next character, a line end included.
    plain = re.sub(r"\^(\r?\n|.)", lambda found: "" if found[1].endswith("\n") else found[1], text, flags=re.S)
    words: list[str] = []
    word: list[str] | None = None
    is_quoted = False
    position = 0
    while position < len(plain):
        char = plain[position]
        if char == "\\" and plain[position + 1 : position + 2] in ('"', "\\") and is_quoted:
            word = [*(word or []), plain[position + 1]]
            position += 2
            continue
        position += 1
        if char == '"':
            is_quoted = not is_quoted
            word = word if word is not None else []
        elif char.isspace() and not is_quoted:
            if word is not None:
                words.append("".join(word))
                word = None
        else:
            word = word if word is not None else []
            word.append(char)
    if is_quoted:
        raise CookieError("A quote in the curl command is not closed. Copy the whole command.")
    if word is not None:
        words.append("".join(word))
    return words
