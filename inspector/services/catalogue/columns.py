"""What a list holds of its rows: a column for each value, without an object per row.

A row keeps its position for as long as the columns live; one that was removed leaves a gap. One thread at a time writes, any may
read the first `total` rows. Memory a row, beside the stored bytes: about 100 bytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import sub

from inspector.codecs import Summariser
from inspector.core.row_set import RowSet
from inspector.core.store_facts import NEVER
from inspector.services.catalogue.column_values import LARGEST, column_of, encoded, in_column, size_in_column
from inspector.services.catalogue.text_column import LimitedColumn, MemoryLimit, TextColumn
from store_adapters.contract import Batch, SessionStore

_MOVED_MS = 1500
"""Two readings of one TTL give two expiries which differ by the time between: less than this isn't a move."""


@dataclass(frozen=True, slots=True)
class Values:
    """What columns take of one row."""

    payload: bytes  # as much of it as a listing keeps
    size: int  # bytes, of the whole record
    expires_at_ms: int | None
    changed_at_ms: int | None  # None: unknown, or as before
    user: str
    format_role: int  # a code of `Columns.code_of`


class Columns:
    """The values of a store's rows by position, for sorting, filtering and painting."""

    def __init__(self, store: SessionStore, summariser: Summariser, keys: TextColumn, limit: MemoryLimit) -> None:
        self.form = store.capabilities.form
        self.id_of = store.session_id_of
        self.has_expiry_inside = store.capabilities.read_expiry is not None
        self._summariser = summariser
        self.plain_format = summariser.plain_format
        self.keys = keys  # grows before the others
        self.payloads = LimitedColumn(limit)
        self.users = TextColumn()
        self.format_roles: list[tuple[str, str]] = []  # the different pairs of format and role, of which there are few
        self._codes: dict[tuple[str, str], int] = {}
        self.format_role = array("I")
        self.sizes = array("I")
        self.expires = array("q")
        self.changed = array("q")
        self.alive = bytearray()
        self.inner: dict[int, bytes] = {}  # the text inside rows that are wrapped in something, for the filter
        self.total = 0  # positions, gaps of removed rows included
        self.count = 0  # rows
        self.generation = 0  # moves when rows changed content or went
        self.findings: Mapping[str, RowSet] = {}  # the rows that a doctor found something in, by its ID
        self.tells_changes = False  # the store says when its records changed

    @property
    def has_role_lists(self) -> bool:
        """Some rows have several roles at `ROLE_PATH`, of which `format_roles` says nothing."""
        return self._summariser.has_role_lists

    @property
    def stored_bytes(self) -> int:
        """The memory that stored keys and values take."""
        return self.keys.memory_bytes + self.payloads.memory_bytes

    def user(self, position: int) -> str:
        return self.users[position].decode("utf-8", "surrogatepass")

    def users_of_block(self, number: int) -> list[str]:
        return [value.decode("utf-8", "surrogatepass") for value in self.users.block(number).values()]

    def format(self, position: int) -> str:
        return self.format_roles[self.format_role[position]][0]

    def is_expiry_hidden(self, position: int) -> bool:
        """True where the expiry is inside what is encrypted."""
        is_sealed = self.has_expiry_inside and self.format(position).startswith("encrypted")
        return is_sealed and self.expires[position] == NEVER

    def code_of(self, format_role: tuple[str, str]) -> int:
        """Return what `format_role` holds for rows of this format and role."""
        if format_role not in self._codes:
            self.format_roles.append(format_role)
            self._codes[format_role] = len(self.format_roles) - 1
        return self._codes[format_role]

    def is_same(self, batch: Batch, first: int) -> bool:
        """True when the rows from `first` on hold the keys and payloads of a batch, and none of them went."""
        last = first + len(batch.keys)
        if self.alive.find(0, first, last) >= 0 or self.keys.part(first, last) != list(batch.keys):
            return False
        return self.payloads.part(first, last) == list(batch.payloads)

    def has_users(self, users: Sequence[str], first: int) -> bool:
        """True when the rows from `first` on are of these users."""
        return self.users.part(first, first + len(users)) == encoded(list(users))

    def take_times(self, batch: Batch, first: int) -> None:
        """Put in the times of a batch that `is_same`."""
        last, expires = first + len(batch.keys), column_of(batch.expires_at_ms)
        if max(map(abs, map(sub, self.expires[first:last], expires))) > _MOVED_MS:
            self.generation += 1
        self.expires[first:last] = expires
        if batch.changed_at_ms.count(None) < len(batch.keys):
            self.changed[first:last] = array("q", [changed or 0 for changed in batch.changed_at_ms])

    def set_times(self, position: int, expires: int | None, changed: int | None) -> None:
        """Put in when a row ends and when it changed (None: as before)."""
        expiry = in_column(expires)
        if abs(self.expires[position] - expiry) > _MOVED_MS:
            self.generation += 1
        self.expires[position] = expiry
        if changed is not None:
            self.changed[position] = changed

    def extend(self, batch: Batch, expires: Sequence[int | None], users: list[str], codes: array[int]) -> None:
        """Add the rows of a batch, whose keys `keys` has already."""
        number, sizes, changed = len(batch.keys), batch.sizes, batch.changed_at_ms
        self.payloads.extend(list(batch.payloads), sizes)
        self.users.extend(encoded(users))
        # Arrays take arrays ten times as fast as lists.
        self.format_role.extend(codes)
        self.sizes.extend(array("I", sizes if max(sizes, default=0) <= LARGEST else map(size_in_column, sizes)))
        self.expires.extend(column_of(expires))
        is_unknown = changed.count(None) == number
        self.tells_changes |= not is_unknown
        self.changed.extend(array("q", bytes(8 * number) if is_unknown else [value or 0 for value in changed]))
        self.alive.extend(b"\1" * number)
        self.count += number
        self.total += number

    def add(self, values: Values) -> int:
        """Add one row, whose key `keys` has already; return its position."""
        self.payloads.extend([values.payload])
        self.users.extend([_text(values.user)])
        self.format_role.append(values.format_role)
        self.sizes.append(size_in_column(values.size))
        self.expires.append(in_column(values.expires_at_ms))
        self.changed.append(values.changed_at_ms or 0)
        self.alive.append(1)
        self.count += 1
        self.total += 1
        return self.total - 1

    def replace(self, position: int, values: Values) -> None:
        """Put other values into a row."""
        if self.payloads[position] != values.payload:
            self.generation += 1
        self.payloads[position] = values.payload
        if self.users[position] != (user := _text(values.user)):
            self.users[position] = user
            self.generation += 1
        self.format_role[position] = values.format_role
        self.sizes[position] = size_in_column(values.size)
        self.set_times(position, values.expires_at_ms, values.changed_at_ms)

    def remove(self, position: int) -> None:
        """Leave a gap in place of a row."""
        self.alive[position] = 0
        self.inner.pop(position, None)
        self.count -= 1
        self.generation += 1


def _text(user: str) -> bytes:
    return user.encode("utf-8", "surrogatepass")
