"""What is wrong with a store as a whole: one finding, its weight, its fixes. Names and JSON are a contract (insight.md 1.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from inspector.core.row_set import RowSet


class Weight(Enum):
    """How bad a finding is, the worst first."""

    HIGH = "high"  # users lose sessions, or secrets lie open, now
    MEDIUM = "medium"  # it will happen, or happens to some
    LOW = "low"  # policy and hygiene
    INFO = "info"  # a fact; never counted

    def reaches(self, other: Weight) -> bool:
        """True for a weight at or above the other."""
        order = list(Weight)
        return order.index(self) <= order.index(other)


@dataclass(frozen=True, slots=True)
class Fix:
    """A line to copy. `library`: whose option or command it is."""

    library: str
    line: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars of (from, up to, number); `unit` says what the first two count."""

    unit: str
    bars: tuple[tuple[float, float, int], ...]


@dataclass(frozen=True, slots=True)
class StoreFinding:
    """`title`: one line with the count; `text`: what follows from it. `count` of `of` records are concerned, 0 of 0 where it is
    about the server. `rows`: which. `links`: issues in which somebody else had it."""

    id: str
    weight: Weight
    title: str
    text: str
    count: int = 0
    of: int = 0
    fixes: tuple[Fix, ...] = ()
    rows: RowSet = field(default_factory=RowSet, compare=False, repr=False)
    chart: Chart | None = None
    links: tuple[str, ...] = ()

    @property
    def percent(self) -> float:
        return round(100 * self.count / self.of, 2) if self.of else 0.0

    @property
    def filter(self) -> str:
        """The filter term that shows its records, "" where there are none."""
        return f"finding:{self.id}" if len(self.rows) else ""


class NotChecked(Exception):
    """A rule could not be asked; the text says why. It never counts as passed."""
