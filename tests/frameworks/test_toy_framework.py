"""A framework written in one file of the tests is listed, decoded, judged, edited, saved and verified like any other."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from inspector.cli import main
from inspector.cookies import Status
from inspector.core.verdict import Effect
from inspector.frameworks import EXPRESS, FRAMEWORKS, UNKNOWN, Framework, add_plugin, register, unregister
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.manage_sessions import create_session, new_session_root
from inspector.services.sessions.open_session import DecodeContext, open_session
from inspector.services.settings.profiles import Profile
from store_adapters.clock import now_ms
from store_adapters.registry import open_store
from tests.frameworks.conftest import HOUR_MS
from tests.frameworks.toy import TOY
from tests.ui.conftest import WAIT_MS, OpenWindow


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(arguments)
    output = capsys.readouterr()
    return code, output.out + output.err


@pytest.mark.usefixtures("toy_framework")
def test_toy_by_command_line(capsys: pytest.CaptureFixture[str], toy_url: str) -> None:
    rows = [json.loads(line) for line in run(capsys, "list", toy_url, "--json")[1].splitlines()]
    assert {(row["id"], row["user"], row["format"]) for row in rows} == {
        ("bear", "ada", "toy lines"),
        ("duck", "bob", "toy lines"),
        ("ball", None, "toy lines"),
    }
    shown = json.loads(run(capsys, "show", toy_url, "bear", "--json")[1])
    assert (shown["data"]["colour"], shown["writer"]["name"]) == ("red", "Toy framework")
    code, words = run(capsys, "edit", toy_url, "bear", "--set", 'colour="black"')
    assert (code, "no black toys" in words) == (1, True)
    assert run(capsys, "edit", toy_url, "bear", "--set", 'colour="blue"')[0] == 0
    assert run(capsys, "expire", toy_url, "bear", "--in", "3h")[0] == 0
    store = open_store(toy_url)
    record = store.read(store.ref_for("bear"))
    head, _, ends = record.payload.rpartition(b"=")
    assert head == b"toy\nwho=ada\ncolour=blue\nends"
    assert record.expires_at_ms is not None
    assert abs(int(ends) - record.expires_at_ms) < 1000  # Redis counts down, and is read a moment later
    assert run(capsys, "sign", "bear", "--scheme", "toy") == (0, "bear\n")
    code, words = run(capsys, "verify", "toybox=bear", "--store", toy_url)
    assert (code, "by design" in words) == (0, True)
    code, words = run(capsys, "verify", "toybox=lost", "--store", toy_url)
    assert (code, "The toy is made anew." in words) == (1, True)


@pytest.mark.usefixtures("toy_framework")
def test_toy_is_judged_by_its_own_rules_alone(toy_url: str) -> None:
    store = open_store(toy_url)
    bear, duck, ball = (open_session(store, store.ref_for(name)) for name in ("bear", "duck", "ball"))
    assert [one.origin.framework for one in (bear, duck, ball)] == [TOY, TOY, TOY]
    assert (bear.verdict.effect, bear.findings) == (Effect.FOUND, ())
    assert (duck.verdict.effect, duck.verdict.is_over) == (Effect.NEW_SESSION, True)
    assert "Toy framework starts a new session" in duck.verdict.text
    assert (ball.verdict.effect, ball.verdict.text) == (Effect.ERROR, "The toy falls off the shelf.")
    assert [one.name for one in bear.expiry.sources if one.counts] == ["ends"]


@pytest.mark.usefixtures("toy_framework")
def test_toy_in_the_window(qtbot: QtBot, make_window: OpenWindow, toy_url: str) -> None:
    window = make_window(toy_url)
    toys = window.current
    assert toys is not None
    window.go_to_session(b"toy:bear")
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    assert window.panel.opened is not None
    assert (window.panel.opened.summary.user, window.panel.opened.origin.name) == ("ada", "Toy framework")
    window.panel.edit_field("colour", '"blue"')
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    dialog = window.saving.dialog
    assert dialog is not None
    qtbot.waitUntil(dialog.save_button.isEnabled, timeout=WAIT_MS)
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)
    store = open_store(toy_url)
    assert b"colour=blue" in store.read(store.ref_for("bear")).payload
    window.show_cookies()
    window.cookie_page.paste("toybox=bear")
    qtbot.waitUntil(lambda: len(window.cookie_page.cards) == 1, timeout=WAIT_MS)
    report = window.cookie_page.cards[0].report
    assert (report.verdict.status, report.broken) == (Status.BY_DESIGN, "")
    assert report.record is not None


def test_record_of_unknown_origin_has_no_rules_until_the_person_says_what_it_is(
    qtbot: QtBot, make_window: OpenWindow, redis_url: str
) -> None:
    url = f"{redis_url}?prefix=app:"
    store = open_store(url)
    store.create(store.ref_for("a"), b'{"n":12345678901234567890,"_auth_user_id":"1"}', None)
    window = make_window(url)
    window.put_profile(Profile(id="shop", name="shop", url=url))
    qtbot.waitUntil(lambda: window.current is not None and window.current.progress.is_complete, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.sessions_page.model.match_count > 0, timeout=WAIT_MS)
    window.go_to_session(b"app:a")
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    opened, button = window.panel.opened, window.panel.head.origin_button
    assert opened is not None
    assert (opened.origin.framework, opened.findings, opened.is_editable) == (UNKNOWN, (), True)
    assert button.isVisible()
    menu = button.menu()
    menu.aboutToShow.emit()
    next(action for action in menu.actions() if action.text() == EXPRESS.title).trigger()
    qtbot.waitUntil(lambda: not button.isVisible(), timeout=WAIT_MS)
    assert window.panel.opened is not None
    assert window.panel.opened.origin.framework is EXPRESS
    assert "answers 500" in window.panel.opened.verdict.text
    kept = window.context.book.find("shop")
    assert kept is not None
    assert kept.framework == EXPRESS.name


def test_what_a_person_told_is_kept_where_the_record_looks_otherwise(redis_url: str) -> None:
    store = open_store(f"{redis_url}?prefix=app:")
    store.create(store.ref_for("a"), b'{"_expire":1,"_maxAge":5}', None)
    opened = open_session(store, store.ref_for("a"), DecodeContext(framework=EXPRESS))
    assert (opened.origin.name, opened.origin.why) == (
        "express-session",
        "set for this store; the record looks like koa-session",
    )


@pytest.mark.usefixtures("toy_framework")
@pytest.mark.parametrize("others", [0, 1])
def test_new_toy_is_written_in_its_own_format(redis_url: str, others: int) -> None:
    store, now = open_store(f"{redis_url}?prefix=shop:"), now_ms()
    for number in range(others):
        store.create(store.ref_for(f"other{number}"), b"toy\nwho=ada", None)
    context = DecodeContext(framework=TOY)
    root = new_session_root(HOUR_MS, now, context)
    made = create_session(store, "a", root, now + HOUR_MS, Journal(), now, context)
    assert made.raw.payload == f"toy\nwho=nobody\nends={now + HOUR_MS}".encode()


@pytest.fixture
def no_plugins() -> Iterator[None]:
    before = list(FRAMEWORKS)
    yield
    assert before == FRAMEWORKS


@pytest.mark.usefixtures("no_plugins")
def test_package_of_others_adds_its_frameworks_or_none() -> None:
    other = Framework("toy 2", label="Second toy")
    assert add_plugin((TOY, other)) == "Toy framework, Second toy"
    assert FRAMEWORKS[-2:] == [TOY, other]
    unregister(TOY)
    unregister(other)
    for wrong, words in (
        ((other, EXPRESS), "express-session already"),
        ("toy", "doesn't name a framework"),
        ((), "name a framework"),
    ):
        with pytest.raises(ValueError, match=words):
            add_plugin(wrong)


def test_name_that_is_taken_registers_nothing() -> None:
    with pytest.raises(ValueError, match="express-session already"):
        register(EXPRESS)
