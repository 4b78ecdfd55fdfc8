"""Which sessions a bulk act is about, and what it would meet, as the list knows them; reads no store."""

from __future__ import annotations

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
        catalogue = self.catalogue
        for position in self.positions:
            key = next(catalogue.keys_at((position,)), None)
            yield key, catalogue.sizes[position] if key is not None else 0


@dataclass(frozen=True, slots=True)
class SampleRow:
    session_id: str
    user: str
    expires_at_ms: int | None
    is_expiry_hidden: bool


@dataclass(frozen=True, slots=True)
class BulkPreview:
    """What a bulk act would meet, as the list knows it. `size_bytes`: the stored values; `can_undo`: they can be kept."""

    count: int
    signed_in: int
    expired: int
    size_bytes: int
    can_undo: bool
    sample: tuple[SampleRow, ...]


def preview(selection: Selection, now_ms: int) -> BulkPreview:
    """Return what the selection holds. For a lane: it looks at every row."""
    catalogue = selection.catalogue
    count = signed_in = expired = size = 0
    sample: list[SampleRow] = []
    for position in selection.positions:
        if not catalogue.alive[position]:
            continue
        count += 1
        size += catalogue.sizes[position]
        signed_in += bool(catalogue.user(position))
        expired += catalogue.expires[position] <= now_ms
        if len(sample) < _SAMPLE:
            row = catalogue.row(position)
            sample.append(SampleRow(row.session_id, row.user, row.expires_at_ms, row.is_expiry_hidden))
    can_undo = size + count * OVERHEAD_BYTES <= UNDO_BYTES
    return BulkPreview(count, signed_in, expired, size, can_undo, tuple(sample))
