"""A kind of store says what its server does; what a session library does with that is said by its framework."""

from __future__ import annotations

import re
from dataclasses import astuple

from store_adapters.known_kinds import known_kinds

_LIBRARIES = re.compile(
    r"connect-|session-file-store|express|koa|fastify|disableTTL|originalMaxAge|better-sqlite3|knex|passport|django|laravel|rails",
    re.IGNORECASE,
)


def test_no_clock_of_a_kind_names_a_library() -> None:
    kinds = known_kinds()
    assert len(kinds) > 5
    found = {kind.name: word for kind in kinds for word in astuple(kind.clock) if _LIBRARIES.search(str(word))}
    assert found == {}
