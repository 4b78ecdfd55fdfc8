"""What a new user meets on the way through the README's tasks: words that are true, whole, and say what to do."""

from __future__ import annotations

import json

import pytest
import redis
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QLabel, QStatusBar
from pytestqt.qtbot import QtBot

from inspector.core.secret import Secret
from inspector.services.cookies.verify_cookie import inspect_cookies
from inspector.ui.stores.connect_dialog import name_from
from inspector.ui.window.main_window import MainWindow
from inspector.ui.window.status_line import StatusLine
from store_adapters.registry import open_store
from tests.ui.conftest import WAIT_MS, OpenWindow, profile
from tests.ui.window.test_window import fill, write


@pytest.fixture
def url(redis_url: str) -> str:
    fill(f"{redis_url}?prefix=sess:")
    return f"{redis_url}?prefix=sess:"


@pytest.fixture
def window(qtbot: QtBot, make_window: OpenWindow, url: str) -> MainWindow:
    return make_window(url)


def is_whole(label: QLabel) -> bool:
    margins = label.contentsMargins()
    return label.fontMetrics().horizontalAdvance(
        label.text()
    ) <= label.width() - margins.left() - margins.right() and not label.text().endswith("…")


def test_status_bar_says_how_live_follows_only_while_it_does(window: MainWindow) -> None:
    assert window.current is not None
    assert window.current.connection is not None
    label, method = window.status.store_label, window.current.connection.info.watch_method
    assert method not in label.toolTip()
    window.toggle_live()
    assert f"Live: {method}" in label.toolTip()
    window.toggle_live()
    assert method not in label.toolTip()


def test_status_bar_says_how_often_a_store_is_looked_at(qtbot: QtBot, make_window: OpenWindow, valkey_url: str) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        client.set("sess:a", '{"cookie":{}}', px=3_600_000)
    window = make_window(valkey_url)
    window.toggle_live()
    label = window.status.store_label
    qtbot.waitUntil(lambda: "Live: looks every 2 s at 1 session" in label.toolTip(), timeout=WAIT_MS)


@pytest.mark.parametrize("width", [640, 960])
def test_narrow_status_bar_says_less_and_cuts_no_word(qtbot: QtBot, window: MainWindow, width: int) -> None:
    bar = QStatusBar()
    qtbot.addWidget(bar)
    status = StatusLine(bar)
    status.show_store(window.current)
    bar.resize(width, 24)
    bar.show()
    qtbot.waitExposed(bar)
    assert is_whole(status.mode_label), status.mode_label.text()
    assert status.mode_label.text() == "Read/write"
    assert status.store_label.width() > width / 2, "what is not said of the mode is room for the store"
    assert is_whole(status.environment_label)
    assert status.mode_label.geometry().right() <= width
    assert "saves are checked" in status.mode_label.toolTip()
    assert window.current is not None
    assert window.current.connection is not None
    assert window.current.connection.info.address in status.store_label.toolTip()


def test_wide_status_bar_says_everything(window: MainWindow) -> None:
    window.resize(1280, 720)
    assert window.status.mode_label.text() == "Read/write · saves are checked against concurrent changes"


def test_number_beside_the_store_follows_live(qtbot: QtBot, window: MainWindow, url: str) -> None:
    row = next(iter(window.stores_panel.rows.values()))
    page = window.sessions_page
    window.toggle_live()
    store = open_store(url)
    first = store.read(store.ref_for("session0"))
    store.create(store.ref_for("first"), first.payload, first.expires_at_ms)
    qtbot.waitUntil(lambda: page.model.match_count == 4, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.current is not None and window.current.progress.is_complete, timeout=WAIT_MS)
    for number in range(5):
        store.create(store.ref_for(f"later{number}"), first.payload, first.expires_at_ms)
    store.close()
    qtbot.waitUntil(lambda: page.model.match_count == 9, timeout=WAIT_MS)
    assert row.count_label.text() == "9"


def test_list_that_was_emptied_does_not_ask_to_check_the_address(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = window.sessions_page
    store = window.current
    assert store is not None
    store.drop_records([b"sess:session0", b"sess:session1", b"sess:session2"])
    qtbot.waitUntil(page.empty.isVisible, timeout=WAIT_MS)
    assert page.empty.headline.text() == "No sessions are left"
    assert "check" not in page.empty.sentence.text()
    assert "deleted, logged out or expired" in page.empty.sentence.text()
    assert not page.empty.button.isVisible()
    window.refresh()  # which finds them again: they were dropped from the list only
    qtbot.waitUntil(lambda: page.model.match_count == 3, timeout=WAIT_MS)


@pytest.mark.parametrize(
    ("query", "wanted", "unwanted"), [("?prefix=shop:", "prefix shop:", "folder"), ("", "store's address", "prefix")]
)
def test_empty_store_asks_to_check_what_its_address_has(
    qtbot: QtBot, window: MainWindow, redis_url: str, query: str, wanted: str, unwanted: str
) -> None:
    empty_url = redis_url.removesuffix("/0") + "/5" + query
    window.put_profile(profile(empty_url, "empty"))
    page = window.sessions_page
    qtbot.waitUntil(lambda: page.empty.headline.text() == "No sessions in this store", timeout=WAIT_MS)
    assert wanted in page.empty.sentence.text()
    assert unwanted not in page.empty.sentence.text()
    assert page.empty.button.isVisible()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("redis://127.0.0.1:6379/0?prefix=sess:", "127.0.0.1:6379 · redis"),
        ("redis://user@shop.example/2", "shop.example · redis"),
        ("redis+sentinel://a:26379,b:26379/mymaster/0", "mymaster · redis+sentinel"),
        ("mongodb://host/shop?collection=sessions", "shop · mongodb"),
        ("file:///var/lib/shop/sessions", "sessions · file"),
        ("memory:", "memory"),
    ],
)
def test_store_without_a_name_is_called_after_its_place(url: str, name: str) -> None:
    assert name_from(url) == name


def test_review_of_a_cart_shows_each_changed_item_within_the_window(qtbot: QtBot, window: MainWindow, url: str) -> None:
    cart = [{"sku": f"A-{number}", "title": "a mug with a long name", "quantity": 1} for number in range(4)]
    write(url, "session0", "cart", json.dumps(cart))
    write(url, "session0", "note", json.dumps("the same long beginning of a note, " * 3 + "and then the old end"))
    window.go_to_session(b"sess:session0")
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    cart[0]["quantity"] = 3
    window.panel.edit_field("cart", json.dumps(cart[:3]))
    window.panel.edit_field("note", json.dumps("the same long beginning of a note, " * 3 + "and then the new end"))
    assert window.panel.bar.changes_label.text() == "3 unsaved changes"
    write(url, "session0", "lastPage", '"/checkout"')
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    dialog = window.saving.dialog
    assert dialog is not None
    qtbot.waitUntil(dialog.isVisible, timeout=WAIT_MS)
    dialog.resize(700, 420)
    qtbot.waitUntil(lambda: dialog.width() == 700, timeout=WAIT_MS)
    assert dialog.title.text().startswith("Save 3 changes")
    bar = dialog.scroll_area.horizontalScrollBar()
    assert bar.maximum() == 0, "a column is out of sight"
    labels = [label for label in dialog.scroll_area.findChildren(QLabel) if label.isVisibleTo(dialog)]
    assert all(label.mapTo(dialog, label.rect().topRight()).x() <= dialog.width() for label in labels)
    words = [label.text() for label in labels]
    assert "cart[0].quantity" in words
    assert words[words.index("cart[0].quantity") + 1 :][:4] == ["1", "1", "3", "3"]
    assert words[words.index("cart[3]") + 3 :][:2] == ["–", "removed"]
    notes = words[words.index("note") + 1 :][:3]
    assert notes[2].endswith('new end"'), "what differs is what is shown"
    assert notes[0].endswith('old end"')


def test_restoring_says_what_was_taken_back_and_keeps_the_focus_there(
    qtbot: QtBot, window: MainWindow, url: str
) -> None:
    write(url, "session0", "role", '"user"')
    window.go_to_session(b"sess:session0")
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    window.panel.edit_field("role", '"admin"')
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    window.saving.dialog.save_button.click()  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: not window.panel.can_review, timeout=WAIT_MS)
    window.show_tab(3)
    tab = window.panel.history_tab
    window.activateWindow()
    tab.list.setCurrentRow(0)
    tab.restore_button.setFocus()
    qtbot.waitUntil(tab.restore_button.hasFocus, timeout=WAIT_MS)
    tab.restore_button.click()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    window.saving.dialog.save_button.click()  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: tab.list.count() == 2, timeout=WAIT_MS)
    assert tab.list.item(0).text().split("\n")[0].endswith("You restored role")
    qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)
    assert tab.isAncestorOf(window.focusWidget())


def test_value_without_its_beginning_says_what_to_do(window: MainWindow) -> None:
    (report,) = inspect_cookies("connect.sid=abc.def", (Secret.from_text("cat", "1"),), None, now_ms=0)
    assert report.broken.endswith("or find out which other library sets this cookie.")


def test_edits_left_in_another_session_are_shown_and_found_again(qtbot: QtBot, window: MainWindow, url: str) -> None:
    panel = window.panel
    for number in (0, 1):
        write(url, f"session{number}", "role", '"user"')
        window.go_to_session(b"sess:session%d" % number)
        qtbot.waitUntil(lambda: panel.opened is not None, timeout=WAIT_MS)
        assert panel.bar.others_button.isVisible() is (number == 1)
        panel.edit_field("role", '"admin"')
    assert panel.bar.others_button.text() == "+1"
    window.go_to_session(b"sess:session2")
    qtbot.waitUntil(lambda: panel.opened is not None, timeout=WAIT_MS)
    assert panel.bar.others_button.text() == "2 others with unsaved edits"
    for wanted in (b"sess:session0", b"sess:session1", b"sess:session0"):
        panel.bar.others_button.click()
        qtbot.waitUntil(lambda: panel.can_review, timeout=WAIT_MS)
        assert panel.key == wanted
    panel.discard()
    assert panel.bar.others_button.text() == "1 other with unsaved edits"


def test_browser_that_does_not_open_is_told_with_the_address(
    qtbot: QtBot, make_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window(demo=True)
    qtbot.waitUntil(lambda: window.demo_page.is_running, timeout=WAIT_MS)
    monkeypatch.setattr("PySide6.QtGui.QDesktopServices.openUrl", lambda _url: False)
    window.demo_page.open_browser()
    words = window.statusBar().currentMessage()
    assert window.demo_page.server is not None
    assert window.demo_page.server.url in words
    assert "Copy address" in words


def test_store_added_while_live_is_on_leaves_no_row_that_is_gone(
    qtbot: QtBot, window: MainWindow, url: str, redis_url: str
) -> None:
    store = window.current
    assert store is not None
    window.toggle_live()
    window.put_profile(profile(f"{redis_url}?prefix=other:", "other"))
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    store.sessions_changed.emit(frozenset({b"sess:session0"}))  # pytest-qt fails on what a slot raises
    assert window.stores_panel.rows[store.profile.id].count_label.text() == "3"


def test_session_brought_back_is_the_selected_one_so_that_no_other_is_deleted(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def agree(*words: object) -> bool:
        asked.append(str(words[3]))
        return True

    monkeypatch.setattr("inspector.ui.session.session_saving.confirm_act", agree)
    page, store = window.sessions_page, window.current
    assert store is not None
    window.saving.delete(store, b"sess:session0")
    qtbot.waitUntil(lambda: page.model.match_count == 2, timeout=WAIT_MS)
    assert "session0" in asked[0], "a person reads which one"
    page.table.selectRow(0)
    other = window.panel.key
    window.saving.restore_last(store)
    qtbot.waitUntil(lambda: page.model.match_count == 3, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: page.selected_count == 1, timeout=WAIT_MS)
    assert window.panel.key == b"sess:session0" != other
    assert store.catalogue is not None
    assert list(store.catalogue.keys_at(page.selected_positions())) == [b"sess:session0"]


@pytest.mark.parametrize("does_save", [True, False])
def test_keyboard_is_in_the_session_again_after_saving_or_discarding(
    qtbot: QtBot, window: MainWindow, does_save: bool
) -> None:
    """The button that was pressed has nothing to do any more; Qt would go on to the stores."""
    window.sessions_page.table.selectRow(0)
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    window.panel.edit_field("cookie.path", '"/shop"')
    bar = window.panel.bar
    button = bar.review_button if does_save else bar.discard_button
    button.setFocus()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    if does_save:
        qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
        assert window.saving.dialog is not None
        window.saving.dialog.save_button.click()
    qtbot.waitUntil(lambda: not bar.review_button.isEnabled() and window.saving.dialog is None, timeout=WAIT_MS)
    assert window.focusWidget() is window.panel.data_tab.tree
