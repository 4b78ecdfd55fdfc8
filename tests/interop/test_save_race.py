"""A real Express application writes 50 times a second while 200 edits of other fields are saved.

express-session reads the whole record at the start of a request and writes the whole record at its end: a save that
falls between the two is overwritten by any tool. So what is promised is this: the application's counter never goes back
(no save of ours writes an old copy over it), and each edit is there in the end, saved again by the "did it stick"
check where a request in flight had overwritten it. By the command line and by the window an edit is made only again
where they told that it was overwritten. FAULTS_FULL=1 makes 200 edits in each test instead of a few.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from inspector.cli import main
from inspector.codecs import parse_json
from inspector.core.edits import InsertEntry, SetValue, apply_edit
from inspector.core.node import find_member, member, number_of
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.open_session import open_session
from inspector.services.sessions.save_session import Persistence, SaveOutcome, SaveState, save_session, verify_saved
from inspector.ui.window.main_window import MainWindow
from store_adapters.contract import RecordRef
from store_adapters.registry import open_store
from tests.faults.window.rigs import shown_box
from tests.interop.apps import Browser
from tests.interop.conftest import Site
from tests.interop.test_express_applications import HOUR_MS, log_in, session_id_of
from tests.ui.conftest import WAIT_MS, OpenWindow, heartbeat, make_window

__all__ = ["heartbeat", "make_window"]

EDITS = 200
BY_HAND = 200 if os.environ.get("FAULTS_FULL") else 2
AMID_SLOW = 200 if os.environ.get("FAULTS_FULL") else 30
LONG_S = 3600  # 200 edits, each looked at after 0.7 s and many of them made again
RATE_HZ = 50
VISITORS = 5
HOLD_MS = 150


class Ticker(threading.Thread):
    """Sends `/tick` at the rate and keeps the numbers the application answered with.

    Every second request takes `hold_ms` between its load of the session and its save.
    """

    def __init__(self, browser: Browser, hold_ms: int = 0) -> None:
        super().__init__(daemon=True)
        self._browser = browser
        self._paths = itertools.cycle(("/tick", f"/tick?hold={hold_ms}"))
        self._over = threading.Event()
        self._ticked = threading.Condition()
        self.numbers: list[int] = []
        self.is_over = False

    def run(self) -> None:
        try:
            while not self._over.wait(1 / RATE_HZ):
                number = self._browser.get_json(next(self._paths))
                with self._ticked:
                    self.numbers.append(number)
                    self._ticked.notify_all()
        finally:
            with self._ticked:
                self.is_over = True
                self._ticked.notify_all()

    def wait_for_requests(self, count: int) -> None:
        """Return once so many further requests have ended: whatever was in flight is over then."""
        with self._ticked:
            wanted = len(self.numbers) + count
            assert self._ticked.wait_for(lambda: len(self.numbers) >= wanted or self.is_over, 20)

    def stop(self) -> None:
        self._over.set()
        self.join(20)


def test_neither_side_loses_a_write(site: Site) -> None:
    browser = log_in(site)
    ref = site.store.ref_for(session_id_of(browser))
    ticker = Ticker(browser)
    ticker.start()
    saved_again = 0
    try:
        ticker.wait_for_requests(2)
        for number in range(EDITS):
            field, journal = f"edit{number}", Journal()
            while True:
                opened = open_session(site.store, ref)
                assert opened.decoded is not None
                root, place = opened.decoded.root, find_member(opened.decoded.root, field)
                value = parse_json(str(number))
                edit = InsertEntry((), len(root.entries), field, value) if place is None else SetValue((place,), value)
                outcome = save_session(site.store, opened, apply_edit(root, edit)[0], journal, max_attempts=50)
                assert outcome.state in (SaveState.SAVED, SaveState.UNCHANGED), outcome.message
                if number % 10 != 9:
                    break
                # Every tenth time the whole promise: look again once what was in flight is over.
                ticker.wait_for_requests(2)
                if outcome.state is SaveState.UNCHANGED:
                    break
                assert outcome.record is not None
                if verify_saved(site.store, outcome).state is not Persistence.OVERWRITTEN:
                    break
                saved_again += 1
        lost = _missing(site, ref)
        for _ in range(20):
            if not lost:
                break
            ticker.wait_for_requests(2)
            saved_again += len(lost)
            _save_all(site, ref, lost)
            ticker.wait_for_requests(2)
            lost = _missing(site, ref)
    finally:
        ticker.stop()
    assert lost == []
    assert ticker.numbers == list(range(1, len(ticker.numbers) + 1)), "the application lost a write"
    record = open_session(site.store, ref)
    assert record.decoded is not None
    assert number_of(member(record.decoded.root, "ticks")) == len(ticker.numbers)
    assert record.raw.expires_at_ms is not None
    assert abs(record.raw.expires_at_ms - record.raw.read_at_ms - HOUR_MS) < 10_000
    print(f"{site.kind}: {len(ticker.numbers)} requests, {EDITS} edits, {saved_again} saved again")


def test_no_edit_is_overwritten_untold_where_requests_are_slow(site: Site) -> None:
    """Five visitors, every second of their requests slow: edits are made again only where the look afterwards says so."""
    browsers = [log_in(site) for _ in range(VISITORS)]
    refs = [site.store.ref_for(session_id_of(browser)) for browser in browsers]
    tickers = [Ticker(browser, HOLD_MS) for browser in browsers]
    each, told = AMID_SLOW // VISITORS, 0
    for ticker in tickers:
        ticker.start()
    try:
        for number in range(each):
            unsure = list(range(VISITORS))
            while unsure:
                outcomes = {visitor: _save_one(site, refs[visitor], number) for visitor in unsure}
                for visitor in unsure:
                    tickers[visitor].wait_for_requests(1)
                looks = {visitor: verify_saved(site.store, outcome).state for visitor, outcome in outcomes.items()}
                unsure = [visitor for visitor, state in looks.items() if state is Persistence.OVERWRITTEN]
                told += len(unsure)
    finally:
        for ticker in tickers:
            ticker.stop()
    for ref, ticker in zip(refs, tickers, strict=True):
        assert _missing(site, ref, each) == [], "an edit was overwritten and nobody told"
        assert ticker.numbers == list(range(1, len(ticker.numbers) + 1)), "the application lost a write"
    requests = sum(len(ticker.numbers) for ticker in tickers)
    print(f"{site.kind}: {requests} requests, {AMID_SLOW} edits, {told} told as overwritten")


def _save_one(site: Site, ref: RecordRef, number: int) -> SaveOutcome:
    opened = open_session(site.store, ref)
    assert opened.decoded is not None
    root = opened.decoded.root
    edit = InsertEntry((), len(root.entries), f"edit{number}", parse_json(str(number)))
    outcome = save_session(site.store, opened, apply_edit(root, edit)[0], Journal(), max_attempts=50)
    assert outcome.state is SaveState.SAVED, outcome.message
    return outcome


@pytest.fixture
def racing(busy_site: Site) -> Iterator[tuple[Site, str, Ticker]]:
    """A site, a session ID in it, and the requests that this visitor sends all the time."""
    browser = log_in(busy_site)
    ticker = Ticker(browser)
    ticker.start()
    try:
        ticker.wait_for_requests(2)
        yield busy_site, session_id_of(browser), ticker
    finally:
        ticker.stop()


def assert_nothing_is_lost(site: Site, session_id: str, ticker: Ticker) -> None:
    ticker.wait_for_requests(2)
    ticker.stop()
    ref = site.store.ref_for(session_id)
    assert _missing(site, ref, BY_HAND) == [], "an edit was overwritten and nobody told"
    assert ticker.numbers == list(range(1, len(ticker.numbers) + 1)), "the application lost a write"
    record = open_session(site.store, ref)
    assert record.decoded is not None
    assert number_of(member(record.decoded.root, "ticks")) == len(ticker.numbers)


@pytest.mark.timeout(LONG_S)
def test_command_line_tells_each_edit_that_was_overwritten(
    racing: tuple[Site, str, Ticker], capsys: pytest.CaptureFixture[str]
) -> None:
    site, session_id, ticker = racing
    told = 0
    for number in range(BY_HAND):
        command = ["edit", site.store_url, session_id, "--set", f"edit{number}={number}"]
        while (code := main(command)) == 4:
            told += 1
        assert code == 0, capsys.readouterr()
    assert_nothing_is_lost(site, session_id, ticker)
    print(f"{site.kind}: {len(ticker.numbers)} requests, {BY_HAND} edits by command line, {told} told as overwritten")


@pytest.mark.timeout(LONG_S)
def test_window_tells_each_edit_that_was_overwritten_and_saves_it_again(
    racing: tuple[Site, str, Ticker], qtbot: QtBot, make_window: OpenWindow
) -> None:
    site, session_id, ticker = racing
    window = make_window(site.store_url)
    window.go_to_session(site.store.ref_for(session_id).key)
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    looks: list[Persistence] = []
    window.saving.verifier.told.connect(lambda _store, _key, report, _number: looks.append(report.state))
    for number in range(BY_HAND):
        draft = window.panel.draft
        assert draft is not None
        draft.apply(InsertEntry((), len(draft.root.entries), f"edit{number}", parse_json(str(number))), "add")
        window.saving.review()
        _save_and_wait(qtbot, window, looks)
        while looks[-1] is Persistence.OVERWRITTEN:
            qtbot.waitUntil(lambda: shown_box() is not None, timeout=WAIT_MS)
            box = shown_box()
            assert box is not None
            box.defaultButton().click()  # Save again…
            _save_and_wait(qtbot, window, looks)
    assert_nothing_is_lost(site, session_id, ticker)
    told = looks.count(Persistence.OVERWRITTEN)
    print(f"{site.kind}: {len(ticker.numbers)} requests, {BY_HAND} edits by window, {told} told as overwritten")


def _save_and_wait(qtbot: QtBot, window: MainWindow, looks: list[Persistence]) -> None:
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    assert window.saving.dialog is not None
    seen = len(looks)

    def can_save() -> bool:
        return window.saving.dialog is not None and window.saving.dialog.save_button.isEnabled()

    # Where the application was faster at each attempt, nothing was written, the review says so, and a person saves again.
    while len(looks) == seen:
        qtbot.waitUntil(lambda: can_save() or len(looks) > seen, timeout=WAIT_MS)
        if can_save():
            window.saving.dialog.save_button.click()


def _missing(site: Site, ref: object, count: int = EDITS) -> list[int]:
    opened = open_session(site.store, ref)  # type: ignore[arg-type]
    assert opened.decoded is not None
    root = opened.decoded.root
    return [number for number in range(count) if number_of(member(root, f"edit{number}")) != number]


def _save_all(site: Site, ref: object, numbers: list[int]) -> None:
    opened = open_session(site.store, ref)  # type: ignore[arg-type]
    assert opened.decoded is not None
    root = opened.decoded.root
    for number in numbers:
        root = apply_edit(root, InsertEntry((), len(root.entries), f"edit{number}", parse_json(str(number))))[0]
    save_session(site.store, opened, root, Journal(), max_attempts=50)


def test_session_destroyed_while_it_is_edited_stays_destroyed(site: Site) -> None:
    for _ in range(20):
        browser = log_in(site)
        ref = site.store.ref_for(session_id_of(browser))
        opened = open_session(site.store, ref)
        assert opened.decoded is not None
        root = apply_edit(
            opened.decoded.root, InsertEntry((), len(opened.decoded.root.entries), "edited", parse_json("1"))
        )[0]
        destroyer = threading.Thread(target=browser.get, args=("/delete",))
        destroyer.start()
        outcome = save_session(site.store, opened, root, Journal(), max_attempts=50)
        destroyer.join(20)
        assert outcome.state in (SaveState.SAVED, SaveState.GONE, SaveState.BUSY)
        # Saved before or refused after: in both cases the application's destroy is the last word.
        fresh = open_store(site.store_url)
        try:
            assert fresh.count().number == 0
        finally:
            fresh.close()
