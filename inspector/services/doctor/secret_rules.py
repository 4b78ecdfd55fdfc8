"""Rules about the person's own secrets, checked on this machine: nothing is sent anywhere. Source: insight.md 1.3."""

from __future__ import annotations

import math

from inspector.cookies.tutorial_secrets import TUTORIAL_SECRETS
from inspector.core.store_facts import StoreFacts, StoreRule
from inspector.core.store_finding import Fix, NotChecked, StoreFinding, Weight

_SHORTEST_BYTES, _FEWEST_BITS = 16, 64
_NEW = (
    Fix("openssl", "openssl rand -hex 32"),
    Fix("express-session", "secret: [process.env.SESSION_SECRET, process.env.SESSION_SECRET_OLD]"),
)


def _public_secret(facts: StoreFacts) -> StoreFinding | None:
    secrets = _known(facts)
    public = [secret for secret in secrets if secret.strip() in TUTORIAL_SECRETS]
    if not public:
        return None
    return StoreFinding(
        "public-secret",
        Weight.HIGH,
        f"{'One of your secrets stands' if len(secrets) > 1 else 'Your secret stands'} in a public tutorial",
        "Anyone can sign cookies with it, and be any of your users.",
        len(public),
        len(secrets),
        _NEW,
        links=("https://github.com/evershopcommerce/evershop/issues/1044",),
    )


def _short_secret(facts: StoreFacts) -> StoreFinding | None:
    secrets = _known(facts)
    short = [secret for secret in secrets if len(secret) < _SHORTEST_BYTES or strength_bits(secret) < _FEWEST_BITS]
    if not short:
        return None
    return StoreFinding(
        "short-secret",
        Weight.MEDIUM,
        f"{'One of your secrets' if len(secrets) > 1 else 'Your secret'} is short enough to be guessed",
        "One signed cookie is all it takes to try billions of guesses at home.",
        len(short),
        len(secrets),
        _NEW,
    )


def strength_bits(secret: bytes) -> float:
    """Return how many bits a guesser has to try at most, by the letters in use and how often they repeat."""
    pool = sum(
        size
        for size, is_used in (
            (26, any(97 <= byte <= 122 for byte in secret)),
            (26, any(65 <= byte <= 90 for byte in secret)),
            (10, any(48 <= byte <= 57 for byte in secret)),
            (
                33,
                any(32 <= byte <= 47 or 58 <= byte <= 64 or 91 <= byte <= 96 or 123 <= byte <= 126 for byte in secret),
            ),
            (128, any(byte >= 128 for byte in secret)),
        )
        if is_used
    )
    distinct = len(set(secret))
    # Of a text that repeats itself only the different letters count, each time half as much.
    length = distinct + (len(secret) - distinct) / 2
    return length * math.log2(pool) if pool > 1 else 0.0


def _known(facts: StoreFacts) -> list[bytes]:
    if not facts.secrets:
        raise NotChecked("No secret of this store is known here.")
    return [secret.reveal() for secret in facts.secrets]


SECRETS = (StoreRule("public-secret", _public_secret), StoreRule("short-secret", _short_secret))
