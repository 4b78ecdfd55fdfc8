"""Bulk acts in the real window: previewed, shown, stopped, taken back; exported and imported."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import redis
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from inspector.services.settings.profiles import Environment, Profile
from inspector.ui.window.main_window import MainWindow
from tests.ui.conftest import WAIT_MS, OpenWindow

COUNT = 1500


@pytest.fixture
def url(redis_url: str) -> str:
    fill(redis_url, COUNT)
    return redis_url


def fill(url: str, count: int) -> None:
    with redis.Redis.from_url(url) as client:
        pipeline = client.pipeline(transaction=False)
        for number in range(count):
            cookie = {"originalMaxAge": 3_600_000, "expires": "2030-01-01T00:00:00.000Z", "path": "/"}
            record: dict[str, object] = {"cookie": cookie}
            if number % 2:
                record["user"] = {"username": f"user{number}"}
            pipeline.set(f"sess:{number:05d}", json.dumps(record, separators=(",", ":")), px=3_600_000)
        pipeline.execute()


def count(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        return int(client.dbsize())


def select_all(qtbot: QtBot, window: MainWindow) -> None:
    page = window.sessions_page
    qtbot.waitUntil(lambda: page.model.match_count == COUNT, timeout=WAIT_MS)
    page.table.selectAll()
    assert page.selected_count == COUNT


def delete_all(qtbot: QtBot, window: MainWindow) -> None:
    select_all(qtbot, window)
    window.actions_book["delete"].trigger()
    qtbot.waitUntil(lambda: window.bulk.dialog is not None, timeout=WAIT_MS)


def result_of(qtbot: QtBot, window: MainWindow) -> str:
    strip = window.bulk.runner.strip
    qtbot.waitUntil(lambda: strip.isVisible() and not window.bulk.runner.is_running, timeout=WAIT_MS)
    return strip.label.text()


def test_many_are_deleted_after_a_preview_and_brought_back(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = make_window(url)
    delete_all(qtbot, window)
    dialog = window.bulk.dialog
    assert dialog is not None
    assert "750 signed in" in dialog.counts_label.text()
    assert dialog.sample.rowCount() == 20
    assert count(url) == COUNT
    dialog.act_button.click()
    assert result_of(qtbot, window) == "Deleted 1,500 of 1,500 sessions."
    assert count(url) == 0
    qtbot.waitUntil(lambda: window.sessions_page.model.match_count == 0, timeout=WAIT_MS)
    window.bulk.runner.strip.undo_button.click()
    qtbot.waitUntil(lambda: window.sessions_page.model.match_count == COUNT, timeout=WAIT_MS)
    assert result_of(qtbot, window) == "Undid changes to 1,500 of 1,500 sessions."
    assert not window.actions_book["undo_bulk"].isEnabled()
    with redis.Redis.from_url(url) as client:
        assert client.pttl("sess:00001") > 3_000_000


def test_header_over_many_selected_rows_asks_not_for_each_row(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = make_window(url)
    select_all(qtbot, window)
    asked: list[str] = []
    sys.setprofile(lambda frame, event, _arg: asked.append(frame.f_code.co_name) if event == "call" else None)
    try:
        window.sessions_page.table.horizontalHeader().viewport().repaint()
    finally:
        sys.setprofile(None)
    assert len(asked) < 5 * COUNT


def test_change_too_large_to_undo_offers_the_part_that_can_be(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = make_window(url)
    window.bulk.undo_bytes = 600_000
    delete_all(qtbot, window)
    dialog = window.bulk.dialog
    assert dialog is not None
    undoable = int(dialog.undoable_button.text().removeprefix("Delete only ").replace(",", ""))
    assert 0 < undoable < COUNT
    assert f"Only {undoable:,} of them can be undone" in dialog.undo_label.text()
    assert dialog.act_button.text() == "Delete all 1,500"
    dialog.undoable_button.click()
    assert result_of(qtbot, window) == f"Deleted {undoable:,} of {undoable:,} sessions."
    assert count(url) == COUNT - undoable
    window.bulk.runner.strip.undo_button.click()
    qtbot.waitUntil(lambda: window.sessions_page.model.match_count == COUNT, timeout=WAIT_MS)
    assert result_of(qtbot, window) == f"Undid changes to {undoable:,} of {undoable:,} sessions."
    assert count(url) == COUNT


def test_what_cannot_be_undone_is_counted_in_the_result(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = make_window(url)
    window.bulk.undo_bytes = 600_000
    delete_all(qtbot, window)
    dialog = window.bulk.dialog
    assert dialog is not None
    undoable = int(dialog.undoable_button.text().removeprefix("Delete only ").replace(",", ""))
    dialog.act_button.click()
    told = f"Deleted 1,500 of 1,500 sessions. {COUNT - undoable:,} of them can't be undone."
    assert result_of(qtbot, window) == told


def test_cancelled_preview_deletes_nothing(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = make_window(url)
    delete_all(qtbot, window)
    assert window.bulk.dialog is not None
    window.bulk.dialog.cancel_button.click()
    qtbot.waitUntil(lambda: window.bulk.dialog is None, timeout=WAIT_MS)
    assert not window.bulk.runner.is_running
    assert count(url) == COUNT


def test_stop_ends_it_and_tells_how_far_it_came(
    qtbot: QtBot, make_window: OpenWindow, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window(url)
    monkeypatch.setattr("inspector.services.bulk.bulk_changes.next_part_size", lambda size, _took_s: size)
    delete_all(qtbot, window)
    assert window.bulk.dialog is not None
    strip = window.bulk.runner.strip
    strip.bar.valueChanged.connect(lambda value: strip.stop_button.click() if value > 0 else None)
    window.bulk.dialog.act_button.click()
    words = result_of(qtbot, window)
    left = count(url)
    assert 0 < left < COUNT
    assert f"Deleted {COUNT - left:,} of 1,500 sessions. Stopped. {left:,} weren't touched." == words


def delete_all_of_production(qtbot: QtBot, make_window: OpenWindow, url: str) -> MainWindow:
    window = make_window(url)
    window.put_profile(Profile(id="p", name="shop", url=url, environment=Environment.PRODUCTION), keep=False)
    qtbot.waitUntil(lambda: window.sessions_page.model.match_count == COUNT, timeout=WAIT_MS)
    delete_all(qtbot, window)
    return window


def test_production_store_wants_its_name_typed_before_many_are_deleted(
    qtbot: QtBot, make_window: OpenWindow, url: str
) -> None:
    window = delete_all_of_production(qtbot, make_window, url)
    seen: list[tuple[str, bool]] = []
    words: list[str] = []

    def type_name() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QDialog) or box.windowTitle() != "Production store":
            QTimer.singleShot(20, type_name)
            return
        (line,) = box.findChildren(QLineEdit)
        (button,) = [one for one in box.findChildren(QPushButton) if "Cancel" not in one.text()]
        words.append(" ".join(label.text() for label in box.findChildren(QLabel)))
        seen.append(("", button.isEnabled()))
        for typed in ("sho", "Shop", "shops", "shop"):
            line.clear()
            qtbot.keyClicks(line, typed)
            seen.append((typed, button.isEnabled()))
            if typed != "shop":
                qtbot.keyClick(line, Qt.Key.Key_Return)
                assert box.isVisible(), f"Return went on at {typed!r}"
        assert not window.bulk.runner.is_running
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    assert window.bulk.dialog is not None
    QTimer.singleShot(0, type_name)
    window.bulk.dialog.act_button.click()
    assert result_of(qtbot, window) == "Deleted 1,500 of 1,500 sessions."
    assert seen == [("", False), ("sho", False), ("Shop", False), ("shops", False), ("shop", True)]
    assert "1,500" in words[0]
    assert "production store" in words[0]
    assert count(url) == 0


def test_many_are_deleted_with_the_keyboard_alone(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = delete_all_of_production(qtbot, make_window, url)
    preview = window.bulk.dialog
    focused: list[bool] = []
    assert preview is not None
    qtbot.waitUntil(preview.cancel_button.hasFocus, timeout=WAIT_MS)

    def type_name() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QDialog) or box.windowTitle() != "Production store":
            QTimer.singleShot(20, type_name)
            return
        (line,) = box.findChildren(QLineEdit)
        focused.append(box.focusWidget() is line)
        qtbot.keyClicks(line, "shop")
        qtbot.keyClick(line, Qt.Key.Key_Return)
        if box.isVisible():  # else the test would wait for ever
            box.reject()

    QTimer.singleShot(0, type_name)
    qtbot.keyClick(preview.cancel_button, Qt.Key.Key_Tab)
    qtbot.waitUntil(preview.act_button.hasFocus, timeout=WAIT_MS)
    qtbot.keyClick(preview.act_button, Qt.Key.Key_Return)
    assert focused == [True]
    assert result_of(qtbot, window) == "Deleted 1,500 of 1,500 sessions."
    assert count(url) == 0


def test_return_in_the_preview_deletes_nothing_by_itself(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = make_window(url)
    delete_all(qtbot, window)
    assert window.bulk.dialog is not None
    qtbot.keyClick(window.bulk.dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.bulk.dialog is None, timeout=WAIT_MS)
    assert not window.bulk.runner.is_running
    assert count(url) == COUNT


def test_production_store_asks_for_its_name_too(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = delete_all_of_production(qtbot, make_window, url)
    asked: list[str] = []

    def refuse() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QDialog)
        asked.append(box.windowTitle())
        box.reject()

    assert window.bulk.dialog is not None
    QTimer.singleShot(300, refuse)
    window.bulk.dialog.act_button.click()
    qtbot.waitUntil(lambda: bool(asked), timeout=WAIT_MS)
    assert not window.bulk.runner.is_running
    assert count(url) == COUNT


def test_expiry_of_many_is_changed_and_taken_back(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = make_window(url)
    select_all(qtbot, window)

    def accept() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QDialog)
        box.accept()  # tomorrow

    QTimer.singleShot(300, accept)
    window.actions_book["bulk_expiry"].trigger()
    qtbot.waitUntil(lambda: window.bulk.dialog is not None, timeout=WAIT_MS)
    assert window.bulk.dialog is not None
    window.bulk.dialog.act_button.click()
    assert result_of(qtbot, window) == "Changed the expiry of 1,500 of 1,500 sessions."
    with redis.Redis.from_url(url) as client:
        assert client.pttl("sess:01499") > 80_000_000
        assert b"3600000" not in (client.get("sess:01499") or b"")
        window.actions_book["undo_bulk"].trigger()
        assert result_of(qtbot, window) == "Undid changes to 1,500 of 1,500 sessions."
        assert 3_000_000 < client.pttl("sess:01499") <= 3_600_000
        assert b"3600000" in (client.get("sess:01499") or b"")


def test_matching_sessions_are_exported_and_imported_again(
    qtbot: QtBot, make_window: OpenWindow, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.jsonl"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_words: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_words: (str(path), ""))
    window = make_window(url)
    window.sessions_page.filter_edit.setText("user12")
    qtbot.waitUntil(lambda: window.sessions_page.model.match_count == 55, timeout=WAIT_MS)
    window.actions_book["export"].trigger()
    assert window.bulk.transfer.export_dialog is not None
    assert [button.isEnabled() for button in window.bulk.transfer.export_dialog.buttons.buttons()][1:] == [True, True]
    window.bulk.transfer.export_dialog.export_button.click()
    assert result_of(qtbot, window) == "Exported 55 sessions to out.jsonl."
    assert path.read_bytes().count(b"\n") == 55
    with redis.Redis.from_url(url) as client:
        client.delete("sess:00121", "sess:00123")
        client.set("sess:00125", "{}")
    window.actions_book["import"].trigger()
    qtbot.waitUntil(lambda: window.bulk.transfer.import_dialog is not None, timeout=WAIT_MS)
    dialog = window.bulk.transfer.import_dialog
    assert dialog is not None
    assert dialog.replace_box.text() == "Replace the 1 that are present with different content"
    dialog.import_button.click()
    assert (
        "55 lines: 2 created, 52 already present and identical, 1 present with different content, left unchanged."
        in result_of(qtbot, window)
    )
    with redis.Redis.from_url(url) as client:
        assert client.get("sess:00125") == b"{}"
        assert client.exists("sess:00121", "sess:00123") == 2


def test_export_into_a_folder_that_is_not_there_says_so(
    qtbot: QtBot, make_window: OpenWindow, url: str, tmp_path: Path
) -> None:
    window = make_window(url)
    assert window.current is not None
    window.bulk.transfer.export_to(window.current, tmp_path / "none" / "out.jsonl", None, COUNT)
    words = result_of(qtbot, window)
    assert "The file could not be read or written: No such file or directory." in words
    assert "inside the program" not in words


def test_closing_the_window_waits_for_no_bulk_act(qtbot: QtBot, make_window: OpenWindow, url: str) -> None:
    window = make_window(url)
    delete_all(qtbot, window)
    assert window.bulk.dialog is not None
    with redis.Redis.from_url(url) as client:
        client.client_pause(1500, all=False)
        window.bulk.dialog.act_button.click()
        qtbot.waitUntil(lambda: window.bulk.runner.is_running, timeout=WAIT_MS)
        window.close()
    assert not window.isVisible()
