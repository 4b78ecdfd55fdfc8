"""Which library wrote a record, and how sure that is; knows no record."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Family(Enum):
    """Whose rules a record has to keep."""

    EXPRESS = "express-session"
    FASTIFY = "@fastify/session"
    KOA = "koa-session"
    OTHER = "another library"
    UNKNOWN = "unknown"  # nothing tells: no rules hold


class Certainty(Enum):
    CERTAIN = "certain"  # nothing else writes this
    LIKELY = "likely"  # nothing else that is known writes this
    POSSIBLE = "possible"  # others write it as well
    TOLD = "told"  # a person said so for this store


@dataclass(frozen=True, slots=True)
class Writer:
    """`name`: the libraries in words, "express-session with connect-redis". `why`: what in the record says so."""

    family: Family
    name: str
    certainty: Certainty
    why: str


UNKNOWN_WRITER = Writer(Family.UNKNOWN, "unknown", Certainty.POSSIBLE, "nothing in the bytes tells")
