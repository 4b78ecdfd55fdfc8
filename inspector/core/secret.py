"""A secret that does not show itself."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """Secret bytes (UTF-8 as typed, never trimmed) with a name to show, such as "current" or "2025"."""

    _value: bytes = field(repr=False)
    name: str = ""

    def reveal(self) -> bytes:
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"

    @classmethod
    def from_text(cls, text: str, name: str = "") -> Secret:
        return cls(text.encode("utf-8", "surrogatepass"), name)
