"""What a table of sessions in an SQLite file is as a kind of store: a value."""

from __future__ import annotations

from store_adapters.kinds import Browse, FormField, Part, Place, Scheme, StoreKind
from store_adapters.record_form import ExpiryClock
from store_adapters.tables.layout import TABLE_OPTIONS

SQLITE = StoreKind(
    name="sqlite",
    label="SQLite file",
    schemes=(
        Scheme(
            "sqlite",
            "sqlite:///srv/app/sessions.db?table=sessions",
            "store_adapters.sqlite.store:SqliteStore.open",
            Place.PATH,
            TABLE_OPTIONS,
        ),
    ),
    scheme_aliases={"sqlite3": "sqlite"},
    fields=(
        FormField(
            "file",
            "File",
            Part.PATH,
            "/srv/app/sessions.db",
            browse=Browse.FILE,
            browse_title="SQLite file of sessions",
        ),
        FormField("table", "Table", Part.OPTION, "sessions"),
    ),
    clock=ExpiryClock(
        name="expired (column)",
        ends="The store's own column: from then on it doesn't find the row, and later removes it.",
        never="The column doesn't hold a time that the store understands: the session never expires.",
        moves_alone=True,
    ),
    can_persist=False,
    survey="store_adapters.sqlite.survey:survey",
)
