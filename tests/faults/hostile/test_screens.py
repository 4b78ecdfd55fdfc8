"""Stored text on every screen is text: no picture is loaded, no file opened, no hidden character gets through."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
import shiboken6
from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPoint, Qt, QTimer
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QDialog,
    QLabel,
    QMessageBox,
    QPlainTextEdit,
    QToolTip,
    QWidget,
)
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from inspector.core.secret import Secret
from inspector.demo.request_log import RequestEntry
from inspector.services.settings.profiles import Environment, Profile
from inspector.services.settings.secrets import SecretStore
from inspector.ui.base.plain import ask_text, confirm, tell
from inspector.ui.cookies.cookie_card import CookieCard
from inspector.ui.cookies.cookie_page import CookiePage
from inspector.ui.stores.confirm_store import confirm_act
from inspector.ui.window.main_window import MainWindow
from tests.services.cookies.test_har_report import Recorder
from tests.stalls import Heartbeat, assert_smooth
from tests.ui.conftest import WAIT_MS, OpenWindow, heartbeat, is_written, make_window, open_connect_dialog

__all__ = ["heartbeat", "make_window"]  # fixtures
# The offscreen platform says so when a tooltip is shown.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise", extend=True)

CANARY = QColor(255, 0, 254)  # a colour which no theme has
HIDDEN = "\u202e\u2066\u200b\u200d\ufeff\x00\x07\x1b[31m\x1b]0;owned\x07\x9b\u2028\x7f\U000e0041"
MARKS = "a" + "\u0301" * 10_000
CLASSES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class Watchdog:
    """Tells whether anybody ever opened a FIFO for reading, and lets whoever did go on."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.opened = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            with contextlib.suppress(OSError):  # ENXIO: nobody reads
                os.close(os.open(self.path, os.O_WRONLY | os.O_NONBLOCK))
                self.opened += 1

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


class Canary:
    """The hostile texts, and a look at everything that is on the screen."""

    def __init__(self, folder: Path, qtbot: QtBot, heart: Heartbeat) -> None:
        picture = QImage(64, 64, QImage.Format.Format_RGB32)
        picture.fill(CANARY)
        self.picture = folder / "red.png"
        assert picture.save(str(self.picture))
        self.fifo = Watchdog(folder / "fifo.png")
        self.html = f'<img src="{self.picture}"><b>x'
        self.pipe = f'<img src="{self.fifo.path}">'
        self.texts = [self.html, self.pipe, HIDDEN, f"{self.html}{HIDDEN}", MARKS]
        self.seen: set[str] = set()
        self.window: MainWindow | None = None
        self._qtbot = qtbot
        self._heart = heart

    def look(self, where: str) -> None:
        """Assert that nothing on the screen was taken for more than text."""
        QApplication.processEvents()
        with self._heart.pause():
            for widget in self._shown_windows():
                # A tip may end while another widget is looked at.
                if isValid(widget) and widget.isVisible():
                    self._look_at(widget, where)
        assert self.fifo.opened == 0, f"{where}: the FIFO was opened"
        self.seen.add(where)

    def _shown_windows(self) -> list[QWidget]:
        """Return the windows on the screen: each is in the main one, which a process that asked Qt for all of them once and again
        crashed in."""
        assert self.window is not None
        inside = self.window.findChildren(QWidget)
        return [self.window, *(widget for widget in inside if widget.isWindow() and widget.isVisible())]

    def _look_at(self, top: QWidget, where: str) -> None:
        assert not has_colour(top.grab().toImage()), f"{where}: a picture was loaded"
        for widget in (top, *top.findChildren(QWidget)):
            if not shiboken6.isValid(widget):  # gone meanwhile, since tooltips take a turn of the events
                continue
            for text in shown_texts(widget):
                hidden = [char for char in text if unicodedata.category(char) in CLASSES and char not in "\n\t"]
                assert hidden == [], f"{where}: {type(widget).__name__} shows {hidden!a}"
                assert max(map(len, text.split("\n"))) <= 20_000, f"{where}: {type(widget).__name__} shows a long line"
            if isinstance(widget, QLabel) and not widget.objectName().startswith("qt_") and not is_tip(widget):
                assert widget.textFormat() is Qt.TextFormat.PlainText, (
                    f"{where}: a label guesses: {widget.text()[:80]!r}"
                )
            if isinstance(widget, QAbstractItemView) and widget.isVisible():
                self._look_at_tips(widget, where)
            elif widget.toolTip():
                self._look_at_tip(widget.toolTip(), widget, where)

    def _look_at_tips(self, view: QAbstractItemView, where: str) -> None:
        for index in first_cells(view.model()):
            if tip := index.data(Qt.ItemDataRole.ToolTipRole):
                self._look_at_tip(tip, view, where)

    def _look_at_tip(self, tip: str, owner: QWidget, where: str) -> None:
        if self.picture.name not in tip and self.fifo.path.name not in tip:
            return
        QToolTip.showText(owner.mapToGlobal(QPoint(5, 5)), tip, owner)
        shown = [widget for widget in self._shown_windows() if is_tip(widget)]
        assert shown, f"{where}: the tooltip is not there"
        assert not has_colour(shown[0].grab().toImage()), f"{where}: a tooltip loaded a picture"
        QToolTip.hideText()
        self.seen.add("tooltip")

    def during(self, where: str, act: Callable[[], object]) -> None:
        """Run `act`, which opens a modal dialog; look at it and close it."""
        looked: list[bool] = []

        def visit() -> None:
            box = QApplication.activeModalWidget()
            if box is None:
                QTimer.singleShot(20, visit)
                return
            try:
                self.look(where)
                looked.append(True)
            finally:
                box.close()

        QTimer.singleShot(50, visit)
        act()
        self._qtbot.waitUntil(lambda: bool(looked) and QApplication.activeModalWidget() is None, timeout=WAIT_MS)


def is_tip(widget: QWidget) -> bool:
    return widget.metaObject().className() == "QTipLabel"


def has_colour(image: QImage) -> bool:
    data = image.convertToFormat(QImage.Format.Format_RGB32).constBits()
    return bytes((CANARY.blue(), CANARY.green(), CANARY.red(), 255)) in bytes(data)


def shown_texts(widget: QWidget) -> Iterator[str]:
    if isinstance(widget, QLabel) and not is_tip(widget):
        yield widget.text()
    if isinstance(widget, QAbstractButton):
        yield widget.text()
    if isinstance(widget, QPlainTextEdit):
        yield widget.toPlainText()
    yield widget.windowTitle()
    if isinstance(widget, QAbstractItemView) and widget.isVisible():
        yield from (text for index in first_cells(widget.model()) if isinstance(text := index.data(), str))


def first_cells(model: QAbstractItemModel) -> Iterator[QModelIndex]:
    """Yield the cells of the first rows (a list model hides how many columns it has)."""
    for row in range(8):
        for column in range(12):
            if model.hasIndex(row, column):
                yield model.index(row, column)


@pytest.fixture
def canary(tmp_path: Path, qtbot: QtBot, heartbeat: Heartbeat) -> Iterator[Canary]:
    made = Canary(tmp_path, qtbot, heartbeat)
    yield made
    made.fifo.stop()


class TroubledSecrets(SecretStore):
    """Says what hostile words the keyring had for it."""

    def __init__(self, words: str) -> None:
        super().__init__(use_keyring=False)
        self._words = words

    @property
    def trouble(self) -> str:
        return self._words


def fill(redis_url: str, canary: Canary) -> list[bytes]:
    """Put sessions with the hostile texts as key, name, value and user; return their keys."""
    keys = []
    with redis.Redis.from_url(redis_url) as client:
        for number, text in enumerate(canary.texts):
            cookie = {"path": text, "domain": text, "originalMaxAge": 1000, "expires": text, "sameSite": text}
            data = {"cookie": cookie, "user": {"name": text, "role": text}, text: text, "list": [text, {text: text}]}
            raw = json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")
            key = b"sess:" + str(number).encode() + text[:400].encode("utf-8", "surrogatepass") + b"\xff"
            client.set(key, raw.replace(b'"list"', b'"\\ud800":"\\udfff","list"'), ex=9000)
            keys.append(key)
        broken = f"sess:broken{canary.html}".encode()
        client.set(broken, f"{canary.html}{HIDDEN}".encode(), ex=9000)
        client.set(
            b"sess:wrong\xe2\x80\xae" + canary.html.encode(), b"\x1f\x8b\x08broken" + canary.html.encode(), ex=9000
        )
        client.hset(f"sess:hash{canary.html}", "a", "b")
        keys.append(broken)
    return keys


def test_f42_canaries_on_every_screen(
    qtbot: QtBot, make_window: OpenWindow, redis_url: str, canary: Canary, tmp_path: Path, heartbeat: Heartbeat
) -> None:
    keys = fill(redis_url, canary)
    secrets, url = TroubledSecrets(canary.html), f"{redis_url}?prefix=sess:"
    window = canary.window = make_window(url, secrets=secrets)
    secret_id = secrets.put(Secret.from_text("squirrel", canary.html))
    window.put_profile(Profile(id="shop", name="shop", url=url, secret_ids=(secret_id,)), keep=False)
    qtbot.waitUntil(partial(_is_listed, window, "shop"), timeout=WAIT_MS)
    canary.look("list of sessions")
    _look_at_sessions(qtbot, window, keys, canary)
    listed = window.sessions_page.model.match_count
    window.sessions_page.filter_edit.setText(f"user.name:{canary.html}")
    qtbot.waitUntil(lambda: window.sessions_page.model.match_count < listed, timeout=WAIT_MS)
    canary.look("filter")
    window.sessions_page.filter_edit.setText("")
    _look_at_review(qtbot, window, keys[3], canary, redis_url)
    _look_at_cookies(qtbot, window, canary, tmp_path)
    _look_at_demo(window, canary)
    _look_at_dialogs(qtbot, window, canary)
    assert "tooltip" in canary.seen
    assert canary.fifo.opened == 0
    assert_smooth(heartbeat)


def _is_listed(window: MainWindow, profile_id: str) -> bool:
    store = window.current
    return store is not None and store.profile.id == profile_id and store.progress.is_complete


def _look_at_sessions(qtbot: QtBot, window: MainWindow, keys: list[bytes], canary: Canary) -> None:
    for key in keys:
        window.go_to_session(key)
        qtbot.waitUntil(partial(_is_shown, window, key), timeout=WAIT_MS)
        for tab in range(window.panel.tabs.count()):
            if not window.panel.tabs.isTabEnabled(tab):
                continue
            window.panel.tabs.setCurrentIndex(tab)
            if tab == 0:
                window.panel.data_tab.tree.expandAll()
            qtbot.waitUntil(partial(is_written, window), timeout=WAIT_MS)
            canary.look(f"tab {tab} of session {keys.index(key)}")


def _look_at_review(qtbot: QtBot, window: MainWindow, key: bytes, canary: Canary, redis_url: str) -> None:
    window.go_to_session(key)
    qtbot.waitUntil(lambda: window.panel.opened is not None and window.panel.opened.raw.ref.key == key, timeout=WAIT_MS)
    window.panel.edit_field("user.name", json.dumps(f"{canary.html}{HIDDEN}, changed"))
    window.panel.edit_field("user.role", json.dumps(canary.html))
    canary.look("edited session")
    with redis.Redis.from_url(redis_url) as client:
        now = client.get(key)
        assert isinstance(now, bytes)
        client.set(key, now.replace(b'"name"', b'"name":"new <b>","other"'), keepttl=True)
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    canary.look("review")
    assert window.saving.dialog is not None
    window.saving.dialog.reject()
    window.panel.reload()
    qtbot.waitUntil(window.panel.banner.isVisible, timeout=WAIT_MS)
    canary.look("banner")
    assert window.panel.draft is not None
    window.panel.draft.discard()


def _look_at_cookies(qtbot: QtBot, window: MainWindow, canary: Canary, tmp_path: Path) -> None:
    window.show_cookies()
    page = window.cookie_page
    for text in (*canary.texts, "\ud800"):
        plain = text.encode("utf-8", "replace").decode()
        for pasted in (
            f"Set-Cookie: connect.sid=s%3A{quote(plain[:300])}.abc; Path={plain[:300]}; Domain={plain[:200]}",
            f"Cookie: {plain[:300]}={plain[:300]}",
            f"curl 'http://x/{plain[:300]}' -H 'Cookie: a={plain[:300]}'",
            "session=eyJ1c2VyIjoiPGltZyBzcmM9XCIvdG1wL3JlZC5wbmdcIj4ifQ.abc.def",
        ):
            page.edit.clear()  # what is typed is the person's own, and stands there as it is
            before = page.cards
            page.paste(pasted)
            qtbot.waitUntil(partial(_is_judged, page, before), timeout=WAIT_MS)
            page.edit.blockSignals(True)
            page.edit.clear()
            page.edit.blockSignals(False)
            canary.look("cookie page")
    recorder = Recorder(1, "firefox")
    for text in canary.texts:
        plain = text[:300].encode("utf-8", "replace").decode()
        recorder.note(
            f"https://shop.example/{plain}", f"connect.sid={plain}", [f"{plain}={plain}; Path={plain}; Domain={plain}"]
        )
    path = tmp_path / "<b>x\u202e.har"
    path.write_bytes(recorder.archive())
    page.open_har(str(path))
    qtbot.waitUntil(lambda: page.har.model.rowCount() == len(canary.texts), timeout=WAIT_MS)
    canary.look("HAR panel")
    page.har.close_archive()
    page.edit.clear()
    path.write_bytes(b"{" + canary.html.encode())
    page.open_har(str(path))
    qtbot.waitUntil(lambda: bool(page.message.text()), timeout=WAIT_MS)
    canary.look("HAR that cannot be read")


def _is_judged(page: CookiePage, before: list[CookieCard]) -> bool:
    return page.cards is not before


def _look_at_demo(window: MainWindow, canary: Canary) -> None:
    window.show_demo()
    for text in canary.texts:
        window.demo_page.model.add([RequestEntry(0, text, text, 200, text, (text,), (text,))])
    canary.look("demo page")


def _look_at_dialogs(qtbot: QtBot, window: MainWindow, canary: Canary) -> None:
    window.show_sessions()
    for text in canary.texts[:4]:
        window.put_profile(Profile(id=f"p{len(text)}", name=text, url="redis://127.0.0.1:1/0"), keep=False)
        qtbot.waitUntil(lambda: window.current is not None and window.current.trouble is not None, timeout=WAIT_MS)
        canary.look("store that cannot be opened")
        window.note(text)
        canary.look("note in the status line")
        tell(window, text, text, text)
        canary.look("error dialog")
        for box in window.findChildren(QMessageBox):
            box.close()
        canary.during("confirm dialog", partial(confirm, window, text, text, "Delete"))
        canary.during("input dialog", partial(ask_text, window, "New session", text))
        production = Profile(id="x", name=text, url="memory:", environment=Environment.PRODUCTION)
        canary.during("production dialog", partial(confirm_act, window, production, text, text, "Delete"))
        window.put_profile(production, keep=False)
        dialog = open_connect_dialog(window, "edit_store")
        dialog.url_line.setText(f"gopher://{canary.html}")
        canary.look("connect dialog")
        dialog.close()
    canary.during("preferences", window.preferences.show)
    window.actions_book["commands"].trigger()
    canary.look("command palette")
    for shown in window.findChildren(QDialog):
        shown.close()


def test_f42_file_names_with_canaries(
    qtbot: QtBot, make_window: OpenWindow, canary: Canary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sessions"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    good = json.dumps({"cookie": {"path": "/"}, "__lastAccess": 1, "user": canary.html}).encode()
    names = ['<img src="red.png"><b>x', '<img src="fifo.png">', "a\u202eb\u200b\x1b[31m", "m" + "\u0301" * 60]
    for name in names:
        (folder / f"{name}.json").write_bytes(good)
    window = canary.window = make_window(f"file://{folder}")
    canary.look("list of files")
    for position in range(len(names)):
        row = window.sessions_page.model.row_at(position)
        assert row is not None
        window.go_to_session(row.key)
        qtbot.waitUntil(partial(_is_shown, window, row.key), timeout=WAIT_MS)
        canary.look(f"file {position}")


def _is_shown(window: MainWindow, key: bytes) -> bool:
    return window.panel.opened is not None and window.panel.opened.raw.ref.key == key
