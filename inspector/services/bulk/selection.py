"""Which sessions a bulk act is about, and what it would meet, as the list knows them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inspector.services.bulk.undo import OVERHEAD_BYTES, UNDO_BYTES
from inspector.services.catalogue.catalogue import Catalogue

_SAMPLE = 20


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of a catalogue by position. Rows that have left the list since are not forgotten but counted as gone."""

    catalogue: Catalogue
    positions: Sequence[int]

    def __len__(self) -> int:
        return len(self.positions)

    def keys(self) -> Iterator[tuple[bytes | None, int]]:
        """Yield each row's key and size in bytes; None for a row that is gone."""
        catalogue, sizes = self.catalogue, self.catalogue.columns.sizes
        for position in self.positions:
            key = next(catalogue.keys_at((position,)), None)
            yield key, sizes[position] if key is not None else 0


@dataclass(frozen=True, slots=True)
class SampleRow:
    session_id: str
    user: str
    expires_at_ms: int | None
    is_expiry_hidden: bool


@dataclass(frozen=True, slots=True)
class BulkPreview:
    """What a bulk act would meet, as the list knows it.

    `size_bytes`: the stored values. `undoable`: how many of them fit in the memory that is kept for undo; where that is not
    all, `undoable_positions` are their rows.
    """

    count: int
    signed_in: int
    expired: int
    size_bytes: int
    undoable: int
    undoable_positions: Sequence[int]
    sample: tuple[SampleRow, ...]


def preview(selection: Selection, now_ms: int, undo_bytes: int = UNDO_BYTES) -> BulkPreview:
    """Return what the selection holds. For a lane: it looks at every row."""
    catalogue, columns = selection.catalogue, selection.catalogue.columns
    count = signed_in = expired = size = 0
    sample: list[SampleRow] = []
    for position in selection.positions:
        if not columns.alive[position]:
            continue
        count += 1
        size += columns.sizes[position]
        signed_in += bool(columns.user(position))
        expired += columns.expires[position] <= now_ms
        if len(sample) < _SAMPLE:
            row = catalogue.row(position)
            sample.append(SampleRow(row.session_id, row.user, row.expires_at_ms, row.is_expiry_hidden))
    fitting: Sequence[int] = ()
    undoable = count
    if size + count * OVERHEAD_BYTES > undo_bytes:
        fitting = _find_fitting(selection, undo_bytes)
        undoable = len(fitting)
    return BulkPreview(count, signed_in, expired, size, undoable, fitting, tuple(sample))


def _find_fitting(selection: Selection, undo_bytes: int) -> Sequence[int]:
    """Return the rows that `UndoBundle.keep` has room for."""
    columns, held, fitting = selection.catalogue.columns, 0, array("I")
    for position in selection.positions:
        size = columns.sizes[position] + OVERHEAD_BYTES
        if columns.alive[position] and held + size <= undo_bytes:
            held += size
            fitting.append(position)
    return fitting
