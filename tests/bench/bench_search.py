"""Filtering and sorting the list of all sessions, beside loops over the same records; prints, asserts nothing.

Free text is compared with a loop that decodes each record (orjson) and looks into every string of it, and for honesty with
one that only decodes and tests one field.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy
import orjson

from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.session_row import Column
from inspector.services.filtering.parser import parse_filter
from store_adapters.contract import Batch
from store_adapters.registry import open_store
from tests.bench.report import SIZE, at_least, at_most, best_of
from tests.bench.sessions import sessions

NOW = round(time.time() * 1000)
PART = 500


def fill(texts: list[bytes]) -> Catalogue:
    catalogue = Catalogue(open_store("memory:"))
    keys: list[bytes] = []
    expires: list[int | None] = []
    catalogue.begin_listing()
    for session_id, text, left_ms in sessions(SIZE, NOW):
        keys.append(session_id.encode())
        texts.append(text)
        expires.append(NOW + left_ms)
    for start in range(0, SIZE, PART):
        part = slice(start, start + PART)
        sizes, number = [len(text) for text in texts[part]], len(texts[part])
        catalogue.append(
            Batch(keys[part], texts[part], sizes, expires[part], [None] * number, (), start + number, SIZE)
        )
    catalogue.end_listing(is_complete=True)
    return catalogue


def holds_text(value: Any, needle: str) -> bool:
    if isinstance(value, str):
        return needle in value.lower()
    if isinstance(value, dict):
        return any(needle in key.lower() or holds_text(one, needle) for key, one in value.items())
    return isinstance(value, list) and any(holds_text(one, needle) for one in value)


def count_text(texts: list[bytes], needle: str) -> int:
    return sum(holds_text(orjson.loads(text), needle) for text in texts)


def count_role(texts: list[bytes], role: str) -> int:
    return sum(orjson.loads(text).get("user", {}).get("role") == role for text in texts)


def count_cart(texts: list[bytes]) -> int:
    return sum(len(orjson.loads(text).get("cart", ())) > 2 for text in texts)


def main() -> None:
    texts: list[bytes] = []
    catalogue = fill(texts)

    def select(text: str, column: Column | None = None) -> Callable[[], int]:
        wanted = parse_filter(text)
        return lambda: len(catalogue.select(wanted, column, descending=False, now_ms=NOW))

    loop_text, loop_role = (
        best_of(1, lambda: count_text(texts, "zebra")),
        best_of(3, lambda: count_role(texts, "admin")),
    )
    loop_cart = best_of(3, lambda: count_cart(texts))
    assert select("user.role:admin")() == count_role(texts, "admin")
    assert select("cart.length>2")() == count_cart(texts)
    rare, common = best_of(3, select("zebra")), best_of(3, select("example.com"))
    at_least("free text, found nowhere", rare, loop_text, "orjson + every string", 10)
    at_least(
        "free text, in a fifth of them", common, best_of(1, lambda: count_text(texts, "example.com")), "the same", 10
    )
    at_least("free text against decoding alone", rare, loop_role, "orjson + one field", 10)
    for what, text in (
        ("user.role:admin (the list knows roles)", "user.role:admin"),
        ("user.email of one (prefiltered on bytes)", "user.email:alice4711@example.com"),
    ):
        at_least(what, best_of(3, select(text)), loop_role, "orjson + test", 8)
    at_least("cart.length>2 (decoded)", best_of(3, select("cart.length>2")), loop_cart, "orjson + test", 2)
    for column, values in (
        (Column.EXPIRES, numpy.frombuffer(catalogue.columns.expires, dtype=numpy.int64)),
        (Column.SIZE, numpy.frombuffer(catalogue.columns.sizes, dtype=numpy.uint32)),
        (Column.USER, numpy.array([catalogue.row(place).user.lower().encode() for place in range(SIZE)])),
        (Column.SESSION, numpy.array([catalogue.row(place).key for place in range(SIZE)])),
    ):
        bare = best_of(3, lambda values=values: numpy.argsort(values, kind="stable"))  # type: ignore[misc]
        at_most(f"sort by {column.value}", best_of(3, select("", column)), bare, "numpy.argsort", 3)


if __name__ == "__main__":
    main()
