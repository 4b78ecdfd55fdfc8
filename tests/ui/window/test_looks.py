"""What a person sees and reaches with the keyboard alone: focus, Return, words that are not cut, no bars of another store."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from inspector.core.expiry import RelativeExpiry
from inspector.services.catalogue.session_row import Column
from inspector.services.settings.profiles import Environment, Profile
from inspector.ui.base.theme import DARK, LIGHT, Colours, Theme, mono_font
from inspector.ui.session.expiry_dialog import ExpiryDialog
from inspector.ui.stores.confirm_store import is_name
from inspector.ui.stores.connect_dialog import ConnectDialog
from inspector.ui.window.main_window import MainWindow
from tests.ui.conftest import WAIT_MS, OpenWindow
from tests.ui.window.test_window import fill, write


@pytest.fixture
def window(qtbot: QtBot, make_window: OpenWindow, redis_url: str) -> MainWindow:
    fill(f"{redis_url}?prefix=sess:")
    return make_window(f"{redis_url}?prefix=sess:")


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two #rrggbb colours as WCAG 2.1 defines it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_has_the_contrast_of_wcag_aa(colours: Colours) -> None:
    grounds = ("window", "side", "field", "accent_soft", "warn_soft")
    texts = ("text", "muted", "accent", "ok", "warn", "bad", "key", "string", "number")
    pairs = [(text, ground) for text in texts for ground in grounds]
    pairs += [("on_accent", "accent"), *((tone, f"{tone}_soft") for tone in ("ok", "warn", "bad"))]
    weak = [pair for pair in pairs if contrast(getattr(colours, pair[0]), getattr(colours, pair[1])) < 4.5]
    assert weak == []


def open_by_keyboard(qtbot: QtBot, window: MainWindow) -> None:
    """Go from the filter to the first session and into its data."""
    page, panel = window.sessions_page, window.panel
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=WAIT_MS)
    window.actions_book["filter"].trigger()
    qtbot.keyClick(page.filter_edit, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: page.selected_count == 1 and panel.opened is not None, timeout=WAIT_MS)
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    qtbot.waitUntil(panel.data_tab.tree.hasFocus, timeout=WAIT_MS)


def test_value_is_edited_without_a_mouse(qtbot: QtBot, window: MainWindow) -> None:
    open_by_keyboard(qtbot, window)
    tree = window.panel.data_tab.tree
    for _ in range(5):
        qtbot.keyClick(tree, Qt.Key.Key_Down)
    assert "path" in window.panel.data_tab.model.field_text(tree.currentIndex())
    qtbot.keyClick(tree, Qt.Key.Key_Return)
    editor = tree.indexWidget(tree.currentIndex()) or tree.viewport().focusWidget() or tree.focusWidget()
    assert editor is not None
    qtbot.keyClicks(editor, "/shop")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.panel.can_review, timeout=WAIT_MS)
    assert [change.field for change in window.panel.draft.changes()] == ["cookie.path"]  # type: ignore[union-attr]


def test_return_on_a_focused_cancel_does_not_save(qtbot: QtBot, window: MainWindow) -> None:
    open_by_keyboard(qtbot, window)
    before = window.panel.opened.raw.payload  # type: ignore[union-attr]
    window.panel.edit_field("cookie.path", '"/shop"')
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    dialog = window.saving.dialog
    assert dialog is not None
    dialog.cancel_button.setFocus()
    qtbot.keyClick(dialog.cancel_button, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.saving.dialog is None, timeout=WAIT_MS)
    assert window.panel.can_review
    assert window.panel.opened is not None
    assert window.panel.opened.raw.payload == before


def test_conflict_is_where_the_review_begins(qtbot: QtBot, window: MainWindow, redis_url: str) -> None:
    url = f"{redis_url}?prefix=sess:"
    write(url, "session0", "role", '"user"')
    window.go_to_session(b"sess:session0")
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    window.panel.edit_field("role", '"admin"')
    write(url, "session0", "role", '"guest"')
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    dialog = window.saving.dialog
    assert dialog is not None
    first = next(iter(dialog.table.groups.values())).buttons()[0]
    qtbot.waitUntil(first.hasFocus, timeout=WAIT_MS)
    assert not first.isChecked(), "nothing is decided for the person"


def test_store_that_failed_shows_no_bars_and_offers_to_be_changed(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    assert window.sessions_page.plots.isVisible()
    window.put_profile(Profile(id="gone", name="gone", url=f"file://{tmp_path / 'nowhere'}"))
    qtbot.waitUntil(lambda: window.current is not None and window.current.trouble is not None, timeout=WAIT_MS)
    page = window.sessions_page
    assert not page.plots.isVisible()
    assert page.empty.other_button.isVisible()
    page.empty.other_button.click()
    qtbot.waitUntil(lambda: window.findChild(ConnectDialog) is not None, timeout=WAIT_MS)
    dialog = window.findChild(ConnectDialog)
    assert dialog is not None
    dialog.reject()


def test_long_name_of_a_store_ends_in_an_ellipsis(qtbot: QtBot, window: MainWindow, redis_url: str) -> None:
    name = "the shop of the north, second cluster"
    window.put_profile(Profile(id="long", name=name, url=redis_url, environment=Environment.STAGING))
    label = window.stores_panel.rows["long"].name_label
    qtbot.waitUntil(lambda: label.text().endswith("…"), timeout=WAIT_MS)
    assert label.fontMetrics().horizontalAdvance(label.text()) <= label.width()


@pytest.mark.parametrize(
    ("typed", "name", "agrees"),
    [
        ("shop · redis", "shop · redis", True),
        ("shop redis", "shop · redis", True),
        ("shop", "shop · redis", False),
        ("", "shop · redis", False),
        ("", "···", False),
        ("···", "···", True),
        ("Shop", "shop", False),
    ],
)
def test_name_of_a_production_store_can_be_typed_on_any_keyboard(typed: str, name: str, agrees: bool) -> None:
    assert is_name(typed, name) is agrees


def test_return_in_the_expiry_dialog_changes_it(qtbot: QtBot, window: MainWindow) -> None:
    dialog = ExpiryDialog("When?", None, can_never=True, parent=window)
    with qtbot.waitSignal(dialog.accepted, timeout=WAIT_MS):
        dialog.open()
        qtbot.waitUntil(dialog.isActiveWindow, timeout=WAIT_MS)
        qtbot.keyClick(dialog.edit, Qt.Key.Key_Return)
    assert dialog.ending == RelativeExpiry(86_400_000), "Return is no edit of the time"


def test_record_that_is_not_read_says_where_to_look(qtbot: QtBot, make_window: OpenWindow, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_bytes(b"\x82\xa4user\xa3bob\xff")
    window = make_window(f"file://{tmp_path}?extension=.json")
    window.go_to_session(b"broken.json")
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    window.show_tab(0)
    tab = window.panel.data_tab
    assert tab.nothing.isVisible()
    assert not tab.tree.isVisible()
    assert "Raw" in tab.nothing.sentence.text()


def test_list_without_change_times_is_sorted_by_the_expiry(qtbot: QtBot, window: MainWindow, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.pexpire("sess:session1", 200_000_000)
    window.refresh()
    page, header = window.sessions_page, window.sessions_page.table.horizontalHeader()
    qtbot.waitUntil(lambda: page.model.row_at(0).key == b"sess:session1", timeout=WAIT_MS)  # type: ignore[union-attr]
    assert header.sortIndicatorSection() == 3
    window.toggle_live()
    qtbot.waitUntil(lambda: header.sortIndicatorSection() == 5, timeout=WAIT_MS)
    write(f"{redis_url}?prefix=sess:", "session0", "role", '"guest"')
    qtbot.waitUntil(lambda: page.model.row_at(0).key == b"sess:session0", timeout=WAIT_MS)  # type: ignore[union-attr]
    assert header.sortIndicatorSection() == 5


def test_sorting_a_person_chose_stays(
    qtbot: QtBot, window: MainWindow, make_window: OpenWindow, redis_url: str
) -> None:
    header = window.sessions_page.table.horizontalHeader()
    at = QPoint(header.sectionViewportPosition(0) + 20, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
    window.refresh()
    qtbot.waitUntil(lambda: window.current is not None and window.current.progress.is_complete, timeout=WAIT_MS)
    assert header.sortIndicatorSection() == 0
    window.keep_state()
    again = make_window(f"{redis_url}?prefix=sess:").sessions_page
    assert again.table.horizontalHeader().sortIndicatorSection() == 0
    assert again.sort[0] is Column.SESSION


def test_type_of_a_date_is_not_cut_in_a_small_window(qtbot: QtBot, window: MainWindow) -> None:
    open_by_keyboard(qtbot, window)
    tree, model = window.panel.data_tab.tree, window.panel.data_tab.model
    room = tree.columnWidth(2) - 10  # what Qt keeps free beside a text
    for words in ("date · in 60 m", "date · 23 h ago", "number · 1 h 30 m"):
        assert QFontMetrics(mono_font()).horizontalAdvance(words) <= room, words
    name = model.index_at((0, 0))
    assert "originalMaxAge" in model.field_text(name)
    assert tree.visualRect(name).width() >= QFontMetrics(mono_font()).horizontalAdvance("originalMaxAge") + 4


def test_review_of_another_order_says_which_order(qtbot: QtBot, window: MainWindow, redis_url: str) -> None:
    write(f"{redis_url}?prefix=sess:", "session0", "role", '"user"')
    window.go_to_session(b"sess:session0")
    qtbot.waitUntil(lambda: window.panel.opened is not None, timeout=WAIT_MS)
    tree = window.panel.data_tab.tree
    qtbot.waitUntil(lambda: window.panel.data_tab.model.rowCount() == 2, timeout=WAIT_MS)
    tree.setCurrentIndex(window.panel.data_tab.model.index(1, 0))
    window.panel.data_tab.move_entry(-1)
    assert window.panel.can_review
    window.saving.review()
    qtbot.waitUntil(lambda: window.saving.dialog is not None, timeout=WAIT_MS)
    dialog = window.saving.dialog
    assert dialog is not None
    words = [label.text() for label in dialog.findChildren(QLabel)]
    assert "order of the fields" in words
    assert any(text.startswith('["role","cookie"') for text in words), words
    dialog.reject()


def test_a_wide_window_shows_whole_session_ids(window: MainWindow, qtbot: QtBot) -> None:
    table = window.sessions_page.table
    header = table.horizontalHeader()
    assert header.sectionSize(0) == 165
    window.resize(2560, 1440)
    qtbot.waitUntil(lambda: header.sectionSize(0) > 250, timeout=WAIT_MS)
    header.resizeSection(0, 210)  # as a person drags it
    window.resize(1280, 720)
    QApplication.processEvents()
    assert header.sectionSize(0) == 210


def test_a_theme_that_is_in_force_is_not_put_on_again(qapp: QApplication) -> None:
    # Each time every widget is styled anew: a fifth of a second, after every look at the preferences.
    theme, changes = Theme(qapp), list[bool]()
    theme.changed.connect(lambda: changes.append(theme.is_dark))
    for choice in ("light", "light", "dark", "dark", "light"):
        theme.choose(choice)
    assert changes == [False, True, False]
