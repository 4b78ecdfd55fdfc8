"""The cookies of an HTTP archive as the server reads them: which of equal names, and which session each is."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from inspector.cookies import Cookie, Verdict, judge
from inspector.cookies.same_names import Reader, reader_of
from inspector.core.display import escape_display
from inspector.core.secret import Secret


class CookieReader:
    """Judges with the given secrets, and tells sessions apart."""

    def __init__(self, secrets: Sequence[Secret]) -> None:
        self._secrets = secrets
        self._identities: dict[tuple[str, str, str | None], str] = {}

    def judge(self, cookie: Cookie, now_ms: int) -> Verdict:
        return judge(cookie, self._secrets, now_ms)

    def identify(self, cookie: Cookie) -> str:
        """Return what tells one session from another: its ID, or a checksum of what is inside a cookie that carries it."""
        key = cookie.name, cookie.raw, cookie.signature
        if key not in self._identities:
            verdict = self.judge(cookie, 0)
            sealed = f"#{_checksum(verdict.payload)}" if verdict.payload else f"?{_checksum(cookie.raw)}"
            self._identities[key] = verdict.session_id or sealed
        return self._identities[key]

    def show(self, cookie: Cookie) -> str:
        """Return the session's ID, short enough for a sentence."""
        identity = self.identify(cookie)
        return escape_display(identity if len(identity) < 12 else f"{identity[:10]}…", 40)

    def choose(self, sent: Sequence[Cookie]) -> Cookie:
        """Return which of several of one name the server reads."""
        reader = self._reader(sent)
        return sent[0] if reader is None or reader.is_first else sent[-1]

    def describe_choice(self, sent: Sequence[Cookie]) -> str:
        """Return the sentence's beginning: `Express reads the first`."""
        reader = self._reader(sent)
        if reader is None:
            return "Most servers read the first"
        return f"{reader.label} reads the {'first' if reader.is_first else 'last'}"

    def _reader(self, sent: Sequence[Cookie]) -> Reader | None:
        return next((found for one in sent if (found := reader_of(self.judge(one, 0).scheme)) is not None), None)


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}"
