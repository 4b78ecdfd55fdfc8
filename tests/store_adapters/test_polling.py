"""Following a store that tells of no changes, by looking at all of it again and again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from store_adapters.contract import CancelToken, Change, ChangeKind
from store_adapters.polling import Glance, poll_changes

Rows = dict[bytes, tuple[int, int | None]]
"""Version and expiry by key."""
HOUR_MS = 3_600_000
SLACK_MS = 1500


class Looks:
    """Gives the rows of one look after another, in two parts each."""

    def __init__(self, looks: Sequence[Rows]) -> None:
        self.left = list(looks)

    def look(self, _cancel: CancelToken) -> Iterator[Glance]:
        rows = self.left.pop(0)
        for part in (list(rows)[::2], list(rows)[1::2]):
            yield Glance(part, [rows[key][1] for key in part], [rows[key][0] for key in part], SLACK_MS)


def look_once(steps: Iterator[Sequence[Change]]) -> list[Change]:
    """Return all that is told up to the end of the next look."""
    told: list[Change] = []
    while not told or told[-1].kind is not ChangeKind.LOOKED:
        told += next(steps)
    return told


def follow(looks: Sequence[Rows]) -> list[list[tuple[bytes, str]]]:
    """Return what is told after each look but the first."""
    steps = poll_changes(Looks(looks).look, CancelToken(), 0)
    collected = [look_once(steps) for _ in looks]
    assert [change.kind for change in collected[0]] == [ChangeKind.LOOKED]
    return [sorted((change.key, change.kind.value) for change in told[:-1]) for told in collected[1:]]


def test_what_is_new_changed_moved_and_gone_is_told_once() -> None:
    first: Rows = {b"a": (1, HOUR_MS), b"b": (1, HOUR_MS), b"c": (1, None), b"d": (1, HOUR_MS)}
    second: Rows = {b"a": (1, HOUR_MS + 900), b"b": (2, HOUR_MS), b"c": (1, HOUR_MS), b"e": (1, None)}
    assert follow([first, second, second]) == [
        [(b"b", "written"), (b"c", "moved"), (b"d", "removed"), (b"e", "written")],
        [],
    ]


def test_expiry_that_creeps_is_told_once_it_has_moved() -> None:
    looks: list[Rows] = [{b"a": (1, HOUR_MS + step * 900)} for step in range(4)]
    assert follow(looks) == [[], [(b"a", "moved")], []]


def test_key_that_went_and_came_back_is_told_both_times() -> None:
    full: Rows = {b"a": (1, None), b"b": (1, None)}
    less: Rows = {b"a": (1, None)}
    assert follow([full, less, full, less]) == [[(b"b", "removed")], [(b"b", "written")], [(b"b", "removed")]]


@pytest.mark.parametrize(("count", "every_s"), [(10, 2.0), (100_000, 12.0)])
def test_pace_is_set_by_the_size_of_the_store_and_told(
    monkeypatch: pytest.MonkeyPatch, count: int, every_s: float
) -> None:
    monkeypatch.setattr("store_adapters.polling.time.monotonic", lambda: 0.0)
    rows: Rows = {b"%d" % number: (1, None) for number in range(count)}
    [told] = look_once(poll_changes(Looks([rows]).look, CancelToken(), 2.0))
    assert told.look is not None
    assert told.look.count == count
    assert told.look.every_s == pytest.approx(every_s)


def test_store_that_answers_slowly_is_looked_at_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((0.0, 3.0))
    monkeypatch.setattr("store_adapters.polling.time.monotonic", lambda: next(clock))
    [told] = look_once(poll_changes(Looks([{b"a": (1, None)}]).look, CancelToken(), 2.0))
    assert told.look is not None
    assert told.look.every_s == 12


def test_store_that_knows_of_no_write_is_not_looked_at_again() -> None:
    looks, answers = Looks([{b"a": (1, None)}, {b"a": (2, None)}]), [False, False, True]
    cancel = CancelToken()
    steps = poll_changes(looks.look, cancel, 0, has_changed=lambda: answers.pop(0))
    look_once(steps)
    assert list(next(steps)) == []
    assert len(looks.left) == 1
    assert [change.key for change in look_once(steps)] == [b"a", b""]
    assert answers == []
    cancel.cancel()
    assert list(steps) == []
