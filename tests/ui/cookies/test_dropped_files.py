"""Files dropped on the cookie page: an archive is followed, any other text is judged."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from inspector.ui.cookies.cookie_page import CookiePage
from tests.services.cookies.test_har_report import Recorder
from tests.ui.conftest import WAIT_MS, OpenWindow

JAR = "# Netscape HTTP Cookie File\nshop.example\tFALSE\t/\tFALSE\t0\tconnect.sid\ts%3Aabc.xyz\n"
COPY, LEFT, NONE = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def page(qtbot: QtBot, make_window: OpenWindow, tmp_path: Path) -> CookiePage:
    store = tmp_path / "sessions"
    store.mkdir()
    (store / "one.json").write_text('{"cookie":{},"__lastAccess":4000000000000}')
    window = make_window(f"file://{store}")
    window.show_cookies()
    return window.cookie_page


def drop(page: CookiePage, path: Path) -> bool:
    """Drop a file on the page as a file manager does; return whether the page took it."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    entering = QDragEnterEvent(QPoint(20, 20), COPY, data, LEFT, NONE)
    QApplication.sendEvent(page, entering)
    dropped = QDropEvent(QPointF(20, 20), COPY, data, LEFT, NONE)
    QApplication.sendEvent(page, dropped)
    return entering.isAccepted() and dropped.isAccepted()


def test_dropped_archive_is_followed(qtbot: QtBot, page: CookiePage, tmp_path: Path) -> None:
    recorder = Recorder(1, "firefox")
    recorder.note("https://shop.example/", "", ["connect.sid=s%3Aabc.xyz; Path=/"])
    (tmp_path / "shop.har").write_bytes(recorder.archive())
    assert drop(page, tmp_path / "shop.har")
    qtbot.waitUntil(lambda: page.har.model.rowCount() == 1, timeout=WAIT_MS)


def test_dropped_cookie_file_is_judged(qtbot: QtBot, page: CookiePage, tmp_path: Path) -> None:
    (tmp_path / "cookies.txt").write_text(JAR)
    assert drop(page, tmp_path / "cookies.txt")
    qtbot.waitUntil(lambda: [card.report.cookie.name for card in page.cards] == ["connect.sid"], timeout=WAIT_MS)


def test_dropped_folder_is_told(qtbot: QtBot, page: CookiePage, tmp_path: Path) -> None:
    drop(page, tmp_path)
    qtbot.waitUntil(lambda: "cannot be read" in page.message.text(), timeout=WAIT_MS)
