"""The command that lists the tables of a database, for one to be chosen; returns the exit code."""

from __future__ import annotations

from typing import Any

from inspector.cli._output import Output
from inspector.cli._stores import find_store
from inspector.services.table_survey import address_of, describe, survey_tables
from store_adapters.tables.survey import FoundTable

_DONE, _NEGATIVE = 0, 1


def list_tables(options: Any, output: Output) -> int:
    """Print the tables of a database, those of known libraries first, with the address that reads each; 0 if there are any."""
    profile, secrets = find_store(options.store_name, options.secret_sources)
    tables = survey_tables(profile, secrets).tables
    for table in tables:
        address = address_of(profile.url, table, describe(profile.url, table))
        if options.json:
            output.say_json(_table_object(table, address))
        else:
            rows = "?" if table.rows is None else f"about {table.rows:,}"
            output.say(f"{table.title:<30} {rows:>14}  {table.library or 'unknown':<28} {address}")
    if not tables and not options.json:
        output.say("This database has no table that you may read.")
    return _DONE if tables else _NEGATIVE


def _table_object(table: FoundTable, address: str) -> dict[str, object]:
    return {
        "schema": table.schema or None,
        "table": table.name,
        "library": table.library or None,
        "rows": table.rows,
        "columns": [{"name": column.name, "type": column.type} for column in table.columns],
        "address": address,
    }
