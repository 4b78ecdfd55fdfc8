"""Finding the table of sessions in a database: what tables there are, what an unknown one's columns may be, its first rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from msgspec.structs import replace as replace_struct

from inspector.core.secret import Secret
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.catalogue.session_row import Row
from inspector.services.connection import check_password, context_of, open_profile, url_with_password
from inspector.services.settings.profiles import Profile
from inspector.services.settings.secrets import SecretStore
from store_adapters.contract import Batch, CancelToken
from store_adapters.errors import BadStoreAddress
from store_adapters.kinds import load
from store_adapters.known_kinds import kind_of_scheme, known_kinds
from store_adapters.options import Limits
from store_adapters.registry import format_address, parse_address
from store_adapters.tables.survey import DESCRIBED, FoundColumn, FoundTable, Survey, with_table

ROWS_SHOWN = 5
_UNITS = ("ms", "s")
_EARLIEST_MS, _LATEST_MS = 631_152_000_000, 7_258_118_400_000  # 1990 and 2200
_LIMITS = Limits(list_payload_bytes=64 * 1024)
_USUAL: Mapping[str, tuple[str, ...]] = {
    "sid": ("sid", "sessionid", "sessionkey", "sessiontoken", "token", "key", "id"),
    "data": ("data", "sess", "sessiondata", "session", "payload", "json", "value", "content", "body", "blob"),
    "expires": ("expires", "expire", "expiry", "expired", "expiresat", "expireat", "expiredat", "expiration", "expiredate"),
    "user_column": ("userid", "user", "username", "useruuid", "accountid", "memberid", "customerid", "principalname"),
}  # fmt: skip
_LIKELY = {
    "sid": ("sess", "sid"),
    "data": ("data", "json"),
    "expires": ("expir", "valid", "until", "ttl"),
    "user_column": (),
}


@dataclass(frozen=True, slots=True)
class TablePreview:
    """A table's first rows as they would be read. `url`: the address that reads them so; `described`: its options, with what was
    found out; `notes`: what doesn't fit, in words."""

    url: str
    described: Mapping[str, str]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def has_tables(url: str) -> bool:
    """True for the address of a database whose tables can be looked over; False for what isn't an address, too."""
    try:
        return bool(kind_of_scheme(parse_address(url).scheme).survey)
    except BadStoreAddress:
        return False


def survey_tables(profile: Profile, secrets: SecretStore) -> Survey:
    """Look over the tables of the profile's database: those of known libraries first. Blocks; `StoreError`."""
    check_password(profile, secrets)
    address = parse_address(url_with_password(profile, secrets))
    kind = kind_of_scheme(address.scheme)
    if not kind.survey:
        known = ", ".join(one.label for one in known_kinds() if one.survey)
        raise BadStoreAddress(f"A {kind.label} has no tables to choose from.", f"These have: {known}.")
    found: Survey = load(kind.survey)(address, Limits())
    return replace(found, tables=tuple(sorted(found.tables, key=lambda table: not table.library)))


def describe(url: str, table: FoundTable) -> dict[str, str]:
    """Return the options that describe a table: those of the address if it names this one, else what its columns' names tell.

    Nothing has to be said of a table that a library makes.
    """
    address = parse_address(url)
    told = {name: address.options[name] for name in DESCRIBED if name in address.options}
    if Survey((table,)).table_of(address) is not None and (told or "dialect" in address.options):
        return told
    return {} if table.library else guess(table)


def guess(table: FoundTable) -> dict[str, str]:
    """Return what the names of a table's columns tell of them."""
    found: dict[str, str] = {}
    for role in _USUAL:
        left = [column for column in table.columns if column.name not in found.values()]
        if name := _guess_column(role, left):
            found[role] = name
    return found


def _guess_column(role: str, columns: Sequence[FoundColumn]) -> str:
    by_name = {column.name.lower().replace("_", "").replace("-", ""): column.name for column in columns}
    usual = [by_name[name] for name in _USUAL[role] if name in by_name]
    likely = [name for short, name in by_name.items() if any(part in short for part in _LIKELY[role])]
    return next(iter((*usual, *likely)), "")


def address_of(url: str, table: FoundTable, described: Mapping[str, str]) -> str:
    """Return the address, without a password, with this table in it."""
    return format_address(with_table(parse_address(url), table, described))


def preview_table(
    profile: Profile,
    secrets: SecretStore,
    table: FoundTable,
    described: Mapping[str, str],
    more: tuple[Secret, ...] = (),
) -> TablePreview:
    """Read the first rows of a table. A unit that the expiry needs and nobody said is found from them. Blocks; `StoreError`.

    `more`: secrets that open encrypted sessions, beside the profile's own.
    """
    last = table.column(described.get("expires", ""))
    if last is None or not last.needs_unit or described.get("unit"):
        return _preview(profile, secrets, table, described, more)
    for unit in _UNITS:
        found = _preview(profile, secrets, table, {**described, "unit": unit}, more)
        if not _is_odd(found.rows):
            return found
    return _preview(profile, secrets, table, {**described, "unit": _UNITS[0]}, more)


def _preview(
    profile: Profile, secrets: SecretStore, table: FoundTable, described: Mapping[str, str], more: tuple[Secret, ...]
) -> TablePreview:
    url = address_of(profile.url, table, described)
    changed = replace_struct(profile, url=url)
    store = open_profile(changed, secrets, limits=_LIMITS)
    try:
        kept = (secret for secret in map(secrets.get, profile.secret_ids) if secret is not None)
        catalogue = Catalogue(store, context_of(changed, (*more, *kept)))
        listing = store.list_records(CancelToken())
        batch = next(listing, None)
        listing.close()  # type: ignore[attr-defined]
        if batch is not None:
            catalogue.append(_first_of(batch))
        rows = tuple(catalogue.row(position) for position in range(min(len(catalogue), ROWS_SHOWN)))
        refusal = store.capabilities.write_refusal
    finally:
        store.close()
    has_expiry = bool(table.library or described.get("expires"))
    notes = (
        *_notes(rows, has_expiry=has_expiry),
        *([f"Sessions can only be viewed here: {refusal}"] if refusal else []),
    )
    return TablePreview(url, described, rows, notes)


def _first_of(batch: Batch) -> Batch:
    some = slice(0, ROWS_SHOWN)
    return replace(
        batch,
        keys=batch.keys[some],
        payloads=batch.payloads[some],
        sizes=batch.sizes[some],
        expires_at_ms=batch.expires_at_ms[some],
        changed_at_ms=batch.changed_at_ms[some],
        skipped=batch.skipped[some],
        sessions=None,
        users=batch.users[some] if batch.users is not None else None,
    )


def _ends(rows: Sequence[Row]) -> list[int]:
    ends = (row.expires_at_ms for row in rows if not row.is_passed_over)
    return [end for end in ends if end is not None]


def _is_odd(rows: Sequence[Row]) -> bool:
    """True where the ends aren't of this age, as those of a wrong unit never are."""
    ends = _ends(rows)
    return bool(ends) and not any(_EARLIEST_MS < end < _LATEST_MS for end in ends)


def _notes(rows: Sequence[Row], *, has_expiry: bool) -> Iterator[str]:
    if not rows:
        yield "The table is empty: nothing shows whether its columns are right."
        return
    unreadable = Counter(
        row.format.removeprefix("unreadable: ") for row in rows if row.format.startswith("unreadable: ")
    )
    for reason, number in unreadable.most_common():
        yield f"The session in {_rows(number, rows)} can't be read: {reason.rstrip('.')}."
    if number := sum(row.format.endswith(", not a session") for row in rows):
        yield f"The JSON in {_rows(number, rows)} isn't a session: is this the right column?"
    if not has_expiry:
        yield "No expiry column is named: no session is shown as expired."
    elif _is_odd(rows):
        yield "These sessions end before 1990 or after 2200: the expiry's unit or column is wrong."
    elif any(row.is_passed_over or row.expires_at_ms is None for row in rows):
        number = sum(row.is_passed_over or row.expires_at_ms is None for row in rows)
        yield f"No end in {_rows(number, rows)}: the expiry column is empty, or holds no time."


def _rows(number: int, rows: Sequence[Row]) -> str:
    return f"all {number} rows" if number == len(rows) > 1 else f"{number} of {len(rows)} rows"
