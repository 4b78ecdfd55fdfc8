"""Stores as express-session fills them, healthy and with one fault each, in a real folder, Redis or MongoDB."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

DAY_MS, HOUR_MS = 86_400_000, 3_600_000


def iso(at_ms: float) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Made:
    """A session: its JSON, and when the store lets it go (None: never)."""

    session_id: str
    session: Any
    ends_ms: int | None


@dataclass(slots=True)
class Application:
    """Writes sessions as an application with these options would; `used` is when each was used last."""

    max_age_ms: int | None = DAY_MS
    cookie: dict[str, Any] = field(default_factory=lambda: {"httpOnly": True, "path": "/", "sameSite": "lax"})
    touched: bool = True  # the store's end is ahead of the cookie's, as after a touch
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    def session(self, number: int, used_ms: float, **members: Any) -> Made:
        saved_ms = used_ms - self.dice.random() * HOUR_MS if self.touched else used_ms
        age = self.max_age_ms
        cookie: dict[str, Any] = {"originalMaxAge": age, **self.cookie}
        cookie["expires"] = iso(saved_ms + age) if age is not None else None
        life_ms = age if age is not None else DAY_MS
        return Made(f"{number:032x}", {"cookie": cookie, **members}, int(used_ms + life_ms))

    def visitors(self, count: int, first: int = 0) -> list[Made]:
        """Return visitors of the last hours, two thirds of them signed in, each with a session or two."""
        now = time.time() * 1000
        found = []
        for number in range(first, first + count):
            used_ms = now - self.dice.random() * min(self.max_age_ms or DAY_MS, DAY_MS) * 0.5 - 180_000
            members: dict[str, Any] = {"views": self.dice.randrange(90), "csrfSecret": f"{self.dice.getrandbits(96):x}"}
            if number % 3:
                name = f"user{number // 2}"
                members["user"] = {
                    "id": number // 2,
                    "username": name,
                    "email": f"{name}@example.com",
                    "role": "customer",
                }
            found.append(self.session(number, used_ms, **members))
        return found


Change = Callable[[list[Made]], None]


def change_each(share: float, change: Callable[[Made], None]) -> Change:
    """Return what changes this share of the sessions, evenly."""

    def apply(made: list[Made]) -> None:
        step = max(1, round(1 / share))
        for one in made[::step]:
            change(one)

    return apply


def text(made: Made) -> bytes:
    session = made.session
    return session if isinstance(session, bytes) else json.dumps(session, separators=(",", ":")).encode()
