"""What is shown in place of an empty list of sessions: why it is empty, and what to do about it; lists nothing."""

from __future__ import annotations

from collections.abc import Callable

from inspector.ui.base.actions import ActionBook
from inspector.ui.base.empty_state import EmptyState
from inspector.ui.base.trouble import Trouble
from inspector.ui.stores.open_store import OpenStore, StoreState
from store_adapters.errors import BadStoreAddress
from store_adapters.registry import parse_address

_NARROWING = ("prefix", "collection", "table", "extension")
"""The options of an address by which sessions that are there can be missed."""


def show_why_empty(
    empty: EmptyState,
    store: OpenStore | None,
    actions: ActionBook,
    *,
    is_filtered: bool,
    show_all: Callable[[], object],
) -> None:
    """Say why no session of the store is shown. `show_all` takes the filter away."""
    change = actions["edit_store"]

    def show_trouble(trouble: Trouble, again: Callable[[], object]) -> None:
        empty.show_words(
            trouble.text, trouble.remedy, "Try again", again, other=change.text(), other_act=change.trigger
        )

    if store is None:
        connect = actions["connect"]
        words = "Choose a store on the left, or connect one."
        empty.show_words("No store is open", words, connect.text(), connect.trigger)
    elif store.state is StoreState.CONNECTING:
        empty.show_words("Connecting…", store.profile.name)
    elif store.state is StoreState.FAILED and store.trouble is not None:
        show_trouble(store.trouble, store.open)
    elif store.progress.is_reading:
        empty.show_words("Reading…", "")
    elif store.trouble is not None and not len(store.catalogue or ()):
        show_trouble(store.trouble, store.reload)
    elif is_filtered and store.catalogue:
        empty.show_words("No sessions match", "Change the filter or the chips above.", "Show all", show_all)
    elif store.is_emptied:
        empty.show_words(
            "No sessions are left",
            "The sessions listed here were deleted, logged out or expired. "
            "New ones appear on Refresh, or automatically while Live is on.",
        )
    else:
        words = f"Log in to your application, check {_what_to_check(store.profile.url)}, or start the demo server."
        empty.show_words("No sessions in this store", words, change.text(), change.trigger)


def _what_to_check(url: str) -> str:
    try:
        options = parse_address(url).options
    except BadStoreAddress:
        options = {}
    found = [f"the {name} {options[name]}" for name in _NARROWING if options.get(name)]
    return f"{' and '.join(found)} in the store's address" if found else "the store's address"
