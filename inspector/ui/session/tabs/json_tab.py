"""The JSON tab: the session as text to edit; what is typed becomes an edit of the draft, errors stand at the line."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QTextCursor, QTextFormat
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QTextEdit, QVBoxLayout, QWidget

from inspector.codecs import CodecError, JsonError, parse_like
from inspector.core.display import cut_lines, is_long_line
from inspector.core.edits import Edit, SetValue
from inspector.core.node import Node
from inspector.services.sessions.text_pages import json_pages
from inspector.ui.base.context import Context
from inspector.ui.base.jobs import Job
from inspector.ui.base.plain import PlainLabel, copy_text
from inspector.ui.base.theme import mono_font
from inspector.ui.base.trouble import describe_trouble
from inspector.ui.session.draft import Draft
from inspector.ui.session.tabs.json_highlighter import JsonHighlighter
from inspector.ui.session.tabs.page_bar import PageBar

_TYPING_MS = 300
_LARGEST = 1_000_000  # characters that are one page, to be edited as text
_LONGEST_LINE = 20_000
_COLOURED = 200_000
_AT_ONCE = 64 * 1024  # bytes of a record whose text is written while the window waits


class JsonTab(QWidget):
    """`settled_changed(bool)`: False while the text holds something that is not in the draft (being read, or wrong)."""

    settled_changed = Signal(bool)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._draft: Draft | None = None
        self._is_editable = False
        self._is_filling = False
        self._is_applying = False
        self._is_stale = True
        self._pages: tuple[str, ...] = ()
        self._text = ""
        self.is_settled = True
        self._job: Job | None = None
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self._read)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.edit = QPlainTextEdit()
        self.edit.setFont(mono_font())
        self.edit.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        # One undo for all tabs: the draft's.
        self.edit.setUndoRedoEnabled(False)
        self.edit.setAccessibleName("Session as JSON")
        self.edit.textChanged.connect(self._typed)
        self._highlighter = JsonHighlighter(self.edit.document(), context.theme)
        layout.addWidget(self.edit, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 6, 12, 6)
        self.message = PlainLabel("", role="muted", wrap=True)
        foot.addWidget(self.message, 1)
        self.page_bar = PageBar()
        self.page_bar.page_chosen.connect(self._show_page)
        layout.addWidget(self.page_bar)
        copy = QPushButton("Copy")
        copy.setAccessibleName("Copy the JSON text")
        copy.clicked.connect(lambda _checked=False: self._copy())
        foot.addWidget(copy)
        layout.addLayout(foot)

    def show_draft(self, draft: Draft | None, *, is_editable: bool) -> None:
        """Show a draft's tree as text."""
        if self._draft is not None:
            self._draft.edited.disconnect(self._follow)
        self._draft, self._is_editable = draft, is_editable
        if draft is not None:
            draft.edited.connect(self._follow)
        self._mark_stale()

    def refresh(self) -> None:
        """Fill the text in if the tab is to be looked at and the tree has changed since."""
        if not self._is_stale:
            return
        self._is_stale = False
        draft = self._draft
        if draft is None:
            self._show_pages(("",))
            return
        root, has_types = draft.root, draft.has_types
        if len(draft.opened.raw.payload) <= _AT_ONCE:
            self._show_pages(_pages_to_show(root, has_types))
            return
        self._show_pages(())
        self._show_message("Writing the text …")
        self._job = self._context.jobs.submit(
            self._context.compute,
            lambda: _pages_to_show(root, has_types),
            owner=self,
            done=self._show_pages,
            failed=self._show_error,
        )

    def _show_pages(self, pages: tuple[str, ...]) -> None:
        """Show the first page; one page alone can be edited, unless a line of it is too long."""
        self._pages = pages
        can_edit = len(pages) == 1 and not is_long_line(pages[0], _LONGEST_LINE) and self._is_editable
        self.edit.setReadOnly(not can_edit)
        self.page_bar.show_pages(len(pages))
        self._show_page(0)
        words = "Too large, or a line is too long, to edit as text. Edit it on the Data tab."
        self._show_message("" if can_edit else words if self._is_editable else "Read-only.")
        if can_edit and self._draft is not None and self._draft.unread_text is not None:
            self.edit.setPlainText(self._draft.unread_text)  # is typed: it is read, and says what is wrong
        else:
            self._settle(True)

    def _show_page(self, number: int) -> None:
        text = self._pages[number] if self._pages else ""
        self._is_filling = True
        self._highlighter.is_on = len(text) <= _COLOURED
        self.edit.setPlainText(cut_lines(text) if self.edit.isReadOnly() else text)
        self._is_filling = False

    def _copy(self) -> None:
        copy_text("".join(self._pages) if self.edit.isReadOnly() else self.edit.toPlainText())

    def _follow(self, _edit: Edit, _root: Node) -> None:
        if not self._is_applying:
            self._mark_stale()

    def _mark_stale(self) -> None:
        self._typing.stop()
        if self._job is not None:
            self._job.cancel()
        self._is_stale = True
        self._text = ""
        self._settle(self._draft is None or self._draft.unread_text is None)
        if self.isVisible():
            self.refresh()

    # --- typing -------------------------------------------------------------------------------------------------

    def _typed(self) -> None:
        if self._is_filling or self._draft is None or self.edit.isReadOnly():
            return
        text = self.edit.toPlainText()
        if text == self._text:  # Qt tells of colours as well: another theme isn't an edit
            return
        self._text = text
        self._draft.unread_text = text
        self._settle(False)
        self._typing.start()

    def _read(self) -> None:
        draft = self._draft
        if draft is None:
            return
        if self._job is not None:
            self._job.cancel()
        text, root, has_types = self.edit.toPlainText(), draft.root, draft.has_types
        self._job = self._context.jobs.submit(
            self._context.compute,
            lambda: parse_like(text, root, has_types=has_types),
            owner=self,
            done=lambda node: self._apply(draft, root, text, node),
            failed=self._show_error,
        )

    def _apply(self, draft: Draft, root: Node, text: str, node: Node) -> None:
        if draft is not self._draft or draft.root is not root or draft.unread_text != text:
            return
        self._is_applying = True
        try:
            draft.unread_text = None
            if node != root:
                draft.apply(SetValue((), node), "edit the JSON")
        finally:
            self._is_applying = False
        self._show_message("")
        self._settle(True)

    def _show_error(self, error: Exception) -> None:
        words = str(error) if isinstance(error, CodecError) else describe_trouble(error).text
        self._show_message(words, "error")
        if not isinstance(error, JsonError):
            return
        block = self.edit.document().findBlockByNumber(error.line - 1)
        cursor = QTextCursor(block)
        mark = QTextEdit.ExtraSelection()
        mark.cursor = cursor
        mark.format.setBackground(QColor(self._context.theme.colour("bad_soft")))
        mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
        self.edit.setExtraSelections([mark])

    def _show_message(self, text: str, role: str = "muted") -> None:
        self.edit.setExtraSelections([])
        self.message.show_role(role)
        self.message.setText(text)
        self.message.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def _settle(self, is_settled: bool) -> None:
        if is_settled != self.is_settled:
            self.is_settled = is_settled
            self.settled_changed.emit(is_settled)


def _pages_to_show(root: Node, has_types: bool) -> tuple[str, ...]:
    """Return the tree as text, in one page where it can be edited as text."""
    pages = json_pages(root, has_types=has_types)
    return pages if sum(map(len, pages)) > _LARGEST else ("".join(pages),)
