"""The rows of `tests/golden/sql`: which session stands in which row, and what its library says of it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

GOLDEN = Path(__file__).parent / "golden" / "sql"


@dataclass(frozen=True, slots=True)
class SqlSample:
    """One stored session. `columns`: name to (type, value as the server renders it); `set`: the table it stands in."""

    set: str
    library: str
    schema: str
    file: str
    table: str
    key_column: str
    data_column: str
    expiry_column: str
    case: str
    session_id: str
    columns: dict[str, Any] = field(repr=False)
    expires_at_ms: int | None
    alive: bool
    now_ms: int

    def __str__(self) -> str:
        return f"{self.set}: {self.case}"

    def value(self, column: str) -> bytes | None:
        """The bytes of a column, None for NULL."""
        found = self.columns[column]
        if found.get("base64") is not None:
            return base64.b64decode(found["base64"])
        text = found.get("text")
        return None if text is None else str(text).encode("utf-8", "surrogatepass")

    @property
    def table_options(self) -> str:
        """The options of an address that name the table."""
        schema = f"&schema={quote(self.schema)}" if self.schema else ""
        return f"table={quote(self.table)}{schema}"


def read_samples(name: str) -> list[SqlSample]:
    """Return the rows of a file that the library did store."""
    samples = []
    for line in (GOLDEN / name).read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["columns"]:
            samples.append(
                SqlSample(
                    row["set"],
                    row["library"],
                    row.get("schema", ""),
                    row.get("file", ""),
                    row["table"],
                    row["sid_column"],
                    row["data_column"] or "",
                    row["expiry_column"] or "",
                    row["case"],
                    row["session_id"],
                    row["columns"],
                    row["expires_at_ms"],
                    row["alive"],
                    row["now_ms"],
                )
            )
    return samples
