"""Words of a command as a POSIX shell or cmd splits them; runs nothing, expands nothing."""

from __future__ import annotations

import re

from inspector.cookies._api import CookieError

# A line that goes on with options belongs to the command, also where its backslash was lost in copying.
_GOES_ON = re.compile(r"\s*\n\s*(?=--?[A-Za-z])")
_SEPARATOR = re.compile(r"(?:;|&&?|\|\|?)(?=\s|\Z)")
# A shell's prompt for the rest of a command.
_PROMPT = re.compile(r"[ \t]*>[ \t]+")
_CARETS = re.compile(r"\^(\r?\n|.)", re.S)
# Chrome wraps in plain quotes what holds no line end, and sets carets inside nevertheless.
_CMD = re.compile(r"\^\"|\s\^\r?\n|\^[%&@{}<>|!#$\\^\[\]]")
_FIRST_QUOTE = re.compile(r"\$'|['\"]")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_CODE = re.compile(r"x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})")
_OPEN = "A quote in the command is not closed. Copy the whole command."


def is_cmd(text: str) -> bool:
    """True for a command that was copied for cmd, whose carets take the meaning from what follows them."""
    quote = _FIRST_QUOTE.search(text)
    return (quote is None or quote[0] == '"') and _CMD.search(text) is not None


def without_carets(text: str) -> str:
    """Return the text as cmd sees it: a caret takes the meaning from the next character, a line end included."""
    return _CARETS.sub(lambda found: "" if found[1].endswith("\n") else found[1], text)


def split_posix(text: str, start: int) -> tuple[list[str], int]:
    """Return the words of the command that begins at `start`, and the place behind it. `CookieError` for an open quote."""
    words: list[str] = []
    word: list[str] | None = None
    position = start
    while position < len(text):
        char = text[position]
        if char.isspace() or (word is None and _SEPARATOR.match(text, position)):
            if word is not None:
                words.append("".join(word))
                word = None
            end = _end(text, position)
            if end:
                return words, end
            position += 1
            continue
        if char == "\\":
            following = text[position + 1 : position + 2]
            position += 2
            if following == "\r" and text[position : position + 1] == "\n":
                following, position = "\n", position + 1
            if following == "\n":
                prompt = _PROMPT.match(text, position)
                position = prompt.end() if prompt else position
            else:
                word = word if word is not None else []
                word.append(following)
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
    return words, position


def split_cmd(text: str, start: int) -> tuple[list[str], int]:
    """As `split_posix`, for a text without its carets."""
    words: list[str] = []
    word: list[str] | None = None
    is_quoted = False
    position = start
    while position < len(text):
        char, following = text[position], text[position + 1 : position + 2]
        if is_quoted and ((char == "\\" and following in ('"', "\\")) or char == following == '"'):
            word = word if word is not None else []
            word.append(following)
            position += 2
            continue
        if char == '"':
            is_quoted = not is_quoted
            word = word if word is not None else []
        elif not is_quoted and (char.isspace() or (word is None and _SEPARATOR.match(text, position))):
            if word is not None:
                words.append("".join(word))
                word = None
            end = _end(text, position)
            if end:
                return words, end
        else:
            word = word if word is not None else []
            word.append(char)
        position += 1
    if is_quoted:
        raise CookieError(_OPEN)
    if word is not None:
        words.append("".join(word))
    return words, position


def _end(text: str, position: int) -> int:
    """Return the place behind a command which ends here, at a separator or at its line's end; else 0."""
    if text[position] == "\n":
        return 0 if _GOES_ON.match(text, position) else position + 1
    separator = _SEPARATOR.match(text, position)
    if separator is None:
        return 0
    line_end = text.find("\n", separator.end()) if text[position] == "|" else separator.end()
    return line_end if line_end > 0 else len(text)


def _until(text: str, start: int, quote: str) -> tuple[str, int]:
    end = text.find(quote, start)
    if end < 0:
        raise CookieError(_OPEN)
    return text[start:end], end + 1


def _double(text: str, start: int) -> tuple[str, int]:
    parts: list[str] = []
    position = start
    while True:
        char = text[position : position + 1]
        if not char:
            raise CookieError(_OPEN)
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
            raise CookieError(_OPEN)
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
