"""The users of a store for a table view."""

from __future__ import annotations

from inspector.core.display import escape_display, format_local
from inspector.services.users.user_list import User
from inspector.ui.base.row_table import RowTableModel

TITLES = ("User", "Sessions", "Last seen", "Role", "Also known as")
_SHOWN = 80


class UserModel(RowTableModel[User]):
    """One row a user."""

    def is_mono(self, column: int) -> bool:
        return column == 0

    def tip_of(self, row: User) -> str:
        return "\n".join(f"{path}: {value}" for path, value in row.identities)

    def text_of(self, row: User, column: int) -> str:
        match column:
            case 0:
                return escape_display(row.name, _SHOWN)
            case 1:
                return f"{len(row.rows):,}"
            case 2:
                return format_local(row.last_seen_ms) if row.last_seen_ms else "unknown"
            case 3:
                return escape_display(", ".join(sorted(row.roles)), _SHOWN)
            case _:
                return escape_display(", ".join(value for _path, value in row.identities[1:]), _SHOWN)
