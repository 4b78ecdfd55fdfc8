"""The sessions that a command is about, by the same filter as in the window."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.cli._output import BadUsage
from inspector.services.catalogue.large_rows import settle
from inspector.services.catalogue.listing import read_list
from inspector.services.catalogue.session_row import Column
from inspector.services.connection import Connection
from inspector.services.doctor.examine import Diagnosis, examine, known_rules
from inspector.services.doctor.gather import Examination
from inspector.services.filtering.parser import findings_in, parse_filter
from inspector.services.settings.profiles import Environment
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken


def select_rows(connection: Connection, filter_text: str, sort_by: Column | None = None) -> tuple[Sequence[int], int]:
    """List a store; return the positions of the matching rows, the highest first where they are sorted, and the time.

    For `finding:ID` the doctor looks for that first. `FilterError`, `BadUsage` for an ID that it doesn't know, `StoreError`.
    """
    wanted, named = parse_filter(filter_text), findings_in(filter_text)
    check_rules(named)
    list_store(connection)
    if named:
        diagnose_store(connection, "", only=named)
    now = now_ms()
    return connection.catalogue.select(wanted, sort_by, descending=sort_by is not None, now_ms=now), now


def list_store(connection: Connection) -> None:
    """Read the whole list, and what a listing leaves for later."""
    for _progress in read_list(connection.store, connection.catalogue, CancelToken()):
        pass
    for _settled in settle(connection.catalogue, connection.store, CancelToken()):
        pass


def check_rules(named: frozenset[str]) -> None:
    """`BadUsage` for a check that there isn't."""
    unknown = named - set(known_rules())
    if unknown:
        raise BadUsage(
            f"There's no check named {', '.join(sorted(unknown))}. Known: {', '.join(sorted(known_rules()))}."
        )


def diagnose_store(
    connection: Connection,
    filter_text: str,
    *,
    is_production: bool = False,
    only: frozenset[str] = frozenset(),
    skip: frozenset[str] = frozenset(),
) -> Diagnosis:
    """Examine a store that is listed already. `FilterError`, `StoreError`."""
    wanted, catalogue, profile, now = parse_filter(filter_text), connection.catalogue, connection.profile, now_ms()
    rows = catalogue.select(wanted, None, descending=False, now_ms=now) if wanted is not None else None
    asked = Examination(
        rows,
        is_production=is_production or profile.environment is Environment.PRODUCTION,
        has_own_user=bool(profile.user_path.strip()),
    )
    *_, last = examine(connection.store, catalogue, CancelToken(), asked, now, only=only, skip=skip)
    assert isinstance(last, Diagnosis)
    return last
