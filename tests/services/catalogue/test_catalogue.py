"""The list in columns against the plainest possible one: a dictionary of records, filtered and sorted by Python."""

from __future__ import annotations

import base64
import json
import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.services.catalogue.byte_search import Haystack, find_from
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.key_index import KeyIndex, hash_of
from inspector.services.catalogue.list_order import sort_value
from inspector.services.catalogue.session_row import Column
from inspector.services.catalogue.sorting import MOST, sort_in_steps, sort_numbers, sort_texts
from inspector.services.catalogue.text_column import ROWS, MemoryLimit, TextColumn
from inspector.services.catalogue.update_selection import reselect, rows_of
from inspector.services.filtering.parser import parse_filter
from inspector.services.sessions.open_session import DecodeContext
from store_adapters.contract import Batch, RawRecord, RecordRef
from store_adapters.registry import open_store
from tests.bench.sessions import session_id, session_text

NOW = 1_790_000_000_000
MANY = 2 * ROWS + 500


@dataclass(frozen=True, slots=True)
class Record:
    payload: bytes
    expires: int | None
    changed: int | None = None


def make_records(count: int) -> dict[bytes, Record]:
    records = {}
    for number in range(count):
        text, left = session_text(number, NOW)
        records[session_id(number).encode()] = Record(text, None if number % 50 == 0 else NOW + left - 7_000_000)
    return records


def batches(records: dict[bytes, Record], size: int = 500) -> list[Batch]:
    items = list(records.items())
    found = []
    for start in range(0, len(items), size):
        part = items[start : start + size]
        found.append(
            Batch(
                [key for key, _ in part], [one.payload for _, one in part], [len(one.payload) for _, one in part],
                [one.expires for _, one in part], [one.changed for _, one in part], (), start + len(part), len(items),
            )
        )  # fmt: skip
    return found


def fresh(limit: MemoryLimit = MemoryLimit()) -> Catalogue:
    return Catalogue(open_store("memory:"), limit=limit)


def filled(records: dict[bytes, Record], limit: MemoryLimit = MemoryLimit()) -> Catalogue:
    catalogue = fresh(limit)
    list_all(catalogue, records)
    return catalogue


def list_all(catalogue: Catalogue, records: dict[bytes, Record], *, is_complete: bool = True) -> None:
    catalogue.begin_listing()
    for batch in batches(records):
        catalogue.append(batch)
    catalogue.end_listing(is_complete=is_complete)


def keys(catalogue: Catalogue, positions: Sequence[int]) -> list[bytes]:
    return [catalogue.row(position).key for position in positions]


def raw(key: bytes, record: Record) -> RawRecord:
    return RawRecord(RecordRef("", key), record.payload, record.expires, NOW)


@pytest.fixture(scope="module")
def records() -> dict[bytes, Record]:
    return make_records(MANY)


def holds(text: str, key: bytes, record: Record) -> bool:
    """What a filter says, worked out from the decoded record alone."""
    data = json.loads(record.payload)
    user = data.get("user", {})
    match text:
        case "admin":
            return b"admin" in record.payload.lower() or b"admin" in key.lower()
        case "user.role:ADMIN":
            return bool(str(user.get("role", "")).lower() == "admin")
        case "-user.role:admin":
            return bool(user.get("role") != "admin")
        case "user.username:alice*":
            return str(user.get("username", "")).startswith("alice")
        case "user.id:77":
            return bool(user.get("id") == 77)
        case "cart.length>2":
            return len(data.get("cart", ())) > 2
        case "has:passport.user":
            return "passport" in data
        case "is:expired":
            return record.expires is not None and record.expires <= NOW
        case "expires<1h -is:expired":
            return record.expires is not None and 0 < record.expires - NOW < 3_600_000
        case "size>400b OR expires:never":
            return len(record.payload) > 400 or record.expires is None
        case "is:signed-in user.role:editor":
            return bool(user.get("role") == "editor")
    raise AssertionError(text)


FILTERS = (
    "admin", "user.role:ADMIN", "-user.role:admin", "user.username:alice*", "user.id:77", "cart.length>2",
    "has:passport.user", "is:expired", "expires<1h -is:expired", "size>400b OR expires:never", "is:signed-in user.role:editor",
)  # fmt: skip


@pytest.mark.parametrize("limit", [MemoryLimit(), MemoryLimit(stored_bytes=1)], ids=["plain", "packed"])
@pytest.mark.parametrize("text", FILTERS)
def test_filter_finds_what_the_decoded_records_say(records: dict[bytes, Record], text: str, limit: MemoryLimit) -> None:
    catalogue = filled(records, limit)
    found = catalogue.select(parse_filter(text), None, descending=False, now_ms=NOW)
    assert keys(catalogue, found) == [key for key, record in records.items() if holds(text, key, record)]


def test_escaped_letters_are_found_by_their_field() -> None:
    catalogue = filled({b"a": Record(b'{"cookie":{},"user":{"role":"\\u0061dmin"}}', None)})
    assert len(catalogue.select(parse_filter("user.role:admin"), None, descending=False, now_ms=NOW)) == 1


@pytest.mark.parametrize("paths", [(), (("account", "name"),)], ids=["usual", "own"])
@pytest.mark.parametrize("is_wrapped", [False, True])
def test_role_is_found_wherever_it_stands(paths: tuple[tuple[str, ...], ...], is_wrapped: bool) -> None:
    users = [
        '{"role":"Admin"}', '{"role":"customer"}', '{"role":5}', '"admin"', '{"role":"","roles":["admin"]}', "null",
        '{"role":null}', f'{{"role":"{"admin" * 20}"}}', '["admin"]', '{"role":{"a":"admin"}}', '{"name":"admin"}',
    ]  # fmt: skip
    texts = [f'{{"cookie":{{}},"user":{user},"role":"admin"}}' for user in users]
    lists = ['{"cookie":{},"user":{"role":["x","admin"]}}', '{"cookie":{},"user":{"role":["x"]}}']
    catalogue = Catalogue(open_store("memory:"), DecodeContext(user_paths=paths))
    wanted = parse_filter("user.role:ADMIN")
    for some, expected in ((texts, [0]), (lists, [0, len(texts)])):
        payloads = [base64.b64encode(text.encode()) if is_wrapped else text.encode() for text in some]
        keys = [f"{len(catalogue)}-{number}".encode() for number in range(len(some))]
        catalogue.append(
            Batch(keys, payloads, list(map(len, payloads)), [None] * len(some), [None] * len(some), (), 0, 0)
        )
        assert list(catalogue.select(wanted, None, descending=False, now_ms=NOW)) == expected


def test_a_needle_never_spans_two_records() -> None:
    catalogue = filled({b"a": Record(b'{"cookie":{}}', None), b"b": Record(b'{"cookie":{},"x":1}', None)})
    assert len(catalogue.select(parse_filter('"}{"'), None, descending=False, now_ms=NOW)) == 0


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        # As many objects as records, if one takes them for one text.
        ([b'{"cookie":{},"cart":[1,2,3]}{"cookie":{},"cart":[]}', b'{"cookie":{},"cart":[1,2', b',"cart"]}'], []),
        ([b'{"cookie":{},"cart":[1,2', b',3]}{"cookie":{},"cart":[4,5,6]}'], []),
        ([b'{"cookie":{},"cart":"four","x":"\xff"}', b'{"cookie":{},"cart":"four"}'], [1]),
        ([b'{"cookie":{},"cart":{"length":7}}', b'{"cookie":{},"cart":[1,2,3,4]}'], [0, 1]),
        ([b'{"cookie":{},"cart":[],"cart":[1,2,3]}', b'{"cookie":{},"cart":null}'], [0]),
        ([b'{"cookie":{},"cart":[1,2,3],"n":1e999}', b' {"cookie":{},"cart":[1,2,3]} '], [0, 1]),
    ],
)
def test_a_field_belongs_to_its_own_record_whatever_stands_beside_it(texts: list[bytes], expected: list[int]) -> None:
    good = [b'{"cookie":{},"cart":[1]}', b'{"cookie":{},"cart":[1,2,3]}']
    for before in ([], good):
        beside = [*before, *texts, *before]
        catalogue = filled({b"k%d" % number: Record(text, None) for number, text in enumerate(beside)})
        found = catalogue.select(parse_filter("cart.length>2"), None, descending=False, now_ms=NOW)
        first = len(before)
        wanted = [first + number for number in expected]
        assert list(found) == ([1, *wanted, first + len(texts) + 1] if before else wanted)


@pytest.mark.parametrize("column", list(Column))
@pytest.mark.parametrize("descending", [False, True])
def test_sorted_as_python_sorts(records: dict[bytes, Record], column: Column, descending: bool) -> None:
    catalogue = filled(records)
    value = sort_value(catalogue.columns, column)
    found = catalogue.select(None, column, descending=descending, now_ms=NOW)
    assert list(found) == sorted(range(MANY), key=value, reverse=descending)


def test_listing_again_updates_adds_and_removes(records: dict[bytes, Record]) -> None:
    catalogue = filled(records)
    items = list(records.items())
    changed = dict(items[:700])
    changed[items[3][0]] = Record(b'{"cookie":{},"user":{"username":"new"}}', NOW + 5)
    changed.update(items[900:])
    changed[b"added"] = Record(b'{"cookie":{}}', None)
    list_all(catalogue, changed)
    assert set(keys(catalogue, catalogue.select(None, None, descending=False, now_ms=NOW))) == set(changed)
    assert len(catalogue) == len(changed)
    position = catalogue.find(items[3][0])
    assert position is not None
    assert catalogue.row(position).user == "new"


def test_stopped_listing_removes_nothing(records: dict[bytes, Record]) -> None:
    catalogue = filled(records)
    list_all(catalogue, dict(list(records.items())[:10]), is_complete=False)
    assert len(catalogue) == MANY


def test_a_key_that_comes_twice_is_one_row(records: dict[bytes, Record]) -> None:
    catalogue = fresh()
    catalogue.begin_listing()
    for batch in (*batches(records), *batches(dict(list(records.items())[100:160]), 7)):
        catalogue.append(batch)
    (one,) = batches({b"twice": Record(b"{}", None)})
    catalogue.append(Batch([b"twice"] * 2, [b"{}", b"[]"], [2, 2], [None] * 2, [None] * 2, (), 2, 2))
    catalogue.append(one)
    catalogue.end_listing(is_complete=True)
    assert len(catalogue) == MANY + 1


def test_refresh_in_the_same_order_takes_the_new_expiries(records: dict[bytes, Record]) -> None:
    catalogue = filled(records)
    later = {key: Record(one.payload, NOW + 99_000) for key, one in records.items()}
    generation = catalogue.generation
    list_all(catalogue, later)
    assert catalogue.generation > generation
    assert {catalogue.row(position).expires_at_ms for position in range(MANY)} == {NOW + 99_000}
    assert catalogue.total == MANY


def test_dropped_values_keep_their_rows_and_are_counted(records: dict[bytes, Record]) -> None:
    catalogue = filled(records, MemoryLimit(stored_bytes=1, drops=True))
    assert catalogue.columns.payloads.unkept_count == 2 * ROWS
    assert catalogue.row(5) == filled(records).row(5)
    found = catalogue.select(parse_filter("has:cookie"), None, descending=False, now_ms=NOW)
    assert len(found) == MANY - 2 * ROWS


def test_dropped_values_survive_a_second_listing(records: dict[bytes, Record]) -> None:
    catalogue = filled(records, MemoryLimit(stored_bytes=1, drops=True))
    list_all(catalogue, records)
    assert len(catalogue) == MANY
    assert catalogue.row(5) == filled(records).row(5)


@given(st.data())
def test_changed_rows_go_to_their_places(data: st.DataObject) -> None:
    records = make_records(60)
    catalogue = filled(records)
    column, descending = data.draw(st.sampled_from(list(Column))), data.draw(st.booleans())
    wanted = parse_filter(data.draw(st.sampled_from(("", "is:signed-in", "size>380b", "user.role:customer"))))
    before = catalogue.select(wanted, column, descending=descending, now_ms=NOW)
    chosen = data.draw(st.lists(st.integers(0, 69), max_size=8, unique=True))
    moved = set()
    for number in chosen:
        key = session_id(number).encode()
        if data.draw(st.booleans()):
            text, left = session_text(number + 1000, NOW)
            moved.add(catalogue.update(raw(key, Record(text, NOW + left)), NOW + number))
        else:
            catalogue.remove(key)
    after = reselect(catalogue, before, moved, wanted, column, descending=descending, now_ms=NOW)
    again = catalogue.select(wanted, column, descending=descending, now_ms=NOW)
    value = sort_value(catalogue.columns, column)
    assert sorted(after) == sorted(again)
    assert [value(position) for position in after] == [value(position) for position in again]


def test_overview_counts_the_living(records: dict[bytes, Record]) -> None:
    catalogue = filled(records)
    gone = next(key for key, record in records.items() if record.expires is None)
    catalogue.remove(gone)
    overview = catalogue.overview(NOW)
    rest = [record for key, record in records.items() if key != gone]
    assert overview.no_expiry == sum(record.expires is None for record in rest)
    assert overview.expired == sum(record.expires is not None and record.expires < NOW for record in rest)
    assert overview.active == len(rest) - overview.expired
    assert sum(bucket.number for bucket in overview.sizes) == len(rest)


def test_half_empty_list_says_that_it_is_sparse() -> None:
    catalogue = fresh()
    assert not catalogue.is_sparse
    assert len(catalogue.emptied()) == 0


@given(st.lists(st.tuples(st.integers(0, 40), st.binary(max_size=6)), max_size=200), st.booleans())
def test_text_column_is_a_list(changes: list[tuple[int, bytes]], is_packed: bool) -> None:
    column, plain = TextColumn(), [b"%d" % number for number in range(ROWS + 40)]
    column.extend(plain)
    if is_packed:
        column.pack(0)
    for place, value in changes:
        column[place] = plain[place] = value
    assert [column[place] for place in range(len(plain))] == plain
    assert column.block(0).values() == plain[:ROWS]
    assert column.part(30, ROWS + 20) == plain[30 : ROWS + 20]


@given(st.lists(st.binary(max_size=3), max_size=300))
def test_key_index_knows_every_position_of_a_key(found: list[bytes]) -> None:
    index = KeyIndex()
    for position, key in enumerate(found):
        index.add_all([hash_of(key)], position)
    for position, key in enumerate(found):
        assert position in list(index.candidates(hash_of(key)))


@given(st.lists(st.lists(st.integers(-4, 3), max_size=30), max_size=20))
def test_key_index_adds_what_is_new_and_nothing_of_what_is_not(parts: list[list[int]]) -> None:
    known: dict[int, int] = {}
    index = KeyIndex()
    for part in parts:
        hashes = [number << 28 for number in part]  # the same slots again and again
        is_new = len(set(part)) == len(part) and known.keys().isdisjoint(part)
        first = len(known)
        assert index.add_new(hashes, first) is is_new
        if is_new:
            known |= {number: first + place for place, number in enumerate(part)}
        for number in range(-4, 4):
            assert list(index.candidates(number << 28)) == ([known[number]] if number in known else [])


def test_key_index_grows() -> None:
    index, count = KeyIndex(), 80_000
    hashes = [number * 0x9E37_79B9_7F4A_7C15 % 2**64 - 2**63 for number in range(1, count + 1)]
    for start in range(0, count, 1000):
        assert index.add_new(hashes[start : start + 1000], start)
    assert not index.add_new([17 << 28, *hashes[5000:6000]], count)
    assert list(index.candidates(17 << 28)) == []
    assert all(list(index.candidates(hashes[number])) == [number] for number in range(0, count, 97))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_large_sorts_are_stable_and_right(seed: int, descending: bool) -> None:
    dice, count = random.Random(seed), 70_000
    places = array("I", dice.sample(range(count * 2), count))
    numbers = array(
        "q", [dice.choice((0, MOST, 2**32, dice.randrange(MOST), dice.randrange(500))) for _ in range(count)]
    )
    texts = [
        dice.choice((b"", b"same", b"a long prefix %d" % dice.randrange(99), dice.randbytes(5), b"\x80\0\0\0x"))
        for _ in range(count)
    ]
    for values, result in (
        (numbers, sort_numbers(numbers, places, descending=descending)),
        (texts, sort_texts(texts, places, descending=descending)),
        (texts[:40_000], sort_texts([one or b"-" for one in texts[:40_000]], places[:40_000], descending=descending)),
    ):
        shown = [one or b"-" for one in values] if len(values) == 40_000 else values
        order = sorted(range(len(shown)), key=shown.__getitem__, reverse=descending)
        assert list(result) == [places[row] for row in order]


@given(st.permutations(range(30)), st.sets(st.integers(0, 40)), st.integers(0, 30))
def test_rows_of_chosen_positions(order: list[int], chosen: set[int], count: int) -> None:
    for positions in (array("I", order[:count]), range(count)):
        assert rows_of(positions, chosen) == [row for row, position in enumerate(positions) if position in chosen]


@given(st.lists(st.one_of(st.just(1.0), st.floats(allow_nan=False)), max_size=200))
def test_sorting_in_steps_is_sorting(values: list[float]) -> None:
    assert list(sort_in_steps(values, range(len(values)))) == sorted(range(len(values)), key=values.__getitem__)


@given(st.text("aAbB1.\0é", max_size=60), st.text("ab1.", min_size=1, max_size=3))
def test_byte_search_finds_each_place_in_any_case(text: str, needle: str) -> None:
    data = text.encode()
    search, wanted = find_from(Haystack(data), needle.encode()), needle.encode()
    places, place = [], search(0)
    while place >= 0:
        places.append(place)
        place = search(place + 1)
    lower = data.lower()
    assert places == [at for at in range(len(lower)) if lower.startswith(wanted, at)]
