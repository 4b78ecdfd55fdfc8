"""What a person says of the records of a store: which framework wrote them."""

from __future__ import annotations

from msgspec.structs import replace

from inspector.services.connection import told_framework
from inspector.services.settings.profiles import ProfileBook
from inspector.ui.stores.open_store import OpenStore


def tell_framework(store: OpenStore, name: str, book: ProfileBook) -> str:
    """Keep in the profile what wrote this store's records, and read them so from now on. Return what failed, "" for nothing."""
    store.profile = replace(store.profile, framework=name)
    if store.connection is not None:
        store.connection = told_framework(store.connection, store.profile)
    if book.find(store.profile.id) is None:
        return ""  # a store of this run alone
    try:
        book.put(store.profile)
    except OSError as error:
        return f"Its file cannot be written ({error.strerror})."
    return ""
