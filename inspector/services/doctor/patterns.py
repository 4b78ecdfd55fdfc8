"""What must not stand in a session, found by plain needles in a whole block first and by a regular expression in the record then.

A needle as common as `secret"` would have nearly every record read: these are rare in healthy stores. Source: insight.md section 7.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inspector.core.secret import Secret
from inspector.core.store_facts import Mark

_HASH = (
    rb"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}|\$argon2(?:id|i|d)\$|\$scrypt\$|\$pbkdf2[-a-z0-9]*\$"
    rb"|\$[156]\$[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{22,}"
)
_HASH_VALUE = re.compile(rb"(?:" + _HASH + rb"|pbkdf2[_:]|scrypt:|sha(?:1|256|512)\$|[0-9a-f]{32,}$)", re.I)
_PASSWORD = re.compile(rb'"(?:password|passwd|pwd|passphrase)"\s*:\s*"((?:[^"\\]|\\.)+)"', re.I)
_CARD = re.compile(rb'"(?:card[a-z_]*|cc|pan)"\s*:\s*"?((?:\d[ -]?){12,18}\d)"?', re.I)
_TOKEN = re.compile(
    rb'"(?:access|refresh|id)_?token"\s*:\s*"[^"]{16,}"'
    rb"|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\."
    rb'|"(?:gh[pousr]_[A-Za-z0-9]{30,}|xox[abpr]-[A-Za-z0-9-]{10,}|sk_live_[A-Za-z0-9]{16,}|AKIA[A-Z0-9]{16})'
    rb'|"client_secret"\s*:\s*"[^"]{8,}"',
    re.I,
)
_SHORTEST_SECRET = 8  # bytes: what is shorter stands in texts by chance


@dataclass(frozen=True, slots=True)
class Pattern:
    """`needles`: lower-case ASCII, one of which stands in every text that `matches`; `narrow`: what takes the place of the first one
    where it stands in too many records to be of use."""

    mark: int  # of `Mark`
    needles: tuple[str, ...]
    narrow: tuple[str, ...] = ()

    def without_common(self) -> Pattern:
        return Pattern(self.mark, (*self.narrow, *self.needles[1:]))

    def matches(self, text: bytes) -> bool:
        match self.mark:
            case Mark.PASSWORD:
                return any(not _is_hash_or_mask(found) for found in _PASSWORD.findall(text))
            case Mark.PASSWORD_HASH:
                return re.search(_HASH, text) is not None
            case Mark.CARD:
                return any(_is_card_number(found) for found in _CARD.findall(text))
            case _:
                return _TOKEN.search(text) is not None


PATTERNS = (
    Pattern(Mark.PASSWORD, ("passw", '"pwd"', "passphr")),
    Pattern(Mark.PASSWORD_HASH, ('"$',)),
    Pattern(Mark.CARD, ('"card', '"cc"', '"pan"')),
    Pattern(
        Mark.TOKEN,
        ("token", "client_secret", "eyj", '"gh', '"xox', '"sk_live_', '"akia'),
        ("ss_token", "sstoken", "sh_token", "shtoken", "id_token", "idtoken"),  # access, refresh and id, not csrf
    ),
)


def secret_needles(secrets: Iterable[Secret]) -> Sequence[bytes]:
    """Return the secrets that are long enough to be told from other text."""
    return [value for secret in secrets if len(value := secret.reveal()) >= _SHORTEST_SECRET]


def _is_hash_or_mask(value: bytes) -> bool:
    return _HASH_VALUE.match(value) is not None or not value.strip(b"*.x\xe2\x80\xa2 ")


def _is_card_number(text: bytes) -> bool:
    digits = [byte - 48 for byte in text if 48 <= byte <= 57]
    if not 13 <= len(digits) <= 19 or digits[0] not in (3, 4, 5, 6):
        return False
    doubled = [digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
