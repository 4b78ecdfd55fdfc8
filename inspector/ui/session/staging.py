"""What was overwritten after a save becomes an unsaved edit again, over what is stored now."""

from __future__ import annotations

from inspector.core.edits import SetValue
from inspector.core.merge import merge_all_mine
from inspector.services.sessions.save_session import PersistenceReport
from inspector.ui.session.draft import Draft
from inspector.ui.session.session_panel import SessionPanel
from inspector.ui.stores.open_store import OpenStore


def stage_again(panel: SessionPanel, store: OpenStore, key: bytes, report: PersistenceReport) -> bool:
    """Stage the tree of an OVERWRITTEN save, with the edits made since on top; False where nothing can be staged.

    The edits made since stay as they are while the JSON tab holds text that is not read yet.
    """
    if report.record is None or report.record.decoded is None or report.again is None:
        return False
    root, newer = report.again, panel.draft_of(store, key)
    if newer is not None and newer.is_dirty:
        if newer is panel.draft and not panel.json_tab.is_settled:
            return False
        root = merge_all_mine(newer.base, newer.root, root).root or root
    if root == report.record.decoded.root:
        return False
    draft = Draft(report.record, panel)
    draft.apply(SetValue((), root), "what was overwritten")
    panel.put_draft(store, key, draft)
    return True
