"""A record of several megabytes is a session like any other: listed with its user, opened, paged, edited and saved."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
import redis
from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from inspector.codecs.formats import json as _json
from inspector.core.edits import InsertEntry, MoveEntry, RemoveEntry, SetValue, apply_edit
from inspector.core.node import text_node
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.large_rows import read_large
from inspector.services.catalogue.listing import read_list
from inspector.services.sessions.decoder import decode_record, encode_record
from inspector.services.sessions.text_pages import PAGE_CHARS, byte_page, json_pages
from inspector.ui.base.theme import Theme
from inspector.ui.session.tabs.node_item import PAGE
from inspector.ui.session.tabs.node_tree import NAME, VALUE, NodeTreeModel
from inspector.ui.window.main_window import MainWindow
from store_adapters.contract import CancelToken
from store_adapters.registry import open_store
from tests.stalls import Heartbeat, assert_smooth
from tests.ui.conftest import OpenWindow

LONG_MS = 60_000


def large_record(rows: int = 30_000) -> bytes:
    """Return a session of about 5 MB, its user behind all the rest."""
    items = [{"id": number, "name": f"Product {number}", "note": "lorem ipsum " * 9} for number in range(rows)]
    return json.dumps(
        {"cookie": {"originalMaxAge": None, "path": "/"}, "rows": items, "user": {"name": "Berta"}}
    ).encode()


@pytest.fixture
def large_window(qtbot: QtBot, make_window: OpenWindow, redis_url: str) -> MainWindow:
    """A window that shows a record of 5 MB."""
    with redis.Redis.from_url(redis_url) as client:
        client.set("sess:large", large_record(), ex=9000)
        client.set("sess:small", b'{"cookie":{},"user":"ann"}', ex=9000)
    window = make_window(f"{redis_url}?prefix=sess:")
    window.go_to_session(b"sess:large")
    qtbot.waitUntil(lambda: window.panel.draft is not None, timeout=LONG_MS)
    return window


def test_record_of_5_mb_is_listed_with_its_user(qtbot: QtBot, large_window: MainWindow, heartbeat: Heartbeat) -> None:
    store = large_window.current
    assert store is not None
    qtbot.waitUntil(partial(_has_user, store.catalogue, b"sess:large", "Berta"), timeout=LONG_MS)
    assert large_window.panel.head.facts_label.text().startswith("Berta")
    assert "unreadable" not in large_window.panel.head.facts_label.text()
    assert_smooth(heartbeat)


def test_tree_and_texts_of_5_mb_come_in_pages_without_a_freeze(
    qtbot: QtBot, large_window: MainWindow, heartbeat: Heartbeat
) -> None:
    panel = large_window.panel
    model = panel.data_tab.model
    rows = model.index_at((1,))
    assert model.rowCount(rows) == 30
    panel.data_tab.tree.expand(rows)
    page = model.index(29, NAME, rows)
    assert model.data(page) == "29,000 … 29,999"
    panel.data_tab.tree.expand(page)
    panel.data_tab.go_to((1, 29_999, 1))
    assert model.data(panel.data_tab.tree.currentIndex().siblingAtColumn(VALUE)) == "Product 29999"
    panel.tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: panel.json_tab.page_bar.isVisible(), timeout=LONG_MS)
    panel.json_tab.page_bar.box.setValue(panel.json_tab.page_bar.box.maximum())
    assert '"name": "Berta"' in panel.json_tab.edit.toPlainText()
    assert panel.json_tab.edit.isReadOnly()
    panel.tabs.setCurrentIndex(4)
    panel.raw_tab.page_bar.box.setValue(panel.raw_tab.page_bar.box.maximum())
    assert '"name": "Berta"' in panel.raw_tab.edit.toPlainText()
    assert_smooth(heartbeat)


def test_field_of_5_mb_is_edited_and_saved_and_nothing_else_changes(
    qtbot: QtBot, large_window: MainWindow, redis_url: str, heartbeat: Heartbeat
) -> None:
    large_window.panel.edit_field("rows[29000].name", '"Lamp"')
    large_window.saving.review()
    qtbot.waitUntil(lambda: large_window.saving.dialog is not None, timeout=LONG_MS)
    assert large_window.saving.dialog is not None
    large_window.saving.dialog.save_button.click()
    qtbot.waitUntil(lambda: large_window.saving.dialog is None, timeout=LONG_MS)
    with redis.Redis.from_url(redis_url) as client:
        assert client.get("sess:large") == large_record().replace(b'"Product 29000"', b'"Lamp"')
        assert client.pttl("sess:large") > 0
    assert_smooth(heartbeat)
    store = large_window.current
    assert store is not None
    qtbot.waitUntil(lambda: store.health.longest_wait is None, timeout=LONG_MS)


def test_edits_among_45_000_items_are_counted_without_a_freeze(
    qtbot: QtBot, make_window: OpenWindow, redis_url: str, heartbeat: Heartbeat
) -> None:
    items = [{"id": place, "name": f"Product {place}", "quantity": 1} for place in range(45_000)]
    with redis.Redis.from_url(redis_url) as client:
        client.set("sess:large", json.dumps({"cookie": {}, "rows": items}), ex=9000)
    window = make_window(f"{redis_url}?prefix=sess:")
    window.go_to_session(b"sess:large")
    panel = window.panel
    qtbot.waitUntil(lambda: panel.draft is not None, timeout=LONG_MS)
    heartbeat.start()
    panel.edit_field("rows[44999].name", '"Lamp"')
    panel.edit_field("rows[7].quantity", "2")
    assert panel.bar.changes_label.text() == "Unsaved changes"
    assert panel.bar.review_button.isEnabled()
    assert panel.bar.discard_button.isEnabled()
    qtbot.waitUntil(lambda: panel.bar.changes_label.text() == "2 unsaved changes", timeout=LONG_MS)
    assert_smooth(heartbeat)
    panel.discard()
    assert panel.bar.changes_label.isHidden()


def test_record_of_too_many_values_is_text_to_look_at_and_nothing_false_is_said(
    qtbot: QtBot, make_window: OpenWindow, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.services.sessions.decoder.IN_PROCESS_BYTES", 8 << 20)
    monkeypatch.setattr(_json, "MAX_NODES", 20_000)
    with redis.Redis.from_url(redis_url) as client:
        client.set("sess:many", large_record(), ex=9000)
    window = make_window(f"{redis_url}?prefix=sess:")
    window.go_to_session(b"sess:many")
    panel = window.panel
    qtbot.waitUntil(lambda: panel.opened is not None, timeout=LONG_MS)
    assert "more than 20,000 values" in panel.raw_tab.attempts.text()
    assert "shown as read-only text" in panel.raw_tab.attempts.text()
    assert panel.head.facts_label.text().startswith("Berta")
    assert panel.opened is not None
    assert not any("500" in finding.text for finding in panel.opened.findings)


@pytest.mark.parametrize("most", [0, 1 << 30])
def test_large_rows_are_read_within_their_bound_and_the_others_say_so(tmp_path: Path, most: int) -> None:
    (tmp_path / "a.json").write_bytes(large_record(2_000))
    (tmp_path / "b.json").write_bytes(b'{"cookie":{},"user":"ann"}')
    store = open_store(f"file://{tmp_path}")
    catalogue = Catalogue(store)
    list(read_list(store, catalogue, CancelToken()))
    list(read_large(catalogue, store, CancelToken(), most=most))
    rows = {row.session_id: row for row in map(catalogue.row, range(catalogue.total))}
    store.close()
    assert rows["b"].user == "ann"
    assert rows["a"].user == ("Berta" if most else "")
    assert rows["a"].format.startswith("not read") is (most == 0)


def test_edits_in_pages_lead_to_the_same_rows_as_a_new_tree(qtbot: QtBot) -> None:
    base = root = decode_record(json.dumps({"rows": list(range(2 * PAGE + 5))}).encode(), "redis").root
    model = NodeTreeModel(_theme())
    model.show_tree(root, root, (), is_editable=True)
    for edit in (
        SetValue((0, PAGE + 3), text_node("x")),
        InsertEntry((0,), 2, None, text_node("new")),
        RemoveEntry((0, 2 * PAGE)),
        MoveEntry((0, 1), PAGE + 7),
    ):
        model.index_at((0, PAGE + 1))
        root, _ = apply_edit(root, edit)
        model.show_edit(edit, root)
        fresh = NodeTreeModel(_theme())
        fresh.show_tree(base, root, (), is_editable=True)
        assert _rows(model) == _rows(fresh)


def test_pages_of_json_are_the_whole_text() -> None:
    root = decode_record(large_record(5_000), "redis").root
    pages = json_pages(root)
    assert len(pages) > 1
    assert max(map(len, pages)) <= PAGE_CHARS
    assert json.loads("".join(pages)) == json.loads(large_record(5_000))


def test_pages_of_bytes_tear_no_character() -> None:
    data = "aé€😀".encode() * 50
    pages = [byte_page(data, number, 7) for number in range(-(-len(data) // 7))]
    assert b"".join(pages) == data
    assert "".join(page.decode() for page in pages) == data.decode()


def test_edit_of_a_large_record_is_read_again_by_the_decoder() -> None:
    decoded = decode_record(large_record(), "redis")
    root, _ = apply_edit(decoded.root, SetValue((1, 7, 1), text_node("Lamp")))
    assert encode_record(decoded, root) == large_record().replace(b'"Product 7"', b'"Lamp"')


def _theme() -> Theme:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return Theme(app)


def _rows(model: NodeTreeModel) -> list[tuple[object, object]]:
    found: list[tuple[object, object]] = []
    waiting = [QModelIndex()]
    while waiting:
        parent = waiting.pop()
        for row in range(model.rowCount(parent)):
            index = model.index(row, NAME, parent)
            found.append((model.data(index), model.data(index.siblingAtColumn(VALUE))))
            waiting.append(index)
    return found


def _has_user(catalogue: Catalogue | None, key: bytes, user: str) -> bool:
    place = catalogue.find(key) if catalogue is not None else None
    return catalogue is not None and place is not None and catalogue.columns.user(place) == user
