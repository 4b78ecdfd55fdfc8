"""One pass over a store's list: what rules ask of each record goes into columns, what they ask of the server is asked once.

Plain Python with msgspec, 64 records a call; stops when it is told to, and rests between blocks where somebody waits beside it.
Source: insight.md sections 1.1 and 7.
"""

from __future__ import annotations

import datetime
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET

from inspector.codecs import CookieFacts, FactsReader, SessionFacts, member_sizes, plain_data, session_text
from inspector.core.store_facts import NO_NUMBER, CookieSet, Mark, StoreFacts
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.row_block import RowBlock
from inspector.services.catalogue.text_column import ROWS
from inspector.services.checkpoint import checkpoint
from inspector.services.doctor.identities import Users
from inspector.services.doctor.patterns import PATTERNS, secret_needles
from inspector.services.sessions.open_session import describe_record, ref_of_key
from store_adapters.contract import CancelToken, RawRecord, SessionStore
from store_adapters.record_form import PASSED_OVER_MS, PayloadForm

SAMPLE = 20_000
"""Records whose bytes are counted by key path: the largest key came out 0.02 % off."""
_MOST_JUDGED = 500  # odd records of one shape that are judged one by one as the application would
_PILE = 20  # flash messages
_EMPTY_BYTES = 600  # a record with nothing but its cookie is not longer
_MOST_ROLES = 1000
_COMMON = 0.05
_PRIVILEGED = frozenset(("admin", "administrator", "root", "owner", "superuser", "superadmin", "staff"))
_OWN_NAMES = frozenset(("cookie", "__lastAccess", "passport", "flash"))


_Shape = tuple[int, object, object, object]
"""The format of an odd record, and the kinds of its cookie, its lifetime and its `maxAge`."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What one pass is asked: of which rows (None: all), and what the person knows of the store."""

    wanted: Sequence[int] | None = None
    is_production: bool = False
    is_about_users: bool = False  # nothing but who is signed in, which takes a tenth of the time
    has_own_user: bool = False  # the list's user column is what the person named
    reserved: frozenset[str] = frozenset()  # top-level names that harm


@dataclass(frozen=True, slots=True)
class Pace:
    """How far a pass is: rows done of all."""

    done: int
    total: int


class Gatherer:
    """Fills the facts of one store. `run` yields how far it is; `facts` is whole when it has ended without being cancelled."""

    def __init__(self, store: SessionStore, catalogue: Catalogue, asked: Examination, now_ms: int) -> None:
        columns, total = catalogue.columns, catalogue.total
        self._store, self._catalogue, self._asked = store, catalogue, asked
        self._form = store.capabilities.form
        self._reader = FactsReader(self._form, asked.reserved)
        self._inner_reader = FactsReader(PayloadForm.TEXT, asked.reserved)
        self._has_watched = self._reader.has_watched
        self._users = Users()
        self._cookie_codes: dict[tuple[Any, ...], int] = {}
        self._secrets = secret_needles(catalogue.reading.secrets)
        self._bytes: Counter[str] = Counter()
        self._stride = max(1, len(catalogue) // SAMPLE)
        self._odd: list[tuple[int, _Shape]] = []
        self._patterns = list(PATTERNS)
        self._roles: set[str] = set()  # seen, and not privileged
        living = bytearray(columns.alive[:total])
        if asked.wanted is not None:
            chosen = bytearray(total)
            for row in asked.wanted:
                chosen[row] = living[row]
            living = chosen
        capabilities = store.capabilities
        self.facts = StoreFacts(
            now_ms,
            capabilities.kind,
            capabilities.library,
            living,
            columns.expires[:total],
            columns.sizes[:total],
            columns.changed[:total],
            array("d", [NO_NUMBER]) * total,
            array("q", bytes(8 * total)),
            array("i", bytes(4 * total)),
            array("i", [-1]) * total,
            array("i", [-1]) * total,
            columns.format_role[:total],
            secrets=catalogue.reading.secrets,
            is_production=asked.is_production,
            ends_inside=capabilities.keeps_expiry_inside,
        )

    def run(self, cancel: CancelToken) -> Iterator[Pace]:
        total = len(self.facts.examined)
        for number in range(-(-total // ROWS)):
            if cancel.is_cancelled:
                return
            self._read_block(number, min(total, (number + 1) * ROWS))
            yield Pace(min(total, (number + 1) * ROWS), total)
        if not self._asked.is_about_users:
            self._judge_odd(cancel)
        self._finish()
        yield Pace(total, total)

    # --- a block --------------------------------------------------------------------------------------------------

    def _read_block(self, number: int, end: int) -> None:
        block = RowBlock(self._catalogue.columns, number, end, self.facts.now_ms)
        payloads = self._payloads(block, end)
        texts: dict[int, bytes] = dict(block.inner)
        sessions = list(self._reader.read_all(payloads))
        for row, text in block.inner.items():
            sessions[row] = next(self._inner_reader.read_texts([text]))
        asked, examined, first = self._asked, self.facts.examined, block.first
        listed = block.users()
        for row, session in enumerate(sessions):
            if row % 64 == 0:
                checkpoint()
            position = first + row
            if not examined[position]:
                continue
            if session is None and payloads[row]:
                value = plain_data(payloads[row], self._form)
                session = self._reader.read_value(value)
                if session is not None:
                    texts[row] = msgspec.json.encode(value, enc_hook=str)
            self._note(position, session, listed[row])
            if asked.is_about_users:
                continue
            if position % self._stride == 0:
                self._weigh(position, self._text(texts, payloads, row), session)
            elif session is not None and session.user is UNSET and self._may_be_empty(position, session):
                self._mark_empty(position, self._text(texts, payloads, row))
        if not asked.is_about_users:
            self._search(block, payloads, texts)

    def _payloads(self, block: RowBlock, end: int) -> list[bytes]:
        """Return the block's payloads; those that the list has dropped for memory are read again."""
        payloads, columns = block.values(), self._catalogue.columns
        lost = [
            row
            for row in range(end - block.first)
            if not payloads[row] and self.facts.examined[block.first + row] and columns.sizes[block.first + row]
        ]
        lost = [row for row in lost if not columns.payloads.is_kept(block.first + row)]
        if lost:
            refs = [ref_of_key(self._store, columns.keys[block.first + row]) for row in lost]
            for row, found in zip(lost, self._store.read_many(refs), strict=True):
                if isinstance(found, RawRecord):
                    payloads[row] = found.payload
                else:
                    self.facts.is_partial = True
        return payloads

    def _text(self, texts: dict[int, bytes], payloads: Sequence[bytes], row: int) -> bytes:
        """Return the session's JSON text, b"" where there is none."""
        if row in texts:
            return texts[row]
        if self._form is PayloadForm.DOCUMENT:
            return session_text(payloads[row]) or b""
        return payloads[row]

    def _note(self, position: int, session: SessionFacts | None, listed: str) -> None:
        facts, columns = self.facts, self._catalogue.columns
        marks = Mark.NO_TIME if facts.ends[position] == PASSED_OVER_MS else 0
        if session is None:
            if not columns.sizes[position] and columns.format(position).startswith("unreadable"):
                marks |= Mark.OTHER_TYPE
            facts.marks[position] = marks
            self._odd.append((position, (columns.format_role[position], None, None, None)))
            return
        marks |= Mark.READ
        cookie = session.cookie
        if type(cookie) is CookieFacts:
            marks |= Mark.COOKIE
            if self._note_cookie(position, cookie):
                self._odd.append((position, self._shape_of(position, cookie)))
        else:
            self._odd.append((position, self._shape_of(position, cookie)))
        user = -1 if self._asked.has_own_user else self._users.code(session)
        # What the person named, or a column of the table, where the session itself says nothing.
        facts.users[position] = user if user >= 0 or not listed else self._users.own("user", listed)
        if self._is_privileged(session):
            marks |= Mark.ADMIN
        if session.flash and _has_pile(session.flash):
            marks |= Mark.FLASH
        if self._has_watched(session):
            marks |= Mark.RESERVED
        facts.marks[position] = marks

    def _shape_of(self, position: int, cookie: object) -> _Shape:
        """Return what the application's verdict on an odd session depends on."""
        code = self._catalogue.columns.format_role[position]
        if type(cookie) is CookieFacts:
            return code, CookieFacts, _kind(cookie.originalMaxAge), _kind(cookie.maxAge)
        return code, type(cookie), None, _kind(cookie)

    def _note_cookie(self, position: int, cookie: CookieFacts) -> bool:
        """Note the times and attributes; return True where the application may stumble over them."""
        facts = self.facts
        max_age, expires = cookie.originalMaxAge, cookie.expires
        is_odd = cookie.maxAge is not UNSET and type(cookie.maxAge) not in (int, float, type(None))
        if type(max_age) is int or type(max_age) is float:
            facts.max_age[position] = max_age
        elif max_age is not None and max_age is not UNSET:
            is_odd = True
        if type(expires) is str:
            try:
                facts.cookie_ends[position] = round(datetime.datetime.fromisoformat(expires).timestamp() * 1000)
            except (ValueError, OverflowError):
                is_odd = True
        elif isinstance(expires, datetime.datetime):
            facts.cookie_ends[position] = round(expires.timestamp() * 1000)
        attributes = (cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.domain, cookie.path)
        try:
            code = self._cookie_codes.get(attributes)
        except TypeError:  # a list or an object
            return True
        if code is None:
            code = self._cookie_codes[attributes] = len(facts.cookies)
            facts.cookies.append(CookieSet(*(None if one is UNSET else one for one in attributes)))
        facts.cookie_codes[position] = code
        return is_odd

    def _is_privileged(self, session: SessionFacts) -> bool:
        user, role = session.user, session.role
        if type(user) is dict:
            if user.get("isAdmin") is True:
                return True
            if role is UNSET:
                role = user.get("role") or user.get("roles")
        if session.isAdmin is True:
            return True
        if type(role) is str:
            return role in _PRIVILEGED or (role not in self._roles and self._is_privileged_role(role))
        return type(role) is list and any(type(one) is str and one.lower() in _PRIVILEGED for one in role)

    def _is_privileged_role(self, role: str) -> bool:
        """Say so of a role that is seen for the first time, or that is spelt in capitals."""
        if role.lower() in _PRIVILEGED:
            return True
        if len(self._roles) < _MOST_ROLES:
            self._roles.add(role)
        return False

    # --- single texts ---------------------------------------------------------------------------------------------

    def _may_be_empty(self, position: int, session: SessionFacts) -> bool:
        """True for what can only hold its cookie, as far as the members that were read tell."""
        return (
            session.user is UNSET
            and type(session.cookie) is CookieFacts
            and self.facts.sizes[position] < _EMPTY_BYTES
            and not session.passport
            and not session.flash
        )

    def _mark_empty(self, position: int, text: bytes) -> None:
        members = member_sizes(text)
        if members is None or members.keys() - _OWN_NAMES:
            return
        if not any(members.get(name, b"{}") not in (b"{}", b"[]", b"null") for name in ("passport", "flash")):
            self.facts.marks[position] |= Mark.EMPTY

    def _weigh(self, position: int, text: bytes, session: SessionFacts | None) -> None:
        """Count the bytes of a sampled record by key path, two deep."""
        members = member_sizes(text) if text else None
        if members is None:
            return
        self.facts.sampled += 1
        for name, value in members.items():
            self._bytes[name] += len(value)
            if len(value) > 64 and value[:1] == b"{":
                for inner, one in (member_sizes(value) or {}).items():
                    self._bytes[f"{name}.{inner}"] += len(one)
        if session is not None and self._may_be_empty(position, session):
            self._mark_empty(position, text)

    def _search(self, block: RowBlock, payloads: Sequence[bytes], texts: dict[int, bytes]) -> None:
        rows = [row for row in block.living() if self.facts.examined[block.first + row]]
        marks = self.facts.marks
        for place, pattern in enumerate(self._patterns):
            if pattern.narrow and len(block.may_hold(rows, pattern.needles[0])) > _COMMON * len(rows):
                pattern = self._patterns[place] = pattern.without_common()
            found = {row for needle in pattern.needles for row in block.may_hold(rows, needle)}
            for row in found:
                if pattern.matches(self._text(texts, payloads, row)):
                    marks[block.first + row] |= pattern.mark
        for secret in self._secrets:
            for row in rows:
                if secret in payloads[row] or (row in texts and secret in texts[row]):
                    marks[block.first + row] |= Mark.SECRET

    # --- at the end -----------------------------------------------------------------------------------------------

    def _judge_odd(self, cancel: CancelToken) -> None:
        """Ask of records that are odd what the application does with them: the first of each shape as exactly as `show` does, and the
        others by those."""
        facts, columns = self.facts, self._catalogue.columns
        judged: Counter[_Shape] = Counter()
        refused: Counter[_Shape] = Counter()
        for position, shape in self._odd:
            if cancel.is_cancelled:
                return
            checkpoint()
            kind = columns.format(position)
            if kind.startswith("unreadable"):
                facts.marks[position] |= Mark.UNREADABLE
            elif kind.startswith("encrypted"):
                facts.marks[position] |= Mark.SEALED
            if judged[shape] < _MOST_JUDGED:
                is_refused = self._is_refused(position)
                if is_refused is None:
                    continue
                judged[shape] += 1
                refused[shape] += is_refused
            else:
                is_refused = refused[shape] * 2 > judged[shape]
            if is_refused:
                facts.marks[position] |= Mark.BREAKS

    def _is_refused(self, position: int) -> bool | None:
        """Return whether the application refuses a record that is readable, None where it was not read."""
        columns, store = self._catalogue.columns, self._store
        payload = columns.payloads[position]
        if not payload or len(payload) < columns.sizes[position]:
            self.facts.is_partial |= bool(columns.sizes[position])
            return None
        raw = RawRecord(ref_of_key(store, columns.keys[position]), payload, None, self.facts.now_ms)
        opened = describe_record(store, raw, self._catalogue.reading)
        return opened.decoded is not None and not opened.verdict.is_over and opened.verdict.is_refused

    def _finish(self) -> None:
        facts = self.facts
        facts.formats = [name for name, _role in self._catalogue.columns.format_roles]
        facts.user_of = joined = self._users.joined()
        facts.user_aliases = self._users.aliases()
        facts.users = array("i", [joined[code] if code >= 0 else -1 for code in facts.users])
        facts.user_names = [text for _path, text in self._users.identities]
        facts.user_paths = [path for path, _text in self._users.identities]
        facts.key_bytes = dict(self._bytes)


def _kind(value: object) -> object:
    """Return what of a value a verdict can depend on: its type, and whether JavaScript takes it for false."""
    return type(value), bool(value)


def _has_pile(flash: object) -> bool:
    return type(flash) is dict and any(type(one) is list and len(one) >= _PILE for one in flash.values())
