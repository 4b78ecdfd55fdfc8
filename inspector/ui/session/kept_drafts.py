"""The drafts of sessions that are not shown: with unsaved edits, or with discarded ones that an undo brings back."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.ui.session.draft import Draft

Place = tuple[str, bytes]
"""A profile's id and a session's key."""
_MOST_DISCARDED = 20


class KeptDrafts:
    """Edits are kept until their session is shown again; of discarded ones the last 20 sessions."""

    def __init__(self) -> None:
        self._edited: dict[Place, Draft] = {}
        self._discarded: dict[Place, Draft] = {}

    def __len__(self) -> int:
        """Return how many sessions have unsaved edits."""
        return len(self._edited)

    def put(self, place: Place, draft: Draft) -> bool:
        """Keep a draft that is shown no more; False where nothing in it is worth it."""
        if draft.has_edits:
            self._edited[place] = draft
            return True
        if not draft.is_discarded:
            return False
        self._discarded[place] = draft
        if len(self._discarded) > _MOST_DISCARDED:
            self._discarded.pop(next(iter(self._discarded))).deleteLater()
        return True

    def take(self, place: Place) -> Draft | None:
        """Return the draft of a session, which is kept no more."""
        aside = self._discarded.pop(place, None)
        edited = self._edited.pop(place, None)
        if edited is not None and aside is not None:
            aside.deleteLater()
        return edited or aside

    def get(self, place: Place) -> Draft | None:
        """Return the unsaved edits of a session, which stay kept."""
        return self._edited.get(place)

    def first(self) -> Place | None:
        """Return the session with unsaved edits that was left longest ago."""
        return next(iter(self._edited), None)

    def edited(self) -> Sequence[tuple[Place, Draft]]:
        """Return the drafts with unsaved edits."""
        return tuple(self._edited.items())

    def drop(self, profile_id: str) -> None:
        """Forget the drafts of a store that goes."""
        for drafts in (self._edited, self._discarded):
            for place in [one for one in drafts if one[0] == profile_id]:
                drafts.pop(place).deleteLater()
