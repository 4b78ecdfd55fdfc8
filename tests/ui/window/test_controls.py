"""Scroll bars, the wheel and the Tab key in the window and its dialogs: nothing hidden, nothing changed by the way."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QScrollArea, QSpinBox
from pytestqt.qtbot import QtBot

from inspector.cookies import sign
from inspector.core.expiry import RelativeExpiry
from inspector.core.secret import Secret
from inspector.ui.session.expiry_dialog import ExpiryDialog
from inspector.ui.stores.connect_dialog import ConnectDialog
from inspector.ui.stores.secret_dialogs import SecretDialog
from inspector.ui.window.main_window import MainWindow
from inspector.ui.window.preferences_dialog import PreferencesDialog
from tests.ui.conftest import WAIT_MS, OpenWindow
from tests.ui.window.test_window import fill


@pytest.fixture
def url(redis_url: str) -> str:
    fill(f"{redis_url}?prefix=sess:")
    return f"{redis_url}?prefix=sess:"


@pytest.fixture
def window(qtbot: QtBot, make_window: OpenWindow, url: str) -> MainWindow:
    return make_window(url)


def test_tab_goes_from_the_passphrase_to_its_repetition(qtbot: QtBot, window: MainWindow) -> None:
    dialog = SecretDialog("A passphrase", "", "Seal", window.context.theme, window, is_new=True)
    dialog.open()
    qtbot.waitUntil(dialog.line.line.hasFocus, timeout=WAIT_MS)
    qtbot.keyClicks(dialog.line.line, "passphrase one")
    qtbot.keyClick(dialog.line.line, Qt.Key.Key_Tab)
    assert dialog.again.line.hasFocus()
    qtbot.keyClicks(dialog.again.line, "passphrase one")
    qtbot.keyClick(dialog.again.line, Qt.Key.Key_Tab)
    assert dialog.button.hasFocus()
    dialog.reject()


def test_cookies_that_fit_have_no_scroll_bar_and_the_broken_link_says_what_to_do(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.show_cookies()
    page = window.cookie_page
    page.add_secret("keyboard cat")
    signed = sign("x" * 32, Secret.from_text("another one", "other"))
    page.paste(f"Cookie: connect.sid=s:{signed}")
    qtbot.waitUntil(lambda: len(page.cards) == 1, timeout=WAIT_MS)
    assert "keep an old one as the second" in page.cards[0].broken_label.text()
    qtbot.waitUntil(page.cards[0].isVisible, timeout=WAIT_MS)
    bar = page.scroll_area.verticalScrollBar()
    qtbot.waitUntil(lambda: page.cards[0].height() < page.scroll_area.height(), timeout=WAIT_MS)
    assert bar.maximum() == 0
    labels = [label for label in page.cards[0].findChildren(QLabel) if label.wordWrap()]
    assert [label.text() for label in labels if label.height() < label.heightForWidth(label.width())] == []
    page.paste("\n".join(f"Cookie: connect.sid=s:{signed}; a{number}=1" for number in range(8)))
    qtbot.waitUntil(lambda: len(page.cards) > 8, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: bar.maximum() > 0, timeout=WAIT_MS)


def test_expiry_dialog_has_no_scroll_bar_and_marks_the_lifetime(qtbot: QtBot, window: MainWindow, url: str) -> None:
    window.go_to_session(b"sess:session0")
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    dialog = ExpiryDialog("When?", window.panel.opened.expiry, can_never=True, parent=window)  # type: ignore[union-attr]
    dialog.open()
    dialog.resize(480, 330)
    qtbot.waitUntil(dialog.isActiveWindow, timeout=WAIT_MS)
    area = dialog.findChild(QScrollArea)
    assert area is not None
    assert area.verticalScrollBar().maximum() == 0
    cut = [one.text() for one in dialog.findChildren(QLabel) if one.height() < one.heightForWidth(one.width())]
    assert cut == []
    assert [button.text() for button in dialog.presets.buttons() if button.isChecked()] == ["In 24 hours"]
    endings = [dialog.ending]
    qtbot.mouseClick(dialog.presets.buttons()[0], Qt.MouseButton.LeftButton)
    endings.append(dialog.ending)
    assert dialog.apply_button.hasFocus()
    qtbot.keyClick(dialog.edit, Qt.Key.Key_Up)  # a year later
    assert not any(button.isChecked() for button in dialog.presets.buttons())
    endings.append(dialog.ending)
    dialog.never_box.click()
    endings.append(dialog.ending)
    assert endings == [
        RelativeExpiry(86_400_000),
        RelativeExpiry(900_000),
        dialog.edit.dateTime().toMSecsSinceEpoch(),
        None,
    ]
    dialog.reject()


def test_corner_between_two_scroll_bars_is_empty(qtbot: QtBot, window: MainWindow) -> None:
    area = window.centralWidget()
    assert isinstance(area, QScrollArea)
    window.setMinimumSize(0, 0)
    window.resize(640, 360)
    qtbot.waitUntil(lambda: area.horizontalScrollBar().isVisible() and area.verticalScrollBar().isVisible())
    picture = area.grab().toImage()
    right, bottom = picture.width() - 1, picture.height() - 1
    colours = {picture.pixel(right - step, bottom - other) for step in range(11) for other in range(11)}
    assert len(colours) == 1, "a box is drawn there"


def test_wheel_scrolls_past_a_choice_and_changes_none(window: MainWindow) -> None:
    dialog = ConnectDialog(window.context, None, window)
    preferences = PreferencesDialog(window.context.book.settings, window.context.theme, "", "", window)
    boxes: list[QComboBox | QSpinBox] = []
    for owner in (dialog, preferences, window.demo_page):
        boxes += [*owner.findChildren(QComboBox), *owner.findChildren(QSpinBox)]
    before = [box.currentIndex() if isinstance(box, QComboBox) else box.value() for box in boxes]
    for box in boxes:
        for delta in (-120, 120):
            place = QPointF(5, 5)
            event = QWheelEvent(
                place,
                QPointF(box.mapToGlobal(place.toPoint())),
                QPoint(),
                QPoint(0, delta),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            QApplication.sendEvent(box, event)
            now = [one.currentIndex() if isinstance(one, QComboBox) else one.value() for one in boxes]
            assert now == before, box.accessibleName()
    assert len(boxes) > 12
