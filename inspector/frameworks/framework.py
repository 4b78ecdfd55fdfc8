"""What the program knows of one framework or session library: values and plain functions, each with a default that has no rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from typing import TypeAlias

from inspector.codecs import Codec, Decoded, SealedError
from inspector.core.expiry import ExpirySource, store_clock
from inspector.core.finding import Finding
from inspector.core.node import Node, Path, object_node
from inspector.core.store_facts import StoreRule
from inspector.core.verdict import FOUND, Effect, RecordVerdict
from store_adapters.record_form import PLAIN_CLOCK, ExpiryClock, PayloadForm

UserPath: TypeAlias = tuple[str | int, ...]


class Certainty(Enum):
    """How sure it is what wrote a record, the least sure first."""

    POSSIBLE = "possible"  # others write it as well
    LIKELY = "likely"  # nothing else that is known writes this
    CERTAIN = "certain"  # nothing else writes this
    TOLD = "told"  # a person said so for this store

    def is_above(self, other: Certainty) -> bool:
        order = list(Certainty)
        return order.index(self) > order.index(other)


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as it was read, with all that a framework may judge it by."""

    kind: str  # of the store: "redis", "mongo" …
    key: bytes = b""  # the store's own
    payload: bytes = field(default=b"", repr=False)
    decoded: Decoded | None = None  # None where no codec reads it
    sealed: SealedError | None = None  # why it is still encrypted
    library: str = ""  # what the store's schema says of the library, as for SQLite's tables
    expires_at_ms: int | None = None  # by the store's clock, or by the opened text where that is the clock
    read_at_ms: int = 0
    hidden_by: str = ""  # why the store's own query passes over it
    form: PayloadForm = PayloadForm.TEXT  # what its bytes are
    clock: ExpiryClock = PLAIN_CLOCK  # by which the store lets it go


@dataclass(frozen=True, slots=True)
class Recognition:
    """That a record looks like a framework's. `name`: the libraries in words where more is known than the framework."""

    certainty: Certainty
    why: str  # what in the record says so
    name: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a framework keeps its records unless told otherwise: a kind of store, and the pattern of the keys there."""

    kind: str
    pattern: str = "*"
    form: PayloadForm = PayloadForm.TEXT  # which formats are tried there

    def holds(self, record: StoredRecord) -> bool:
        return record.kind == self.kind and fnmatchcase(record.key.decode("latin-1"), self.pattern)


def _not_recognised(_record: StoredRecord) -> Recognition | None:
    return None


def _store_clock(
    clock: ExpiryClock, at_ms: int | None, root: Node | None, envelope: Node | None, now_ms: int
) -> tuple[ExpirySource, ...]:
    return (store_clock(clock, at_ms, root, envelope, now_ms),)


def _no_end(_root: Node) -> tuple[Path, int] | None:
    return None


def _no_move(_root: Node, _expires_at_ms: int | None, _now_ms: int) -> Node | None:
    return None


def _no_quick_move(_payload: bytes, _form: str, _expires_at_ms: int | None, _now_ms: int) -> bytes | None:
    return None


def _no_remedy(_clock: ExpiryClock) -> str:
    return "Set an expiry here."


@dataclass(frozen=True, slots=True, eq=False)
class ExpiryRules:
    """Which clocks say when a session ends, and what moves with the store's.

    `sources`: every clock of (the store's clock, its end, session, other fields of the document, now); the store's is first.
    `end_inside`: where the session itself says when it ends, and that time, for what looks at it beside the store's.
    `move`: the session with another end, None where nothing in it has to move; `move_quickly`: the same on plain bytes of a
    `PayloadForm`, None where that takes the tree. `endless_remedy`: what to do about a session that the store's clock never ends.
    """

    sources: Callable[[ExpiryClock, int | None, Node | None, Node | None, int], tuple[ExpirySource, ...]] = _store_clock
    end_inside: Callable[[Node], tuple[Path, int] | None] = _no_end
    move: Callable[[Node, int | None, int], Node | None] = _no_move
    move_quickly: Callable[[bytes, str, int | None, int], bytes | None] = _no_quick_move
    endless_remedy: Callable[[ExpiryClock], str] = _no_remedy


def _nothing_in_tree(_root: Node, _kind: str) -> list[Finding]:
    return []


def _nothing_in_edit(_before: Node, _after: Node) -> list[Finding]:
    return []


def _nothing_in_values(_root: Node, _other: Node | None) -> list[Finding]:
    return []


def _nothing_in_record(_record: StoredRecord) -> list[Finding]:
    return []


def _nothing_in_reads(_before: Node, _after: Node, _clock: ExpiryClock) -> list[Finding]:
    return []


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """What is odd in a record and what an edit must not do.

    `tree`: of a session in a kind of store; what is REFUSED there, no edit may bring in. `edit`: what a change will not do. `values`:
    of numbers and names at any depth, only in what another tree (None: none) does not share. `record`: what only the record as
    stored tells (its clock, its encryption). `reads`: what a write of the application that changed no data is a sign of, by how
    the store's clock moves.
    """

    tree: Callable[[Node, str], list[Finding]] = _nothing_in_tree
    edit: Callable[[Node, Node], list[Finding]] = _nothing_in_edit
    values: Callable[[Node, Node | None], list[Finding]] = _nothing_in_values
    record: Callable[[StoredRecord], list[Finding]] = _nothing_in_record
    reads: Callable[[Node, Node, ExpiryClock], list[Finding]] = _nothing_in_reads


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences of what the application does and what to do in it."""

    missing: str = "The application starts a new session."  # a cookie whose record is not there
    login: str = "Give the session another ID at login."  # against session fixation


def _judge_found(record: StoredRecord) -> RecordVerdict:
    return FOUND if record.decoded is not None else OWN_RULES


def _empty_session(_max_age_ms: int | None, _now_ms: int) -> Node:
    return object_node()


def _as_given(root: Node, _form: PayloadForm, _now_ms: int) -> Node:
    return root


@dataclass(frozen=True, slots=True, eq=False)
class Framework:
    """One framework. Only `name` is needed; what is left out has no rules."""

    name: str  # stable: it stands in profiles
    label: str = ""  # for people; the name where empty
    documentation: str = ""  # a link
    places: tuple[Place, ...] = ()
    recognise: Callable[[StoredRecord], Recognition | None] = _not_recognised
    codecs: tuple[Codec, ...] = ()  # formats of its own, tried in its `places` after the built-in ones
    expiry: ExpiryRules = ExpiryRules()
    rules: Rules = Rules()
    judge: Callable[[StoredRecord], RecordVerdict] = _judge_found  # what the application does with a record
    new_session: Callable[[int | None, int], Node] = _empty_session  # of a lifetime (ms, None: none) and now
    complete: Callable[[Node, PayloadForm, int], Node] = _as_given  # a new session, with what that form wants in it
    schemes: tuple[str, ...] = ()  # names of its cookies' schemes
    user_paths: tuple[UserPath, ...] = ()  # looked at before the usual places
    words: Words = Words()
    doctor: tuple[StoreRule, ...] = ()  # what goes wrong with its records in a store as a whole
    reserved: frozenset[str] = frozenset()  # top-level names that it drops

    @property
    def title(self) -> str:
        """What people call it."""
        return self.label or self.name


@dataclass(frozen=True, slots=True)
class RecordOrigin:
    """Which framework wrote a record, and how sure that is."""

    framework: Framework
    name: str  # the libraries in words: "express-session with connect-redis"
    certainty: Certainty
    why: str


OWN_RULES = RecordVerdict(
    Effect.UNKNOWN,
    "Another library or a serializer of the application's own reads this record; its rules are not known here.",
)
_UNKNOWN_RULES = RecordVerdict(
    Effect.UNKNOWN, "What wrote this record is not known, so what its application does with it is not either."
)


def judge_own_rules(_record: StoredRecord) -> RecordVerdict:
    """Return that the rules of what reads a record are not known."""
    return OWN_RULES


UNKNOWN = Framework(
    "unknown", judge=lambda _record: _UNKNOWN_RULES, expiry=ExpiryRules(endless_remedy=lambda _clock: "")
)
"""What nothing tells of: a record of it has no rules. Never registered."""
UNKNOWN_ORIGIN = RecordOrigin(UNKNOWN, "unknown", Certainty.POSSIBLE, "nothing in the bytes tells")
