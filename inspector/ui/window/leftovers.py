"""Offers to delete what an export that was cut short has left behind: a file full of sessions."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QPushButton, QWidget

from inspector.core.display import format_size
from inspector.ui.base.context import Context
from inspector.ui.base.plain import ask_three, tell
from inspector.ui.base.trouble import describe_trouble

_SHOWN = 8
_ACTIONS = ("Delete", "Open folder", "Later")


def offer_leftovers(context: Context, window: QWidget) -> None:
    """Look for such files, on a lane, and ask what becomes of them."""
    context.jobs.submit(
        context.vault,
        lambda: [(path, path.stat().st_size) for path in context.unfinished.find()],
        owner=window,
        done=lambda found: ask_leftovers(context, window, found),
        failed=lambda _error: None,
    )


def ask_leftovers(context: Context, window: QWidget, found: list[tuple[Path, int]]) -> None:
    """Ask whether the files, with their sizes, are to be deleted."""
    if not found:
        return
    rows = [f"{path} ({format_size(size)})" for path, size in found[:_SHOWN]]
    if len(found) > _SHOWN:
        rows.append(f"and {len(found) - _SHOWN:,} more")

    def decided(choice: str) -> None:
        if choice == _ACTIONS[0]:
            paths = [path for path, _size in found]
            context.jobs.submit(
                context.vault,
                lambda: context.unfinished.remove(paths),
                owner=window,
                failed=lambda error: tell(window, "The file is still there", describe_trouble(error).text),
            )
        elif choice == _ACTIONS[1]:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(found[0][0].parent)))

    what = "An interrupted export left a file behind"
    box = ask_three(
        window,
        what if len(found) == 1 else "Interrupted exports left files behind",
        "Session data, including logins, is in:\n" + "\n".join(rows),
        _ACTIONS,
        decided,
    )
    harmless = box.escapeButton()
    assert isinstance(harmless, QPushButton)
    box.setDefaultButton(harmless)
