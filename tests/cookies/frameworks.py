"""The golden cookies of other frameworks, for the tests that judge them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from inspector.cookies import Cookie, Verdict, judge, read_cookies
from inspector.core.secret import Secret

_GOLDEN = Path(__file__).parent.parent / "golden" / "cookies" / "frameworks.jsonl"


@dataclass(frozen=True, slots=True)
class Sample:
    """A row: what the library made of the header at `now_ms`."""

    id: str
    framework: str
    header: str
    secrets: tuple[Secret, ...]
    is_valid: bool
    is_chunked: bool
    now_ms: int

    @property
    def cookies(self) -> tuple[Cookie, ...]:
        return read_cookies(f"Cookie: {self.header}")

    def judge(self, *secrets: Secret) -> Verdict:
        """Return the verdict on the one cookie there is, with these secrets or with the row's."""
        (cookie,) = self.cookies
        return judge(cookie, secrets or self.secrets, self.now_ms)


def _sample(line: str) -> Sample:
    row = json.loads(line)
    decode = base64.b64decode if row["secret_encoding"] == "base64" else str.encode
    secrets = tuple(Secret(decode(one), str(place)) for place, one in enumerate(row["secrets"], 1))
    return Sample(
        row["id"], row["framework"], row["cookie_header"], secrets, row["valid"], row["is_chunked"], row["now"] * 1000
    )


SAMPLES = {one.id: one for one in map(_sample, _GOLDEN.read_text().splitlines())}
