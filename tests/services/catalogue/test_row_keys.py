"""Keys whose index follows behind: they are found all the same, and one that came twice is one row in the end."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.listing import index_keys
from inspector.services.catalogue.row_keys import AT_ONCE, RowKeys
from inspector.services.catalogue.text_column import ROWS
from store_adapters.contract import Batch, CancelToken, RawRecord, RecordRef
from store_adapters.registry import open_store

KEYS = st.lists(st.binary(max_size=3), max_size=30)


@given(st.lists(st.tuples(st.sampled_from(["extend", "index", "new"]), KEYS), max_size=8))
def test_every_position_of_a_key_is_found_wherever_the_index_is(steps: list[tuple[str, list[bytes]]]) -> None:
    keys, known = RowKeys(), list[bytes]()
    for act, some in steps:
        if act == "extend":
            keys.extend(some, is_indexed=False)
            known += some
        elif act == "index":
            while keys.is_behind:
                keys.index_some()
        elif not keys.is_behind and keys.index_new(some):
            assert len({*some}) == len(some) and not {*some} & {*known}
            keys.extend(some, is_indexed=True)
            known += some
        for key in {*known, *some, b""}:
            assert sorted(keys.places(key)) == [place for place, each in enumerate(known) if each == key]


@given(KEYS, KEYS)
def test_index_tells_which_keys_came_before(first: list[bytes], then: list[bytes]) -> None:
    keys = RowKeys()
    keys.extend(first, is_indexed=False)
    keys.extend(then, is_indexed=False)
    together = first + then
    earlier = [place for place, key in enumerate(together) if key in together[place + 1 :]]
    assert {*keys.index_some()} == {*earlier}
    assert not keys.is_behind


def batch(keys: Sequence[bytes], payload: bytes = b'{"cookie":{}}', *, may_repeat: bool = False) -> Batch:
    none = [None] * len(keys)
    return Batch(
        keys, [payload] * len(keys), [len(payload)] * len(keys), none, none, (), 0, None, may_repeat=may_repeat
    )


def listed(count: int) -> tuple[Catalogue, list[bytes]]:
    """A list in the middle of its first listing, and its keys."""
    catalogue, keys = Catalogue(open_store("memory:")), [b"%06d" % number for number in range(count)]
    catalogue.begin_listing()
    for start in range(0, count, 500):
        catalogue.append(batch(keys[start : start + 500]))
    return catalogue, keys


def test_first_listing_is_searched_before_its_keys_are_indexed() -> None:
    catalogue, keys = listed(2 * AT_ONCE + 300)
    for place in (0, ROWS - 1, ROWS, len(keys) - 1):
        assert catalogue.find(keys[place]) == place
    assert catalogue.find(b"000") is None  # a part of many
    assert catalogue.index_some()
    for place in (0, AT_ONCE - 1, AT_ONCE, len(keys) - 1):
        assert catalogue.find(keys[place]) == place
    index_keys(catalogue, CancelToken())
    assert [catalogue.find(key) for key in keys] == [*range(len(keys))]


def test_record_made_anew_during_the_listing_is_one_row_and_the_newer_one() -> None:
    catalogue, keys = listed(3000)
    catalogue.append(batch(keys[7:9], b'{"cookie":{},"n":2}'))
    catalogue.end_listing(is_complete=True)
    index_keys(catalogue, CancelToken())
    assert len(catalogue) == len(keys)
    assert catalogue.find(keys[7]) == 3000
    assert catalogue.find(keys[9]) == 9


def test_change_that_comes_in_the_middle_is_not_listed_twice() -> None:
    catalogue, keys = listed(1000)
    catalogue.update(RawRecord(RecordRef("", b"later"), b"{}", None, 0), 1)
    catalogue.remove(keys[5])
    catalogue.append(batch([b"later", b"last"]))
    catalogue.end_listing(is_complete=True)
    assert len(catalogue) == 1001
    assert catalogue.find(b"later") == 1000
    assert catalogue.find(keys[5]) is None


def test_list_read_again_goes_on_from_an_index_that_is_behind() -> None:
    catalogue, keys = listed(1000)
    catalogue.end_listing(is_complete=False)
    catalogue.begin_listing()
    catalogue.append(batch([*reversed(keys)]))
    catalogue.append(batch([b"new"]))
    catalogue.end_listing(is_complete=True)
    assert len(catalogue) == catalogue.total == 1001


def test_indexing_that_is_stopped_leaves_the_rest() -> None:
    catalogue, _keys = listed(2 * AT_ONCE)
    cancel = CancelToken()
    cancel.cancel()
    index_keys(catalogue, cancel)
    assert catalogue.index_some()  # the first of two steps
    index_keys(catalogue, CancelToken())
    assert not catalogue.index_some()
